/*
 * Builds, with weights rearranged and not: each that runs here is sampled, whoever is near the best
 * plays a match against ggml's own choice. Reading the weights is what costs there: of a large
 * model a few layers do for it, and where even that takes too long, the kind of weights is settled
 * on ggml's own choice.
 */
#include <string.h>

#include "bench/tune.h"
#include "plan/variants.h"
#include "util/clock.h"
#include "util/mem.h"

#define BUILDS_MAX 8 /* of the highest score; older ones have never won */
#define FINALISTS  4 /* beside ggml's own choice */
/* Shares of the time at which each part ends, so that the next gets its turn. */
#define SHARE_ALL_BUILDS 0.30
#define SHARE_BUILDS     0.40
#define SHARE_FINALS     0.55
#define ON_LAYERS        0.5  /* of these, where builds are compared on a few layers first */
#define NEAR             1.15 /* so much slower in a few samples may still be the best */
#define FAR              1.6  /* so much slower may not */
#define FEW              3    /* samples of all, where loading is cheap */
#define MORE_ROUNDS      4
#define BEHIND           1.02
#define WIN              0.99
#define WIN_GLANCE       0.90
#define USUAL_SAMPLES    2
#define MATCH_ROUNDS     9
#define N_REST           9 /* candidates that come after the builds, about */

struct pal_candidate *
pal_tune_best(struct pal_tune *tune, enum pal_tune_work work, struct pal_candidate **except,
              size_t n_except)
{
    struct pal_candidate *best = NULL;
    for (size_t i = 0; i < tune->n_candidates; i++) {
        struct pal_candidate *candidate = &tune->candidates[i];
        bool is_out = candidate->n_samples == 0 || candidate->work != work;
        for (size_t k = 0; k < n_except && !is_out; k++) {
            is_out = candidate == except[k];
        }
        if (!is_out && (best == NULL || candidate->way.turn_ms < best->way.turn_ms)) {
            best = candidate;
        }
    }
    return best;
}

static double
builds_share(const struct pal_tune *tune, double share)
{
    return tune->turn == PAL_TUNE_LAYERS ? ON_LAYERS * share : share;
}

/* ggml's own choice is the first of the list, and goes without a name: a newer build may be better.
 */
static struct pal_tuned
build_way(const struct pal_tune *tune, const struct pal_variant *variants, size_t i,
          bool has_extra_bufts)
{
    struct pal_tuned way = pal_tune_usual(tune);
    if (i > 0) {
        memcpy(way.variant, variants[i].name, sizeof(way.variant));
    }
    way.has_extra_bufts = has_extra_bufts;
    /* A thread that shares its core would drown all differences. */
    way.n_threads = way.n_threads_batch = tune->n_free_cores;
    return way;
}

/* llama.cpp's own choice, before all others. Returns what a sample takes with loading. */
static int64_t
sample_usual(struct pal_tune *tune)
{
    struct pal_sample sample;
    struct pal_tuned way = pal_tune_usual(tune);
    struct pal_candidate *usual = pal_tune_candidate(tune, &way, tune->turn);
    int64_t began_us = pal_now_us();
    bool is_there = usual != NULL;
    for (int i = 0; i < USUAL_SAMPLES && is_there; i++) {
        is_there = pal_tune_sample(tune, usual, &sample);
    }
    return pal_now_us() - began_us;
}

/* One sample of one build. Where loading took long, *cost_us becomes what it took with that. */
static struct pal_candidate *
try_build(struct pal_tune *tune, const struct pal_variant *variants, size_t i, bool has_extra_bufts,
          int64_t *cost_us)
{
    struct pal_sample sample;
    struct pal_tuned way = build_way(tune, variants, i, has_extra_bufts);
    struct pal_candidate *candidate = pal_tune_candidate(tune, &way, tune->turn);
    int64_t began_us = pal_now_us();
    if (candidate == NULL || candidate->n_samples > 0) {
        return candidate;
    }
    pal_tune_refresh_usual(tune);
    bool is_there = pal_tune_sample(tune, candidate, &sample);
    *cost_us = pal_now_us() - began_us;
    return is_there ? candidate : NULL;
}

