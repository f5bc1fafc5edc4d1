#ifndef PAL_FETCH_FETCH_H
#define PAL_FETCH_FETCH_H
/*
 * Gets a model into the shared Hugging Face cache, and finds those that are there.
 *
 * A pull survives a cut line (it goes on where it stopped, at once or at the next pull), and what
 * it gives is what the server named: size and SHA-256 are checked before the file gets its name.
 * Nothing is printed here. A pull takes its calling thread for as long as it lasts; any thread but
 * the loop's. Set *is_cancelled from any thread to end it; what is downloaded stays for next time.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "fetch/cache.h"
#include "fetch/spec.h"
#include "util/err.h"

enum pal_fetch_stage {
    PAL_FETCH_STAGE_ASKING,   /* the server what there is */
    PAL_FETCH_STAGE_CHECKING, /* what an earlier pull left */
    PAL_FETCH_STAGE_DOWNLOADING,
    PAL_FETCH_STAGE_WAITING, /* before the next try */
};

struct pal_fetch_progress {
    enum pal_fetch_stage stage;
    const char *file;     /* borrowed for the call; "" while asking */
    uint64_t done_bytes;  /* of all parts, earlier pulls included */
    uint64_t total_bytes; /* 0 while it is not known */
    uint64_t fresh_bytes; /* downloaded by this pull: what a speed is computed from */
};

struct pal_fetch_options {
    const char *cache_dir; /* NULL: the environment's, see pal_cache_root() */
    const char *endpoint;  /* NULL: $HF_ENDPOINT, else the hub itself */
    const char *token;     /* NULL: $HF_TOKEN, else none. Goes to the endpoint's host only. */
    /* On the calling thread, several times a second. NULL if nobody looks. */
    void (*on_progress)(const struct pal_fetch_progress *progress, void *userdata);
    void *userdata;
    const atomic_bool *is_cancelled; /* borrowed; NULL if nobody asks */
};

/*
 * Downloads what `name` says (fetch/spec.h), unless it is in the cache already. *path is then the
 * model's file (its first part), owned by the caller; else *error says what to do:
 * PAL_ERR_ARGUMENT (the name), PAL_ERR_NOT_FOUND, PAL_ERR_DENIED (a token is needed),
 * PAL_ERR_BUSY (another pull of it is running), PAL_ERR_LIMIT (no room on the disk),
 * PAL_ERR_PROTO (the bytes are not what the server promised; they were thrown away),
 * PAL_ERR_IO (the line or the disk), PAL_ERR_CANCELLED.
 */
enum pal_err pal_fetch_pull(const char *name, const struct pal_fetch_options *options, char **path,
                            struct pal_error *error) PAL_MUST_USE;

/*
 * The file of a model that is in the cache, without any network: what --model does with a name.
 * PAL_ERR_NOT_FOUND's text says how to download it; PAL_ERR_ARGUMENT as above. *path is owned by
 * the caller.
 */
enum pal_err pal_fetch_find(const char *name, char **path, struct pal_error *error) PAL_MUST_USE;

#endif
