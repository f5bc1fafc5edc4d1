#include "access/openai_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where in the request an error is: "messages[3].content". */
struct place {
    char text[PAL_API_FIELD_MAX];
};

static struct place
place_of(size_t i_message, const char *member)
{
    struct place place;
    (void)snprintf(place.text, sizeof(place.text), "messages[%zu]%s", i_message, member);
    return place;
}

/* One `{"type":"text","text":"..."}`. */
static enum pal_err
read_part(const json_t *part, struct pal_buf *text, const char *place, struct pal_api_error *error)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    const json_t *words = json_object_get(part, "text");
    if (type == NULL || strcmp(type, "text") != 0) {
        return pal_api_refuse(error, place,
                              "'%s' has a part of another type than \"text\": this model reads "
                              "text only",
                              place);
    }
    if (!json_is_string(words)) {
        return pal_api_refuse(error, place, "'%s' has a text part without a text", place);
    }
    if (pal_buf_append(text, json_string_value(words), json_string_length(words)) != PAL_OK) {
        return pal_api_refuse(error, place, "'%s' is too long", place);
    }
    return PAL_OK;
}

/* A text, a list of text parts (joined), or null where an assistant said nothing. */
static enum pal_err
read_content(const json_t *content, enum pal_role role, struct pal_buf *text, const char *place,
             struct pal_api_error *error)
{
    if (json_is_string(content)) {
        if (pal_buf_append(text, json_string_value(content), json_string_length(content)) !=
            PAL_OK) {
            return pal_api_refuse(error, place, "'%s' is too long", place);
        }
        return PAL_OK;
    }
    if (json_is_array(content)) {
        enum pal_err err = PAL_OK;
        for (size_t i = 0; err == PAL_OK && i < json_array_size(content); i++) {
            err = read_part(json_array_get(content, i), text, place, error);
        }
        return err;
    }
    if ((content == NULL || json_is_null(content)) && role == PAL_ROLE_ASSISTANT) {
        return PAL_OK;
    }
    return pal_api_refuse(error, place, "'%s' must be a text or a list of text parts", place);
}

static enum pal_err
read_message(const json_t *message, size_t i, struct pal_job *job, struct pal_api_error *error)
{
    struct place place = place_of(i, "");
    if (!json_is_object(message)) {
        return pal_api_refuse(error, place.text, "'%s' must be an object", place.text);
    }
    enum pal_role role = PAL_ROLE_USER;
    const char *role_name = json_string_value(json_object_get(message, "role"));
    place = place_of(i, ".role");
    if (role_name == NULL || pal_role_parse(role_name, &role) != PAL_OK) {
        return pal_api_refuse(error, place.text,
                              "'%s' must be \"system\", \"developer\", \"user\" or \"assistant\"",
                              place.text);
    }
    place = place_of(i, ".content");
    struct pal_buf text;
    pal_buf_init(&text, PAL_JOB_BYTES_MAX);
    enum pal_err err =
        read_content(json_object_get(message, "content"), role, &text, place.text, error);
    if (err == PAL_OK && pal_job_add_message(job, role, text.data, text.len) != PAL_OK) {
        err = pal_api_refuse(error, "messages", "'messages' holds more than %d messages",
                             PAL_JOB_MESSAGES_MAX);
    }
    pal_buf_finish(&text);
    return err;
}

enum pal_err
pal_openai_read_messages(const json_t *root, struct pal_job *job, struct pal_api_error *error)
{
    const json_t *messages = json_object_get(root, "messages");
    if (!json_is_array(messages)) {
        return pal_api_refuse(error, "messages",
                              "'messages' is missing: it must be a list of "
                              "messages, each with a role and a content");
    }
    enum pal_err err = PAL_OK;
    for (size_t i = 0; err == PAL_OK && i < json_array_size(messages); i++) {
        err = read_message(json_array_get(messages, i), i, job, error);
    }
    return err;
}

/* Fields that would change what the client gets: not to be ignored in silence. */
static enum pal_err
refuse_promises(const json_t *root, struct pal_api_error *error)
{
    const json_t *format = json_object_get(root, "response_format");
    if (format != NULL && !json_is_null(format)) {
        const char *type = json_string_value(json_object_get(format, "type"));
        if (type == NULL || strcmp(type, "text") != 0) {
            return pal_api_refuse(error, "response_format",
                                  "'response_format' other than {\"type\":\"text\"} is not "
                                  "supported: the answer would not be held to it");
        }
    }
    const json_t *choice = json_object_get(root, "tool_choice");
    const char *word = json_string_value(choice);
    bool forced = json_is_object(choice) || (word != NULL && strcmp(word, "required") == 0);
    if (forced) {
        return pal_api_refuse(error, "tool_choice",
                              "'tool_choice' can't be forced: tools are not supported, the model "
                              "answers with text");
    }
    return PAL_OK;
}

static enum pal_err
read_stream_options(const json_t *root, struct pal_api_request *request,
                    struct pal_api_error *error)
{
    const json_t *options = json_object_get(root, "stream_options");
    if (options == NULL || json_is_null(options)) {
        return PAL_OK;
    }
    if (!json_is_object(options)) {
        return pal_api_refuse(error, "stream_options", "'stream_options' must be an object");
    }
    return pal_api_read_bool(options, "include_usage", &request->include_usage, error);
}

static enum pal_err
read_fields(const json_t *root, struct pal_api_request *request, struct pal_api_error *error)
{
    struct pal_sampling *sampling = &request->job.sampling;
    char *user = NULL;
    enum pal_err err = pal_openai_read_messages(root, &request->job, error);
    if (err == PAL_OK && request->job.n_messages == 0) {
        err = pal_api_refuse(error, "messages", "'messages' must hold at least one message");
    }
    err = err != PAL_OK ? err : pal_api_read_numbers(root, PAL_API_OPENAI, request, error);
    err = err != PAL_OK ? err : pal_api_read_stops(root, "stop", sampling, error);
    err = err != PAL_OK ? err : pal_api_read_bool(root, "stream", &request->stream, error);
    err = err != PAL_OK ? err : pal_api_read_bool(root, "ignore_eos", &sampling->ignore_eos, error);
    err = err != PAL_OK ? err : read_stream_options(root, request, error);
    err = err != PAL_OK ? err : refuse_promises(root, error);
    err = err != PAL_OK ? err : pal_api_read_name(root, "model", &request->model, error);
    err = err != PAL_OK ? err : pal_api_read_name(root, "user", &user, error);
    pal_api_name_user(request, user);
    free(user);
    return err;
}

enum pal_err
pal_openai_read_chat(const char *body, size_t len, struct pal_api_request *request,
                     struct pal_api_error *error)
{
    *request = (struct pal_api_request){.job.sampling = pal_sampling_default()};
    *error = (struct pal_api_error){0};
    json_t *root = NULL;
    enum pal_err err = pal_json_read_object(body, len, &root, &error->error);
    if (err == PAL_OK) {
        err = read_fields(root, request, error);
        json_decref(root);
    }
    if (err != PAL_OK) {
        pal_api_request_finish(request);
    }
    return err;
}
