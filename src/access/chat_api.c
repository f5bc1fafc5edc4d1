/* The endpoints that make the model speak: both dialects, one way to the scheduler. */
#include "access/ollama_request.h"
#include "access/openai_request.h"
#include "access/reply.h"
#include "access/route.h"

#include <stdio.h>

#include "util/mem.h"

#define LOADING_RETRY_S  2
#define LOADED_BYTES_MAX 4096

/* Refuses while no model can answer; the client is told how far it is. */
static bool
is_ready(const struct pal_call *call, enum pal_api_dialect dialect)
{
    const struct pal_engine *engine = call->access->engine;
    enum pal_engine_state state = engine != NULL ? pal_engine_state(engine) : PAL_ENGINE_STARTING;
    char text[PAL_ERROR_TEXT_MAX + 64];
    struct pal_api_failure failure = {.status = 503, .message = text};
    enum pal_access_switch_stage stage = call->access->switching.stage;
    switch (state) {
    case PAL_ENGINE_READY:
    case PAL_ENGINE_LEAVING:
        return true;
    case PAL_ENGINE_STARTING:
    case PAL_ENGINE_LOADING:
        if ((engine != NULL && pal_engine_facts(engine)->model_name[0] != '\0') ||
            stage == PAL_ACCESS_SWITCH_ROOM) {
            return true; /* it died and comes back, or another comes: the turn waits in the line */
        }
        (void)snprintf(text, sizeof(text), "the model is loading (%d %%), try again soon",
                       engine != NULL ? (int)(pal_engine_progress(engine) * 100) : 0);
        failure.code = "model_loading";
        failure.retry_after_s = LOADING_RETRY_S;
        break;
    case PAL_ENGINE_FAILED:
        (void)snprintf(text, sizeof(text), "no model: %s", pal_engine_failure(engine)->text);
        failure.code = "no_model";
        break;
    case PAL_ENGINE_STOPPED:
        (void)snprintf(text, sizeof(text), "the server is stopping");
        failure.code = "shutting_down";
        break;
    }
    pal_api_fail(call->conn, dialect, &failure, NULL);
    return false;
}

static void
submit(const struct pal_call *call, const struct pal_reply_format *format, const char *model,
       struct pal_api_request *request)
{
    struct pal_access *access = call->access;
    struct pal_reply_place place = {
        .conn = call->conn,
        .sched = access->sched,
        .performance = call->access->performance,
        .model = model,
        .id_salt = access->id_salt,
        .carer = access->cares ? access->companion : NULL,
    };
    struct pal_error error = {0};
    if (pal_reply_start(&place, format, request, &error) != PAL_OK) {
        struct pal_api_failure failure = pal_api_failure_of(&error);
        if (failure.status == 429) {
            failure.retry_after_s = pal_sched_retry_after_seconds(access->sched);
        }
        pal_api_fail(call->conn, format->dialect, &failure, NULL);
    }
    pal_api_request_finish(request);
}

static void
refuse_body(const struct pal_call *call, enum pal_api_dialect dialect,
            const struct pal_api_error *error)
{
    struct pal_api_failure failure = {
        .status = 400,
        .message = error->error.text,
        .field = error->field,
    };
    pal_api_fail(call->conn, dialect, &failure, NULL);
}

/* Any `model` is taken, as there is one model; the answer tells which one it was. */
void
pal_answer_openai_chat(const struct pal_call *call)
{
    struct pal_api_request request;
    struct pal_api_error error;
    if (pal_openai_read_chat(call->body->data, call->body->len, &request, &error) != PAL_OK) {
        refuse_body(call, PAL_API_OPENAI, &error);
        return;
    }
    if (!is_ready(call, PAL_API_OPENAI)) {
        pal_api_request_finish(&request);
        return;
    }
    submit(call, &pal_reply_openai, pal_access_model(call->access), &request);
}

/* No message at all is how Ollama's clients warm a model up. Ours is warm. */
static void
answer_loaded(const struct pal_call *call, const struct pal_reply_format *format, const char *model,
              bool stream)
{
    struct pal_out out;
    pal_out_init(&out, LOADED_BYTES_MAX);
    pal_out_raw(&out, "{\"model\":");
    pal_out_quoted(&out, model);
    pal_out_raw(&out, ",\"created_at\":");
    pal_ollama_put_time(&out);
    pal_out_raw(&out, format == &pal_reply_ollama_chat
                          ? ",\"message\":{\"role\":\"assistant\",\"content\":\"\"}"
                          : ",\"response\":\"\"");
    pal_out_raw(&out, ",\"done\":true,\"done_reason\":\"load\"}\n");
    PAL_ASSERT(out.err == PAL_OK);
    pal_call_answer(call, 200, stream ? format->stream_type : "application/json", out.buf.data,
                    out.buf.len);
    pal_out_finish(&out);
}

static void
answer_ollama(const struct pal_call *call, const struct pal_reply_format *format,
              enum pal_err (*read)(const char *, size_t, struct pal_api_request *,
                                   struct pal_api_error *))
{
    struct pal_api_request request;
    struct pal_api_error error;
    if (read(call->body->data, call->body->len, &request, &error) != PAL_OK) {
        refuse_body(call, PAL_API_OLLAMA, &error);
        return;
    }
    if (!is_ready(call, PAL_API_OLLAMA)) {
        pal_api_request_finish(&request);
        return;
    }
    /* Ollama's clients compare the name in the answer with the one they asked for. */
    const char *model = request.model != NULL ? request.model : pal_access_model(call->access);
    if (request.only_load) {
        answer_loaded(call, format, model, request.stream);
        pal_api_request_finish(&request);
        return;
    }
    submit(call, format, model, &request);
}

void
pal_answer_ollama_chat(const struct pal_call *call)
{
    answer_ollama(call, &pal_reply_ollama_chat, pal_ollama_read_chat);
}

void
pal_answer_ollama_generate(const struct pal_call *call)
{
    answer_ollama(call, &pal_reply_ollama_generate, pal_ollama_read_generate);
}
