/* How the server is: for load balancers, Prometheus, and a person who opens the address. */
#include <string.h>

#include "access/route.h"
#include "output/performance.h"
#include "util/mem.h"
#include "util/proc.h"

/* The engines that are asked in turn; NULL where there is but one. */
static json_t *
describe_parts(const struct pal_engine *engine)
{
    size_t n = engine != NULL ? pal_engine_n_parts(engine) : 0;
    json_t *list = n > 0 ? json_array() : NULL;
    for (size_t i = 0; i < n; i++) {
        struct pal_engine_part part;
        pal_engine_part(engine, i, &part);
        json_t *one =
            json_pack("{s:o, s:s, s:s, s:I, s:I, s:I}", "name", pal_json_text(part.name), "state",
                      pal_engine_state_name(part.state), "breaker", part.breaker, "n_turns",
                      (json_int_t)part.n_turns, "n_failures", (json_int_t)part.n_failures,
                      "n_timeouts", (json_int_t)part.n_timeouts);
        PAL_ASSERT(one != NULL);
        (void)json_array_append_new(list, one);
    }
    return list;
}

static json_t *
describe_ready(const struct pal_access *access)
{
    const struct pal_engine_facts *facts = pal_engine_facts(access->engine);
    json_t *body = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:b, s:i, s:i, s:s, s:b}",
        "status", facts->is_safe ? "degraded" : "ok", "version", PALABRE_VERSION, "model",
        pal_json_text(pal_access_model(access)), "architecture", pal_json_text(facts->architecture),
        "quantisation", pal_json_text(facts->quantisation), "variant",
        pal_json_text(facts->variant), "devices", pal_json_text(facts->devices), "n_ctx_tokens",
        (int)facts->n_ctx_tokens, "n_sequences", (int)facts->n_sequences, "n_waiting",
        (int)pal_sched_n_waiting(access->sched), "n_running",
        (int)pal_sched_n_running(access->sched), "n_engine_restarts",
        (int)pal_engine_n_restarts(access->engine), "starter_model", access->starter, "n_layers",
        (int)facts->n_layers, "n_gpu_layers", (int)facts->n_layers_gpu, "kv_place",
        access->has_kv_on_gpu && facts->n_layers_gpu > 0 ? "gpu" : "ram", "safe_profile",
        facts->is_safe);
    PAL_ASSERT(body != NULL);
    return body;
}

/* With llama-server's `error` object beside our own words: its pollers look at that. */
static json_t *
describe_not_ready(const struct pal_access *access)
{
    const struct pal_engine *engine = access->engine;
    enum pal_engine_state state = engine != NULL ? pal_engine_state(engine) : PAL_ENGINE_STARTING;
    /* A server that is not there is no failure for good, but has its reason too. */
    bool has_reason = engine != NULL && pal_engine_failure(engine)->code != PAL_OK;
    const char *message = has_reason                    ? pal_engine_failure(engine)->text
                          : state == PAL_ENGINE_STOPPED ? "stopping"
                                                        : "Loading model";
    json_t *body = json_pack(
        "{s:s, s:s, s:f, s:{s:i, s:o, s:s}}", "status", pal_engine_state_name(state), "version",
        PALABRE_VERSION, "progress", engine != NULL ? (double)pal_engine_progress(engine) : 0.0,
        "error", "code", 503, "message", pal_json_text(message), "type", "unavailable_error");
    PAL_ASSERT(body != NULL);
    return body;
}

static void
answer_health(const struct pal_call *call, int status, json_t *body)
{
    json_t *parts = describe_parts(call->access->engine);
    if (parts != NULL) {
        (void)json_object_set_new(body, "engines", parts);
    }
    if (call->access->profile != NULL) {
        (void)json_object_set_new(body, "profile", json_string(call->access->profile));
    }
    (void)json_object_set_new(body, "switch", pal_access_describe_switch(call->access));
    pal_call_answer_json(call, status, body);
}

void
pal_answer_health(const struct pal_call *call)
{
    const struct pal_access *access = call->access;
    if (access->engine != NULL && pal_engine_state(access->engine) == PAL_ENGINE_READY) {
        answer_health(call, 200, describe_ready(access));
    } else {
        answer_health(call, 503, describe_not_ready(access));
    }
}

enum pal_err
pal_access_render_metrics(const struct pal_access *access, struct pal_buf *out)
{
    int engine_pid = access->engine != NULL ? pal_engine_pid(access->engine) : 0;
    struct pal_metrics_now now = {
        .n_waiting = pal_sched_n_waiting(access->sched),
        .n_running = pal_sched_n_running(access->sched),
        .n_conversations = access->companion != NULL
                               ? (uint32_t)pal_companion_n_conversations(access->companion)
                               : 0,
        .n_connections = pal_http_server_n_connections(access->server),
        .front_bytes = pal_proc_memory_bytes(0),
        .engine_bytes = engine_pid > 0 ? pal_proc_memory_bytes(engine_pid) : 0,
        .available_bytes = pal_proc_available_bytes(),
        .is_paused = pal_sched_is_paused(access->sched),
        .engine = access->engine,
    };
    enum pal_err err = pal_metrics_render(access->metrics, &now, out);
    if (err == PAL_OK && access->performance != NULL) {
        err = pal_performance_render(access->performance, out);
    }
    return err;
}

void
pal_answer_metrics(const struct pal_call *call)
{
    struct pal_buf out;
    pal_buf_init(&out, PAL_METRICS_BYTES_MAX);
    if (pal_access_render_metrics(call->access, &out) == PAL_OK) {
        pal_call_answer(call, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
    } else {
        struct pal_api_failure failure = {.status = 500, .message = "the metrics are too long"};
        pal_api_fail(call->conn, PAL_API_OPENAI, &failure, NULL);
    }
    pal_buf_finish(&out);
}
