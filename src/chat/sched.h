#ifndef PAL_CHAT_SCHED_H
#define PAL_CHAT_SCHED_H
/*
 * The waiting line: turns come in from every front end, wait in a fair queue, and go to the engine,
 * at most `max_concurrent` at once. Every submitted turn's sink gets exactly one end(), also when
 * the turn never ran, the engine died, or the scheduler is closed.
 *
 * Fair: round robin over users, so that one who sends ten lines does not hold up one who sends one;
 * higher ranks first, with ageing (queue.h);
 * within a user, first come first served. A turn whose deadline passes while it waits ends FAILED
 * with PAL_ERR_TIMEOUT. While the engine is starting or loading, turns wait (until their deadline);
 * when it has failed for good, they end FAILED at once.
 *
 * Loop thread only; nothing blocks.
 */
#include "engine/engine.h"
#include "output/sink.h"
#include "util/clock.h"

struct pal_sched;
struct pal_feed;    /* chat/feed.h */
struct pal_metrics; /* chat/metrics.h */

struct pal_sched_options {
    uint32_t max_concurrent;       /* turns in the engine at once; default 4 */
    uint32_t max_waiting;          /* turns in the queue; default 64; more get PAL_ERR_BUSY */
    uint32_t max_waiting_per_user; /* default 8; for those with a name */
    struct pal_clock clock;        /* zeroed = the system's */
    struct pal_feed *feed;         /* is told of every turn; borrowed; NULL = nobody looks */
};

/* `metrics` is borrowed and outlives the scheduler. */
enum pal_err pal_sched_create(uv_loop_t *loop, const struct pal_sched_options *options,
                              struct pal_metrics *metrics, struct pal_sched **sched,
                              struct pal_error *error) PAL_MUST_USE;

/*
 * The engine to feed (borrowed), and later its successor; NULL = turns wait. Turns that run in the
 * old one end there; its events are still to be passed on until it is closed.
 */
void pal_sched_set_engine(struct pal_sched *sched, struct pal_engine *engine);
/* To be called for every event of that engine (the signature is pal_engine_event_fn's). */
void pal_sched_on_event(const struct pal_event *event, void *sched);

struct pal_turn_request {
    const char
        *source;      /* "api", "terminal", "page", "twitch": a label of metrics; static storage */
    const char *user; /* fairness key; copied; NULL = everyone without a name together */
    unsigned rank;    /* higher goes first, see queue.h; 0 = everyone's */
    struct pal_job job; /* turn_id 0, it is given here; emptied on success */
    struct pal_sink sink;
    /*
     * NULL = the messages are in the job. Else called with sink.self when the engine is about to
     * take the turn: adds them to a copy of the job, so that a line sees the replies that came
     * while it waited. Of the turns of one job.conversation that prepare, one runs at a time. May
     * be called again if the engine could not take the job after all. An error ends the turn
     * FAILED.
     */
    enum pal_err (*prepare)(void *self, struct pal_job *job, struct pal_error *error);
};

/*
 * Takes a turn. On PAL_OK the sink will get its end() later (never from inside this call), *turn_id
 * names the turn, request->job has been emptied. On an error nothing was taken and no sink is
 * called: PAL_ERR_BUSY (queue full, or a line so long that the deadline can't be met: answer 429),
 * PAL_ERR_ARGUMENT or PAL_ERR_LIMIT (a bad job: 400), PAL_ERR_MODEL (no usable model: 503).
 */
enum pal_err pal_sched_submit(struct pal_sched *sched, struct pal_turn_request *request,
                              uint64_t *turn_id, struct pal_error *error) PAL_MUST_USE;

/*
 * Ends a waiting or running turn: no text comes any more, its sink's end() comes soon (never from
 * inside this call) and says CANCELLED, also if the reply's last piece won the race. Unknown ids
 * are ignored.
 */
void pal_sched_cancel(struct pal_sched *sched, uint64_t turn_id);

/* Paused: turns are taken and wait (until their deadline), none goes to the engine. */
void pal_sched_set_paused(struct pal_sched *sched, bool is_paused);
bool pal_sched_is_paused(const struct pal_sched *sched);

/* There is an engine, and it can compute now. */
bool pal_sched_is_ready(const struct pal_sched *sched);
uint32_t pal_sched_n_waiting(const struct pal_sched *sched);
uint32_t pal_sched_n_running(const struct pal_sched *sched);
/* Of these, in that engine: a former one may be closed when there are none. */
uint32_t pal_sched_n_running_in(const struct pal_sched *sched, const struct pal_engine *engine);
/* Seconds after which a refused client may try again, at the present pace; at least 1. */
uint32_t pal_sched_retry_after_seconds(const struct pal_sched *sched);

typedef void (*pal_sched_closed_fn)(void *userdata);
/*
 * Ends every turn with CANCELLED (their sinks are called from here), frees, then calls back from
 * the loop; until then the engine's events may still be passed on. The engine is not closed, and
 * must not have been freed while turns ran in it. Not to be called by a sink. Accepts NULL
 * (on_closed is then called at once).
 */
void pal_sched_close(struct pal_sched *sched, pal_sched_closed_fn on_closed, void *userdata);

#endif
