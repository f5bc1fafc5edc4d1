/*
 * Conversations with the engine: how many prompt tokens they cost against how few would do, and
 * what self-speculation does to them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/chat.h"
#include "bench/engine_bench.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define USERS        4u
#define MESSAGES     10u
#define WINDOW       12u
#define REPLY_TOKENS 40
#define REPLY_BYTES  65536u
#define RUNS_MAX     64u
#define SETTLE_US    (500 * PAL_US_PER_MS)

struct talk {
    struct pal_message messages[2 * MESSAGES + 1];
    size_t n_messages;
    uint64_t turn_id; /* that is out */
    struct pal_buf reply;
};

static void
remember(struct talk *talk, enum pal_role role, const char *text)
{
    talk->messages[talk->n_messages++] =
        (struct pal_message){.role = role, .text = pal_strdup(text)};
    if (talk->n_messages > WINDOW) {
        free(talk->messages[0].text);
        memmove(talk->messages, talk->messages + 1, --talk->n_messages * sizeof(*talk->messages));
    }
}

static const char persona[] =
    "You are Nino, the companion of a channel where people write programs live. You are curious, "
    "warm and a little teasing, never hurtful. You answer in one or two sentences, in the language "
    "of the person who speaks to you, without lists and without headings. When you do not know, "
    "you "
    "say so simply and offer a lead. You remember what the person has just said and make use of "
    "it.";

static void
forget_talks(struct talk *talks)
{
    for (uint32_t user = 0; user < USERS; user++) {
        for (size_t k = 0; k < talks[user].n_messages; k++) {
            free(talks[user].messages[k].text);
        }
        pal_buf_finish(&talks[user].reply);
    }
}

static enum pal_err
fill_job(struct pal_job *job, const struct pal_message *messages, size_t n)
{
    enum pal_err err = pal_job_add_message(job, PAL_ROLE_SYSTEM, persona, sizeof(persona) - 1);
    for (size_t i = 0; err == PAL_OK && i < n; i++) {
        err =
            pal_job_add_message(job, messages[i].role, messages[i].text, strlen(messages[i].text));
    }
    return err;
}

/* ---- computed against needed ---- */

/* Asks with persona and messages; what it cost is in *usage, the reply in *text. */
static bool
ask(struct pal_engine_bench *session, const struct pal_message *messages, size_t n,
    int32_t n_tokens, struct pal_usage *usage, struct pal_buf *text)
{
    struct pal_error error = {0};
    struct pal_job job = {.sampling = pal_sampling_default()};
    job.sampling.temperature = 0;
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = n_tokens;
    session->trial.text = text;
    enum pal_err err = fill_job(&job, messages, n);
    if (err == PAL_OK) {
        err = pal_trial_ask(&session->trial, &job, PAL_ENGINE_BENCH_TURN_US, usage, &error);
    }
    session->trial.text = NULL;
    pal_job_finish(&job);
    if (err != PAL_OK) {
        pal_bench_fail(&session->bench, "a conversation: %s", error.text);
    }
    return err == PAL_OK;
}

static void
write_line(char *text, size_t size, uint32_t user, uint32_t i)
{
    (void)snprintf(text, size, "[%u] %s", user * MESSAGES + i, chat_message(user * 7 + i));
}

/* The persona once and each line once, each with its template; 0: it could not be counted. */
static double
count_ideal(struct pal_engine_bench *session)
{
    double ideal = 0;
    uint32_t shared = UINT32_MAX;
    for (uint32_t i = 0; i < USERS * MESSAGES; i++) {
        char text[400];
        struct pal_usage usage;
        struct pal_message message = {.role = PAL_ROLE_USER, .text = text};
        write_line(text, sizeof(text), i / MESSAGES, i % MESSAGES);
        if (!ask(session, &message, 1, 1, &usage, NULL)) {
            return 0;
        }
        /* What it shares with every other of them is the persona. */
        shared =
            usage.cached_tokens > 0 && usage.cached_tokens < shared ? usage.cached_tokens : shared;
        ideal += usage.prompt_tokens;
    }
    return shared == UINT32_MAX ? 0 : ideal - (double)shared * (USERS * MESSAGES - 1);
}

