#include "fake_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct running {
    struct pal_job job;
    bool is_cancelled;
};

struct pal_engine {
    pal_engine_event_fn on_event;
    void *userdata;
    enum pal_engine_state state;
    struct pal_error failure;
    struct pal_engine_facts facts;
    struct running running[FAKE_RUNNING_MAX];
    size_t n_running;
    size_t n_slots;
    uint64_t n_taken;
    uint32_t n_restarts;
    enum pal_err refuse_next;
};

struct pal_engine *
fake_engine_create(pal_engine_event_fn on_event, void *userdata)
{
    struct pal_engine *engine = pal_calloc(1, sizeof(*engine));
    engine->on_event = on_event;
    engine->userdata = userdata;
    engine->state = PAL_ENGINE_READY;
    engine->n_slots = FAKE_RUNNING_MAX;
    engine->facts = (struct pal_engine_facts){
        .model_name = "a \"model\" \\ of\nnone",
        .architecture = "fake",
        .quantisation = "Q4_K_M",
        .variant = "none",
        .devices = "CPU",
        .n_ctx_tokens = 8192,
        .n_layers = 2,
    };
    return engine;
}

void
fake_engine_destroy(struct pal_engine *engine)
{
    PAL_ASSERT(engine->n_running == 0);
    free(engine);
}

void
fake_engine_set_state(struct pal_engine *engine, enum pal_engine_state state, const char *why)
{
    engine->state = state;
    struct pal_event event = {.kind = PAL_EVENT_STATE, .state = state};
    if (why != NULL) {
        (void)pal_error_set(&engine->failure, PAL_ERR_MODEL, "%s", why);
        event.error = engine->failure;
    }
    engine->on_event(&event, engine->userdata);
}

void
fake_engine_set_slots(struct pal_engine *engine, size_t n_slots)
{
    engine->n_slots = n_slots;
}

void
fake_engine_refuse_next(struct pal_engine *engine, enum pal_err err)
{
    engine->refuse_next = err;
}

size_t
fake_engine_n_running(const struct pal_engine *engine)
{
    return engine->n_running;
}

const struct pal_job *
fake_engine_job(const struct pal_engine *engine, size_t at)
{
    PAL_ASSERT(at < engine->n_running);
    return &engine->running[at].job;
}

bool
fake_engine_is_cancelled(const struct pal_engine *engine, size_t at)
{
    PAL_ASSERT(at < engine->n_running);
    return engine->running[at].is_cancelled;
}

uint64_t
fake_engine_n_taken(const struct pal_engine *engine)
{
    return engine->n_taken;
}

void
fake_engine_say(struct pal_engine *engine, size_t at, const char *text)
{
    struct pal_event event = {
        .kind = PAL_EVENT_PIECE,
        .turn_id = fake_engine_job(engine, at)->turn_id,
        .text = text,
        .len = strlen(text),
    };
    engine->on_event(&event, engine->userdata);
}

void
fake_engine_finish(struct pal_engine *engine, size_t at, enum pal_event_kind kind,
                   enum pal_finish finish)
{
    PAL_ASSERT(at < engine->n_running);
    struct pal_event event = {
        .kind = kind,
        .turn_id = engine->running[at].job.turn_id,
        .finish = finish,
        .usage = {.prompt_tokens = 20,
                  .cached_tokens = 15,
                  .completion_tokens = 3,
                  .first_token_us = 40000},
    };
    if (kind == PAL_EVENT_FAILED) {
        (void)pal_error_set(&event.error, PAL_ERR_ENGINE, "the engine died");
    }
    pal_job_finish(&engine->running[at].job);
    engine->n_running--;
    memmove(&engine->running[at], &engine->running[at + 1],
            (engine->n_running - at) * sizeof(engine->running[0]));
    engine->on_event(&event, engine->userdata);
}

void
fake_engine_die(struct pal_engine *engine)
{
    engine->state = PAL_ENGINE_STARTING;
    engine->n_restarts++;
    while (engine->n_running > 0) {
        fake_engine_finish(engine, 0, PAL_EVENT_FAILED, PAL_FINISH_STOP);
    }
    fake_engine_set_state(engine, PAL_ENGINE_LOADING, NULL);
}

enum pal_err
pal_engine_submit(struct pal_engine *engine, struct pal_job *job, struct pal_error *error)
{
    if (engine->refuse_next != PAL_OK) {
        enum pal_err err = engine->refuse_next;
        engine->refuse_next = PAL_OK;
        return pal_error_set(error, err, "refused by the fake engine");
    }
    if (engine->state == PAL_ENGINE_FAILED) {
        return pal_error_set(error, PAL_ERR_MODEL, "%s", engine->failure.text);
    }
    if (engine->state != PAL_ENGINE_READY || engine->n_running >= engine->n_slots) {
        return PAL_ERR_BUSY;
    }
    PAL_ASSERT(engine->n_running < FAKE_RUNNING_MAX);
    enum pal_err err = pal_job_check(job, error);
    if (err != PAL_OK) {
        return err;
    }
    engine->running[engine->n_running++] = (struct running){.job = *job};
    *job = (struct pal_job){0};
    engine->n_taken++;
    return PAL_OK;
}

void
pal_engine_cancel(struct pal_engine *engine, uint64_t turn_id)
{
    for (size_t i = 0; i < engine->n_running; i++) {
        if (engine->running[i].job.turn_id == turn_id) {
            engine->running[i].is_cancelled = true;
        }
    }
}

enum pal_engine_state
pal_engine_state(const struct pal_engine *engine)
{
    return engine->state;
}

const struct pal_engine_facts *
pal_engine_facts(const struct pal_engine *engine)
{
    return &engine->facts;
}

float
pal_engine_progress(const struct pal_engine *engine)
{
    return engine->state == PAL_ENGINE_READY ? 1.0f : 0.5f;
}

const struct pal_error *
pal_engine_failure(const struct pal_engine *engine)
{
    return &engine->failure;
}

size_t
pal_engine_n_parts(const struct pal_engine *engine)
{
    (void)engine;
    return 2;
}

void
pal_engine_part(const struct pal_engine *engine, size_t i, struct pal_engine_part *part)
{
    (void)engine;
    *part = (struct pal_engine_part){
        .state = i == 0 ? PAL_ENGINE_READY : PAL_ENGINE_STARTING,
        .breaker = i == 0 ? "closed" : "open",
        .n_turns = 7 + i,
        .n_failures = i,
    };
    (void)snprintf(part->name, sizeof(part->name), "%s", i == 0 ? "local" : "a \"peer\":1");
}

struct pal_engine_held
pal_engine_held(const struct pal_engine *engine)
{
    (void)engine;
    return (struct pal_engine_held){8192, 70, 1000, 2000};
}

struct pal_engine_pace
pal_engine_pace(const struct pal_engine *engine)
{
    (void)engine;
    return (struct pal_engine_pace){.n_threads = 3, .reason = PAL_ENGINE_PACE_WANTED};
}

uint32_t
pal_engine_n_restarts(const struct pal_engine *engine)
{
    return engine->n_restarts;
}
