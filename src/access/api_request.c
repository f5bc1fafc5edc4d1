#include "access/api_request.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

const struct pal_api_number pal_api_numbers[] = {
    {"max_tokens", "num_predict", 1, PAL_JOB_TOKENS_MAX, true, true,
     "longest reply, in tokens; -1: until the context is full", PAL_NUMBER_MAX_TOKENS},
    {"max_completion_tokens", NULL, 1, PAL_JOB_TOKENS_MAX, true, true,
     "the same under its newer name, which wins", PAL_NUMBER_MAX_TOKENS},
    {"temperature", "temperature", 0, 2, false, false, "0: always the likeliest token",
     PAL_NUMBER_TEMPERATURE},
    {"top_p", "top_p", 0, 1, false, false, "1: off", PAL_NUMBER_TOP_P},
    {"top_k", "top_k", 0, 1000000, true, true, "0 or -1: off", PAL_NUMBER_TOP_K},
    {"min_p", "min_p", 0, 1, false, false, "0: off", PAL_NUMBER_MIN_P},
    {"seed", "seed", 0, UINT32_MAX, true, true, "-1: a new one each time", PAL_NUMBER_SEED},
    {"repeat_penalty", "repeat_penalty", 0.5, 2, false, false, "1: off", PAL_NUMBER_REPEAT_PENALTY},
    {"repeat_last_n", "repeat_last_n", 0, PAL_JOB_TOKENS_MAX, true, true,
     "tokens that the penalties look back on; -1: the most allowed", PAL_NUMBER_REPEAT_LAST_N},
    {"presence_penalty", "presence_penalty", -2, 2, false, false, "0: off",
     PAL_NUMBER_PRESENCE_PENALTY},
    {"frequency_penalty", "frequency_penalty", -2, 2, false, false, "0: off",
     PAL_NUMBER_FREQUENCY_PENALTY},
    {"n", NULL, 1, 1, true, false, "answers to a request", PAL_NUMBER_N},
    {"deadline_ms", "deadline_ms", 1, 3600000, true, false,
     "time for the whole answer, from the request's arrival", PAL_NUMBER_DEADLINE_MS},
};
const size_t pal_api_n_numbers = PAL_COUNT_OF(pal_api_numbers);

void
pal_api_request_finish(struct pal_api_request *request)
{
    if (request == NULL) {
        return;
    }
    pal_job_finish(&request->job);
    free(request->user);
    free(request->model);
    *request = (struct pal_api_request){0};
}

enum pal_err
pal_api_refuse(struct pal_api_error *error, const char *field, const char *format, ...)
{
    char text[PAL_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)snprintf(error->field, sizeof(error->field), "%s", field);
    return pal_error_set(&error->error, PAL_ERR_ARGUMENT, "%s", text);
}

static void
set_number(struct pal_api_request *request, enum pal_api_number_id id, double value)
{
    struct pal_sampling *sampling = &request->job.sampling;
    bool minus_one = value < 0;
    switch (id) {
    case PAL_NUMBER_MAX_TOKENS:
        sampling->max_tokens = minus_one ? 0 : (int32_t)value;
        break;
    case PAL_NUMBER_TEMPERATURE:
        sampling->temperature = (float)value;
        break;
    case PAL_NUMBER_TOP_P:
        sampling->top_p = (float)value;
        break;
    case PAL_NUMBER_TOP_K:
        sampling->top_k = minus_one ? 0 : (int32_t)value;
        break;
    case PAL_NUMBER_MIN_P:
        sampling->min_p = (float)value;
        break;
    case PAL_NUMBER_SEED:
        sampling->has_seed = !minus_one;
        sampling->seed = minus_one ? 0 : (uint32_t)value;
        break;
    case PAL_NUMBER_REPEAT_PENALTY:
        sampling->repeat_penalty = (float)value;
        break;
    case PAL_NUMBER_REPEAT_LAST_N:
        sampling->repeat_last_n = minus_one ? PAL_JOB_TOKENS_MAX : (int32_t)value;
        break;
    case PAL_NUMBER_PRESENCE_PENALTY:
        sampling->presence_penalty = (float)value;
        break;
    case PAL_NUMBER_FREQUENCY_PENALTY:
        sampling->frequency_penalty = (float)value;
        break;
    case PAL_NUMBER_N:
        break;
    case PAL_NUMBER_DEADLINE_MS:
        request->deadline_ms = (int64_t)value;
        break;
    }
}

