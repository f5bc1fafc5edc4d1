#ifndef PAL_ENGINE_POOL_H
#define PAL_ENGINE_POOL_H
/*
 * ggml's threads, as many as the next step uses and not one more: a thread of a pool that a step
 * does not use spins all the same, for a tenth of a second after every step, and takes a core from
 * whoever the step was to leave it to. So each number of threads has a pool of its own, made when
 * it is first wanted.
 *
 * Compute thread.
 */
#include <llama.h>
#include <sched.h>
#include <stdbool.h>

/* Two in use, and the two before them, which ggml knows until a step has run without them. */
#define PAL_POOLS_MAX 4

struct pal_pools {
    struct llama_context *context; /* borrowed */
    ggml_threadpool_t (*new_fn)(struct ggml_threadpool_params *);
    void (*free_fn)(ggml_threadpool_t);
    struct pal_pool {
        ggml_threadpool_t pool; /* owned */
        uint32_t n_threads;
    } items[PAL_POOLS_MAX];
    size_t n_items;
    uint32_t n_decode, n_batch; /* threads in use */
    uint32_t n_pinned;          /* a pool of so many is pinned; 0 = none is */
    bool sleeps;                /* threads wait for the next step without spinning at all */
    cpu_set_t cpus;             /* that the compute thread may use; a pinned pool takes them away */
};

/* `ways`: of enum pal_engine_way. Pinned is only what has all `n_threads_max`. */
void pal_pools_init(struct pal_pools *pools, struct llama_context *context, unsigned ways,
                    uint32_t n_threads_max);
/* The context is gone by now. Accepts a zeroed struct. */
void pal_pools_finish(struct pal_pools *pools);

/* Between steps: from the next one on these are the threads for one row, and for more. */
void pal_pools_use(struct pal_pools *pools, uint32_t n_decode, uint32_t n_batch);
/* A step has succeeded: what is not in use any more can go. */
void pal_pools_stepped(struct pal_pools *pools);

#endif
