/*
 * palabre bench park: what it costs that a conversation has to leave the KV and come back, and that
 * another engine takes over. One stream decodes all the time; beside it two conversations take
 * turns, in a context that holds both, or one only, so that each line parks the other's: in memory,
 * or on disk. Then a second engine takes over what the first one holds.
 *
 * What matters: how long a line of a conversation that was away waits for its first token, against
 * one that was not; what it computes; and the stream's longest gap meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/sweep.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define LINES_MAX       100u
#define LINE_TOKENS     40 /* and its reply, about */
#define WORDS_DEFAULT   400u
#define WORDS_MAX       100000u
#define REPLY_TOKENS    4
#define STREAM_TOKENS   4000
#define STREAM_ROOM     4200u /* its prompt and its reply */
#define GAPS_MAX        8192
#define SETTLE_PIECES   12u
#define PARK_RAM_BYTES  ((uint64_t)2 << 30)
#define LOAD_TIMEOUT_US (600 * PAL_US_PER_S)
#define TURN_TIMEOUT_US (300 * PAL_US_PER_S)
#define N_TALKS         2
#define STREAM_ID       1

static const struct pal_config_request request = {
    .command = "bench park",
    .arguments = "[--part fit,ram,disk,switch] [--words N] " PAL_SWEEP_ARGUMENTS,
    .about_en = "Measures conversations that leave the KV and come back, and a change of engine.\n"
                "Conversations begin with --words N words; --generations N lines follow.",
    .about_fr = "Mesure des conversations qui quittent le KV et reviennent, et un changement de "
                "moteur.\nLes conversations commencent par --words N mots ; --generations N "
                "lignes suivent.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

enum place {
    FIT,
    RAM,
    DISK,
    SWITCH,
    N_PLACES,
};
static const char *const place_names[N_PLACES] = {"fit", "ram", "disk", "switch"};

struct turn {
    uint64_t id;
    int64_t asked_us;
    int64_t first_us; /* 0 = nothing yet */
    bool is_over;
    bool is_ok;
    struct pal_usage usage;
    struct pal_buf text;
};

struct stand {
    struct park *owner;
    struct pal_engine *engine; /* NULL = none is open */
    bool is_closed;
};

struct park {
    struct pal_sweep sweep;
    struct pal_bench bench;
    uint32_t n_words; /* of a conversation's beginning */
    uv_loop_t loop;
    uv_timer_t guard;
    bool is_timed_out;
    struct stand first;
    struct stand second;           /* SWITCH */
    struct pal_job talks[N_TALKS]; /* what was said so far */
    struct turn turn;              /* the newest line */
    double tokens_a_word;
    char dir[sizeof("/tmp/palabre-park-XXXXXX")];
    uint64_t last_id;
    /* the stream's pieces: the gap before each, ms */
    int64_t piece_us;
    double gaps[GAPS_MAX];
    size_t n_gaps;
    bool is_streaming;
};

static double
ms(int64_t us)
{
    return (double)us / (double)PAL_US_PER_MS;
}

/* ---- events ---- */

static void
on_stream(struct park *park, const struct pal_event *event)
{
    if (event->kind != PAL_EVENT_PIECE) {
        park->is_streaming = false;
        return;
    }
    if (park->piece_us != 0 && park->n_gaps < GAPS_MAX) {
        park->gaps[park->n_gaps++] = ms(event->left_us - park->piece_us);
    }
    park->piece_us = event->left_us;
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    const struct stand *stand = userdata;
    struct park *park = stand->owner;
    struct turn *turn = &park->turn;
    if (event->kind == PAL_EVENT_STATE) {
        return;
    }
    if (event->turn_id == STREAM_ID) {
        on_stream(park, event);
    } else if (event->turn_id == turn->id && event->kind == PAL_EVENT_PIECE) {
        turn->first_us = turn->first_us == 0 ? event->left_us : turn->first_us;
        (void)!pal_buf_append(&turn->text, event->text, event->len);
    } else if (event->turn_id == turn->id) {
        turn->is_over = true;
        turn->is_ok = event->kind == PAL_EVENT_DONE;
        turn->usage = event->usage;
    }
}

static void
on_guard(uv_timer_t *timer)
{
    struct park *park = timer->data;
    park->is_timed_out = true;
}

/* One more round of the loop; false: it has gone on for too long. */
static bool
run(struct park *park)
{
    (void)uv_run(&park->loop, UV_RUN_ONCE);
    return !park->is_timed_out;
}

static void
guard(struct park *park, int64_t timeout_us)
{
    park->is_timed_out = false;
    (void)uv_timer_start(&park->guard, on_guard, (uint64_t)(timeout_us / PAL_US_PER_MS), 0);
}

/* ---- engines ---- */

static bool
open_stand(struct park *park, struct stand *stand, enum place place, uint32_t n_ctx_tokens)
{
    struct pal_error error;
    struct pal_engine_options options = pal_sweep_options(&park->sweep);
    options.n_ctx_tokens = n_ctx_tokens;
    options.park_ram_bytes = place == DISK ? 0 : PARK_RAM_BYTES;
    options.park_disk_bytes = place == DISK || place == SWITCH ? PARK_RAM_BYTES : 0;
    options.park_dir = options.park_disk_bytes > 0 ? park->dir : NULL;
    *stand = (struct stand){.owner = park};
    guard(park, LOAD_TIMEOUT_US);
    if (pal_engine_open(&park->loop, &options, on_event, stand, &stand->engine, &error) != PAL_OK) {
        pal_bench_fail(&park->bench, "%s", error.text);
        return false;
    }
    while (pal_engine_state(stand->engine) != PAL_ENGINE_READY) {
        if (pal_engine_state(stand->engine) == PAL_ENGINE_FAILED || !run(park)) {
            pal_bench_fail(&park->bench, "loading: %s", pal_engine_failure(stand->engine)->text);
            return false;
        }
    }
    return true;
}

static void
on_closed(void *userdata)
{
    struct stand *stand = userdata;
    stand->is_closed = true;
}

static void
close_stand(struct park *park, struct stand *stand)
{
    if (stand->engine == NULL) {
        return;
    }
    pal_engine_close(stand->engine, on_closed, stand);
    guard(park, TURN_TIMEOUT_US);
    while (!stand->is_closed && run(park)) {
    }
    stand->engine = NULL;
}

/* ---- what is said ---- */

static char *
many_words(size_t talk, size_t n)
{
    static const char *const words[] = {"one ", "red ", "dog ", "sun ", "tree ", "blue "};
    struct pal_buf buf;
    pal_buf_init(&buf, 1u << 20);
    enum pal_err err = pal_buf_printf(&buf, "%zu ", talk);
    for (size_t i = 0; i < n && err == PAL_OK; i++) {
        err = pal_buf_append_text(&buf, words[(i * (talk + 1)) % PAL_COUNT_OF(words)]);
    }
    char *text = pal_buf_take(&buf);
    pal_buf_finish(&buf);
    return text;
}

static bool
submit(struct park *park, struct stand *stand, struct pal_job *job)
{
    struct pal_error error;
    if (pal_engine_submit(stand->engine, job, &error) != PAL_OK) {
        pal_bench_fail(&park->bench, "%s", error.text);
        pal_job_finish(job);
        return false;
    }
    return true;
}

/* Adds the text to the conversation, asks, and adds the reply. */
static bool
ask(struct park *park, struct stand *stand, size_t talk, const char *text)
{
    struct turn *turn = &park->turn;
    struct pal_job *said = &park->talks[talk];
    struct pal_job job;
    bool ok = pal_job_add_message(said, PAL_ROLE_USER, text, strlen(text)) == PAL_OK;
    pal_job_copy(&job, said);
    pal_buf_finish(&turn->text);
    *turn = (struct turn){.id = ++park->last_id, .asked_us = pal_now_us()};
    pal_buf_init(&turn->text, 64u << 10);
    job.turn_id = turn->id;
    job.submitted_us = turn->asked_us;
    if (!ok || !submit(park, stand, &job)) {
        return false;
    }
    guard(park, TURN_TIMEOUT_US);
    while (!turn->is_over && run(park)) {
    }
    if (!turn->is_over || !turn->is_ok) {
        pal_bench_fail(&park->bench, "a line was not answered");
        return false;
    }
    const char *reply = turn->text.len > 0 ? turn->text.data : "";
    return pal_job_add_message(said, PAL_ROLE_ASSISTANT, reply, turn->text.len) == PAL_OK;
}

static void
forget_talks(struct park *park)
{
    park->last_id = STREAM_ID;
    for (size_t i = 0; i < N_TALKS; i++) {
        pal_job_finish(&park->talks[i]);
        park->talks[i] = (struct pal_job){
            .conversation = pal_printf("talk %zu", i),
            .sampling = pal_sampling_default(),
        };
        park->talks[i].sampling.temperature = 0;
        park->talks[i].sampling.ignore_eos = true;
        park->talks[i].sampling.max_tokens = REPLY_TOKENS;
    }
}

static bool
begin_stream(struct park *park)
{
    struct pal_job job = {.turn_id = STREAM_ID, .sampling = pal_sampling_default()};
    static const char text[] = "Tell me a long story about the sea.";
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = STREAM_TOKENS;
    park->n_gaps = 0;
    park->piece_us = 0;
    park->is_streaming = true;
    if (pal_job_add_message(&job, PAL_ROLE_USER, text, strlen(text)) != PAL_OK ||
        !submit(park, &park->first, &job)) {
        return false;
    }
    guard(park, TURN_TIMEOUT_US);
    while (park->n_gaps < SETTLE_PIECES && park->is_streaming && run(park)) {
    }
    return park->n_gaps >= SETTLE_PIECES;
}

/* ---- what is measured ---- */

struct samples {
    double first_ms[LINES_MAX];
    double computed[LINES_MAX];
    double gap_ms[LINES_MAX]; /* the stream's longest during the line */
    size_t n;
};

static void
note_line(struct park *park, size_t gaps_before, struct samples *samples)
{
    const struct turn *turn = &park->turn;
    double longest = 0;
    for (size_t i = gaps_before; i < park->n_gaps; i++) {
        longest = park->gaps[i] > longest ? park->gaps[i] : longest;
    }
    samples->first_ms[samples->n] = ms(turn->first_us - turn->asked_us);
    samples->computed[samples->n] =
        (double)turn->usage.prompt_tokens - (double)turn->usage.cached_tokens;
    samples->gap_ms[samples->n] = longest;
    samples->n++;
}

static void
show(struct park *park, const char *name, const char *unit, double *samples, size_t n)
{
    struct pal_stats stats = pal_stats_of(samples, n);
    pal_bench_time(&park->bench, name, unit, &stats);
}

static void
report(struct park *park, enum place place, struct samples *samples, size_t n_alone)
{
    pal_bench_section(&park->bench, place_names[place]);
    pal_bench_value(&park->bench, "conversation, tokens", "",
                    (double)park->turn.usage.prompt_tokens, NULL);
    show(park, "line: first token", "ms", samples->first_ms, samples->n);
    show(park, "line: prompt tokens computed", "", samples->computed, samples->n);
    show(park, "stream: its longest gap in a line", "ms", samples->gap_ms, samples->n);
    show(park, "stream: its gaps with nothing beside it", "ms", park->gaps, n_alone);
    if (!park->is_streaming) {
        pal_bench_fail(&park->bench, "the stream ended before the lines did");
    }
}

/* Both conversations hold their words, and the stream goes on beside them. */
static bool
prepare(struct park *park, enum place place)
{
    double a_talk = (double)park->n_words * park->tokens_a_word;
    uint32_t n_lines = park->sweep.n_generations / N_TALKS + 1;
    a_talk += LINE_TOKENS * (double)n_lines;
    double n_held = place == FIT || place == SWITCH ? N_TALKS : 1.2;
    uint32_t n_ctx_tokens = STREAM_ROOM + (uint32_t)(a_talk * n_held);
    forget_talks(park);
    if (!open_stand(park, &park->first, place, n_ctx_tokens)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < N_TALKS && ok; i++) {
        char *text = many_words(i, park->n_words);
        ok = ask(park, &park->first, i, text);
        free(text);
    }
    return ok && begin_stream(park);
}

static void
measure_lines(struct park *park, enum place place)
{
    struct samples samples = {.n = 0};
    size_t n_alone = park->n_gaps;
    uint32_t n_lines = park->sweep.n_generations;
    for (uint32_t i = 0; i < n_lines && park->is_streaming; i++) {
        char text[64];
        size_t before = park->n_gaps;
        (void)snprintf(text, sizeof(text), "[%u] and then?", i);
        if (!ask(park, &park->first, i % N_TALKS, text)) {
            return;
        }
        note_line(park, before, &samples);
    }
    report(park, place, &samples, n_alone);
}

/* The second engine is loaded already: what counts is the moment in which nobody is answered. */
static void
measure_switch(struct park *park)
{
    struct samples samples = {.n = 0};
    struct pal_error error;
    size_t n_alone = park->n_gaps;
    uint32_t n_ctx_tokens = pal_engine_facts(park->first.engine)->n_ctx_tokens;
    if (!open_stand(park, &park->second, SWITCH, n_ctx_tokens)) {
        return;
    }
    size_t before = park->n_gaps;
    int64_t asked_us = pal_now_us();
    if (pal_engine_hand_over(park->first.engine, &error) != PAL_OK) {
        pal_bench_fail(&park->bench, "%s", error.text);
        return;
    }
    guard(park, TURN_TIMEOUT_US);
    while (pal_engine_state(park->first.engine) == PAL_ENGINE_READY && run(park)) {
    }
    double handing_ms = ms(pal_now_us() - asked_us);
    pal_engine_adopt(park->second.engine);
    for (size_t i = 0; i < N_TALKS; i++) {
        if (!ask(park, &park->second, i, "and then?")) {
            return;
        }
        note_line(park, before, &samples);
        before = park->n_gaps;
    }
    report(park, SWITCH, &samples, n_alone);
    pal_bench_value(&park->bench, "handing over, nobody is answered", "ms", handing_ms, NULL);
}

/* What a word takes, so that a context can be made that holds one conversation and not two. */
static bool
count_tokens(struct park *park)
{
    char *text = many_words(0, 100);
    forget_talks(park);
    bool ok = open_stand(park, &park->first, FIT, 2048) && ask(park, &park->first, 0, text);
    park->tokens_a_word = (double)park->turn.usage.prompt_tokens / 100.0;
    free(text);
    close_stand(park, &park->first);
    return ok;
}

static bool
is_asked_for(const char *parts, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = parts; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0')) {
            return true;
        }
    }
    return parts == NULL;
}

