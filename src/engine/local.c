/*
 * The boundary's promises, kept with a child: what was submitted ends once, whatever becomes of it.
 */
#include "engine/local.h"

#include <signal.h>
#include <stdlib.h>

#include "engine/fault.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "engine"
#include "util/log.h"

#define QUIT_MS 2000
#define TERM_MS 1000

/* ---- turns and events ---- */

struct pal_local_turn *
pal_local_find_turn(struct pal_local *engine, uint64_t id)
{
    for (size_t i = 0; i < engine->n_turns; i++) {
        if (engine->turns[i].id == id) {
            return &engine->turns[i];
        }
    }
    return NULL;
}

/* Final events for all; the callbacks may submit again, but find the engine not ready. */
void
pal_local_end_all_turns(struct pal_local *engine, enum pal_event_kind kind,
                        const struct pal_error *error)
{
    while (engine->n_turns > 0) {
        struct pal_event event = {.kind = kind, .turn_id = engine->turns[0].id};
        if (error != NULL) {
            event.error = *error;
        }
        engine->turns[0] = engine->turns[--engine->n_turns];
        engine->on_event(&event, engine->userdata);
    }
}

void
pal_local_tell_state(struct pal_local *engine)
{
    struct pal_event event = {
        .kind = PAL_EVENT_STATE,
        .state = engine->state,
        .progress = engine->progress,
        .facts = engine->facts,
        .error = engine->failure,
    };
    engine->on_event(&event, engine->userdata);
}

void
pal_local_send(struct pal_local *engine, struct pal_buf *frame)
{
    if (engine->child != NULL && pal_child_send(engine->child, frame) == PAL_ERR_BUSY) {
        pal_log_error("the engine does not read", "pid=%d", pal_child_pid(engine->child));
        pal_child_kill(engine->child, SIGKILL);
    }
    pal_buf_finish(frame);
}

void
pal_local_send_quit(struct pal_local *engine)
{
    struct pal_buf frame;
    pal_buf_init(&frame, 64);
    if (pal_wire_put_quit(&frame) == PAL_OK) {
        pal_local_send(engine, &frame);
    }
}

/* ---- the boundary ---- */

static enum pal_err
local_submit(struct pal_engine *base, struct pal_job *job, struct pal_error *error)
{
    struct pal_local *engine = (struct pal_local *)base;
    if (engine->state == PAL_ENGINE_FAILED) {
        return pal_error_set(error, PAL_ERR_MODEL, "%s", engine->failure.text);
    }
    if (engine->is_leaving) {
        return pal_error_set(error, PAL_ERR_BUSY, "another engine is about to follow this one");
    }
    if (engine->state != PAL_ENGINE_READY || engine->child == NULL) {
        return pal_error_set(error, PAL_ERR_BUSY, "the engine is %s",
                             pal_engine_state_name(engine->state));
    }
    if (engine->n_turns >= engine->settings.n_sequences) {
        return pal_error_set(error, PAL_ERR_BUSY, "all %u sequences are in use",
                             engine->settings.n_sequences);
    }
    enum pal_err err = pal_job_check(job, error);
    if (err != PAL_OK) {
        return err;
    }
    if (pal_local_find_turn(engine, job->turn_id) != NULL) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "turn %llu is running already",
                             (unsigned long long)job->turn_id);
    }
    struct pal_buf frame;
    pal_buf_init(&frame, PAL_WIRE_FRAME_MAX_BYTES + PAL_WIRE_HEAD_BYTES);
    err = pal_wire_put_job(&frame, job);
    if (err == PAL_OK) {
        err = pal_child_send(engine->child, &frame);
    }
    pal_buf_finish(&frame);
    if (err == PAL_ERR_LIMIT) {
        return pal_error_set(error, err, "the job is too large for the engine");
    }
    if (err != PAL_OK) {
        return pal_error_set(error, PAL_ERR_BUSY, "the engine takes no jobs now");
    }
    engine->turns[engine->n_turns++] = (struct pal_local_turn){
        .id = job->turn_id,
        .deadline_us = job->deadline_us,
    };
    pal_job_finish(job);
    return PAL_OK;
}

