#include "access/http_conn.h"

#include <stdlib.h>

#define LOG_TOPIC "http"
#include "util/log.h"
#include "util/mem.h"

static void conn_feed(struct pal_http_conn *conn, const char *bytes, size_t len);
static bool start_reading(struct pal_http_conn *conn);

/* Keeps the sum of what all bodies hold in memory. */
static void
count_body(struct pal_http_conn *conn, size_t bytes)
{
    conn->server->body_bytes += bytes;
    conn->server->body_bytes -= conn->body_bytes;
    conn->body_bytes = bytes;
}

static void
on_closed(uv_handle_t *handle)
{
    struct pal_http_conn *conn = handle->data;
    struct pal_http_server *server = conn->server;
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        server->oldest = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    } else {
        server->newest = conn->prev;
    }
    count_body(conn, 0);
    pal_http_parser_finish(&conn->parser);
    pal_buf_finish(&conn->pipelined);
    free(conn);
    server_handle_closed(server);
}

void
conn_close(struct pal_http_conn *conn)
{
    if (conn->phase == PHASE_CLOSING) {
        return;
    }
    conn->phase = PHASE_CLOSING;
    conn->server->n_connections--;
    uv_close((uv_handle_t *)&conn->tcp, on_closed);
    struct pal_http_watcher watcher = conn->watcher;
    conn->watcher = (struct pal_http_watcher){0};
    if (watcher.gone != NULL) {
        watcher.gone(watcher.self);
    }
}

static void
set_phase(struct pal_http_conn *conn, enum conn_phase phase)
{
    conn->phase = phase;
    conn->since_us = pal_now_us();
}

static void
on_shutdown(uv_shutdown_t *req, int status)
{
    struct pal_http_conn *conn = req->data;
    free(req);
    if (status == 0 && conn->phase == PHASE_LINGERING) {
        conn->since_us = pal_now_us();
    }
}

/*
 * The last answer is on its way. Closing now would make the kernel send a reset if anything of the
 * peer's is still unread, and the reset would throw the answer away before it is read: so say that
 * we are done, and drop what comes until the peer closes as well.
 */
static void
linger(struct pal_http_conn *conn)
{
    set_phase(conn, PHASE_LINGERING);
    pal_buf_finish(&conn->pipelined);
    pal_http_parser_reset(&conn->parser);
    count_body(conn, 0);
    uv_shutdown_t *req = pal_calloc(1, sizeof(*req));
    req->data = conn;
    (void)start_reading(conn);
    if (uv_shutdown(req, (uv_stream_t *)&conn->tcp, on_shutdown) < 0) {
        free(req);
        conn_close(conn);
    }
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    (void)suggested;
    struct pal_http_conn *conn = handle->data;
    *room = uv_buf_init(conn->server->read_room, sizeof(conn->server->read_room));
}

static void
keep_for_later(struct pal_http_conn *conn, const char *bytes, size_t len)
{
    enum pal_err err = pal_buf_append(&conn->pipelined, bytes, len);
    PAL_ASSERT(err == PAL_OK); /* reading stops before the maximum */
    if (conn->pipelined.len >= PIPELINED_MAX) {
        /* From here on a lost peer is noticed by writing only. */
        (void)uv_read_stop((uv_stream_t *)&conn->tcp);
        conn->reading = false;
    }
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
    struct pal_http_conn *conn = stream->data;
    if (n == 0) {
        return;
    }
    if (n < 0) {
        /*
         * The end, or an error. A peer that only closes its sending side looks the same as one that
         * has gone; an answer that is still being computed is not worth the guess, one that is
         * already on its way is sent to its end by linger().
         */
        if (conn->phase == PHASE_READING && n == UV_EOF &&
            uv_stream_get_write_queue_size(stream) > 0) {
            linger(conn);
        } else if (conn->phase != PHASE_LINGERING || uv_stream_get_write_queue_size(stream) == 0 ||
                   n != UV_EOF) {
            conn_close(conn);
        }
        return;
    }
    if (conn->phase == PHASE_READING) {
        conn_feed(conn, room->base, (size_t)n);
    } else if (conn->phase == PHASE_ANSWERING) {
        keep_for_later(conn, room->base, (size_t)n);
    } else if (conn->phase == PHASE_UPGRADED) {
        conn->bytes(conn->watcher.self, room->base, (size_t)n);
    }
}

