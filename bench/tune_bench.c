/*
 * palabre bench tune: is what `tune` picks what an exhaustive sweep picks? With --exhaustive every
 * build, with weights rearranged and not, on every count of threads; without, only the search.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/sweep.h"
#include "bench/tune.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "commands/tuning.h"
#include "gguf/type.h"
#include "plan/variants.h"
#include "util/clock.h"
#include "util/mem.h"

#define SWEEP_BUDGET_US     (3600 * PAL_US_PER_S)
#define WHOLE_SWEEP_TURN_MS 1000
#define ROUNDS              5

static const struct pal_config_request request = {
    .command = "bench tune",
    .arguments = "[--exhaustive] [--quick] [--json FILE]",
    .about_en = "Holds what 'palabre tune' picks against a sweep of everything.",
    .about_fr = "Compare le choix de « palabre tune » au balayage de tout.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

/* ---- the sweep: every combination ---- */

/* One of the n-th combination's values; the rest of n is left for the next dimension. */
static uint32_t
digit(size_t *n, size_t base)
{
    uint32_t value = (uint32_t)(*n % base);
    *n /= base;
    return value;
}

#define N_WAITS      4 /* spinning or asleep, pinned or not */
#define N_ATTENTIONS 3 /* flash with F16, flash with Q8_0, neither */

static struct pal_tuned
combination(const struct pal_tune *tune, size_t n, const uint32_t *counts, size_t n_counts)
{
    struct pal_tuned way = pal_tune_usual(tune);
    way.n_threads = counts[digit(&n, n_counts)];
    way.n_threads_batch = counts[digit(&n, n_counts)];
    uint32_t wait = digit(&n, N_WAITS);
    way.sleeps = wait % 2 != 0;
    way.is_pinned = wait / 2 != 0;
    uint32_t attention = digit(&n, N_ATTENTIONS);
    way.has_flash_attn = attention != 2;
    way.kv_type = attention == 1 ? PAL_GGUF_TYPE_Q8_0 : PAL_GGUF_TYPE_F16;
    return way;
}

/*
 * Every build with both kinds of weights, times every combination of the rest, or, if the model is
 * so slow that this takes too long, times every pair of thread counts. Batches are left out: the
 * reference turn's prompt goes through in one. Returns how many; the best in *best.
 */
static size_t
sweep_everything(struct pal_tune *tune, struct pal_tuned *best, bool *is_whole)
{
    struct pal_variant variants[PAL_VARIANTS_MAX];
    uint32_t counts[PAL_TUNE_THREADS_MAX];
    size_t n_variants = pal_variants_find(tune->llama_dir, variants);
    size_t n_counts = pal_tune_thread_counts(tune, counts);
    size_t n_pairs = n_counts * n_counts;
    size_t n_all = n_pairs * N_WAITS * N_ATTENTIONS;
    *is_whole = tune->usual_turn_ms < WHOLE_SWEEP_TURN_MS;
    size_t n_each = *is_whole ? n_all : n_pairs;
    tune->budget_us = SWEEP_BUDGET_US;
    tune->started_us = pal_now_us();
    size_t n_done = 0;
    *best = (struct pal_tuned){0};
    for (size_t i = 0; i < n_variants * 2; i++) {
        for (size_t k = 0; k < n_each; k++) {
            struct pal_tuned way = combination(tune, k, counts, n_counts);
            memcpy(way.variant, variants[i / 2].name, sizeof(way.variant));
            way.has_extra_bufts = i % 2 == 0;
            tune->n_candidates = 0; /* only the best is kept */
            tune->n_expected = n_variants * 2 * n_each - n_done;
            const struct pal_candidate *got = pal_tune_measure(tune, &way, PAL_EFFORT_LONG);
            n_done++;
            if (got != NULL && (best->turn_ms == 0 || got->way.turn_ms < best->turn_ms)) {
                *best = got->way;
            }
        }
    }
    return n_done;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double
middle(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_size);
    return n > 0 ? values[n / 2] : 0;
}

/* The median of several measurements of each, taken in turn. */
static void
compare(struct pal_tune *tune, const struct pal_tuned *a, const struct pal_tuned *b, double *a_ms,
        double *b_ms)
{
    double ms[2][ROUNDS];
    size_t n[2] = {0, 0};
    const struct pal_tuned *ways[] = {a, b};
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < 2; i++) {
            tune->n_candidates = 0;
            tune->least_ms[PAL_EFFORT_LONG] = 0; /* always the full effort */
            const struct pal_candidate *got = pal_tune_measure(tune, ways[i], PAL_EFFORT_LONG);
            if (got != NULL) {
                ms[i][n[i]++] = got->way.turn_ms;
            }
        }
    }
    *a_ms = middle(ms[0], n[0]);
    *b_ms = middle(ms[1], n[1]);
}

