#include "engine/upstream_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/utf8.h"

/* OpenAI takes no more; all of ours are looked for in what comes back anyway (hold.h). */
#define STOPS_SENT_MAX 4
#define TOKENS_MAX     10000000

/* ---- asking ---- */

static json_t *
messages_of(const struct pal_job *job)
{
    json_t *list = json_array();
    for (size_t i = 0; i < job->n_messages; i++) {
        const struct pal_message *message = &job->messages[i];
        json_t *one =
            json_pack("{s:s, s:s}", "role", pal_role_name(message->role), "content", message->text);
        PAL_ASSERT(one != NULL); /* both are UTF-8: pal_job_check() */
        (void)json_array_append_new(list, one);
    }
    return list;
}

static void
put_number(json_t *body, const char *name, double value)
{
    (void)json_object_set_new(body, name, json_real(value));
}

/* Only what every server of the kind takes: some refuse a request for one unknown word. */
static void
put_sampling(json_t *body, const struct pal_sampling *sampling)
{
    put_number(body, "temperature", (double)sampling->temperature);
    put_number(body, "top_p", (double)sampling->top_p);
    if (sampling->presence_penalty != 0) {
        put_number(body, "presence_penalty", (double)sampling->presence_penalty);
    }
    if (sampling->frequency_penalty != 0) {
        put_number(body, "frequency_penalty", (double)sampling->frequency_penalty);
    }
    if (sampling->max_tokens > 0) {
        (void)json_object_set_new(body, "max_tokens", json_integer(sampling->max_tokens));
    }
    if (sampling->has_seed) {
        (void)json_object_set_new(body, "seed", json_integer((json_int_t)sampling->seed));
    }
    if (sampling->ignore_eos) {
        (void)json_object_set_new(body, "ignore_eos", json_true());
    }
    if (sampling->n_stops > 0) {
        json_t *stops = json_array();
        for (size_t i = 0; i < sampling->n_stops && i < STOPS_SENT_MAX; i++) {
            (void)json_array_append_new(stops, json_string(sampling->stops[i]));
        }
        (void)json_object_set_new(body, "stop", stops);
    }
}

static int
append_dump(const char *bytes, size_t len, void *userdata)
{
    return pal_buf_append(userdata, bytes, len) == PAL_OK ? 0 : -1;
}

enum pal_err
pal_upstream_write_request(const struct pal_job *job, const char *model, struct pal_buf *out)
{
    json_t *body = json_pack("{s:s, s:o, s:b, s:{s:b}}", "model", model, "messages",
                             messages_of(job), "stream", 1, "stream_options", "include_usage", 1);
    if (body == NULL) {
        return PAL_ERR_ARGUMENT; /* the model's name is not UTF-8 */
    }
    put_sampling(body, &job->sampling);
    int failed = json_dump_callback(body, append_dump, out, JSON_COMPACT | JSON_REAL_PRECISION(7));
    json_decref(body);
    return failed != 0 ? PAL_ERR_LIMIT : PAL_OK;
}

/* ---- what came back ---- */

/* A line for people out of a stranger's text. */
static void
copy_plain(char *to, size_t size, const char *from, size_t len)
{
    len = pal_utf8_whole(from, len < size - 1 ? len : size - 1);
    memcpy(to, from, len);
    to[len] = '\0';
    pal_utf8_scrub(to, len);
    for (char *c = to; *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c;
    }
}

static uint32_t
read_count(const json_t *object, const char *name)
{
    double value = json_number_value(json_object_get(object, name));
    return value >= 0 && value <= TOKENS_MAX ? (uint32_t)value : 0;
}

static int64_t
read_ms(const json_t *object, const char *name)
{
    double value = json_number_value(json_object_get(object, name));
    return isfinite(value) && value > 0 && value < 1e9 ? (int64_t)(value * PAL_US_PER_MS) : 0;
}

static void
read_usage(const json_t *root, struct pal_upstream_chunk *chunk)
{
    const json_t *usage = json_object_get(root, "usage");
    const json_t *timings = json_object_get(root, "timings");
    if (json_is_object(usage)) {
        const json_t *details = json_object_get(usage, "prompt_tokens_details");
        chunk->has_usage = true;
        chunk->usage.prompt_tokens = read_count(usage, "prompt_tokens");
        chunk->usage.completion_tokens = read_count(usage, "completion_tokens");
        chunk->usage.cached_tokens = read_count(details, "cached_tokens");
    }
    if (json_is_object(timings)) {
        chunk->usage.prompt_us = read_ms(timings, "prompt_ms");
        chunk->usage.predict_us = read_ms(timings, "predicted_ms");
    }
}

/* {"error": {"message": "..."}}, {"error": "..."}, {"message": "..."}, {"detail": "..."} */
static const json_t *
find_failure(const json_t *root)
{
    const json_t *error = json_object_get(root, "error");
    const json_t *text = json_is_object(error) ? json_object_get(error, "message") : error;
    if (!json_is_string(text)) {
        text = json_object_get(root, "message");
    }
    if (!json_is_string(text)) {
        text = json_object_get(root, "detail");
    }
    return json_is_string(text) ? text : NULL;
}

void
pal_upstream_read_failure(const char *body, size_t len, char *text, size_t size)
{
    text[0] = '\0';
    json_t *root = json_loadb(body, len, 0, NULL);
    const json_t *found = find_failure(root);
    if (found != NULL) {
        copy_plain(text, size, json_string_value(found), json_string_length(found));
    }
    json_decref(root);
}

