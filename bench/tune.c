/* One candidate: the engine is brought into its state, and the reference turn timed. */
#include "bench/tune.h"

#include <stdio.h>
#include <string.h>

#include "gguf/type.h"
#include "util/clock.h"
#include "util/mem.h"

#define TURN_PROMPT_TOKENS 40
#define TURN_REPLY_TOKENS  60
#define TRIAL_TIMEOUT_US   (90 * PAL_US_PER_S)
/* A first round so much slower than the best is not repeated, */
#define BEHIND 1.05
/* and one that takes so many times as long as the best's round is cut off. */
#define HOPELESS 4

static const struct {
    uint32_t n_prompt, n_alone, n_four, n_rounds;
} efforts[PAL_N_EFFORTS] = {
    [PAL_EFFORT_GLANCE] = {16, 6, 0, 2},
    [PAL_EFFORT_SHORT] = {24, 4, 3, 1},
    [PAL_EFFORT_LONG] = {48, 8, 4, 2},
    [PAL_EFFORT_PROMPT] = {192, 4, 0, 1},
};

struct pal_tuned
pal_tune_usual(const struct pal_tune *tune)
{
    return (struct pal_tuned){
        .has_extra_bufts = tune->plan.n_gpu_layers == 0,
        .has_flash_attn = tune->plan.has_flash_attn,
        .n_threads = tune->n_cores,
        .n_threads_batch = tune->n_cores,
        .n_batch_tokens = tune->plan.n_batch_tokens,
        .n_ubatch_tokens = tune->plan.n_ubatch_tokens,
        .kv_type = tune->plan.kv_type,
        .profile = tune->plan.profile,
    };
}

const char *
pal_tune_describe(const struct pal_tuned *way, char *out, size_t size)
{
    (void)snprintf(out, size, "%s, %s, %u+%u threads%s%s, batch %u/%u, KV %s, flash %s",
                   way->variant[0] != '\0' ? way->variant : "ggml's choice",
                   way->has_extra_bufts ? "rearranged" : "mapped", way->n_threads,
                   way->n_threads_batch, way->sleeps ? " asleep" : "",
                   way->is_pinned ? " pinned" : "", way->n_batch_tokens, way->n_ubatch_tokens,
                   way->kv_type == PAL_GGUF_TYPE_Q8_0 ? "Q8_0" : "F16",
                   way->has_flash_attn ? "on" : "off");
    return out;
}

static bool
has_same_weights(const struct pal_tuned *a, const struct pal_tuned *b)
{
    return strcmp(a->variant, b->variant) == 0 && a->has_extra_bufts == b->has_extra_bufts;
}

bool
pal_tune_is_same(const struct pal_tuned *a, const struct pal_tuned *b)
{
    return has_same_weights(a, b) && a->has_flash_attn == b->has_flash_attn &&
           a->n_threads == b->n_threads && a->n_threads_batch == b->n_threads_batch &&
           a->n_batch_tokens == b->n_batch_tokens && a->n_ubatch_tokens == b->n_ubatch_tokens &&
           a->kv_type == b->kv_type && a->sleeps == b->sleeps && a->is_pinned == b->is_pinned;
}

int64_t
pal_tune_left_us(const struct pal_tune *tune)
{
    return tune->budget_us - (pal_now_us() - tune->started_us);
}

static struct pal_engine_options
options_for(const struct pal_tune *tune, const struct pal_tuned *way)
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
        .model_path = tune->model_path,
        .llama_dir = tune->llama_dir,
        .gpu_device = tune->gpu_device,
        .n_ctx_tokens = plan->n_ctx_tokens,
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

