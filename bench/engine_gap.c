/*
 * Some turns stream; somebody else's long prompt arrives. What a stream's reader sees of it is the
 * time between two pieces, measured where they arrive in this process: usually, and from the
 * prompt's arrival until its own first piece and two more of each stream.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/engine_bench.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define STREAMS_MAX  3u
#define STREAM_WORDS 16u
#define NEW_TOKENS   8u
#define SKIPPED      4u  /* a stream's first gaps belong to its own and the others' prompts */
#define USUAL_PIECES 32u /* of each stream, before the prompt arrives */
#define AFTER_PIECES 2u
#define ARRIVALS_MAX 64u
#define GAPS_MAX     65536u
/* So long an engine that has just started waits for its first line. */
#define SETTLE_US     (4 * PAL_US_PER_S)
#define GAP_TIMES_MAX "<= 2.5"
/* A step that gives a stream several tokens is one event for its reader. */
#define SAME_MOMENT_US 100

struct gaps {
    double *ms; /* owned */
    size_t n;
    double longest;
};

struct stream {
    uint64_t id;
    int64_t last_us;
    uint32_t n_pieces;
    uint32_t n_after; /* since the newcomer's first piece */
};

/* One arrival. */
struct arrival {
    struct stream streams[STREAMS_MAX];
    uint32_t n_streams;
    uint64_t newcomer; /* 0 = it has not come */
    int64_t came_us;
    int64_t first_us;
    uint32_t n_prompt;
    uint32_t n_running; /* turns, the newcomer's among them */
    bool has_lost_one;  /* a stream ended by itself: then nothing is measured */
    struct gaps usual;
    struct gaps during;
};

static void
note_gap(struct gaps *gaps, double ms)
{
    if (gaps->n < GAPS_MAX) {
        if (gaps->n % 256 == 0) {
            gaps->ms = pal_realloc(gaps->ms, gaps->n + 256, sizeof(*gaps->ms));
        }
        gaps->ms[gaps->n++] = ms;
    }
    gaps->longest = ms > gaps->longest ? ms : gaps->longest;
}

static void
on_piece(struct arrival *arrival, uint64_t id)
{
    int64_t now_us = pal_now_us();
    if (id == arrival->newcomer) {
        arrival->first_us = arrival->first_us == 0 ? now_us : arrival->first_us;
        return;
    }
    for (uint32_t i = 0; i < arrival->n_streams; i++) {
        struct stream *stream = &arrival->streams[i];
        if (stream->id != id) {
            continue;
        }
        if (now_us - stream->last_us < SAME_MOMENT_US) {
            continue;
        }
        double ms = (double)(now_us - stream->last_us) / (double)PAL_US_PER_MS;
        stream->last_us = now_us;
        stream->n_pieces++;
        if (arrival->newcomer == 0 && stream->n_pieces > SKIPPED) {
            note_gap(&arrival->usual, ms);
        } else if (arrival->newcomer != 0 && stream->n_after < AFTER_PIECES) {
            note_gap(&arrival->during, ms);
            stream->n_after += arrival->first_us != 0 ? 1 : 0;
        }
    }
}

static void
on_turn(const struct pal_event *event, void *userdata)
{
    struct arrival *arrival = userdata;
    if (event->kind == PAL_EVENT_PIECE) {
        on_piece(arrival, event->turn_id);
        return;
    }
    arrival->n_running--;
    if (event->turn_id == arrival->newcomer && event->kind == PAL_EVENT_DONE) {
        arrival->n_prompt = event->usage.prompt_tokens - event->usage.cached_tokens;
    } else if (event->kind != PAL_EVENT_CANCELLED) {
        arrival->has_lost_one = true;
    }
}

static bool
is_usual_known(const void *userdata)
{
    const struct arrival *arrival = userdata;
    for (uint32_t i = 0; i < arrival->n_streams; i++) {
        if (arrival->streams[i].n_pieces < SKIPPED + USUAL_PIECES) {
            return arrival->has_lost_one;
        }
    }
    return true;
}

