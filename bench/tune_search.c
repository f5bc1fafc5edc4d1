/*
 * Which ways are measured, and in which order, so that three minutes do for a model of gigabytes.
 *
 * Builds first: each that runs here, short, by halving: whoever is near the best is measured
 * longer, until two are left. Reading the weights is what costs then, so where there is no time for
 * all, the kind of weights is settled on ggml's own choice. Then, in the winner's process, one
 * dimension after the other. A change must win twice, by more than the noise.
 */
#include <string.h>

#include "bench/tune.h"
#include "gguf/type.h"
#include "plan/variants.h"
#include "util/clock.h"
#include "util/mem.h"

#define BUILDS_MAX 8 /* of the highest score; older ones have never won */
#define FINALISTS  4
/* Shares of the time: the builds have theirs, so that the rest gets its turn. */
#define SHARE_ALL_BUILDS 0.25
#define SHARE_BUILDS     0.45
#define SHARE_FINALS     0.68
#define NEAR             1.10 /* so much slower in a short trial may still be the best */
#define WIN              0.98
#define WIN_CLEARLY      0.95 /* for what has a price of its own */
#define WIN_GLANCE       0.90

static bool
has_share(const struct pal_tune *tune, double share, int64_t cost_us)
{
    int64_t spent_us = tune->budget_us - pal_tune_left_us(tune);
    return (double)(spent_us + cost_us) < share * (double)tune->budget_us;
}

/* llama.cpp's own choice was measured long from the start, and need not be once more. */
static bool
counts_as(const struct pal_candidate *candidate, enum pal_effort effort)
{
    return candidate->effort == effort || (candidate->is_usual && effort == PAL_EFFORT_SHORT);
}

static bool
was_tried(const struct pal_tune *tune, const struct pal_tuned *way, enum pal_effort effort)
{
    for (size_t i = 0; i < tune->n_candidates; i++) {
        const struct pal_candidate *candidate = &tune->candidates[i];
        if (counts_as(candidate, effort) && pal_tune_is_same(&candidate->way, way)) {
            return true;
        }
    }
    return false;
}

/* The best of one effort that no `except` names; NULL if there is none left. */
static const struct pal_candidate *
best_of(const struct pal_tune *tune, enum pal_effort effort, const struct pal_tuned *except,
        size_t n_except)
{
    const struct pal_candidate *best = NULL;
    for (size_t i = 0; i < tune->n_candidates; i++) {
        const struct pal_candidate *candidate = &tune->candidates[i];
        bool is_out = candidate->failure[0] != '\0' || !counts_as(candidate, effort);
        for (size_t k = 0; k < n_except && !is_out; k++) {
            is_out = pal_tune_is_same(&candidate->way, &except[k]);
        }
        if (!is_out && (best == NULL || candidate->way.turn_ms < best->way.turn_ms)) {
            best = candidate;
        }
    }
    return best;
}

size_t
pal_tune_thread_counts(const struct pal_tune *tune, uint32_t counts[PAL_TUNE_THREADS_MAX])
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

/* ---- builds, with weights rearranged and not ---- */

static struct pal_tuned
build_way(const struct pal_tune *tune, const struct pal_variant *variant, bool has_extra_bufts)
{
    struct pal_tuned way = pal_tune_usual(tune);
    memcpy(way.variant, variant->name, sizeof(way.variant));
    way.has_extra_bufts = has_extra_bufts;
    /* A thread that shares its core would drown all differences. */
    way.n_threads = way.n_threads_batch = tune->n_free_cores;
    return way;
}

/* Measures one build; what it took, loading included, is left in *cost_us. */
static const struct pal_candidate *
try_build(struct pal_tune *tune, const struct pal_variant *variant, bool has_extra_bufts,
          int64_t *cost_us)
{
    struct pal_tuned way = build_way(tune, variant, has_extra_bufts);
    int64_t began_us = pal_now_us();
    if (was_tried(tune, &way, PAL_EFFORT_SHORT)) {
        return NULL;
    }
    const struct pal_candidate *got = pal_tune_measure(tune, &way, PAL_EFFORT_SHORT);
    *cost_us = pal_now_us() - began_us;
    return got;
}

