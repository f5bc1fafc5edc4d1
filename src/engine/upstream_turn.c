#include "engine/upstream_turn.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

#define REFUSAL_BYTES_MAX (16u << 10)
#define REASON_BYTES_MAX  300
/* A server that has said [DONE] and does not end its answer is not waited for. */
#define ENDING_US (200 * PAL_US_PER_MS)

/* ---- faults ---- */

static bool
is_timeout(CURLcode code)
{
    return code == CURLE_OPERATION_TIMEDOUT;
}

static bool
is_unreachable(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return true;
    default:
        return false;
    }
}

enum pal_err
pal_upstream_line_fault(const struct pal_upstream_line *line, CURLcode code, const char *curl_text,
                        struct pal_error *error)
{
    const char *name = line->address.name;
    const char *why = curl_text[0] != '\0' ? curl_text : curl_easy_strerror(code);
    if (is_timeout(code)) {
        return pal_error_set(error, PAL_ERR_TIMEOUT, "%s did not accept a connection in time",
                             name);
    }
    if (is_unreachable(code)) {
        return pal_error_set(error, PAL_ERR_IO, "%s cannot be reached: %s", name, why);
    }
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY) {
        return pal_error_set(error, PAL_ERR_PROTO, "%s does not answer in HTTP: %s", name, why);
    }
    return pal_error_set(error, PAL_ERR_CLOSED, "%s broke off its answer: %s", name, why);
}

static enum pal_err
kind_of_status(long status)
{
    switch (status) {
    case 401:
    case 403:
        return PAL_ERR_DENIED;
    case 404:
    case 405:
        return PAL_ERR_NOT_FOUND;
    case 413:
        return PAL_ERR_CONTEXT;
    case 408:
    case 504:
        return PAL_ERR_TIMEOUT;
    case 429:
    case 503:
        return PAL_ERR_BUSY;
    default:
        return status >= 500 ? PAL_ERR_ENGINE : status >= 400 ? PAL_ERR_ARGUMENT : PAL_ERR_PROTO;
    }
}

/* A server may repeat the key in its complaint about it. */
static void
hide_key(const char *key, char *text)
{
    char *at;
    size_t len = key != NULL ? strlen(key) : 0;
    while (len > 0 && (at = strstr(text, key)) != NULL) {
        memset(at, '*', len);
    }
}

enum pal_err
pal_upstream_line_refusal(const struct pal_upstream_line *line, long status,
                          const struct pal_buf *body, struct pal_error *error)
{
    char reason[REASON_BYTES_MAX];
    pal_upstream_read_failure(body->data, body->len, reason, sizeof(reason));
    hide_key(line->key, reason);
    const char *name = line->address.name;
    enum pal_err kind = kind_of_status(status);
    if (status == 200) {
        return pal_error_set(error, PAL_ERR_PROTO, "%s does not answer with an event stream", name);
    }
    if (status >= 300 && status < 400) {
        return pal_error_set(error, PAL_ERR_NOT_FOUND,
                             "%s points elsewhere (HTTP %ld): put that address in engine.upstreams",
                             name, status);
    }
    if (kind == PAL_ERR_DENIED && reason[0] == '\0') {
        return pal_error_set(error, kind, "%s refuses the key (HTTP %ld): see engine.upstream_keys",
                             name, status);
    }
    return pal_error_set(error, kind, "%s answers HTTP %ld%s%s", name, status,
                         reason[0] != '\0' ? ": " : "", reason);
}

/* ---- ends ---- */

static void
finish_usage(struct pal_upstream_turn *turn)
{
    struct pal_usage *usage = &turn->usage;
    int64_t now_us = pal_now_us();
    if (usage->completion_tokens == 0) {
        usage->completion_tokens = turn->n_pieces; /* most servers send a token at a time */
    }
    if (turn->first_us != 0) {
        usage->first_token_us = turn->first_us - turn->job.submitted_us;
        usage->prompt_us =
            usage->prompt_us != 0 ? usage->prompt_us : turn->first_us - turn->started_us;
        usage->predict_us = usage->predict_us != 0 ? usage->predict_us : now_us - turn->first_us;
    }
    usage->queue_us = turn->started_us - turn->job.submitted_us;
}

static void
end_turn(struct pal_upstream_turn *turn, enum pal_event_kind kind)
{
    finish_usage(turn);
    turn->is_over = true;
    turn->final.kind = kind;
    turn->final.turn_id = turn->job.turn_id;
    turn->final.usage = turn->usage;
}

static void
end_done(struct pal_upstream_turn *turn, enum pal_finish finish)
{
    turn->final.finish = finish;
    end_turn(turn, PAL_EVENT_DONE);
}

/* Its text is in turn->final.error. */
static void
end_failed(struct pal_upstream_turn *turn)
{
    end_turn(turn, PAL_EVENT_FAILED);
}

