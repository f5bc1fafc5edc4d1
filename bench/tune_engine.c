/* Engines: opened, kept while memory allows, and brought into a candidate's state. */
#include <string.h>

#include "bench/tune.h"
#include "util/clock.h"
#include "util/mem.h"

#define TRIAL_TIMEOUT_US (90 * PAL_US_PER_S)
#define SPARE_BYTES      (2 * PAL_GIB) /* for everybody else while engines lie beside each other */
#define CTX_TOKENS_MAX   2048 /* what trials say is short, and a context takes time to make */

/* The first turns may take so many of the fastest's samples. */
#define HOPELESS 6
#define SLOW_US  (700 * PAL_US_PER_MS)
#define RENEW_US (800 * PAL_US_PER_MS)

/* What has to be done with an engine before it serves. */
enum step { STEP_NOTHING, STEP_RETUNE, STEP_OPEN };

static bool
has_same_weights(const struct pal_tuned *a, const struct pal_tuned *b)
{
    return strcmp(a->variant, b->variant) == 0 && a->has_extra_bufts == b->has_extra_bufts;
}

static struct pal_engine_options
options_for(const struct pal_tune *tune, const struct pal_tuned *way, bool is_layers)
{
    const struct pal_plan *plan = &tune->plan;
    unsigned ways = (way->has_extra_bufts || plan->gpu >= 0 ? 0 : PAL_ENGINE_NO_EXTRA_BUFTS) |
                    (way->has_flash_attn ? 0 : PAL_ENGINE_NO_FLASH_ATTN) |
                    (way->sleeps ? PAL_ENGINE_NO_POLL : 0) |
                    (way->is_pinned ? PAL_ENGINE_PINNED : 0) |
                    (plan->gpu >= 0 && !plan->has_kv_on_gpu ? PAL_ENGINE_NO_KV_OFFLOAD : 0) |
                    (plan->gpu >= 0 && !plan->has_op_offload ? PAL_ENGINE_NO_OP_OFFLOAD : 0);
    /* What a draft wins depends on the words, and a trial's are always the same. */
    ways |= PAL_ENGINE_NO_DRAFTS;
    return (struct pal_engine_options){
        .program = tune->program,
        .model_path = is_layers ? tune->layers_path : tune->model_path,
        .llama_dir = tune->llama_dir,
        .gpu_device = tune->gpu_device,
        .cpus = tune->cpus,
        .n_ctx_tokens = plan->n_ctx_tokens < CTX_TOKENS_MAX ? plan->n_ctx_tokens : CTX_TOKENS_MAX,
        .n_sequences = 4,
        .n_threads = way->n_threads,
        .n_threads_batch = way->n_threads_batch,
        .n_batch_tokens = way->n_batch_tokens,
        .n_ubatch_tokens = way->n_ubatch_tokens,
        .chunk_tokens = way->n_batch_tokens,
        .n_gpu_layers = (int32_t)plan->n_gpu_layers,
        .kv_type = way->kv_type,
        .ways = ways,
        .variant = way->variant[0] != '\0' ? way->variant : NULL,
    };
}

uint32_t
pal_tune_engines_that_fit(const struct pal_plan *plan)
{
    uint64_t each = pal_sizes_ram(&plan->sizes);
    uint64_t taken = plan->sizes.ram_mapped + SPARE_BYTES; /* mapped once for all */
    if (plan->n_gpu_layers > 0 || plan->ram_available_bytes < taken + each || each == 0) {
        return 1;
    }
    uint64_t n = (plan->ram_available_bytes - taken) / each;
    return n < PAL_TUNE_ENGINES_MAX ? (uint32_t)n : PAL_TUNE_ENGINES_MAX;
}

void
pal_tune_drop(struct pal_tune *tune, struct pal_tune_engine *engine)
{
    if (engine->is_open) {
        pal_trial_close(&engine->trial);
        engine->is_open = false;
    }
    tune->running = tune->running == engine ? NULL : tune->running;
}

void
pal_tune_close(struct pal_tune *tune)
{
    for (size_t i = 0; i < PAL_TUNE_ENGINES_MAX; i++) {
        pal_tune_drop(tune, &tune->engines[i]);
    }
}

void
pal_tune_renew(struct pal_tune *tune)
{
    if (tune->open_us > 0 && tune->open_us < RENEW_US) {
        pal_tune_close(tune);
    }
}

