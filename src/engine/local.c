/*
 * The front's side: what is running, what state the engine is in, and what happens when it dies.
 *
 * Health: a ping each HEARTBEAT_MS. The engine's I/O thread answers even in the middle of a step,
 * so silence for SILENT_TICKS of our own ticks (not of the clock: we may have been suspended
 * ourselves) means a stopped or wedged process. A step or load without progress for STUCK_US means
 * wedged computing; a 512-row step of a 7B model on one busy core takes under a minute.
 *
 * Death: running turns fail, then a new engine is started at once, after that with a pause that
 * doubles from 0.5 s to 30 s until one life has answered a turn or lasted a minute. Three deaths
 * within a minute while reading the model mean that this file cannot be read, and we stay down.
 *
 * Death while loading with layers on a card: drivers end the process where they could refuse. The
 * next engine gets half the layers, then none. (An allocation that only fails takes smaller steps,
 * inside the engine: model.c; a death costs a whole load.)
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/child.h"
#include "engine/engine_ops.h"
#include "engine/settings.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "engine"
#include "util/log.h"

#define HEARTBEAT_MS       500
#define SILENT_TICKS       4
#define STUCK_US           (120 * PAL_US_PER_S)
#define PAUSE_FIRST_MS     500
#define PAUSE_MAX_MS       30000
#define HEALTHY_US         (60 * PAL_US_PER_S)
#define LOADING_DEATHS_MAX 3
#define LOADING_WINDOW_US  (60 * PAL_US_PER_S)
#define LAYERS_WORTH_IT    3
#define LAYERS_COUNTED_MAX 4096
#define QUIT_MS            2000
#define TERM_MS            1000

struct turn {
    uint64_t id;
    bool is_cancelled;
};

struct local {
    struct pal_engine base;
    uv_loop_t *loop;
    char *program; /* owned; NULL = thread */
    struct pal_settings settings;
    pal_engine_event_fn on_event;
    void *userdata;
    struct pal_child *child; /* NULL while there is none */
    uv_timer_t heartbeat;
    uv_timer_t pause; /* until the restart; while closing: until the next, harder signal */
    enum pal_engine_state state;
    float progress;
    struct pal_engine_facts facts;
    struct pal_error failure;
    uint32_t n_restarts;

    struct turn turns[PAL_ENGINE_SEQUENCES_MAX];
    size_t n_turns;

    uint64_t ping_serial;
    uint32_t n_silent_ticks; /* since the ping that waits for its pong; 0 = none waits */
    int64_t started_us;      /* this life */
    int64_t loading_deaths_us[LOADING_DEATHS_MAX];
    uint32_t pause_ms; /* before the next restart */

    bool is_closing;
    unsigned n_open_timers;
    pal_engine_closed_fn on_closed;
    void *closed_userdata;
};

static int local_pid(const struct pal_engine *base);
static void on_child_message(const struct pal_wire_message *message, void *userdata);
static void on_child_gone(const struct pal_child_end *end, void *userdata);

static const struct pal_child_callbacks child_callbacks = {
    .on_message = on_child_message,
    .on_gone = on_child_gone,
};

/* ---- turns and events ---- */

static struct turn *
find_turn(struct local *engine, uint64_t id)
{
    for (size_t i = 0; i < engine->n_turns; i++) {
        if (engine->turns[i].id == id) {
            return &engine->turns[i];
        }
    }
    return NULL;
}

static void
remove_turn(struct local *engine, struct turn *turn)
{
    *turn = engine->turns[--engine->n_turns];
}

/* Final events for all; the callbacks may submit again, but find the engine not ready. */
static void
end_all_turns(struct local *engine, enum pal_event_kind kind, const struct pal_error *error)
{
    while (engine->n_turns > 0) {
        struct pal_event event = {.kind = kind, .turn_id = engine->turns[0].id};
        if (error != NULL) {
            event.error = *error;
        }
        remove_turn(engine, &engine->turns[0]);
        engine->on_event(&event, engine->userdata);
    }
}

static void
tell_state(struct local *engine)
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

static void
send_frame(struct local *engine, struct pal_buf *frame)
{
    if (engine->child != NULL && pal_child_send(engine->child, frame) == PAL_ERR_BUSY) {
        pal_log_error("the engine does not read", "pid=%d", pal_child_pid(engine->child));
        pal_child_kill(engine->child, SIGKILL);
    }
    pal_buf_finish(frame);
}

static void
send_quit(struct local *engine)
{
    struct pal_buf frame;
    pal_buf_init(&frame, 64);
    if (pal_wire_put_quit(&frame) == PAL_OK) {
        send_frame(engine, &frame);
    }
}

