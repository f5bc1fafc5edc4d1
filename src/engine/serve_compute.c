/* The compute thread: messages become a worker's work, and its steps are timed. */
#include <sched.h>

#include "engine/priority.h"
#include "engine/sandbox.h"
#include "engine/serve.h"
#include "util/clock.h"
#include "util/proc.h"

#define LOG_TOPIC "serve"
#include "util/log.h"

/* Beyond what the loaded model holds: for prompts and compute buffers; parked timelines are on top.
 */
#define GROWTH_MAX_BYTES (UINT64_C(4) << 30)

/*
 * Compute thread: what was emitted leaves now. The front's loop is asleep, and this core is the one
 * that the kernel wakes it on: giving way for the moment that it needs brings the words and the
 * face out before the next step takes every core again.
 */
static void
hand_over(struct pal_host *host)
{
    bool has_sent = false;
    bool has_more = false;
    if (!pal_host_flush(host, &has_sent, &has_more)) {
        pal_host_quit(host, 0, "the front is gone");
    }
    if (has_more) {
        pal_host_wake_io(host);
    }
    if (has_sent) {
        (void)sched_yield();
    }
}

static void
emit_state(struct pal_host *host, enum pal_engine_state state, float progress,
           const struct pal_engine_facts *facts, const struct pal_error *error)
{
    struct pal_event event = {.kind = PAL_EVENT_STATE, .state = state, .progress = progress};
    if (facts != NULL) {
        event.facts = *facts;
    }
    if (error != NULL) {
        event.error = *error;
    }
    pal_host_emit(host, &event);
    hand_over(host);
}

void
pal_host_leave(struct pal_host *host)
{
    emit_state(host, PAL_ENGINE_LEAVING, 1, NULL, NULL);
}

void
pal_host_progress(struct pal_host *host, float progress)
{
    atomic_store(&host->busy_at, pal_now_us());
    int percent = progress <= 0 ? 0 : progress >= 1 ? 100 : (int)(progress * 100);
    if (percent > host->last_percent) {
        host->last_percent = percent;
        emit_state(host, PAL_ENGINE_LOADING, (float)percent / 100, NULL, NULL);
    }
}

void
pal_host_limit_memory(struct pal_host *host, uint64_t growth_bytes)
{
    struct pal_error error;
    if (host->is_process && pal_sandbox_limit_memory(growth_bytes, &error) != PAL_OK) {
        pal_log_warn("the engine's memory has no limit", "reason=" PAL_LOG_STR, error.text);
    }
}

/*
 * While weights and KV are made they may lie in huge pages, which takes a quarter of the time.
 * Later nothing of that size comes, and the kernel would fill up what the steps' buffers use of
 * theirs only in part.
 */
static void
allow_huge_pages(const struct pal_host *host, bool may_have)
{
    if (host->is_process) {
        pal_proc_allow_huge_pages(may_have);
    }
}

/* Once the model is there. A card's driver maps what it likes, when it likes. */
static void
limit_growth(struct pal_host *host, const struct pal_settings *settings, uint64_t more_bytes)
{
    if (host->facts.n_layers_gpu == 0) {
        pal_host_limit_memory(host, GROWTH_MAX_BYTES + settings->park_ram_bytes + more_bytes);
    }
}

/* KV of these settings, going by that of the present ones. */
static uint64_t
kv_bytes_of(const struct pal_engine_facts *facts, const struct pal_settings *settings)
{
    uint64_t n_now = facts->n_ctx_tokens != 0 ? facts->n_ctx_tokens : 1;
    return facts->kv_bytes / n_now * settings->n_ctx_tokens * 4; /* of any type: F32 at most */
}

/* The worker looks at the settings by a pointer, so they are changed in their place. */
static void
change_settings(struct pal_host *host, const struct pal_worker *worker,
                struct pal_settings *settings, struct pal_wire_message *message)
{
    int64_t began_us = pal_now_us();
    struct pal_error error = {0};
    enum pal_err err = PAL_OK;
    if (!pal_settings_share_weights(settings, &message->settings)) {
        pal_wire_message_finish(message);
        pal_host_quit(host, 1, "other weights need another engine");
        return;
    }
    pal_settings_finish(settings);
    *settings = message->settings;
    atomic_store(&host->busy_at, began_us);
    if (worker->ops->retune != NULL) {
        limit_growth(host, settings, kv_bytes_of(&host->facts, settings));
        allow_huge_pages(host, true);
        err = worker->ops->retune(worker->self, &host->facts, &error);
        allow_huge_pages(host, false);
    }
    atomic_store(&host->busy_at, 0);
    limit_growth(host, settings, 0);
    host->facts.load_us = pal_now_us() - began_us;
    emit_state(host, err == PAL_OK ? PAL_ENGINE_READY : PAL_ENGINE_FAILED, 1,
               err == PAL_OK ? &host->facts : NULL, err == PAL_OK ? NULL : &error);
}

