#ifndef PAL_ENGINE_MODEL_WARM_H
#define PAL_ENGINE_MODEL_WARM_H
/*
 * The persona's KV, computed while nobody waits for anything, before the first prompt needs it, and
 * kept in a file under the model's key and its tokens: the next run's first line finds it there. So
 * are system messages that clients send.
 * For the model worker's own files. Compute thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pal_warm {
    int32_t *tokens; /* owned; NULL = nothing is to be done, or it is done */
    size_t n_tokens;
    uint64_t name; /* of its file */
    char *path;    /* owned; its file; NULL = none */
    int64_t us;    /* spent on it so far */
    bool is_running;
};

void pal_warm_finish(struct pal_warm *warm);

#define PAL_KNOWN_MAX 16

/* Beginnings that prompts have had in this run (model_known.c), oldest first. */
struct pal_known_base {
    uint64_t hash; /* the name of its file */
    uint32_t n_uses;
    bool is_kept;    /* in a file, or there was none to keep */
    int32_t *tokens; /* owned; until it is kept */
    size_t n_tokens;
};

struct pal_known {
    uint64_t key;     /* of the model: pal_model_kv_key() */
    uint64_t persona; /* the name of its file: it has cells already */
    struct pal_known_base items[PAL_KNOWN_MAX];
    size_t n_items;
    size_t n_written; /* files of this run */
};

void pal_known_finish(struct pal_known *known);

#endif
