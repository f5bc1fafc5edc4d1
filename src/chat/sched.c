/* What waits becomes what runs, and what has run ends: see also sched_admit.c. */
#include "chat/sched.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chat/feed.h"
#include "chat/metrics.h"
#include "chat/sched_state.h"
#include "util/log.h"
#include "util/mem.h"

#define LOG_TOPIC "sched"

#define DEFAULT_MAX_CONCURRENT 4
#define DEFAULT_MAX_WAITING    64
#define DEFAULT_MAX_PER_USER   8
/* What a turn is taken to last until one has ended. */
#define FIRST_SERVICE_US      (2 * PAL_US_PER_S)
#define SERVICE_SMOOTHING_DIV 8

static void on_kick(uv_idle_t *kick);

void
pal_sched_kick(struct pal_sched *sched)
{
    if (!sched->is_closing) {
        (void)uv_idle_start(&sched->kick, on_kick);
    }
}

/* A waiting turn will not run: out of the queue, and its end() is due. */
static void
give_up_waiting(struct pal_sched *sched, struct pal_turn *turn, enum pal_turn_step step,
                enum pal_outcome outcome, const struct pal_error *why)
{
    PAL_ASSERT(turn->state == PAL_TURN_WAITING);
    pal_turn_step(turn, step);
    pal_queue_remove(sched->queue, &turn->item);
    turn->ended.outcome = outcome;
    turn->ended.error = *why;
    sched->n_ending++;
    pal_sched_kick(sched);
}

/* Tells everyone that the turn is over, and frees it. */
static void
conclude(struct pal_sched *sched, struct pal_turn *turn)
{
    PAL_ASSERT(turn->state == PAL_TURN_ENDED);
    int64_t total_us = pal_sched_now_us(sched) - turn->accepted_us;
    int64_t wait_us = turn->taken_us != 0 ? turn->taken_us - turn->accepted_us : total_us;
    pal_turn_unlink(&sched->turns, turn);
    turn->ended.turn_id = turn->job.turn_id;
    pal_metrics_turn_ended(sched->metrics, turn->source, &turn->ended, wait_us, total_us);
    pal_feed_ended(sched->options.feed, &turn->ended, pal_sched_now_us(sched));
    pal_log_debug("turn ended", "turn=%" PRIu64 " source=%s outcome=%d reason=%s total_ms=%" PRId64,
                  turn->ended.turn_id, turn->source, (int)turn->ended.outcome,
                  pal_err_name(turn->ended.error.code), total_us / PAL_US_PER_MS);
    turn->sink.ops->end(turn->sink.self, &turn->ended);
    pal_turn_destroy(turn);
}

/* end() of the turns that ended inside somebody's call. A sink may end more of them meanwhile. */
static void
conclude_ended(struct pal_sched *sched)
{
    struct pal_turn *turn = sched->turns;
    while (turn != NULL && sched->n_ending > 0) {
        if (turn->state != PAL_TURN_ENDED) {
            turn = turn->next;
            continue;
        }
        sched->n_ending--;
        conclude(sched, turn);
        turn = sched->turns; /* the sink may have changed the list */
    }
}

static void
expire(struct pal_sched *sched)
{
    int64_t now = pal_sched_now_us(sched);
    for (struct pal_turn *turn = sched->turns; turn != NULL; turn = turn->next) {
        if (turn->state == PAL_TURN_WAITING && turn->job.deadline_us != 0 &&
            turn->job.deadline_us <= now) {
            struct pal_error why;
            (void)pal_error_set(&why, PAL_ERR_TIMEOUT,
                                "no answer in time: the turn waited %" PRId64
                                " ms for a free place",
                                (now - turn->accepted_us) / PAL_US_PER_MS);
            give_up_waiting(sched, turn, PAL_STEP_EXPIRE, PAL_OUTCOME_FAILED, &why);
        }
    }
}