void
pal_upstream_turn_cancel(struct pal_upstream_turn *turn)
{
    if (!turn->is_over) {
        end_turn(turn, PAL_EVENT_CANCELLED);
    }
}

/* ---- pieces ---- */

static void
tell_ready(struct pal_upstream_turn *turn)
{
    struct pal_hold *hold = &turn->hold;
    if (hold->n_ready == 0) {
        return;
    }
    if (turn->first_us == 0) {
        turn->first_us = pal_now_us();
    }
    struct pal_event event = {
        .kind = PAL_EVENT_PIECE,
        .turn_id = turn->job.turn_id,
        .text = hold->bytes.data,
        .len = hold->n_ready,
    };
    turn->line->on_event(&event, turn->line->userdata);
    pal_hold_sent(hold, hold->n_ready);
}

static void
be_whole(struct pal_upstream_turn *turn)
{
    if (!turn->is_whole) {
        turn->is_whole = true;
        turn->whole_us = pal_now_us();
    }
}

static void
take_chunk(struct pal_upstream_turn *turn, const struct pal_upstream_chunk *chunk)
{
    if (chunk->has_usage) {
        turn->has_usage = true;
        turn->usage = chunk->usage;
    }
    turn->is_thinking = turn->is_thinking || chunk->is_thinking;
    if (chunk->len > 0 && !turn->has_finish) {
        turn->n_pieces++;
        if (pal_hold_add(&turn->hold, chunk->text, chunk->len)) {
            turn->has_finish = true;
            turn->finish = PAL_FINISH_STOP;
            be_whole(turn);
        }
        tell_ready(turn);
    }
    if (chunk->has_finish && !turn->has_finish) {
        turn->has_finish = true;
        turn->finish = chunk->finish;
    }
    if (chunk->is_end) {
        turn->has_finish = true;
        be_whole(turn);
    }
}

static enum pal_err
on_sse(const char *data, size_t len, void *userdata)
{
    struct pal_upstream_turn *turn = userdata;
    struct pal_upstream_chunk chunk;
    struct pal_error error = {0};
    if (turn->is_over || turn->is_whole) {
        return PAL_OK;
    }
    enum pal_err err = pal_upstream_read_chunk(data, len, &chunk, &error);
    if (err == PAL_OK) {
        take_chunk(turn, &chunk);
    } else {
        hide_key(turn->line->key, error.text);
        (void)pal_error_set(&turn->chunk_error, err, "%s: %s", turn->line->address.name,
                            error.text);
    }
    pal_upstream_chunk_finish(&chunk);
    return err;
}

static bool
is_event_stream(CURL *easy)
{
    static const char kind[] = "text/event-stream";
    const char *type = NULL;
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    return status == 200 && type != NULL && strncmp(type, kind, sizeof(kind) - 1) == 0;
}

static size_t
on_body(char *data, size_t size, size_t n, void *userdata)
{
    struct pal_upstream_turn *turn = userdata;
    size_t len = size * n;
    turn->heard_us = pal_now_us();
    if (turn->is_over) {
        return 0;
    }
    if (!is_event_stream(turn->easy)) {
        size_t room = REFUSAL_BYTES_MAX - turn->refusal.len;
        enum pal_err err = pal_buf_append(&turn->refusal, data, len < room ? len : room);
        return err == PAL_OK && len <= room ? len : 0;
    }
    enum pal_err err = pal_sse_add(&turn->sse, data, len, on_sse, turn);
    if (err != PAL_OK && turn->chunk_error.code == PAL_OK) {
        (void)pal_error_set(&turn->chunk_error, PAL_ERR_PROTO,
                            "%s: an event of its answer is longer than %u bytes",
                            turn->line->address.name, PAL_SSE_EVENT_BYTES_MAX);
    }
    return err == PAL_OK ? len : 0;
}

/* ---- a transfer's life ---- */

void
pal_upstream_line_prepare(const struct pal_upstream_line *line, CURL *easy, char *curl_text)
{
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L); /* the key is for this host */
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                           (long)(line->connect_timeout_us / PAL_US_PER_MS));
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "palabre/" PALABRE_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, curl_text);
    if (line->address.is_loopback) {
        (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
}

enum pal_err
pal_upstream_turn_create(const struct pal_upstream_line *line, const char *model,
                         struct pal_job *job, struct pal_upstream_turn **out,
                         struct pal_error *error)
{
    struct pal_upstream_turn *turn = pal_calloc(1, sizeof(*turn));
    turn->line = line;
    pal_buf_init(&turn->request, PAL_UPSTREAM_BODY_BYTES_MAX);
    pal_buf_init(&turn->refusal, REFUSAL_BYTES_MAX);
    pal_sse_init(&turn->sse);
    turn->easy = curl_easy_init();
    PAL_ASSERT(turn->easy != NULL);
    if (pal_upstream_write_request(job, model, &turn->request) != PAL_OK) {
        pal_upstream_turn_destroy(turn);
        return pal_error_set(error, PAL_ERR_LIMIT, "the turn is too large for a request");
    }
    turn->job = *job;
    *job = (struct pal_job){0};
    pal_hold_init(&turn->hold, turn->job.sampling.stops, turn->job.sampling.n_stops);
    turn->started_us = pal_now_us();
    if (turn->job.submitted_us == 0) {
        turn->job.submitted_us = turn->started_us;
    }
    CURL *easy = turn->easy;
    pal_upstream_line_prepare(line, easy, turn->curl_text);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, turn);
    (void)curl_easy_setopt(easy, CURLOPT_URL, line->chat_url);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, line->headers);
    (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)turn->request.len);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, turn->request.data);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, turn);
    *out = turn;
    return PAL_OK;
}

