#include "output/stage_peer.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

#define LOG_TOPIC "avatar"

/* Answers that wait for a client: from the first mark on it is not read from, the second is the
   most that one message can add to it. */
#define ANSWERS_PAUSE_BYTES ((size_t)128 * 1024)
#define ANSWERS_MAX_BYTES   ((size_t)512 * 1024)

#define STUCK_US  (2 * PAL_US_PER_S) /* a client that takes no answers for so long is closed */
#define LINGER_US (1 * PAL_US_PER_S) /* time to read the last answer before the close */

enum peer_state {
    PEER_OPEN,
    PEER_LINGERING, /* the last answer is on its way; what comes in is dropped */
    PEER_CLOSING,
};

struct pal_stage_peer {
    struct pal_stage_room *room; /* borrowed */
    struct pal_stage_peer *next;
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    enum peer_state state;
    bool is_reading;
    bool is_writing;
    bool overflow_logged;
    struct pal_frames frames;
    struct pal_buf answers; /* not handed to the loop yet */
    struct pal_buf sending; /* the loop's, while is_writing */
    int64_t heard_us;       /* last read */
    int64_t stuck_us;       /* since when its answers don't get away; 0 = they do */
    int64_t linger_us;      /* when lingering began */
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);
static void send_answers(struct pal_stage_peer *peer);

struct pal_stage_peer *
pal_stage_peer_next(const struct pal_stage_peer *peer)
{
    return peer->next;
}

void
pal_stage_peer_unlink(struct pal_stage_peer **list, struct pal_stage_peer *peer)
{
    while (*list != peer) {
        list = &(*list)->next;
    }
    *list = peer->next;
}

static void
on_closed(uv_handle_t *handle)
{
    struct pal_stage_peer *peer = handle->data;
    peer->room->on_gone(peer, peer->room->userdata);
    pal_frames_finish(&peer->frames);
    pal_buf_finish(&peer->answers);
    pal_buf_finish(&peer->sending);
    free(peer);
}

void
pal_stage_peer_close(struct pal_stage_peer *peer)
{
    if (peer->state != PEER_CLOSING) {
        peer->state = PEER_CLOSING;
        uv_close((uv_handle_t *)&peer->tcp, on_closed);
    }
}

static void
set_reading(struct pal_stage_peer *peer, bool wanted)
{
    if (wanted == peer->is_reading || peer->state == PEER_CLOSING) {
        return;
    }
    peer->is_reading = wanted;
    if (wanted) {
        (void)uv_read_start((uv_stream_t *)&peer->tcp, on_alloc, on_read);
    } else {
        (void)uv_read_stop((uv_stream_t *)&peer->tcp);
    }
}

static void
on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status;
}

/* No more messages from it: the last answer goes out, then the end of the stream. */
static void
linger(struct pal_stage_peer *peer)
{
    if (peer->state == PEER_OPEN) {
        peer->state = PEER_LINGERING;
        peer->linger_us = pal_now_us();
    }
}

static void
shut_down_when_sent(struct pal_stage_peer *peer)
{
    if (peer->state == PEER_LINGERING && !peer->is_writing && peer->answers.len == 0 &&
        peer->shutdown.data == NULL) {
        peer->shutdown.data = peer;
        if (uv_shutdown(&peer->shutdown, (uv_stream_t *)&peer->tcp, on_shutdown) < 0) {
            pal_stage_peer_close(peer);
        } else {
            set_reading(peer, true); /* to see the client's end, and not to reset the stream */
        }
    }
}

static void
on_written(uv_write_t *write, int status)
{
    struct pal_stage_peer *peer = write->data;
    peer->is_writing = false;
    peer->stuck_us = 0;
    pal_buf_clear(&peer->sending);
    if (status < 0) {
        pal_stage_peer_close(peer);
        return;
    }
    if (peer->room->is_framed) {
        send_answers(peer);
    } else {
        pal_stage_peer_work(peer);
    }
}

static void
send_answers(struct pal_stage_peer *peer)
{
    if (peer->state == PEER_CLOSING || peer->is_writing) {
        return;
    }
    if (peer->answers.len > 0) {
        uv_buf_t buf = uv_buf_init(peer->answers.data, (unsigned)peer->answers.len);
        int n = uv_try_write((uv_stream_t *)&peer->tcp, &buf, 1);
        if (n < 0 && n != UV_EAGAIN) {
            pal_stage_peer_close(peer);
            return;
        }
        pal_buf_consume(&peer->answers, n > 0 ? (size_t)n : 0);
    }
    if (peer->answers.len > 0) {
        struct pal_buf swap = peer->sending;
        peer->sending = peer->answers;
        peer->answers = swap;
        uv_buf_t buf = uv_buf_init(peer->sending.data, (unsigned)peer->sending.len);
        peer->is_writing = true;
        peer->stuck_us = pal_now_us();
        if (uv_write(&peer->write, (uv_stream_t *)&peer->tcp, &buf, 1, on_written) < 0) {
            peer->is_writing = false;
            pal_stage_peer_close(peer);
        }
        return;
    }
    shut_down_when_sent(peer);
}

