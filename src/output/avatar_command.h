#ifndef PAL_OUTPUT_AVATAR_COMMAND_H
#define PAL_OUTPUT_AVATAR_COMMAND_H
/*
 * What one end of the avatar link asks of the other, and what comes back: plain data, the same for
 * JSON and MessagePack. docs/avatar-protocol.md describes the bytes. Pure; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/expression.h"
#include "output/wire.h"
#include "util/err.h"

/* The numbers are the MessagePack short form's: append, never reorder. */
enum pal_avatar_verb {
    PAL_AVATAR_UNKNOWN,
    PAL_AVATAR_SET_EXPRESSION,
    PAL_AVATAR_RESET_EXPRESSIONS,
    PAL_AVATAR_SET_TRANSITION_SPEED,
    PAL_AVATAR_SET_AUTO_BLINK,
    PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT,
    PAL_AVATAR_LOAD_MODEL,
    PAL_AVATAR_UNLOAD_MODEL,
    PAL_AVATAR_SET_BLENDSHAPE,
    PAL_AVATAR_SET_HEAD,
    PAL_AVATAR_TEST,
    PAL_AVATAR_PING,
    PAL_AVATAR_ANIMATION,
    PAL_AVATAR_MOVE,
    PAL_AVATAR_HELLO,
    PAL_AVATAR_GET_STATE,
    PAL_AVATAR_BATCH, /* never inside a message's list */
    PAL_N_AVATAR_VERBS,
};

enum pal_avatar_key {
    PAL_KEY_COMMAND,
    PAL_KEY_DATA,
    PAL_KEY_NAME,
    PAL_KEY_VALUE,
    PAL_KEY_ID,
    PAL_KEY_ACK,
    PAL_KEY_BATCH,
    PAL_KEY_COMMANDS,
    PAL_KEY_COUNT,
    PAL_KEY_PATH,
    PAL_KEY_SPEED,
    PAL_KEY_ENABLED,
    PAL_KEY_MIN_INTERVAL,
    PAL_KEY_MAX_INTERVAL,
    PAL_KEY_MAX_ANGLE,
    PAL_KEY_DIRECTION,
    PAL_KEY_YAW,
    PAL_KEY_PITCH,
    PAL_KEY_ROLL,
    PAL_KEY_TYPE,
    PAL_KEY_STATUS,
    PAL_KEY_MESSAGE,
    PAL_KEY_PROCESSED,
    PAL_KEY_IGNORED,
    PAL_KEY_ENCODINGS,
    PAL_KEY_BATCHES,
    PAL_KEY_MAX_BYTES,
    PAL_KEY_STATE,
    PAL_KEY_WEIGHT, /* read as `value` */
    PAL_N_KEYS,
    PAL_KEY_OTHER = PAL_N_KEYS, /* one that we don't know: its value is skipped */
};

/* Room for a path or a name, with its NUL. */
#define PAL_AVATAR_TEXT_MAX 1024
/* Commands that one batch may hold. */
#define PAL_AVATAR_BATCH_MAX 4096

struct pal_avatar_command {
    enum pal_avatar_verb verb;
    enum pal_expression expression; /* SET_EXPRESSION, SET_BLENDSHAPE */
    bool enabled;                   /* SET_AUTO_BLINK, SET_AUTO_HEAD_MOVEMENT */
    float value;      /* SET_EXPRESSION, SET_BLENDSHAPE: 0 to 1; SET_TRANSITION_SPEED: 0.1 to 10 */
    float numbers[3]; /* SET_HEAD: yaw, pitch, roll in degrees; AUTO_HEAD: min s, max s, degrees */
    const char *text; /* name of a CUSTOM expression, animation, direction, path; else NULL */
    size_t text_len;  /* <= PAL_EXPRESSION_NAME_MAX, for a path < PAL_AVATAR_TEXT_MAX */
};

/* A request's id, echoed in its reply. */
struct pal_avatar_id {
    enum { PAL_ID_NONE, PAL_ID_NUMBER, PAL_ID_TEXT } kind;
    int64_t number;
    char text[64];
};

const char *pal_avatar_verb_name(enum pal_avatar_verb verb);
const char *pal_avatar_key_name(enum pal_avatar_key key);

/* Names and aliases: "expression" is set_expression. UNKNOWN for anything else. */
enum pal_avatar_verb pal_avatar_verb_find(struct pal_slice name);
enum pal_avatar_key pal_avatar_key_find(struct pal_slice name);

#endif
