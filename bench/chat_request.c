/* One request to an OpenAI-compatible server, streamed, by libcurl. */
#include "bench/chat.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "access/json.h"
#include "util/clock.h"
#include "util/mem.h"

#define LINE_BYTES_MAX  ((size_t)1 << 20) /* one event of the stream, or a whole error */
#define REPLY_BYTES_MAX ((size_t)4 << 20)
#define GET_TIMEOUT_MS  10000L

struct chat_client {
    CURL *curl;
    struct curl_slist *fields;
    const struct chat_server *server;   /* borrowed */
    const struct chat_options *options; /* borrowed */
    uint32_t n_asked;
    char curl_why[CURL_ERROR_SIZE];
};

/* A reply while it comes in. */
struct stream {
    struct chat_client *client;
    struct chat_answer *answer;
    int64_t start_us;
    struct pal_buf line; /* what has come of the current line; of an error, its whole body */
    bool finished;       /* a finish_reason or [DONE] has come */
};

struct chat_client *
chat_client_create(const struct chat_server *server, const struct chat_options *options)
{
    struct chat_client *client = pal_calloc(1, sizeof(*client));
    client->server = server;
    client->options = options;
    client->curl = curl_easy_init();
    PAL_ASSERT(client->curl != NULL);
    client->fields = curl_slist_append(NULL, "Content-Type: application/json");
    if (server->api_key != NULL) {
        char *field = pal_printf("Authorization: Bearer %s", server->api_key);
        client->fields = curl_slist_append(client->fields, field);
        free(field);
    }
    return client;
}

void
chat_client_destroy(struct chat_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        curl_slist_free_all(client->fields);
        free(client);
    }
}

static void
set_common(struct chat_client *client, const char *url, long timeout_ms)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    client->curl_why[0] = '\0';
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* several threads */
    (void)curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->curl_why);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->fields);
}

static const char *
curl_words(const struct chat_client *client, CURLcode code)
{
    return client->curl_why[0] != '\0' ? client->curl_why : curl_easy_strerror(code);
}

