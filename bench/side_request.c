/* One streamed request, with the time of every piece of its reply. */
#include "bench/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sse.h"
#include "engine/upstream_text.h"
#include "util/clock.h"
#include "util/mem.h"

#define SLOTS          4
#define TEXT_BYTES_MAX (4u << 20)
#define TOTAL_LIMIT_MS 230000L

struct request {
    const struct side_ask *ask;
    struct side_answer *answer;
    struct pal_sse sse;
    bool has_finish;
    bool is_cut; /* by us */
};

static void
read_counts(const char *data, size_t len, struct side_answer *answer)
{
    json_t *root = json_loadb(data, len, 0, NULL);
    const json_t *usage = json_object_get(root, "usage");
    const json_t *evaluated = json_object_get(json_object_get(root, "timings"), "prompt_n");
    if (json_is_object(usage)) {
        const json_t *cached =
            json_object_get(json_object_get(usage, "prompt_tokens_details"), "cached_tokens");
        answer->n_prompt = json_number_value(json_object_get(usage, "prompt_tokens"));
        answer->n_completion = json_number_value(json_object_get(usage, "completion_tokens"));
        answer->n_evaluated = json_is_number(cached) && !json_is_number(evaluated)
                                  ? answer->n_prompt - json_number_value(cached)
                                  : json_number_value(evaluated);
    }
    json_decref(root);
}

static enum pal_err
on_event(const char *data, size_t len, void *userdata)
{
    struct request *request = userdata;
    struct side_answer *answer = request->answer;
    struct pal_upstream_chunk chunk;
    struct pal_error error = {0};
    enum pal_err err = pal_upstream_read_chunk(data, len, &chunk, &error);
    if (err != PAL_OK) {
        (void)snprintf(answer->why, sizeof(answer->why), "%.*s", SIDE_WHY_MAX - 1, error.text);
    } else if (chunk.len > 0) {
        answer->pieces = pal_realloc(answer->pieces, answer->n_pieces + 1, sizeof(*answer->pieces));
        answer->pieces[answer->n_pieces++] =
            (struct side_piece){.at_us = pal_now_us(), .n_bytes = (uint32_t)chunk.len};
        err = pal_buf_append(&answer->text, chunk.text, chunk.len);
        if (request->ask->n_seen != NULL) {
            __atomic_store_n(request->ask->n_seen, (uint32_t)answer->n_pieces, __ATOMIC_RELAXED);
        }
    }
    request->has_finish = request->has_finish || chunk.has_finish;
    if (chunk.has_usage) {
        read_counts(data, len, answer);
    }
    pal_upstream_chunk_finish(&chunk);
    return err;
}

static size_t
on_body(char *data, size_t size, size_t n, void *userdata)
{
    struct request *request = userdata;
    return pal_sse_add(&request->sse, data, size * n, on_event, request) == PAL_OK ? size * n : 0;
}

static int
on_progress(void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total,
            curl_off_t up_now)
{
    struct request *request = userdata;
    const struct side_ask *ask = request->ask;
    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    request->is_cut = (ask->until_us != 0 && pal_now_us() >= ask->until_us) ||
                      (ask->stop != NULL && __atomic_load_n(ask->stop, __ATOMIC_RELAXED));
    return request->is_cut;
}

static char *
write_body(const struct side_ask *ask)
{
    json_t *body = json_pack("{s:s, s:O, s:b, s:{s:b}, s:I, s:f, s:b, s:I}", "model", "default",
                             "messages", ask->messages, "stream", 1, "stream_options",
                             "include_usage", 1, "max_tokens", (json_int_t)ask->max_tokens,
                             "temperature", 0.0, "ignore_eos", 1, "seed", (json_int_t)1);
    PAL_ASSERT(body != NULL);
    if (ask->server->is_pinned) {
        (void)json_object_set_new(body, "id_slot", json_integer(ask->user % SLOTS));
    }
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void
judge(struct request *request, CURL *curl, CURLcode code)
{
    struct side_answer *answer = request->answer;
    long status = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (request->is_cut) {
        answer->ok = true;
    } else if (answer->why[0] != '\0') {
        return;
    } else if (status != 200) {
        (void)snprintf(answer->why, sizeof(answer->why), "%s", curl_easy_strerror(code));
        if (status != 0) {
            (void)snprintf(answer->why, sizeof(answer->why), "HTTP %ld", status);
        }
    } else if (code != CURLE_OK || !request->has_finish || answer->n_pieces == 0) {
        (void)snprintf(answer->why, sizeof(answer->why), "no whole reply: %s",
                       curl_easy_strerror(code));
    } else {
        answer->ok = true;
    }
}

void
side_request(const struct side_ask *ask, struct side_answer *answer)
{
    struct request request = {.ask = ask, .answer = answer};
    *answer = (struct side_answer){.n_prompt = -1, .n_evaluated = -1, .n_completion = -1};
    pal_buf_init(&answer->text, TEXT_BYTES_MAX);
    pal_sse_init(&request.sse);
    CURL *curl = curl_easy_init();
    PAL_ASSERT(curl != NULL);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char *url = pal_printf("%s/v1/chat/completions", ask->server->base);
    char *body = write_body(ask);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_LIMIT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &request);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &request);
    answer->sent_us = pal_now_us();
    CURLcode code = curl_easy_perform(curl);
    answer->end_us = pal_now_us();
    judge(&request, curl, code);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    pal_sse_finish(&request.sse);
    free(url);
    free(body);
}

void
side_answer_finish(struct side_answer *answer)
{
    pal_buf_finish(&answer->text);
    free(answer->pieces);
    *answer = (struct side_answer){0};
}

double
side_answer_first_ms(const struct side_answer *answer)
{
    return answer->n_pieces > 0
               ? (double)(answer->pieces[0].at_us - answer->sent_us) / (double)PAL_US_PER_MS
               : -1.0;
}
