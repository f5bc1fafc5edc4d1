/*
 * palabre bench engine: what the engine does in a second, by depth and by number of sequences; the
 * first token; how soon it lets go; and how many tokens it computes against how few would do. The
 * real engine in its process, as `palabre run` opens it; --busy N: beside N loops.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/engine_bench.h"
#include "bench/side.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define OPEN_TIMEOUT_US (300 * PAL_US_PER_S)
#define SAMPLES_MAX     1000

static const struct pal_config_request request = {
    .command = "bench engine",
    .arguments = PAL_SWEEP_ARGUMENTS " [--part NAME] [--busy N]",
    .about_en =
        "Measures prefill, decode, the first token, cancelling, reuse, what streams notice of a "
        "long prompt, and self-speculation; --part NAME (prefill, decode, depth, first, cancel, "
        "reuse, gap, drafts): only that; --busy N: beside N busy loops.",
    .about_fr =
        "Mesure la lecture, la réponse, le premier jeton, l'annulation, la réutilisation, ce que "
        "les réponses remarquent d'une longue requête, et l'auto-spéculation ; --part NOM "
        "(prefill, decode, depth, first, cancel, reuse, gap, drafts) : cela seul ; --busy N : à "
        "côté de N boucles.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

/* What one sample of a row is made of; < 0: it failed. */
typedef double (*sample_fn)(struct pal_engine_bench *session, uint32_t a, uint32_t b);

/* One run to warm up, then the repeats. */
static void
row(struct pal_engine_bench *session, const char *name, const char *unit, sample_fn sample,
    uint32_t a, uint32_t b)
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
run(struct pal_engine_bench *session, uint32_t n, uint32_t n_prompt, uint32_t n_reply,
    struct pal_trial_turns *turns)
{
    struct pal_error error = {0};
    if (pal_trial_run(&session->trial, n, n_prompt, n_reply, PAL_ENGINE_BENCH_TURN_US, turns,
                      &error) != PAL_OK) {
        pal_bench_fail(&session->bench, "%u turns of %u words: %s", n, n_prompt, error.text);
        return false;
    }
    return true;
}

static double
sample_prefill(struct pal_engine_bench *session, uint32_t n_words, uint32_t unused)
{
    struct pal_trial_turns turns;
    (void)unused;
    bool ok = run(session, 1, n_words, 1, &turns) && turns.prompt_us_token > 0;
    return ok ? (double)PAL_US_PER_S / turns.prompt_us_token : -1;
}

/* Tokens a second of all sequences together. */
static double
sample_decode(struct pal_engine_bench *session, uint32_t n_sequences, uint32_t n_words)
{
    struct pal_trial_turns turns;
    bool ok =
        run(session, n_sequences, n_words, session->sweep.n_tokens, &turns) && turns.step_us > 0;
    return ok ? n_sequences * (double)PAL_US_PER_S / turns.step_us : -1;
}

static double
sample_first(struct pal_engine_bench *session, uint32_t n_words, uint32_t unused)
{
    struct pal_trial_turns turns;
    (void)unused;
    bool ok = run(session, 1, n_words, 1, &turns);
    return ok ? (double)turns.first_token_us / (double)PAL_US_PER_MS : -1;
}

static double
sample_cancel(struct pal_engine_bench *session, uint32_t n_words, uint32_t after_ms)
{
    struct pal_error error = {0};
    int64_t latency_us = -1;
    if (pal_trial_cancel(&session->trial, n_words, after_ms * PAL_US_PER_MS,
                         PAL_ENGINE_BENCH_TURN_US, &latency_us, &error) != PAL_OK) {
        pal_bench_fail(&session->bench, "cancelling: %s", error.text);
        return -1;
    }
    return latency_us >= 0 ? (double)latency_us / (double)PAL_US_PER_MS : 0;
}

/* ---- its parts ---- */

/* Tokens that one conversation has room for. */
static uint32_t
room(const struct pal_engine_bench *session)
{
    const struct pal_engine_facts *facts = pal_engine_facts(session->trial.engine);
    return facts->n_ctx_tokens < facts->n_ctx_train_tokens ? facts->n_ctx_tokens
                                                           : facts->n_ctx_train_tokens;
}

static void
measure_prefill(struct pal_engine_bench *session)
{
    char name[64];
    pal_bench_section(&session->bench,
                      PAL_T("Prefill, by words of the prompt", "Lecture, par mots"));
    for (uint32_t n = 32; n <= 512 && 3 * n < room(session); n *= 4) {
        (void)snprintf(name, sizeof(name), "%u words", n);
        row(session, name, "tokens/s", sample_prefill, n, 0);
    }
}

static void
measure_decode(struct pal_engine_bench *session)
{
    char name[64];
    uint32_t n_sequences = pal_engine_facts(session->trial.engine)->n_sequences;
    pal_bench_section(&session->bench,
                      PAL_T("Decode, by sequences at once", "Réponse, par nombre"));
    for (uint32_t n = 1; n <= n_sequences && n <= PAL_TRIAL_PARALLEL_MAX; n++) {
        (void)snprintf(name, sizeof(name), "%u together", n);
        row(session, name, "tokens/s", sample_decode, n, 16);
    }
}

