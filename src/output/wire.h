#ifndef PAL_OUTPUT_WIRE_H
#define PAL_OUTPUT_WIRE_H
/*
 * Reading one message of the avatar link, JSON or MessagePack, by pulling: the caller asks for the
 * value that it expects and gets it, or false. Nothing is allocated and nothing is built, so a
 * length that lies or a nesting without end costs nothing; depth stops at PAL_WIRE_DEPTH_MAX.
 *
 * Why not jansson and msgpack-c here: on the machine of docs/performance.md, jansson alone (parse,
 * look up, free) takes as long as the whole budget for a command, and msgpack-c allocates for the
 * count that an array claims. Both are the oracles that the tests hold these readers against.
 *
 * After the first false every call returns false; `why` says what was wrong. Pure; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pal_encoding {
    PAL_ENCODING_JSON,
    PAL_ENCODING_MSGPACK,
};

enum pal_wire_type {
    PAL_WIRE_BAD, /* no value can begin here, or the message ends */
    PAL_WIRE_MAP,
    PAL_WIRE_ARRAY,
    PAL_WIRE_STRING,
    PAL_WIRE_NUMBER,
    PAL_WIRE_BOOL,
    PAL_WIRE_NIL,
    PAL_WIRE_OTHER, /* MessagePack binary and extension types: can only be skipped */
};

#define PAL_WIRE_DEPTH_MAX 16

/* Bytes inside the message or the text store; not NUL-terminated. */
struct pal_slice {
    const char *at;
    size_t len;
};

struct pal_wire {
    enum pal_encoding encoding;
    unsigned depth;
    const unsigned char *at;
    const unsigned char *end;
    char *texts;     /* room for strings with escapes; borrowed; at least as long as the message */
    const char *why; /* static; NULL while all is well */
};

/* A map or array that is being read. */
struct pal_wire_level {
    uint32_t left; /* MessagePack: entries to come */
    bool is_map;
    bool is_first;
};

/* `texts` may be NULL if only pal_wire_skip() is used. */
void pal_wire_init(struct pal_wire *wire, enum pal_encoding encoding, const void *bytes, size_t len,
                   char *texts);

enum pal_wire_type pal_wire_peek(struct pal_wire *wire);

/* Enters the map or array that is next. */
bool pal_wire_enter(struct pal_wire *wire, struct pal_wire_level *level);
/* 1: an entry follows (in a map: pal_wire_key(), then its value); 0: closed; -1: broken. */
int pal_wire_next(struct pal_wire *wire, struct pal_wire_level *level);
/* A map's key. MessagePack may have a small number for it: then text->at is NULL and text->len it.
 */
bool pal_wire_key(struct pal_wire *wire, struct pal_slice *text);

bool pal_wire_string(struct pal_wire *wire, struct pal_slice *text); /* valid UTF-8, no NUL */
/* NaN and infinities are given as they are; *whole (may be NULL) = an integer within +-2^53. */
bool pal_wire_number(struct pal_wire *wire, double *value, bool *whole);
bool pal_wire_bool(struct pal_wire *wire, bool *value);
bool pal_wire_skip(struct pal_wire *wire); /* any one value */

/* True if all is well and the whole message has been read. */
bool pal_wire_done(struct pal_wire *wire);

/* Notes the first fault; returns false, for `return pal_wire_fail(...)`. */
bool pal_wire_fail(struct pal_wire *wire, const char *why);

/* The two encodings behind the functions above; called only from wire.c. */
enum pal_wire_type pal_json_peek(struct pal_wire *wire);
bool pal_json_enter(struct pal_wire *wire, struct pal_wire_level *level);
int pal_json_next(struct pal_wire *wire, struct pal_wire_level *level);
bool pal_json_key(struct pal_wire *wire, struct pal_slice *text);
bool pal_json_string(struct pal_wire *wire, struct pal_slice *text);
bool pal_json_number(struct pal_wire *wire, double *value, bool *whole);
bool pal_json_word(struct pal_wire *wire, const char *word);
bool pal_json_done(struct pal_wire *wire);

enum pal_wire_type pal_msgpack_peek(struct pal_wire *wire);
bool pal_msgpack_enter(struct pal_wire *wire, struct pal_wire_level *level);
bool pal_msgpack_key(struct pal_wire *wire, struct pal_slice *text);
bool pal_msgpack_string(struct pal_wire *wire, struct pal_slice *text);
bool pal_msgpack_number(struct pal_wire *wire, double *value, bool *whole);
bool pal_msgpack_other(struct pal_wire *wire);

#endif
