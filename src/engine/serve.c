/* The host: what both threads of the engine's process share, and their beginning and end. */
#include "engine/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine/library.h"
#include "engine/priority.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "serve"
#include "util/log.h"

/* A front that leaves this much unread is gone in all but name. */
#define OUTBOX_MAX_BYTES (16u << 20)

void
pal_host_wake_io(struct pal_host *host)
{
    uint64_t one = 1;
    /* Full means that a wake-up is pending already. */
    (void)!write(host->wake_fd, &one, sizeof(one));
}

void
pal_host_quit(struct pal_host *host, int status, const char *why)
{
    pal_log_debug("engine ends", "status=%d why=" PAL_LOG_STR, status, why);
    atomic_store(&host->status, status);
    (void)pthread_mutex_lock(&host->lock);
    atomic_store(&host->is_quitting, true);
    (void)pthread_cond_signal(&host->inbox_filled);
    (void)pthread_mutex_unlock(&host->lock);
    pal_host_wake_io(host);
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

void
pal_host_set_held(struct pal_host *host, const struct pal_engine_held *held)
{
    atomic_store(&host->n_cells, held->n_cells);
    atomic_store(&host->n_cells_used, held->n_cells_used);
    atomic_store(&host->parked_ram_bytes, held->parked_ram_bytes);
    atomic_store(&host->parked_disk_bytes, held->parked_disk_bytes);
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
        const struct pal_wire_message *m = &host->inbox[(host->inbox_at + i) % PAL_HOST_INBOX_MAX];
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
        pal_host_quit(host, 1, "the front does not read");
    }
}

bool
pal_host_flush(struct pal_host *host, bool *has_sent, bool *has_more)
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

void
pal_host_push(struct pal_host *host, struct pal_wire_message *message)
{
    (void)pthread_mutex_lock(&host->lock);
    bool has_room = host->n_inbox < PAL_HOST_INBOX_MAX;
    if (has_room) {
        if (message->kind == PAL_WIRE_CANCEL) {
            (void)atomic_fetch_add(&host->n_cancels, 1);
        }
        host->inbox[(host->inbox_at + host->n_inbox) % PAL_HOST_INBOX_MAX] = *message;
        host->n_inbox++;
        (void)pthread_cond_signal(&host->inbox_filled);
    }
    (void)pthread_mutex_unlock(&host->lock);
    if (!has_room) {
        pal_wire_message_finish(message);
        pal_host_quit(host, 1, "the front sends more turns than there are");
    }
}

bool
pal_host_pop(struct pal_host *host, int64_t wait_us, struct pal_wire_message *message)
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
        host->inbox_at = (host->inbox_at + 1) % PAL_HOST_INBOX_MAX;
        host->n_inbox--;
        if (message->kind == PAL_WIRE_CANCEL) {
            (void)atomic_fetch_sub(&host->n_cancels, 1);
        }
    }
    (void)pthread_mutex_unlock(&host->lock);
    return found;
}

/*
 * The first message, before the I/O thread exists. Bytes behind it stay in `received`. There is no
 * hurry (spare.h): a front that dies ends the wait.
 */
static enum pal_err
receive_settings(struct pal_host *host, struct pal_settings *settings)
{
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
        struct pollfd fd = {.fd = host->fd, .events = POLLIN};
        if (poll(&fd, 1, -1) > 0 && !pal_host_receive(host)) {
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
    pal_buf_init(&host->received,
                 PAL_WIRE_FRAME_MAX_BYTES + PAL_WIRE_HEAD_BYTES + PAL_HOST_READ_BYTES);
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
    while (pal_host_pop(host, 0, &message)) {
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
    if (is_process) {
        pal_library_prepare();
    }
    enum pal_err err = receive_settings(host, &settings);
    if (is_process && err == PAL_OK) {
        pal_priority_apply(&settings);
    }
    pthread_t io;
    int status = 1;
    if (host->wake_fd < 0) {
        pal_log_error("cannot make the engine's wake-up", "errno=%d", errno);
    } else if (err == PAL_ERR_CLOSED) {
        status = 0;
    } else if (err != PAL_OK) {
        pal_log_error("no settings came from the front", "err=%s", pal_err_name(err));
    } else if (pthread_create(&io, NULL, pal_host_run_io, host) != 0) {
        pal_log_error("cannot start the engine's i/o thread", "errno=%d", errno);
    } else {
        pal_host_run_compute(host, &settings);
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
