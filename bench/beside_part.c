/* The engine's ways by turns, and each thing that is measured of them. */
#include "bench/beside.h"

#include <stdio.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

/* A change is to be answered within so long; what is measured begins after it. */
#define SETTLE_US (2 * PAL_US_PER_S)
/* Nobody talks to an engine in the moment in which it starts. */
#define LULL_US (1200 * PAL_US_PER_MS)
#define LEAD_US (1 * PAL_US_PER_S)

/* ---- running the engine in one way or another ---- */

static void
add_variant(struct beside_session *session, uint32_t n_threads)
{
    for (size_t i = 1; i < session->n_variants; i++) {
        if (session->variants[i].n_threads == n_threads) {
            return;
        }
    }
    PAL_ASSERT(session->n_variants < BESIDE_VARIANTS_MAX);
    struct beside_variant *variant = &session->variants[session->n_variants++];
    variant->n_threads = n_threads;
    if (n_threads == 0) {
        (void)snprintf(variant->name, sizeof(variant->name), "paced");
    } else {
        (void)snprintf(variant->name, sizeof(variant->name), "fixed, %u threads", n_threads);
    }
}

/* Few, but the fastest is among them on a quiet machine as on a busy one. */
void
beside_choose_variants(struct beside_session *session)
{
    uint32_t most = session->planned.n_threads > 0 ? session->planned.n_threads : 1;
    const uint32_t counts[] = {most, most > 1 ? most - 1 : 1, (most + 1) / 2, 1};
    add_variant(session, 0);
    for (size_t i = 0; i < PAL_COUNT_OF(counts); i++) {
        add_variant(session, counts[i]);
    }
    if (session->wants_sleep) {
        PAL_ASSERT(session->n_variants < BESIDE_VARIANTS_MAX);
        session->variants[session->n_variants++] = (struct beside_variant){
            .name = "fixed, all threads, sleeping", .n_threads = most, .sleeps = true};
    }
}

struct pal_engine_options
beside_options_of(const struct beside_session *session, const struct beside_variant *variant)
{
    struct pal_engine_options options = session->planned;
    options.ways &= ~(unsigned)PAL_ENGINE_PACED;
    if (variant->n_threads == 0) {
        options.ways |= PAL_ENGINE_PACED;
    } else {
        options.n_threads = options.n_threads_batch = variant->n_threads;
    }
    options.ways |= variant->sleeps ? (unsigned)PAL_ENGINE_NO_POLL : 0;
    return options;
}

static bool
go_on_as(struct beside_session *session, const struct beside_variant *variant)
{
    struct pal_error error = {0};
    const struct pal_engine_options options = beside_options_of(session, variant);
    if (pal_trial_retune(&session->trial, &options, BESIDE_OPEN_TIMEOUT_US, &error) != PAL_OK) {
        pal_bench_fail(&session->bench, "%s: %s", variant->name, error.text);
        return false;
    }
    pal_trial_idle(&session->trial, LULL_US);
    return true;
}

/* Tokens a second, after the time to settle. < 0: it failed. */
static double
sample_rate(struct beside_session *session, const char *name)
{
    struct beside_record record;
    struct pal_error error = {0};
    double rate = -1;
    int64_t us = SETTLE_US + session->window_us;
    if (beside_watch(&session->trial, us, NULL, 0, &record, &error)) {
        rate = beside_rate(&record, SETTLE_US, us);
    } else {
        pal_bench_fail(&session->bench, "%s: %s", name, error.text);
    }
    beside_record_finish(&record);
    return rate;
}

/* All variants by turns; their medians. False: one failed. */
static bool
compare(struct beside_session *session, double medians[BESIDE_VARIANTS_MAX])
{
    double samples[BESIDE_VARIANTS_MAX][BESIDE_ROUNDS_MAX] = {{0}};
    for (uint32_t round = 0; round < session->n_rounds; round++) {
        for (size_t v = 0; v < session->n_variants; v++) {
            const struct beside_variant *variant = &session->variants[v];
            double rate = go_on_as(session, variant) ? sample_rate(session, variant->name) : -1;
            if (rate < 0) {
                return false;
            }
            samples[v][round] = rate;
        }
    }
    for (size_t v = 0; v < session->n_variants; v++) {
        (void)printf("  %-18s in turn:", session->variants[v].name);
        for (uint32_t round = 0; round < session->n_rounds; round++) {
            (void)printf(" %.2f", samples[v][round]);
        }
        (void)printf("\n");
        struct pal_stats stats = pal_stats_of(samples[v], session->n_rounds);
        pal_bench_time(&session->bench, session->variants[v].name, "tokens/s", &stats);
        medians[v] = stats.median;
    }
    return true;
}

