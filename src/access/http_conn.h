#ifndef PAL_ACCESS_HTTP_CONN_H
#define PAL_ACCESS_HTTP_CONN_H
/*
 * Private to http_server.c, http_conn.c and http_answer.c: one connection's state, and the server
 * that holds it.
 */
#include "access/http_server.h"

#include "util/clock.h"

#define IDLE_MAX_US       (60 * PAL_US_PER_S)  /* between requests */
#define HEAD_MAX_US       (5 * PAL_US_PER_S)   /* from a head's first byte to its last */
#define BODY_GRACE_US     (5 * PAL_US_PER_S)   /* after this a body must have come faster than */
#define BODY_RATE_BYTES_S 1024                 /* ... this */
#define LINGER_MAX_US     (3 * PAL_US_PER_S)   /* after the last answer, until the peer closes */
#define STALL_MAX_US      (10 * PAL_US_PER_S)  /* a reader that takes nothing */
#define STREAM_QUEUED_MAX ((size_t)256 * 1024) /* bytes of a stream that wait for the reader */
#define PIPELINED_MAX     ((size_t)64 * 1024)  /* bytes of further requests kept meanwhile */
#define BODIES_BYTES_MAX \
    ((size_t)64 * 1024 * 1024) /* of all requests that are being read together */
#define READ_BYTES ((size_t)64 * 1024)
#define TICK_MS    500

enum conn_phase {
    PHASE_READING,   /* waits for a request, or is in the middle of one */
    PHASE_ANSWERING, /* a request is whole; its answer has not ended */
    PHASE_UPGRADED,  /* speaks another protocol; its bytes go to `bytes` */
    PHASE_LINGERING, /* all is said; what still comes is dropped until the peer closes */
    PHASE_CLOSING,   /* uv_close() was called */
};

struct pal_http_conn {
    uv_tcp_t tcp; /* data = this */
    struct pal_http_server *server;
    struct pal_http_conn *prev; /* server's list, oldest first */
    struct pal_http_conn *next;
    enum conn_phase phase;
    struct pal_http_parser parser;
    struct pal_buf pipelined; /* read while a request is being answered */
    struct pal_http_watcher watcher;
    pal_http_bytes_fn bytes; /* UPGRADED: who takes what is read; called with watcher.self */
    bool feeding;            /* inside conn_feed(): an answer must not feed again */
    bool keep_alive;         /* another request may follow the present one */
    bool head_only;          /* the present request is a HEAD */
    bool chunked;            /* the present stream is sent in chunks */
    bool http_1_0;           /* ... and its reader would not understand them */
    bool reading;            /* uv_read_start() is in force */
    int64_t since_us;        /* of the phase; in READING: of the present part of a request */
    int64_t moved_us;        /* when the write queue last shrank, or was empty */
    size_t queued_was;       /* its length then */
    size_t body_bytes;       /* the part of the server's sum that is this one's */
};

struct pal_http_server {
    uv_loop_t *loop;
    uv_tcp_t listener; /* data = this */
    uv_timer_t tick;   /* data = this; runs while there are connections */
    struct pal_http_handlers handlers;
    void *userdata;
    struct pal_http_conn *oldest;
    struct pal_http_conn *newest;
    uint32_t n_connections; /* not CLOSING */
    uint32_t max_connections;
    uint32_t max_body_bytes;
    size_t body_bytes;  /* of all connections */
    uint32_t n_handles; /* libuv handles whose close callback is still to come */
    bool closing;
    pal_http_server_closed_fn on_closed;
    void *closed_userdata;
    char read_room[READ_BYTES]; /* libuv fills it and hands it over before it asks again */
};

/* http_conn.c */
void conn_accept(struct pal_http_server *server);
void conn_close(struct pal_http_conn *conn);
void conn_tick(struct pal_http_conn *conn, int64_t now_us);
/* The present request is over: the next one, or the end. */
void conn_request_ended(struct pal_http_conn *conn);

/* http_answer.c */
void answer_bad(struct pal_http_conn *conn, int status, const struct pal_error *error);
void answer_continue(struct pal_http_conn *conn);

/* http_server.c */
void server_handle_closed(struct pal_http_server *server);

#endif
