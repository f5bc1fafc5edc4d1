/* The I/O thread: what the front says is taken in, also in the middle of a step. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/serve.h"
#include "util/clock.h"
#include "util/mem.h"

static void
answer_ping(struct pal_host *host, uint64_t serial)
{
    int64_t since = atomic_load(&host->busy_at);
    int64_t busy_us = since != 0 ? pal_now_us() - since : 0;
    const struct pal_engine_pace pace = {
        .n_threads = atomic_load(&host->n_threads_now),
        .reason = (enum pal_engine_pace_reason)atomic_load(&host->pace_reason),
    };
    const struct pal_engine_held held = {
        .n_cells = atomic_load(&host->n_cells),
        .n_cells_used = atomic_load(&host->n_cells_used),
        .parked_ram_bytes = atomic_load(&host->parked_ram_bytes),
        .parked_disk_bytes = atomic_load(&host->parked_disk_bytes),
    };
    (void)pthread_mutex_lock(&host->lock);
    enum pal_err err =
        pal_wire_put_pong(&host->outbox, serial, busy_us > 0 ? busy_us : 0, &pace, &held);
    (void)pthread_mutex_unlock(&host->lock);
    if (err != PAL_OK) {
        pal_host_quit(host, 1, "the front does not read");
    }
}

static void
take_message(struct pal_host *host, struct pal_wire_message *message)
{
    switch (message->kind) {
    case PAL_WIRE_JOB:
    case PAL_WIRE_CANCEL:
    case PAL_WIRE_SETTINGS:
    case PAL_WIRE_HAND_OVER:
    case PAL_WIRE_ADOPT:
        pal_host_push(host, message);
        return;
    case PAL_WIRE_PING:
        answer_ping(host, message->serial);
        break;
    case PAL_WIRE_QUIT:
        pal_host_quit(host, 0, "asked to");
        break;
    default:
        pal_host_quit(host, 1, "the front sent what only we may send");
        break;
    }
    pal_wire_message_finish(message);
}

bool
pal_host_receive(struct pal_host *host)
{
    char bytes[PAL_HOST_READ_BYTES];
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
            pal_host_quit(host, 1, "the front broke the protocol");
            break;
        }
        at += used;
        take_message(host, &message);
    }
    pal_buf_consume(&host->received, at);
}

void *
pal_host_run_io(void *data)
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
            pal_host_quit(host, 1, "poll failed");
            break;
        }
        uint64_t n = 0;
        (void)!read(host->wake_fd, &n, sizeof(n));
        if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !pal_host_receive(host)) {
            pal_host_quit(host, 0, "the front is gone");
            break;
        }
        dispatch(host);
        if (!pal_host_flush(host, &has_sent, &has_more)) {
            pal_host_quit(host, 0, "the front is gone");
        }
    }
    return NULL;
}
