#ifndef PAL_OUTPUT_AVATAR_DECODE_H
#define PAL_OUTPUT_AVATAR_DECODE_H
/*
 * One message's bytes -> commands (the avatar's end) or a reply (the client's end). Both dialects:
 * the envelope {"command","data":{}} and the flat {"command","name","weight"}; both batches. Pure;
 * one owner.
 */
#include "output/avatar_command.h"
#include "output/frames.h"

enum pal_avatar_shape {
    PAL_SHAPE_ENVELOPE,       /* {"command":c,"data":{}} */
    PAL_SHAPE_FLAT,           /* {"command":c,...} */
    PAL_SHAPE_BATCH_ENVELOPE, /* {"command":"batch","data":{"commands":[...]}} */
    PAL_SHAPE_BATCH_FLAT,     /* {"batch":[...]} */
};

struct pal_avatar_message {
    enum pal_encoding encoding;
    enum pal_avatar_shape shape;
    enum pal_avatar_verb verb; /* BATCH for either batch; UNKNOWN if it was not understood */
    struct pal_avatar_id id;
    bool wants_reply;                    /* false only for "ack":false */
    size_t n_commands;                   /* understood; 0 in a batch of nothing */
    size_t n_ignored;                    /* of a batch: verbs that we don't know */
    struct pal_avatar_command *commands; /* owned; texts point into the frame or `texts` */
    size_t cap;
    char *texts; /* owned */
    size_t texts_cap;
};

/* A zeroed message may be finished. Its room is kept from decode to decode. */
void pal_avatar_message_finish(struct pal_avatar_message *message);

/*
 * All or nothing: on an error *message holds no command, and error->text tells the peer why (code
 * PROTO: not a message; ARGUMENT: a value is not allowed; UNSUPPORTED: unknown command; LIMIT).
 * `shape` and `id` are set as far as they were read, for the reply. Commands' texts are valid as
 * long as the frame and until the next decode.
 */
enum pal_err pal_avatar_decode(const struct pal_frame *frame, struct pal_avatar_message *message,
                               struct pal_error *error) PAL_MUST_USE;

struct pal_avatar_reply {
    bool is_ok;       /* no status, or one that is not "error" */
    bool is_bare;     /* no command in it: a real Unity's `{}`, or a flat reply */
    bool is_greeting; /* status "connected" */
    enum pal_avatar_verb verb;
    struct pal_avatar_id id;
    int64_t processed;   /* -1 = not told */
    bool offers_msgpack; /* hello */
    bool offers_batches; /* hello */
    char message[256];   /* cut there; UTF-8 */
};

/* PAL_ERR_PROTO if it is not a map at all; unknown fields and odd types are ignored. */
enum pal_err pal_avatar_reply_decode(const struct pal_frame *frame,
                                     struct pal_avatar_reply *reply) PAL_MUST_USE;

#endif