/* The rivals run already; they are stopped. */
static void
compare_beside(struct beside_session *session, struct beside_rivals *rivals, const char *note)
{
    double medians[BESIDE_VARIANTS_MAX] = {0};
    double best = 0;
    bool ok = compare(session, medians);
    if (!beside_rivals_stop(rivals, NULL)) {
        pal_bench_fail(&session->bench, "the other programs did not run");
        ok = false;
    }
    for (size_t v = 1; v < session->n_variants && ok; v++) {
        best = medians[v] > best ? medians[v] : best;
    }
    if (best > 0) {
        pal_bench_value(&session->bench, "paced, over the best fixed", "x", medians[0] / best,
                        note);
    }
    if (ok && medians[1] > 0) {
        pal_bench_value(&session->bench, "paced, over all threads fixed", "x",
                        medians[0] / medians[1], NULL);
    }
}

/* ---- parts ---- */

void
beside_measure(struct beside_session *session, const char *title, enum beside_rival_kind kind,
               unsigned n, const char *note)
{
    struct beside_rivals rivals;
    pal_bench_section(&session->bench, title);
    beside_rivals_start(&rivals, kind, n, 0);
    compare_beside(session, &rivals, note);
}

void
beside_measure_spin(struct beside_session *session)
{
    struct beside_rivals other;
    pal_bench_section(&session->bench, PAL_T("Another engine beside it, all its threads at work",
                                             "Un autre moteur à côté, tous ses fils au travail"));
    if (!beside_rival_run(&other, session->spinner_argv[0], session->spinner_argv)) {
        pal_bench_fail(&session->bench, "the other engine could not be started");
        return;
    }
    pal_trial_idle(&session->trial, 2 * SETTLE_US); /* it loads */
    compare_beside(session, &other, NULL);
}

/* The other engine of beside_measure_spin(): decodes with a fixed number of threads until it is
 * killed. */
void
beside_be_spinner(struct beside_session *session)
{
    struct pal_error error = {0};
    struct beside_record record;
    while (go_on_as(session, &session->variants[1]) &&
           beside_watch(&session->trial, 60 * PAL_US_PER_S, NULL, 0, &record, &error)) {
        beside_record_finish(&record);
    }
    pal_bench_fail(&session->bench, "%s", error.text);
}

static void
start_loop(void *userdata)
{
    beside_rivals_start(userdata, BESIDE_LOOP, 1, 0);
}

static void
stop_loop(void *userdata)
{
    (void)beside_rivals_stop(userdata, NULL);
}

static void
print_timeline(struct beside_session *session, const struct beside_record *record, int64_t until_us)
{
    const int64_t step_us = PAL_US_PER_S / 2;
    for (int64_t at = 0; at + step_us <= until_us; at += step_us) {
        char name[48], note[48];
        (void)snprintf(name, sizeof(name), "%.1f s", (double)at / (double)PAL_US_PER_S);
        (void)snprintf(note, sizeof(note), "%u threads at work",
                       beside_threads_usual(record, at, at + step_us));
        pal_bench_value(&session->bench, name, "tokens/s", beside_rate(record, at, at + step_us),
                        note);
    }
}

static void
report_reaction(struct beside_session *session, const char *name, const double *ms, size_t n)
{
    double samples[BESIDE_ROUNDS_MAX] = {0};
    for (size_t i = 0; i < n; i++) {
        if (ms[i] < 0) {
            pal_bench_fail(&session->bench, "%s: it did not settle in round %zu", name, i + 1);
            return;
        }
        samples[i] = ms[i];
    }
    struct pal_stats stats = pal_stats_of(samples, n);
    pal_bench_time(&session->bench, name, "ms", &stats);
}

/* A loop that starts and stops: each phase lasts as long as a window and the time to settle. */
void
beside_measure_loop(struct beside_session *session)
{
    struct beside_act acts[2 * BESIDE_ROUNDS_MAX];
    double ms[4][BESIDE_ROUNDS_MAX] = {{0}};
    struct beside_rivals loop = {.result_fd = -1};
    struct beside_record record;
    struct pal_error error = {0};
    size_t n_acts = 0;
    int64_t phase_us = SETTLE_US + session->window_us;
    int64_t us = phase_us;
    for (uint32_t round = 0; round < session->n_rounds; round++, us += 2 * phase_us) {
        acts[n_acts++] = (struct beside_act){us, start_loop, &loop};
        acts[n_acts++] = (struct beside_act){us + phase_us, stop_loop, &loop};
    }
    pal_bench_section(&session->bench, PAL_T("A busy loop that starts and stops",
                                             "Une boucle qui démarre et s'arrête"));
    bool ok = go_on_as(session, &session->variants[0]) &&
              beside_watch(&session->trial, us, acts, n_acts, &record, &error);
    if (!ok) {
        pal_bench_fail(&session->bench, "the timeline: %s", error.text);
        return;
    }
    print_timeline(session, &record, us);
    for (uint32_t round = 0; round < session->n_rounds; round++) {
        int64_t on_us = acts[2 * round].at_us;
        int64_t off_us = on_us + phase_us;
        ms[0][round] = beside_threads_settled_ms(&record, on_us, off_us);
        ms[1][round] = beside_rate_settled_ms(&record, on_us, off_us);
        ms[2][round] = beside_threads_settled_ms(&record, off_us, off_us + phase_us);
        ms[3][round] = beside_rate_settled_ms(&record, off_us, off_us + phase_us);
    }
    report_reaction(session, "loop starts: threads settled after", ms[0], session->n_rounds);
    report_reaction(session, "loop starts: speed settled after", ms[1], session->n_rounds);
    report_reaction(session, "loop stops: threads settled after", ms[2], session->n_rounds);
    report_reaction(session, "loop stops: speed settled after", ms[3], session->n_rounds);
    beside_record_finish(&record);
}