void
pal_engine_bench_reuse(struct pal_engine_bench *session)
{
    struct talk talks[USERS] = {0};
    double n_computed = 0, n_prompt = 0;
    bool ok = true;
    for (uint32_t i = 0; i < MESSAGES && ok; i++) {
        for (uint32_t user = 0; user < USERS && ok; user++) {
            char text[400];
            struct pal_usage usage = {0};
            struct pal_buf reply;
            pal_buf_init(&reply, REPLY_BYTES);
            write_line(text, sizeof(text), user, i);
            remember(&talks[user], PAL_ROLE_USER, text);
            ok = ask(session, talks[user].messages, talks[user].n_messages, REPLY_TOKENS, &usage,
                     &reply);
            remember(&talks[user], PAL_ROLE_ASSISTANT, reply.len > 0 ? reply.data : "");
            pal_buf_finish(&reply);
            n_computed += usage.prompt_tokens - usage.cached_tokens;
            n_prompt += usage.prompt_tokens;
        }
    }
    forget_talks(talks);
    double ideal = ok ? count_ideal(session) : 0;
    if (ideal > 0) {
        pal_bench_value(&session->bench, "prompt tokens", "", n_prompt, NULL);
        pal_bench_value(&session->bench, "computed", "", n_computed, NULL);
        pal_bench_value(&session->bench, "needed at least", "", ideal, NULL);
        pal_bench_value(&session->bench, "computed against needed", "x", n_computed / ideal,
                        "<= 1.10");
    }
}

/* ---- self-speculation ---- */

/* Users who talk at once, each reply waited for by all. */
struct crowd {
    struct talk talks[USERS];
    uint32_t n_users;
    uint32_t n_waiting;
    bool has_failed;
    uint64_t n_tokens, n_drafted, n_right;
    int64_t us;
};

static void
on_crowd(const struct pal_event *event, void *userdata)
{
    struct crowd *crowd = userdata;
    for (uint32_t i = 0; i < crowd->n_users; i++) {
        struct talk *talk = &crowd->talks[i];
        if (talk->turn_id != event->turn_id) {
            continue;
        }
        if (event->kind == PAL_EVENT_PIECE) {
            crowd->has_failed |= pal_buf_append(&talk->reply, event->text, event->len) != PAL_OK;
            return;
        }
        crowd->has_failed |= event->kind != PAL_EVENT_DONE;
        crowd->n_tokens += event->usage.completion_tokens;
        crowd->n_drafted += event->usage.draft_tokens;
        crowd->n_right += event->usage.draft_accepted;
        crowd->n_waiting--;
    }
}

static bool
is_crowd_served(const void *userdata)
{
    return ((const struct crowd *)userdata)->n_waiting == 0;
}

static enum pal_err
say_all(struct pal_engine_bench *session, struct crowd *crowd, uint32_t i, float temperature,
        struct pal_error *error)
{
    enum pal_err err = PAL_OK;
    for (uint32_t user = 0; user < crowd->n_users && err == PAL_OK; user++) {
        struct talk *talk = &crowd->talks[user];
        struct pal_job job = {.sampling = pal_sampling_default()};
        char text[400];
        write_line(text, sizeof(text), user, i);
        remember(talk, PAL_ROLE_USER, text);
        job.sampling.temperature = temperature;
        job.sampling.max_tokens = REPLY_TOKENS;
        job.sampling.has_seed = true;
        job.sampling.seed = user * MESSAGES + i + 1;
        err = fill_job(&job, talk->messages, talk->n_messages);
        if (err == PAL_OK) {
            err = pal_trial_submit(&session->trial, &job, &talk->turn_id, error);
        }
        crowd->n_waiting += err == PAL_OK ? 1 : 0;
        pal_job_finish(&job);
    }
    if (err == PAL_OK) {
        err = pal_trial_await(&session->trial, is_crowd_served, crowd, PAL_ENGINE_BENCH_TURN_US,
                              error);
    }
    for (uint32_t user = 0; user < crowd->n_users && err == PAL_OK; user++) {
        struct talk *talk = &crowd->talks[user];
        remember(talk, PAL_ROLE_ASSISTANT, talk->reply.len > 0 ? talk->reply.data : "");
        pal_buf_consume(&talk->reply, talk->reply.len);
    }
    return err;
}

