#include "output/stream.h"

#include <string.h>

#include "util/utf8.h"

static void
read_clause(struct pal_stream *stream)
{
    struct pal_mood mood;
    if (stream->n_clause > 0 && !stream->is_tagged &&
        pal_emotion_read(stream->clause, stream->n_clause, &mood)) {
        stream->ops->mood(stream->userdata, &mood);
    }
    stream->n_clause = 0;
    stream->is_tagged = false;
}

/* A mark that ends a clause; an emoji does too, since it often stands behind the last mark. */
static bool
ends_clause(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == ',' || c == ';' || c == ':' || c == '\n' ||
           c == 0x2026 || c == 0x2014 || (c >= 0x2600 && c <= 0x27BF) || c >= 0x1F000;
}

static void
on_text(void *userdata, const char *text, size_t len)
{
    struct pal_stream *stream = userdata;
    stream->ops->text(stream->userdata, text, len);
    for (size_t i = 0; i < len;) {
        uint32_t c;
        int n = pal_utf8_step(text + i, len - i, &c);
        size_t size = n > 0 ? (size_t)n : 1;
        if (stream->n_clause + size > PAL_STREAM_CLAUSE_MAX) {
            read_clause(stream);
        }
        memcpy(stream->clause + stream->n_clause, text + i, size);
        stream->n_clause += size;
        i += size;
        if (n > 0 && ends_clause(c)) {
            read_clause(stream);
        }
    }
}

static void
on_tag(void *userdata, const struct pal_tag *tag)
{
    struct pal_stream *stream = userdata;
    stream->is_tagged = true;
    stream->ops->tag(stream->userdata, tag);
}

void
pal_stream_init(struct pal_stream *stream, const struct pal_stream_ops *ops, void *userdata)
{
    static const struct pal_tags_ops tags_ops = {on_text, on_tag};
    *stream = (struct pal_stream){.ops = ops, .userdata = userdata};
    pal_tags_init(&stream->tags, &tags_ops, stream);
}

/* Hands on whole characters from a copy that may be mended. */
static void
feed_whole(struct pal_stream *stream, const char *text, size_t len)
{
    char copy[256];
    while (len > 0) {
        size_t n = len;
        if (n > sizeof(copy)) { /* cut where a character ends */
            n = pal_utf8_whole(text, sizeof(copy));
        }
        memcpy(copy, text, n);
        pal_utf8_scrub(copy, n);
        pal_tags_feed(&stream->tags, copy, n);
        text += n;
        len -= n;
    }
}

void
pal_stream_feed(struct pal_stream *stream, const char *piece, size_t len)
{
    /* First the character that began in the last piece, one byte at a time. */
    while (stream->n_tail > 0 && len > 0) {
        stream->tail[stream->n_tail++] = *piece;
        size_t whole = pal_utf8_whole(stream->tail, stream->n_tail);
        piece++;
        len--;
        if (whole > 0) {
            size_t rest = stream->n_tail - whole;
            char done[4];
            memcpy(done, stream->tail, whole);
            memmove(stream->tail, stream->tail + whole, rest);
            stream->n_tail = rest;
            feed_whole(stream, done, whole);
        }
    }
    size_t whole = pal_utf8_whole(piece, len);
    feed_whole(stream, piece, whole);
    memcpy(stream->tail + stream->n_tail, piece + whole, len - whole);
    stream->n_tail += len - whole;
}

void
pal_stream_end(struct pal_stream *stream)
{
    feed_whole(stream, stream->tail, stream->n_tail);
    stream->n_tail = 0;
    pal_tags_end(&stream->tags);
    read_clause(stream);
}
