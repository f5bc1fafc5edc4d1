#ifndef PAL_OUTPUT_FRAMES_H
#define PAL_OUTPUT_FRAMES_H
/*
 * Cuts the bytes of an avatar connection into messages. The first byte of each decides: `{` is a
 * JSON line up to its newline; 0x80-0x8F, 0xDE, 0xDF begin a MessagePack map, which tells its own
 * end; white space is skipped; anything else (a web browser's POST, say) is not this protocol.
 *
 * No byte is looked at twice while a message comes in pieces, so a message sent one byte at a time
 * costs no more than at once. One owner, one thread.
 */
#include "output/wire.h"
#include "util/err.h"

/* Largest message. Both ends hold to it; the `hello` reply tells it. */
#define PAL_FRAME_MAX_BYTES ((size_t)256 * 1024)

/* Containers that a MessagePack message may have open inside each other, before it is refused. */
#define PAL_FRAMES_DEPTH_MAX (PAL_WIRE_DEPTH_MAX + 1)

struct pal_frames {
    unsigned char *bytes;                /* owned; two messages' room */
    size_t start;                        /* first byte not handed out yet */
    size_t len;                          /* bytes there, from 0 */
    size_t scanned;                      /* of the message at start: bytes already looked at */
    unsigned depth;                      /* MessagePack: open containers */
    uint64_t left[PAL_FRAMES_DEPTH_MAX]; /* values to come in each */
};

struct pal_frame {
    enum pal_encoding encoding;
    const unsigned char *at; /* valid until the next pal_frames_room() */
    size_t len;
};

void pal_frames_init(struct pal_frames *frames);
/* Accepts NULL and a zeroed struct. */
void pal_frames_finish(struct pal_frames *frames);
/* Forgets all bytes (a new connection). */
void pal_frames_clear(struct pal_frames *frames);

/* Room for the next read: *bytes and *len; len is 0 while whole messages wait to be taken. */
void pal_frames_room(struct pal_frames *frames, unsigned char **bytes, size_t *len);
/* n bytes have been read into that room. */
void pal_frames_filled(struct pal_frames *frames, size_t n);

/*
 * PAL_OK: *frame is the next message. PAL_ERR_AGAIN: more bytes are needed. PAL_ERR_LIMIT: the
 * message is too long, or nested too deeply, and PAL_ERR_PROTO: this is no message; the connection
 * can't go on after either, since nobody knows where the next message begins.
 */
enum pal_err pal_frames_next(struct pal_frames *frames, struct pal_frame *frame) PAL_MUST_USE;

#endif
