/* Candidates and their samples. */
#include "bench/tune.h"

#include <stdio.h>
#include <string.h>

#include "gguf/type.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define TURN_PROMPT_TOKENS 40
#define TURN_REPLY_TOKENS  60
/* Taken again, so often, if others took so much more of the processors than at the calmest time. */
#define TRIES     3
#define DISTURBED 0.10
/* A sample that takes so many times as long as the fastest one's is cut off. */
#define HOPELESS 2
#define GRACE_US (300 * PAL_US_PER_MS)
/* The first sample has nothing to be held to but this part of all the time. */
#define FIRST_SHARE 2
/* llama.cpp's own choice is sampled again beside others when its last sample is so old. */
#define REFRESH_SHARE 12
#define REFRESH_US    (2 * PAL_US_PER_S)
/* A part of a sample takes about so long, if that means no more tokens than stand behind it. */
#define PART_MS    80.0
#define WORDS_MIN  24
#define WORDS_MAX  192
#define LONG_WORDS 192 /* of a long prompt */
#define ALONE_MIN  4
#define ALONE_MAX  96
#define FOUR_MIN   3
#define FOUR_MAX   48

struct pal_tuned
pal_tune_usual(const struct pal_tune *tune)
{
    return (struct pal_tuned){
        .has_extra_bufts = tune->plan.n_gpu_layers == 0,
        .has_flash_attn = tune->plan.has_flash_attn,
        .n_threads = tune->n_cores,
        .n_threads_batch = tune->n_cores,
        .n_batch_tokens = tune->plan.n_batch_tokens,
        .n_ubatch_tokens = tune->plan.n_ubatch_tokens,
        .kv_type = tune->plan.kv_type,
        .profile = tune->plan.profile,
    };
}

const char *
pal_tune_describe(const struct pal_tuned *way, char *out, size_t size)
{
    (void)snprintf(
        out, size,
        PAL_T("%s, %s, %u+%u threads%s%s, batch %u/%u, KV %s, flash %s",
              "%s, %s, %u+%u threads%s%s, lot %u/%u, KV %s, flash %s"),
        way->variant[0] != '\0' ? way->variant : PAL_T("ggml's choice", "choix de ggml"),
        way->has_extra_bufts ? PAL_T("rearranged", "réarrangé") : PAL_T("mapped", "projeté"),
        way->n_threads, way->n_threads_batch, way->sleeps ? PAL_T(" asleep", " endormis") : "",
        way->is_pinned ? PAL_T(" pinned", " fixés") : "", way->n_batch_tokens, way->n_ubatch_tokens,
        way->kv_type == PAL_GGUF_TYPE_Q8_0 ? "Q8_0" : "F16",
        way->has_flash_attn ? PAL_T("on", "oui") : PAL_T("off", "non"));
    return out;
}

bool
pal_tune_is_same(const struct pal_tuned *a, const struct pal_tuned *b)
{
    return strcmp(a->variant, b->variant) == 0 && a->has_extra_bufts == b->has_extra_bufts &&
           a->has_flash_attn == b->has_flash_attn && a->n_threads == b->n_threads &&
           a->n_threads_batch == b->n_threads_batch && a->n_batch_tokens == b->n_batch_tokens &&
           a->n_ubatch_tokens == b->n_ubatch_tokens && a->kv_type == b->kv_type &&
           a->sleeps == b->sleeps && a->is_pinned == b->is_pinned;
}

int64_t
pal_tune_left_us(const struct pal_tune *tune)
{
    return tune->budget_us - (pal_now_us() - tune->started_us);
}

bool
pal_tune_has_share(const struct pal_tune *tune, double share, int64_t cost_us)
{
    int64_t spent_us = tune->budget_us - pal_tune_left_us(tune);
    return (double)(spent_us + cost_us) < share * (double)tune->budget_us;
}

struct pal_candidate *
pal_tune_candidate(struct pal_tune *tune, const struct pal_tuned *way, enum pal_tune_work work)
{
    for (size_t i = 0; i < tune->n_candidates; i++) {
        struct pal_candidate *known = &tune->candidates[i];
        if (known->work == work && pal_tune_is_same(&known->way, way)) {
            return known;
        }
    }
    if (tune->n_candidates == PAL_TUNE_CANDIDATES_MAX) {
        return NULL;
    }
    struct pal_candidate *candidate = &tune->candidates[tune->n_candidates++];
    struct pal_tuned usual = pal_tune_usual(tune);
    *candidate = (struct pal_candidate){
        .way = *way, .work = work, .is_usual = pal_tune_is_same(way, &usual)};
    return candidate;
}

/* ---- one sample ---- */

static uint32_t
count_for(double each_ms, uint32_t least, uint32_t most)
{
    double n = each_ms > 0 ? PART_MS / each_ms : most;
    return n < least ? least : n > most ? most : (uint32_t)n;
}

