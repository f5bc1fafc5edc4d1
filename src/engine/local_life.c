/*
 * The child's life: what state the engine is in, and what happens when it dies.
 *
 * Health: a ping each heartbeat. The engine's I/O thread answers even in the middle of a step, so
 * silence for SILENT_TICKS of our own ticks (not of the clock: we may have been suspended
 * ourselves) means a stopped or wedged process; a process that has not said anything yet has
 * SILENT_TICKS_STARTING, for a slow disk or a busy machine may take seconds to begin it. Loading
 * without progress for STUCK_LOADING_US, a step that takes STUCK_STEP_US (one is sized for half a
 * second), or LATE_STEP_US while a turn's deadline passes (the engine ends it itself where a step
 * can be broken off), mean wedged computing.
 *
 * Death: running turns fail, then a new engine is started at once, after that with a pause that
 * doubles from 0.5 s to 30 s until one life has answered a turn or lasted a minute. fuse.h says
 * when it is run in the safe way instead, and when there is no more hope: then we stay down.
 *
 * Death while loading with layers on a card: drivers end the process where they could refuse. The
 * next engine gets half the layers, then none. (An allocation that only fails takes smaller steps,
 * inside the engine: model.c; a death costs a whole load.)
 */
#include "engine/local.h"

#include <stdio.h>
#include <string.h>

#include "engine/spare.h"
#include "util/clock.h"

#define LOG_TOPIC "engine"
#include "util/log.h"

#define SILENT_TICKS          4
#define SILENT_TICKS_STARTING 60
#define STUCK_LOADING_US      (120 * PAL_US_PER_S)
#define STUCK_STEP_US         (60 * PAL_US_PER_S)
#define LATE_STEP_US          (10 * PAL_US_PER_S)
#define PAUSE_FIRST_MS        500
#define PAUSE_MAX_MS          30000
#define HEALTHY_US            (60 * PAL_US_PER_S)
#define LAYERS_WORTH_IT       3
#define LAYERS_COUNTED_MAX    4096

static void on_child_message(const struct pal_wire_message *message, void *userdata);
static void on_child_gone(const struct pal_child_end *end, void *userdata);

static const struct pal_child_callbacks child_callbacks = {
    .on_message = on_child_message,
    .on_gone = on_child_gone,
};

static void
on_state(struct pal_local *engine, const struct pal_event *event)
{
    if (engine->state == PAL_ENGINE_STOPPED || engine->state == PAL_ENGINE_FAILED) {
        return;
    }
    switch (event->state) {
    case PAL_ENGINE_LOADING:
        engine->state = PAL_ENGINE_LOADING;
        engine->progress = event->progress;
        break;
    case PAL_ENGINE_READY:
        engine->state = PAL_ENGINE_READY;
        engine->progress = 1;
        engine->facts = event->facts;
        engine->facts.is_safe = engine->fuse.is_safe;
        engine->pace = (struct pal_engine_pace){.n_threads = 0}; /* the next pong tells */
        pal_log_info(
            "engine ready", "pid=%d model=" PAL_LOG_STR " variant=%s load_ms=%lld ctx_tokens=%u",
            pal_engine_pid(&engine->base), engine->facts.model_name, engine->facts.variant,
            (long long)(engine->facts.load_us / PAL_US_PER_MS), engine->facts.n_ctx_tokens);
        break;
    case PAL_ENGINE_LEAVING:
        engine->state = PAL_ENGINE_LEAVING;
        break;
    case PAL_ENGINE_FAILED:
        engine->state = PAL_ENGINE_FAILED;
        engine->failure = event->error;
        pal_log_error("engine failed", "reason=" PAL_LOG_STR, engine->failure.text);
        pal_local_send_quit(engine); /* it holds memory for nothing */
        break;
    default:
        return;
    }
    pal_local_tell_state(engine);
}

static bool
is_turn_late(const struct pal_local *engine, int64_t now_us)
{
    for (size_t i = 0; i < engine->n_turns; i++) {
        int64_t deadline_us = engine->turns[i].deadline_us;
        if (deadline_us != 0 && now_us - deadline_us > LATE_STEP_US) {
            return true;
        }
    }
    return false;
}

static void
end_if_stuck(struct pal_local *engine, int64_t busy_us)
{
    bool is_loaded = engine->state == PAL_ENGINE_READY || engine->state == PAL_ENGINE_LEAVING ||
                     engine->is_changing;
    int64_t most_us = !is_loaded                           ? STUCK_LOADING_US
                      : is_turn_late(engine, pal_now_us()) ? LATE_STEP_US
                                                           : STUCK_STEP_US;
    if (busy_us > most_us) {
        pal_log_error("the engine is stuck in a step", "busy_s=%lld",
                      (long long)(busy_us / PAL_US_PER_S));
        pal_child_kill(engine->child, SIGKILL);
    }
}

