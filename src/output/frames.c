#include "output/frames.h"

#include <string.h>
#include <stdlib.h>

#include "util/mem.h"

#define ROOM_BYTES (2 * PAL_FRAME_MAX_BYTES)

void
pal_frames_init(struct pal_frames *frames)
{
    *frames = (struct pal_frames){.bytes = pal_realloc(NULL, ROOM_BYTES, 1)};
}

void
pal_frames_finish(struct pal_frames *frames)
{
    if (frames != NULL) {
        free(frames->bytes);
        *frames = (struct pal_frames){0};
    }
}

void
pal_frames_clear(struct pal_frames *frames)
{
    *frames = (struct pal_frames){.bytes = frames->bytes};
}

void
pal_frames_room(struct pal_frames *frames, unsigned char **bytes, size_t *len)
{
    if (frames->start == frames->len) {
        frames->start = 0;
        frames->len = 0;
    } else if (frames->start > PAL_FRAME_MAX_BYTES / 2) {
        /* Moves at most what half a room has consumed: each byte about once. */
        memmove(frames->bytes, frames->bytes + frames->start, frames->len - frames->start);
        frames->len -= frames->start;
        frames->start = 0;
    }
    *bytes = frames->bytes + frames->len;
    *len = ROOM_BYTES - frames->len;
}

void
pal_frames_filled(struct pal_frames *frames, size_t n)
{
    PAL_ASSERT(n <= ROOM_BYTES - frames->len);
    frames->len += n;
}

static enum pal_err
json_line(struct pal_frames *frames, struct pal_frame *frame)
{
    const unsigned char *at = frames->bytes + frames->start;
    size_t len = frames->len - frames->start;
    const unsigned char *newline = memchr(at + frames->scanned, '\n', len - frames->scanned);
    size_t line_len = newline != NULL ? (size_t)(newline - at) : len;
    if (line_len > PAL_FRAME_MAX_BYTES) {
        return PAL_ERR_LIMIT;
    }
    if (newline == NULL) {
        frames->scanned = len;
        return PAL_ERR_AGAIN;
    }
    *frame = (struct pal_frame){PAL_ENCODING_JSON, at, line_len};
    frames->start += line_len + 1;
    frames->scanned = 0;
    return PAL_OK;
}

/* What the value at `at` is made of: its header's bytes, bytes of content, values inside. */
struct value_size {
    size_t header;
    uint64_t content;
    uint64_t values;
};

static uint64_t
big_endian(const unsigned char *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* From 0xC0 to 0xDF. Returns false while the header is incomplete. */
static bool
long_value_size(const unsigned char *at, size_t len, struct value_size *size)
{
    /* Bytes of the length field behind the first byte; fixed content for the others. */
    static const unsigned char field[32] = {0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0,
                                            0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4};
    static const unsigned char fixed[32] = {0, 0, 0, 0, 0, 0, 0, 1, 1,  1, 4, 8, 1, 2, 4, 8,
                                            1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0};
    unsigned char c = (unsigned char)(at[0] - 0xC0);
    size->header = 1U + field[c];
    if (len < size->header) {
        return false;
    }
    uint64_t n = big_endian(at + 1, field[c]);
    size->content = fixed[c];
    size->values = 0;
    if (c >= 0x1E) {
        size->values = 2 * n;
    } else if (c >= 0x1C) {
        size->values = n;
    } else {
        size->content += n;
    }
    return true;
}

static bool
value_size(const unsigned char *at, size_t len, struct value_size *size)
{
    unsigned char c = at[0];
    *size = (struct value_size){.header = 1};
    if (c < 0x80 || c >= 0xE0) {
        return true;
    }
    if (c < 0x90) {
        size->values = 2 * (uint64_t)(c & 0x0F);
    } else if (c < 0xA0) {
        size->values = c & 0x0F;
    } else if (c < 0xC0) {
        size->content = c & 0x1F;
    } else {
        return c != 0xC1 && long_value_size(at, len, size);
    }
    return true;
}

/* Goes on behind the values that are complete; frames->scanned may point past what is there. */
static enum pal_err
msgpack_map(struct pal_frames *frames, struct pal_frame *frame)
{
    const unsigned char *at = frames->bytes + frames->start;
    size_t len = frames->len - frames->start;
    if (frames->scanned == 0) {
        frames->depth = 1;
        frames->left[0] = 1;
    }
    while (frames->depth > 0) {
        if (frames->left[frames->depth - 1] == 0) {
            frames->depth--;
            continue;
        }
        struct value_size size;
        if (frames->scanned >= len) {
            return PAL_ERR_AGAIN;
        }
        if (!value_size(at + frames->scanned, len - frames->scanned, &size)) {
            return at[frames->scanned] == 0xC1 ? PAL_ERR_PROTO : PAL_ERR_AGAIN;
        }
        /* A value has a byte at least, so a count above the limit lies or is too much. */
        if (size.content > PAL_FRAME_MAX_BYTES || size.values > PAL_FRAME_MAX_BYTES ||
            frames->scanned + size.header + size.content > PAL_FRAME_MAX_BYTES) {
            return PAL_ERR_LIMIT;
        }
        frames->left[frames->depth - 1]--;
        frames->scanned += size.header + (size_t)size.content;
        if (size.values > 0) {
            if (frames->depth == PAL_FRAMES_DEPTH_MAX) {
                return PAL_ERR_LIMIT;
            }
            frames->left[frames->depth++] = size.values;
        }
    }
    if (frames->scanned > len) {
        frames->depth = 1; /* complete, but for the last string's bytes */
        frames->left[0] = 0;
        return PAL_ERR_AGAIN;
    }
    *frame = (struct pal_frame){PAL_ENCODING_MSGPACK, at, frames->scanned};
    frames->start += frames->scanned;
    frames->scanned = 0;
    return PAL_OK;
}

enum pal_err
pal_frames_next(struct pal_frames *frames, struct pal_frame *frame)
{
    while (frames->scanned == 0 && frames->start < frames->len) {
        unsigned char c = frames->bytes[frames->start];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            break;
        }
        frames->start++;
    }
    if (frames->start == frames->len) {
        return PAL_ERR_AGAIN;
    }
    unsigned char c = frames->bytes[frames->start];
    if (c == '{') {
        return json_line(frames, frame);
    }
    if ((c & 0xF0) == 0x80 || c == 0xDE || c == 0xDF) {
        return msgpack_map(frames, frame);
    }
    return PAL_ERR_PROTO;
}