/* Every candidate of the search, and how it does beside llama.cpp's own choice. */
static void
report(struct pal_bench *bench, const struct pal_tune *tune)
{
    static const char *const efforts[PAL_N_EFFORTS] = {"glance", "short trial", "long trial",
                                                       "long prompt"};
    pal_bench_section(bench, "Candidates: a reference turn");
    for (size_t i = 0; i < tune->n_candidates; i++) {
        const struct pal_candidate *candidate = &tune->candidates[i];
        char name[PAL_TUNE_TEXT_MAX], note[96];
        (void)pal_tune_describe(&candidate->way, name, sizeof(name));
        if (candidate->failure[0] != '\0') {
            (void)printf("  %s: %s\n", name, candidate->failure);
            continue;
        }
        (void)snprintf(note, sizeof(note), "%s; %.2f times llama.cpp's own",
                       candidate->is_usual ? "llama.cpp's own choice" : efforts[candidate->effort],
                       tune->usual_turn_ms / candidate->way.turn_ms);
        pal_bench_value(bench, name, "ms", candidate->way.turn_ms, note);
    }
}

static void
judge(struct pal_bench *bench, struct pal_tune *tune, bool wants_all)
{
    char name[PAL_TUNE_TEXT_MAX];
    struct pal_tuned picked = tune->best;
    struct pal_tuned usual = pal_tune_usual(tune);
    double picked_ms = 0, other_ms = 0;
    report(bench, tune);
    pal_bench_section(bench, pal_tune_describe(&picked, name, sizeof(name)));
    pal_bench_value(bench, "search", "s",
                    (double)(pal_now_us() - tune->started_us) / (double)PAL_US_PER_S, "under 180");
    tune->on_trial = NULL;
    tune->started_us = pal_now_us();
    tune->budget_us = SWEEP_BUDGET_US;
    compare(tune, &picked, &usual, &picked_ms, &other_ms);
    pal_bench_value(bench, "picked", "ms", picked_ms, "median, in turn with llama.cpp's own");
    pal_bench_value(bench, "llama.cpp's own choice", "ms", other_ms, NULL);
    pal_bench_value(bench, "times faster than llama.cpp's own choice", "",
                    picked_ms > 0 ? other_ms / picked_ms : 0, NULL);
    if (!wants_all) {
        return;
    }
    struct pal_tuned best;
    bool is_whole = false;
    tune->usual_turn_ms = other_ms;
    size_t n = sweep_everything(tune, &best, &is_whole);
    pal_bench_section(bench, pal_tune_describe(&best, name, sizeof(name)));
    pal_bench_value(bench, "sweep", "", (double)n,
                    is_whole ? "every combination" : "builds, weights, threads");
    compare(tune, &picked, &best, &picked_ms, &other_ms);
    pal_bench_value(bench, "picked", "ms", picked_ms, "median, in turn with the sweep's best");
    pal_bench_value(bench, "the sweep's best", "ms", other_ms, NULL);
    pal_bench_value(bench, "slower than the sweep's best", "%",
                    other_ms > 0 ? 100.0 * (picked_ms / other_ms - 1.0) : 0, "3 or less");
}

int
pal_bench_tune(int argc, char **argv)
{
    struct pal_sweep sweep;
    struct pal_bench bench;
    struct pal_error error;
    char *program = NULL;
    int status;
    if (!pal_sweep_init(&sweep, &request, argc, argv, &status)) {
        return status;
    }
    struct pal_planning *planning = &sweep.planning;
    struct pal_plan_options options = pal_planning_options(&planning->config);
    struct pal_tune *tune = pal_calloc(1, sizeof(*tune));
    planning->plan = pal_plan_make(&planning->machine, &planning->shape, &options);
    pal_bench_init(&bench, "tune");
    if (!pal_tuning_init(tune, planning, &program) || pal_tune_search(tune, &error) != PAL_OK) {
        pal_bench_fail(&bench, "the search found nothing");
    } else {
        judge(&bench, tune, planning->flags.wants_all);
        pal_tune_close(tune);
    }
    free(program);
    free(tune);
    status = pal_bench_finish(&bench, sweep.json_path);
    pal_sweep_finish(&sweep);
    return status;
}
