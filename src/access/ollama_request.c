#include "access/ollama_request.h"

#include <stdlib.h>
#include <string.h>

#include "access/openai_request.h"

/* Fields that would change what the client gets: not to be ignored in silence. */
static enum pal_err
refuse_promises(const json_t *root, struct pal_api_error *error)
{
    const json_t *format = json_object_get(root, "format");
    const char *word = json_string_value(format);
    if (format != NULL && !json_is_null(format) && (word == NULL || *word != '\0')) {
        return pal_api_refuse(error, "format",
                              "'format' is not supported: the answer would not be held to it");
    }
    const json_t *images = json_object_get(root, "images");
    if (json_array_size(images) > 0) {
        return pal_api_refuse(error, "images",
                              "'images' are not supported: this model reads text "
                              "only");
    }
    return PAL_OK;
}

static enum pal_err
refuse_pictures(const json_t *root, struct pal_api_error *error)
{
    const json_t *messages = json_object_get(root, "messages");
    for (size_t i = 0; i < json_array_size(messages); i++) {
        enum pal_err err = refuse_promises(json_array_get(messages, i), error);
        if (err != PAL_OK) {
            return err;
        }
    }
    return PAL_OK;
}

/* `num_predict` has a second negative value there: fill the context. Here it is the same as -1. */
static void
settle_num_predict(json_t *options)
{
    json_t *value = json_object_get(options, "num_predict");
    if (json_is_real(value) && json_real_value(value) == -2) {
        (void)json_real_set(value, -1);
    }
}

static enum pal_err
read_common(const json_t *root, struct pal_api_request *request, struct pal_api_error *error)
{
    struct pal_sampling *sampling = &request->job.sampling;
    json_t *options = json_object_get(root, "options");
    char *user = NULL;
    if (options != NULL && !json_is_object(options) && !json_is_null(options)) {
        return pal_api_refuse(error, "options", "'options' must be an object");
    }
    settle_num_predict(options);
    request->stream = true;
    enum pal_err err = pal_api_read_numbers(options, PAL_API_OLLAMA, request, error);
    err = err != PAL_OK ? err : pal_api_read_stops(options, "stop", sampling, error);
    err = err != PAL_OK ? err
                        : pal_api_read_bool(options, "ignore_eos", &sampling->ignore_eos, error);
    err = err != PAL_OK ? err : pal_api_read_bool(root, "stream", &request->stream, error);
    err = err != PAL_OK ? err : refuse_promises(root, error);
    err = err != PAL_OK ? err : pal_api_read_name(root, "model", &request->model, error);
    err = err != PAL_OK ? err : pal_api_read_name(root, "user", &user, error);
    pal_api_name_user(request, user);
    free(user);
    return err;
}

static enum pal_err
read_chat(const json_t *root, struct pal_api_request *request, struct pal_api_error *error)
{
    enum pal_err err = read_common(root, request, error);
    if (err != PAL_OK) {
        return err;
    }
    const json_t *messages = json_object_get(root, "messages");
    if (messages == NULL || json_is_null(messages)) {
        request->only_load = true;
        return PAL_OK;
    }
    err = refuse_pictures(root, error);
    err = err != PAL_OK ? err : pal_openai_read_messages(root, &request->job, error);
    request->only_load = request->job.n_messages == 0;
    return err;
}

static enum pal_err
read_text(const json_t *root, const char *name, const char **text, struct pal_api_error *error)
{
    const json_t *value = json_object_get(root, name);
    *text = json_string_value(value);
    if (value != NULL && !json_is_null(value) && *text == NULL) {
        return pal_api_refuse(error, name, "'%s' must be a text", name);
    }
    return PAL_OK;
}

static enum pal_err
read_generate(const json_t *root, struct pal_api_request *request, struct pal_api_error *error)
{
    const char *system = NULL;
    const char *prompt = NULL;
    bool raw = false;
    enum pal_err err = read_common(root, request, error);
    err = err != PAL_OK ? err : read_text(root, "system", &system, error);
    err = err != PAL_OK ? err : read_text(root, "prompt", &prompt, error);
    err = err != PAL_OK ? err : pal_api_read_bool(root, "raw", &raw, error);
    if (err != PAL_OK) {
        return err;
    }
    if (raw) {
        return pal_api_refuse(error, "raw",
                              "'raw' is not supported: the model's own chat template "
                              "is always used");
    }
    struct pal_job *job = &request->job;
    if (system != NULL && *system != '\0') {
        err = pal_job_add_message(job, PAL_ROLE_SYSTEM, system, strlen(system));
    }
    if (err == PAL_OK && prompt != NULL && *prompt != '\0') {
        err = pal_job_add_message(job, PAL_ROLE_USER, prompt, strlen(prompt));
    } else {
        request->only_load = true;
    }
    return err;
}

static enum pal_err
read_body(const char *body, size_t len,
          enum pal_err (*read)(const json_t *, struct pal_api_request *, struct pal_api_error *),
          struct pal_api_request *request, struct pal_api_error *error)
{
    *request = (struct pal_api_request){.job.sampling = pal_sampling_default()};
    *error = (struct pal_api_error){0};
    json_t *root = NULL;
    enum pal_err err = pal_json_read_object(body, len, &root, &error->error);
    if (err == PAL_OK) {
        err = read(root, request, error);
        json_decref(root);
    }
    if (err != PAL_OK) {
        pal_api_request_finish(request);
    }
    return err;
}

enum pal_err
pal_ollama_read_chat(const char *body, size_t len, struct pal_api_request *request,
                     struct pal_api_error *error)
{
    return read_body(body, len, read_chat, request, error);
}

enum pal_err
pal_ollama_read_generate(const char *body, size_t len, struct pal_api_request *request,
                         struct pal_api_error *error)
{
    return read_body(body, len, read_generate, request, error);
}
