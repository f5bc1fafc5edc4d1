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
#include "plan/variants.h"
#include "util/clock.h"
#include "util/mem.h"

#define SWEEP_BUDGET_US (3600 * PAL_US_PER_S)

static const struct pal_config_request request = {
    .command = "bench tune",
    .arguments = "[--exhaustive] [--quick] [--json FILE]",
    .about_en = "Holds what 'palabre tune' picks against a sweep of everything.",
    .about_fr = "Compare le choix de « palabre tune » au balayage de tout.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

static double
sweep_everything(struct pal_tune *tune)
{
    struct pal_variant variants[PAL_VARIANTS_MAX];
    uint32_t counts[8];
    size_t n = pal_variants_find(tune->llama_dir, variants);
    size_t n_counts = pal_tune_thread_counts(tune, counts);
    double best = 0;
    tune->n_expected = tune->n_candidates + n * 2 * n_counts;
    tune->budget_us = SWEEP_BUDGET_US;
    for (size_t i = 0; i < n * 2 * n_counts; i++) {
        struct pal_tuned way = pal_tune_usual(tune);
        memcpy(way.variant, variants[i / (2 * n_counts)].name, sizeof(way.variant));
        way.has_extra_bufts = i / n_counts % 2 == 0;
        way.n_threads = way.n_threads_batch = counts[i % n_counts];
        const struct pal_candidate *got = pal_tune_measure(tune, &way, true);
        if (got != NULL && (best == 0 || got->way.turn_ms < best)) {
            best = got->way.turn_ms;
        }
    }
    return best;
}

static void
report(struct pal_bench *bench, const struct pal_tune *tune)
{
    pal_bench_section(bench, "Candidates: a reference turn");
    for (size_t i = 0; i < tune->n_candidates; i++) {
        const struct pal_candidate *candidate = &tune->candidates[i];
        char name[160];
        (void)pal_tune_describe(&candidate->way, name, sizeof(name));
        if (candidate->failure[0] == '\0') {
            pal_bench_value(bench, name, "ms", candidate->way.turn_ms,
                            candidate->is_usual  ? "llama.cpp's own choice"
                            : candidate->is_dear ? NULL
                                                 : "short trial");
        }
    }
}

int
pal_bench_tune(int argc, char **argv)
{
    struct pal_sweep sweep;
    struct pal_bench bench;
    struct pal_error error;
    char name[160];
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
        struct pal_tuned picked = tune->best;
        double search_s = (double)(pal_now_us() - tune->started_us) / (double)PAL_US_PER_S;
        double best = planning->flags.wants_all ? sweep_everything(tune) : 0;
        const struct pal_candidate *again = pal_tune_measure(tune, &picked, true);
        double picked_ms = again != NULL ? again->way.turn_ms : picked.turn_ms;
        report(&bench, tune);
        pal_bench_section(&bench, pal_tune_describe(&picked, name, sizeof(name)));
        pal_bench_value(&bench, "picked", "ms", picked_ms, "measured again at the end");
        pal_bench_value(&bench, "search", "s", search_s, "under 180");
        pal_bench_value(&bench, "times faster than llama.cpp's choice", "",
                        picked_ms > 0 ? tune->usual_turn_ms / picked_ms : 0, NULL);
        if (best > 0) {
            pal_bench_value(&bench, "slower than the sweep's best", "%",
                            100.0 * (picked_ms / best - 1.0), "3 or less");
        }
    }
    free(program);
    free(tune);
    status = pal_bench_finish(&bench, sweep.json_path);
    pal_sweep_finish(&sweep);
    return status;
}