static void
on_child_message(const struct pal_wire_message *message, void *userdata)
{
    struct pal_local *engine = userdata;
    engine->has_spoken = true;
    if (message->kind == PAL_WIRE_PONG) {
        if (message->serial == engine->ping_serial) {
            engine->n_silent_ticks = 0;
        }
        engine->pace = message->pace;
        engine->held = message->held;
        end_if_stuck(engine, message->busy_us);
        return;
    }
    const struct pal_event *event = &message->event;
    if (event->kind == PAL_EVENT_STATE) {
        on_state(engine, event);
        return;
    }
    struct pal_local_turn *turn = pal_local_find_turn(engine, event->turn_id);
    if (turn == NULL) {
        return; /* ended here already: the engine's last words come too late */
    }
    if (event->kind != PAL_EVENT_PIECE) {
        *turn = engine->turns[--engine->n_turns];
    }
    if (event->kind == PAL_EVENT_DONE) {
        engine->pause_ms = 0;
    }
    engine->on_event(event, engine->userdata);
}

/* ---- life and death ---- */

void
pal_local_on_heartbeat(uv_timer_t *timer)
{
    struct pal_local *engine = timer->data;
    if (engine->child == NULL || engine->is_closing) {
        return;
    }
    if (pal_child_is_cut_off(engine->child)) {
        pal_child_kill(engine->child, SIGKILL);
        return;
    }
    if (pal_fuse_is_over(&engine->fuse, pal_now_us()) && engine->state == PAL_ENGINE_READY &&
        !engine->is_leaving) {
        /* New turns wait, those that run are answered first. */
        pal_log_info("the engine is tried the usual way again", "pid=%d turns=%zu",
                     pal_child_pid(engine->child), engine->n_turns);
        engine->is_changing = true;
        engine->state = PAL_ENGINE_STARTING;
        pal_local_tell_state(engine);
    }
    if (engine->is_changing && engine->n_turns == 0) {
        pal_local_send_quit(engine);
    }
    if (engine->n_silent_ticks > 0) {
        engine->n_silent_ticks++;
        if (engine->n_silent_ticks > (engine->has_spoken ? SILENT_TICKS : SILENT_TICKS_STARTING)) {
            pal_log_error("the engine does not answer", "pid=%d", pal_child_pid(engine->child));
            engine->n_silent_ticks = 0;
            pal_child_kill(engine->child, SIGKILL);
        }
        return;
    }
    struct pal_buf frame;
    pal_buf_init(&frame, 64);
    if (pal_wire_put_ping(&frame, ++engine->ping_serial) == PAL_OK) {
        engine->n_silent_ticks = 1;
        pal_local_send(engine, &frame);
    }
}

enum pal_err
pal_local_start(struct pal_local *engine, struct pal_error *error)
{
    engine->state = PAL_ENGINE_STARTING;
    engine->progress = 0;
    engine->n_silent_ticks = 0;
    engine->has_spoken = false;
    engine->started_us = pal_now_us();
    struct pal_settings settings = pal_fuse_settings(&engine->fuse, &engine->settings);
    bool is_briefed = false;
    engine->child = pal_spare_take(engine->spare, engine->program, &settings, &is_briefed);
    if (engine->child != NULL) {
        if (is_briefed) {
            pal_child_follow(engine->child, &child_callbacks, engine);
        } else {
            pal_child_employ(engine->child, &settings, &child_callbacks, engine);
        }
        return PAL_OK;
    }
    return pal_child_start(engine->loop, engine->program, &settings, &child_callbacks, engine,
                           &engine->child, error);
}

static void
fail_for_good(struct pal_local *engine, const struct pal_error *error)
{
    engine->state = PAL_ENGINE_FAILED;
    engine->failure = *error;
    pal_log_error("engine failed", "reason=" PAL_LOG_STR, error->text);
    pal_local_tell_state(engine);
}

static void
on_pause_over(uv_timer_t *timer)
{
    struct pal_local *engine = timer->data;
    engine->n_restarts++;
    struct pal_error error = {0};
    if (pal_local_start(engine, &error) != PAL_OK) {
        fail_for_good(engine, &error);
        return;
    }
    pal_local_tell_state(engine);
}

