#include "bench/tune.h"

#include <stdio.h>
#include <string.h>

#include "gguf/type.h"
#include "plan/variants.h"
#include "util/clock.h"
#include "util/mem.h"

#define TURN_PROMPT_TOKENS 40
#define TURN_REPLY_TOKENS  60
#define TRIAL_TIMEOUT_US   (90 * PAL_US_PER_S)
#define FINALISTS          4
#define BUILDS_MAX         8 /* of the highest score; older ones have never won */
/* A later dimension must win by more than the noise. */
#define WIN 0.98

/* How much a trial computes. The cheap ones only sort the hopeless out. */
struct effort {
    uint32_t n_prompt, n_reply_alone, n_reply_four, n_rounds;
};
static const struct effort cheap = {24, 4, 3, 1};
static const struct effort dear = {72, 10, 6, 2};

struct pal_tuned
pal_tune_usual(const struct pal_tune *tune)
{
    return (struct pal_tuned){
        .has_extra_bufts = true,
        .has_flash_attn = tune->plan.has_flash_attn,
        .n_threads = tune->n_cores,
        .n_threads_batch = tune->n_cores,
        .n_batch_tokens = tune->plan.n_batch_tokens,
        .n_ubatch_tokens = tune->plan.n_ubatch_tokens,
        .kv_type = PAL_GGUF_TYPE_F16,
        .profile = tune->plan.profile,
    };
}

const char *
pal_tune_describe(const struct pal_tuned *way, char *out, size_t size)
{
    (void)snprintf(out, size, "%s, %s, %u+%u threads, batch %u, KV %s, flash %s",
                   way->variant[0] != '\0' ? way->variant : "ggml's choice",
                   way->has_extra_bufts ? "rearranged" : "mapped", way->n_threads,
                   way->n_threads_batch, way->n_batch_tokens,
                   way->kv_type == PAL_GGUF_TYPE_Q8_0 ? "Q8_0" : "F16",
                   way->has_flash_attn ? "on" : "off");
    return out;
}

static bool
is_same(const struct pal_tuned *a, const struct pal_tuned *b)
{
    return strcmp(a->variant, b->variant) == 0 && a->has_extra_bufts == b->has_extra_bufts &&
           a->has_flash_attn == b->has_flash_attn && a->n_threads == b->n_threads &&
           a->n_threads_batch == b->n_threads_batch && a->n_batch_tokens == b->n_batch_tokens &&
           a->kv_type == b->kv_type;
}

static struct pal_engine_options
options_for(const struct pal_tune *tune, const struct pal_tuned *way)
{
    const struct pal_plan *plan = &tune->plan;
    unsigned ways = (way->has_extra_bufts ? 0 : PAL_ENGINE_NO_EXTRA_BUFTS) |
                    (way->has_flash_attn ? 0 : PAL_ENGINE_NO_FLASH_ATTN) |
                    (plan->gpu >= 0 && !plan->has_kv_on_gpu ? PAL_ENGINE_NO_KV_OFFLOAD : 0) |
                    (plan->gpu >= 0 && !plan->has_op_offload ? PAL_ENGINE_NO_OP_OFFLOAD : 0);
    return (struct pal_engine_options){
        .program = tune->program,
        .model_path = tune->model_path,
        .llama_dir = tune->llama_dir,
        .n_ctx_tokens = plan->n_ctx_tokens,
        .n_sequences = 4,
        .n_threads = way->n_threads,
        .n_threads_batch = way->n_threads_batch,
        .n_batch_tokens = way->n_batch_tokens,
        .chunk_tokens = way->n_batch_tokens,
        .n_gpu_layers = (int32_t)plan->n_gpu_layers,
        .kv_type = way->kv_type,
        .ways = ways,
        .variant = way->variant[0] != '\0' ? way->variant : NULL,
    };
}

static void
keep_least(double *to, double value)
{
    *to = *to == 0 || value < *to ? value : *to;
}

