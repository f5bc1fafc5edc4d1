/*
 * The engine's side of the socket. Two threads: the caller computes; an I/O thread of its own owns
 * the socket, so that pings are answered and cancels are seen in the middle of a step, and the
 * compute thread never waits for the front. Between them: an inbox of messages and an outbox of
 * encoded bytes under one lock. Both are bounded; who passes a bound is broken, and we end.
 *
 * What a step has to say, the compute thread hands to the kernel itself, all of it at once: a piece
 * that first had to wake the I/O thread would wait for one of the cores that we keep busy. Only
 * what the socket has no room for is left to the I/O thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/sandbox.h"
#include "engine/wire.h"
#include "engine/worker.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "serve"
#include "util/log.h"

/* A job and a cancel for each turn that the front may have out, and the same again in flight. */
#define INBOX_MAX ((size_t)4 * PAL_ENGINE_SEQUENCES_MAX)
/* A front that leaves this much unread is gone in all but name. */
#define OUTBOX_MAX_BYTES    (16u << 20)
#define SETTINGS_TIMEOUT_US (10 * PAL_US_PER_S)
#define READ_BYTES          (64 * 1024)
/* Beyond what the loaded model holds: for prompts and compute buffers; parked timelines are on top.
 */
#define GROWTH_MAX_BYTES (UINT64_C(4) << 30)

struct pal_host {
    int fd;
    int wake_fd;             /* eventfd: the outbox has bytes, or we quit */
    struct pal_buf received; /* I/O thread */

    pthread_mutex_t lock;
    pthread_cond_t inbox_filled;
    struct pal_wire_message inbox[INBOX_MAX]; /* lock; a ring; JOB, CANCEL, SETTINGS only */
    size_t inbox_at;                          /* lock */
    size_t n_inbox;                           /* lock */
    struct pal_buf outbox;                    /* lock */

    atomic_bool is_quitting;
    atomic_uint n_cancels;         /* in the inbox: spares the lock where there are none */
    atomic_int_fast64_t busy_at;   /* when the running step began, monotonic us; 0 = idle */
    atomic_uint n_threads_now;     /* of the steps; 0 = the worker has not said */
    atomic_int pace_reason;        /* enum pal_engine_pace_reason */
    atomic_int status;             /* what pal_engine_serve() returns */
    int last_percent;              /* compute thread */
    struct pal_engine_facts facts; /* compute thread */
    bool is_process;
};

static void
wake_io(struct pal_host *host)
{
    uint64_t one = 1;
    /* Full means that a wake-up is pending already. */
    (void)!write(host->wake_fd, &one, sizeof(one));
}

static void
quit(struct pal_host *host, int status, const char *why)
{
    pal_log_debug("engine ends", "status=%d why=" PAL_LOG_STR, status, why);
    atomic_store(&host->status, status);
    (void)pthread_mutex_lock(&host->lock);
    atomic_store(&host->is_quitting, true);
    (void)pthread_cond_signal(&host->inbox_filled);
    (void)pthread_mutex_unlock(&host->lock);
    wake_io(host);
}

bool
pal_host_is_quitting(struct pal_host *host)
{
    return atomic_load(&host->is_quitting);
}

void
pal_host_set_pace(struct pal_host *host, uint32_t n_threads, enum pal_engine_pace_reason reason)
{
    atomic_store(&host->pace_reason, (int)reason);
    atomic_store(&host->n_threads_now, n_threads);
}

bool
pal_host_has_news(struct pal_host *host)
{
    (void)pthread_mutex_lock(&host->lock);
    bool has_some = host->n_inbox > 0;
    (void)pthread_mutex_unlock(&host->lock);
    return has_some || pal_host_is_quitting(host);
}