/* The best so far and llama.cpp's own choice are held to others again and again. */
static bool
is_kept(const struct pal_tune *tune, const struct pal_tune_engine *engine)
{
    struct pal_tuned usual = pal_tune_usual(tune);
    return pal_tune_is_same(&engine->way, &tune->best) || pal_tune_is_same(&engine->way, &usual);
}

/*
 * In this order: the engine that is in that state already; one with the same weights, for a new
 * context is sooner made than weights are read; a free place; the one that was not used for
 * longest.
 */
static enum step
choose(struct pal_tune *tune, const struct pal_tuned *way, bool is_layers,
       struct pal_tune_engine **chosen)
{
    size_t n = tune->n_engines > 0 ? tune->n_engines : 1;
    struct pal_tune_engine *free_place = NULL, *similar = NULL, *oldest = NULL;
    for (size_t i = 0; i < n; i++) {
        struct pal_tune_engine *engine = &tune->engines[i];
        if (!engine->is_open) {
            free_place = free_place != NULL ? free_place : engine;
            continue;
        }
        bool is_model = engine->is_layers == is_layers;
        if (is_model && pal_tune_is_same(&engine->way, way)) {
            *chosen = engine;
            return STEP_NOTHING;
        }
        bool may_go = n < 3 || !is_kept(tune, engine);
        bool is_similar = is_model && has_same_weights(&engine->way, way);
        if (may_go && is_similar && (similar == NULL || engine->used_us < similar->used_us)) {
            similar = engine;
        }
        if (may_go && (oldest == NULL || engine->used_us < oldest->used_us)) {
            oldest = engine;
        }
    }
    *chosen = similar != NULL      ? similar
              : free_place != NULL ? free_place
              : oldest != NULL     ? oldest
                                   : &tune->engines[0];
    return similar != NULL ? STEP_RETUNE : STEP_OPEN;
}

/* What is computed for the first time touches memory for the first time, too. */
static enum pal_err
warm_up(struct pal_tune_engine *engine, int64_t timeout_us, struct pal_error *error)
{
    struct pal_trial_turns turns;
    const struct pal_trial_line line = {
        .conversation = 1, .prompt = ++engine->n_prompts, .n_words = 1};
    return pal_trial_say(&engine->trial, &line, 1, 2, timeout_us, &turns, error);
}

enum pal_err
pal_tune_bring_up(struct pal_tune *tune, const struct pal_tuned *way, bool is_layers,
                  struct pal_tune_engine **chosen, struct pal_error *error)
{
    struct pal_tune_engine *engine = NULL;
    const struct pal_engine_options options = options_for(tune, way, is_layers);
    int64_t left_us = pal_tune_left_us(tune);
    int64_t timeout_us = left_us < TRIAL_TIMEOUT_US ? left_us : TRIAL_TIMEOUT_US;
    *chosen = NULL;
    if (timeout_us <= 0) {
        return pal_error_set(error, PAL_ERR_TIMEOUT, "the time is over");
    }
    enum step step = choose(tune, way, is_layers, &engine);
    if (tune->running != NULL && tune->running != engine) {
        pal_trial_settle(&tune->running->trial); /* its threads still spin */
    }
    enum pal_err err = PAL_OK;
    if (step == STEP_RETUNE) {
        err = pal_trial_retune(&engine->trial, &options, timeout_us, error);
    } else if (step == STEP_OPEN) {
        pal_tune_drop(tune, engine);
        int64_t began_us = pal_now_us();
        err = pal_trial_open(&engine->trial, &options, timeout_us, error);
        engine->is_open = err == PAL_OK;
        if (err == PAL_OK) {
            int64_t took_us = pal_now_us() - began_us;
            tune->open_us = tune->open_us == 0 || took_us < tune->open_us ? took_us : tune->open_us;
            (void)pal_trial_listen(&engine->trial);
        }
    }
    engine->way = *way;
    engine->is_layers = is_layers;
    engine->used_us = pal_now_us();
    /* Of a slow model the first touch of a new context is a small part of a sample. */
    bool is_slow = tune->least_wall_us[tune->turn] > SLOW_US;
    if (err == PAL_OK && (step == STEP_OPEN || (step == STEP_RETUNE && !is_slow))) {
        int64_t usual_us = tune->least_wall_us[tune->turn];
        int64_t limit_us = usual_us > 0 ? HOPELESS * usual_us + PAL_US_PER_S : timeout_us;
        err = warm_up(engine, limit_us < timeout_us ? limit_us : timeout_us, error);
    }
    if (err != PAL_OK) {
        pal_tune_drop(tune, engine);
        return err;
    }
    tune->running = *chosen = engine;
    return PAL_OK;
}
