#ifndef PAL_OUTPUT_AVATAR_ENCODE_H
#define PAL_OUTPUT_AVATAR_ENCODE_H
/*
 * Commands and replies -> bytes appended to a buffer. All or nothing: where the buffer's maximum is
 * met it is left as it was, and PAL_ERR_LIMIT comes back. Pure; any thread.
 */
#include "output/avatar_decode.h"
#include "output/wire_out.h"
#include "util/buf.h"

/* How a peer wants its requests. */
struct pal_avatar_style {
    enum pal_encoding encoding;
    bool is_short; /* MessagePack with numbers for known words */
};

struct pal_avatar_request {
    int64_t id;    /* 0 = none */
    bool no_reply; /* "ack":false */
};

/* The envelope form (MessagePack, short: the flat form). `command` may have any verb but BATCH. */
enum pal_err pal_avatar_encode(struct pal_buf *buf, struct pal_avatar_style style,
                               const struct pal_avatar_command *command,
                               struct pal_avatar_request request) PAL_MUST_USE;

/* {"command":"batch","data":{"commands":[...],"count":n}}; n <= PAL_AVATAR_BATCH_MAX. */
enum pal_err pal_avatar_encode_batch(struct pal_buf *buf, struct pal_avatar_style style,
                                     const struct pal_avatar_command *commands, size_t n_commands,
                                     struct pal_avatar_request request) PAL_MUST_USE;

/* What an avatar answers. */
struct pal_avatar_answer {
    enum pal_encoding encoding;
    enum pal_avatar_shape shape;
    enum pal_avatar_verb verb;
    bool is_ok;
    const char *message; /* NULL = none; UTF-8 */
    struct pal_avatar_id id;
    int64_t n_processed; /* batch; else -1 */
    int64_t n_ignored;   /* batch: only told when not 0 */
    bool offers;         /* hello and greeting: encodings, batches, max_bytes */
    bool is_greeting;
    /* get_state: writes one value. NULL = none. */
    void (*write_state)(struct pal_wire_out *out, void *userdata);
    void *userdata;
};

enum pal_err pal_avatar_encode_answer(struct pal_buf *buf,
                                      const struct pal_avatar_answer *answer) PAL_MUST_USE;

#endif