static double
count_of(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* ---- the stream's events ---- */

static void
take_usage(struct chat_answer *answer, json_t *usage)
{
    if (json_is_object(usage)) {
        json_t *details = json_object_get(usage, "prompt_tokens_details");
        answer->has_usage = true;
        answer->n_prompt = count_of(usage, "prompt_tokens");
        answer->n_completion = count_of(usage, "completion_tokens");
        answer->n_cached = count_of(details, "cached_tokens");
    }
}

/* False: the reply is longer than anything that was asked for. */
static bool
take_piece(struct stream *stream, const char *text)
{
    struct chat_answer *answer = stream->answer;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    if (answer->first_ms < 0) {
        answer->first_ms = (double)(pal_now_us() - stream->start_us) / 1e3;
    }
    if (!answer->has_usage) {
        answer->n_completion += 1;
    }
    return pal_buf_append_text(&answer->text, text) == PAL_OK;
}

static const char *
error_message(json_t *root)
{
    json_t *error = json_object_get(root, "error");
    return json_is_string(error) ? json_string_value(error)
                                 : json_string_value(json_object_get(error, "message"));
}

static bool
take_event(struct stream *stream, const char *text, size_t len)
{
    json_t *root = NULL;
    struct pal_error error;
    struct chat_answer *answer = stream->answer;
    if (len == 6 && memcmp(text, "[DONE]", 6) == 0) {
        stream->finished = true;
        return true;
    }
    if (pal_json_read_object(text, len, &root, &error) != PAL_OK) {
        (void)snprintf(answer->why, sizeof(answer->why), "bad event: %.150s", error.text);
        return false;
    }
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    const char *message = error_message(root);
    bool goes_on = message == NULL;
    if (goes_on) {
        take_usage(answer, json_object_get(root, "usage"));
        goes_on = take_piece(stream, json_string_value(json_object_get(
                                         json_object_get(choice, "delta"), "content")));
        stream->finished |= json_is_string(json_object_get(choice, "finish_reason"));
    }
    if (!goes_on) {
        (void)snprintf(answer->why, sizeof(answer->why), "%.190s",
                       message != NULL ? message : "the reply is too long");
    }
    json_decref(root);
    return goes_on;
}

static bool
take_line(struct stream *stream)
{
    struct pal_buf *line = &stream->line;
    size_t len = line->len > 0 && line->data[line->len - 1] == '\r' ? line->len - 1 : line->len;
    bool goes_on = true;
    if (len > 5 && memcmp(line->data, "data:", 5) == 0) {
        size_t from = line->data[5] == ' ' ? 6 : 5;
        goes_on = take_event(stream, line->data + from, len - from);
    }
    pal_buf_clear(line);
    return goes_on;
}

/* libcurl's callback: anything but n ends the request. */
static size_t
on_stream(char *bytes, size_t size, size_t n, void *userdata)
{
    struct stream *stream = userdata;
    long status = 0;
    size_t at = 0;
    (void)size; /* always 1 */
    (void)curl_easy_getinfo(stream->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        return pal_buf_append(&stream->line, bytes, n) == PAL_OK ? n : 0;
    }
    while (at < n) {
        const char *end = memchr(bytes + at, '\n', n - at);
        size_t len = end != NULL ? (size_t)(end - (bytes + at)) : n - at;
        if (pal_buf_append(&stream->line, bytes + at, len) != PAL_OK) {
            return 0;
        }
        at += len;
        if (end != NULL) {
            at++;
            if (!take_line(stream)) {
                return 0;
            }
        }
    }
    return n;
}

/* ---- asking ---- */

static char *
request_body(const struct chat_client *client, const char *user, json_t *messages)
{
    const struct chat_options *options = client->options;
    json_t *body =
        json_pack("{s:s, s:O, s:b, s:{s:b}, s:i, s:f, s:i, s:s}", "model", client->server->model,
                  "messages", messages, "stream", 1, "stream_options", "include_usage", 1,
                  "max_tokens", (int)options->max_tokens, "temperature", 0.8, "seed",
                  (int)client->n_asked + 1, "user", user);
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    PAL_ASSERT(text != NULL);
    json_decref(body);
    return text;
}

static void
conclude(struct stream *stream, CURLcode code)
{
    struct chat_answer *answer = stream->answer;
    struct chat_client *client = stream->client;
    long status = 0;
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->outcome = CHAT_FAILED;
    if (answer->why[0] != '\0') {
        return;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        answer->outcome = CHAT_EXPIRED;
        (void)snprintf(answer->why, sizeof(answer->why), "no whole reply after %.0f s",
                       answer->total_ms / 1e3);
    } else if (code != CURLE_OK) {
        (void)snprintf(answer->why, sizeof(answer->why), "%.190s", curl_words(client, code));
    } else if (status != 200) {
        struct pal_error error;
        json_t *root = NULL;
        const char *message = NULL;
        if (pal_json_read_object(stream->line.data, stream->line.len, &root, &error) == PAL_OK) {
            message = error_message(root);
        }
        (void)snprintf(answer->why, sizeof(answer->why), "HTTP %ld: %.150s", status,
                       message != NULL ? message : "no reason given");
        json_decref(root);
    } else if (!stream->finished) {
        (void)snprintf(answer->why, sizeof(answer->why), "the reply was broken off");
    } else if (answer->text.len == 0) {
        (void)snprintf(answer->why, sizeof(answer->why), "the reply is empty");
    } else {
        bool late = answer->total_ms > client->options->timeout_s * 1e3;
        answer->outcome = late ? CHAT_LATE : CHAT_ANSWERED;
    }
}

void
chat_client_ask(struct chat_client *client, const char *user, json_t *messages,
                struct chat_answer *answer)
{
    struct stream stream = {.client = client, .answer = answer};
    char *url = pal_printf("%s/v1/chat/completions", client->server->base);
    char *body = request_body(client, user, messages);
    *answer = (struct chat_answer){.first_ms = -1.0};
    pal_buf_init(&answer->text, REPLY_BYTES_MAX);
    pal_buf_init(&stream.line, LINE_BYTES_MAX);
    client->n_asked++;
    set_common(client, url, (long)(client->options->timeout_s * 1e3) * CHAT_PATIENCE);
    (void)curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_stream);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &stream);
    stream.start_us = pal_now_us();
    CURLcode code = curl_easy_perform(client->curl);
    answer->total_ms = (double)(pal_now_us() - stream.start_us) / 1e3;
    conclude(&stream, code);
    pal_buf_finish(&stream.line);
    free(body);
    free(url);
}

static size_t
on_page(char *bytes, size_t size, size_t n, void *userdata)
{
    (void)size;
    return pal_buf_append(userdata, bytes, n) == PAL_OK ? n : 0;
}

/* The page's text into *page; false and why. */
static bool
get(struct chat_client *client, const char *path, struct pal_buf *page, char *why, size_t n_why)
{
    long status = 0;
    char *url = pal_printf("%s%s", client->server->base, path);
    set_common(client, url, GET_TIMEOUT_MS);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_page);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, page);
    CURLcode code = curl_easy_perform(client->curl);
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        (void)snprintf(why, n_why, "%s", curl_words(client, code));
    } else if (status != 200) {
        (void)snprintf(why, n_why, "HTTP %ld", status);
    }
    free(url);
    return code == CURLE_OK && status == 200;
}

json_t *
chat_client_get(struct chat_client *client, const char *path, char *why, size_t n_why)
{
    struct pal_buf page;
    struct pal_error error = {.text = ""};
    json_t *root = NULL;
    pal_buf_init(&page, LINE_BYTES_MAX);
    if (get(client, path, &page, why, n_why) &&
        pal_json_read_object(page.data, page.len, &root, &error) != PAL_OK) {
        (void)snprintf(why, n_why, "%s", error.text);
    }
    pal_buf_finish(&page);
    return root;
}

bool
chat_client_get_text(struct chat_client *client, const char *path, struct pal_buf *text)
{
    char why[CHAT_WHY_MAX];
    return get(client, path, text, why, sizeof(why)) && text->len > 0;
}
