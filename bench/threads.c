/*
 * palabre bench threads: the same generations with 1, 2, 4, 6, 8, 12, 16 threads and with the
 * number that the plan takes.
 */
#include <stdio.h>
#include <string.h>

#include "bench/sweep.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "util/mem.h"
#include "util/text.h"

#define BASELINE_THREADS 6 /* what the second seed had before it counted cores */
#define GOOD_SHARE       0.9

static const struct pal_config_request request = {
    .command = "bench threads",
    .arguments = PAL_SWEEP_ARGUMENTS,
    .about_en = "Measures replies with 1 to 16 threads and with the number that would be taken.",
    .about_fr = "Mesure des réponses avec 1 à 16 fils et avec le nombre qui serait pris.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

static void
report(struct pal_bench *bench, const struct pal_sweep *sweep, uint32_t n_threads, bool is_auto,
       const struct pal_sweep_row *row)
{
    uint32_t n_logical = sweep->planning.machine.cpu.n_logical_usable;
    char name[64];
    (void)snprintf(name, sizeof(name), "%u threads%s%s", n_threads, is_auto ? " (auto)" : "",
                   n_threads > n_logical ? " (oversubscribed)" : "");
    pal_bench_section(bench, name);
    (void)printf("%u threads: %.3fs\n", n_threads, row->seconds);
    pal_bench_value(bench, "generations", "", row->n_generations, NULL);
    pal_bench_value(bench, "tokens", "1/s", row->tokens_s, NULL);
    pal_bench_value(bench, "generation", "s", row->seconds, NULL);
    pal_bench_value(bench, "first token", "s", row->first_token_s, NULL);
    pal_bench_value(bench, "CPU", "%", row->cpu_percent, "100 = one processor");
    pal_bench_value(bench, "memory", "GiB", (double)row->rss_bytes / (double)PAL_GIB, "resident");
}

static void
judge(struct pal_bench *bench, double tokens_auto, double tokens_best, double tokens_baseline)
{
    pal_bench_section(bench, PAL_T("Verdict", "Verdict"));
    if (tokens_baseline > 0) {
        pal_bench_value(bench, "gain over 6 threads", "%",
                        100.0 * (tokens_auto / tokens_baseline - 1.0), NULL);
    }
    if (tokens_best <= 0) {
        return;
    }
    double share = tokens_auto / tokens_best;
    pal_bench_value(bench, "auto against the best", "%", 100.0 * share, "90 or more is good");
    if (share >= 0.98) {
        (void)printf("%s\n", PAL_T("✅ AUTO = best", "✅ AUTO = Optimal !"));
    } else {
        (void)printf(PAL_T("%s AUTO = %.0f%% of the best\n", "%s AUTO = %.0f%% de l'optimal\n"),
                     share >= GOOD_SHARE ? "✅" : "⚠️", 100.0 * share);
    }
}

int
pal_bench_threads(int argc, char **argv)
{
    struct pal_sweep sweep;
    struct pal_bench bench;
    struct pal_error error;
    int status;
    if (!pal_sweep_init(&sweep, &request, argc, argv, &status)) {
        return status;
    }
    pal_bench_init(&bench, "threads");
    const struct pal_engine_options planned = pal_sweep_options(&sweep);
    const uint32_t counts[] = {1, 2, 4, 6, 8, 12, 16, planned.n_threads};
    double best = 0, automatic = 0, baseline = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(counts); i++) {
        bool is_auto = i + 1 == PAL_COUNT_OF(counts);
        struct pal_engine_options options = planned;
        struct pal_sweep_row row;
        options.n_threads = counts[i];
        options.n_threads_batch = is_auto ? planned.n_threads_batch : counts[i];
        if (pal_sweep_measure(&sweep, &options, &row, &error) != PAL_OK) {
            if (counts[i] <= sweep.planning.machine.cpu.n_logical_usable) {
                pal_bench_fail(&bench, "%u threads: %s", counts[i], error.text);
            } else { /* threads that wait for each other without a core to wait on */
                (void)printf("\n%u threads (oversubscribed): %s\n", counts[i], error.text);
            }
            continue;
        }
        report(&bench, &sweep, counts[i], is_auto, &row);
        best = row.tokens_s > best ? row.tokens_s : best;
        automatic = is_auto ? row.tokens_s : automatic;
        baseline = counts[i] == BASELINE_THREADS && !is_auto ? row.tokens_s : baseline;
    }
    judge(&bench, automatic, best, baseline);
    status = pal_bench_finish(&bench, sweep.json_path);
    pal_sweep_finish(&sweep);
    return status;
}