/* The least of a few rounds: other programs only ever make it slower. */
static enum pal_err
run_rounds(struct pal_trial *trial, const struct effort *effort, struct pal_candidate *candidate,
           struct pal_error *error)
{
    for (uint32_t round = 0; round < effort->n_rounds; round++) {
        struct pal_trial_turns alone, four;
        enum pal_err err = pal_trial_run(trial, 1, effort->n_prompt, effort->n_reply_alone,
                                         TRIAL_TIMEOUT_US, &alone, error);
        if (err == PAL_OK) {
            err = pal_trial_run(trial, 4, 4, effort->n_reply_four, TRIAL_TIMEOUT_US, &four, error);
        }
        if (err != PAL_OK) {
            return err;
        }
        keep_least(&candidate->prompt_ms, alone.prompt_us_token / 1000.0);
        keep_least(&candidate->alone_ms, alone.step_us / 1000.0);
        keep_least(&candidate->four_ms, four.step_us / 1000.0);
    }
    return PAL_OK;
}

static double
turn_ms(const struct pal_candidate *candidate)
{
    return TURN_PROMPT_TOKENS * candidate->prompt_ms +
           TURN_REPLY_TOKENS * (candidate->alone_ms + candidate->four_ms / 4) / 2;
}

const struct pal_candidate *
pal_tune_measure(struct pal_tune *tune, const struct pal_tuned *way, bool is_dear)
{
    if (tune->n_candidates == PAL_TUNE_CANDIDATES_MAX) {
        return NULL;
    }
    struct pal_candidate *candidate = &tune->candidates[tune->n_candidates++];
    *candidate = (struct pal_candidate){.way = *way, .is_dear = is_dear};
    const struct pal_engine_options options = options_for(tune, way);
    struct pal_trial trial;
    struct pal_error error;
    enum pal_err err = pal_trial_open(&trial, &options, TRIAL_TIMEOUT_US, &error);
    if (err == PAL_OK) {
        err = run_rounds(&trial, is_dear ? &dear : &cheap, candidate, &error);
        pal_trial_close(&trial);
    }
    if (err == PAL_OK) {
        candidate->way.turn_ms = turn_ms(candidate);
    } else {
        (void)snprintf(candidate->failure, sizeof(candidate->failure), "%.90s", error.text);
    }
    tune->on_trial(tune, candidate);
    return err == PAL_OK ? candidate : NULL;
}

static bool
has_time(const struct pal_tune *tune)
{
    int64_t spent_us = pal_now_us() - tune->started_us;
    int64_t last_us = tune->n_candidates > 0 ? spent_us / (int64_t)tune->n_candidates : 0;
    return spent_us + last_us < tune->budget_us;
}

/* The best so far of one effort that is not `except`; NULL if there is none left. */
static const struct pal_candidate *
best_of(const struct pal_tune *tune, bool is_dear, const struct pal_tuned *except, size_t n_except)
{
    const struct pal_candidate *best = NULL;
    for (size_t i = 0; i < tune->n_candidates; i++) {
        const struct pal_candidate *candidate = &tune->candidates[i];
        bool is_out = candidate->failure[0] != '\0' || candidate->is_dear != is_dear;
        for (size_t k = 0; k < n_except && !is_out; k++) {
            is_out = is_same(&candidate->way, &except[k]);
        }
        if (!is_out && (best == NULL || candidate->way.turn_ms < best->way.turn_ms)) {
            best = candidate;
        }
    }
    return best;
}

/* ---- first: builds, with weights rearranged and not ---- */

static void
try_builds(struct pal_tune *tune)
{
    struct pal_variant variants[PAL_VARIANTS_MAX];
    size_t n = pal_variants_find(tune->llama_dir, variants);
    size_t most = tune->is_quick ? 2 : BUILDS_MAX;
    n = n > most ? most : n;
    size_t n_finalists = tune->is_quick ? 1 : FINALISTS;
    tune->n_expected = 2 * n + n_finalists + 1 + (tune->is_quick ? 1 : 6);
    for (size_t i = 0; i < n && has_time(tune); i++) {
        for (int extra = 1; extra >= 0 && has_time(tune); extra--) {
            struct pal_tuned way = pal_tune_usual(tune);
            memcpy(way.variant, variants[i].name, sizeof(way.variant));
            way.has_extra_bufts = extra != 0;
            /* A thread that shares its core would drown all differences. */
            way.n_threads = way.n_threads_batch = tune->n_free_cores;
            (void)pal_tune_measure(tune, &way, false);
        }
    }
    struct pal_tuned finalists[FINALISTS];
    for (size_t i = 0; i < n_finalists && has_time(tune); i++) {
        const struct pal_candidate *next = best_of(tune, false, finalists, i);
        if (next == NULL) {
            break;
        }
        finalists[i] = next->way;
        (void)pal_tune_measure(tune, &finalists[i], !tune->is_quick);
    }
}