static void
refuse(struct pal_stage_peer *peer, const char *why)
{
    peer->room->counts.n_bad++;
    pal_log_warn("client refused", "why=" PAL_LOG_STR, why);
    if (pal_stage_refuse(&peer->answers, PAL_ENCODING_JSON, why) != PAL_OK) {
        pal_stage_peer_close(peer);
        return;
    }
    linger(peer);
}

/* Returns false if the connection can't go on. */
static bool
handle(struct pal_stage_peer *peer, const struct pal_frame *frame)
{
    struct pal_stage_room *room = peer->room;
    struct pal_error error;
    enum pal_err refused = pal_avatar_decode(frame, &room->message, &error);
    room->counts.n_messages++;
    room->counts.n_commands += room->message.n_commands;
    room->counts.n_ignored += room->message.n_ignored;
    room->counts.n_bad += refused != PAL_OK ? 1 : 0;
    room->advance(room->userdata);
    if (pal_stage_act(&room->puppet, &room->message, refused, &error, &peer->answers) != PAL_OK) {
        refuse(peer, "the answer is too long");
        return false;
    }
    if (refused == PAL_ERR_PROTO && frame->encoding == PAL_ENCODING_MSGPACK) {
        linger(peer); /* a line ends by itself; after a broken map nothing is sure */
        return false;
    }
    return true;
}

static void
log_overflow(struct pal_stage_peer *peer, const char *what)
{
    peer->room->counts.n_overflows++;
    if (!peer->overflow_logged) {
        peer->overflow_logged = true;
        pal_log_warn("Queue overflow", "queue=%s bytes=%zu", what,
                     peer->answers.len + peer->sending.len);
    }
}

void
pal_stage_peer_work(struct pal_stage_peer *peer)
{
    struct pal_frame frame;
    while (peer->state == PEER_OPEN) {
        if (peer->answers.len >= ANSWERS_PAUSE_BYTES) {
            send_answers(peer);
            if (peer->answers.len >= ANSWERS_PAUSE_BYTES) {
                if (peer->is_reading) {
                    log_overflow(peer, "answers");
                }
                set_reading(peer, false);
                return; /* on_written() goes on */
            }
            continue;
        }
        enum pal_err err = pal_frames_next(&peer->frames, &frame);
        if (err == PAL_ERR_AGAIN) {
            break;
        }
        if (err != PAL_OK) {
            refuse(peer, err == PAL_ERR_LIMIT ? "message too long or nested too deeply"
                                              : "neither JSON nor MessagePack");
            break;
        }
        if (!handle(peer, &frame)) {
            break;
        }
    }
    send_answers(peer);
    set_reading(peer, true);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct pal_stage_peer *peer = handle->data;
    unsigned char *bytes;
    size_t len;
    (void)suggested;
    if (peer->state != PEER_OPEN) {
        pal_frames_clear(&peer->frames);
    }
    pal_frames_room(&peer->frames, &bytes, &len);
    *buf = uv_buf_init((char *)bytes, (unsigned)len);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pal_stage_peer *peer = stream->data;
    if (n < 0) {
        pal_stage_peer_close(peer);
        return;
    }
    if (n == 0 || peer->state != PEER_OPEN) {
        return;
    }
    peer->heard_us = pal_now_us();
    pal_frames_filled(&peer->frames, (size_t)n);
    if (!peer->room->is_framed) {
        pal_stage_peer_work(peer);
    } else if ((size_t)n == buf->len) {
        /* The room is full before the frame comes: the client waits, nothing is lost. */
        log_overflow(peer, "commands");
        set_reading(peer, false);
    }
}

void
pal_stage_peer_create(struct pal_stage_room *room, uv_stream_t *server,
                      struct pal_stage_peer **list)
{
    struct pal_stage_peer *peer = pal_calloc(1, sizeof(*peer));
    peer->room = room;
    peer->next = *list;
    *list = peer;
    (void)uv_tcp_init(server->loop, &peer->tcp);
    peer->tcp.data = peer;
    peer->write.data = peer;
    peer->heard_us = pal_now_us();
    pal_buf_init(&peer->answers, ANSWERS_MAX_BYTES);
    pal_buf_init(&peer->sending, ANSWERS_MAX_BYTES);
    pal_frames_init(&peer->frames);
    if (uv_accept(server, (uv_stream_t *)&peer->tcp) < 0 ||
        pal_stage_greet(&peer->answers) != PAL_OK) {
        pal_stage_peer_close(peer);
        return;
    }
    (void)uv_tcp_nodelay(&peer->tcp, 1);
    pal_log_debug("client connected", "clients=%u", room->counts.n_clients);
    set_reading(peer, true);
    send_answers(peer);
}

void
pal_stage_peer_watch(struct pal_stage_peer *peer, int64_t now_us)
{
    if (peer->state == PEER_LINGERING && now_us - peer->linger_us > LINGER_US) {
        pal_stage_peer_close(peer);
    } else if (peer->stuck_us != 0 && now_us - peer->stuck_us > STUCK_US) {
        pal_log_warn("client closed", "why=\"it does not read\"");
        pal_stage_peer_close(peer);
    } else if (peer->state == PEER_OPEN && peer->room->idle_us > 0 &&
               now_us - peer->heard_us > peer->room->idle_us) {
        refuse(peer, "silent for too long");
        send_answers(peer);
    }
}
