#include "util/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static char empty[1];

void
pal_buf_init(struct pal_buf *buf, size_t max_bytes)
{
    *buf = (struct pal_buf){.data = empty, .max_bytes = max_bytes};
}

void
pal_buf_finish(struct pal_buf *buf)
{
    if (buf == NULL) {
        return;
    }
    if (buf->cap > 0) {
        free(buf->data);
    }
    *buf = (struct pal_buf){.data = empty, .max_bytes = buf->max_bytes};
}

void
pal_buf_clear(struct pal_buf *buf)
{
    buf->len = 0;
    if (buf->cap > 0) {
        buf->data[0] = '\0';
    }
}

static enum pal_err
reserve(struct pal_buf *buf, size_t more)
{
    if (more > buf->max_bytes || buf->len > buf->max_bytes - more) {
        return PAL_ERR_LIMIT;
    }
    size_t needed = buf->len + more + 1;
    if (needed <= buf->cap) {
        return PAL_OK;
    }
    size_t cap = buf->cap > 0 ? buf->cap : 64;
    while (cap < needed) {
        cap += cap / 2 + 1;
    }
    buf->data = pal_realloc(buf->cap > 0 ? buf->data : NULL, cap, 1);
    buf->cap = cap;
    return PAL_OK;
}

enum pal_err
pal_buf_append(struct pal_buf *buf, const void *bytes, size_t len)
{
    enum pal_err err = reserve(buf, len);
    if (err != PAL_OK) {
        return err;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, bytes, len);
    }
    buf->len += len;
    buf->data[buf->len] = '\0';
    return PAL_OK;
}

enum pal_err
pal_buf_append_text(struct pal_buf *buf, const char *text)
{
    return pal_buf_append(buf, text, strlen(text));
}

enum pal_err
pal_buf_printf(struct pal_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    enum pal_err err = n < 0 ? PAL_ERR_ARGUMENT : reserve(buf, (size_t)n);
    if (err == PAL_OK) {
        (void)vsnprintf(buf->data + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    return err;
}

void
pal_buf_consume(struct pal_buf *buf, size_t n)
{
    PAL_ASSERT(n <= buf->len);
    if (n == 0) {
        return;
    }
    memmove(buf->data, buf->data + n, buf->len - n);
    buf->len -= n;
    buf->data[buf->len] = '\0';
}

char *
pal_buf_take(struct pal_buf *buf)
{
    char *data = buf->cap > 0 ? buf->data : pal_strdup("");
    *buf = (struct pal_buf){.data = empty, .max_bytes = buf->max_bytes};
    return data;
}