static void
try_builds(struct pal_tune *tune, const struct pal_variant *variants, size_t n,
           int64_t usual_cost_us)
{
    bool has_card = tune->plan.n_gpu_layers > 0; /* llama.cpp rearranges nothing then */
    int64_t cost_us[2] = {0, 0};
    /* One kind of ggml's choice is known already, unless cores are busy. */
    const struct pal_candidate *own = NULL;
    if (tune->candidates[0].is_usual && tune->n_free_cores == tune->n_cores) {
        own = &tune->candidates[0];
        cost_us[has_card ? 0 : 1] = usual_cost_us;
    }
    const struct pal_candidate *mapped =
        has_card && own != NULL ? own : try_build(tune, &variants[0], false, &cost_us[0]);
    const struct pal_candidate *rearranged =
        has_card || own != NULL ? own : try_build(tune, &variants[0], true, &cost_us[1]);
    bool is_mapped_better = has_card || rearranged == NULL ||
                            (mapped != NULL && mapped->way.turn_ms < rearranged->way.turn_ms);
    bool has_time = has_share(tune, SHARE_ALL_BUILDS, (cost_us[0] + cost_us[1]) * (int64_t)(n - 1));
    for (size_t i = 1; i < n; i++) {
        for (int extra = 0; extra <= 1; extra++) {
            bool is_better = (extra == 0) == is_mapped_better;
            if ((is_better || (has_time && !has_card)) &&
                has_share(tune, SHARE_BUILDS, cost_us[extra])) {
                (void)try_build(tune, &variants[i], extra != 0, &cost_us[extra]);
            }
        }
    }
    /* The best build also with the weights of the other kind. */
    const struct pal_candidate *best = best_of(tune, PAL_EFFORT_SHORT, NULL, 0);
    if (best != NULL && !has_time && !has_card) {
        struct pal_tuned other = best->way;
        other.has_extra_bufts = !other.has_extra_bufts;
        if (!was_tried(tune, &other, PAL_EFFORT_SHORT) &&
            has_share(tune, SHARE_FINALS, cost_us[other.has_extra_bufts])) {
            (void)pal_tune_measure(tune, &other, PAL_EFFORT_SHORT);
        }
    }
}

/* Those near the best are measured longer, the likely winner last, so that it stays loaded. */
static void
run_finals(struct pal_tune *tune)
{
    struct pal_tuned finalists[FINALISTS];
    size_t n = 0;
    const struct pal_candidate *first = best_of(tune, PAL_EFFORT_SHORT, NULL, 0);
    for (const struct pal_candidate *next = first; next != NULL && n < FINALISTS;
         next = best_of(tune, PAL_EFFORT_SHORT, finalists, n)) {
        if (next->way.turn_ms > NEAR * first->way.turn_ms) {
            break;
        }
        finalists[n++] = next->way;
    }
    while (n > 1 && !has_share(tune, SHARE_FINALS, (int64_t)n * 2 * tune->last_cost_us)) {
        n = (n + 1) / 2;
    }
    tune->n_expected = tune->n_candidates + n + (tune->is_quick ? 3 : 12);
    for (size_t i = n; i > 0; i--) {
        if (!was_tried(tune, &finalists[i - 1], PAL_EFFORT_LONG)) {
            (void)pal_tune_measure(tune, &finalists[i - 1], PAL_EFFORT_LONG);
        }
    }
    const struct pal_candidate *best = best_of(tune, PAL_EFFORT_LONG, NULL, 0);
    if (best != NULL) {
        tune->best = best->way;
    } else if (n > 0) {
        tune->best = finalists[0];
    }
}

/* ---- then one dimension after the other, in the winner's process ---- */

