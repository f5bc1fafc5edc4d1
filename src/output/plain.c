#include "output/plain.h"

#include <stdbool.h>
#include <stdlib.h>

#include "util/mem.h"
#include "util/utf8.h"

static bool
is_control(uint32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
}

enum pal_err
pal_plain_append(struct pal_buf *out, const char *text, size_t len)
{
    char *clean = pal_calloc(len + 1, 1);
    size_t n_clean = 0;
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        int n = pal_utf8_step(text + at, len - at, &c);
        if (n <= 0) {
            clean[n_clean++] = '?';
            at++;
            continue;
        }
        for (int i = 0; i < n && !is_control(c); i++) {
            clean[n_clean++] = text[at + (size_t)i];
        }
        at += (size_t)n;
    }
    enum pal_err err = pal_buf_append(out, clean, n_clean);
    free(clean);
    return err;
}
