#include "access/http_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG_TOPIC "http"
#include "util/log.h"
#include "util/mem.h"

#define HEAD_ROOM 1024
/* A little less than IDLE_MAX_US: so the client is the first to give an idle connection up, and
 * does not send a request into its end. */
#define KEEP_ALIVE "Keep-Alive: timeout=55\r\n"

struct write {
    uv_write_t req; /* data = the connection */
    char bytes[];
};

static const char *
reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {101, "Switching Protocols"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Error";
}

static void
on_written(uv_write_t *req, int status)
{
    struct pal_http_conn *conn = req->data;
    free(req);
    if (status < 0 && status != UV_ECANCELED) {
        conn_close(conn);
    }
}

/* libuv asks for a pointer to what it will only read. */
static uv_buf_t
borrow(const char *bytes, size_t len)
{
    union {
        const char *given;
        char *wanted;
    } base = {.given = bytes};
    return uv_buf_init(base.wanted, (unsigned)len);
}

/* Sends now what the socket takes, and lets the rest wait. `queued_max` is for the rest. */
static void
conn_write(struct pal_http_conn *conn, const char *bytes, size_t len, size_t queued_max)
{
    if (conn->phase == PHASE_CLOSING || len == 0) {
        return;
    }
    uv_stream_t *stream = (uv_stream_t *)&conn->tcp;
    size_t queued = uv_stream_get_write_queue_size(stream);
    if (queued == 0) {
        uv_buf_t now = borrow(bytes, len);
        int n = uv_try_write(stream, &now, 1);
        if (n < 0 && n != UV_EAGAIN) {
            conn_close(conn);
            return;
        }
        size_t written = n > 0 ? (size_t)n : 0;
        bytes += written;
        len -= written;
        conn->moved_us = pal_now_us();
    }
    if (len == 0) {
        return;
    }
    struct write *rest =
        queued + len > queued_max ? NULL : (struct write *)malloc(sizeof(*rest) + len);
    if (rest == NULL) {
        pal_log_debug("reader too slow, closed", "queued_bytes=%zu", queued);
        conn_close(conn);
        return;
    }
    memcpy(rest->bytes, bytes, len);
    rest->req.data = conn;
    uv_buf_t later = uv_buf_init(rest->bytes, (unsigned)len);
    if (uv_write(&rest->req, stream, &later, 1, on_written) < 0) {
        free(rest);
        conn_close(conn);
    }
}