bool
pal_host_is_cancelled(struct pal_host *host, uint64_t turn_id)
{
    if (pal_host_is_quitting(host)) {
        return true;
    }
    if (atomic_load(&host->n_cancels) == 0) {
        return false;
    }
    bool found = false;
    (void)pthread_mutex_lock(&host->lock);
    for (size_t i = 0; i < host->n_inbox && !found; i++) {
        const struct pal_wire_message *m = &host->inbox[(host->inbox_at + i) % INBOX_MAX];
        found = m->kind == PAL_WIRE_CANCEL && m->turn_id == turn_id;
    }
    (void)pthread_mutex_unlock(&host->lock);
    return found;
}

void
pal_host_emit(struct pal_host *host, const struct pal_event *event)
{
    (void)pthread_mutex_lock(&host->lock);
    enum pal_err err = pal_wire_put_event(&host->outbox, event);
    (void)pthread_mutex_unlock(&host->lock);
    if (err != PAL_OK) {
        quit(host, 1, "the front does not read");
    }
}

/* Either thread. Sends what fits now. Returns false when the peer is gone. */
static bool
flush(struct pal_host *host, bool *has_sent, bool *has_more)
{
    (void)pthread_mutex_lock(&host->lock);
    bool is_alive = true;
    *has_sent = false;
    if (host->outbox.len > 0) {
        ssize_t n =
            send(host->fd, host->outbox.data, host->outbox.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            pal_buf_consume(&host->outbox, (size_t)n);
            *has_sent = true;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            is_alive = false;
        }
    }
    *has_more = host->outbox.len > 0;
    (void)pthread_mutex_unlock(&host->lock);
    return is_alive;
}

/*
 * Compute thread: what was emitted leaves now. The front's loop is asleep, and this core is the one
 * that the kernel wakes it on: giving way for the moment that it needs brings the words and the
 * face out before the next step takes every core again.
 */
static void
hand_over(struct pal_host *host)
{
    bool has_sent = false;
    bool has_more = false;
    if (!flush(host, &has_sent, &has_more)) {
        quit(host, 0, "the front is gone");
    }
    if (has_more) {
        wake_io(host);
    }
    if (has_sent) {
        (void)sched_yield();
    }
}

static void
emit_state(struct pal_host *host, enum pal_engine_state state, float progress,
           const struct pal_engine_facts *facts, const struct pal_error *error)
{
    struct pal_event event = {.kind = PAL_EVENT_STATE, .state = state, .progress = progress};
    if (facts != NULL) {
        event.facts = *facts;
    }
    if (error != NULL) {
        event.error = *error;
    }
    pal_host_emit(host, &event);
    hand_over(host);
}

void
pal_host_progress(struct pal_host *host, float progress)
{
    atomic_store(&host->busy_at, pal_now_us());
    int percent = progress <= 0 ? 0 : progress >= 1 ? 100 : (int)(progress * 100);
    if (percent > host->last_percent) {
        host->last_percent = percent;
        emit_state(host, PAL_ENGINE_LOADING, (float)percent / 100, NULL, NULL);
    }
}

/* ---- the I/O thread ---- */

static void
push_inbox(struct pal_host *host, struct pal_wire_message *message)
{
    (void)pthread_mutex_lock(&host->lock);
    bool has_room = host->n_inbox < INBOX_MAX;
    if (has_room) {
        if (message->kind == PAL_WIRE_CANCEL) {
            (void)atomic_fetch_add(&host->n_cancels, 1);
        }
        host->inbox[(host->inbox_at + host->n_inbox) % INBOX_MAX] = *message;
        host->n_inbox++;
        (void)pthread_cond_signal(&host->inbox_filled);
    }
    (void)pthread_mutex_unlock(&host->lock);
    if (!has_room) {
        pal_wire_message_finish(message);
        quit(host, 1, "the front sends more turns than there are");
    }
}

static void
answer_ping(struct pal_host *host, uint64_t serial)
{
    int64_t since = atomic_load(&host->busy_at);
    int64_t busy_us = since != 0 ? pal_now_us() - since : 0;
    const struct pal_engine_pace pace = {
        .n_threads = atomic_load(&host->n_threads_now),
        .reason = (enum pal_engine_pace_reason)atomic_load(&host->pace_reason),
    };
    (void)pthread_mutex_lock(&host->lock);
    enum pal_err err = pal_wire_put_pong(&host->outbox, serial, busy_us > 0 ? busy_us : 0, &pace);
    (void)pthread_mutex_unlock(&host->lock);
    if (err != PAL_OK) {
        quit(host, 1, "the front does not read");
    }
}

