#ifndef PAL_ENGINE_MODEL_WARM_H
#define PAL_ENGINE_MODEL_WARM_H
/*
 * The persona's KV, computed while nobody waits for anything, before the first prompt needs it, and
 * kept in a file under the model's key and its tokens: the next run's first line finds it there.
 * For the model worker's own files. Compute thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pal_warm {
    int32_t *tokens; /* owned; NULL = nothing is to be done, or it is done */
    size_t n_tokens;
    char *path; /* owned; its file; NULL = none */
    int64_t us; /* spent on it so far */
    bool is_running;
};

void pal_warm_finish(struct pal_warm *warm);

#endif