static void
give_timelines_away(struct pal_host *host, const struct pal_worker *worker)
{
    if (worker->ops->hand_over != NULL) {
        worker->ops->hand_over(worker->self);
    } else {
        pal_host_leave(host);
    }
}

/* The first thing that is asked of an engine that was loaded beside another. */
static void
take_place(const struct pal_host *host, struct pal_settings *settings)
{
    if ((settings->ways & PAL_ENGINE_BESIDE) == 0) {
        return;
    }
    settings->ways &= ~(uint32_t)PAL_ENGINE_BESIDE;
    if (host->is_process) {
        pal_priority_take_place(settings);
    }
}

static void
handle(struct pal_host *host, const struct pal_worker *worker, struct pal_settings *settings,
       struct pal_wire_message *message)
{
    if (message->kind == PAL_WIRE_HAND_OVER) {
        give_timelines_away(host, worker);
        return;
    }
    take_place(host, settings);
    if (message->kind == PAL_WIRE_ADOPT) {
        if (worker->ops->adopt != NULL) {
            worker->ops->adopt(worker->self);
        }
        return;
    }
    if (message->kind == PAL_WIRE_SETTINGS) {
        change_settings(host, worker, settings, message);
        return;
    }
    if (message->kind == PAL_WIRE_CANCEL) {
        worker->ops->cancel(worker->self, message->turn_id);
        return;
    }
    struct pal_event event = {.kind = PAL_EVENT_FAILED, .turn_id = message->job.turn_id};
    if (pal_job_check(&message->job, &event.error) == PAL_OK) {
        worker->ops->submit(worker->self, &message->job);
    } else if (event.turn_id != 0) {
        pal_host_emit(host, &event);
    }
    pal_wire_message_finish(message);
}

static void
compute(struct pal_host *host, const struct pal_worker *worker, struct pal_settings *settings)
{
    int64_t wait_us = 0; /* a worker may have something to do before the first job */
    while (!pal_host_is_quitting(host)) {
        struct pal_wire_message message;
        while (pal_host_pop(host, wait_us, &message)) {
            handle(host, worker, settings, &message);
            wait_us = 0;
        }
        hand_over(host);
        atomic_store(&host->busy_at, pal_now_us());
        wait_us = worker->ops->step(worker->self);
        atomic_store(&host->busy_at, 0);
        hand_over(host);
    }
}

/* What is not needed any more is given up. Without it we are as good as most, and say so. */
static void
lock_up(struct pal_host *host, const struct pal_settings *settings)
{
    struct pal_error error;
    pal_sandbox_keep_private();
    if (pal_sandbox_close(&error) != PAL_OK) {
        pal_log_warn("the engine runs without a sandbox", "reason=" PAL_LOG_STR, error.text);
    }
    limit_growth(host, settings, 0);
}

void
pal_host_run_compute(struct pal_host *host, struct pal_settings *settings)
{
    struct pal_worker worker = settings->script_path != NULL
                                   ? pal_script_worker_create(host, settings)
                                   : pal_model_worker_create(host, settings);
    int64_t began_us = pal_now_us();
    emit_state(host, PAL_ENGINE_LOADING, 0, NULL, NULL);
    atomic_store(&host->busy_at, began_us);
    struct pal_error error = {0};
    allow_huge_pages(host, true);
    enum pal_err err = worker.ops->load(worker.self, &host->facts, &error);
    allow_huge_pages(host, false);
    atomic_store(&host->busy_at, 0);
    if (err != PAL_OK) {
        emit_state(host, PAL_ENGINE_FAILED, 0, NULL, &error);
        while (!pal_host_is_quitting(host)) {
            struct pal_wire_message message;
            if (pal_host_pop(host, -1, &message)) {
                pal_wire_message_finish(&message);
            }
        }
    } else {
        host->facts.load_us = pal_now_us() - began_us;
        if (host->is_process) {
            lock_up(host, settings);
        }
        emit_state(host, PAL_ENGINE_READY, 1, &host->facts, NULL);
        compute(host, &worker, settings);
    }
    worker.ops->destroy(worker.self);
}
