#ifndef PAL_ENGINE_SERVE_H
#define PAL_ENGINE_SERVE_H
/*
 * The engine's side of the socket. Two threads: the caller computes (serve_compute.c); an I/O
 * thread of its own reads the socket (serve_io.c), so that pings are answered and cancels are seen
 * in the middle of a step, and the compute thread never waits for the front. Between them: an inbox
 * of messages and an outbox of encoded bytes under one lock (serve.c). Both are bounded; who passes
 * a bound is broken, and we end.
 *
 * What a step has to say, the compute thread hands to the kernel itself, all of it at once: a piece
 * that first had to wake the I/O thread would wait for one of the cores that we keep busy. Only
 * what the socket has no room for is left to the I/O thread.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "engine/engine.h"
#include "engine/wire.h"
#include "engine/worker.h"

/* A job and a cancel for each turn that the front may have out, and the same again in flight. */
#define PAL_HOST_INBOX_MAX ((size_t)4 * PAL_ENGINE_SEQUENCES_MAX)
/* At once from the socket. */
#define PAL_HOST_READ_BYTES (64 * 1024)

struct pal_host {
    int fd;
    int wake_fd;             /* eventfd: the outbox has bytes, or we quit */
    struct pal_buf received; /* I/O thread */

    pthread_mutex_t lock;
    pthread_cond_t inbox_filled;
    /* A ring; what the compute thread does; lock */
    struct pal_wire_message inbox[PAL_HOST_INBOX_MAX];
    size_t inbox_at;       /* lock */
    size_t n_inbox;        /* lock */
    struct pal_buf outbox; /* lock */

    atomic_bool is_quitting;
    atomic_uint n_cancels;       /* in the inbox: spares the lock where there are none */
    atomic_int_fast64_t busy_at; /* when the running step began, monotonic us; 0 = idle */
    atomic_uint n_threads_now;   /* of the steps; 0 = the worker has not said */
    atomic_int pace_reason;      /* enum pal_engine_pace_reason */
    atomic_uint n_cells;         /* as struct pal_engine_held */
    atomic_uint n_cells_used;
    atomic_uint_fast64_t parked_ram_bytes;
    atomic_uint_fast64_t parked_disk_bytes;
    atomic_int status;             /* what pal_engine_serve() returns */
    int last_percent;              /* compute thread */
    struct pal_engine_facts facts; /* compute thread */
    bool is_process;
};

/* ---- serve.c: any thread ---- */

/* Ends pal_engine_serve(), which returns `status`. */
void pal_host_quit(struct pal_host *host, int status, const char *why);
/* The I/O thread looks at the outbox, or sees that we quit. */
void pal_host_wake_io(struct pal_host *host);
/* Sends what fits now. False: the peer is gone. */
bool pal_host_flush(struct pal_host *host, bool *has_sent, bool *has_more);
/* Takes the message; who sends more than there can be is broken. */
void pal_host_push(struct pal_host *host, struct pal_wire_message *message);
/* Waits until there is a message, or `wait_us` have passed (negative: no limit), or we quit. */
bool pal_host_pop(struct pal_host *host, int64_t wait_us, struct pal_wire_message *message);

/* ---- serve_io.c ---- */

/* Reads what is there into `received`. False at the end of the stream. */
bool pal_host_receive(struct pal_host *host);
/* The I/O thread; data = the host. */
void *pal_host_run_io(void *data);

/* ---- serve_compute.c ---- */

/* The compute thread: from the settings to the end. */
void pal_host_run_compute(struct pal_host *host, struct pal_settings *settings);

#endif