/* Status line and the fields that every answer has. */
static void
put_head(struct pal_http_conn *conn, struct pal_buf *out, int status, const char *content_type,
         const char *cache, const char *more_fields)
{
    char date[64];
    time_t now = (time_t)pal_wall_seconds();
    struct tm parts;
    (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
    enum pal_err err = pal_buf_printf(
        out,
        "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: palabre/" PALABRE_VERSION
        "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: %s\r\n%s%s%s%s%s",
        status, reason_of(status), date, cache, content_type != NULL ? "Content-Type: " : "",
        content_type != NULL ? content_type : "", content_type != NULL ? "\r\n" : "",
        more_fields != NULL ? more_fields : "",
        !conn->keep_alive ? "Connection: close\r\n"
        : conn->http_1_0  ? "Connection: keep-alive\r\n" KEEP_ALIVE
                          : KEEP_ALIVE);
    PAL_ASSERT(err == PAL_OK);
}

static void
note_answer(struct pal_http_conn *conn, int status)
{
    conn->server->handlers.on_answer(conn->server->userdata, status);
}

void
pal_http_respond(struct pal_http_conn *conn, const struct pal_http_answer *answer)
{
    if (pal_http_parser_in_body(&conn->parser) || conn->server->closing) {
        conn->keep_alive = false; /* the rest of the body is not worth reading */
    }
    struct pal_buf out;
    pal_buf_init(&out, HEAD_ROOM + 4096 + answer->len);
    put_head(conn, &out, answer->status, answer->content_type,
             answer->revalidate ? "no-cache" : "no-store", answer->more_fields);
    enum pal_err err = answer->status == 204 || answer->status == 304
                           ? pal_buf_append_text(&out, "\r\n")
                           : pal_buf_printf(&out, "Content-Length: %zu\r\n\r\n", answer->len);
    if (err == PAL_OK && !conn->head_only) {
        err = pal_buf_append(&out, answer->body, answer->len);
    }
    PAL_ASSERT(err == PAL_OK);
    note_answer(conn, answer->status);
    conn_write(conn, out.data, out.len, SIZE_MAX);
    pal_buf_finish(&out);
    if (conn->phase != PHASE_CLOSING) {
        conn_request_ended(conn);
    }
}

void
pal_http_watch(struct pal_http_conn *conn, struct pal_http_watcher watcher)
{
    conn->watcher = watcher;
}

void
pal_http_stream_begin(struct pal_http_conn *conn, const char *content_type)
{
    conn->chunked = !conn->http_1_0;
    if (!conn->chunked || conn->server->closing) {
        conn->keep_alive = false;
    }
    struct pal_buf out;
    pal_buf_init(&out, HEAD_ROOM);
    put_head(conn, &out, 200, content_type, "no-store",
             conn->chunked ? "Transfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n" : NULL);
    enum pal_err err = pal_buf_append_text(&out, "\r\n");
    PAL_ASSERT(err == PAL_OK);
    note_answer(conn, 200);
    conn_write(conn, out.data, out.len, STREAM_QUEUED_MAX);
    pal_buf_finish(&out);
}

void
pal_http_stream_write(struct pal_http_conn *conn, const char *bytes, size_t len)
{
    if (len == 0) {
        return; /* an empty chunk would end the stream */
    }
    if (!conn->chunked) {
        conn_write(conn, bytes, len, STREAM_QUEUED_MAX);
        return;
    }
    struct pal_buf out;
    pal_buf_init(&out, len + 32);
    enum pal_err err = pal_buf_printf(&out, "%zx\r\n", len);
    err = err != PAL_OK ? err : pal_buf_append(&out, bytes, len);
    err = err != PAL_OK ? err : pal_buf_append(&out, "\r\n", 2);
    PAL_ASSERT(err == PAL_OK);
    conn_write(conn, out.data, out.len, STREAM_QUEUED_MAX);
    pal_buf_finish(&out);
}

void
pal_http_stream_end(struct pal_http_conn *conn, bool close)
{
    if (close) {
        conn->keep_alive = false;
    }
    if (conn->chunked) {
        conn_write(conn, "0\r\n\r\n", 5, STREAM_QUEUED_MAX + 5);
    }
    if (conn->phase != PHASE_CLOSING) {
        conn_request_ended(conn);
    }
}

void
pal_http_upgrade(struct pal_http_conn *conn, const char *more_fields,
                 struct pal_http_watcher watcher, pal_http_bytes_fn bytes)
{
    char head[512];
    int len = snprintf(head, sizeof(head), "HTTP/1.1 101 %s\r\nConnection: Upgrade\r\n%s\r\n",
                       reason_of(101), more_fields);
    PAL_ASSERT(len > 0 && (size_t)len < sizeof(head));
    note_answer(conn, 101);
    conn->watcher = watcher;
    conn->bytes = bytes;
    conn->phase = PHASE_UPGRADED;
    conn_write(conn, head, (size_t)len, SIZE_MAX);
}

void
pal_http_upgraded_write(struct pal_http_conn *conn, const char *bytes, size_t len)
{
    conn_write(conn, bytes, len, STREAM_QUEUED_MAX);
}

void
answer_bad(struct pal_http_conn *conn, int status, const struct pal_error *error)
{
    conn->keep_alive = false;
    conn->head_only = false; /* it may be the previous request that was a HEAD */
    conn->server->handlers.on_bad(conn->server->userdata, conn, status, error);
}

void
answer_continue(struct pal_http_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    conn_write(conn, text, sizeof(text) - 1, SIZE_MAX);
}
