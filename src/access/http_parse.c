#include "access/http_parse.h"

#include <string.h>

#define FRAMING_LINE_MAX 1024 /* a chunk's size with its extensions, or a trailer */
#define ROOM_KEPT        ((size_t)16 * 1024)

enum state {
    STATE_HEAD,
    STATE_BODY_LENGTH,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_CR,
    STATE_CHUNK_LF,
    STATE_TRAILER,
    STATE_DONE,
    STATE_BAD,
};

void
pal_http_parser_init(struct pal_http_parser *parser, size_t max_body_bytes)
{
    *parser = (struct pal_http_parser){.state = STATE_HEAD};
    pal_buf_init(&parser->raw, PAL_HTTP_HEAD_BYTES_MAX);
    pal_buf_init(&parser->line, FRAMING_LINE_MAX);
    pal_buf_init(&parser->body, max_body_bytes);
}

void
pal_http_parser_finish(struct pal_http_parser *parser)
{
    pal_buf_finish(&parser->raw);
    pal_buf_finish(&parser->line);
    pal_buf_finish(&parser->body);
}

void
pal_http_parser_reset(struct pal_http_parser *parser)
{
    if (parser->body.cap > ROOM_KEPT) {
        pal_buf_finish(&parser->body);
    }
    pal_buf_clear(&parser->body);
    pal_buf_clear(&parser->raw);
    pal_buf_clear(&parser->line);
    parser->head = (struct pal_http_head){0};
    parser->status = 0;
    parser->n_trailers = 0;
    parser->state = STATE_HEAD;
}

bool
pal_http_parser_is_fresh(const struct pal_http_parser *parser)
{
    return parser->state == STATE_HEAD && parser->raw.len == 0;
}

bool
pal_http_parser_in_body(const struct pal_http_parser *parser)
{
    return parser->state > STATE_HEAD && parser->state < STATE_DONE;
}

bool
pal_http_parser_is_whole(const struct pal_http_parser *parser)
{
    return parser->state == STATE_DONE;
}

static enum pal_http_parse
bad(struct pal_http_parser *parser, int status, const char *why)
{
    parser->state = STATE_BAD;
    parser->status = status;
    (void)pal_error_set(&parser->error, PAL_ERR_PROTO, "%s", why);
    return PAL_HTTP_BAD;
}

/* The head is whole: what kind of body follows? */
static enum pal_http_parse
end_head(struct pal_http_parser *parser)
{
    struct pal_http_head *head = &parser->head;
    int status = 0;
    const char *why = pal_http_head_parse(head, parser->raw.data, parser->raw.len, &status);
    if (why != NULL) {
        return bad(parser, status, why);
    }
    if (head->has_length && head->content_length > parser->body.max_bytes) {
        return bad(parser, 413, "the body is larger than this server takes");
    }
    parser->body_left = head->content_length;
    parser->state = head->chunked              ? STATE_CHUNK_SIZE
                    : head->content_length > 0 ? STATE_BODY_LENGTH
                                               : STATE_DONE;
    return PAL_HTTP_HEAD_DONE;
}

static enum pal_http_parse
feed_head(struct pal_http_parser *parser, const char *bytes, size_t len, size_t *taken)
{
    struct pal_buf *raw = &parser->raw;
    size_t at = 0;
    /* A few empty lines before a request are forgiven (RFC 9112, 2.2); they are not kept. */
    while (raw->len == 0 && at < len && (bytes[at] == '\r' || bytes[at] == '\n')) {
        at++;
    }
    while (at < len) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - (bytes + at)) + 1;
        if (pal_buf_append(raw, bytes + at, n) != PAL_OK) {
            *taken = at;
            return bad(parser, 431, "the request's head is larger than 8 KiB");
        }
        at += n;
        if (end != NULL && raw->len >= 4 && memcmp(raw->data + raw->len - 4, "\r\n\r\n", 4) == 0) {
            *taken = at;
            return end_head(parser);
        }
        if (end != NULL && raw->len >= 2 && raw->data[raw->len - 2] != '\r') {
            *taken = at;
            return bad(parser, 400, "lines must end in CR LF");
        }
    }
    *taken = at;
    return PAL_HTTP_MORE;
}

