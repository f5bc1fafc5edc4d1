#ifndef PAL_CHAT_WORDS_H
#define PAL_CHAT_WORDS_H
/*
 * That the companion does not say the same thing twice: openings that vary, and what has been said
 * in a channel lately. Loop thread only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text.h"

/* The language a line is written in, from its small words; `otherwise` where they don't tell. */
enum pal_lang pal_words_lang(const char *text, enum pal_lang otherwise);

/* One of n, but not `last` (SIZE_MAX = any), by a random number. n > 0. */
size_t pal_words_pick(size_t n, size_t last, uint64_t random);

/*
 * The reply with the opening `prefix` ("Bien sûr : ..."), which takes the place of a stock opening
 * that it begins with (one of `stock`, NULL-terminated). With `only_swaps`, a reply that begins
 * otherwise is copied. Owned by the caller.
 */
char *pal_words_open(const char *reply, const char *prefix, const char *const *stock,
                     bool only_swaps);

/* What was said in a channel: its last 24 replies. Zeroed = none yet. */
#define PAL_WORDS_SAID_MAX 24

struct pal_words_said {
    uint64_t texts[PAL_WORDS_SAID_MAX];
    uint64_t openings[PAL_WORDS_SAID_MAX]; /* of the first three words; 0 = fewer */
    size_t n;                              /* ever */
};

enum pal_words_repeat {
    PAL_WORDS_NEW,
    PAL_WORDS_SAME_OPENING, /* as one of the last four replies */
    PAL_WORDS_SAME_TEXT,
};

/* Compared without case, accents and punctuation. */
enum pal_words_repeat pal_words_repeats(const struct pal_words_said *said, const char *reply);
void pal_words_remember(struct pal_words_said *said, const char *reply);

#endif