static void
fail_waiting(struct pal_sched *sched, const struct pal_error *why)
{
    for (struct pal_turn *turn = sched->turns; turn != NULL; turn = turn->next) {
        if (turn->state == PAL_TURN_WAITING) {
            give_up_waiting(sched, turn, PAL_STEP_REFUSE, PAL_OUTCOME_FAILED, why);
        }
    }
}

/* A line is answered in the light of the reply before it, so it waits for that one. */
static bool
may_run(const struct pal_queue_item *item, void *userdata)
{
    const struct pal_sched *sched = userdata;
    const struct pal_turn *turn = (const struct pal_turn *)item;
    if (turn->conversation == NULL) {
        return true;
    }
    for (const struct pal_turn *other = sched->turns; other != NULL; other = other->next) {
        if (pal_turn_is_in_engine(other) && other->conversation != NULL &&
            strcmp(other->conversation, turn->conversation) == 0) {
            return false;
        }
    }
    return true;
}

static enum pal_err
hand_over(struct pal_sched *sched, struct pal_turn *turn, struct pal_error *error)
{
    if (turn->prepare == NULL) {
        return pal_engine_submit(sched->engine, &turn->job, error);
    }
    struct pal_job job;
    pal_job_copy(&job, &turn->job);
    enum pal_err err = turn->prepare(turn->sink.self, &job, error);
    if (err == PAL_OK) {
        err = pal_engine_submit(sched->engine, &job, error);
    }
    pal_job_finish(&job);
    return err;
}

/* Gives the engine one turn. False: it can take no more for now. */
static bool
start_turn(struct pal_sched *sched, struct pal_turn *turn)
{
    uint64_t turn_id = turn->job.turn_id;
    struct pal_error error = {.code = PAL_OK};
    enum pal_err err = hand_over(sched, turn, &error);
    if (err == PAL_ERR_BUSY) {
        return false;
    }
    if (err != PAL_OK) {
        error.code = err;
        give_up_waiting(sched, turn, PAL_STEP_REFUSE, PAL_OUTCOME_FAILED, &error);
        return true;
    }
    pal_job_finish(&turn->job);
    turn->job.turn_id = turn_id;
    pal_queue_take(sched->queue, &turn->item);
    pal_turn_step(turn, PAL_STEP_TAKEN);
    turn->engine = sched->engine;
    turn->taken_us = pal_sched_now_us(sched);
    pal_feed_taken(sched->options.feed, turn_id, turn->taken_us);
    sched->n_running++;
    if (turn->sink.ops->started != NULL) {
        turn->sink.ops->started(turn->sink.self, turn_id);
    }
    return true;
}

static void
feed_engine(struct pal_sched *sched)
{
    while (sched->engine != NULL && !sched->is_paused) {
        enum pal_engine_state state = pal_engine_state(sched->engine);
        if (state == PAL_ENGINE_FAILED) {
            fail_waiting(sched, pal_engine_failure(sched->engine));
            return;
        }
        if (state != PAL_ENGINE_READY || sched->n_running >= sched->options.max_concurrent) {
            return;
        }
        struct pal_queue_item *item = pal_queue_next(sched->queue, may_run, sched);
        if (item == NULL || !start_turn(sched, pal_turn_of_item(item))) {
            return;
        }
    }
}

static void
on_deadline(uv_timer_t *timer)
{
    pal_sched_kick(timer->data);
}

/* Wakes at the earliest deadline of a waiting turn; those in the engine are the engine's. */
static void
arm_deadline(struct pal_sched *sched)
{
    int64_t earliest_us = INT64_MAX;
    for (const struct pal_turn *turn = sched->turns; turn != NULL; turn = turn->next) {
        if (turn->state == PAL_TURN_WAITING && turn->job.deadline_us != 0 &&
            turn->job.deadline_us < earliest_us) {
            earliest_us = turn->job.deadline_us;
        }
    }
    if (earliest_us == INT64_MAX) {
        (void)uv_timer_stop(&sched->deadline);
        return;
    }
    int64_t delay_us = earliest_us - pal_sched_now_us(sched);
    uint64_t delay_ms = delay_us > 0 ? (uint64_t)(delay_us / PAL_US_PER_MS) + 1 : 0;
    (void)uv_timer_start(&sched->deadline, on_deadline, delay_ms, 0);
}