void
pal_tune_close(struct pal_tune *tune)
{
    if (tune->is_open) {
        pal_trial_close(&tune->trial);
        tune->is_open = false;
    }
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The running engine with a new context if its weights will do, else another engine. */
static enum pal_err
bring_up(struct pal_tune *tune, const struct pal_tuned *way, struct pal_error *error)
{
    const struct pal_engine_options options = options_for(tune, way);
    int64_t timeout_us = least(TRIAL_TIMEOUT_US, pal_tune_left_us(tune));
    if (timeout_us <= 0) {
        return pal_error_set(error, PAL_ERR_TIMEOUT, "the time is over");
    }
    enum pal_err err;
    if (tune->is_open && has_same_weights(&tune->open_way, way)) {
        err = pal_tune_is_same(&tune->open_way, way)
                  ? PAL_OK
                  : pal_trial_retune(&tune->trial, &options, timeout_us, error);
    } else {
        pal_tune_close(tune);
        err = pal_trial_open(&tune->trial, &options, timeout_us, error);
        tune->is_open = err == PAL_OK;
    }
    tune->open_way = *way;
    return err;
}

static void
keep_least(double *to, double value)
{
    *to = *to == 0 || value < *to ? value : *to;
}

static double
turn_ms(const struct pal_candidate *candidate)
{
    double beside = candidate->four_ms > 0 ? candidate->four_ms / 4 : candidate->alone_ms;
    return TURN_PROMPT_TOKENS * candidate->prompt_ms +
           TURN_REPLY_TOKENS * (candidate->alone_ms + beside) / 2;
}

static enum pal_err
run_round(struct pal_tune *tune, struct pal_candidate *candidate, struct pal_error *error)
{
    enum pal_effort effort = candidate->effort;
    struct pal_trial_turns alone, four;
    int64_t limit_us = least(TRIAL_TIMEOUT_US, pal_tune_left_us(tune));
    if (tune->round_us[effort] > 0) {
        limit_us = least(limit_us, HOPELESS * tune->round_us[effort] + PAL_US_PER_S);
    }
    if (limit_us <= 0) {
        return pal_error_set(error, PAL_ERR_TIMEOUT, "the time is over");
    }
    enum pal_err err = pal_trial_run(&tune->trial, 1, efforts[effort].n_prompt,
                                     efforts[effort].n_alone, limit_us, &alone, error);
    if (err == PAL_OK && efforts[effort].n_four > 0) {
        err = pal_trial_run(&tune->trial, 4, 4, efforts[effort].n_four, limit_us, &four, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    keep_least(&candidate->prompt_ms, alone.prompt_us_token / 1000.0);
    keep_least(&candidate->alone_ms, alone.step_us / 1000.0);
    if (efforts[effort].n_four > 0) {
        keep_least(&candidate->four_ms, four.step_us / 1000.0);
    }
    return PAL_OK;
}

/* The least of a few rounds: other programs only ever make it slower. */
static enum pal_err
run_rounds(struct pal_tune *tune, struct pal_candidate *candidate, struct pal_error *error)
{
    enum pal_effort effort = candidate->effort;
    for (uint32_t round = 0; round < efforts[effort].n_rounds; round++) {
        int64_t began_us = pal_now_us();
        enum pal_err err = run_round(tune, candidate, error);
        if (err != PAL_OK) {
            return round > 0 && err == PAL_ERR_TIMEOUT ? PAL_OK : err;
        }
        candidate->way.turn_ms = turn_ms(candidate);
        double best = tune->least_ms[effort];
        if (best == 0 || candidate->way.turn_ms < best) {
            tune->least_ms[effort] = candidate->way.turn_ms;
            tune->round_us[effort] = pal_now_us() - began_us;
        } else if (candidate->way.turn_ms > BEHIND * best) {
            return PAL_OK;
        }
    }
    return PAL_OK;
}

const struct pal_candidate *
pal_tune_measure(struct pal_tune *tune, const struct pal_tuned *way, enum pal_effort effort)
{
    if (tune->n_candidates == PAL_TUNE_CANDIDATES_MAX) {
        return NULL;
    }
    int64_t began_us = pal_now_us();
    struct pal_candidate *candidate = &tune->candidates[tune->n_candidates];
    struct pal_error error;
    *candidate = (struct pal_candidate){.way = *way, .effort = effort};
    enum pal_err err = bring_up(tune, way, &error);
    if (err == PAL_OK) {
        err = run_rounds(tune, candidate, &error);
    }
    if (err != PAL_OK) {
        pal_tune_close(tune);
        if (pal_tune_left_us(tune) <= 0) {
            return NULL;
        }
        (void)snprintf(candidate->failure, sizeof(candidate->failure), "%.90s", error.text);
    }
    int64_t cost_us = pal_now_us() - began_us;
    tune->last_cost_us = tune->last_cost_us == 0 ? cost_us : (2 * tune->last_cost_us + cost_us) / 3;
    tune->n_candidates++;
    if (tune->on_trial != NULL) {
        tune->on_trial(tune, candidate);
    }
    return err == PAL_OK ? candidate : NULL;
}
