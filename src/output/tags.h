#ifndef PAL_OUTPUT_TAGS_H
#define PAL_OUTPUT_TAGS_H
/*
 * Takes the emotion tags out of a reply, also when a tag comes in pieces: [joy], [joy:0.7],
 * [joy 70%], [face:Joy], <|ACT {"emotion":"happy","intensity":0.8}|>, <|EMOTE_HAPPY|>, <|DELAY 1|>.
 * What is in brackets but no tag ([1], a link's text) stays as it is. Pure; one owner.
 */
#include <stdbool.h>
#include <stddef.h>

#include "output/expression.h"

/* Longest tag, with its brackets. What is longer is text (a bracket), or dropped (<|ACT). */
#define PAL_TAG_BRACKET_MAX 48
#define PAL_TAG_ACT_MAX     512

struct pal_tag {
    enum pal_expression expression; /* NEUTRAL: everything off; a mood, or any known expression */
    float intensity;                /* 0 to 1; default 0.8 */
};

struct pal_tags_ops {
    void (*text)(void *userdata, const char *text, size_t len); /* len > 0 */
    void (*tag)(void *userdata, const struct pal_tag *tag);
};

struct pal_tags {
    const struct pal_tags_ops *ops; /* borrowed */
    void *userdata;
    char held[PAL_TAG_ACT_MAX]; /* a tag in the making */
    size_t n_held;
    bool is_dropping; /* inside a <|ACT that is too long: dropped up to its end */
    bool eats_space;  /* a tag was taken out where a space, or nothing, stood before it */
    bool after_space; /* the last text ended with white space, or there was none */
    char last;
};

void pal_tags_init(struct pal_tags *tags, const struct pal_tags_ops *ops, void *userdata);
/* `text` is whole UTF-8 characters. */
void pal_tags_feed(struct pal_tags *tags, const char *text, size_t len);
/* The reply is over: an unfinished bracket comes out as text, an unfinished <|ACT does not. */
void pal_tags_end(struct pal_tags *tags);

#endif
