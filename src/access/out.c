#include "access/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/json.h"

void
pal_out_init(struct pal_out *out, size_t max_bytes)
{
    *out = (struct pal_out){.err = PAL_OK};
    pal_buf_init(&out->buf, max_bytes);
}

void
pal_out_finish(struct pal_out *out)
{
    pal_buf_finish(&out->buf);
}

void
pal_out_raw(struct pal_out *out, const char *text)
{
    if (out->err == PAL_OK) {
        out->err = pal_buf_append_text(&out->buf, text);
    }
}

void
pal_out_format(struct pal_out *out, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        out->err = PAL_ERR_NOMEM;
        return;
    }
    pal_out_raw(out, text);
    free(text);
}

void
pal_out_quoted_bytes(struct pal_out *out, const char *text, size_t len)
{
    if (out->err == PAL_OK) {
        out->err = pal_json_put_text(&out->buf, text, len);
    }
}

void
pal_out_quoted(struct pal_out *out, const char *text)
{
    pal_out_quoted_bytes(out, text, strlen(text));
}
