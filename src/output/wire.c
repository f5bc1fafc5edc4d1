#include "output/wire.h"

void
pal_wire_init(struct pal_wire *wire, enum pal_encoding encoding, const void *bytes, size_t len,
              char *texts)
{
    const unsigned char *at = bytes;
    *wire = (struct pal_wire){.encoding = encoding, .at = at, .end = at + len, .texts = texts};
}

bool
pal_wire_fail(struct pal_wire *wire, const char *why)
{
    if (wire->why == NULL) {
        wire->why = why;
        wire->at = wire->end;
    }
    return false;
}

enum pal_wire_type
pal_wire_peek(struct pal_wire *wire)
{
    if (wire->why != NULL) {
        return PAL_WIRE_BAD;
    }
    return wire->encoding == PAL_ENCODING_JSON ? pal_json_peek(wire) : pal_msgpack_peek(wire);
}

bool
pal_wire_enter(struct pal_wire *wire, struct pal_wire_level *level)
{
    if (wire->depth == PAL_WIRE_DEPTH_MAX) {
        return pal_wire_fail(wire, "nested too deeply");
    }
    level->is_first = true;
    bool entered = wire->encoding == PAL_ENCODING_JSON ? pal_json_enter(wire, level)
                                                       : pal_msgpack_enter(wire, level);
    if (entered) {
        wire->depth++;
    }
    return entered;
}

int
pal_wire_next(struct pal_wire *wire, struct pal_wire_level *level)
{
    if (wire->why != NULL) {
        return -1;
    }
    int more;
    if (wire->encoding == PAL_ENCODING_JSON) {
        more = pal_json_next(wire, level);
    } else {
        more = level->left > 0 ? 1 : 0;
        level->left -= (uint32_t)more;
    }
    if (more == 0) {
        wire->depth--;
    }
    return more;
}

bool
pal_wire_key(struct pal_wire *wire, struct pal_slice *text)
{
    return wire->encoding == PAL_ENCODING_JSON ? pal_json_key(wire, text)
                                               : pal_msgpack_key(wire, text);
}

bool
pal_wire_string(struct pal_wire *wire, struct pal_slice *text)
{
    return wire->encoding == PAL_ENCODING_JSON ? pal_json_string(wire, text)
                                               : pal_msgpack_string(wire, text);
}

bool
pal_wire_number(struct pal_wire *wire, double *value, bool *whole)
{
    return wire->encoding == PAL_ENCODING_JSON ? pal_json_number(wire, value, whole)
                                               : pal_msgpack_number(wire, value, whole);
}

bool
pal_wire_bool(struct pal_wire *wire, bool *value)
{
    if (pal_wire_peek(wire) != PAL_WIRE_BOOL) {
        return pal_wire_fail(wire, "true or false expected");
    }
    if (wire->encoding == PAL_ENCODING_MSGPACK) {
        *value = *wire->at++ == 0xC3;
        return true;
    }
    *value = *wire->at == 't';
    return pal_json_word(wire, *value ? "true" : "false");
}

bool
pal_wire_skip(struct pal_wire *wire)
{
    /* Recursion is bounded by PAL_WIRE_DEPTH_MAX. */
    struct pal_slice text;
    struct pal_wire_level level = {0};
    double number;
    bool flag;
    switch (pal_wire_peek(wire)) {
    case PAL_WIRE_MAP:
    case PAL_WIRE_ARRAY:
        if (!pal_wire_enter(wire, &level)) {
            return false;
        }
        int more;
        while ((more = pal_wire_next(wire, &level)) > 0) {
            if ((level.is_map && !pal_wire_key(wire, &text)) || !pal_wire_skip(wire)) {
                return false;
            }
        }
        return more == 0;
    case PAL_WIRE_STRING:
        return pal_wire_string(wire, &text);
    case PAL_WIRE_NUMBER:
        return pal_wire_number(wire, &number, NULL);
    case PAL_WIRE_BOOL:
        return pal_wire_bool(wire, &flag);
    case PAL_WIRE_NIL:
        if (wire->encoding == PAL_ENCODING_JSON) {
            return pal_json_word(wire, "null");
        }
        wire->at++;
        return true;
    case PAL_WIRE_OTHER:
        return pal_msgpack_other(wire);
    case PAL_WIRE_BAD:
        break;
    }
    return pal_wire_fail(wire, "a value expected");
}

bool
pal_wire_done(struct pal_wire *wire)
{
    if (wire->why != NULL) {
        return false;
    }
    if (wire->encoding == PAL_ENCODING_JSON ? !pal_json_done(wire) : wire->at != wire->end) {
        return pal_wire_fail(wire, "something follows the message");
    }
    return true;
}