/* All conversations, with drafts or without; tokens a second, < 0: it failed. */
static double
run_crowd(struct pal_engine_bench *session, uint32_t n_users, float temperature, unsigned ways,
          struct crowd *crowd)
{
    struct pal_error error = {0};
    if (!pal_engine_bench_renew(session, ways, SETTLE_US)) {
        return -1;
    }
    crowd->n_users = n_users;
    for (uint32_t user = 0; user < n_users; user++) {
        pal_buf_init(&crowd->talks[user].reply, REPLY_BYTES);
    }
    session->trial.on_turn = on_crowd;
    session->trial.on_turn_userdata = crowd;
    enum pal_err err = PAL_OK;
    uint64_t n_before = crowd->n_tokens;
    int64_t began_us = pal_now_us();
    for (uint32_t i = 0; i < MESSAGES && err == PAL_OK; i++) {
        err = say_all(session, crowd, i, temperature, &error);
    }
    int64_t us = pal_now_us() - began_us;
    session->trial.on_turn = NULL;
    forget_talks(crowd->talks);
    memset(crowd->talks, 0, sizeof(crowd->talks));
    if (err != PAL_OK || crowd->has_failed) {
        pal_bench_fail(&session->bench, "conversations at once: %s", error.text);
        return -1;
    }
    return (double)(crowd->n_tokens - n_before) * (double)PAL_US_PER_S / (double)us;
}

static void
compare_drafts(struct pal_engine_bench *session, uint32_t n_users, float temperature)
{
    double on[RUNS_MAX] = {0}, off[RUNS_MAX] = {0}, times[RUNS_MAX];
    struct crowd with = {0}, without = {0};
    size_t n = 0;
    unsigned ways = session->options.ways & ~(unsigned)PAL_ENGINE_NO_DRAFTS;
    for (uint32_t i = 0; i < session->n_repeats && n < RUNS_MAX; i++) {
        /* Now the one first, now the other. */
        for (uint32_t k = 0; k < 2; k++) {
            bool is_on = (i + k) % 2 == 0;
            double speed =
                run_crowd(session, n_users, temperature, is_on ? ways : ways | PAL_ENGINE_NO_DRAFTS,
                          is_on ? &with : &without);
            if (speed < 0) {
                return;
            }
            *(is_on ? &on[n] : &off[n]) = speed;
        }
        times[n] = on[n] / off[n];
        n++;
    }
    char name[64];
    struct pal_bench *bench = &session->bench;
    struct pal_stats stats = pal_stats_of(off, n);
    (void)snprintf(name, sizeof(name), "%u at once, T %.1f: off", n_users, (double)temperature);
    pal_bench_time(bench, name, "tokens/s", &stats);
    (void)snprintf(name, sizeof(name), "%u at once, T %.1f: on", n_users, (double)temperature);
    stats = pal_stats_of(on, n);
    pal_bench_time(bench, name, "tokens/s", &stats);
    char note[128];
    stats = pal_stats_of(times, n);
    (void)snprintf(note, sizeof(note),
                   ">= 0.98; %.2f to %.2f; drafted %.0f of 100 tokens, %.0f%% right", stats.min,
                   stats.max, 100.0 * (double)with.n_drafted / (double)with.n_tokens,
                   with.n_drafted > 0 ? 100.0 * (double)with.n_right / (double)with.n_drafted : 0);
    (void)snprintf(name, sizeof(name), "%u at once, T %.1f: on / off", n_users,
                   (double)temperature);
    pal_bench_value(bench, name, "x", stats.median, note);
}

void
pal_engine_bench_drafts(struct pal_engine_bench *session)
{
    static const float temperatures[] = {0, 0.4F};
    pal_bench_section(&session->bench,
                      PAL_T("Self-speculation, runs by turns", "Auto-spéculation, tour à tour"));
    uint32_t n_sequences = pal_engine_facts(session->trial.engine)->n_sequences;
    for (size_t i = 0; i < PAL_COUNT_OF(temperatures); i++) {
        compare_drafts(session, 1, temperatures[i]);
        if (n_sequences >= USERS) {
            compare_drafts(session, USERS, temperatures[i]);
        }
    }
}
