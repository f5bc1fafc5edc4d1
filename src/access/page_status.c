#include "access/page_status.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

#define TEMPERATURE_MAX   2.0
#define PERSONA_BYTES_MAX ((size_t)16 * 1024)

static const struct {
    enum pal_access_download_stage stage;
    const char *name;
} stages[] = {
    {PAL_ACCESS_DOWNLOAD_ASKING, "asking"},   {PAL_ACCESS_DOWNLOAD_CHECKING, "checking"},
    {PAL_ACCESS_DOWNLOAD_RUNNING, "running"}, {PAL_ACCESS_DOWNLOAD_WAITING, "waiting"},
    {PAL_ACCESS_DOWNLOAD_DONE, "done"},       {PAL_ACCESS_DOWNLOAD_FAILED, "failed"},
};

static json_t *
describe_download(const struct pal_access_download *download)
{
    if (download->name[0] == '\0') {
        return json_null();
    }
    json_t *out = json_pack(
        "{s:o, s:s, s:o, s:I, s:I}", "name", pal_json_text(download->name), "stage",
        stages[download->stage].name, "file", pal_json_text(download->file), "done_bytes",
        (json_int_t)download->done_bytes, "total_bytes", (json_int_t)download->total_bytes);
    PAL_ASSERT(out != NULL);
    if (download->stage == PAL_ACCESS_DOWNLOAD_FAILED) {
        (void)json_object_set_new(out, "code", json_string(pal_err_name(download->error.code)));
        (void)json_object_set_new(out, "message", pal_json_text(download->error.text));
    }
    return out;
}

json_t *
pal_page_state(const struct pal_access *access)
{
    const struct pal_engine *engine = access->engine;
    enum pal_engine_state state = engine != NULL ? pal_engine_state(engine) : PAL_ENGINE_STARTING;
    json_t *out =
        json_pack("{s:s, s:o, s:s, s:f, s:o, s:b, s:b, s:b, s:o}", "type", "state", "name",
                  pal_json_text(access->name), "engine", pal_engine_state_name(state), "progress",
                  engine != NULL ? (double)pal_engine_progress(engine) : 0.0, "model",
                  pal_json_text(pal_access_model(access)), "starter", access->starter, "paused",
                  pal_sched_is_paused(access->sched), "can_pull", access->controls.pull != NULL,
                  "download", describe_download(&access->download));
    PAL_ASSERT(out != NULL);
    (void)json_object_set_new(out, "can_switch", json_boolean(access->controls.reload != NULL));
    (void)json_object_set_new(out, "profile",
                              access->profile != NULL ? json_string(access->profile) : json_null());
    (void)json_object_set_new(out, "switch", pal_access_describe_switch(access));
    if (state == PAL_ENGINE_FAILED) {
        (void)json_object_set_new(out, "failure", pal_json_text(pal_engine_failure(engine)->text));
    }
    if (engine != NULL && state == PAL_ENGINE_READY) {
        const struct pal_engine_facts *facts = pal_engine_facts(engine);
        (void)json_object_set_new(
            out, "facts",
            json_pack("{s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:f}", "architecture",
                      pal_json_text(facts->architecture), "quantisation",
                      pal_json_text(facts->quantisation), "variant", pal_json_text(facts->variant),
                      "devices", pal_json_text(facts->devices), "n_ctx_tokens",
                      (int)facts->n_ctx_tokens, "n_sequences", (int)facts->n_sequences, "n_layers",
                      (int)facts->n_layers, "n_layers_gpu", (int)facts->n_layers_gpu, "load_s",
                      (double)facts->load_us / (double)PAL_US_PER_S));
    }
    return out;
}

json_t *
pal_page_settings(const struct pal_access *access)
{
    struct pal_sampling sampling = pal_companion_sampling(access->companion);
    json_t *out = json_pack("{s:s, s:o, s:f, s:i}", "type", "settings", "persona",
                            pal_json_text(pal_companion_persona(access->companion)), "temperature",
                            (double)sampling.temperature, "max_tokens", (int)sampling.max_tokens);
    PAL_ASSERT(out != NULL);
    return out;
}

json_t *
pal_page_metrics(const struct pal_access *access)
{
    struct pal_buf text;
    json_t *out = NULL;
    pal_buf_init(&text, PAL_METRICS_BYTES_MAX);
    if (pal_access_render_metrics(access, &text) == PAL_OK) {
        out = json_pack("{s:s, s:o}", "type", "metrics", "text", pal_json_text(text.data));
        PAL_ASSERT(out != NULL);
    }
    pal_buf_finish(&text);
    return out;
}

json_t *
pal_page_turn(const struct pal_feed_entry *entry)
{
    int64_t now_us = pal_now_us();
    int64_t until_us = entry->ended_us != 0 ? entry->ended_us : now_us;
    int64_t taken_us = entry->taken_us != 0 ? entry->taken_us : until_us;
    json_t *out =
        json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:s, s:f, s:f, s:f}", "type", "turn", "turn",
                  (json_int_t)entry->turn_id, "source", entry->source, "conversation",
                  pal_json_text(entry->conversation), "user", pal_json_text(entry->user), "line",
                  pal_json_text(entry->line), "state", pal_feed_state_name(entry->state), "age_ms",
                  (double)(now_us - entry->accepted_us) / 1000.0, "waited_ms",
                  (double)(taken_us - entry->accepted_us) / 1000.0, "ran_ms",
                  (double)(until_us - taken_us) / 1000.0);
    PAL_ASSERT(out != NULL);
    if (entry->state == PAL_FEED_FAILED) {
        (void)json_object_set_new(out, "code", json_string(pal_err_name(entry->why)));
    }
    return out;
}