/* ---- a game beside it ---- */

/* The game's frames; *rate: tokens a second meanwhile, if there is an engine. */
static bool
play_once(struct beside_session *session, bool has_engine, struct beside_frames *frames,
          double *rate)
{
    struct beside_rivals game;
    struct beside_record record = {0};
    struct pal_error error = {0};
    int64_t us = LEAD_US + session->window_us;
    beside_rivals_start(&game, BESIDE_GAME, 1, us);
    bool ok = !has_engine || beside_watch(&session->trial, us, NULL, 0, &record, &error);
    *rate = beside_rate(&record, LEAD_US, us);
    beside_record_finish(&record);
    if (!beside_rivals_stop(&game, frames) || !ok) {
        pal_bench_fail(&session->bench, "a game: %s", ok ? "it did not play" : error.text);
        return false;
    }
    return true;
}

struct seat {
    const char *name;
    enum pal_engine_priority priority;
    size_t variant;
    bool has_engine;
};

static void
play_beside(struct beside_session *session, const struct seat *seat)
{
    double missed[BESIDE_ROUNDS_MAX], p95[BESIDE_ROUNDS_MAX], rates[BESIDE_ROUNDS_MAX];
    struct pal_error error = {0};
    struct pal_engine_options options =
        beside_options_of(session, &session->variants[seat->variant]);
    options.priority = seat->priority;
    if (seat->has_engine &&
        pal_trial_open(&session->trial, &options, BESIDE_OPEN_TIMEOUT_US, &error) != PAL_OK) {
        pal_bench_fail(&session->bench, "%s: %s", seat->name, error.text);
        return;
    }
    bool ok = true;
    for (uint32_t round = 0; round < session->n_rounds && ok; round++) {
        struct beside_frames frames = {0};
        ok = play_once(session, seat->has_engine, &frames, &rates[round]);
        missed[round] = frames.n > 0 ? 100.0 * frames.n_missed / frames.n : 0;
        p95[round] = frames.p95_ms;
        (void)printf(
            "  %-30s %u of %u frames missed, p95 %.1f ms, longest %.1f ms, %.2f tokens/s\n",
            seat->name, frames.n_missed, frames.n, frames.p95_ms, frames.max_ms, rates[round]);
    }
    pal_trial_close(&session->trial);
    if (!ok) {
        return;
    }
    char name[64];
    struct pal_stats stats = pal_stats_of(missed, session->n_rounds);
    (void)snprintf(name, sizeof(name), "%s: missed", seat->name);
    pal_bench_time(&session->bench, name, "%", &stats);
    stats = pal_stats_of(p95, session->n_rounds);
    (void)snprintf(name, sizeof(name), "%s: p95", seat->name);
    pal_bench_time(&session->bench, name, "ms", &stats);
    stats = pal_stats_of(rates, session->n_rounds);
    (void)snprintf(name, sizeof(name), "%s: replies", seat->name);
    pal_bench_time(&session->bench, name, "tokens/s", &stats);
}

/* Each seat is an engine of its own, since a process can lower its priority but not raise it. */
void
beside_measure_game(struct beside_session *session)
{
    static const struct seat seats[] = {
        {"no engine", PAL_ENGINE_PRIORITY_NORMAL, 0, false},
        {"all threads, normal", PAL_ENGINE_PRIORITY_NORMAL, 1, true},
        {"paced, normal", PAL_ENGINE_PRIORITY_NORMAL, 0, true},
        {"paced, low", PAL_ENGINE_PRIORITY_LOW, 0, true},
        {"paced, idle", PAL_ENGINE_PRIORITY_IDLE, 0, true},
    };
    pal_bench_section(&session->bench,
                      PAL_T("A game beside it: 60 frames a second, 8 ms of work each",
                            "Un jeu à côté : 60 images par seconde, 8 ms de travail chacune"));
    pal_trial_close(&session->trial);
    for (size_t i = 0; i < PAL_COUNT_OF(seats); i++) {
        play_beside(session, &seats[i]);
    }
}
