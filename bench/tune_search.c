/*
 * Which candidates are measured, and in which order, so that three minutes do for a model of
 * gigabytes. Builds first (tune_builds.c), then one dimension after the other challenges the best
 * so far. In the end the best has to beat llama.cpp's own choice once more.
 */
#include <math.h>

#include "bench/tune.h"
#include "gguf/type.h"
#include "util/clock.h"
#include "util/mem.h"

/* Shares of the time at which each part ends, so that the next gets its turn. */
#define SHARE_THREADS   0.65
#define SHARE_WAITING   0.75
#define SHARE_ATTENTION 0.84
#define SHARE_BATCHES   0.91
#define NEAR            1.15 /* so much slower in a few samples may still be the best */
#define WIN             0.99
#define WIN_CLEARLY     0.97 /* for what has a price of its own */
#define LAST_ROUNDS     12
#define SURE_ROUNDS     5
#define NARROW          0.02

size_t
pal_tune_thread_counts(const struct pal_tune *tune, uint32_t counts[PAL_TUNE_THREADS_MAX])
{
    const uint32_t wanted[] = {1,
                               tune->n_cores / 2,
                               tune->n_cores * 3 / 4,
                               tune->n_cores - (tune->n_cores > 1 ? 1 : 0),
                               tune->n_cores,
                               tune->n_logical};
    size_t n = 0;
    uint32_t most = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(wanted); i++) {
        if (wanted[i] > most) {
            most = wanted[i];
            counts[n++] = most;
        }
    }
    return n;
}

/* ---- then one dimension after the other challenges the best ---- */

static double
decode_ms(const struct pal_candidate *candidate)
{
    return candidate->least.alone_ms + candidate->least.four_ms / 4;
}

/* Replies and prompts apart: each has its own number of threads in llama.cpp. */
static void
try_threads(struct pal_tune *tune, double share)
{
    uint32_t counts[PAL_TUNE_THREADS_MAX];
    size_t n = pal_tune_thread_counts(tune, counts);
    struct pal_match match = {.n_entries = 0};
    for (size_t i = n; i > 0; i--) {
        struct pal_tuned way = tune->best;
        way.n_threads = way.n_threads_batch = counts[i - 1];
        struct pal_candidate *entry = pal_tune_candidate(tune, &way, PAL_TUNE_TURN);
        if (entry != NULL) {
            match.entries[match.n_entries++] = entry;
        }
    }
    pal_tune_refresh_usual(tune);
    pal_match_play(tune, &match, 3, share, NEAR);
    const struct pal_candidate *decode = NULL, *prefill = NULL;
    for (size_t i = 0; i < match.n_entries; i++) {
        const struct pal_candidate *got = match.entries[i];
        if (got->n_samples == 0) {
            continue;
        }
        decode = decode == NULL || decode_ms(got) < decode_ms(decode) ? got : decode;
        prefill =
            prefill == NULL || got->least.prompt_ms < prefill->least.prompt_ms ? got : prefill;
    }
    /* The pairs that may be best: each by its own part, and both alike. */
    for (int k = 0; k < 3 && decode != NULL; k++) {
        struct pal_tuned way = tune->best;
        way.n_threads = k == 2 ? prefill->way.n_threads : decode->way.n_threads;
        way.n_threads_batch = k == 1 ? decode->way.n_threads : prefill->way.n_threads_batch;
        if (k == 0 || decode != prefill) {
            (void)pal_tune_challenge(tune, &way, PAL_TUNE_TURN, WIN, share);
        }
    }
}

static void
try_waiting(struct pal_tune *tune)
{
    struct pal_tuned way = tune->best;
    bool is_alone = way.n_threads == 1 && way.n_threads_batch == 1; /* waits for nobody */
    way.sleeps = true;
    if (!is_alone &&
        pal_tune_challenge(tune, &way, PAL_TUNE_TURN, WIN, (SHARE_THREADS + SHARE_WAITING) / 2)) {
        try_threads(tune, SHARE_WAITING); /* more of them may pay now */
    }
    way = tune->best;
    way.is_pinned = true; /* beside a game the scheduler's freedom is worth something */
    (void)pal_tune_challenge(tune, &way, PAL_TUNE_TURN, WIN_CLEARLY, SHARE_WAITING);
}