static void
take_message(struct pal_host *host, struct pal_wire_message *message)
{
    switch (message->kind) {
    case PAL_WIRE_JOB:
    case PAL_WIRE_CANCEL:
    case PAL_WIRE_SETTINGS:
        push_inbox(host, message);
        return;
    case PAL_WIRE_PING:
        answer_ping(host, message->serial);
        break;
    case PAL_WIRE_QUIT:
        quit(host, 0, "asked to");
        break;
    default:
        quit(host, 1, "the front sent what only we may send");
        break;
    }
    pal_wire_message_finish(message);
}

/* Reads what is there. Returns false at the end of the stream. */
static bool
receive(struct pal_host *host)
{
    char bytes[READ_BYTES];
    ssize_t n = recv(host->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (n == 0) {
        return false;
    }
    if (pal_buf_append(&host->received, bytes, (size_t)n) != PAL_OK) {
        return false;
    }
    return true;
}

static void
dispatch(struct pal_host *host)
{
    size_t at = 0;
    while (!pal_host_is_quitting(host)) {
        struct pal_wire_message message;
        size_t used = 0;
        enum pal_err err =
            pal_wire_read(host->received.data + at, host->received.len - at, &message, &used);
        if (err == PAL_ERR_AGAIN) {
            break;
        }
        if (err != PAL_OK) {
            quit(host, 1, "the front broke the protocol");
            break;
        }
        at += used;
        take_message(host, &message);
    }
    pal_buf_consume(&host->received, at);
}

static void *
run_io(void *data)
{
    struct pal_host *host = data;
    bool has_sent = false;
    bool has_more = false;
    dispatch(host); /* what came in one piece with the settings */
    while (!pal_host_is_quitting(host)) {
        struct pollfd fds[] = {
            {.fd = host->fd, .events = (short)(POLLIN | (has_more ? POLLOUT : 0))},
            {.fd = host->wake_fd, .events = POLLIN},
        };
        if (poll(fds, PAL_COUNT_OF(fds), -1) < 0 && errno != EINTR) {
            quit(host, 1, "poll failed");
            break;
        }
        uint64_t n = 0;
        (void)!read(host->wake_fd, &n, sizeof(n));
        if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !receive(host)) {
            quit(host, 0, "the front is gone");
            break;
        }
        dispatch(host);
        if (!flush(host, &has_sent, &has_more)) {
            quit(host, 0, "the front is gone");
        }
    }
    return NULL;
}

/* ---- the compute thread ---- */

/* Waits until there is a message, or `wait_us` have passed (negative: no limit), or we quit. */
static bool
pop_inbox(struct pal_host *host, int64_t wait_us, struct pal_wire_message *message)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    if (wait_us > 0) {
        int64_t ns = until.tv_nsec + wait_us % PAL_US_PER_S * 1000;
        until.tv_sec += (time_t)(wait_us / PAL_US_PER_S + ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
    }
    (void)pthread_mutex_lock(&host->lock);
    while (host->n_inbox == 0 && wait_us != 0 && !atomic_load(&host->is_quitting)) {
        int failed = 0;
        if (wait_us < 0) {
            failed = pthread_cond_wait(&host->inbox_filled, &host->lock);
        } else {
            failed = pthread_cond_timedwait(&host->inbox_filled, &host->lock, &until);
        }
        if (failed != 0) {
            break;
        }
    }
    bool found = host->n_inbox > 0;
    if (found) {
        *message = host->inbox[host->inbox_at];
        host->inbox_at = (host->inbox_at + 1) % INBOX_MAX;
        host->n_inbox--;
        if (message->kind == PAL_WIRE_CANCEL) {
            (void)atomic_fetch_sub(&host->n_cancels, 1);
        }
    }
    (void)pthread_mutex_unlock(&host->lock);
    return found;
}

