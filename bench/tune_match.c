/* Several candidates by turns: who is faster, and how sure is that? */
#include "bench/tune.h"

#include "util/clock.h"
#include "util/mem.h"

#define SURE_ROUNDS  5    /* a change needs so many */
#define LOSE_ROUNDS  2    /* and a loser so many, */
#define PLAIN        1.15 /* if it is so much slower; else three */
#define ROUNDS_MAX   9
#define RENEW_ROUNDS 2 /* so many samples of one process */

struct pal_duel_verdict
pal_match_judge(const struct pal_match *match, size_t a, size_t b)
{
    struct pal_duel duel = {0};
    for (size_t i = 0; i < match->n_rounds; i++) {
        if (match->samples[a][i].turn_ms > 0 && match->samples[b][i].turn_ms > 0) {
            duel.a[duel.n] = match->samples[a][i].turn_ms;
            duel.b[duel.n++] = match->samples[b][i].turn_ms;
        }
    }
    return pal_duel_judge(&duel);
}

size_t
pal_match_leader(const struct pal_match *match)
{
    size_t leader = match->n_entries;
    double least_ms = 0;
    for (size_t i = 0; i < match->n_entries; i++) {
        double turns[PAL_DUEL_ROUNDS_MAX];
        size_t n = 0;
        for (size_t k = 0; k < match->n_rounds && !match->is_out[i]; k++) {
            turns[n] = match->samples[i][k].turn_ms;
            n += turns[n] > 0 ? 1 : 0;
        }
        double ms = pal_duel_quartile(turns, n);
        if (n > 0 && (leader == match->n_entries || ms < least_ms)) {
            leader = i;
            least_ms = ms;
        }
    }
    return leader;
}

/* One round: each once, in the other direction every second time. */
static void
play_round(struct pal_tune *tune, struct pal_match *match)
{
    size_t round = match->n_rounds;
    if (round % RENEW_ROUNDS == RENEW_ROUNDS - 1) {
        pal_tune_renew(tune);
    }
    for (size_t k = 0; k < match->n_entries; k++) {
        size_t i = round % 2 == 0 ? k : match->n_entries - 1 - k;
        match->samples[i][round] = (struct pal_sample){0};
        if (!match->is_out[i] &&
            !pal_tune_sample(tune, match->entries[i], &match->samples[i][round])) {
            match->is_out[i] = match->entries[i]->failure[0] != '\0';
        }
    }
    match->n_rounds++;
}

static size_t
drop_losers(struct pal_match *match, double behind)
{
    size_t leader = pal_match_leader(match);
    size_t n_left = 0;
    for (size_t i = 0; i < match->n_entries; i++) {
        if (match->is_out[i] || leader == match->n_entries) {
            continue;
        }
        struct pal_duel_verdict verdict = pal_match_judge(match, leader, i);
        bool is_plain = match->n_rounds >= LOSE_ROUNDS && verdict.low > PLAIN * behind;
        bool is_sure = match->n_rounds > LOSE_ROUNDS && verdict.low > behind;
        match->is_out[i] = i != leader && (is_plain || is_sure);
        n_left += match->is_out[i] ? 0 : 1;
    }
    return n_left;
}

void
pal_match_play(struct pal_tune *tune, struct pal_match *match, size_t n_rounds, double share,
               double behind)
{
    n_rounds = n_rounds < PAL_DUEL_ROUNDS_MAX ? n_rounds : PAL_DUEL_ROUNDS_MAX;
    int64_t round_us = 0;
    while (match->n_rounds < n_rounds && pal_tune_has_share(tune, share, round_us)) {
        int64_t began_us = pal_now_us();
        play_round(tune, match);
        round_us = pal_now_us() - began_us;
        if (drop_losers(match, behind) < 2) {
            return;
        }
    }
}

/* Decided either way, or not to be decided. */
static bool
is_decided(const struct pal_match *match, double win, bool *is_better)
{
    struct pal_duel_verdict verdict = pal_match_judge(match, 0, 1);
    bool is_plain = match->n_rounds >= LOSE_ROUNDS && verdict.low > PLAIN * win;
    bool is_lost = is_plain || (match->n_rounds > LOSE_ROUNDS && verdict.low > win);
    *is_better = match->n_rounds >= SURE_ROUNDS && verdict.ratio > 0 && verdict.high < win;
    return is_lost || *is_better || match->is_out[0] || match->is_out[1];
}

bool
pal_tune_challenge(struct pal_tune *tune, const struct pal_tuned *way, enum pal_tune_work work,
                   double win, double share)
{
    struct pal_match match = {.n_entries = 2};
    match.entries[0] = pal_tune_candidate(tune, &tune->best, work);
    match.entries[1] = pal_tune_candidate(tune, way, work);
    if (match.entries[0] == NULL || match.entries[1] == NULL ||
        pal_tune_is_same(&tune->best, way)) {
        return false;
    }
    pal_tune_refresh_usual(tune);
    bool is_better = false;
    int64_t round_us = 0;
    while (match.n_rounds < ROUNDS_MAX && pal_tune_has_share(tune, share, round_us)) {
        int64_t began_us = pal_now_us();
        play_round(tune, &match);
        round_us = pal_now_us() - began_us;
        if (is_decided(&match, win, &is_better)) {
            break;
        }
    }
    if (is_better) {
        double turn_ms = work == PAL_TUNE_TURN ? match.entries[1]->way.turn_ms : tune->best.turn_ms;
        tune->best = *way;
        tune->best.turn_ms = turn_ms;
    }
    return is_better;
}