static bool
is_newcomer_served(const void *userdata)
{
    const struct arrival *arrival = userdata;
    for (uint32_t i = 0; i < arrival->n_streams; i++) {
        if (arrival->streams[i].n_after < AFTER_PIECES || arrival->n_prompt == 0) {
            return arrival->has_lost_one;
        }
    }
    return true;
}

static bool
is_all_over(const void *userdata)
{
    return ((const struct arrival *)userdata)->n_running == 0;
}

/* The streams, then the newcomer, then the end of all. */
static enum pal_err
run_arrival(struct pal_trial *trial, struct arrival *arrival, uint32_t n_words,
            struct pal_error *error)
{
    enum pal_err err = PAL_OK;
    for (uint32_t i = 0; i < arrival->n_streams && err == PAL_OK; i++) {
        err = pal_trial_begin(trial, STREAM_WORDS, PAL_JOB_TOKENS_MAX, &arrival->streams[i].id,
                              error);
        arrival->n_running += err == PAL_OK ? 1 : 0;
    }
    if (err == PAL_OK) {
        err = pal_trial_await(trial, is_usual_known, arrival, PAL_ENGINE_BENCH_TURN_US, error);
    }
    if (err == PAL_OK) {
        arrival->came_us = pal_now_us();
        err = pal_trial_begin(trial, n_words, NEW_TOKENS, &arrival->newcomer, error);
        arrival->n_running += err == PAL_OK ? 1 : 0;
    }
    if (err == PAL_OK) {
        err = pal_trial_await(trial, is_newcomer_served, arrival, PAL_ENGINE_BENCH_TURN_US, error);
    }
    for (uint32_t i = 0; i < arrival->n_streams; i++) {
        pal_engine_cancel(trial->engine, arrival->streams[i].id);
    }
    enum pal_err ended =
        pal_trial_await(trial, is_all_over, arrival, PAL_ENGINE_BENCH_TURN_US, error);
    if (err == PAL_OK && ended == PAL_OK && arrival->has_lost_one) {
        return pal_error_set(error, PAL_ERR_ENGINE, "a stream ended before the prompt had come in");
    }
    return err != PAL_OK ? err : ended;
}

static void
gaps_finish(struct gaps *gaps)
{
    free(gaps->ms);
    *gaps = (struct gaps){0};
}

static void
add_all(struct gaps *to, const struct gaps *from)
{
    for (size_t i = 0; i < from->n; i++) {
        note_gap(to, from->ms[i]);
    }
}

/* What all arrivals of one kind came to. */
struct gap_rows {
    struct gaps usual, during;
    double longest[ARRIVALS_MAX]; /* of each arrival, ms, */
    double times[ARRIVALS_MAX];   /* and against its own usual gap */
    double usual_times[ARRIVALS_MAX];
    double first_ms[ARRIVALS_MAX];
    uint32_t n_prompt;
    size_t n;
};

static void
take_arrival(struct gap_rows *rows, struct arrival *arrival)
{
    add_all(&rows->usual, &arrival->usual);
    add_all(&rows->during, &arrival->during);
    struct pal_stats usual = pal_stats_of(arrival->usual.ms, arrival->usual.n);
    rows->longest[rows->n] = arrival->during.longest;
    rows->times[rows->n] = usual.median > 0 ? arrival->during.longest / usual.median : 0;
    rows->usual_times[rows->n] = usual.median > 0 ? usual.max / usual.median : 0;
    rows->first_ms[rows->n] =
        (double)(arrival->first_us - arrival->came_us) / (double)PAL_US_PER_MS;
    rows->n_prompt = arrival->n_prompt;
    rows->n++;
}

