/*
 * palabre bench tune: is what `tune` picks what an exhaustive sweep picks? Without --exhaustive
 * only the search, and its pick beside llama.cpp's own choice. The sweep's best single sample is
 * the luckiest one, so the verdict is not taken from the sweep: its best few and the pick play a
 * match, and who is the best of these meets the pick in new samples, by turns.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/sweep.h"
#include "bench/tune.h"
#include "bench/tune_sweep.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "commands/tuning.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define ALL_US       (24 * 3600 * PAL_US_PER_S)
#define MATCH_US     (70 * PAL_US_PER_S)
#define DUEL_US      (90 * PAL_US_PER_S)
#define N_BEST       6
#define MATCH_ROUNDS 9
#define DUEL_ROUNDS  30
#define SURE_ROUNDS  9
#define NARROW       0.01 /* between the ends of what the ratio may be */

static const struct pal_config_request request = {
    .command = "bench tune",
    .arguments = "[--exhaustive [--resume FILE] [--seconds N]] [--quick] [--json FILE]",
    .about_en = "Holds what 'palabre tune' picks against a sweep of everything. With --resume what "
                "is known goes to a file, and the sweep is broken off after N seconds.",
    .about_fr = "Compare le choix de « palabre tune » au balayage de tout. Avec --resume, ce qui "
                "est connu va dans un fichier, et le balayage s'arrête après N secondes.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

struct flags {
    const char *resume; /* NULL = none */
    int64_t limit_us;
};

/* Moves this bench's own flags out of argv. */
static bool
take_flags(struct flags *flags, int *argc, char **argv)
{
    int kept = 1;
    *flags = (struct flags){.limit_us = ALL_US};
    for (int i = 1; i < *argc && argv[i] != NULL; i++) {
        const char *value = i + 1 < *argc ? argv[i + 1] : NULL;
        if (value != NULL && strcmp(argv[i], "--resume") == 0) {
            flags->resume = value;
            i++;
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return pal_tuning_take_seconds(argc, argv, &flags->limit_us);
}

/* ---- the search ---- */

/* Every candidate of the search, and how it does beside llama.cpp's own choice. */
static void
report(struct pal_bench *bench, const struct pal_tune *tune)
{
    static const char *const works[PAL_TUNE_N_WORKS] = {"turn", "a few layers", "glance",
                                                        "long prompt"};
    pal_bench_section(bench, "Candidates");
    for (size_t i = 0; i < tune->n_candidates; i++) {
        const struct pal_candidate *candidate = &tune->candidates[i];
        char name[PAL_TUNE_TEXT_MAX], note[128];
        (void)pal_tune_describe(&candidate->way, name, sizeof(name));
        if (candidate->failure[0] != '\0') {
            (void)printf("  %s: %s\n", name, candidate->failure);
        }
        if (candidate->n_samples == 0) {
            continue; /* or the time was over first */
        }
        (void)snprintf(note, sizeof(note),
                       "%s, %u samples (%u taken again); %.2f times llama.cpp's own beside it%s",
                       works[candidate->work], candidate->n_samples, candidate->n_repeated,
                       candidate->ratio, candidate->is_usual ? ": it is" : "");
        pal_bench_value(bench, name, "ms", candidate->way.turn_ms, note);
    }
}

/* The pick of an earlier run, or of a search now. */
static bool
pick(struct pal_bench *bench, struct pal_tune *tune, const char *kept_path)
{
    struct pal_error error;
    struct pal_tuned known;
    if (kept_path != NULL && pal_tuned_load(kept_path, &known, &error) == PAL_OK) {
        tune->best = known;
        tune->usual_turn_ms = known.usual_turn_ms;
        return true;
    }
    if (pal_tune_search(tune, &error) != PAL_OK) {
        pal_bench_fail(bench, "the search found nothing: %s", error.text);
        return false;
    }
    report(bench, tune);
    pal_bench_section(bench, "Search");
    pal_bench_value(bench, "time", "s",
                    (double)(pal_now_us() - tune->started_us) / (double)PAL_US_PER_S, "under 180");
    if (kept_path != NULL && pal_tuned_save(kept_path, &tune->best, &error) != PAL_OK) {
        pal_bench_fail(bench, "%s", error.text);
    }
    return true;
}

/* ---- the verdict ---- */

static void
start_clock(struct pal_tune *tune, int64_t budget_us)
{
    tune->started_us = pal_now_us();
    tune->budget_us = budget_us;
}

/* New samples of both by turns, until it is sure enough. */
static struct pal_duel_verdict
duel(struct pal_tune *tune, int64_t limit_us, const struct pal_tuned *a, const struct pal_tuned *b,
     size_t *n_rounds)
{
    struct pal_match match = {.n_entries = 2};
    match.entries[0] = pal_tune_candidate(tune, a, PAL_TUNE_TURN);
    match.entries[1] = pal_tune_candidate(tune, b, PAL_TUNE_TURN);
    struct pal_duel_verdict verdict = {0};
    start_clock(tune, limit_us < DUEL_US ? limit_us : DUEL_US);
    while (match.n_rounds < DUEL_ROUNDS && match.entries[1] != NULL) {
        size_t n_before = match.n_rounds;
        pal_match_play(tune, &match, n_before + 1, 1.0, HUGE_VAL);
        verdict = pal_match_judge(&match, 0, 1);
        bool is_sure = match.n_rounds >= SURE_ROUNDS && verdict.high - verdict.low < NARROW;
        if (match.n_rounds == n_before || is_sure) {
            break;
        }
    }
    *n_rounds = match.n_rounds;
    return verdict;
}

static void
hold_to_usual(struct pal_bench *bench, struct pal_tune *tune, int64_t limit_us,
              const struct pal_tuned *picked)
{
    char name[PAL_TUNE_TEXT_MAX], note[128];
    struct pal_tuned usual = pal_tune_usual(tune);
    pal_bench_section(bench, pal_tune_describe(picked, name, sizeof(name)));
    if (pal_tune_is_same(&usual, picked)) {
        (void)printf("  it is llama.cpp's own choice\n");
        return;
    }
    size_t n_rounds = 0;
    struct pal_duel_verdict verdict = duel(tune, limit_us, picked, &usual, &n_rounds);
    (void)snprintf(note, sizeof(note), "%zu rounds by turns; nine times in ten %.3f to %.3f",
                   n_rounds, verdict.low, verdict.high);
    pal_bench_value(bench, "times faster than llama.cpp's own choice", "", verdict.ratio, note);
}

/* The best of the sweep's best few that is not the pick; false: there is none. */
static bool
find_rival(struct pal_tune *tune, int64_t limit_us, const struct pal_tune_sweep *sweep,
           const struct pal_tuned *picked, struct pal_tuned *rival)
{
    size_t best[N_BEST];
    size_t n_best = pal_tune_sweep_best(sweep, best, N_BEST);
    struct pal_match match = {.n_entries = 0};
    for (size_t i = 0; i < n_best; i++) {
        struct pal_tuned way = pal_tune_sweep_way(sweep, tune, best[i]);
        struct pal_candidate *entry =
            pal_tune_is_same(&way, picked) ? NULL : pal_tune_candidate(tune, &way, PAL_TUNE_TURN);
        if (entry != NULL) {
            match.entries[match.n_entries++] = entry;
        }
    }
    start_clock(tune, limit_us < MATCH_US ? limit_us : MATCH_US);
    pal_match_play(tune, &match, MATCH_ROUNDS, 1.0, 1.0);
    size_t leader = pal_match_leader(&match);
    if (leader < match.n_entries) {
        *rival = match.entries[leader]->way;
    }
    return leader < match.n_entries;
}

static void
hold_to_sweep(struct pal_bench *bench, struct pal_tune *tune, int64_t limit_us,
              const struct pal_tune_sweep *sweep, const struct pal_tuned *picked)
{
    struct pal_tuned rival;
    char name[PAL_TUNE_TEXT_MAX], note[128];
    size_t n_rounds = 0;
    if (!find_rival(tune, limit_us, sweep, picked, &rival)) {
        if (sweep->n_done == sweep->n_ways) {
            pal_bench_fail(bench, "no way of the sweep runs");
        }
        return;
    }
    struct pal_duel_verdict verdict = duel(tune, limit_us, &rival, picked, &n_rounds);
    pal_bench_section(bench, pal_tune_describe(&rival, name, sizeof(name)));
    (void)snprintf(note, sizeof(note),
                   "%zu rounds by turns; nine times in ten %+.1f to %+.1f; 3 or less", n_rounds,
                   100.0 * (verdict.low - 1.0), 100.0 * (verdict.high - 1.0));
    pal_bench_value(bench, "the pick is slower than this, the sweep's best other way", "%",
                    100.0 * (verdict.ratio - 1.0), note);
}

static void
sweep_all(struct pal_bench *bench, struct pal_tune *tune, const struct flags *flags,
          const char *key)
{
    struct pal_tune_sweep sweep;
    struct pal_error error;
    struct pal_tuned picked = tune->best;
    struct pal_sample sample;
    pal_tune_sweep_init(&sweep, tune, tune->usual_turn_ms < PAL_TUNE_WHOLE_TURN_MS);
    tune->n_candidates = 0;
    tune->best = pal_tune_usual(tune); /* stays loaded, and no other */
    start_clock(tune, ALL_US);
    struct pal_candidate *usual = pal_tune_candidate(tune, &tune->best, PAL_TUNE_TURN);
    bool is_there = pal_tune_sample(tune, usual, &sample);
    start_clock(tune, flags->limit_us);
    if (!is_there) {
        pal_bench_fail(bench, "llama.cpp's own choice can't be measured here");
    } else if (pal_tune_sweep_run(&sweep, tune, flags->resume, key, &error) != PAL_OK) {
        pal_bench_fail(bench, "%s", error.text);
    } else {
        tune->n_candidates = 1;
        pal_bench_section(bench, "Sweep");
        pal_bench_value(bench, "ways measured", "", (double)sweep.n_done,
                        sweep.is_whole ? "builds, weights, threads, waiting, attention"
                                       : "builds, weights, threads");
        pal_bench_value(bench, "of", "", (double)sweep.n_ways, NULL);
        if (sweep.n_done < sweep.n_ways) {
            (void)printf("%s\n",
                         PAL_T("  the time is over: the verdict is on these; the same command "
                               "goes on from here",
                               "  le temps est écoulé : le verdict porte sur ceux-ci ; la même "
                               "commande reprendra ici"));
        }
        tune->best = picked;
        hold_to_usual(bench, tune, flags->limit_us, &picked);
        hold_to_sweep(bench, tune, flags->limit_us, &sweep, &picked);
    }
    pal_tune_sweep_finish(&sweep);
}

static void
run(struct pal_bench *bench, struct pal_tune *tune, const struct pal_planning *planning,
    const struct flags *flags)
{
    char *key = pal_tuned_path(&planning->machine, &planning->shape);
    char *kept_path = flags->resume != NULL ? pal_printf("%s.pick", flags->resume) : NULL;
    if (pick(bench, tune, kept_path)) {
        tune->on_trial = NULL;
        struct pal_tuned picked = tune->best;
        if (planning->flags.wants_all) {
            sweep_all(bench, tune, flags, key != NULL ? key : "-");
        } else {
            hold_to_usual(bench, tune, flags->limit_us, &picked);
        }
    }
    pal_tune_close(tune);
    free(kept_path);
    free(key);
}

int
pal_bench_tune(int argc, char **argv)
{
    struct flags flags;
    struct pal_sweep sweep;
    struct pal_bench bench;
    struct pal_tuning tuning = {0};
    int status;
    if (!take_flags(&flags, &argc, argv)) {
        return PAL_EXIT_USAGE;
    }
    if (!pal_sweep_init(&sweep, &request, argc, argv, &status)) {
        return status;
    }
    struct pal_planning *planning = &sweep.planning;
    struct pal_plan_options options = pal_planning_options(&planning->config);
    struct pal_tune *tune = pal_calloc(1, sizeof(*tune));
    planning->plan = pal_plan_make(&planning->machine, &planning->shape, &options);
    pal_bench_init(&bench, "tune");
    if (pal_tuning_init(&tuning, tune, planning)) {
        run(&bench, tune, planning, &flags);
    } else {
        pal_bench_fail(&bench, "nothing to measure with");
    }
    pal_tuning_finish(&tuning);
    free(tune);
    status = pal_bench_finish(&bench, sweep.json_path);
    pal_sweep_finish(&sweep);
    return status;
}