/* Moves what belongs to the body (or to the present chunk). */
static bool
take_body(struct pal_http_parser *parser, const char *bytes, size_t len, size_t *taken)
{
    size_t n = parser->body_left < len ? (size_t)parser->body_left : len;
    if (pal_buf_append(&parser->body, bytes, n) != PAL_OK) {
        (void)bad(parser, 413, "the body is larger than this server takes");
        return false;
    }
    parser->body_left -= n;
    *taken += n;
    return true;
}

/* Collects a line that ends in CR LF; true once it is whole, without its end. */
static bool
take_line(struct pal_http_parser *parser, char c)
{
    struct pal_buf *line = &parser->line;
    if (c != '\n') {
        if (pal_buf_append(line, &c, 1) != PAL_OK) {
            (void)bad(parser, 400, "a line between chunks is too long");
        }
        return false;
    }
    if (line->len == 0 || line->data[line->len - 1] != '\r' || strlen(line->data) != line->len) {
        (void)bad(parser, 400, "a line between chunks is malformed");
        return false;
    }
    line->data[--line->len] = '\0';
    return true;
}

/* "1f" or "1f;name=value". Only hex digits make the size: no sign, no space, no 0x. */
static void
parse_chunk_size(struct pal_http_parser *parser)
{
    const char *at = parser->line.data;
    uint64_t size = 0;
    int n_digits = 0;
    for (; pal_http_hex_value(*at) >= 0 && n_digits < 9; at++, n_digits++) {
        size = size * 16 + (uint64_t)pal_http_hex_value(*at);
    }
    if (n_digits == 0 || n_digits == 9 || (*at != '\0' && *at != ';')) {
        (void)bad(parser, 400, "a chunk's size is malformed");
        return;
    }
    parser->body_left = size;
    parser->state = size > 0 ? STATE_CHUNK_DATA : STATE_TRAILER;
}

/* Trailers are read to their end and dropped. */
static void
drop_trailer(struct pal_http_parser *parser)
{
    if (parser->line.len == 0) {
        parser->state = STATE_DONE;
    } else if (++parser->n_trailers > PAL_HTTP_FIELDS_MAX) {
        (void)bad(parser, 431, "there are more than 64 trailer fields");
    }
}

/* One byte of what stands around the chunks' data. */
static void
take_framing(struct pal_http_parser *parser, char c)
{
    bool in_line = parser->state == STATE_CHUNK_SIZE || parser->state == STATE_TRAILER;
    if (in_line) {
        if (!take_line(parser, c)) {
            return;
        }
        if (parser->state == STATE_CHUNK_SIZE) {
            parse_chunk_size(parser);
        } else {
            drop_trailer(parser);
        }
        pal_buf_clear(&parser->line);
    } else if (c != (parser->state == STATE_CHUNK_CR ? '\r' : '\n')) {
        (void)bad(parser, 400, "a chunk does not end where its size says");
    } else {
        parser->state = parser->state == STATE_CHUNK_CR ? STATE_CHUNK_LF : STATE_CHUNK_SIZE;
    }
}

enum pal_http_parse
pal_http_parser_feed(struct pal_http_parser *parser, const char *bytes, size_t len, size_t *taken)
{
    *taken = 0;
    if (parser->state == STATE_HEAD) {
        return feed_head(parser, bytes, len, taken);
    }
    while (*taken < len && parser->state < STATE_DONE) {
        const char *at = bytes + *taken;
        if (parser->state == STATE_BODY_LENGTH || parser->state == STATE_CHUNK_DATA) {
            if (take_body(parser, at, len - *taken, taken) && parser->body_left == 0) {
                parser->state = parser->state == STATE_CHUNK_DATA ? STATE_CHUNK_CR : STATE_DONE;
            }
            continue;
        }
        *taken += 1;
        take_framing(parser, *at);
    }
    return parser->state == STATE_DONE  ? PAL_HTTP_DONE
           : parser->state == STATE_BAD ? PAL_HTTP_BAD
                                        : PAL_HTTP_MORE;
}