static void
try_attention(struct pal_tune *tune)
{
    struct pal_tuned way = tune->best;
    way.has_flash_attn = !way.has_flash_attn;
    bool is_quantised = way.kv_type != PAL_GGUF_TYPE_F16; /* that needs it */
    if (tune->plan.why_flash == PAL_WHY_DEFAULT && !is_quantised) {
        (void)pal_tune_challenge(tune, &way, PAL_TUNE_TURN, WIN,
                                 (SHARE_WAITING + SHARE_ATTENTION) / 2);
    }
    way = tune->best;
    way.kv_type = PAL_GGUF_TYPE_Q8_0; /* a little less exact */
    if (way.has_flash_attn && tune->plan.why_kv_type == PAL_WHY_DEFAULT) {
        (void)pal_tune_challenge(tune, &way, PAL_TUNE_TURN, WIN_CLEARLY, SHARE_ATTENTION);
    }
}

static void
try_batches(struct pal_tune *tune)
{
    static const uint32_t sizes[][2] = {{512, 128}, {128, 128}, {512, 512}};
    if (tune->plan.why_batch != PAL_WHY_DEFAULT) {
        return;
    }
    double share = SHARE_ATTENTION;
    double each = (SHARE_BATCHES - SHARE_ATTENTION) / 2; /* one of the three is the best so far */
    for (size_t i = 0; i < PAL_COUNT_OF(sizes); i++) {
        struct pal_tuned way = tune->best;
        way.n_batch_tokens = sizes[i][0];
        way.n_ubatch_tokens = sizes[i][1];
        if (!pal_tune_is_same(&way, &tune->best)) {
            share += each;
            (void)pal_tune_challenge(tune, &way, PAL_TUNE_PROMPT, WIN, share);
        }
    }
}

/* The search's luck must not make it worse than what anybody gets without it. */
static void
confirm(struct pal_tune *tune)
{
    struct pal_tuned usual = pal_tune_usual(tune);
    struct pal_match match = {.n_entries = 2};
    match.entries[0] = pal_tune_candidate(tune, &usual, PAL_TUNE_TURN);
    match.entries[1] = pal_tune_candidate(tune, &tune->best, PAL_TUNE_TURN);
    if (match.entries[0] == NULL || match.entries[1] == NULL) {
        return;
    }
    bool is_same = pal_tune_is_same(&usual, &tune->best);
    match.n_entries = is_same ? 1 : 2;
    while (match.n_rounds < LAST_ROUNDS && match.entries[0]->n_samples > 0) {
        size_t n_before = match.n_rounds;
        pal_match_play(tune, &match, n_before + 1, 1.0, HUGE_VAL);
        struct pal_duel_verdict so_far = pal_match_judge(&match, 0, match.n_entries - 1);
        bool is_sure = match.n_rounds >= SURE_ROUNDS && so_far.high - so_far.low < NARROW;
        if (match.n_rounds == n_before || is_same || is_sure) {
            break;
        }
    }
    struct pal_duel_verdict verdict =
        is_same ? (struct pal_duel_verdict){1, 1, 1} : pal_match_judge(&match, 0, 1);
    double usual_ms = match.entries[0]->way.turn_ms;
    if (match.n_rounds >= 3 && !is_same) {
        if (verdict.ratio >= 1.0) {
            tune->best = usual;
            verdict.ratio = 1.0;
        }
        tune->best.turn_ms = usual_ms * verdict.ratio;
    }
    tune->usual_turn_ms = usual_ms;
}

enum pal_err
pal_tune_search(struct pal_tune *tune, struct pal_error *error)
{
    tune->started_us = pal_now_us();
    tune->n_candidates = 0;
    tune->best = pal_tune_usual(tune);
    tune->turn = PAL_TUNE_TURN;
    pal_tune_compare_builds(tune);
    try_threads(tune, SHARE_THREADS);
    if (!tune->is_quick) {
        try_waiting(tune);
        try_attention(tune);
        try_batches(tune);
    }
    confirm(tune);
    pal_tune_close(tune);
    const struct pal_candidate *best = pal_tune_best(tune, PAL_TUNE_TURN, NULL, 0);
    if (best == NULL) {
        const char *why = tune->n_candidates > 0 ? tune->candidates[0].failure : "";
        return pal_error_set(error, PAL_ERR_ENGINE, "nothing runs here: %s",
                             why[0] != '\0' ? why : "no time");
    }
    if (tune->best.turn_ms <= 0) { /* it could not be measured, and nothing was held to it */
        tune->best = best->way;
    }
    tune->best.usual_turn_ms = tune->usual_turn_ms;
    tune->best.made_s = pal_wall_seconds();
    return PAL_OK;
}
