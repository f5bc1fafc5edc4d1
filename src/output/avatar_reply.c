/* The client's end of avatar_decode.h: what the avatar answered. Lenient: a real Unity says {}. */
#include "output/avatar_decode.h"

#include <string.h>

#include "util/utf8.h"

static bool
is_word(struct pal_slice text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static bool
reply_id(struct pal_wire *wire, struct pal_avatar_reply *reply)
{
    double number;
    bool whole;
    if (pal_wire_peek(wire) != PAL_WIRE_NUMBER) {
        return pal_wire_skip(wire); /* ours are numbers */
    }
    if (!pal_wire_number(wire, &number, &whole)) {
        return false;
    }
    if (whole) {
        reply->id = (struct pal_avatar_id){.kind = PAL_ID_NUMBER, .number = (int64_t)number};
    }
    return true;
}

static bool
reply_encodings(struct pal_wire *wire, struct pal_avatar_reply *reply)
{
    struct pal_wire_level level;
    struct pal_slice text;
    if (pal_wire_peek(wire) != PAL_WIRE_ARRAY) {
        return pal_wire_skip(wire);
    }
    if (!pal_wire_enter(wire, &level)) {
        return false;
    }
    int more;
    while ((more = pal_wire_next(wire, &level)) > 0) {
        if (pal_wire_peek(wire) != PAL_WIRE_STRING) {
            if (!pal_wire_skip(wire)) {
                return false;
            }
        } else if (!pal_wire_string(wire, &text)) {
            return false;
        } else if (is_word(text, "msgpack")) {
            reply->offers_msgpack = true;
        }
    }
    return more == 0;
}

static bool
reply_text(struct pal_wire *wire, enum pal_avatar_key key, struct pal_avatar_reply *reply)
{
    struct pal_slice text;
    if (pal_wire_peek(wire) != PAL_WIRE_STRING) {
        return pal_wire_skip(wire);
    }
    if (!pal_wire_string(wire, &text)) {
        return false;
    }
    if (key == PAL_KEY_COMMAND) {
        reply->verb = pal_avatar_verb_find(text);
        reply->is_bare = false;
    } else if (key == PAL_KEY_STATUS) {
        reply->is_ok = !is_word(text, "error");
        reply->is_greeting = is_word(text, "connected");
    } else {
        size_t len = text.len < sizeof(reply->message) ? text.len : sizeof(reply->message) - 1;
        len = pal_utf8_whole(text.at, len);
        memcpy(reply->message, text.at, len);
        reply->message[len] = '\0';
    }
    return true;
}

static bool
reply_member(struct pal_wire *wire, enum pal_avatar_key key, struct pal_avatar_reply *reply)
{
    double number;
    switch (key) {
    case PAL_KEY_COMMAND:
    case PAL_KEY_STATUS:
    case PAL_KEY_MESSAGE:
        return reply_text(wire, key, reply);
    case PAL_KEY_ID:
        return reply_id(wire, reply);
    case PAL_KEY_ENCODINGS:
        return reply_encodings(wire, reply);
    case PAL_KEY_BATCHES:
        if (pal_wire_peek(wire) != PAL_WIRE_BOOL) {
            return pal_wire_skip(wire);
        }
        return pal_wire_bool(wire, &reply->offers_batches);
    case PAL_KEY_PROCESSED:
        if (pal_wire_peek(wire) != PAL_WIRE_NUMBER) {
            return pal_wire_skip(wire);
        }
        if (!pal_wire_number(wire, &number, NULL)) {
            return false;
        }
        reply->processed = number >= 0 && number <= 1e9 ? (int64_t)number : -1;
        return true;
    default:
        return pal_wire_skip(wire);
    }
}

enum pal_err
pal_avatar_reply_decode(const struct pal_frame *frame, struct pal_avatar_reply *reply)
{
    *reply = (struct pal_avatar_reply){.is_ok = true, .is_bare = true, .processed = -1};
    struct pal_wire wire;
    struct pal_wire_level level;
    struct pal_slice key;
    /* The longest text that anyone looks at fits; escapes in a longer one are a broken reply. */
    pal_wire_init(&wire, frame->encoding, frame->at, frame->len, NULL);
    char texts[8192];
    wire.texts = frame->len <= sizeof(texts) ? texts : NULL;
    if (!pal_wire_enter(&wire, &level) || !level.is_map) {
        return PAL_ERR_PROTO;
    }
    int more;
    while ((more = pal_wire_next(&wire, &level)) > 0) {
        if (!pal_wire_key(&wire, &key) || !reply_member(&wire, pal_avatar_key_find(key), reply)) {
            return PAL_ERR_PROTO;
        }
    }
    return more == 0 && pal_wire_done(&wire) ? PAL_OK : PAL_ERR_PROTO;
}