static enum pal_err
local_retune(struct pal_engine *base, const struct pal_engine_options *options,
             struct pal_error *error)
{
    struct pal_local *engine = (struct pal_local *)base;
    if (engine->state != PAL_ENGINE_READY || engine->n_turns > 0 || engine->is_leaving) {
        return pal_error_set(error, PAL_ERR_BUSY, "the engine is at work");
    }
    struct pal_settings settings;
    enum pal_err err = pal_settings_init(&settings, options, error);
    if (err != PAL_OK) {
        return err;
    }
    if (!pal_settings_share_weights(&engine->settings, &settings)) {
        pal_settings_finish(&settings);
        return pal_error_set(error, PAL_ERR_ARGUMENT, "that needs other weights");
    }
    struct pal_buf frame;
    pal_buf_init(&frame, PAL_WIRE_FRAME_MAX_BYTES);
    err = pal_wire_put_settings(&frame, &settings);
    if (err != PAL_OK) {
        pal_buf_finish(&frame);
        pal_settings_finish(&settings);
        return pal_error_set(error, err, "the settings are too large for the engine");
    }
    pal_settings_finish(&engine->settings);
    engine->settings = settings;
    engine->state = PAL_ENGINE_LOADING;
    engine->progress = 1;
    pal_local_send(engine, &frame);
    return PAL_OK;
}

static enum pal_err
local_hand_over(struct pal_engine *base, struct pal_error *error)
{
    struct pal_local *engine = (struct pal_local *)base;
    if (engine->state != PAL_ENGINE_READY || engine->is_leaving) {
        return pal_error_set(error, PAL_ERR_BUSY, "the engine is %s",
                             engine->is_leaving ? "leaving" : pal_engine_state_name(engine->state));
    }
    struct pal_buf frame;
    pal_buf_init(&frame, 64);
    if (pal_wire_put_hand_over(&frame) == PAL_OK) {
        engine->is_leaving = true;
        pal_local_send(engine, &frame);
    }
    return PAL_OK;
}

static void
local_adopt(struct pal_engine *base)
{
    struct pal_local *engine = (struct pal_local *)base;
    struct pal_buf frame;
    pal_buf_init(&frame, 64);
    if (engine->state == PAL_ENGINE_READY && pal_wire_put_adopt(&frame) == PAL_OK) {
        pal_local_send(engine, &frame);
    }
}

static void
local_cancel(struct pal_engine *base, uint64_t turn_id)
{
    struct pal_local *engine = (struct pal_local *)base;
    struct pal_local_turn *turn = pal_local_find_turn(engine, turn_id);
    if (turn == NULL || turn->is_cancelled) {
        return;
    }
    turn->is_cancelled = true;
    struct pal_buf frame;
    pal_buf_init(&frame, 64);
    if (pal_wire_put_cancel(&frame, turn_id) == PAL_OK) {
        pal_local_send(engine, &frame);
    }
}

static enum pal_engine_state
local_state(const struct pal_engine *base)
{
    const struct pal_local *engine = (const struct pal_local *)base;
    return engine->state;
}

static const struct pal_engine_facts *
local_facts(const struct pal_engine *base)
{
    const struct pal_local *engine = (const struct pal_local *)base;
    return &engine->facts;
}

static float
local_progress(const struct pal_engine *base)
{
    const struct pal_local *engine = (const struct pal_local *)base;
    return engine->progress;
}

static const struct pal_error *
local_failure(const struct pal_engine *base)
{
    const struct pal_local *engine = (const struct pal_local *)base;
    return &engine->failure;
}

static uint32_t
local_n_restarts(const struct pal_engine *base)
{
    const struct pal_local *engine = (const struct pal_local *)base;
    return engine->n_restarts;
}

static struct pal_engine_pace
local_pace(const struct pal_engine *base)
{
    return ((const struct pal_local *)base)->pace;
}

static struct pal_engine_held
local_held(const struct pal_engine *base)
{
    return ((const struct pal_local *)base)->held;
}

