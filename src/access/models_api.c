/* What model is in use, as OpenAI's and Ollama's clients ask for it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "access/route.h"
#include "util/mem.h"
#include "util/utf8.h"

/* Ollama's API has no such field of ours; clients only ask for a version new enough for chat. */
#define OLLAMA_VERSION "0.5.0"

const char *
pal_access_model(const struct pal_access *access)
{
    if (access->model_id != NULL) {
        return access->model_id;
    }
    const char *name = access->engine != NULL ? pal_engine_facts(access->engine)->model_name : "";
    return *name != '\0' ? name : "palabre";
}

static json_t *
openai_model(const struct pal_access *access)
{
    json_t *model =
        json_pack("{s:o, s:s, s:I, s:s}", "id", pal_json_text(pal_access_model(access)), "object",
                  "model", "created", (json_int_t)access->opened_s, "owned_by", "palabre");
    PAL_ASSERT(model != NULL);
    return model;
}

void
pal_answer_openai_models(const struct pal_call *call)
{
    json_t *list = json_pack("{s:s, s:[o]}", "object", "list", "data", openai_model(call->access));
    pal_call_answer_json(call, 200, list);
}

void
pal_answer_openai_model(const struct pal_call *call)
{
    if (strcmp(call->rest, pal_access_model(call->access)) != 0) {
        struct pal_api_failure failure = {
            .status = 404,
            .message = "there is no such model here; GET /v1/models lists what there is",
            .field = "model",
            .code = "model_not_found",
        };
        pal_api_fail(call->conn, PAL_API_OPENAI, &failure, NULL);
        return;
    }
    pal_call_answer_json(call, 200, openai_model(call->access));
}

static json_t *
ollama_details(const struct pal_access *access)
{
    static const struct pal_engine_facts none;
    const struct pal_engine_facts *facts =
        access->engine != NULL ? pal_engine_facts(access->engine) : &none;
    char size[32];
    (void)snprintf(size, sizeof(size), "%.1fB", (double)facts->n_params / 1e9);
    json_t *details = json_pack("{s:s, s:s, s:o, s:[o], s:s, s:o}", "parent_model", "", "format",
                                "gguf", "family", pal_json_text(facts->architecture), "families",
                                pal_json_text(facts->architecture), "parameter_size", size,
                                "quantization_level", pal_json_text(facts->quantisation));
    PAL_ASSERT(details != NULL);
    return details;
}

static json_t *
ollama_model(const struct pal_access *access)
{
    char opened[32];
    time_t at = (time_t)access->opened_s;
    struct tm parts;
    (void)strftime(opened, sizeof(opened), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &parts));
    const char *name = pal_access_model(access);
    json_int_t size =
        access->engine != NULL ? (json_int_t)pal_engine_facts(access->engine)->model_bytes : 0;
    json_t *model = json_pack("{s:o, s:o, s:s, s:I, s:s, s:o}", "name", pal_json_text(name),
                              "model", pal_json_text(name), "modified_at", opened, "size", size,
                              "digest", "", "details", ollama_details(access));
    PAL_ASSERT(model != NULL);
    return model;
}

void
pal_answer_ollama_tags(const struct pal_call *call)
{
    pal_call_answer_json(call, 200, json_pack("{s:[o]}", "models", ollama_model(call->access)));
}

/* What is loaded now: nothing while it is still loading. */
void
pal_answer_ollama_ps(const struct pal_call *call)
{
    const struct pal_engine *engine = call->access->engine;
    json_t *models = json_array();
    if (engine != NULL && pal_engine_state(engine) == PAL_ENGINE_READY) {
        json_t *model = ollama_model(call->access);
        (void)json_object_set_new(model, "size_vram", json_integer(0));
        (void)json_object_set_new(model, "expires_at", json_string("9999-12-31T23:59:59Z"));
        (void)json_array_append_new(models, model);
    }
    pal_call_answer_json(call, 200, json_pack("{s:o}", "models", models));
}

/* Any name is this model, as in /api/chat. */
void
pal_answer_ollama_show(const struct pal_call *call)
{
    static const struct pal_engine_facts none;
    struct pal_error error;
    json_t *root = NULL;
    if (pal_json_read_object(call->body->data, call->body->len, &root, &error) != PAL_OK) {
        struct pal_api_failure failure = {.status = 400, .message = error.text};
        pal_api_fail(call->conn, PAL_API_OLLAMA, &failure, NULL);
        return;
    }
    json_decref(root);
    const struct pal_access *access = call->access;
    const struct pal_engine_facts *facts =
        access->engine != NULL ? pal_engine_facts(access->engine) : &none;
    char context_key[96];
    (void)snprintf(context_key, sizeof(context_key), "%s.context_length", facts->architecture);
    pal_utf8_scrub(context_key, strlen(context_key));
    json_t *info =
        json_pack("{s:o, s:I, s:I}", "general.architecture", pal_json_text(facts->architecture),
                  "general.parameter_count", (json_int_t)facts->n_params, context_key,
                  (json_int_t)facts->n_ctx_train_tokens);
    json_t *shown =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:[s]}", "license", "", "modelfile", "",
                  "parameters", "", "template", "", "details", ollama_details(access), "model_info",
                  info, "capabilities", "completion");
    pal_call_answer_json(call, 200, shown);
}

void
pal_answer_ollama_version(const struct pal_call *call)
{
    pal_call_answer_json(call, 200, json_pack("{s:s}", "version", OLLAMA_VERSION));
}