static void
try_builds(struct pal_tune *tune, const struct pal_variant *variants, size_t n,
           int64_t usual_cost_us)
{
    bool has_card = tune->plan.n_gpu_layers > 0; /* llama.cpp rearranges nothing then */
    int64_t cost_us[2] = {usual_cost_us, usual_cost_us};
    const struct pal_candidate *mapped = try_build(tune, variants, 0, false, &cost_us[0]);
    const struct pal_candidate *rearranged =
        has_card ? NULL : try_build(tune, variants, 0, true, &cost_us[1]);
    bool is_mapped_better = has_card || rearranged == NULL ||
                            (mapped != NULL && mapped->way.turn_ms < rearranged->way.turn_ms);
    bool has_time =
        !has_card && pal_tune_has_share(tune, builds_share(tune, SHARE_ALL_BUILDS),
                                        (cost_us[0] + cost_us[1]) * (int64_t)(n > 0 ? n - 1 : 0));
    for (size_t i = 1; i < n; i++) {
        for (int extra = 0; extra <= 1; extra++) { /* false, true */
            bool is_better = (extra == 0) == is_mapped_better;
            if ((is_better || has_time) &&
                pal_tune_has_share(tune, builds_share(tune, SHARE_BUILDS), cost_us[extra])) {
                (void)try_build(tune, variants, i, extra != 0, &cost_us[extra]);
            }
        }
    }
    /* The best build also with the weights of the other kind. */
    const struct pal_candidate *best = pal_tune_best(tune, tune->turn, NULL, 0);
    for (size_t i = 1; i < n && best != NULL && !has_time && !has_card; i++) {
        bool extra = !best->way.has_extra_bufts;
        if (strcmp(variants[i].name, best->way.variant) == 0 &&
            pal_tune_has_share(tune, builds_share(tune, SHARE_BUILDS), cost_us[extra])) {
            (void)try_build(tune, variants, i, extra, &cost_us[extra]);
        }
    }
}

/*
 * One sample tells little where others are at work. Where loading is cheap, whoever is not plainly
 * slower is sampled again, in rounds, so that a bad moment is nobody's alone.
 */
static void
look_again(struct pal_tune *tune)
{
    int64_t round_us = 0;
    for (int round = 0; round < MORE_ROUNDS; round++) {
        if (!pal_tune_has_share(tune, builds_share(tune, SHARE_BUILDS), round_us)) {
            return;
        }
        int64_t began_us = pal_now_us();
        const struct pal_candidate *best = pal_tune_best(tune, tune->turn, NULL, 0);
        for (size_t i = 0; i < tune->n_candidates && best != NULL; i++) {
            struct pal_candidate *candidate = &tune->candidates[i];
            struct pal_sample sample;
            bool is_near = candidate->way.turn_ms < FAR * best->way.turn_ms;
            if (candidate->n_samples > 0 && (is_near || candidate->n_samples < FEW)) {
                (void)pal_tune_sample(tune, candidate, &sample);
            }
        }
        round_us = pal_now_us() - began_us;
    }
}

/* Those near the best by turns. The first, ggml's own build, is kept unless another surely wins. */
static void
run_finals(struct pal_tune *tune, struct pal_candidate *home)
{
    struct pal_match match = {.entries = {home}, .n_entries = 1};
    const struct pal_candidate *first = pal_tune_best(tune, tune->turn, NULL, 0);
    double least_ms = first != NULL ? first->way.turn_ms : 0;
    size_t most =
        tune->n_engines < FINALISTS + 1 && tune->n_engines > 1 ? tune->n_engines : FINALISTS + 1;
    while (match.n_entries < most) {
        struct pal_candidate *next =
            pal_tune_best(tune, tune->turn, match.entries, match.n_entries);
        if (next == NULL || next->way.turn_ms > NEAR * least_ms) {
            break;
        }
        match.entries[match.n_entries++] = next;
    }
    pal_match_play(tune, &match, MATCH_ROUNDS, builds_share(tune, SHARE_FINALS), BEHIND);
    size_t leader = pal_match_leader(&match);
    if (leader == match.n_entries) {
        return;
    }
    struct pal_duel_verdict verdict = pal_match_judge(&match, 0, leader);
    bool is_home_out = home->n_samples == 0 || home->failure[0] != '\0';
    tune->best = is_home_out || verdict.high < WIN ? match.entries[leader]->way : home->way;
}

