/*
 * The JSON half of wire.h: RFC 8259, strict (no NaN, no trailing comma, no comment), strings must
 * be valid UTF-8 without U+0000, numbers independent of the locale.
 */
#include "output/wire.h"

#include <math.h>
#include <string.h>

#include "util/utf8.h"

static void
skip_space(struct pal_wire *wire)
{
    while (wire->at < wire->end &&
           (*wire->at == ' ' || *wire->at == '\t' || *wire->at == '\r' || *wire->at == '\n')) {
        wire->at++;
    }
}

enum pal_wire_type
pal_json_peek(struct pal_wire *wire)
{
    skip_space(wire);
    if (wire->at == wire->end) {
        return PAL_WIRE_BAD;
    }
    switch (*wire->at) {
    case '{':
        return PAL_WIRE_MAP;
    case '[':
        return PAL_WIRE_ARRAY;
    case '"':
        return PAL_WIRE_STRING;
    case 't':
    case 'f':
        return PAL_WIRE_BOOL;
    case 'n':
        return PAL_WIRE_NIL;
    default:
        return *wire->at == '-' || (*wire->at >= '0' && *wire->at <= '9') ? PAL_WIRE_NUMBER
                                                                          : PAL_WIRE_BAD;
    }
}

bool
pal_json_enter(struct pal_wire *wire, struct pal_wire_level *level)
{
    enum pal_wire_type type = pal_wire_peek(wire);
    if (type != PAL_WIRE_MAP && type != PAL_WIRE_ARRAY) {
        return pal_wire_fail(wire, "an object or array expected");
    }
    level->is_map = type == PAL_WIRE_MAP;
    wire->at++;
    return true;
}

int
pal_json_next(struct pal_wire *wire, struct pal_wire_level *level)
{
    skip_space(wire);
    if (wire->at == wire->end) {
        pal_wire_fail(wire, "cut short");
        return -1;
    }
    if (*wire->at == (level->is_map ? '}' : ']')) {
        wire->at++;
        return 0;
    }
    if (!level->is_first) {
        if (*wire->at != ',') {
            pal_wire_fail(wire, "a comma expected");
            return -1;
        }
        wire->at++;
        skip_space(wire);
    }
    level->is_first = false;
    return 1;
}