static void
measure_depth(struct pal_engine_bench *session)
{
    char name[64];
    pal_bench_section(&session->bench, PAL_T("Decode, by depth", "Réponse, par profondeur"));
    for (uint32_t n = 16; n <= 1024 && 3 * n < room(session); n *= 4) {
        (void)snprintf(name, sizeof(name), "behind %u words", n);
        row(session, name, "tokens/s", sample_decode, 1, n);
    }
}

static void
measure_first(struct pal_engine_bench *session)
{
    pal_bench_section(&session->bench, PAL_T("First token", "Premier jeton"));
    row(session, "of a prompt of 16 words", "ms", sample_first, 16, 0);
    row(session, "of a prompt of 128 words", "ms", sample_first, 128, 0);
}

static void
measure_cancel(struct pal_engine_bench *session)
{
    pal_bench_section(&session->bench, PAL_T("Cancelling", "Annulation"));
    uint32_t n_long = 3 * 512 < room(session) ? 512 : 64;
    row(session, "while it reads", "ms", sample_cancel, n_long, 5);
    row(session, "while it speaks", "ms", sample_cancel, 4, 300);
}

static const struct {
    const char *name;
    void (*measure)(struct pal_engine_bench *session);
} parts[] = {
    {"prefill", measure_prefill},  {"decode", measure_decode},
    {"depth", measure_depth},      {"first", measure_first},
    {"cancel", measure_cancel},    {"reuse", pal_engine_bench_reuse},
    {"gap", pal_engine_bench_gap}, {"drafts", pal_engine_bench_drafts},
};

bool
pal_engine_bench_renew(struct pal_engine_bench *session, unsigned ways, int64_t settle_us)
{
    struct pal_error error = {0};
    struct pal_engine_options options = session->options;
    options.ways = ways;
    enum pal_err err = pal_trial_retune(&session->trial, &options, OPEN_TIMEOUT_US, &error);
    if (err != PAL_OK) {
        pal_bench_fail(&session->bench, "the engine anew: %s", error.text);
        return false;
    }
    pal_trial_idle(&session->trial, settle_us);
    return true;
}

/* ---- the command ---- */

struct flags {
    unsigned n_busy;
    bool is_wanted[PAL_COUNT_OF(parts)];
    bool wants_some;
};

static bool
take_part(struct flags *flags, const char *name)
{
    for (size_t i = 0; i < PAL_COUNT_OF(parts); i++) {
        if (strcmp(parts[i].name, name) == 0) {
            flags->is_wanted[i] = true;
            flags->wants_some = true;
            return true;
        }
    }
    return false;
}

/* Takes --busy N and --part NAME out of argv. False: one of them is wrong. */
static bool
take_flags(int *argc, char **argv, struct flags *flags)
{
    int n_kept = 1;
    bool ok = true;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--busy") == 0 && i + 1 < *argc) {
            char *end;
            unsigned long n = strtoul(argv[++i], &end, 10);
            ok = ok && *end == '\0' && n <= 16;
            flags->n_busy = (unsigned)n;
        } else if (strcmp(argv[i], "--part") == 0 && i + 1 < *argc) {
            ok = take_part(flags, argv[++i]) && ok;
        } else {
            argv[n_kept++] = argv[i];
        }
    }
    *argc = n_kept;
    argv[n_kept] = NULL;
    return ok;
}

static void
measure(struct pal_engine_bench *session, const struct flags *flags)
{
    const struct pal_engine_facts *facts = pal_engine_facts(session->trial.engine);
    struct side_busy busy = {0};
    (void)printf("model: %s, %s; busy loops beside it: %u\n", facts->model_name, facts->variant,
                 flags->n_busy);
    side_busy_start(&busy, flags->n_busy);
    for (size_t i = 0; i < PAL_COUNT_OF(parts); i++) {
        if (flags->is_wanted[i] || !flags->wants_some) {
            parts[i].measure(session);
        }
    }
    side_busy_stop(&busy);
}

int
pal_bench_engine(int argc, char **argv)
{
    struct pal_engine_bench *session = pal_calloc(1, sizeof(*session));
    struct pal_error error = {0};
    struct flags flags = {0};
    int status = PAL_EXIT_USAGE;
    if (!take_flags(&argc, argv, &flags)) {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre bench engine: --busy takes 0 to 16; --part takes prefill, "
                            "decode, depth, first, cancel, reuse, gap or drafts\n",
                            "palabre bench engine : --busy prend 0 à 16 ; --part prend prefill, "
                            "decode, depth, first, cancel, reuse, gap ou drafts\n"));
        free(session);
        return status;
    }
    if (!pal_sweep_init(&session->sweep, &request, argc, argv, &status)) {
        free(session);
        return status;
    }
    session->n_repeats = session->sweep.n_generations;
    pal_bench_init(&session->bench, "engine");
    session->options = pal_sweep_options(&session->sweep);
    if (session->sweep.planning.config.ai.n_threads == PAL_CONFIG_AUTO) {
        session->options.ways |= PAL_ENGINE_PACED; /* as `palabre run` does */
    }
    if (pal_trial_open(&session->trial, &session->options, OPEN_TIMEOUT_US, &error) == PAL_OK) {
        measure(session, &flags);
    } else {
        pal_bench_fail(&session->bench, "%s", error.text);
    }
    pal_trial_close(&session->trial);
    status = pal_bench_finish(&session->bench, session->sweep.json_path);
    pal_sweep_finish(&session->sweep);
    free(session);
    return status;
}