static void
restart_after_pause(struct pal_local *engine)
{
    if (pal_now_us() - engine->started_us > HEALTHY_US) {
        engine->pause_ms = 0;
    }
    pal_log_warn("engine restarts", "pause_ms=%u restarts=%u", engine->pause_ms,
                 engine->n_restarts + 1);
    (void)uv_timer_start(&engine->pause, on_pause_over, engine->pause_ms, 0);
    engine->pause_ms = engine->pause_ms == 0 ? PAUSE_FIRST_MS : 2 * engine->pause_ms;
    if (engine->pause_ms > PAUSE_MAX_MS) {
        engine->pause_ms = PAUSE_MAX_MS;
    }
}

/* False: there is nothing on a card that could be given up. */
static bool
give_up_layers(struct pal_local *engine)
{
    struct pal_settings *settings = &engine->settings;
    int32_t before = settings->n_gpu_layers;
    if (before == 0 || settings->model_path == NULL) {
        return false;
    }
    bool is_counted = before > 0 && before <= LAYERS_COUNTED_MAX; /* else it means "all" */
    settings->n_gpu_layers = is_counted && before / 2 >= LAYERS_WORTH_IT ? before / 2 : 0;
    if (settings->n_threads_cpu != 0) {
        settings->n_threads = settings->n_threads_batch = settings->n_threads_cpu;
    }
    pal_log_warn("the engine died loading on the card: trying the next rung",
                 "gpu_layers=%d before=%d", settings->n_gpu_layers, before);
    return true;
}

static void
describe_end(const struct pal_child_end *end, char *text, size_t size)
{
    if (end->signal != 0) {
        (void)snprintf(text, size, "signal %d, %s", end->signal, strsignal(end->signal));
    } else {
        (void)snprintf(text, size, "exit status %d", end->exit_status);
    }
}

static void
give_up(struct pal_local *engine, const char *how)
{
    const struct pal_settings *settings = &engine->settings;
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_MODEL,
                        "cannot load '%s': the engine died %d times while reading it (%s), and as "
                        "often on the CPU alone; the file may be damaged, or there is too little "
                        "memory",
                        settings->model_path != NULL ? settings->model_path : settings->script_path,
                        PAL_FUSE_DEATHS, how);
    fail_for_good(engine, &error);
}

static void
on_child_gone(const struct pal_child_end *end, void *userdata)
{
    struct pal_local *engine = userdata;
    engine->child = NULL;
    if (engine->is_closing) {
        pal_local_close_timers(engine);
        return;
    }
    if (engine->state == PAL_ENGINE_FAILED) {
        return;
    }
    if (engine->is_changing) {
        struct pal_error died;
        (void)pal_error_set(&died, PAL_ERR_ENGINE, "the engine died and is being restarted");
        pal_local_end_all_turns(engine, PAL_EVENT_FAILED, &died); /* mostly there are none */
        engine->is_changing = false;
        engine->pause_ms = 0;
        pal_fuse_reset(&engine->fuse);
        restart_after_pause(engine);
        return;
    }
    bool was_loading = engine->state != PAL_ENGINE_READY && engine->state != PAL_ENGINE_LEAVING;
    char how[96];
    describe_end(end, how, sizeof(how));
    pal_log_error("engine died", "how=" PAL_LOG_STR " loading=%d turns=%zu", how, was_loading,
                  engine->n_turns);
    engine->state = PAL_ENGINE_STARTING;
    engine->progress = 0;
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_ENGINE, "the engine died (%s) and is being restarted", how);
    pal_local_end_all_turns(engine, PAL_EVENT_FAILED, &error);
    if (engine->is_leaving) {
        engine->state = PAL_ENGINE_STOPPED; /* its follower is there, or is being loaded */
        pal_local_tell_state(engine);
        return;
    }
    if (!was_loading || !give_up_layers(engine)) {
        enum pal_fuse_verdict verdict =
            pal_fuse_died(&engine->fuse, pal_now_us(), was_loading, end->signal);
        if (verdict == PAL_FUSE_HOPELESS) {
            give_up(engine, how);
            return;
        }
        if (verdict == PAL_FUSE_SAFE) {
            pal_log_error("the engine died too often: from now on the safe way, on the CPU",
                          "deaths=%d minutes=%lld", PAL_FUSE_DEATHS,
                          (long long)(engine->fuse.safe_for_us / PAL_US_PER_S / 60));
            engine->pause_ms = 0;
        }
    }
    restart_after_pause(engine);
    pal_local_tell_state(engine);
}