static void
on_kick(uv_idle_t *handle)
{
    struct pal_sched *sched = handle->data;
    (void)uv_idle_stop(handle);
    expire(sched);
    feed_engine(sched);
    conclude_ended(sched);
    arm_deadline(sched);
}

static void
on_final(struct pal_sched *sched, struct pal_turn *turn, const struct pal_event *event)
{
    bool was_stopping = turn->state == PAL_TURN_STOPPING;
    pal_turn_step(turn, PAL_STEP_FINAL);
    sched->n_running--;
    turn->ended.usage = event->usage;
    if (was_stopping || event->kind == PAL_EVENT_CANCELLED) {
        turn->ended.outcome = PAL_OUTCOME_CANCELLED;
        (void)pal_error_set(&turn->ended.error, PAL_ERR_CANCELLED, "%s",
                            was_stopping ? "the turn was cancelled" : "the engine was stopped");
    } else if (event->kind == PAL_EVENT_FAILED) {
        turn->ended.outcome = PAL_OUTCOME_FAILED;
        turn->ended.error = event->error;
    } else {
        turn->ended.outcome = PAL_OUTCOME_DONE;
        turn->ended.finish_reason = pal_finish_name(event->finish);
        int64_t service_us = pal_sched_now_us(sched) - turn->taken_us;
        sched->is_service_known = true;
        sched->service_us += (service_us - sched->service_us) / SERVICE_SMOOTHING_DIV;
    }
    conclude(sched, turn);
    pal_sched_kick(sched);
}

void
pal_sched_on_event(const struct pal_event *event, void *userdata)
{
    struct pal_sched *sched = userdata;
    if (sched->is_closing) {
        return; /* every turn has had its end */
    }
    if (event->kind == PAL_EVENT_STATE) {
        pal_sched_kick(sched);
        return;
    }
    struct pal_turn *turn = pal_turn_find(sched->turns, event->turn_id);
    if (turn == NULL || !pal_turn_is_in_engine(turn)) {
        pal_log_warn("event of no running turn", "turn=%" PRIu64 " kind=%d", event->turn_id,
                     (int)event->kind);
        return;
    }
    if (event->kind != PAL_EVENT_PIECE) {
        on_final(sched, turn, event);
    } else if (turn->state == PAL_TURN_RUNNING && event->len > 0) {
        turn->sink.ops->text(turn->sink.self, event->text, event->len);
    }
}

void
pal_sched_set_engine(struct pal_sched *sched, struct pal_engine *engine)
{
    sched->engine = engine;
    pal_sched_kick(sched);
}

void
pal_sched_cancel(struct pal_sched *sched, uint64_t turn_id)
{
    struct pal_turn *turn = pal_turn_find(sched->turns, turn_id);
    if (turn == NULL) {
        return;
    }
    if (turn->state == PAL_TURN_WAITING) {
        struct pal_error why;
        (void)pal_error_set(&why, PAL_ERR_CANCELLED, "the turn was cancelled");
        give_up_waiting(sched, turn, PAL_STEP_CANCEL, PAL_OUTCOME_CANCELLED, &why);
        return;
    }
    bool was_running = turn->state == PAL_TURN_RUNNING;
    pal_turn_step(turn, PAL_STEP_CANCEL);
    if (was_running) {
        pal_engine_cancel(turn->engine, turn_id);
    }
}

void
pal_sched_set_paused(struct pal_sched *sched, bool is_paused)
{
    sched->is_paused = is_paused;
    pal_sched_kick(sched);
}

