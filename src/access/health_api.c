/* How the server is: for load balancers, Prometheus, and a person who opens the address. */
#include <string.h>

#include "access/route.h"
#include "util/mem.h"

static json_t *
describe_ready(const struct pal_access *access)
{
    const struct pal_engine_facts *facts = pal_engine_facts(access->engine);
    json_t *body = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:b}", "status", "ok",
        "version", PALABRE_VERSION, "model", pal_json_text(pal_access_model(access)),
        "architecture", pal_json_text(facts->architecture), "quantisation",
        pal_json_text(facts->quantisation), "variant", pal_json_text(facts->variant), "devices",
        pal_json_text(facts->devices), "n_ctx_tokens", (int)facts->n_ctx_tokens, "n_sequences",
        (int)facts->n_sequences, "n_waiting", (int)pal_sched_n_waiting(access->sched), "n_running",
        (int)pal_sched_n_running(access->sched), "n_engine_restarts",
        (int)pal_engine_n_restarts(access->engine), "starter_model", access->starter);
    PAL_ASSERT(body != NULL);
    return body;
}

/* With llama-server's `error` object beside our own words: its pollers look at that. */
static json_t *
describe_not_ready(const struct pal_access *access)
{
    const struct pal_engine *engine = access->engine;
    enum pal_engine_state state = engine != NULL ? pal_engine_state(engine) : PAL_ENGINE_STARTING;
    bool failed = state == PAL_ENGINE_FAILED;
    const char *message = failed                        ? pal_engine_failure(engine)->text
                          : state == PAL_ENGINE_STOPPED ? "stopping"
                                                        : "Loading model";
    json_t *body = json_pack(
        "{s:s, s:s, s:f, s:{s:i, s:o, s:s}}", "status", pal_engine_state_name(state), "version",
        PALABRE_VERSION, "progress", engine != NULL ? (double)pal_engine_progress(engine) : 0.0,
        "error", "code", 503, "message", pal_json_text(message), "type", "unavailable_error");
    PAL_ASSERT(body != NULL);
    return body;
}

void
pal_answer_health(const struct pal_call *call)
{
    const struct pal_access *access = call->access;
    if (access->engine != NULL && pal_engine_state(access->engine) == PAL_ENGINE_READY) {
        pal_call_answer_json(call, 200, describe_ready(access));
    } else {
        pal_call_answer_json(call, 503, describe_not_ready(access));
    }
}

enum pal_err
pal_access_render_metrics(const struct pal_access *access, struct pal_buf *out)
{
    struct pal_metrics_now now = {
        .n_waiting = pal_sched_n_waiting(access->sched),
        .n_running = pal_sched_n_running(access->sched),
        .n_conversations = access->companion != NULL
                               ? (uint32_t)pal_companion_n_conversations(access->companion)
                               : 0,
        .n_connections = pal_http_server_n_connections(access->server),
        .is_paused = pal_sched_is_paused(access->sched),
        .engine = access->engine,
    };
    return pal_metrics_render(access->metrics, &now, out);
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