static void
on_state(struct local *engine, const struct pal_event *event)
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
        pal_log_info(
            "engine ready", "pid=%d model=" PAL_LOG_STR " variant=%s load_ms=%lld ctx_tokens=%u",
            local_pid(&engine->base), engine->facts.model_name, engine->facts.variant,
            (long long)(engine->facts.load_us / PAL_US_PER_MS), engine->facts.n_ctx_tokens);
        break;
    case PAL_ENGINE_FAILED:
        engine->state = PAL_ENGINE_FAILED;
        engine->failure = event->error;
        pal_log_error("engine failed", "reason=" PAL_LOG_STR, engine->failure.text);
        send_quit(engine); /* it holds memory for nothing */
        break;
    default:
        return;
    }
    tell_state(engine);
}

static void
on_child_message(const struct pal_wire_message *message, void *userdata)
{
    struct local *engine = userdata;
    if (message->kind == PAL_WIRE_PONG) {
        if (message->serial == engine->ping_serial) {
            engine->n_silent_ticks = 0;
        }
        if (message->busy_us > STUCK_US) {
            pal_log_error("the engine is stuck in a step", "busy_s=%lld",
                          (long long)(message->busy_us / PAL_US_PER_S));
            pal_child_kill(engine->child, SIGKILL);
        }
        return;
    }
    const struct pal_event *event = &message->event;
    if (event->kind == PAL_EVENT_STATE) {
        on_state(engine, event);
        return;
    }
    struct turn *turn = find_turn(engine, event->turn_id);
    if (turn == NULL) {
        return; /* ended here already: the engine's last words come too late */
    }
    if (event->kind != PAL_EVENT_PIECE) {
        remove_turn(engine, turn);
    }
    if (event->kind == PAL_EVENT_DONE) {
        engine->pause_ms = 0;
    }
    engine->on_event(event, engine->userdata);
}

/* ---- life and death ---- */

static void
on_heartbeat(uv_timer_t *timer)
{
    struct local *engine = timer->data;
    if (engine->child == NULL || engine->is_closing) {
        return;
    }
    if (pal_child_is_cut_off(engine->child)) {
        pal_child_kill(engine->child, SIGKILL);
        return;
    }
    if (engine->n_silent_ticks > 0) {
        engine->n_silent_ticks++;
        if (engine->n_silent_ticks > SILENT_TICKS) {
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
        send_frame(engine, &frame);
    }
}

static enum pal_err
start_child(struct local *engine, struct pal_error *error)
{
    engine->state = PAL_ENGINE_STARTING;
    engine->progress = 0;
    engine->n_silent_ticks = 0;
    engine->started_us = pal_now_us();
    return pal_child_start(engine->loop, engine->program, &engine->settings, &child_callbacks,
                           engine, &engine->child, error);
}

static void
fail_for_good(struct local *engine, const struct pal_error *error)
{
    engine->state = PAL_ENGINE_FAILED;
    engine->failure = *error;
    pal_log_error("engine failed", "reason=" PAL_LOG_STR, error->text);
    tell_state(engine);
}

static void
on_pause_over(uv_timer_t *timer)
{
    struct local *engine = timer->data;
    engine->n_restarts++;
    struct pal_error error = {0};
    if (start_child(engine, &error) != PAL_OK) {
        fail_for_good(engine, &error);
        return;
    }
    tell_state(engine);
}

static void
restart_after_pause(struct local *engine)
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

/* Remembers a death while loading; true if it is one too many. */
static bool
is_loading_hopeless(struct local *engine)
{
    int64_t *deaths = engine->loading_deaths_us;
    memmove(deaths, deaths + 1, (LOADING_DEATHS_MAX - 1) * sizeof(*deaths));
    deaths[LOADING_DEATHS_MAX - 1] = pal_now_us();
    return deaths[0] != 0 && deaths[LOADING_DEATHS_MAX - 1] - deaths[0] < LOADING_WINDOW_US;
}

/* False: there is nothing on a card that could be given up. */
static bool
give_up_layers(struct local *engine)
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

static void close_timers(struct local *engine);

static void
on_child_gone(const struct pal_child_end *end, void *userdata)
{
    struct local *engine = userdata;
    engine->child = NULL;
    if (engine->is_closing) {
        close_timers(engine);
        return;
    }
    if (engine->state == PAL_ENGINE_FAILED) {
        return;
    }
    bool was_loading = engine->state != PAL_ENGINE_READY;
    char how[96];
    describe_end(end, how, sizeof(how));
    pal_log_error("engine died", "how=" PAL_LOG_STR " loading=%d turns=%zu", how, was_loading,
                  engine->n_turns);
    engine->state = PAL_ENGINE_STARTING;
    engine->progress = 0;
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_ENGINE, "the engine died (%s) and is being restarted", how);
    end_all_turns(engine, PAL_EVENT_FAILED, &error);
    if (was_loading && !give_up_layers(engine) && is_loading_hopeless(engine)) {
        (void)pal_error_set(&error, PAL_ERR_MODEL,
                            "cannot load '%s': the engine died %d times while reading it (%s); the "
                            "file may be damaged, or there is too little memory",
                            engine->settings.model_path != NULL ? engine->settings.model_path
                                                                : engine->settings.script_path,
                            LOADING_DEATHS_MAX, how);
        fail_for_good(engine, &error);
        return;
    }
    restart_after_pause(engine);
    tell_state(engine);
}

