#ifndef PAL_ENGINE_WIRE_H
#define PAL_ENGINE_WIRE_H
/*
 * What goes over the socket between the front and the engine.
 *
 * A frame is a big-endian u32 length and that many bytes of MessagePack: one flat array whose first
 * item is the kind. Both ends are ours and of the same version, yet each reads the other strictly,
 * because the engine may be broken by a model file: every count, range and UTF-8 text is checked,
 * and a frame that breaks a rule ends the connection. Pure; any thread.
 */
#include "engine/job.h"
#include "engine/settings.h"
#include "util/buf.h"

/* A job's largest texts, and room for the rest of its fields. */
#define PAL_WIRE_FRAME_MAX_BYTES (PAL_JOB_BYTES_MAX + (64u << 10))
#define PAL_WIRE_HEAD_BYTES      4

enum pal_wire_kind {
    /* down */
    PAL_WIRE_SETTINGS = 1, /* always the first, exactly once */
    PAL_WIRE_JOB = 2,
    PAL_WIRE_CANCEL = 3,
    PAL_WIRE_PING = 4,
    PAL_WIRE_QUIT = 5,
    PAL_WIRE_HAND_OVER = 6, /* answered by STATE, LEAVING */
    PAL_WIRE_ADOPT = 7,
    /* up */
    PAL_WIRE_EVENT = 16,
    PAL_WIRE_PONG = 17,
};

struct pal_wire_message {
    enum pal_wire_kind kind;
    struct pal_settings settings; /* SETTINGS; owned */
    struct pal_job job;           /* JOB; owned; not yet checked by pal_job_check() */
    uint64_t turn_id;             /* CANCEL */
    uint64_t serial;              /* PING, and its PONG */
    struct pal_engine_pace pace;  /* PONG */
    struct pal_engine_held held;  /* PONG */
    int64_t busy_us;              /* PONG: age of the running step or load; 0 = idle */
    struct pal_event event;       /* EVENT; its text points into the bytes that were read */
};

/* Each appends one whole frame; PAL_ERR_LIMIT (and nothing appended) if `out` has no room. */
enum pal_err pal_wire_put_settings(struct pal_buf *out,
                                   const struct pal_settings *settings) PAL_MUST_USE;
enum pal_err pal_wire_put_job(struct pal_buf *out, const struct pal_job *job) PAL_MUST_USE;
enum pal_err pal_wire_put_cancel(struct pal_buf *out, uint64_t turn_id) PAL_MUST_USE;
enum pal_err pal_wire_put_ping(struct pal_buf *out, uint64_t serial) PAL_MUST_USE;
enum pal_err pal_wire_put_quit(struct pal_buf *out) PAL_MUST_USE;
enum pal_err pal_wire_put_hand_over(struct pal_buf *out) PAL_MUST_USE;
enum pal_err pal_wire_put_adopt(struct pal_buf *out) PAL_MUST_USE;
enum pal_err pal_wire_put_event(struct pal_buf *out, const struct pal_event *event) PAL_MUST_USE;
enum pal_err pal_wire_put_pong(struct pal_buf *out, uint64_t serial, int64_t busy_us,
                               const struct pal_engine_pace *pace,
                               const struct pal_engine_held *held) PAL_MUST_USE;

/*
 * Reads the frame at data[0..len). PAL_OK: *message is the caller's, to be given to
 * pal_wire_message_finish(), and *used bytes are done with. PAL_ERR_AGAIN: it isn't whole yet.
 * PAL_ERR_PROTO, PAL_ERR_LIMIT: the peer is broken; close.
 */
enum pal_err pal_wire_read(const void *data, size_t len, struct pal_wire_message *message,
                           size_t *used) PAL_MUST_USE;
void pal_wire_message_finish(struct pal_wire_message *message);

#endif
