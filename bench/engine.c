/*
 * palabre bench engine: what the engine does in a second, by depth and by number of sequences; the
 * first token; how soon it lets go; and how many tokens it computes against how few would do. The
 * real engine in its process, as `palabre run` opens it; --busy N: beside N loops.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/chat.h"
#include "bench/side.h"
#include "bench/sweep.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define TURN_TIMEOUT_US (120 * PAL_US_PER_S)
#define OPEN_TIMEOUT_US (300 * PAL_US_PER_S)
#define SAMPLES_MAX     1000
#define USERS           4u
#define MESSAGES        10u
#define WINDOW          12u
#define REPLY_TOKENS    40

static const struct pal_config_request request = {
    .command = "bench engine",
    .arguments = PAL_SWEEP_ARGUMENTS " [--busy N]",
    .about_en =
        "Measures prefill, decode, the first token, cancelling and reuse; --busy N: beside N "
        "busy loops.",
    .about_fr =
        "Mesure la lecture, la réponse, le premier jeton, l'annulation et la réutilisation ; "
        "--busy N : à côté de N boucles.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

struct session {
    struct pal_bench bench;
    struct pal_sweep sweep;
    struct pal_trial trial;
    uint32_t n_repeats;
};

/* What one sample of a row is made of; < 0: it failed. */
typedef double (*sample_fn)(struct session *session, uint32_t a, uint32_t b);

/* One run to warm up, then the repeats. */
static void
row(struct session *session, const char *name, const char *unit, sample_fn sample, uint32_t a,
    uint32_t b)
{
    double samples[SAMPLES_MAX];
    size_t n = 0;
    for (uint32_t i = 0; i <= session->n_repeats; i++) {
        double value = sample(session, a, b);
        if (value < 0) {
            return; /* it has been counted */
        }
        samples[n] = value;
        n += i > 0;
    }
    struct pal_stats stats = pal_stats_of(samples, n);
    pal_bench_time(&session->bench, name, unit, &stats);
}

static bool
run(struct session *session, uint32_t n, uint32_t n_prompt, uint32_t n_reply,
    struct pal_trial_turns *turns)
{
    struct pal_error error = {0};
    if (pal_trial_run(&session->trial, n, n_prompt, n_reply, TURN_TIMEOUT_US, turns, &error) !=
        PAL_OK) {
        pal_bench_fail(&session->bench, "%u turns of %u words: %s", n, n_prompt, error.text);
        return false;
    }
    return true;
}

static double
sample_prefill(struct session *session, uint32_t n_words, uint32_t unused)
{
    struct pal_trial_turns turns;
    (void)unused;
    bool ok = run(session, 1, n_words, 1, &turns) && turns.prompt_us_token > 0;
    return ok ? (double)PAL_US_PER_S / turns.prompt_us_token : -1;
}

/* Tokens a second of all sequences together. */
static double
sample_decode(struct session *session, uint32_t n_sequences, uint32_t n_words)
{
    struct pal_trial_turns turns;
    bool ok =
        run(session, n_sequences, n_words, session->sweep.n_tokens, &turns) && turns.step_us > 0;
    return ok ? n_sequences * (double)PAL_US_PER_S / turns.step_us : -1;
}

static double
sample_first(struct session *session, uint32_t n_words, uint32_t unused)
{
    struct pal_trial_turns turns;
    (void)unused;
    bool ok = run(session, 1, n_words, 1, &turns);
    return ok ? (double)turns.first_token_us / (double)PAL_US_PER_MS : -1;
}

static double
sample_cancel(struct session *session, uint32_t n_words, uint32_t after_ms)
{
    struct pal_error error = {0};
    int64_t latency_us = -1;
    if (pal_trial_cancel(&session->trial, n_words, after_ms * PAL_US_PER_MS, TURN_TIMEOUT_US,
                         &latency_us, &error) != PAL_OK) {
        pal_bench_fail(&session->bench, "cancelling: %s", error.text);
        return -1;
    }
    return latency_us >= 0 ? (double)latency_us / (double)PAL_US_PER_MS : 0;
}

/* ---- computed against needed ---- */

