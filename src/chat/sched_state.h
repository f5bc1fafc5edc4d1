#ifndef PAL_CHAT_SCHED_STATE_H
#define PAL_CHAT_SCHED_STATE_H
/*
 * The scheduler's own state, for its two halves: what may join the line (sched_admit.c), and what
 * becomes of it (sched.c). Loop thread only.
 */
#include "chat/queue.h"
#include "chat/sched.h"
#include "chat/turn.h"

struct pal_sched {
    struct pal_sched_options options;
    struct pal_metrics *metrics; /* borrowed */
    struct pal_engine *engine;   /* borrowed; NULL = none */
    struct pal_queue *queue;     /* of turn::item */
    /* Every turn that is not over, in order of arrival; at most max_concurrent + max_waiting. */
    struct pal_turn *turns;
    uint32_t n_running;
    uint32_t n_ending; /* ENDED, but end() has not been called yet */
    uint64_t last_turn_id;
    int64_t service_us; /* smoothed time that a turn spends in the engine */
    bool is_service_known;
    bool is_closing;
    bool is_paused;

    /* All work is done from these two, so that no caller meets a sink inside its own call. */
    uv_idle_t kick;
    uv_timer_t deadline;
    int n_open_handles;
    pal_sched_closed_fn on_closed;
    void *closed_userdata;
};

static inline int64_t
pal_sched_now_us(const struct pal_sched *sched)
{
    return pal_clock_now_us(&sched->options.clock);
}

/* Something has changed: what is due is done soon, from the loop. */
void pal_sched_kick(struct pal_sched *sched);

#endif