static bool
start_reading(struct pal_http_conn *conn)
{
    if (!conn->reading) {
        conn->reading = uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) == 0;
    }
    return conn->reading;
}

static void
refuse_for_memory(struct pal_http_conn *conn)
{
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_BUSY,
                        "too many large requests are being read at once, try again soon");
    answer_bad(conn, 503, &error);
}

/* One step of the present request. Returns the bytes that it took. */
static size_t
feed_step(struct pal_http_conn *conn, const char *bytes, size_t len)
{
    struct pal_http_server *server = conn->server;
    struct pal_http_parser *parser = &conn->parser;
    if (pal_http_parser_is_fresh(parser)) {
        conn->since_us = pal_now_us();
    }
    size_t taken = 0;
    enum pal_http_parse result = pal_http_parser_feed(parser, bytes, len, &taken);
    count_body(conn, parser->body.len);
    switch (result) {
    case PAL_HTTP_MORE:
        if (server->body_bytes > BODIES_BYTES_MAX) {
            refuse_for_memory(conn);
        }
        break;
    case PAL_HTTP_HEAD_DONE:
        conn->since_us = pal_now_us();
        conn->keep_alive = parser->head.keep_alive;
        conn->http_1_0 = parser->head.http_1_0;
        conn->head_only = parser->head.method == PAL_HTTP_HEAD;
        if (server->handlers.on_head(server->userdata, conn, &parser->head) &&
            parser->head.expect_continue && pal_http_parser_in_body(parser) && taken == len) {
            answer_continue(conn);
        }
        break;
    case PAL_HTTP_DONE:
        set_phase(conn, PHASE_ANSWERING);
        server->handlers.on_request(server->userdata, conn, &parser->head, &parser->body);
        break;
    case PAL_HTTP_BAD:
        answer_bad(conn, parser->status, &parser->error);
        break;
    }
    return taken;
}

/* All that there is to read: several requests may lie behind each other. */
static void
conn_feed(struct pal_http_conn *conn, const char *bytes, size_t len)
{
    conn->feeding = true;
    /* A request without a body is whole before another byte comes: it takes one more step. */
    while (conn->phase == PHASE_READING && (len > 0 || pal_http_parser_is_whole(&conn->parser))) {
        size_t taken = feed_step(conn, bytes, len);
        bytes += taken;
        len -= taken;
    }
    conn->feeding = false;
    if (conn->phase == PHASE_ANSWERING && len > 0) {
        keep_for_later(conn, bytes, len);
    } else if (conn->phase == PHASE_UPGRADED && len > 0) {
        conn->bytes(conn->watcher.self, bytes, len);
    }
}

void
conn_request_ended(struct pal_http_conn *conn)
{
    conn->watcher = (struct pal_http_watcher){0};
    if (!conn->keep_alive || conn->server->closing) {
        linger(conn);
        return;
    }
    pal_http_parser_reset(&conn->parser);
    count_body(conn, 0);
    set_phase(conn, PHASE_READING);
    if (!start_reading(conn)) {
        conn_close(conn);
        return;
    }
    if (!conn->feeding && conn->pipelined.len > 0) {
        size_t len = conn->pipelined.len;
        char *bytes = pal_buf_take(&conn->pipelined);
        conn_feed(conn, bytes, len);
        free(bytes);
    }
}

void
pal_http_upgraded_end(struct pal_http_conn *conn)
{
    conn->watcher = (struct pal_http_watcher){0};
    if (conn->phase == PHASE_UPGRADED) {
        linger(conn);
    }
}

static void
too_slow(struct pal_http_conn *conn, const char *what)
{
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_TIMEOUT, "the request's %s comes too slowly", what);
    answer_bad(conn, 408, &error);
}

