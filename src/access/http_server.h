#ifndef PAL_ACCESS_HTTP_SERVER_H
#define PAL_ACCESS_HTTP_SERVER_H
/*
 * A small HTTP/1.1 server on a libuv loop: connections, keep-alive, whole and streamed answers, and
 * a limit with a behaviour for everything that a peer can make grow.
 *
 * Why not libwebsockets 4.1.6, which this folder was meant to use (measured on 2026-11-22): its
 * server hands the framing of a chunked request body to the handler as if it were the body, and
 * never ends the request (known to its maintainer: warmcat/libwebsockets #724); it cuts the
 * connection without an answer when the head is too long; and a context on a foreign libuv loop
 * leaks 330 kB when it is destroyed. Each of these is a requirement here.
 *
 * Loop thread only; nothing blocks. A request is handed over whole; the handler answers at once or
 * later, with one of pal_http_respond() and pal_http_stream_begin() ... _end().
 */
#include <uv.h>

#include "access/http_parse.h"

struct pal_http_server;
struct pal_http_conn;

struct pal_http_server_options {
    const char *host; /* an IP address as a number, or "localhost" */
    uint16_t port;    /* 0 = any free one */
    uint32_t max_connections;
    uint32_t max_body_bytes; /* of one request */
};

/* What the server asks of its user. `userdata` is the one given to open. */
struct pal_http_handlers {
    /* The head is here, the body not yet. False = refused: an answer has been sent. */
    bool (*on_head)(void *userdata, struct pal_http_conn *conn, const struct pal_http_head *head);
    /* The request is whole. Head and body are valid until it is answered. */
    void (*on_request)(void *userdata, struct pal_http_conn *conn, const struct pal_http_head *head,
                       const struct pal_buf *body);
    /* Not HTTP, too large, too slow: send an error of this status. */
    void (*on_bad)(void *userdata, struct pal_http_conn *conn, int status,
                   const struct pal_error *error);
    /* An answer's head has been sent (for the counters). */
    void (*on_answer)(void *userdata, int status);
};

/*
 * Whoever answers later watches the connection: gone() comes at most once, and then no function
 * may be called with it again; tick() comes about twice a second until the answer has ended.
 * gone() may come from inside the functions below, where the peer turns out to be lost.
 */
struct pal_http_watcher {
    void (*gone)(void *self);
    void (*tick)(void *self, int64_t now_us); /* may be NULL */
    void *self;
};

enum pal_err pal_http_server_open(uv_loop_t *loop, const struct pal_http_server_options *options,
                                  const struct pal_http_handlers *handlers, void *userdata,
                                  struct pal_http_server **server,
                                  struct pal_error *error) PAL_MUST_USE;
uint16_t pal_http_server_port(const struct pal_http_server *server);
uint32_t pal_http_server_n_connections(const struct pal_http_server *server);

typedef void (*pal_http_server_closed_fn)(void *userdata);
/* Closes the listener and every connection (watchers are told); calls back from the loop. */
void pal_http_server_close(struct pal_http_server *server, pal_http_server_closed_fn on_closed,
                           void *userdata);

struct pal_http_answer {
    int status;
    const char *content_type;
    const char *more_fields; /* whole lines with their CR LF, or NULL */
    bool revalidate;         /* a cache may keep it, and asks each time whether it is still good */
    const char *body;        /* copied */
    size_t len;
};

/* A whole answer. Ends the request. */
void pal_http_respond(struct pal_http_conn *conn, const struct pal_http_answer *answer);
/* The answer will come later, or in parts: who is to be told meanwhile. */
void pal_http_watch(struct pal_http_conn *conn, struct pal_http_watcher watcher);
/* Begins an answer of unknown length with status 200. */
void pal_http_stream_begin(struct pal_http_conn *conn, const char *content_type);
/*
 * Sends a part. A reader that lets more than 256 KiB pile up, or takes nothing for 10 s, is closed:
 * its watcher is told.
 */
void pal_http_stream_write(struct pal_http_conn *conn, const char *bytes, size_t len);
/* Ends the answer and the request; `close` ends the connection as well (after a failure). */
void pal_http_stream_end(struct pal_http_conn *conn, bool close);

/*
 * Another protocol on the same connection (WebSocket): status 101 is sent with `more_fields`, and
 * from then on what the peer sends goes to bytes(). The watcher's gone() and tick() stay in force.
 */
typedef void (*pal_http_bytes_fn)(void *self, const char *bytes, size_t len);
void pal_http_upgrade(struct pal_http_conn *conn, const char *more_fields,
                      struct pal_http_watcher watcher, pal_http_bytes_fn bytes);
/* Sends bytes of that protocol; the limits are those of pal_http_stream_write(). */
void pal_http_upgraded_write(struct pal_http_conn *conn, const char *bytes, size_t len);
/* Ends the connection once all that was written has gone out; gone() does not come any more. */
void pal_http_upgraded_end(struct pal_http_conn *conn);

#endif
