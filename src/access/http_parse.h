#ifndef PAL_ACCESS_HTTP_PARSE_H
#define PAL_ACCESS_HTTP_PARSE_H
/*
 * Reads one HTTP/1.1 (or 1.0) request from bytes that arrive in any cut.
 *
 * The head is kept in one buffer and its fields point into it (http_head.h); the body is decoded
 * (length or chunks) into another. Both have maxima.
 *
 * Pure: no sockets, no time. One owner, one thread.
 */
#include "access/http_head.h"
#include "util/buf.h"

enum pal_http_parse {
    PAL_HTTP_MORE,      /* all bytes were taken; give more */
    PAL_HTTP_HEAD_DONE, /* told once, before any of the body is taken: decide, then feed the rest
                           (0 bytes too) */
    PAL_HTTP_DONE,      /* the request is whole; further bytes belong to the next one */
    PAL_HTTP_BAD,       /* answer with `status` and `error`, then close */
};

struct pal_http_parser {
    struct pal_http_head head;
    struct pal_buf body; /* decoded */
    int status;          /* PAL_HTTP_BAD: 400, 413, 431, 417, 501 or 505 */
    struct pal_error error;

    /* private */
    struct pal_buf raw; /* the head as it came, cut into texts once it is whole */
    int state;
    struct pal_buf line; /* a chunk's size, or a trailer, so far */
    uint64_t body_left;  /* of the body, or of the present chunk */
    size_t n_trailers;
};

void pal_http_parser_init(struct pal_http_parser *parser, size_t max_body_bytes);
void pal_http_parser_finish(struct pal_http_parser *parser);
/* Ready for the next request; the room is kept up to a few KiB. */
void pal_http_parser_reset(struct pal_http_parser *parser);

/* Takes bytes; *taken says how many. After DONE or BAD only reset or finish may follow. */
enum pal_http_parse pal_http_parser_feed(struct pal_http_parser *parser, const char *bytes,
                                         size_t len, size_t *taken);

/* True before the first byte of a request: nothing is lost by closing now. */
bool pal_http_parser_is_fresh(const struct pal_http_parser *parser);
bool pal_http_parser_in_body(const struct pal_http_parser *parser);
/* True once nothing of the request is missing, told by DONE or not yet. */
bool pal_http_parser_is_whole(const struct pal_http_parser *parser);

#endif