/* Requests. */

/* A number of the request within its bounds; absent leaves *value as it is. */
static enum pal_err
read_number(const json_t *request, const char *name, double min, double max, double *value,
            struct pal_error *error)
{
    const json_t *given = json_object_get(request, name);
    if (given == NULL) {
        return PAL_OK;
    }
    if (!json_is_number(given) || !(json_number_value(given) >= min) ||
        !(json_number_value(given) <= max)) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "%s must be a number from %g to %g", name,
                             min, max);
    }
    *value = json_number_value(given);
    return PAL_OK;
}

static enum pal_err
change_settings(struct pal_companion *companion, const json_t *request, struct pal_error *error)
{
    struct pal_sampling sampling = pal_companion_sampling(companion);
    double temperature = (double)sampling.temperature;
    double max_tokens = sampling.max_tokens;
    const json_t *persona = json_object_get(request, "persona");
    enum pal_err err = read_number(request, "temperature", 0, TEMPERATURE_MAX, &temperature, error);
    err = err != PAL_OK
              ? err
              : read_number(request, "max_tokens", 1, PAL_JOB_TOKENS_MAX, &max_tokens, error);
    if (err != PAL_OK) {
        return err;
    }
    if (persona != NULL && !json_is_string(persona)) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the persona must be a text");
    }
    if (json_string_length(persona) > PERSONA_BYTES_MAX) {
        return pal_error_set(error, PAL_ERR_LIMIT,
                             "the persona is too long: %zu bytes, %zu at most",
                             json_string_length(persona), PERSONA_BYTES_MAX);
    }
    if (persona != NULL) {
        pal_companion_set_persona(companion, json_string_value(persona));
    }
    sampling.temperature = (float)temperature;
    sampling.max_tokens = (int32_t)max_tokens;
    pal_companion_set_sampling(companion, &sampling);
    return PAL_OK;
}

void
pal_page_set_settings(struct pal_page *page, const json_t *request)
{
    struct pal_access *access = pal_page_access(page);
    struct pal_error error;
    enum pal_err err = change_settings(access->companion, request, &error);
    if (err != PAL_OK) {
        pal_page_refuse(page, "settings", request, &error);
    }
    /* Also after a refusal: so that the page shows what holds. */
    pal_pages_publish(access->pages, PAL_PAGE_STATE, pal_page_settings(access));
}

void
pal_page_set_paused(struct pal_page *page, const json_t *request)
{
    struct pal_access *access = pal_page_access(page);
    pal_sched_set_paused(access->sched, json_is_true(json_object_get(request, "paused")));
    pal_pages_publish(access->pages, PAL_PAGE_STATE, pal_page_state(access));
}

void
pal_page_switch(struct pal_page *page, const json_t *request)
{
    struct pal_error error;
    if (pal_access_switch_profile(pal_page_access(page), request, &error) != PAL_OK) {
        pal_page_refuse(page, "switch", request, &error);
    }
}

void
pal_page_reload(struct pal_page *page, const json_t *request)
{
    struct pal_error error;
    if (pal_access_reload(pal_page_access(page), &error) != PAL_OK) {
        pal_page_refuse(page, "reload", request, &error);
    }
}

void
pal_page_pull(struct pal_page *page, const json_t *request)
{
    struct pal_access *access = pal_page_access(page);
    const char *name = json_string_value(json_object_get(request, "name"));
    struct pal_error error;
    enum pal_err err = PAL_OK;
    if (name == NULL || *name == '\0' || strlen(name) >= sizeof(access->download.name)) {
        err = pal_error_set(&error, PAL_ERR_ARGUMENT, "give the name of a model");
    } else if (access->controls.pull == NULL) {
        err = pal_error_set(&error, PAL_ERR_UNSUPPORTED, "models can't be downloaded from here");
    } else {
        err = access->controls.pull(access->controls.self, name, &error);
    }
    if (err != PAL_OK) {
        pal_page_refuse(page, "pull", request, &error);
    }
}

void
pal_page_cancel_pull(struct pal_page *page, const json_t *request)
{
    (void)request;
    const struct pal_access *access = pal_page_access(page);
    if (access->controls.cancel_pull != NULL) {
        access->controls.cancel_pull(access->controls.self);
    }
}

void
pal_page_plan(struct pal_page *page, const json_t *request)
{
    const struct pal_access *access = pal_page_access(page);
    json_t *plan = access->plan_json != NULL ? json_loads(access->plan_json, 0, NULL) : NULL;
    if (plan == NULL) {
        struct pal_error error;
        (void)pal_error_set(&error, PAL_ERR_NOT_FOUND, "there is no plan: no model is run");
        pal_page_refuse(page, "plan", request, &error);
        return;
    }
    pal_page_send(page, json_pack("{s:s, s:o}", "type", "plan", "plan", plan));
}