static void
tick_reading(struct pal_http_conn *conn, int64_t age_us)
{
    const struct pal_http_parser *parser = &conn->parser;
    if (pal_http_parser_is_fresh(parser)) {
        if (age_us > IDLE_MAX_US) {
            conn_close(conn);
        }
    } else if (!pal_http_parser_in_body(parser)) {
        if (age_us > HEAD_MAX_US) {
            too_slow(conn, "head");
        }
    } else if (age_us > BODY_GRACE_US &&
               (int64_t)parser->body.len < age_us / PAL_US_PER_S * BODY_RATE_BYTES_S) {
        too_slow(conn, "body");
    }
}

void
conn_tick(struct pal_http_conn *conn, int64_t now_us)
{
    if (conn->phase == PHASE_CLOSING) {
        return;
    }
    size_t queued = uv_stream_get_write_queue_size((uv_stream_t *)&conn->tcp);
    if (queued == 0 || queued < conn->queued_was) {
        conn->moved_us = now_us;
    }
    conn->queued_was = queued;
    int64_t age_us = now_us - conn->since_us;
    if (now_us - conn->moved_us > STALL_MAX_US) {
        pal_log_debug("reader too slow, closed", "queued_bytes=%zu", queued);
        conn_close(conn);
    } else if (conn->phase == PHASE_READING) {
        tick_reading(conn, age_us);
    } else if (conn->phase == PHASE_LINGERING && queued == 0 && age_us > LINGER_MAX_US) {
        conn_close(conn);
    } else if ((conn->phase == PHASE_ANSWERING || conn->phase == PHASE_UPGRADED) &&
               conn->watcher.tick != NULL) {
        conn->watcher.tick(conn->watcher.self, now_us);
    }
}

/*
 * Makes room by closing the connection that has been without a whole request for the longest time:
 * idle, or sending one so slowly that newer ones have overtaken it.
 */
static bool
make_room(struct pal_http_server *server)
{
    struct pal_http_conn *victim = NULL;
    for (struct pal_http_conn *conn = server->oldest; conn != NULL; conn = conn->next) {
        bool waits = conn->phase == PHASE_READING || conn->phase == PHASE_LINGERING;
        if (waits && (victim == NULL || conn->since_us < victim->since_us)) {
            victim = conn;
        }
    }
    if (victim != NULL) {
        conn_close(victim);
    }
    return victim != NULL;
}

/* One more than allowed, until it has read its answer or the next one needs the room. */
static void
turn_away(struct pal_http_conn *conn)
{
    struct pal_error error;
    pal_log_warn("all connections busy, one turned away", "connections=%u",
                 conn->server->n_connections);
    (void)pal_error_set(&error, PAL_ERR_BUSY, "all connections are busy, try again soon");
    answer_bad(conn, 503, &error);
}

void
conn_accept(struct pal_http_server *server)
{
    bool room = server->n_connections < server->max_connections || make_room(server);
    struct pal_http_conn *conn = pal_calloc(1, sizeof(*conn));
    conn->server = server;
    pal_http_parser_init(&conn->parser, server->max_body_bytes);
    pal_buf_init(&conn->pipelined, PIPELINED_MAX + READ_BYTES);
    conn->prev = server->newest;
    if (server->newest != NULL) {
        server->newest->next = conn;
    } else {
        server->oldest = conn;
    }
    server->newest = conn;
    server->n_connections++;
    server->n_handles++;
    (void)uv_tcp_init(server->loop, &conn->tcp); /* makes no socket yet: can't fail */
    conn->tcp.data = conn;
    set_phase(conn, PHASE_READING);
    conn->moved_us = conn->since_us;
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&conn->tcp) != 0) {
        conn_close(conn);
        return;
    }
    (void)uv_tcp_nodelay(&conn->tcp, 1);
    if (!start_reading(conn)) {
        conn_close(conn);
    } else if (!room) {
        turn_away(conn);
    }
}