static void
measure(struct park *park, const char *parts)
{
    if (!count_tokens(park)) {
        return;
    }
    for (int place = FIT; place < N_PLACES && park->bench.n_failures == 0; place++) {
        if (is_asked_for(parts, place_names[place])) {
            if (prepare(park, (enum place)place)) {
                place == SWITCH ? measure_switch(park) : measure_lines(park, (enum place)place);
            }
            close_stand(park, &park->second);
            close_stand(park, &park->first);
        }
    }
}

/* The value of "--name VALUE" or "--name=VALUE", which is taken out of argv; NULL = not there. */
static const char *
take_value(const char *name, int *argc, char **argv)
{
    const char *value = NULL;
    size_t len = strlen(name);
    int n = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], name) == 0 && i + 1 < *argc) {
            value = argv[++i];
        } else if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=') {
            value = argv[i] + len + 1;
        } else {
            argv[n++] = argv[i];
        }
    }
    *argc = n;
    return value;
}

static void
finish(struct park *park)
{
    for (size_t i = 0; i < N_TALKS; i++) {
        pal_job_finish(&park->talks[i]);
    }
    pal_buf_finish(&park->turn.text);
    uv_close((uv_handle_t *)&park->guard, NULL);
    (void)uv_run(&park->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&park->loop);
    (void)rmdir(park->dir);
    pal_sweep_finish(&park->sweep);
    free(park);
}