/* The worker looks at the settings by a pointer, so they are changed in their place. */
static void
change_settings(struct pal_host *host, const struct pal_worker *worker,
                struct pal_settings *settings, struct pal_wire_message *message)
{
    int64_t began_us = pal_now_us();
    struct pal_error error = {0};
    enum pal_err err = PAL_OK;
    if (!pal_settings_share_weights(settings, &message->settings)) {
        pal_wire_message_finish(message);
        quit(host, 1, "other weights need another engine");
        return;
    }
    pal_settings_finish(settings);
    *settings = message->settings;
    atomic_store(&host->busy_at, began_us);
    if (worker->ops->retune != NULL) {
        err = worker->ops->retune(worker->self, &host->facts, &error);
    }
    atomic_store(&host->busy_at, 0);
    host->facts.load_us = pal_now_us() - began_us;
    emit_state(host, err == PAL_OK ? PAL_ENGINE_READY : PAL_ENGINE_FAILED, 1,
               err == PAL_OK ? &host->facts : NULL, err == PAL_OK ? NULL : &error);
}

static void
handle(struct pal_host *host, const struct pal_worker *worker, struct pal_settings *settings,
       struct pal_wire_message *message)
{
    if (message->kind == PAL_WIRE_SETTINGS) {
        change_settings(host, worker, settings, message);
        return;
    }
    if (message->kind == PAL_WIRE_CANCEL) {
        worker->ops->cancel(worker->self, message->turn_id);
        return;
    }
    struct pal_event event = {.kind = PAL_EVENT_FAILED, .turn_id = message->job.turn_id};
    if (pal_job_check(&message->job, &event.error) == PAL_OK) {
        worker->ops->submit(worker->self, &message->job);
    } else if (event.turn_id != 0) {
        pal_host_emit(host, &event);
    }
    pal_wire_message_finish(message);
}

static void
compute(struct pal_host *host, const struct pal_worker *worker, struct pal_settings *settings)
{
    int64_t wait_us = 0; /* a worker may have something to do before the first job */
    while (!pal_host_is_quitting(host)) {
        struct pal_wire_message message;
        while (pop_inbox(host, wait_us, &message)) {
            handle(host, worker, settings, &message);
            wait_us = 0;
        }
        hand_over(host);
        atomic_store(&host->busy_at, pal_now_us());
        wait_us = worker->ops->step(worker->self);
        atomic_store(&host->busy_at, 0);
        hand_over(host);
    }
}

/* What is not needed any more is given up. Without it we are as good as most, and say so. */
static void
lock_up(const struct pal_engine_facts *facts, const struct pal_settings *settings)
{
    struct pal_error error;
    pal_sandbox_keep_private();
    if (pal_sandbox_close(&error) != PAL_OK) {
        pal_log_warn("the engine runs without a sandbox", "reason=" PAL_LOG_STR, error.text);
    }
    /* A card's driver maps what it likes, when it likes. */
    uint64_t growth_bytes = GROWTH_MAX_BYTES + settings->park_ram_bytes;
    if (facts->n_layers_gpu == 0 && pal_sandbox_limit_memory(growth_bytes, &error) != PAL_OK) {
        pal_log_warn("the engine's memory has no limit", "reason=" PAL_LOG_STR, error.text);
    }
}

