#ifndef PAL_CHAT_CARE_WORDS_H
#define PAL_CHAT_CARE_WORDS_H
/*
 * What care.c looks for. Constant data, in folded words (fold.h).
 *
 * A phrase is matched word by word: '/' separates words that may stand in one place; up to three
 * other words may stand at a '~', but no negation; words of five letters and more also match with
 * one letter wrong (nine and more: two), unless they end with '!'; a '^' is the beginning of the
 * line.
 */
#include <stdbool.h>

#include "util/text.h"

struct pal_care_phrase {
    const char *words;
    enum pal_lang lang;
    /* True: only talk that is clearly of a game takes it back (pal_care_game_words), not a joke's
     * tone: who means it often adds "lol". */
    bool is_plain;
};

extern const struct pal_care_phrase pal_care_phrases[];
/* Each list ends with a NULL. Phrases as above, without misspellings. */
extern const char *const pal_care_game_words[];
extern const char *const pal_care_tone_words[];
extern const char *const pal_care_negations[]; /* single words */

#endif
