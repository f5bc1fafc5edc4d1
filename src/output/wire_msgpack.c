/*
 * The MessagePack half of wire.h. A count or length is only believed as far as bytes follow.
 */
#include "output/wire.h"

#include <string.h>

#include "util/utf8.h"

/* 0xC0 to 0xDF; below are the fix types, above are numbers. */
enum pal_wire_type
pal_msgpack_peek(struct pal_wire *wire)
{
    static const unsigned char types[32] = {
        PAL_WIRE_NIL,    PAL_WIRE_BAD,    PAL_WIRE_BOOL,   PAL_WIRE_BOOL,   PAL_WIRE_OTHER,
        PAL_WIRE_OTHER,  PAL_WIRE_OTHER,  PAL_WIRE_OTHER,  PAL_WIRE_OTHER,  PAL_WIRE_OTHER,
        PAL_WIRE_NUMBER, PAL_WIRE_NUMBER, PAL_WIRE_NUMBER, PAL_WIRE_NUMBER, PAL_WIRE_NUMBER,
        PAL_WIRE_NUMBER, PAL_WIRE_NUMBER, PAL_WIRE_NUMBER, PAL_WIRE_NUMBER, PAL_WIRE_NUMBER,
        PAL_WIRE_OTHER,  PAL_WIRE_OTHER,  PAL_WIRE_OTHER,  PAL_WIRE_OTHER,  PAL_WIRE_OTHER,
        PAL_WIRE_STRING, PAL_WIRE_STRING, PAL_WIRE_STRING, PAL_WIRE_ARRAY,  PAL_WIRE_ARRAY,
        PAL_WIRE_MAP,    PAL_WIRE_MAP,
    };
    if (wire->at == wire->end) {
        return PAL_WIRE_BAD;
    }
    unsigned char c = *wire->at;
    if (c < 0x80 || c >= 0xE0) {
        return PAL_WIRE_NUMBER;
    }
    if (c < 0x90) {
        return PAL_WIRE_MAP;
    }
    if (c < 0xA0) {
        return PAL_WIRE_ARRAY;
    }
    return c < 0xC0 ? PAL_WIRE_STRING : (enum pal_wire_type)types[c - 0xC0];
}

/* Steps over the first byte and reads n big-endian bytes behind it. */
static bool
big_endian(struct pal_wire *wire, unsigned n, uint64_t *value)
{
    *value = 0;
    if ((size_t)(wire->end - wire->at) < (size_t)n + 1) {
        return pal_wire_fail(wire, "cut short");
    }
    for (unsigned i = 1; i <= n; i++) {
        *value = *value << 8 | wire->at[i];
    }
    wire->at += n + 1;
    return true;
}

bool
pal_msgpack_enter(struct pal_wire *wire, struct pal_wire_level *level)
{
    enum pal_wire_type type = pal_wire_peek(wire);
    if (type != PAL_WIRE_MAP && type != PAL_WIRE_ARRAY) {
        return pal_wire_fail(wire, "a map or array expected");
    }
    unsigned char c = *wire->at;
    uint64_t n = c & 0x0F;
    unsigned n_bytes = c < 0xA0 ? 0 : (c & 1) != 0 ? 4 : 2; /* DC, DE: 16 bits; DD, DF: 32 */
    if (n_bytes == 0) {
        wire->at++;
    } else if (!big_endian(wire, n_bytes, &n)) {
        return false;
    }
    level->is_map = type == PAL_WIRE_MAP;
    if (n > (uint64_t)(wire->end - wire->at)) { /* an entry has a byte at least */
        return pal_wire_fail(wire, "a count is larger than the message");
    }
    level->left = (uint32_t)n;
    return true;
}