static void
load_and_compute(struct pal_host *host, struct pal_settings *settings)
{
    struct pal_worker worker = settings->script_path != NULL
                                   ? pal_script_worker_create(host, settings)
                                   : pal_model_worker_create(host, settings);
    int64_t began_us = pal_now_us();
    emit_state(host, PAL_ENGINE_LOADING, 0, NULL, NULL);
    atomic_store(&host->busy_at, began_us);
    struct pal_error error = {0};
    enum pal_err err = worker.ops->load(worker.self, &host->facts, &error);
    atomic_store(&host->busy_at, 0);
    if (err != PAL_OK) {
        emit_state(host, PAL_ENGINE_FAILED, 0, NULL, &error);
        while (!pal_host_is_quitting(host)) {
            struct pal_wire_message message;
            if (pop_inbox(host, -1, &message)) {
                pal_wire_message_finish(&message);
            }
        }
    } else {
        host->facts.load_us = pal_now_us() - began_us;
        if (host->is_process) {
            lock_up(&host->facts, settings);
        }
        emit_state(host, PAL_ENGINE_READY, 1, &host->facts, NULL);
        compute(host, &worker, settings);
    }
    worker.ops->destroy(worker.self);
}

/* ---- both ---- */

/* The first message, before the I/O thread exists. Bytes behind it stay in `received`. */
static enum pal_err
receive_settings(struct pal_host *host, struct pal_settings *settings)
{
    int64_t until_us = pal_now_us() + SETTINGS_TIMEOUT_US;
    for (;;) {
        struct pal_wire_message message;
        size_t used = 0;
        enum pal_err err = pal_wire_read(host->received.data, host->received.len, &message, &used);
        if (err == PAL_OK && message.kind == PAL_WIRE_SETTINGS) {
            pal_buf_consume(&host->received, used);
            *settings = message.settings;
            return PAL_OK;
        }
        if (err != PAL_ERR_AGAIN) {
            pal_wire_message_finish(&message);
            return PAL_ERR_PROTO;
        }
        int64_t left_us = until_us - pal_now_us();
        struct pollfd fd = {.fd = host->fd, .events = POLLIN};
        if (left_us <= 0) {
            return PAL_ERR_TIMEOUT;
        }
        if (poll(&fd, 1, (int)(left_us / PAL_US_PER_MS) + 1) > 0 && !receive(host)) {
            return PAL_ERR_CLOSED;
        }
    }
}

static void
host_init(struct pal_host *host, int fd)
{
    host->fd = fd;
    host->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    host->last_percent = -1;
    pal_buf_init(&host->received, PAL_WIRE_FRAME_MAX_BYTES + PAL_WIRE_HEAD_BYTES + READ_BYTES);
    pal_buf_init(&host->outbox, OUTBOX_MAX_BYTES);
    (void)pthread_mutex_init(&host->lock, NULL);
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&host->inbox_filled, &attr);
    (void)pthread_condattr_destroy(&attr);
}

static void
host_finish(struct pal_host *host)
{
    struct pal_wire_message message;
    while (pop_inbox(host, 0, &message)) {
        pal_wire_message_finish(&message);
    }
    pal_buf_finish(&host->received);
    pal_buf_finish(&host->outbox);
    (void)pthread_cond_destroy(&host->inbox_filled);
    (void)pthread_mutex_destroy(&host->lock);
    if (host->wake_fd >= 0) {
        (void)close(host->wake_fd);
    }
}

int
pal_engine_serve(int fd, bool is_process)
{
    struct pal_host *host = pal_calloc(1, sizeof(*host));
    host_init(host, fd);
    host->is_process = is_process;
    struct pal_settings settings = {0};
    enum pal_err err = receive_settings(host, &settings);
    pthread_t io;
    int status = 1;
    if (host->wake_fd < 0) {
        pal_log_error("cannot make the engine's wake-up", "errno=%d", errno);
    } else if (err == PAL_ERR_CLOSED) {
        status = 0;
    } else if (err != PAL_OK) {
        pal_log_error("no settings came from the front", "err=%s", pal_err_name(err));
    } else if (pthread_create(&io, NULL, run_io, host) != 0) {
        pal_log_error("cannot start the engine's i/o thread", "errno=%d", errno);
    } else {
        load_and_compute(host, &settings);
        (void)pthread_join(io, NULL);
        status = atomic_load(&host->status);
    }
    pal_settings_finish(&settings);
    host_finish(host);
    free(host);
    /* Last, because the front takes the end of the stream as the end of us. */
    (void)close(fd);
    return status;
}