int
pal_bench_park(int argc, char **argv)
{
    struct park *park = pal_calloc(1, sizeof(*park));
    const char *parts = take_value("--part", &argc, argv);
    const char *words = take_value("--words", &argc, argv);
    int status;
    if (!pal_sweep_init(&park->sweep, &request, argc, argv, &status)) {
        free(park);
        return status;
    }
    park->n_words = words != NULL ? (uint32_t)strtoul(words, NULL, 10) : WORDS_DEFAULT;
    park->n_words = park->n_words < 1 ? 1 : park->n_words < WORDS_MAX ? park->n_words : WORDS_MAX;
    if (park->sweep.n_generations > LINES_MAX) {
        park->sweep.n_generations = LINES_MAX;
    }
    memcpy(park->dir, "/tmp/palabre-park-XXXXXX", sizeof(park->dir));
    PAL_ASSERT(uv_loop_init(&park->loop) == 0 && uv_timer_init(&park->loop, &park->guard) == 0);
    park->guard.data = park;
    pal_bench_init(&park->bench, "park");
    if (mkdtemp(park->dir) != NULL) {
        measure(park, parts);
    } else {
        pal_bench_fail(&park->bench, "%s",
                       PAL_T("cannot make a folder in /tmp", "impossible de créer un dossier"));
    }
    status = pal_bench_finish(&park->bench, park->sweep.json_path);
    finish(park);
    return status;
}
