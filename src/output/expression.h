#ifndef PAL_OUTPUT_EXPRESSION_H
#define PAL_OUTPUT_EXPRESSION_H
/*
 * What a face can do, under the names that VRM 0.x, VRM 1.0 and people use. Pure; any thread.
 *
 * The numbers are part of the MessagePack short form (docs/avatar-protocol.md): append, never
 * reorder.
 */
#include <stdbool.h>
#include <stddef.h>

enum pal_expression {
    PAL_EXPRESSION_JOY,
    PAL_EXPRESSION_ANGRY,
    PAL_EXPRESSION_SORROW,
    PAL_EXPRESSION_FUN,
    PAL_EXPRESSION_SURPRISED, /* the five that `reset_expressions` clears end here */
    PAL_EXPRESSION_A,
    PAL_EXPRESSION_I,
    PAL_EXPRESSION_U,
    PAL_EXPRESSION_E,
    PAL_EXPRESSION_O,
    PAL_EXPRESSION_BLINK,
    PAL_EXPRESSION_BLINK_L,
    PAL_EXPRESSION_BLINK_R,
    PAL_EXPRESSION_LOOK_UP,
    PAL_EXPRESSION_LOOK_DOWN,
    PAL_EXPRESSION_LOOK_LEFT,
    PAL_EXPRESSION_LOOK_RIGHT,
    PAL_N_EXPRESSIONS,
    PAL_EXPRESSION_NEUTRAL = PAL_N_EXPRESSIONS, /* no weight of its own: all the moods off */
    PAL_EXPRESSION_CUSTOM,                      /* a name of the avatar's own */
};

#define PAL_N_MOOD_EXPRESSIONS 5

/* Longest name of an expression, without its NUL. */
#define PAL_EXPRESSION_NAME_MAX 63

/*
 * Names of one of the known expressions (CUSTOM has none; NEUTRAL is "Neutral" and "neutral").
 * Static storage. vrm0: "Joy", "Blink_L"; vrm1: "happy", "blinkLeft"; wire: "joy", "blink_l".
 */
const char *pal_expression_vrm0(enum pal_expression expression);
const char *pal_expression_vrm1(enum pal_expression expression);
const char *pal_expression_wire(enum pal_expression expression);

/* Reads either standard's name or a plain word ("sad", "relaxed"), letter case ignored. */
enum pal_expression pal_expression_find(const char *name, size_t len);

#endif
