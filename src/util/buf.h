#ifndef PAL_UTIL_BUF_H
#define PAL_UTIL_BUF_H
/*
 * A growing byte buffer with a maximum, always NUL-terminated after `len`. One owner, one thread.
 *
 * The maximum is named when the buffer is born. An append that would pass it changes nothing and
 * returns PAL_ERR_LIMIT: what then happens (refuse the request, close the peer) is the owner's
 * choice.
 */
#include <stddef.h>

#include "util/err.h"

struct pal_buf {
    char *data; /* owned; "" shared constant when cap is 0 */
    size_t len;
    size_t cap;
    size_t max_bytes; /* largest allowed len */
};

void pal_buf_init(struct pal_buf *buf, size_t max_bytes);
/* Frees; accepts NULL or a zeroed struct; the struct may be initialised again. */
void pal_buf_finish(struct pal_buf *buf);
/* len becomes 0; the room is kept. */
void pal_buf_clear(struct pal_buf *buf);

enum pal_err pal_buf_append(struct pal_buf *buf, const void *bytes, size_t len) PAL_MUST_USE;
enum pal_err pal_buf_append_text(struct pal_buf *buf, const char *text) PAL_MUST_USE;
enum pal_err pal_buf_printf(struct pal_buf *buf, const char *format, ...)
    PAL_PRINTF(2, 3) PAL_MUST_USE;

/* Drops the first n bytes (n <= len). */
void pal_buf_consume(struct pal_buf *buf, size_t n);

/* Gives the bytes away: the caller owns (and frees) the result; the buffer is empty afterwards. */
char *pal_buf_take(struct pal_buf *buf);

#endif
