#include "access/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/care.h"
#include "chat/companion.h"
#include "output/performance.h"
#include "util/mem.h"

#define LOG_TOPIC "api"
#include "util/log.h"

#define PING_US        (15 * PAL_US_PER_S)
#define TEXT_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* A text at its longest when every byte is escaped as \u00xx, and what stands around it. */
#define OUT_BYTES_MAX (6 * TEXT_BYTES_MAX + (size_t)64 * 1024)

static void
reply_free(struct pal_reply *reply)
{
    pal_buf_finish(&reply->text);
    free(reply->model);
    free(reply);
}

static void
on_gone(void *self)
{
    struct pal_reply *reply = self;
    reply->conn = NULL;
    pal_sched_cancel(reply->sched, reply->turn_id);
}

/* The connection may be lost during the call: reply->conn is then NULL. */
static void
send_part(struct pal_reply *reply, const char *bytes, size_t len)
{
    if (!reply->headed) {
        reply->headed = true;
        pal_http_stream_begin(reply->conn, reply->format->stream_type);
    }
    if (reply->conn != NULL) {
        pal_http_stream_write(reply->conn, bytes, len);
    }
    reply->sent_us = pal_now_us();
}

static void
on_tick(void *self, int64_t now_us)
{
    struct pal_reply *reply = self;
    const char *ping = reply->format->ping;
    if (reply->stream && ping != NULL && now_us - reply->sent_us >= PING_US) {
        send_part(reply, ping, strlen(ping));
    }
}

static void
put_first_once(struct pal_reply *reply, struct pal_out *out)
{
    if (!reply->spoken && reply->format->first != NULL) {
        reply->format->first(reply, out);
    }
    reply->spoken = true;
}

static void
on_text(void *self, const char *text, size_t len)
{
    struct pal_reply *reply = self;
    if (reply->conn == NULL) {
        return;
    }
    if (!reply->stream) {
        if (pal_buf_append(&reply->text, text, len) != PAL_OK) {
            pal_log_warn("reply too long, cancelled", "turn=%llu",
                         (unsigned long long)reply->turn_id);
            pal_sched_cancel(reply->sched, reply->turn_id);
        }
        return;
    }
    struct pal_out out;
    pal_out_init(&out, OUT_BYTES_MAX);
    put_first_once(reply, &out);
    reply->format->piece(reply, text, len, &out);
    if (out.err == PAL_OK) {
        send_part(reply, out.buf.data, out.buf.len);
    } else {
        pal_sched_cancel(reply->sched, reply->turn_id);
    }
    pal_out_finish(&out);
}

static void
end_stream(struct pal_reply *reply, const struct pal_turn_end *ended)
{
    struct pal_out out;
    pal_out_init(&out, OUT_BYTES_MAX);
    bool done = ended->outcome == PAL_OUTCOME_DONE;
    if (done) {
        put_first_once(reply, &out);
        reply->format->last(reply, ended, &out);
    } else {
        struct pal_api_failure failure = pal_api_failure_of(&ended->error);
        reply->format->broken(&failure, &out);
    }
    PAL_ASSERT(out.err == PAL_OK);
    send_part(reply, out.buf.data, out.buf.len);
    pal_out_finish(&out);
    pal_http_stream_end(reply->conn, !done);
}

static void
end_whole(struct pal_reply *reply, const struct pal_turn_end *ended)
{
    struct pal_out out;
    pal_out_init(&out, OUT_BYTES_MAX);
    reply->format->whole(reply, ended, &out);
    PAL_ASSERT(out.err == PAL_OK);
    struct pal_http_answer answer = {
        .status = 200,
        .content_type = "application/json",
        .body = out.buf.data,
        .len = out.buf.len,
    };
    pal_http_respond(reply->conn, &answer);
    pal_out_finish(&out);
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct pal_reply *reply = self;
    bool done = ended->outcome == PAL_OUTCOME_DONE;
    if (reply->conn == NULL) {
        reply_free(reply);
        return;
    }
    /* The turn is over: a client that is lost from here on needs no cancel. */
    pal_http_watch(reply->conn, (struct pal_http_watcher){0});
    if (reply->stream && (done || reply->headed)) {
        end_stream(reply, ended);
    } else if (done) {
        end_whole(reply, ended);
    } else {
        struct pal_api_failure failure = pal_api_failure_of(&ended->error);
        failure.retry_after_s = failure.status == 503 ? 1 : 0;
        pal_api_fail(reply->conn, reply->format->dialect, &failure, NULL);
    }
    reply_free(reply);
}

/* The face follows the reply; the text stays as it is. */
static struct pal_sink
watched(struct pal_performance *performance, const char *user, const struct pal_job *job,
        struct pal_sink sink)
{
    const char *line = "";
    for (size_t i = job->n_messages; i > 0; i--) {
        if (job->messages[i - 1].role == PAL_ROLE_USER) {
            line = job->messages[i - 1].text;
            break;
        }
    }
    return pal_performance_observe(performance, user != NULL ? user : "api", line, strlen(line),
                                   sink);
}

/* The answer to a cry for help in the newest message; NULL = it is none. */
static const char *
care_for(const struct pal_job *job)
{
    const struct pal_message *newest =
        job->n_messages > 0 ? &job->messages[job->n_messages - 1] : NULL;
    return newest != NULL && newest->role == PAL_ROLE_USER
               ? pal_care_answer(newest->text, strlen(newest->text))
               : NULL;
}

enum pal_err
pal_reply_start(const struct pal_reply_place *place, const struct pal_reply_format *format,
                struct pal_api_request *request, struct pal_error *error)
{
    static const struct pal_sink_ops ops = {.text = on_text, .end = on_end};
    struct pal_reply *reply = pal_calloc(1, sizeof(*reply));
    *reply = (struct pal_reply){
        .format = format,
        .conn = place->conn,
        .sched = place->sched,
        .model = pal_strdup(place->model),
        .created_s = pal_wall_seconds(),
        .sent_us = pal_now_us(),
        .stream = request->stream,
        .include_usage = request->include_usage,
    };
    pal_buf_init(&reply->text, TEXT_BYTES_MAX);
    struct pal_turn_request turn = {
        .source = "api",
        .user = request->user,
        .job = request->job,
        .sink = {.ops = &ops, .self = reply},
    };
    request->job = (struct pal_job){0};
    if (place->performance != NULL) {
        turn.sink = watched(place->performance, request->user, &turn.job, turn.sink);
    }
    turn.job.submitted_us = reply->sent_us;
    if (request->deadline_ms > 0) {
        turn.job.deadline_us = reply->sent_us + request->deadline_ms * PAL_US_PER_MS;
    }
    const char *care = place->carer != NULL ? care_for(&turn.job) : NULL;
    enum pal_err err = PAL_OK;
    if (care != NULL) {
        pal_job_finish(&turn.job);
        reply->turn_id = pal_companion_recite(place->carer, care, turn.sink);
    } else {
        err = pal_sched_submit(place->sched, &turn, &reply->turn_id, error);
    }
    if (err != PAL_OK) {
        if (place->performance != NULL) {
            pal_performance_unwrap(turn.sink);
        }
        pal_job_finish(&turn.job);
        reply_free(reply);
        return err;
    }
    (void)snprintf(reply->id, sizeof(reply->id), "chatcmpl-%016llx%06llx",
                   (unsigned long long)place->id_salt, (unsigned long long)reply->turn_id);
    pal_http_watch(place->conn,
                   (struct pal_http_watcher){.gone = on_gone, .tick = on_tick, .self = reply});
    return PAL_OK;
}
