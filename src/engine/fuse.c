#include "engine/fuse.h"

#include <string.h>

#include "engine/threads.h"
#include "util/clock.h"

#define WINDOW_US         (60 * PAL_US_PER_S)
#define SAFE_FOR_MIN_US   (600 * PAL_US_PER_S)
#define SAFE_FOR_MAX_US   (4 * 3600 * PAL_US_PER_S)
#define SAFE_CTX_TOKENS   2048u
#define SAFE_BATCH_TOKENS 256u
#define SAFE_KV_TYPE      1     /* F16: any other needs flash attention */
#define SAFE_VARIANT      "x64" /* of ggml's CPU backends the one that every 64-bit PC can run */

static void
forget_deaths(struct pal_fuse *fuse)
{
    memset(fuse->deaths_us, 0, sizeof(fuse->deaths_us));
    fuse->n_loading = 0;
}

enum pal_fuse_verdict
pal_fuse_died(struct pal_fuse *fuse, int64_t now_us, bool was_loading, int signal)
{
    int64_t *deaths = fuse->deaths_us;
    memmove(deaths, deaths + 1, (PAL_FUSE_DEATHS - 1) * sizeof(*deaths));
    deaths[PAL_FUSE_DEATHS - 1] = now_us;
    fuse->n_loading = was_loading ? fuse->n_loading + 1 : 0;
    fuse->had_illegal = fuse->had_illegal || signal == SIGILL;
    if (deaths[0] == 0 || now_us - deaths[0] > WINDOW_US) {
        return PAL_FUSE_AGAIN;
    }
    if (fuse->is_safe) {
        return fuse->n_loading >= PAL_FUSE_DEATHS ? PAL_FUSE_HOPELESS : PAL_FUSE_AGAIN;
    }
    forget_deaths(fuse);
    fuse->is_safe = true;
    int64_t first_us = fuse->safe_for_min_us != 0 ? fuse->safe_for_min_us : SAFE_FOR_MIN_US;
    fuse->safe_for_us = fuse->safe_for_us == 0 ? first_us : 2 * fuse->safe_for_us;
    if (fuse->safe_for_us > SAFE_FOR_MAX_US) {
        fuse->safe_for_us = SAFE_FOR_MAX_US;
    }
    fuse->safe_until_us = now_us + fuse->safe_for_us;
    return PAL_FUSE_SAFE;
}

bool
pal_fuse_is_over(const struct pal_fuse *fuse, int64_t now_us)
{
    return fuse->is_safe && now_us >= fuse->safe_until_us;
}

void
pal_fuse_reset(struct pal_fuse *fuse)
{
    forget_deaths(fuse);
    fuse->is_safe = false;
    fuse->had_illegal = false;
}

static uint32_t
at_most(uint32_t n, uint32_t most)
{
    return n < most ? n : most;
}

struct pal_settings
pal_fuse_settings(const struct pal_fuse *fuse, const struct pal_settings *usual)
{
    struct pal_settings settings = *usual;
    if (!fuse->is_safe) {
        return settings;
    }
    uint32_t n_threads = usual->n_threads_cpu != 0 ? usual->n_threads_cpu : usual->n_threads;
    n_threads = n_threads != 0 ? n_threads : pal_threads_default();
    settings.n_threads = n_threads > 1 ? n_threads - 1 : 1;
    settings.n_threads_batch = settings.n_threads;
    settings.n_threads_cpu = 0;
    settings.n_gpu_layers = 0;
    settings.n_ctx_tokens = at_most(usual->n_ctx_tokens, SAFE_CTX_TOKENS);
    settings.n_batch_tokens = at_most(usual->n_batch_tokens, SAFE_BATCH_TOKENS);
    settings.n_ubatch_tokens = at_most(usual->n_ubatch_tokens, settings.n_batch_tokens);
    settings.kv_type = SAFE_KV_TYPE;
    settings.ways = (usual->ways & (PAL_ENGINE_PACED | PAL_ENGINE_NO_DRAFTS)) |
                    PAL_ENGINE_NO_FLASH_ATTN | PAL_ENGINE_NO_EXTRA_BUFTS;
    if (fuse->had_illegal) {
        static char variant[] = SAFE_VARIANT;
        settings.variant = variant;
    }
    return settings;
}
