/* Another profile, or the model loaded again: over HTTP; the page's messages share it. */
#include "access/json.h"
#include "access/route.h"
#include "util/mem.h"

json_t *
pal_access_describe_switch(const struct pal_access *access)
{
    static const char *const stages[] = {
        [PAL_ACCESS_SWITCH_IDLE] = "idle",       [PAL_ACCESS_SWITCH_ROOM] = "room",
        [PAL_ACCESS_SWITCH_LOADING] = "loading", [PAL_ACCESS_SWITCH_ENDING] = "ending",
        [PAL_ACCESS_SWITCH_FAILED] = "failed",
    };
    const struct pal_access_switch *how = &access->switching;
    json_t *out = json_pack("{s:s, s:s, s:f}", "stage", stages[how->stage], "profile", how->profile,
                            "progress", (double)how->progress);
    PAL_ASSERT(out != NULL);
    if (how->stage == PAL_ACCESS_SWITCH_FAILED) {
        (void)json_object_set_new(out, "code", json_string(pal_err_name(how->error.code)));
        (void)json_object_set_new(out, "message", pal_json_text(how->error.text));
    }
    return out;
}

enum pal_err
pal_access_switch_profile(struct pal_access *access, const json_t *request, struct pal_error *error)
{
    const char *profile = json_string_value(json_object_get(request, "profile"));
    if (profile == NULL) {
        return pal_error_set(
            error, PAL_ERR_ARGUMENT,
            "give a profile: {\"profile\": \"performance\", \"balanced\", \"cpu\" or \"auto\"}");
    }
    if (access->controls.switch_profile == NULL) {
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "there is no profile to choose here");
    }
    return access->controls.switch_profile(access->controls.self, profile, error);
}

enum pal_err
pal_access_reload(struct pal_access *access, struct pal_error *error)
{
    if (access->controls.reload == NULL) {
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "there is no model to load again here");
    }
    return access->controls.reload(access->controls.self, error);
}

/* It goes on after the answer: 202, and /health tells the rest. */
static void
answer(const struct pal_call *call, enum pal_err err, const struct pal_error *error)
{
    if (err == PAL_OK) {
        json_t *body = json_pack("{s:o}", "switch", pal_access_describe_switch(call->access));
        PAL_ASSERT(body != NULL);
        pal_call_answer_json(call, 202, body);
        return;
    }
    struct pal_api_failure failure = pal_api_failure_of(error);
    if (err == PAL_ERR_BUSY) {
        failure.status = 409;
        failure.code = "switch_under_way";
    }
    pal_api_fail(call->conn, PAL_API_OLLAMA, &failure, NULL);
}

void
pal_answer_profile(const struct pal_call *call)
{
    json_t *request = NULL;
    struct pal_error error = {.code = PAL_OK};
    enum pal_err err = pal_json_read_object(call->body->data, call->body->len, &request, &error);
    if (err == PAL_OK) {
        err = pal_access_switch_profile(call->access, request, &error);
        json_decref(request);
    }
    answer(call, err, &error);
}

void
pal_answer_reload(const struct pal_call *call)
{
    struct pal_error error = {.code = PAL_OK};
    enum pal_err err = pal_access_reload(call->access, &error);
    answer(call, err, &error);
}