static enum pal_err
read_number(const struct pal_api_number *number, const char *name, const json_t *value,
            struct pal_api_request *request, struct pal_api_error *error)
{
    const char *kind = number->integer ? "a whole number" : "a number";
    const char *also = number->minus_one ? ", or -1" : "";
    double given = json_is_real(value) ? json_real_value(value) : NAN;
    bool allowed = given >= number->min && given <= number->max;
    if (number->integer && given != floor(given)) {
        allowed = false;
    }
    if (number->minus_one && given == -1) {
        allowed = true;
    }
    if (!allowed) {
        return pal_api_refuse(error, name, "'%s' must be %s from %.10g to %.10g%s (%s)", name, kind,
                              number->min, number->max, also, number->what);
    }
    set_number(request, number->id, given);
    return PAL_OK;
}

enum pal_err
pal_api_read_numbers(const json_t *object, enum pal_api_dialect dialect,
                     struct pal_api_request *request, struct pal_api_error *error)
{
    for (size_t i = 0; i < pal_api_n_numbers; i++) {
        const struct pal_api_number *number = &pal_api_numbers[i];
        const char *name = dialect == PAL_API_OPENAI ? number->openai : number->ollama;
        const json_t *value = name != NULL ? json_object_get(object, name) : NULL;
        if (value == NULL || json_is_null(value)) {
            continue;
        }
        enum pal_err err = read_number(number, name, value, request, error);
        if (err != PAL_OK) {
            return err;
        }
    }
    return PAL_OK;
}

enum pal_err
pal_api_read_bool(const json_t *object, const char *name, bool *value, struct pal_api_error *error)
{
    const json_t *given = json_object_get(object, name);
    if (given == NULL || json_is_null(given)) {
        return PAL_OK;
    }
    if (!json_is_boolean(given)) {
        return pal_api_refuse(error, name, "'%s' must be true or false", name);
    }
    *value = json_is_true(given);
    return PAL_OK;
}

enum pal_err
pal_api_read_name(const json_t *object, const char *name, char **value, struct pal_api_error *error)
{
    const json_t *given = json_object_get(object, name);
    if (given == NULL || json_is_null(given)) {
        return PAL_OK;
    }
    if (!json_is_string(given) || json_string_length(given) > PAL_API_NAME_MAX) {
        return pal_api_refuse(error, name, "'%s' must be a text of at most %d bytes", name,
                              PAL_API_NAME_MAX);
    }
    if (json_string_length(given) > 0) {
        *value = pal_strdup(json_string_value(given));
    }
    return PAL_OK;
}

static enum pal_err
add_stop(const json_t *given, const char *name, struct pal_sampling *sampling,
         struct pal_api_error *error)
{
    size_t len = json_string_length(given);
    if (!json_is_string(given) || len > PAL_JOB_STOP_BYTES_MAX) {
        return pal_api_refuse(error, name,
                              "'%s' must be a text of at most %d bytes, or a list of such texts",
                              name, PAL_JOB_STOP_BYTES_MAX);
    }
    if (len == 0) {
        return PAL_OK;
    }
    if (sampling->n_stops == PAL_JOB_STOPS_MAX) {
        return pal_api_refuse(error, name, "'%s' may hold at most %d texts", name,
                              PAL_JOB_STOPS_MAX);
    }
    sampling->stops[sampling->n_stops++] = pal_strdup(json_string_value(given));
    return PAL_OK;
}

enum pal_err
pal_api_read_stops(const json_t *object, const char *name, struct pal_sampling *sampling,
                   struct pal_api_error *error)
{
    const json_t *given = json_object_get(object, name);
    if (given == NULL || json_is_null(given)) {
        return PAL_OK;
    }
    if (!json_is_array(given)) {
        return add_stop(given, name, sampling, error);
    }
    for (size_t i = 0; i < json_array_size(given); i++) {
        enum pal_err err = add_stop(json_array_get(given, i), name, sampling, error);
        if (err != PAL_OK) {
            return err;
        }
    }
    return PAL_OK;
}

void
pal_api_name_user(struct pal_api_request *request, const char *user)
{
    if (user != NULL) {
        request->user = pal_printf("api:%s", user);
        request->job.conversation = pal_strdup(request->user);
    }
}