bool
pal_sched_is_paused(const struct pal_sched *sched)
{
    return sched->is_paused;
}

bool
pal_sched_is_ready(const struct pal_sched *sched)
{
    return sched->engine != NULL && pal_engine_state(sched->engine) == PAL_ENGINE_READY;
}

uint32_t
pal_sched_n_waiting(const struct pal_sched *sched)
{
    return pal_queue_n_items(sched->queue);
}

uint32_t
pal_sched_n_running(const struct pal_sched *sched)
{
    return sched->n_running;
}

uint32_t
pal_sched_n_running_in(const struct pal_sched *sched, const struct pal_engine *engine)
{
    uint32_t n = 0;
    for (const struct pal_turn *turn = sched->turns; turn != NULL; turn = turn->next) {
        n += pal_turn_is_in_engine(turn) && turn->engine == engine ? 1 : 0;
    }
    return n;
}

enum pal_err
pal_sched_create(uv_loop_t *loop, const struct pal_sched_options *options,
                 struct pal_metrics *metrics, struct pal_sched **out, struct pal_error *error)
{
    (void)error; /* nothing here can fail yet; the loop's handles are only memory */
    struct pal_sched *sched = pal_calloc(1, sizeof(*sched));
    sched->options = *options;
    struct pal_sched_options *o = &sched->options;
    o->max_concurrent = o->max_concurrent != 0 ? o->max_concurrent : DEFAULT_MAX_CONCURRENT;
    o->max_waiting = o->max_waiting != 0 ? o->max_waiting : DEFAULT_MAX_WAITING;
    o->max_waiting_per_user =
        o->max_waiting_per_user != 0 ? o->max_waiting_per_user : DEFAULT_MAX_PER_USER;
    o->clock = o->clock.now_us != NULL ? o->clock : pal_clock_system();
    sched->metrics = metrics;
    sched->service_us = FIRST_SERVICE_US;
    sched->queue = pal_queue_create(o->max_waiting, o->max_waiting_per_user);
    (void)uv_idle_init(loop, &sched->kick);
    (void)uv_timer_init(loop, &sched->deadline);
    sched->kick.data = sched;
    sched->deadline.data = sched;
    sched->n_open_handles = 2;
    *out = sched;
    return PAL_OK;
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct pal_sched *sched = handle->data;
    if (--sched->n_open_handles > 0) {
        return;
    }
    pal_sched_closed_fn on_closed = sched->on_closed;
    void *userdata = sched->closed_userdata;
    pal_queue_destroy(sched->queue);
    free(sched);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

void
pal_sched_close(struct pal_sched *sched, pal_sched_closed_fn on_closed, void *userdata)
{
    if (sched == NULL) {
        if (on_closed != NULL) {
            on_closed(userdata);
        }
        return;
    }
    sched->is_closing = true;
    sched->on_closed = on_closed;
    sched->closed_userdata = userdata;
    struct pal_error why;
    (void)pal_error_set(&why, PAL_ERR_CANCELLED, "palabre is stopping");
    while (sched->turns != NULL) {
        struct pal_turn *turn = sched->turns;
        if (turn->state == PAL_TURN_WAITING) {
            give_up_waiting(sched, turn, PAL_STEP_CANCEL, PAL_OUTCOME_CANCELLED, &why);
        } else if (turn->state != PAL_TURN_ENDED) {
            pal_engine_cancel(turn->engine, turn->job.turn_id);
            pal_turn_step(turn, PAL_STEP_FINAL);
            sched->n_running--;
            turn->ended.outcome = PAL_OUTCOME_CANCELLED;
            turn->ended.error = why;
        }
        conclude(sched, turn);
    }
    uv_close((uv_handle_t *)&sched->kick, on_handle_closed);
    uv_close((uv_handle_t *)&sched->deadline, on_handle_closed);
}