/* ---- the boundary ---- */

static enum pal_err
local_submit(struct pal_engine *base, struct pal_job *job, struct pal_error *error)
{
    struct local *engine = (struct local *)base;
    if (engine->state == PAL_ENGINE_FAILED) {
        return pal_error_set(error, PAL_ERR_MODEL, "%s", engine->failure.text);
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
    if (find_turn(engine, job->turn_id) != NULL) {
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
    engine->turns[engine->n_turns++] = (struct turn){.id = job->turn_id};
    pal_job_finish(job);
    return PAL_OK;
}

static enum pal_err
local_retune(struct pal_engine *base, const struct pal_engine_options *options,
             struct pal_error *error)
{
    struct local *engine = (struct local *)base;
    if (engine->state != PAL_ENGINE_READY || engine->n_turns > 0) {
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
    send_frame(engine, &frame);
    return PAL_OK;
}

static void
local_cancel(struct pal_engine *base, uint64_t turn_id)
{
    struct local *engine = (struct local *)base;
    struct turn *turn = find_turn(engine, turn_id);
    if (turn == NULL || turn->is_cancelled) {
        return;
    }
    turn->is_cancelled = true;
    struct pal_buf frame;
    pal_buf_init(&frame, 64);
    if (pal_wire_put_cancel(&frame, turn_id) == PAL_OK) {
        send_frame(engine, &frame);
    }
}

static enum pal_engine_state
local_state(const struct pal_engine *base)
{
    const struct local *engine = (const struct local *)base;
    return engine->state;
}

static const struct pal_engine_facts *
local_facts(const struct pal_engine *base)
{
    const struct local *engine = (const struct local *)base;
    return &engine->facts;
}

static float
local_progress(const struct pal_engine *base)
{
    const struct local *engine = (const struct local *)base;
    return engine->progress;
}

static const struct pal_error *
local_failure(const struct pal_engine *base)
{
    const struct local *engine = (const struct local *)base;
    return &engine->failure;
}

static uint32_t
local_n_restarts(const struct pal_engine *base)
{
    const struct local *engine = (const struct local *)base;
    return engine->n_restarts;
}

static int
local_pid(const struct pal_engine *base)
{
    const struct local *engine = (const struct local *)base;
    return engine->child != NULL ? pal_child_pid(engine->child) : 0;
}

/* ---- closing ---- */

static void
on_timer_closed(uv_handle_t *handle)
{
    struct local *engine = handle->data;
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

static void
close_timers(struct local *engine)
{
    engine->n_open_timers = 2;
    uv_close((uv_handle_t *)&engine->heartbeat, on_timer_closed);
    uv_close((uv_handle_t *)&engine->pause, on_timer_closed);
}

static void
on_term_ignored(uv_timer_t *timer)
{
    struct local *engine = timer->data;
    pal_child_kill(engine->child, SIGKILL);
}

static void
on_quit_ignored(uv_timer_t *timer)
{
    struct local *engine = timer->data;
    pal_log_warn("the engine does not quit", "pid=%d", local_pid(&engine->base));
    pal_child_kill(engine->child, SIGTERM);
    (void)uv_timer_start(&engine->pause, on_term_ignored, TERM_MS, 0);
}

static void
local_close(struct pal_engine *base, pal_engine_closed_fn on_closed, void *userdata)
{
    struct local *engine = (struct local *)base;
    PAL_ASSERT(!engine->is_closing);
    engine->is_closing = true;
    engine->state = PAL_ENGINE_STOPPED;
    engine->on_closed = on_closed;
    engine->closed_userdata = userdata;
    end_all_turns(engine, PAL_EVENT_CANCELLED, NULL);
    if (engine->child == NULL) {
        close_timers(engine);
        return;
    }
    send_quit(engine);
    (void)uv_timer_start(&engine->pause, on_quit_ignored, QUIT_MS, 0);
}

static const struct pal_engine_ops local_ops = {
    .submit = local_submit,
    .retune = local_retune,
    .cancel = local_cancel,
    .state = local_state,
    .facts = local_facts,
    .progress = local_progress,
    .failure = local_failure,
    .n_restarts = local_n_restarts,
    .pid = local_pid,
    .close = local_close,
};

enum pal_err
pal_engine_open(uv_loop_t *loop, const struct pal_engine_options *options,
                pal_engine_event_fn on_event, void *userdata, struct pal_engine **out,
                struct pal_error *error)
{
    *out = NULL;
    struct local *engine = pal_calloc(1, sizeof(*engine));
    engine->base.ops = &local_ops;
    engine->loop = loop;
    engine->on_event = on_event;
    engine->userdata = userdata;
    enum pal_err err = pal_settings_init(&engine->settings, options, error);
    if (err == PAL_OK) {
        engine->program = pal_strdup(options->program);
        err = start_child(engine, error);
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
    (void)uv_timer_start(&engine->heartbeat, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
    *out = &engine->base;
    return PAL_OK;
}
