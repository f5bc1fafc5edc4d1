#include "util/utf8.h"

int
pal_utf8_step(const char *text, size_t len, uint32_t *code_point)
{
    if (len == 0) {
        return 0;
    }
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80) {
        *code_point = s[0];
        return 1;
    }
    /* The second byte's range depends on the first (Unicode table 3-7): this alone keeps out
     * overlong forms (C0, C1, E0 80.., F0 80..), surrogates (ED A0..) and what is above U+10FFFF.
     */
    int n = 0;
    unsigned char low = 0x80, high = 0xBF;
    uint32_t value = 0;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        n = 2;
        value = s[0] & 0x1Fu;
    } else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        n = 3;
        value = s[0] & 0x0Fu;
        low = s[0] == 0xE0 ? 0xA0 : 0x80;
        high = s[0] == 0xED ? 0x9F : 0xBF;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        n = 4;
        value = s[0] & 0x07u;
        low = s[0] == 0xF0 ? 0x90 : 0x80;
        high = s[0] == 0xF4 ? 0x8F : 0xBF;
    } else {
        return -1;
    }
    for (int i = 1; i < n; i++) {
        if ((size_t)i >= len) {
            return 0;
        }
        if (s[i] < low || s[i] > high) {
            return -1;
        }
        value = (value << 6) | (s[i] & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *code_point = value;
    return n;
}

bool
pal_utf8_valid(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint32_t code_point;
        int n = pal_utf8_step(text + at, len - at, &code_point);
        if (n <= 0) {
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

size_t
pal_utf8_whole(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint32_t code_point;
        int n = pal_utf8_step(text + at, len - at, &code_point);
        if (n == 0) {
            return at;
        }
        at += n > 0 ? (size_t)n : 1;
    }
    return len;
}

size_t
pal_utf8_count(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t at = 0; at < len; count++) {
        uint32_t code_point;
        int n = pal_utf8_step(text + at, len - at, &code_point);
        at += n > 0 ? (size_t)n : 1;
    }
    return count;
}

void
pal_utf8_scrub(char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t code_point;
        int n = pal_utf8_step(text + at, len - at, &code_point);
        if (n > 0) {
            at += (size_t)n;
        } else {
            text[at++] = '?';
        }
    }
}