bool
pal_msgpack_string(struct pal_wire *wire, struct pal_slice *text)
{
    if (pal_wire_peek(wire) != PAL_WIRE_STRING) {
        return pal_wire_fail(wire, "a string expected");
    }
    uint64_t len = *wire->at & 0x1F;
    if (*wire->at < 0xC0) {
        wire->at++;
    } else if (!big_endian(wire, 1U << (*wire->at - 0xD9), &len)) {
        return false;
    }
    if (len > (uint64_t)(wire->end - wire->at)) {
        return pal_wire_fail(wire, "a string is longer than the message");
    }
    *text = (struct pal_slice){(const char *)wire->at, (size_t)len};
    wire->at += len;
    unsigned char seen = 0;
    for (size_t i = 0; i < text->len; i++) {
        seen |= (unsigned char)text->at[i];
    }
    if ((seen & 0x80) != 0 && !pal_utf8_valid(text->at, text->len)) {
        return pal_wire_fail(wire, "not UTF-8");
    }
    if (memchr(text->at, '\0', text->len) != NULL) {
        return pal_wire_fail(wire, "a NUL in a string");
    }
    return true;
}

static double
float_of(uint64_t bits, bool is_double)
{
    if (is_double) {
        double wide;
        memcpy(&wide, &bits, sizeof(wide));
        return wide;
    }
    uint32_t low = (uint32_t)bits;
    float narrow;
    memcpy(&narrow, &low, sizeof(narrow));
    return (double)narrow;
}

bool
pal_msgpack_number(struct pal_wire *wire, double *value, bool *whole)
{
    if (pal_wire_peek(wire) != PAL_WIRE_NUMBER) {
        return pal_wire_fail(wire, "a number expected");
    }
    unsigned char c = *wire->at;
    if (c < 0x80 || c >= 0xE0) {
        *value = c < 0x80 ? c : (double)c - 256.0;
        wire->at++;
        if (whole != NULL) {
            *whole = true;
        }
        return true;
    }
    /* CA, CB: float; CC to CF: unsigned 8 to 64 bits; D0 to D3: signed. */
    bool is_float = c <= 0xCB;
    unsigned n_bytes = is_float ? 4U << (c - 0xCA) : 1U << (c & 3);
    uint64_t bits;
    if (!big_endian(wire, n_bytes, &bits)) {
        return false;
    }
    if (is_float) {
        *value = float_of(bits, c == 0xCB);
    } else if (c < 0xD0 || bits >> (n_bytes * 8 - 1) == 0) {
        *value = (double)bits;
    } else {
        uint64_t size = n_bytes == 8 ? 0 : UINT64_C(1) << (n_bytes * 8); /* two's complement */
        *value = -(double)(size - bits);
    }
    if (whole != NULL) {
        *whole = !is_float && *value <= 9007199254740992.0 && *value >= -9007199254740992.0;
    }
    return true;
}

bool
pal_msgpack_key(struct pal_wire *wire, struct pal_slice *text)
{
    if (wire->at < wire->end && *wire->at < 0x80) {
        *text = (struct pal_slice){NULL, *wire->at++};
        return true;
    }
    if (pal_wire_peek(wire) != PAL_WIRE_STRING) {
        return pal_wire_fail(wire, "a key must be a string or a number from 0 to 127");
    }
    return pal_msgpack_string(wire, text);
}

/* Binary (C4 to C6), ext (C7 to C9) and fixext (D4 to D8): only to get past them. */
bool
pal_msgpack_other(struct pal_wire *wire)
{
    unsigned char c = *wire->at;
    uint64_t len;
    if (c >= 0xD4) {
        len = (UINT64_C(1) << (c - 0xD4)) + 1;
        wire->at++;
    } else {
        bool is_ext = c >= 0xC7;
        if (!big_endian(wire, 1U << (c - (is_ext ? 0xC7 : 0xC4)), &len)) {
            return false;
        }
        len += is_ext ? 1 : 0;
    }
    if (len > (uint64_t)(wire->end - wire->at)) {
        return pal_wire_fail(wire, "a value is longer than the message");
    }
    wire->at += len;
    return true;
}
