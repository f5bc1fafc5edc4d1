#include "engine/model_worker.h"

#include "util/clock.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

/* A beginning that a peer is just computing is waited for if it saves this much. */
#define SHARED_MIN_TOKENS 16
/* Positions between the persona and the talk that nobody has; see timeline.h. */
#define GAP_MAX 256
/* A prompt that takes so many times the time left is hopeless: costs may come down again. */
#define HOPELESS_TIMES 1.5

size_t
pal_model_n_promised(const struct pal_model_worker *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        const struct pal_model_turn *turn = w->turns[i];
        if (turn->line == NULL) {
            continue;
        }
        n += pal_model_turn_n_left(turn);
        n += turn->n_reply_room > turn->n_reply ? turn->n_reply_room - turn->n_reply : 0;
    }
    return n;
}

/* Is a peer computing a beginning that this turn could then copy? */
static bool
should_wait_for_peer(const struct pal_model_worker *w, const struct pal_model_turn *turn,
                     size_t n_reused)
{
    for (size_t i = 0; i < w->n_turns && w->model.can_edit; i++) {
        const struct pal_model_turn *peer = w->turns[i];
        if (peer->state != PAL_MODEL_TURN_PREFILL || peer->line == NULL) {
            continue;
        }
        size_t n = pal_tokens_common(peer->prompt.tokens, peer->prompt.n_tokens,
                                     turn->prompt.tokens, turn->prompt.n_tokens - 1);
        if (n >= n_reused + SHARED_MIN_TOKENS && peer->line->n_tokens < n) {
            return true;
        }
    }
    return false;
}

/*
 * By what steps cost, this prompt will not be complete before the turn's deadline, not even with
 * the machine to itself: whoever waits for it hears so now, and the others get its time.
 */
static bool
refuse_hopeless(struct pal_model_worker *w, struct pal_model_turn *turn, size_t n_left,
                int64_t now_us)
{
    int64_t us = pal_cost_prompt_us(&w->cost, n_left, turn->prompt.n_tokens);
    int64_t left_us = turn->job.deadline_us - now_us;
    if (turn->job.deadline_us == 0 || us <= HOPELESS_TIMES * left_us) {
        return false;
    }
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_TIMEOUT,
                        "reading the prompt's %zu new tokens takes about %.1f s here, and its "
                        "deadline is in %.1f s: send less, or allow more time",
                        n_left, (double)us / (double)PAL_US_PER_S,
                        (double)left_us / (double)PAL_US_PER_S);
    pal_log_info("turn refused: its prompt can't be read in time",
                 "turn=%llu tokens=%zu needs_ms=%lld left_ms=%lld",
                 (unsigned long long)turn->job.turn_id, n_left, (long long)us / PAL_US_PER_MS,
                 (long long)left_us / PAL_US_PER_MS);
    pal_model_end_failed(w, turn, &error);
    return true;
}

/*
 * A gap changes the logits a little more than a shift does (docs/performance.md), but a shift makes
 * everybody wait: alone, one waits for oneself.
 */
static int32_t
gap_max(const struct pal_model_worker *w)
{
    size_t n_running = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        n_running += w->turns[i]->state != PAL_MODEL_TURN_WAITING ? 1 : 0;
    }
    return w->lines.can_shift && n_running > 0 ? GAP_MAX : 0;
}

/* False: it waits for cells, and so do those behind it. Who waits for a peer or for the disk lets
 * others pass. */
static bool
admit(struct pal_model_worker *w, struct pal_model_turn *turn, int64_t now_us)
{
    struct pal_sync_plan plan = pal_timelines_plan(&w->lines, turn->job.conversation,
                                                   turn->prompt.tokens, turn->prompt.n_tokens);
    if (plan.target == NULL || should_wait_for_peer(w, turn, plan.n_keep + plan.n_shift) ||
        !pal_timelines_fetch(&w->lines, &plan)) {
        return true;
    }
    if (refuse_hopeless(w, turn, turn->prompt.n_tokens - plan.n_keep - plan.n_shift, now_us)) {
        return true;
    }
    /* Before anything is done: a turn that waits takes nobody's timeline. */
    size_t n_new = pal_sync_plan_n_cells(&plan, turn->prompt.n_tokens, turn->n_reply_room);
    if (pal_timelines_n_available(&w->lines, &plan) < n_new + pal_model_n_promised(w)) {
        return false;
    }
    w->lines.n_gap_max = gap_max(w);
    plan.n_ahead = turn->prompt.n_tokens + turn->n_reply_room;
    struct pal_timeline *line = pal_timelines_apply(&w->lines, &plan, turn->job.conversation);
    turn->line = line;
    if (pal_timelines_n_available(&w->lines, NULL) < pal_model_n_promised(w)) {
        /* What it was to share with somebody could not be (timeline.h), and takes cells, too. */
        turn->line = NULL;
        pal_timeline_release(&w->lines, line);
        return false;
    }
    line->n_prompt = turn->prompt.n_tokens;
    line->n_base = turn->prompt.n_base;
    pal_model_known_note(w, turn->prompt.tokens, turn->prompt.n_base);
    turn->state = PAL_MODEL_TURN_PREFILL;
    turn->admitted_us = now_us;
    turn->usage.queue_us = now_us - turn->job.submitted_us;
    turn->usage.cached_tokens = (uint32_t)line->n_tokens;
    pal_log_debug("turn admitted",
                  "turn=%llu seq=%d prompt=%zu keep=%zu shift=%zu parked=%d dropped_messages=%zu",
                  (unsigned long long)turn->job.turn_id, line->seq, turn->prompt.n_tokens,
                  plan.n_keep, plan.n_shift, plan.base != NULL || plan.parked != NULL,
                  turn->prompt.n_dropped);
    return true;
}

void
pal_model_admit(struct pal_model_worker *w, int64_t now_us)
{
    for (size_t i = w->n_turns; i > 0; i--) {
        if (w->turns[i - 1]->state == PAL_MODEL_TURN_PREFILL) {
            struct pal_model_turn *turn = w->turns[i - 1];
            (void)refuse_hopeless(w, turn, pal_model_turn_n_left(turn), now_us);
        }
    }
    size_t i = 0;
    while (i < w->n_turns) {
        struct pal_model_turn *turn = w->turns[i];
        size_t n_turns = w->n_turns;
        /* Else a large turn could wait for ever while small ones take what becomes free. */
        if (turn->state == PAL_MODEL_TURN_WAITING && !admit(w, turn, now_us)) {
            return;
        }
        i += w->n_turns == n_turns ? 1 : 0; /* else it was refused, and is gone */
    }
}
