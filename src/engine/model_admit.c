#include "engine/model_worker.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

/* A beginning that a peer is just computing is waited for if it saves this much. */
#define SHARED_MIN_TOKENS 16

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
    /* Before anything is done: a turn that waits takes nobody's timeline. */
    size_t n_new = pal_sync_plan_n_cells(&plan, turn->prompt.n_tokens, turn->n_reply_room);
    if (pal_timelines_n_available(&w->lines, &plan) < n_new + pal_model_n_promised(w)) {
        return false;
    }
    plan.n_ahead = turn->prompt.n_tokens + turn->n_reply_room;
    struct pal_timeline *line = pal_timelines_apply(&w->lines, &plan, turn->job.conversation);
    turn->line = line;
    line->n_prompt = turn->prompt.n_tokens;
    line->n_base = turn->prompt.n_base;
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
    for (size_t i = 0; i < w->n_turns; i++) {
        /* Else a large turn could wait for ever while small ones take what becomes free. */
        if (w->turns[i]->state == PAL_MODEL_TURN_WAITING && !admit(w, w->turns[i], now_us)) {
            return;
        }
    }
}
