/*
 * Any bytes as MessagePack of the avatar link: a message that is cut out of them is one that
 * msgpack-c reads too, with the same end; it is read and answered without harm.
 */
#include <msgpack.h>
#include <string.h>

#include "output/stage_act.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
compare_with_msgpack_c(const struct pal_frame *frame)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;
    msgpack_unpacked_init(&unpacked);
    msgpack_unpack_return result =
        msgpack_unpack_next(&unpacked, (const char *)frame->at, frame->len, &offset);
    PAL_ASSERT(result == MSGPACK_UNPACK_SUCCESS && offset == frame->len);
    msgpack_unpacked_destroy(&unpacked);
}

static void
act(const struct pal_frame *frame)
{
    struct pal_avatar_message message = {0};
    struct pal_puppet puppet;
    struct pal_buf answer;
    struct pal_error error;
    struct pal_avatar_reply reply;
    pal_puppet_init(&puppet, 1);
    pal_buf_init(&answer, 65536);
    enum pal_err refused = pal_avatar_decode(frame, &message, &error);
    PAL_ASSERT(pal_stage_act(&puppet, &message, refused, &error, &answer) == PAL_OK);
    if (answer.len > 0) {
        struct pal_frame answered = {frame->encoding, (unsigned char *)answer.data, answer.len};
        PAL_ASSERT(pal_avatar_reply_decode(&answered, &reply) == PAL_OK);
    }
    (void)pal_avatar_reply_decode(frame, &reply);
    pal_buf_finish(&answer);
    pal_avatar_message_finish(&message);
}

/* The same bytes again, handed over in pieces whose sizes they choose themselves. */
static size_t
count_in_pieces(struct pal_frames *frames, const uint8_t *data, size_t len)
{
    struct pal_frame frame;
    size_t n_frames = 0;
    enum pal_err err = PAL_ERR_AGAIN;
    pal_frames_clear(frames);
    for (size_t i = 0; i < len && err == PAL_ERR_AGAIN;) {
        unsigned char *room;
        size_t room_len;
        size_t n = 1 + data[i] % 5;
        n = n < len - i ? n : len - i;
        pal_frames_room(frames, &room, &room_len);
        memcpy(room, data + i, n);
        pal_frames_filled(frames, n);
        i += n;
        while ((err = pal_frames_next(frames, &frame)) == PAL_OK) {
            n_frames++;
        }
    }
    return n_frames;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct pal_frames frames; /* kept: its room is large */
    struct pal_frame frame;
    unsigned char *room;
    size_t room_len;
    size_t n_frames = 0;
    if (frames.bytes == NULL) {
        pal_frames_init(&frames);
    }
    pal_frames_clear(&frames);
    pal_frames_room(&frames, &room, &room_len);
    len = len < room_len ? len : room_len;
    memcpy(room, data, len);
    pal_frames_filled(&frames, len);
    while (pal_frames_next(&frames, &frame) == PAL_OK) {
        n_frames++;
        if (frame.encoding == PAL_ENCODING_MSGPACK) {
            compare_with_msgpack_c(&frame);
        }
        act(&frame);
    }
    PAL_ASSERT(count_in_pieces(&frames, data, len) == n_frames);
    return 0;
}