static int
hex4(const unsigned char *at, const unsigned char *end)
{
    if (end - at < 4) {
        return -1;
    }
    int value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = at[i];
        int digit;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (c | 0x20) - 'a' + 10;
        } else {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static size_t
put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* wire->at is behind "\u". Returns the code point and steps over its digits, -1 if it is wrong. */
static int32_t
unicode_escape(struct pal_wire *wire)
{
    int high = hex4(wire->at, wire->end);
    if (high <= 0) {
        return -1; /* U+0000 would end a C string early */
    }
    wire->at += 4;
    if (high >= 0xDC00 && high <= 0xDFFF) {
        return -1;
    }
    if (high < 0xD800 || high > 0xDBFF) {
        return high;
    }
    if (wire->end - wire->at < 6 || wire->at[0] != '\\' || wire->at[1] != 'u') {
        return -1;
    }
    int low = hex4(wire->at + 2, wire->end);
    if (low < 0xDC00 || low > 0xDFFF) {
        return -1;
    }
    wire->at += 6;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/* wire->at is at a backslash. Appends what it stands for. */
static bool
escape(struct pal_wire *wire, char *out, size_t *out_len)
{
    static const char plain[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    wire->at++;
    if (wire->at == wire->end) {
        return pal_wire_fail(wire, "cut short");
    }
    unsigned char c = *wire->at++;
    if (c == 'u') {
        int32_t code_point = unicode_escape(wire);
        if (code_point < 0) {
            return pal_wire_fail(wire, "bad \\u escape");
        }
        *out_len += put_utf8(out + *out_len, (uint32_t)code_point);
        return true;
    }
    const char *found = c != '\0' ? strchr(plain, c) : NULL;
    if (found == NULL) {
        return pal_wire_fail(wire, "bad escape");
    }
    out[(*out_len)++] = meant[found - plain];
    return true;
}

/* A string with escapes: its text goes to wire->texts, which an escape never outgrows. */
static bool
string_with_escapes(struct pal_wire *wire, const unsigned char *start, struct pal_slice *text)
{
    if (wire->texts == NULL) {
        return pal_wire_fail(wire, "no room for escapes");
    }
    char *out = wire->texts;
    size_t len = (size_t)(wire->at - start);
    memcpy(out, start, len);
    while (wire->at < wire->end && *wire->at != '"') {
        if (*wire->at < 0x20) {
            return pal_wire_fail(wire, "control character in a string");
        }
        if (*wire->at != '\\') {
            out[len++] = (char)*wire->at++;
        } else if (!escape(wire, out, &len)) {
            return false;
        }
    }
    *text = (struct pal_slice){out, len};
    wire->texts += len;
    return true;
}

bool
pal_json_string(struct pal_wire *wire, struct pal_slice *text)
{
    if (pal_wire_peek(wire) != PAL_WIRE_STRING) {
        return pal_wire_fail(wire, "a string expected");
    }
    const unsigned char *start = ++wire->at;
    const unsigned char *at = start;
    unsigned char seen = 0;
    while (at < wire->end && *at != '"' && *at != '\\' && *at >= 0x20) {
        seen |= *at++;
    }
    wire->at = at;
    if (at < wire->end && *at == '\\') {
        seen = 0x80;
        if (!string_with_escapes(wire, start, text)) {
            return false;
        }
    } else {
        *text = (struct pal_slice){(const char *)start, (size_t)(at - start)};
    }
    if (wire->at == wire->end) {
        return pal_wire_fail(wire, "cut short");
    }
    if (*wire->at != '"') {
        return pal_wire_fail(wire, "control character in a string");
    }
    wire->at++;
    if ((seen & 0x80) != 0 && !pal_utf8_valid(text->at, text->len)) {
        return pal_wire_fail(wire, "not UTF-8");
    }
    return true;
}

bool
pal_json_key(struct pal_wire *wire, struct pal_slice *text)
{
    if (!pal_json_string(wire, text)) {
        return false;
    }
    skip_space(wire);
    if (wire->at == wire->end || *wire->at != ':') {
        return pal_wire_fail(wire, "a colon expected");
    }
    wire->at++;
    return true;
}

static bool
is_digit(const struct pal_wire *wire)
{
    return wire->at < wire->end && *wire->at >= '0' && *wire->at <= '9';
}

/* One digit or more; *mantissa keeps the first 19, *dropped counts those after. */
static bool
digits(struct pal_wire *wire, uint64_t *mantissa, int *n_read, int *n_dropped)
{
    if (!is_digit(wire)) {
        return pal_wire_fail(wire, "a digit expected");
    }
    while (is_digit(wire)) {
        if (*mantissa < UINT64_C(1000000000000000000)) {
            *mantissa = *mantissa * 10 + (uint64_t)(*wire->at - '0');
        } else {
            ++*n_dropped;
        }
        ++*n_read;
        wire->at++;
    }
    return true;
}

static bool
exponent(struct pal_wire *wire, int *value)
{
    if (wire->at == wire->end || (*wire->at | 0x20) != 'e') {
        return true;
    }
    wire->at++;
    bool negative = wire->at < wire->end && *wire->at == '-';
    if (wire->at < wire->end && (*wire->at == '-' || *wire->at == '+')) {
        wire->at++;
    }
    if (!is_digit(wire)) {
        return pal_wire_fail(wire, "a digit expected");
    }
    int n = 0;
    while (is_digit(wire)) {
        n = n < 100000 ? n * 10 + (*wire->at - '0') : n;
        wire->at++;
    }
    *value = negative ? -n : n;
    return true;
}

static double
scaled(uint64_t mantissa, int power)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (mantissa == 0) {
        return 0.0;
    }
    if (power >= 0 && power <= 22) {
        return (double)mantissa * tens[power];
    }
    if (power < 0 && power >= -22) {
        return (double)mantissa / tens[-power];
    }
    /* Long double has room for what a mantissa of 19 digits can bring back into range. */
    return (double)((long double)mantissa * powl(10.0L, (long double)power));
}

bool
pal_json_number(struct pal_wire *wire, double *value, bool *whole)
{
    if (pal_wire_peek(wire) != PAL_WIRE_NUMBER) {
        return pal_wire_fail(wire, "a number expected");
    }
    bool negative = *wire->at == '-';
    wire->at += negative ? 1 : 0;
    uint64_t mantissa = 0;
    int n_read = 0;
    int n_dropped = 0;
    bool leading_zero = is_digit(wire) && *wire->at == '0';
    if (!digits(wire, &mantissa, &n_read, &n_dropped)) {
        return false;
    }
    if (leading_zero && n_read > 1) {
        return pal_wire_fail(wire, "a number begins with 0");
    }
    int n_fraction = 0;
    int power = n_dropped;
    bool is_whole = true;
    if (wire->at < wire->end && *wire->at == '.') {
        wire->at++;
        is_whole = false;
        int dropped = 0;
        if (!digits(wire, &mantissa, &n_fraction, &dropped)) {
            return false;
        }
        power -= n_fraction - dropped;
    }
    int written = 0;
    if (!exponent(wire, &written)) {
        return false;
    }
    *value = scaled(mantissa, power + written) * (negative ? -1.0 : 1.0);
    if (whole != NULL) {
        *whole = is_whole && written == 0 && n_dropped == 0 && mantissa <= UINT64_C(1) << 53;
    }
    return true;
}

bool
pal_json_word(struct pal_wire *wire, const char *word)
{
    size_t len = strlen(word);
    if (pal_wire_peek(wire) == PAL_WIRE_BAD || (size_t)(wire->end - wire->at) < len ||
        memcmp(wire->at, word, len) != 0) {
        return pal_wire_fail(wire, "a value expected");
    }
    wire->at += len;
    return true;
}

bool
pal_json_done(struct pal_wire *wire)
{
    skip_space(wire);
    return wire->at == wire->end;
}