static void
take_text(const json_t *value, struct pal_upstream_chunk *chunk)
{
    chunk->len = json_string_length(value);
    chunk->text = pal_calloc(chunk->len + 1, 1);
    memcpy(chunk->text, json_string_value(value), chunk->len);
}

static enum pal_err
read_choice(const json_t *choice, struct pal_upstream_chunk *chunk, struct pal_error *error)
{
    const json_t *delta = json_object_get(choice, "delta");
    const json_t *content = json_object_get(delta, "content");
    const json_t *finish = json_object_get(choice, "finish_reason");
    if (!json_is_object(delta) && !json_is_string(finish)) {
        return pal_error_set(error, PAL_ERR_PROTO, "an event of its answer has no delta");
    }
    if (content != NULL && !json_is_string(content) && !json_is_null(content)) {
        return pal_error_set(error, PAL_ERR_PROTO, "a piece of its answer is not text");
    }
    if (json_string_length(content) > 0) {
        take_text(content, chunk);
    } else {
        const json_t *thought = json_object_get(delta, "reasoning_content");
        thought = json_is_string(thought) ? thought : json_object_get(delta, "reasoning");
        chunk->is_thinking = json_string_length(thought) > 0;
    }
    if (json_is_string(finish)) {
        chunk->has_finish = true;
        chunk->finish =
            strcmp(json_string_value(finish), "length") == 0 ? PAL_FINISH_LENGTH : PAL_FINISH_STOP;
    }
    return PAL_OK;
}

static enum pal_err
read_root(const json_t *root, struct pal_upstream_chunk *chunk, struct pal_error *error)
{
    if (!json_is_object(root)) {
        return pal_error_set(error, PAL_ERR_PROTO, "an event of its answer is not a JSON object");
    }
    const json_t *failure = json_object_get(root, "error");
    if (failure != NULL && !json_is_null(failure)) {
        const json_t *text = find_failure(root);
        char plain[300] = "without a reason";
        if (text != NULL) {
            copy_plain(plain, sizeof(plain), json_string_value(text), json_string_length(text));
        }
        return pal_error_set(error, PAL_ERR_ENGINE, "it broke off: %s", plain);
    }
    read_usage(root, chunk);
    const json_t *choices = json_object_get(root, "choices");
    const json_t *choice = json_array_get(choices, 0);
    if (choice != NULL) {
        return read_choice(choice, chunk, error);
    }
    /* Between the choices there may be usage, timings, a filter's verdict on the prompt. */
    if (json_is_array(choices) || json_is_null(choices) || chunk->has_usage) {
        return PAL_OK;
    }
    return pal_error_set(error, PAL_ERR_PROTO, "an event of its answer has no choices");
}

enum pal_err
pal_upstream_read_chunk(const char *data, size_t len, struct pal_upstream_chunk *chunk,
                        struct pal_error *error)
{
    static const char done[] = "[DONE]";
    *chunk = (struct pal_upstream_chunk){0};
    if (len >= sizeof(done) - 1 && memcmp(data, done, sizeof(done) - 1) == 0) {
        chunk->is_end = true;
        return PAL_OK;
    }
    json_t *root = json_loadb(data, len, 0, NULL);
    if (root == NULL) {
        return pal_error_set(error, PAL_ERR_PROTO, "an event of its answer is not JSON");
    }
    enum pal_err err = read_root(root, chunk, error);
    json_decref(root);
    return err;
}

void
pal_upstream_chunk_finish(struct pal_upstream_chunk *chunk)
{
    free(chunk->text);
    *chunk = (struct pal_upstream_chunk){0};
}

/* What llama-server, vLLM and others say of a model's context, each in its own words. */
static uint32_t
read_context(const json_t *model)
{
    uint32_t n = read_count(json_object_get(model, "meta"), "n_ctx");
    n = n != 0 ? n : read_count(model, "max_model_len");
    return n != 0 ? n : read_count(model, "max_context_length");
}

enum pal_err
pal_upstream_read_models(const char *body, size_t len, const char *wanted, char *model, size_t size,
                         uint32_t *n_ctx_tokens, struct pal_error *error)
{
    *n_ctx_tokens = 0;
    json_t *root = json_loadb(body, len, 0, NULL);
    const json_t *list = json_object_get(root, "data");
    enum pal_err err = PAL_OK;
    if (!json_is_array(list)) {
        err = pal_error_set(error, PAL_ERR_PROTO,
                            "its answer to GET /models is not a list of models");
    }
    const json_t *found = NULL;
    for (size_t i = 0; err == PAL_OK && found == NULL && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(one, "id"));
        if (id != NULL && id[0] != '\0' && strlen(id) < size &&
            (wanted[0] == '\0' || strcmp(id, wanted) == 0)) {
            found = one;
        }
    }
    const char *name = wanted[0] != '\0' ? wanted : json_string_value(json_object_get(found, "id"));
    if (err == PAL_OK && name == NULL) {
        err = pal_error_set(error, PAL_ERR_NOT_FOUND,
                            "it offers no model: load one there, or name one behind '#'");
    }
    if (err == PAL_OK && name != NULL) {
        copy_plain(model, size, name, strlen(name));
        *n_ctx_tokens = read_context(found);
    }
    json_decref(root);
    return err;
}
