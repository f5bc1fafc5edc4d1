#include "output/expression.h"

#include <string.h>
#include <strings.h>

#include "util/mem.h"

static const struct {
    const char *vrm0;
    const char *vrm1;
    const char *wire;
} names[] = {
    [PAL_EXPRESSION_JOY] = {"Joy", "happy", "joy"},
    [PAL_EXPRESSION_ANGRY] = {"Angry", "angry", "angry"},
    [PAL_EXPRESSION_SORROW] = {"Sorrow", "sad", "sorrow"},
    [PAL_EXPRESSION_FUN] = {"Fun", "relaxed", "fun"},
    [PAL_EXPRESSION_SURPRISED] = {"Surprised", "surprised", "surprised"},
    [PAL_EXPRESSION_A] = {"A", "aa", "a"},
    [PAL_EXPRESSION_I] = {"I", "ih", "i"},
    [PAL_EXPRESSION_U] = {"U", "ou", "u"},
    [PAL_EXPRESSION_E] = {"E", "ee", "e"},
    [PAL_EXPRESSION_O] = {"O", "oh", "o"},
    [PAL_EXPRESSION_BLINK] = {"Blink", "blink", "blink"},
    [PAL_EXPRESSION_BLINK_L] = {"Blink_L", "blinkLeft", "blink_l"},
    [PAL_EXPRESSION_BLINK_R] = {"Blink_R", "blinkRight", "blink_r"},
    [PAL_EXPRESSION_LOOK_UP] = {"LookUp", "lookUp", "lookup"},
    [PAL_EXPRESSION_LOOK_DOWN] = {"LookDown", "lookDown", "lookdown"},
    [PAL_EXPRESSION_LOOK_LEFT] = {"LookLeft", "lookLeft", "lookleft"},
    [PAL_EXPRESSION_LOOK_RIGHT] = {"LookRight", "lookRight", "lookright"},
    [PAL_EXPRESSION_NEUTRAL] = {"Neutral", "neutral", "neutral"},
};

const char *
pal_expression_vrm0(enum pal_expression expression)
{
    PAL_ASSERT((size_t)expression < PAL_COUNT_OF(names));
    return names[expression].vrm0;
}

const char *
pal_expression_vrm1(enum pal_expression expression)
{
    PAL_ASSERT((size_t)expression < PAL_COUNT_OF(names));
    return names[expression].vrm1;
}

const char *
pal_expression_wire(enum pal_expression expression)
{
    PAL_ASSERT((size_t)expression < PAL_COUNT_OF(names));
    return names[expression].wire;
}

static bool
same_word(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(name, word, len) == 0;
}

enum pal_expression
pal_expression_find(const char *name, size_t len)
{
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (len > 0 && (names[i].wire[0] | 0x20) == (name[0] | 0x20) &&
            same_word(name, len, names[i].wire)) {
            return (enum pal_expression)i;
        }
    }
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (same_word(name, len, names[i].vrm1)) {
            return (enum pal_expression)i;
        }
    }
    return PAL_EXPRESSION_CUSTOM;
}