struct talk {
    struct pal_message messages[2 * MESSAGES + 1];
    size_t n_messages;
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

/* Asks with persona and messages; what it cost is in *usage, the reply in *text. */
static bool
ask(struct session *session, const struct pal_message *messages, size_t n, int32_t n_tokens,
    struct pal_usage *usage, struct pal_buf *text)
{
    struct pal_error error = {0};
    struct pal_job job = {.sampling = pal_sampling_default()};
    job.sampling.temperature = 0;
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = n_tokens;
    enum pal_err err = pal_job_add_message(&job, PAL_ROLE_SYSTEM, persona, sizeof(persona) - 1);
    for (size_t i = 0; err == PAL_OK && i < n; i++) {
        err =
            pal_job_add_message(&job, messages[i].role, messages[i].text, strlen(messages[i].text));
    }
    session->trial.text = text;
    if (err == PAL_OK) {
        err = pal_trial_ask(&session->trial, &job, TURN_TIMEOUT_US, usage, &error);
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
count_ideal(struct session *session)
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

static void
measure_reuse(struct session *session)
{
    struct talk talks[USERS] = {0};
    double n_computed = 0, n_prompt = 0;
    bool ok = true;
    for (uint32_t i = 0; i < MESSAGES && ok; i++) {
        for (uint32_t user = 0; user < USERS && ok; user++) {
            char text[400];
            struct pal_usage usage = {0};
            struct pal_buf reply;
            pal_buf_init(&reply, 65536);
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
    for (uint32_t user = 0; user < USERS; user++) {
        for (size_t k = 0; k < talks[user].n_messages; k++) {
            free(talks[user].messages[k].text);
        }
    }
    double ideal = ok ? count_ideal(session) : 0;
    if (ideal > 0) {
        pal_bench_value(&session->bench, "prompt tokens", "", n_prompt, NULL);
        pal_bench_value(&session->bench, "computed", "", n_computed, NULL);
        pal_bench_value(&session->bench, "needed at least", "", ideal, NULL);
        pal_bench_value(&session->bench, "computed against needed", "x", n_computed / ideal,
                        "<= 1.10");
    }
}

/* ---- all of it ---- */

static void
measure(struct session *session)
{
    struct pal_bench *bench = &session->bench;
    const struct pal_engine_facts *facts = pal_engine_facts(session->trial.engine);
    uint32_t n_room = facts->n_ctx_tokens < facts->n_ctx_train_tokens ? facts->n_ctx_tokens
                                                                      : facts->n_ctx_train_tokens;
    char name[64];
    pal_bench_section(bench, PAL_T("Prefill, by words of the prompt", "Lecture, par mots"));
    for (uint32_t n = 32; n <= 512 && 3 * n < n_room; n *= 4) {
        (void)snprintf(name, sizeof(name), "%u words", n);
        row(session, name, "tokens/s", sample_prefill, n, 0);
    }
    pal_bench_section(bench, PAL_T("Decode, by sequences at once", "Réponse, par nombre"));
    for (uint32_t n = 1; n <= facts->n_sequences && n <= PAL_TRIAL_PARALLEL_MAX; n++) {
        (void)snprintf(name, sizeof(name), "%u together", n);
        row(session, name, "tokens/s", sample_decode, n, 16);
    }
    pal_bench_section(bench, PAL_T("Decode, by depth", "Réponse, par profondeur"));
    for (uint32_t n = 16; n <= 512 && 3 * n < n_room; n *= 4) {
        (void)snprintf(name, sizeof(name), "behind %u words", n);
        row(session, name, "tokens/s", sample_decode, 1, n);
    }
    pal_bench_section(bench, PAL_T("First token", "Premier jeton"));
    row(session, "of a prompt of 16 words", "ms", sample_first, 16, 0);
    row(session, "of a prompt of 128 words", "ms", sample_first, 128, 0);
    pal_bench_section(bench, PAL_T("Cancelling", "Annulation"));
    uint32_t n_long = 3 * 512 < n_room ? 512 : 64;
    row(session, "while it reads", "ms", sample_cancel, n_long, 5);
    row(session, "while it speaks", "ms", sample_cancel, 4, 300);
    pal_bench_section(bench, PAL_T("Reuse: 4 users, 10 messages, 12 kept",
                                   "Réutilisation : 4 personnes, 10 messages, 12 gardés"));
    measure_reuse(session);
}

/* Takes --busy N out of argv. False: it is no number. */
static bool
take_busy(int *argc, char **argv, unsigned *n_busy)
{
    int n_kept = 1;
    bool ok = true;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--busy") == 0 && i + 1 < *argc) {
            char *end;
            unsigned long n = strtoul(argv[++i], &end, 10);
            ok = *end == '\0' && n <= 16;
            *n_busy = (unsigned)n;
        } else {
            argv[n_kept++] = argv[i];
        }
    }
    *argc = n_kept;
    argv[n_kept] = NULL;
    return ok;
}

int
pal_bench_engine(int argc, char **argv)
{
    struct session *session = pal_calloc(1, sizeof(*session));
    struct pal_error error = {0};
    struct side_busy busy = {0};
    unsigned n_busy = 0;
    int status = PAL_EXIT_USAGE;
    if (!take_busy(&argc, argv, &n_busy)) {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre bench engine: --busy takes 0 to 16\n",
                            "palabre bench engine : --busy prend 0 à 16\n"));
        free(session);
        return status;
    }
    if (!pal_sweep_init(&session->sweep, &request, argc, argv, &status)) {
        free(session);
        return status;
    }
    session->n_repeats = session->sweep.n_generations;
    pal_bench_init(&session->bench, "engine");
    const struct pal_engine_options options = pal_sweep_options(&session->sweep);
    if (pal_trial_open(&session->trial, &options, OPEN_TIMEOUT_US, &error) == PAL_OK) {
        const struct pal_engine_facts *facts = pal_engine_facts(session->trial.engine);
        (void)printf("model: %s, %s; busy loops beside it: %u\n", facts->model_name, facts->variant,
                     n_busy);
        side_busy_start(&busy, n_busy);
        measure(session);
        side_busy_stop(&busy);
    } else {
        pal_bench_fail(&session->bench, "%s", error.text);
    }
    pal_trial_close(&session->trial);
    status = pal_bench_finish(&session->bench, session->sweep.json_path);
    pal_sweep_finish(&session->sweep);
    free(session);
    return status;
}