/* How much each sample computes: little of a slow model, more of a fast one. */
static void
size_work(struct pal_tune *tune, const struct pal_sample *first)
{
    tune->n_words = count_for(first->prompt_ms, WORDS_MIN, WORDS_MAX);
    tune->n_alone = count_for(first->alone_ms, ALONE_MIN, ALONE_MAX);
    tune->n_four = count_for(first->four_ms, FOUR_MIN, FOUR_MAX);
}

static double
reference_turn_ms(const struct pal_sample *sample)
{
    double beside = sample->four_ms > 0 ? sample->four_ms / 4 : sample->alone_ms;
    return TURN_PROMPT_TOKENS * sample->prompt_ms +
           TURN_REPLY_TOKENS * (sample->alone_ms + beside) / 2;
}

static enum pal_err
run_work(struct pal_tune *tune, struct pal_tune_engine *engine, enum pal_tune_work work,
         int64_t limit_us, struct pal_sample *sample, struct pal_error *error)
{
    struct pal_trial_turns alone = {0}, four = {0};
    bool is_first = tune->n_words == 0;
    uint32_t n_words = work == PAL_TUNE_PROMPT   ? LONG_WORDS
                       : work == PAL_TUNE_GLANCE ? 16
                       : is_first                ? WORDS_MIN
                                                 : tune->n_words;
    uint32_t n_alone = work == PAL_TUNE_GLANCE ? 6 : is_first ? ALONE_MIN : tune->n_alone;
    uint32_t n_four = work != tune->turn ? 0 : is_first ? FOUR_MIN : tune->n_four;
    /* All four say the same, after the first has said it alone: its KV is there for all. */
    struct pal_trial_line lines[4];
    engine->n_prompts++;
    for (uint32_t i = 0; i < 4; i++) {
        lines[i] = (struct pal_trial_line){
            .conversation = i + 1, .prompt = engine->n_prompts, .n_words = n_words};
    }
    enum pal_err err = pal_trial_say(&engine->trial, lines, 1, n_alone, limit_us, &alone, error);
    if (err == PAL_OK && n_four > 0) {
        err = pal_trial_say(&engine->trial, lines, 4, n_four, limit_us, &four, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    double threads = engine->way.n_threads < tune->n_cores ? engine->way.n_threads : tune->n_cores;
    double waited_us =
        alone.wait_share * (double)alone.wall_us + four.wait_share * (double)four.wall_us;
    *sample = (struct pal_sample){
        .prompt_ms = alone.prompt_us_token / 1000.0,
        .alone_ms = alone.step_us / 1000.0,
        .four_ms = four.step_us / 1000.0,
        .wall_us = alone.wall_us + four.wall_us,
    };
    sample->turn_ms = reference_turn_ms(sample);
    sample->wait_share = waited_us / (double)sample->wall_us / (threads > 0 ? threads : 1);
    return PAL_OK;
}

/* How long a sample may take before it is plain that its candidate is no good. */
static int64_t
limit_of(const struct pal_tune *tune, const struct pal_candidate *candidate)
{
    int64_t left_us = pal_tune_left_us(tune);
    int64_t least_us = tune->least_wall_us[candidate->work];
    int64_t limit_us =
        least_us > 0 ? HOPELESS * least_us + GRACE_US : tune->budget_us / FIRST_SHARE;
    if (candidate->n_samples > 0) {
        limit_us *= 2; /* it did it before; now it is somebody else */
    }
    return limit_us < left_us ? limit_us : left_us;
}

/* The calmest of a few tries; one is enough where nobody else wants the processors. */
static enum pal_err
try_sample(struct pal_tune *tune, struct pal_candidate *candidate, struct pal_sample *best,
           struct pal_error *error)
{
    /* More threads than cores are in their own way. */
    bool can_tell = candidate->way.n_threads <= tune->n_cores;
    *best = (struct pal_sample){0};
    for (int i = 0; i < TRIES; i++) {
        struct pal_tune_engine *engine = NULL;
        struct pal_sample sample;
        enum pal_err err = pal_tune_bring_up(tune, &candidate->way,
                                             candidate->work == PAL_TUNE_LAYERS, &engine, error);
        int64_t limit_us = limit_of(tune, candidate);
        if (err == PAL_OK && limit_us <= 0) {
            err = pal_error_set(error, PAL_ERR_TIMEOUT, "the time is over");
        }
        if (err == PAL_OK) {
            err = run_work(tune, engine, candidate->work, limit_us, &sample, error);
            if (err != PAL_OK) {
                pal_tune_drop(tune, engine); /* a turn is still running in it */
            }
        }
        if (err != PAL_OK) {
            return best->turn_ms > 0 ? PAL_OK : err;
        }
        *best = best->turn_ms == 0 || sample.turn_ms < best->turn_ms ? sample : *best;
        double calm = candidate->n_samples > 0 ? candidate->least.wait_share : 0;
        if (!can_tell || sample.wait_share < calm + DISTURBED ||
            candidate->work == PAL_TUNE_GLANCE) {
            return PAL_OK;
        }
        candidate->n_repeated++;
    }
    return PAL_OK;
}

/* ---- what is kept of it ---- */

static void
keep_least(double *to, double value, bool is_first)
{
    *to = is_first || value < *to ? value : *to;
}

static double
median(const double *values, size_t n)
{
    double sorted[PAL_DUEL_ROUNDS_MAX];
    size_t n_sorted = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = n_sorted;
        for (; values[i] > 0 && at > 0 && sorted[at - 1] > values[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        if (values[i] > 0) {
            sorted[at] = values[i];
            n_sorted++;
        }
    }
    return n_sorted > 0 ? sorted[n_sorted / 2] : 0;
}

static void
keep(struct pal_tune *tune, struct pal_candidate *candidate, const struct pal_sample *sample)
{
    bool is_first = candidate->n_samples == 0;
    size_t at = candidate->n_samples % PAL_DUEL_ROUNDS_MAX;
    candidate->n_samples++;
    size_t n =
        candidate->n_samples < PAL_DUEL_ROUNDS_MAX ? candidate->n_samples : PAL_DUEL_ROUNDS_MAX;
    candidate->turns[at] = sample->turn_ms;
    if (candidate->is_usual && candidate->work == tune->turn) {
        tune->usual_ms = sample->turn_ms;
        tune->usual_us = pal_now_us();
    }
    bool is_held = tune->usual_ms > 0 && candidate->work == tune->turn;
    candidate->ratios[at] = is_held ? tune->usual_ms / sample->turn_ms : 0;
    candidate->ratio = median(candidate->ratios, n);
    candidate->way.turn_ms = pal_duel_quartile(candidate->turns, n);
    keep_least(&candidate->least.prompt_ms, sample->prompt_ms, is_first);
    keep_least(&candidate->least.alone_ms, sample->alone_ms, is_first);
    keep_least(&candidate->least.four_ms, sample->four_ms, is_first);
    keep_least(&candidate->least.wait_share, sample->wait_share, is_first);
    enum pal_tune_work work = candidate->work;
    if (tune->least_ms[work] == 0 || sample->turn_ms < tune->least_ms[work]) {
        tune->least_ms[work] = sample->turn_ms;
        tune->least_wall_us[work] = sample->wall_us;
    }
}

bool
pal_tune_sample(struct pal_tune *tune, struct pal_candidate *candidate, struct pal_sample *sample)
{
    struct pal_error error = {0};
    if (candidate->failure[0] != '\0') {
        return false;
    }
    enum pal_err err = try_sample(tune, candidate, sample, &error);
    if (err != PAL_OK) {
        if (pal_tune_left_us(tune) > GRACE_US && candidate->n_samples == 0) {
            (void)snprintf(candidate->failure, sizeof(candidate->failure), "%.90s",
                           err == PAL_ERR_TIMEOUT
                               ? PAL_T("given up: far too slow", "abandonné : bien trop lent")
                               : error.text);
            pal_tune_tell(tune, candidate);
        }
        return false;
    }
    if (tune->n_words == 0 && candidate->work == tune->turn) {
        size_work(tune, sample);
        return pal_tune_sample(tune, candidate, sample); /* with the right amount of work */
    }
    keep(tune, candidate, sample);
    if (candidate->n_samples == 1) {
        pal_tune_tell(tune, candidate);
    }
    return true;
}

void
pal_tune_tell(const struct pal_tune *tune, const struct pal_candidate *candidate)
{
    if (tune->on_trial != NULL) {
        tune->on_trial(tune, candidate);
    }
}

/* Is it loaded? Loading it again only to be looked at costs more than that is worth. */
static bool
is_loaded(const struct pal_tune *tune, const struct pal_tuned *way)
{
    for (size_t i = 0; i < PAL_TUNE_ENGINES_MAX; i++) {
        if (tune->engines[i].is_open && pal_tune_is_same(&tune->engines[i].way, way)) {
            return true;
        }
    }
    return false;
}

void
pal_tune_refresh_usual(struct pal_tune *tune)
{
    struct pal_tuned usual = pal_tune_usual(tune);
    int64_t wait_us = REFRESH_SHARE * tune->least_wall_us[tune->turn];
    wait_us = wait_us > REFRESH_US ? wait_us : REFRESH_US;
    if (tune->usual_ms > 0 && pal_now_us() - tune->usual_us > wait_us && is_loaded(tune, &usual)) {
        struct pal_sample sample;
        struct pal_candidate *candidate = pal_tune_candidate(tune, &usual, tune->turn);
        if (candidate != NULL) {
            (void)pal_tune_sample(tune, candidate, &sample);
        }
    }
}