/* Replies and prompts apart: each has its own number of threads in llama.cpp. */
static void
try_threads(struct pal_tune *tune)
{
    uint32_t counts[PAL_TUNE_THREADS_MAX];
    size_t n = pal_tune_thread_counts(tune, counts);
    const struct pal_candidate *decode = NULL, *prefill = NULL;
    struct pal_tuned best = tune->best;
    /* From the most down: where more help, fewer are soon hopeless, and stop. */
    for (size_t i = n; i > 0; i--) {
        struct pal_tuned way = tune->best;
        way.n_threads = way.n_threads_batch = counts[i - 1];
        const struct pal_candidate *got = pal_tune_measure(tune, &way, PAL_EFFORT_LONG);
        if (got == NULL) {
            continue;
        }
        if (decode == NULL || got->alone_ms < WIN * decode->alone_ms) {
            decode = got;
        }
        if (prefill == NULL || got->prompt_ms < WIN * prefill->prompt_ms) {
            prefill = got;
        }
    }
    if (decode == NULL || prefill == NULL) {
        return;
    }
    best.n_threads = decode->way.n_threads;
    best.n_threads_batch = prefill->way.n_threads;
    if (decode == prefill) {
        best.turn_ms = decode->way.turn_ms;
    } else {
        const struct pal_candidate *got = pal_tune_measure(tune, &best, PAL_EFFORT_LONG);
        best.turn_ms = got != NULL ? got->way.turn_ms : best.turn_ms;
    }
    tune->best = best;
}

/*
 * Takes `way` if it wins against the best so far, and once more when both are measured again.
 * *par_ms is the best's turn at this effort.
 */
static void
try_way(struct pal_tune *tune, const struct pal_tuned *way, enum pal_effort effort, double win,
        double *par_ms)
{
    const struct pal_candidate *got = pal_tune_measure(tune, way, effort);
    if (got == NULL || got->way.turn_ms >= win * *par_ms) {
        return;
    }
    double first_ms = got->way.turn_ms;
    const struct pal_candidate *par = pal_tune_measure(tune, &tune->best, effort);
    double par_again_ms = par != NULL ? par->way.turn_ms : *par_ms;
    *par_ms = par_again_ms < *par_ms ? par_again_ms : *par_ms;
    got = pal_tune_measure(tune, way, effort);
    double again_ms = got != NULL ? got->way.turn_ms : first_ms;
    if (again_ms >= win * par_again_ms || first_ms >= win * *par_ms) {
        return;
    }
    double turn_ms = tune->best.turn_ms;
    tune->best = *way;
    *par_ms = again_ms < first_ms ? again_ms : first_ms;
    tune->best.turn_ms = effort == PAL_EFFORT_LONG ? *par_ms : turn_ms;
}

static void
try_waiting(struct pal_tune *tune)
{
    struct pal_tuned way = tune->best;
    double par_ms = tune->best.turn_ms;
    way.sleeps = true;
    try_way(tune, &way, PAL_EFFORT_LONG, WIN, &par_ms);
    way = tune->best;
    way.is_pinned = true; /* beside a game the scheduler's freedom is worth something */
    try_way(tune, &way, PAL_EFFORT_LONG, WIN_CLEARLY, &par_ms);
}

static void
try_attention(struct pal_tune *tune)
{
    struct pal_tuned way = tune->best;
    double par_ms = tune->best.turn_ms;
    way.has_flash_attn = !way.has_flash_attn;
    bool is_quantised = way.kv_type != PAL_GGUF_TYPE_F16; /* that needs it */
    if (tune->plan.why_flash == PAL_WHY_DEFAULT && !is_quantised) {
        try_way(tune, &way, PAL_EFFORT_LONG, WIN, &par_ms);
    }
    way = tune->best;
    way.kv_type = PAL_GGUF_TYPE_Q8_0; /* a little less exact */
    if (way.has_flash_attn && tune->plan.why_kv_type == PAL_WHY_DEFAULT) {
        try_way(tune, &way, PAL_EFFORT_LONG, WIN_CLEARLY, &par_ms);
    }
}

static void
try_batches(struct pal_tune *tune)
{
    static const uint32_t sizes[][2] = {{512, 128}, {128, 128}, {512, 512}};
    if (tune->plan.why_batch != PAL_WHY_DEFAULT) {
        return;
    }
    const struct pal_candidate *par = pal_tune_measure(tune, &tune->best, PAL_EFFORT_PROMPT);
    double par_ms = par != NULL ? par->way.turn_ms : 0;
    for (size_t i = 0; i < PAL_COUNT_OF(sizes) && par != NULL; i++) {
        struct pal_tuned way = tune->best;
        way.n_batch_tokens = sizes[i][0];
        way.n_ubatch_tokens = sizes[i][1];
        if (!was_tried(tune, &way, PAL_EFFORT_PROMPT)) {
            try_way(tune, &way, PAL_EFFORT_PROMPT, WIN, &par_ms);
        }
    }
}

