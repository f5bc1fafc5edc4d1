#include "engine/pool.h"

#include <string.h>

#include "engine/settings.h"
#include "engine/threads.h"

/*
 * How long a thread spins for the next step, in ggml's unit of 131,072 pauses: 2 to 5 ms. Between
 * two steps passes far less than that; after the last one nobody is kept from working for longer.
 */
#define POLL 1

/* Functions stand in the CPU variant, which is loaded at run time. memcpy, because C has no cast
 * from void * to function. */
static void
find_function(const char *name, void *to, size_t size)
{
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    void *found = ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name);
    memcpy(to, &found, size);
}

void
pal_pools_init(struct pal_pools *pools, struct llama_context *context, unsigned ways,
               uint32_t n_threads_max)
{
    *pools = (struct pal_pools){
        .context = context,
        .n_pinned = (ways & PAL_ENGINE_PINNED) != 0 ? n_threads_max : 0,
        .sleeps = (ways & PAL_ENGINE_NO_POLL) != 0,
    };
    if (sched_getaffinity(0, sizeof(pools->cpus), &pools->cpus) != 0) {
        CPU_ZERO(&pools->cpus); /* an empty set is refused: nothing changes then */
    }
    find_function("ggml_threadpool_new", &pools->new_fn, sizeof(pools->new_fn));
    find_function("ggml_threadpool_free", &pools->free_fn, sizeof(pools->free_fn));
}

static struct pal_pool *
find_pool(struct pal_pools *pools, uint32_t n_threads)
{
    for (size_t i = 0; i < pools->n_items; i++) {
        if (pools->items[i].n_threads == n_threads) {
            return &pools->items[i];
        }
    }
    return NULL;
}

/* A pinned pool binds its caller, too, and what that starts later would inherit it. */
static void
unpin(const struct pal_pools *pools)
{
    (void)sched_setaffinity(0, sizeof(pools->cpus), &pools->cpus);
}

/* The pool of so many threads; NULL: this ggml has none. */
static ggml_threadpool_t
get_pool(struct pal_pools *pools, uint32_t n_threads)
{
    const struct pal_pool *known = find_pool(pools, n_threads);
    if (known != NULL) {
        return known->pool;
    }
    if (pools->new_fn == NULL || pools->free_fn == NULL || pools->n_items == PAL_POOLS_MAX) {
        return NULL;
    }
    struct ggml_threadpool_params params = ggml_threadpool_params_default((int)n_threads);
    params.poll = pools->sleeps ? 0 : POLL;
    if (n_threads == pools->n_pinned) {
        params.strict_cpu = pal_threads_mask(n_threads, params.cpumask, GGML_MAX_N_THREADS);
    }
    ggml_threadpool_t pool = pools->new_fn(&params);
    if (pool != NULL) {
        pools->items[pools->n_items++] = (struct pal_pool){pool, n_threads};
    }
    return pool;
}

void
pal_pools_use(struct pal_pools *pools, uint32_t n_decode, uint32_t n_batch)
{
    if (pools->n_pinned != 0) {
        unpin(pools);
    }
    pools->n_decode = n_decode;
    pools->n_batch = n_batch;
    ggml_threadpool_t decode = get_pool(pools, n_decode);
    ggml_threadpool_t batch = get_pool(pools, n_batch);
    if (decode != NULL && batch != NULL) {
        llama_attach_threadpool(pools->context, decode, batch);
    } else {
        llama_detach_threadpool(pools->context); /* ggml then starts threads for each step */
    }
    llama_set_n_threads(pools->context, (int32_t)n_decode, (int32_t)n_batch);
}

void
pal_pools_stepped(struct pal_pools *pools)
{
    size_t n_used = pools->n_decode == pools->n_batch ? 1 : 2;
    bool has_all =
        find_pool(pools, pools->n_decode) != NULL && find_pool(pools, pools->n_batch) != NULL;
    if (pools->n_items <= n_used && has_all) {
        return;
    }
    size_t n_kept = 0;
    for (size_t i = 0; i < pools->n_items; i++) {
        struct pal_pool item = pools->items[i];
        if (item.n_threads == pools->n_decode || item.n_threads == pools->n_batch) {
            pools->items[n_kept++] = item;
        } else {
            pools->free_fn(item.pool);
        }
    }
    pools->n_items = n_kept;
    if (!has_all && pools->new_fn != NULL) {
        pal_pools_use(pools, pools->n_decode, pools->n_batch); /* there was no room for it before */
    }
}

void
pal_pools_finish(struct pal_pools *pools)
{
    if (pools->context == NULL) {
        return;
    }
    for (size_t i = 0; i < pools->n_items; i++) {
        pools->free_fn(pools->items[i].pool);
    }
    unpin(pools);
    *pools = (struct pal_pools){0};
}
