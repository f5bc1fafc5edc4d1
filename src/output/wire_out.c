#include "output/wire_out.h"

#include <math.h>
#include <string.h>

#include "util/utf8.h"

static void
put(struct pal_wire_out *out, const void *bytes, size_t len)
{
    if (!out->failed && pal_buf_append(out->buf, bytes, len) != PAL_OK) {
        out->failed = true;
    }
}

/* A MessagePack header: its first byte and n big-endian bytes of `value`. */
static void
put_header(struct pal_wire_out *out, unsigned char first, unsigned n, uint64_t value)
{
    unsigned char bytes[9] = {first};
    for (unsigned i = 0; i < n; i++) {
        bytes[n - i] = (unsigned char)(value >> (8 * i));
    }
    put(out, bytes, n + 1);
}

/* JSON: the comma between values. */
static void
separate(struct pal_wire_out *out)
{
    if (out->has_value) {
        put(out, ",", 1);
    }
    out->has_value = true;
}

static bool
is_json(const struct pal_wire_out *out)
{
    return out->encoding == PAL_ENCODING_JSON;
}

static void
open_container(struct pal_wire_out *out, const char *json, unsigned char fix, unsigned char wide,
               unsigned n_entries)
{
    if (is_json(out)) {
        separate(out);
        put(out, json, 1);
        out->has_value = false;
    } else if (n_entries < 16) {
        put_header(out, (unsigned char)(fix | n_entries), 0, 0);
    } else {
        put_header(out, wide, 2, n_entries);
    }
}

static void
close_container(struct pal_wire_out *out, const char *json)
{
    if (is_json(out)) {
        put(out, json, 1);
        out->has_value = true;
    }
}

void
pal_wire_out_map(struct pal_wire_out *out, unsigned n_entries)
{
    open_container(out, "{", 0x80, 0xDE, n_entries);
}

void
pal_wire_out_map_end(struct pal_wire_out *out)
{
    close_container(out, "}");
}

void
pal_wire_out_array(struct pal_wire_out *out, unsigned n_entries)
{
    open_container(out, "[", 0x90, 0xDC, n_entries);
}

void
pal_wire_out_array_end(struct pal_wire_out *out)
{
    close_container(out, "]");
}

void
pal_wire_out_key(struct pal_wire_out *out, enum pal_avatar_key key)
{
    if (out->is_short && !is_json(out)) {
        put_header(out, (unsigned char)key, 0, 0);
        return;
    }
    pal_wire_out_key_text(out, pal_avatar_key_name(key));
}

static void
put_unicode(struct pal_wire_out *out, uint32_t c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', hex[c >> 12 & 15], hex[c >> 8 & 15], hex[c >> 4 & 15], hex[c & 15]};
    put(out, text, sizeof(text));
}

/* Returns the bytes of text that are written as they are. */
static size_t
plain_run(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && (unsigned char)text[n] >= 0x20 && (unsigned char)text[n] < 0x7F &&
           text[n] != '"' && text[n] != '\\') {
        n++;
    }
    return n;
}

static void
json_text(struct pal_wire_out *out, const char *text, size_t len)
{
    separate(out);
    put(out, "\"", 1);
    size_t i = 0;
    while (i < len) {
        size_t n_plain = plain_run(text + i, len - i);
        put(out, text + i, n_plain);
        i += n_plain;
        if (i == len) {
            break;
        }
        uint32_t c;
        int n = pal_utf8_step(text + i, len - i, &c);
        if (n <= 0) {
            n = 1;
            c = '?';
        }
        i += (size_t)n;
        if (c == '"' || c == '\\') {
            char escaped[2] = {'\\', (char)c};
            put(out, escaped, 2);
        } else if (c >= 0x10000) {
            put_unicode(out, 0xD800 + ((c - 0x10000) >> 10));
            put_unicode(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
        } else {
            put_unicode(out, c);
        }
    }
    put(out, "\"", 1);
}

void
pal_wire_out_text(struct pal_wire_out *out, const char *text, size_t len)
{
    if (is_json(out)) {
        json_text(out, text, len);
        return;
    }
    if (len < 32) {
        put_header(out, (unsigned char)(0xA0 | len), 0, 0);
    } else if (len < 256) {
        put_header(out, 0xD9, 1, len);
    } else {
        put_header(out, 0xDA, 2, len);
    }
    put(out, text, len);
}

void
pal_wire_out_key_text(struct pal_wire_out *out, const char *key)
{
    pal_wire_out_text(out, key, strlen(key));
    if (is_json(out)) {
        put(out, ":", 1);
        out->has_value = false;
    }
}

/* Writes the number's digits backwards from `end`; returns where they begin. */
static char *
decimal(uint64_t number, char *end)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

void
pal_wire_out_integer(struct pal_wire_out *out, int64_t number)
{
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    if (is_json(out)) {
        char text[24];
        char *end = text + sizeof(text);
        char *begin = decimal(size, end);
        if (number < 0) {
            *--begin = '-';
        }
        separate(out);
        put(out, begin, (size_t)(end - begin));
        return;
    }
    if (number >= 0 && number < 128) {
        put_header(out, (unsigned char)number, 0, 0);
    } else if (number >= 0 && number < 0x10000) {
        put_header(out, 0xCD, 2, size);
    } else if (number >= 0 && number <= UINT32_MAX) {
        put_header(out, 0xCE, 4, size);
    } else {
        put_header(out, 0xD3, 8, (uint64_t)number);
    }
}

void
pal_wire_out_float(struct pal_wire_out *out, float number)
{
    if (!is_json(out)) {
        uint32_t bits;
        memcpy(&bits, &number, sizeof(bits));
        put_header(out, 0xCA, 4, bits);
        return;
    }
    int64_t scaled = (int64_t)lrintf(number * 10000.0F);
    uint64_t size = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    char text[32];
    char *end = text + sizeof(text);
    char *at = end;
    uint64_t fraction = size % 10000;
    unsigned n_digits = 4;
    while (n_digits > 1 && fraction % 10 == 0) {
        fraction /= 10;
        n_digits--;
    }
    for (unsigned i = 0; i < n_digits; i++) {
        *--at = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    *--at = '.';
    at = decimal(size / 10000, at);
    if (scaled < 0) {
        *--at = '-';
    }
    separate(out);
    put(out, at, (size_t)(end - at));
}

void
pal_wire_out_bool(struct pal_wire_out *out, bool flag)
{
    if (!is_json(out)) {
        put_header(out, flag ? 0xC3 : 0xC2, 0, 0);
        return;
    }
    separate(out);
    put(out, flag ? "true" : "false", flag ? 4 : 5);
}
