#ifndef PAL_FETCH_CACHE_H
#define PAL_FETCH_CACHE_H
/*
 * The shared Hugging Face cache on disk, as llama.cpp and the Python library keep it, so that a
 * model fetched by any of them is found by all:
 *
 *     <root>/models--user--repo/blobs/<sha256>               the bytes
 *                               snapshots/<commit>/<file>    -> ../../blobs/<sha256>
 *                               refs/main                    <commit>
 *     <root>/.locks/models--user--repo/<sha256>.lock         held while a blob grows
 *
 * Other programs write here too, so whatever is read is checked. Any thread.
 */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "fetch/spec.h"
#include "util/err.h"

/* $HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub. Owned by the caller. */
char *pal_cache_root(void);

/* Paths; owned by the caller. */
char *pal_cache_blob_path(const char *root, const struct pal_fetch_spec *spec, const char *etag);
char *pal_cache_snapshot_path(const char *root, const struct pal_fetch_spec *spec,
                              const char *commit, const char *file);

/* Makes the blobs and locks folders. */
enum pal_err pal_cache_prepare(const char *root, const struct pal_fetch_spec *spec,
                               struct pal_error *error) PAL_MUST_USE;

/*
 * Takes the blob's lock without waiting: *fd is to be closed to let go. PAL_ERR_BUSY if another
 * process is at it.
 */
enum pal_err pal_cache_lock(const char *root, const struct pal_fetch_spec *spec, const char *etag,
                            int *fd, struct pal_error *error) PAL_MUST_USE;

/* Makes the snapshot's link to the blob. */
enum pal_err pal_cache_link(const char *root, const struct pal_fetch_spec *spec, const char *commit,
                            const char *file, const char *etag,
                            struct pal_error *error) PAL_MUST_USE;
/* Makes `commit` what "main" means. */
enum pal_err pal_cache_set_main(const char *root, const struct pal_fetch_spec *spec,
                                const char *commit, struct pal_error *error) PAL_MUST_USE;

/*
 * The path of the spec's file, with all of its parts, if it is there. Owned by the caller; NULL if
 * it is not.
 */
char *pal_cache_find(const char *root, const struct pal_fetch_spec *spec);

/* One GGUF model in the cache (its first part). */
struct pal_cache_model {
    char user[96];
    char repo[128];
    char file[PAL_FETCH_FILE_MAX];
    char path[PATH_MAX];
    uint64_t bytes; /* of all parts */
};

/* Calls on_model for each model of the cache, whoever put it there. */
void pal_cache_list(const char *root,
                    void (*on_model)(const struct pal_cache_model *model, void *userdata),
                    void *userdata);

#endif