void
pal_upstream_turn_destroy(struct pal_upstream_turn *turn)
{
    if (turn == NULL) {
        return;
    }
    curl_easy_cleanup(turn->easy);
    pal_buf_finish(&turn->request);
    pal_buf_finish(&turn->refusal);
    pal_sse_finish(&turn->sse);
    pal_hold_finish(&turn->hold);
    pal_job_finish(&turn->job);
    free(turn);
}

/* The whole answer is here; is it a reply? */
static void
conclude(struct pal_upstream_turn *turn)
{
    pal_hold_end(&turn->hold);
    tell_ready(turn);
    if (turn->is_over) {
        return;
    }
    if (turn->first_us == 0) {
        (void)pal_error_set(&turn->final.error, PAL_ERR_PROTO, "%s: its reply has no text%s",
                            turn->line->address.name,
                            turn->is_thinking ? ", it only thought: allow it more tokens" : "");
        end_failed(turn);
    } else {
        end_done(turn, turn->finish);
    }
}

void
pal_upstream_turn_ended(struct pal_upstream_turn *turn, CURLcode code)
{
    const struct pal_upstream_line *line = turn->line;
    long status = 0;
    (void)curl_easy_getinfo(turn->easy, CURLINFO_RESPONSE_CODE, &status);
    bool is_stream = is_event_stream(turn->easy);
    if (turn->is_over) {
        return;
    }
    if (is_stream && code == CURLE_OK && turn->chunk_error.code == PAL_OK) {
        enum pal_err err = pal_sse_end(&turn->sse, on_sse, turn);
        PAL_ASSERT(err == PAL_OK || turn->chunk_error.code != PAL_OK);
    }
    if (turn->is_over) {
        return;
    }
    if (turn->chunk_error.code != PAL_OK) {
        turn->final.error = turn->chunk_error;
        end_failed(turn);
    } else if (turn->has_finish) {
        conclude(turn);
    } else if (status != 0 && !is_stream && (code == CURLE_OK || code == CURLE_WRITE_ERROR)) {
        (void)pal_upstream_line_refusal(line, status, &turn->refusal, &turn->final.error);
        end_failed(turn);
    } else if (code == CURLE_OK) {
        (void)pal_error_set(&turn->final.error, PAL_ERR_CLOSED, "%s ended its answer in the middle",
                            line->address.name);
        end_failed(turn);
    } else {
        (void)pal_upstream_line_fault(line, code, turn->curl_text, &turn->final.error);
        end_failed(turn);
    }
}

static void
fail_late(struct pal_upstream_turn *turn, const char *what)
{
    (void)pal_error_set(&turn->final.error, PAL_ERR_TIMEOUT, "%s %s", turn->line->address.name,
                        what);
    end_failed(turn);
}

void
pal_upstream_turn_tick(struct pal_upstream_turn *turn, int64_t now_us)
{
    const struct pal_upstream_line *line = turn->line;
    int64_t deadline_us = turn->job.deadline_us;
    bool has_begun = turn->first_us != 0 || turn->is_thinking;
    if (turn->is_over) {
        return;
    }
    if (turn->is_whole) {
        if (now_us - turn->whole_us > ENDING_US) {
            conclude(turn);
        }
    } else if (deadline_us != 0 && now_us >= deadline_us) {
        if (turn->first_us != 0) {
            pal_hold_end(&turn->hold);
            tell_ready(turn);
            end_done(turn, PAL_FINISH_DEADLINE);
        } else {
            fail_late(turn, "said nothing before the deadline");
        }
    } else if (!has_begun && now_us - turn->started_us > line->first_text_us) {
        fail_late(turn, "takes too long to begin its reply");
    } else if (has_begun && now_us - turn->heard_us > line->idle_us) {
        if (turn->has_finish) {
            conclude(turn);
        } else {
            fail_late(turn, "fell silent in the middle of its reply");
        }
    }
}