/* llama.cpp's own choice, and the builds beside it; the best of these is left in tune->best. */
static void
compare_builds(struct pal_tune *tune)
{
    struct pal_variant variants[PAL_VARIANTS_MAX];
    size_t n = pal_variants_find(tune->llama_dir, variants);
    size_t most = tune->is_quick ? 2 : BUILDS_MAX;
    n = n > most ? most : n;
    int64_t cost_us = sample_usual(tune);
    if (n == 0) {
        return;
    }
    tune->n_expected = 1 + 2 * n + N_REST;
    try_builds(tune, variants, n, cost_us);
    look_again(tune);
    tune->n_expected = tune->n_candidates + N_REST;
    struct pal_tuned way = build_way(tune, variants, 0, tune->plan.n_gpu_layers == 0);
    struct pal_candidate *home = pal_tune_candidate(tune, &way, tune->turn);
    if (home != NULL) {
        run_finals(tune, home);
    }
}

/*
 * The builds on a few layers first, where the model is large: reading it twenty times would take
 * all the time there is. Who wins there has to win with the whole model, too.
 */
static void
compare_on_layers(struct pal_tune *tune)
{
    tune->turn = PAL_TUNE_LAYERS;
    compare_builds(tune);
    struct pal_tuned found = tune->best;
    pal_tune_close(tune);
    tune->turn = PAL_TUNE_TURN;
    tune->n_words = 0;
    tune->usual_ms = 0;
    tune->open_us = 0;
    tune->best = pal_tune_usual(tune);
    (void)sample_usual(tune);
    found.turn_ms = 0;
    (void)pal_tune_challenge(tune, &found, PAL_TUNE_TURN, WIN, SHARE_FINALS);
}

void
pal_tune_compare_builds(struct pal_tune *tune)
{
    if (tune->layers_path != NULL) {
        compare_on_layers(tune);
    } else {
        compare_builds(tune);
    }
}

/* ---- the first start ---- */

static struct pal_candidate *
glance_at(struct pal_tune *tune, const struct pal_tuned *way)
{
    struct pal_candidate *candidate = pal_tune_candidate(tune, way, PAL_TUNE_GLANCE);
    struct pal_sample sample;
    bool is_there = candidate != NULL && pal_tune_sample(tune, candidate, &sample);
    if (is_there) {
        (void)pal_tune_sample(tune, candidate, &sample);
    }
    return is_there ? candidate : NULL;
}

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
    const struct pal_candidate *own = glance_at(tune, &way);
    way.has_extra_bufts = !way.has_extra_bufts;
    const struct pal_candidate *other = glance_at(tune, &way);
    for (size_t i = 1; i < n_variants && i < BUILDS_MAX; i++) {
        const struct pal_candidate *best = pal_tune_best(tune, PAL_TUNE_GLANCE, NULL, 0);
        memcpy(way.variant, variants[i].name, sizeof(way.variant));
        way.has_extra_bufts = best == NULL || best->way.has_extra_bufts;
        const struct pal_candidate *got = glance_at(tune, &way);
        other = other != NULL ? other : got;
    }
    pal_tune_close(tune);
    const struct pal_candidate *best = pal_tune_best(tune, PAL_TUNE_GLANCE, NULL, 0);
    if (best == NULL || own == NULL || other == NULL) {
        return pal_error_set(error, PAL_ERR_TIMEOUT, "too slow to compare anything in this time");
    }
    tune->usual_turn_ms = own->way.turn_ms;
    if (best->way.turn_ms < WIN_GLANCE * own->way.turn_ms) {
        memcpy(tune->best.variant, best->way.variant, sizeof(tune->best.variant));
        tune->best.has_extra_bufts = best->way.has_extra_bufts;
    }
    tune->best.turn_ms = best->way.turn_ms;
    tune->best.usual_turn_ms = own->way.turn_ms;
    return PAL_OK;
}
