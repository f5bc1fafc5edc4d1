#include "output/emotion_text.h"

#include <string.h>

#include "util/mem.h"
#include "util/utf8.h"

static uint32_t
lower(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7)) {
        return c + 0x20;
    }
    if (c >= 0x100 && c <= 0x17F && c != 0x178) {
        bool odd_is_small = c < 0x138 || (c >= 0x14A && c <= 0x177);
        bool is_capital = odd_is_small ? (c & 1) == 0 : (c & 1) == 1;
        return is_capital && c != 0x138 && c != 0x149 && c != 0x17F ? c + 1 : c;
    }
    return c == 0x178 ? 0xFF : c;
}

bool
pal_text_is_upper(uint32_t code_point)
{
    return lower(code_point) != code_point;
}

char *
pal_text_lower(const char *text, size_t len)
{
    char *out = pal_calloc(len + 1, 1);
    size_t at = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        int n = pal_utf8_step(text + i, len - i, &c);
        uint32_t small = n > 0 ? lower(c) : 0;
        if (n == 2 && small != c) { /* stays at two bytes: the blocks are whole */
            out[at++] = (char)(0xC0 | (small >> 6));
            out[at++] = (char)(0x80 | (small & 0x3F));
        } else if (n == 1 && small != c) {
            out[at++] = (char)small;
        } else {
            n = n > 0 ? n : 1;
            memcpy(out + at, text + i, (size_t)n);
            at += (size_t)n;
        }
        i += (size_t)(n > 0 ? n : 1);
    }
    return out;
}

char
pal_text_fold(uint32_t code_point, char *second)
{
    /* U+00E0 to U+00FF, then what French needs beyond. '.' = no letter. */
    static const char latin1[] = "aaaaaaaceeeeiiiidnooooo.ouuuuyty";
    uint32_t c = lower(code_point);
    *second = '\0';
    if (c >= 'a' && c <= 'z') {
        return (char)c;
    }
    if (c == 0xDF) {
        *second = 's';
        return 's';
    }
    if (c == 0x153 || c == 0xE6) { /* oe, ae */
        *second = 'e';
        return c == 0x153 ? 'o' : 'a';
    }
    if (c >= 0xE0 && c <= 0xFF && latin1[c - 0xE0] != '.') {
        return latin1[c - 0xE0];
    }
    return '\0';
}