static void
say_rows(struct pal_bench *bench, struct gap_rows *rows)
{
    char note[128];
    double at_first = rows->times[0];
    double usual_ms = pal_stats_of(rows->usual.ms, rows->usual.n).median;
    struct pal_stats stats = pal_stats_of(rows->usual.ms, rows->usual.n);
    pal_bench_time(bench, "usual gap", "ms", &stats);
    stats = pal_stats_of(rows->during.ms, rows->during.n);
    double p99 = usual_ms > 0 ? stats.p99 / usual_ms : 0;
    pal_bench_time(bench, "gap while the prompt comes in", "ms", &stats);
    stats = pal_stats_of(rows->longest, rows->n);
    pal_bench_time(bench, "longest gap of an arrival", "ms", &stats);
    stats = pal_stats_of(rows->first_ms, rows->n);
    pal_bench_time(bench, "the newcomer's first piece", "ms", &stats);
    stats = pal_stats_of(rows->usual_times, rows->n);
    pal_bench_value(bench, "longest usual / usual, median", "x", stats.median,
                    "the machine's own noise");
    pal_bench_value(bench, "p99 while it comes in / usual", "x", p99, GAP_TIMES_MAX);
    pal_bench_value(bench, "longest / usual, the first arrival", "x", at_first, GAP_TIMES_MAX);
    stats = pal_stats_of(rows->times, rows->n);
    (void)snprintf(note, sizeof(note), "%s; best %.2f, worst %.2f; prompt of %u tokens",
                   GAP_TIMES_MAX, stats.min, stats.max, rows->n_prompt);
    pal_bench_value(bench, "longest / usual, median of arrivals", "x", stats.median, note);
}

static void
measure(struct pal_engine_bench *session, uint32_t n_streams, uint32_t n_words)
{
    struct gap_rows *rows = pal_calloc(1, sizeof(*rows));
    enum pal_err err = PAL_OK;
    for (uint32_t i = 0; i < session->n_repeats && i < ARRIVALS_MAX && err == PAL_OK; i++) {
        struct pal_error error = {0};
        struct arrival *arrival = pal_calloc(1, sizeof(*arrival));
        arrival->n_streams = n_streams;
        session->trial.on_turn = on_turn;
        session->trial.on_turn_userdata = arrival;
        err = run_arrival(&session->trial, arrival, n_words, &error);
        session->trial.on_turn = NULL;
        if (err == PAL_OK) {
            take_arrival(rows, arrival);
        } else {
            pal_bench_fail(&session->bench, "an arrival: %s", error.text);
        }
        gaps_finish(&arrival->usual);
        gaps_finish(&arrival->during);
        free(arrival);
    }
    if (rows->n > 0) {
        say_rows(&session->bench, rows);
    }
    gaps_finish(&rows->usual);
    gaps_finish(&rows->during);
    free(rows);
}

void
pal_engine_bench_gap(struct pal_engine_bench *session)
{
    static const uint32_t n_tokens[] = {400, 690};
    static const uint32_t n_streams[] = {1, STREAMS_MAX};
    static const uint32_t n_words = 256; /* to learn what a word is in this model's tokens */
    struct pal_error error = {0};
    struct pal_trial_turns turns;
    if (pal_trial_run(&session->trial, 1, n_words, 1, PAL_ENGINE_BENCH_TURN_US, &turns, &error) !=
        PAL_OK) {
        pal_bench_fail(&session->bench, "a prompt: %s", error.text);
        return;
    }
    const struct pal_engine_facts *facts = pal_engine_facts(session->trial.engine);
    for (size_t i = 0; i < PAL_COUNT_OF(n_streams); i++) {
        for (size_t k = 0; k < PAL_COUNT_OF(n_tokens); k++) {
            char title[128];
            bool has_room = facts->n_sequences > n_streams[i] &&
                            facts->n_ctx_tokens > n_tokens[k] + STREAMS_MAX * 256;
            (void)snprintf(title, sizeof(title),
                           PAL_T("A prompt of about %u tokens beside %u streams",
                                 "Une requête d'environ %u jetons à côté de %u réponses"),
                           n_tokens[k], n_streams[i]);
            if (has_room && pal_engine_bench_renew(session, session->options.ways, SETTLE_US)) {
                pal_bench_section(&session->bench, title);
                measure(session, n_streams[i],
                        (uint32_t)((uint64_t)n_tokens[k] * n_words / turns.n_prompt_tokens));
            }
        }
    }
}