static int
local_pid(const struct pal_engine *base)
{
    const struct pal_local *engine = (const struct pal_local *)base;
    return engine->child != NULL ? pal_child_pid(engine->child) : 0;
}

/* ---- closing ---- */

static void
on_timer_closed(uv_handle_t *handle)
{
    struct pal_local *engine = handle->data;
    if (--engine->n_open_timers > 0) {
        return;
    }
    pal_engine_closed_fn on_closed = engine->on_closed;
    void *userdata = engine->closed_userdata;
    pal_settings_finish(&engine->settings);
    free(engine->program);
    free(engine);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

void
pal_local_close_timers(struct pal_local *engine)
{
    engine->n_open_timers = 2;
    uv_close((uv_handle_t *)&engine->heartbeat, on_timer_closed);
    uv_close((uv_handle_t *)&engine->pause, on_timer_closed);
}

static void
on_term_ignored(uv_timer_t *timer)
{
    struct pal_local *engine = timer->data;
    pal_child_kill(engine->child, SIGKILL);
}

static void
on_quit_ignored(uv_timer_t *timer)
{
    struct pal_local *engine = timer->data;
    pal_log_warn("the engine does not quit", "pid=%d", pal_engine_pid(&engine->base));
    pal_child_kill(engine->child, SIGTERM);
    (void)uv_timer_start(&engine->pause, on_term_ignored, TERM_MS, 0);
}

static void
local_close(struct pal_engine *base, pal_engine_closed_fn on_closed, void *userdata)
{
    struct pal_local *engine = (struct pal_local *)base;
    PAL_ASSERT(!engine->is_closing);
    engine->is_closing = true;
    engine->state = PAL_ENGINE_STOPPED;
    engine->on_closed = on_closed;
    engine->closed_userdata = userdata;
    pal_local_end_all_turns(engine, PAL_EVENT_CANCELLED, NULL);
    if (engine->child == NULL) {
        pal_local_close_timers(engine);
        return;
    }
    pal_local_send_quit(engine);
    (void)uv_timer_start(&engine->pause, on_quit_ignored, QUIT_MS, 0);
}

static const struct pal_engine_ops local_ops = {
    .submit = local_submit,
    .retune = local_retune,
    .hand_over = local_hand_over,
    .adopt = local_adopt,
    .cancel = local_cancel,
    .state = local_state,
    .facts = local_facts,
    .progress = local_progress,
    .failure = local_failure,
    .n_restarts = local_n_restarts,
    .pace = local_pace,
    .held = local_held,
    .pid = local_pid,
    .close = local_close,
};

enum pal_err
pal_engine_open(uv_loop_t *loop, const struct pal_engine_options *options,
                pal_engine_event_fn on_event, void *userdata, struct pal_engine **out,
                struct pal_error *error)
{
    *out = NULL;
    struct pal_local *engine = pal_calloc(1, sizeof(*engine));
    engine->base.ops = &local_ops;
    engine->loop = loop;
    engine->on_event = on_event;
    engine->userdata = userdata;
    engine->fuse.safe_for_min_us = pal_fault_from_environment().safe_ms * PAL_US_PER_MS;
    enum pal_err err = pal_settings_init(&engine->settings, options, error);
    if (err == PAL_OK) {
        engine->program = pal_strdup(options->program);
        engine->spare = options->spare;
        err = pal_local_start(engine, error);
        engine->spare = NULL;
    }
    if (err != PAL_OK) {
        pal_settings_finish(&engine->settings);
        free(engine->program);
        free(engine);
        return err;
    }
    (void)uv_timer_init(loop, &engine->heartbeat);
    (void)uv_timer_init(loop, &engine->pause);
    engine->heartbeat.data = engine;
    engine->pause.data = engine;
    (void)uv_timer_start(&engine->heartbeat, pal_local_on_heartbeat, PAL_LOCAL_HEARTBEAT_MS,
                         PAL_LOCAL_HEARTBEAT_MS);
    *out = &engine->base;
    return PAL_OK;
}