static void
search(struct pal_tune *tune, const struct pal_variant *variants, size_t n_variants,
       int64_t usual_cost_us)
{
    size_t most = tune->is_quick ? 2 : BUILDS_MAX;
    size_t n = n_variants > most ? most : n_variants;
    tune->n_expected = 1 + 2 * n + (tune->is_quick ? 4 : FINALISTS + 12);
    if (n > 0) {
        try_builds(tune, variants, n, usual_cost_us);
    }
    run_finals(tune);
    try_threads(tune);
    if (!tune->is_quick) {
        try_waiting(tune);
        try_attention(tune);
        try_batches(tune);
    }
}

enum pal_err
pal_tune_search(struct pal_tune *tune, struct pal_error *error)
{
    struct pal_variant variants[PAL_VARIANTS_MAX];
    size_t n_variants = pal_variants_find(tune->llama_dir, variants);
    tune->started_us = pal_now_us();
    tune->n_candidates = 0;
    struct pal_tuned usual = pal_tune_usual(tune);
    const struct pal_candidate *own = pal_tune_measure(tune, &usual, PAL_EFFORT_LONG);
    if (own != NULL) {
        tune->usual_turn_ms = own->way.turn_ms;
        tune->candidates[0].is_usual = true;
        tune->best = own->way;
    }
    search(tune, variants, n_variants, pal_now_us() - tune->started_us);
    pal_tune_close(tune);
    if (tune->best.turn_ms <= 0) {
        const char *why = tune->n_candidates > 0 ? tune->candidates[0].failure : "no time";
        return pal_error_set(error, PAL_ERR_ENGINE, "nothing runs here: %s", why);
    }
    /* The search's luck must not make it worse than what anybody gets without it. */
    if (own != NULL && tune->usual_turn_ms < tune->best.turn_ms) {
        tune->best = own->way;
    }
    tune->best.usual_turn_ms = tune->usual_turn_ms;
    tune->best.made_s = pal_wall_seconds();
    return PAL_OK;
}

/* ---- the first start ---- */

enum pal_err
pal_tune_glance(struct pal_tune *tune, struct pal_error *error)
{
    struct pal_variant variants[PAL_VARIANTS_MAX];
    size_t n_variants = pal_variants_find(tune->llama_dir, variants);
    tune->started_us = pal_now_us();
    tune->n_candidates = 0;
    struct pal_tuned way = pal_tune_usual(tune);
    tune->best = way;
    tune->best.is_quick = true;
    tune->best.made_s = pal_wall_seconds();
    const struct pal_candidate *own = pal_tune_measure(tune, &way, PAL_EFFORT_GLANCE);
    tune->usual_turn_ms = own != NULL ? own->way.turn_ms : 0;
    way.has_extra_bufts = !way.has_extra_bufts;
    (void)pal_tune_measure(tune, &way, PAL_EFFORT_GLANCE);
    for (size_t i = 1; i < n_variants && i < BUILDS_MAX; i++) {
        const struct pal_candidate *best = best_of(tune, PAL_EFFORT_GLANCE, NULL, 0);
        memcpy(way.variant, variants[i].name, sizeof(way.variant));
        way.has_extra_bufts = best == NULL || best->way.has_extra_bufts;
        (void)pal_tune_measure(tune, &way, PAL_EFFORT_GLANCE);
    }
    pal_tune_close(tune);
    const struct pal_candidate *best = best_of(tune, PAL_EFFORT_GLANCE, NULL, 0);
    if (best == NULL || own == NULL || tune->n_candidates < 2) {
        return pal_error_set(error, PAL_ERR_TIMEOUT, "too slow to compare anything in this time");
    }
    if (best->way.turn_ms < WIN_GLANCE * own->way.turn_ms) {
        memcpy(tune->best.variant, best->way.variant, sizeof(tune->best.variant));
        tune->best.has_extra_bufts = best->way.has_extra_bufts;
    }
    tune->best.turn_ms = best->way.turn_ms;
    tune->best.usual_turn_ms = own->way.turn_ms;
    return PAL_OK;
}