/* ---- then: one dimension after the other ---- */

size_t
pal_tune_thread_counts(const struct pal_tune *tune, uint32_t counts[8])
{
    const uint32_t wanted[] = {1,
                               tune->n_cores / 2,
                               tune->n_cores * 3 / 4,
                               tune->n_cores - (tune->n_cores > 1 ? 1 : 0),
                               tune->n_cores,
                               tune->n_logical};
    size_t n = 0;
    uint32_t most = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(wanted); i++) {
        if (wanted[i] > most) {
            most = wanted[i];
            counts[n++] = most;
        }
    }
    return n;
}

/* Replies and prompts apart: each has its own number of threads in llama.cpp. */
static void
try_threads(struct pal_tune *tune)
{
    uint32_t counts[8];
    size_t n = pal_tune_thread_counts(tune, counts);
    double least_alone = 0, least_rest = 0;
    struct pal_tuned best = tune->best;
    for (size_t i = 0; i < n && has_time(tune); i++) {
        struct pal_tuned way = tune->best;
        way.n_threads = way.n_threads_batch = counts[i];
        const struct pal_candidate *got = pal_tune_measure(tune, &way, !tune->is_quick);
        if (got == NULL) {
            continue;
        }
        double rest = TURN_PROMPT_TOKENS * got->prompt_ms + TURN_REPLY_TOKENS * got->four_ms / 8;
        if (least_alone == 0 || got->alone_ms < least_alone) {
            least_alone = got->alone_ms;
            best.n_threads = counts[i];
        }
        if (least_rest == 0 || rest < least_rest) {
            least_rest = rest;
            best.n_threads_batch = counts[i];
        }
    }
    best.turn_ms = TURN_REPLY_TOKENS * least_alone / 2 + least_rest;
    tune->best = least_rest > 0 ? best : tune->best;
}

static void
try_way(struct pal_tune *tune, const struct pal_tuned *way)
{
    if (!has_time(tune)) {
        return;
    }
    const struct pal_candidate *got = pal_tune_measure(tune, way, true);
    if (got != NULL && got->way.turn_ms < WIN * tune->best.turn_ms) {
        tune->best = got->way;
    }
}

static void
try_rest(struct pal_tune *tune)
{
    struct pal_tuned way = tune->best;
    way.kv_type = PAL_GGUF_TYPE_Q8_0;
    if (way.has_flash_attn) { /* quantised values need it */
        try_way(tune, &way);
    }
    way = tune->best;
    way.has_flash_attn = !way.has_flash_attn;
    if (way.kv_type == PAL_GGUF_TYPE_F16 && tune->plan.why_flash == PAL_WHY_DEFAULT) {
        try_way(tune, &way);
    }
    way = tune->best;
    way.n_batch_tokens = 128;
    try_way(tune, &way);
}

enum pal_err
pal_tune_search(struct pal_tune *tune, struct pal_error *error)
{
    tune->started_us = pal_now_us();
    tune->n_candidates = 0;
    struct pal_tuned usual = pal_tune_usual(tune);
    const struct pal_candidate *own = pal_tune_measure(tune, &usual, !tune->is_quick);
    if (own != NULL) {
        tune->usual_turn_ms = own->way.turn_ms;
        tune->candidates[0].is_usual = true;
    }
    try_builds(tune);
    const struct pal_candidate *best = best_of(tune, !tune->is_quick, NULL, 0);
    best = best != NULL ? best : best_of(tune, false, NULL, 0);
    if (best == NULL) {
        const char *why = tune->n_candidates > 0 ? tune->candidates[0].failure : "no CPU build";
        return pal_error_set(error, PAL_ERR_ENGINE, "nothing runs here: %s", why);
    }
    tune->best = best->way;
    try_threads(tune);
    if (!tune->is_quick) {
        try_rest(tune);
    }
    /* The search's luck must not make it worse than what anybody gets without it. */
    if (own != NULL && tune->usual_turn_ms < tune->best.turn_ms) {
        tune->best = own->way;
    }
    tune->best.usual_turn_ms = tune->usual_turn_ms;
    tune->best.made_s = pal_wall_seconds();
    return PAL_OK;
}
