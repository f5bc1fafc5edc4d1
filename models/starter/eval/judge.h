// Judges one answer: its language, whether it goes round in circles, whether it says what it
// should.
#ifndef STARTER_JUDGE_H
#define STARTER_JUDGE_H

#include <stdbool.h>

enum judge_language {
    JUDGE_UNSURE, // no word that only one language has
    JUDGE_FRENCH,
    JUDGE_ENGLISH,
};

// By counting function words and accents.
enum judge_language judge_language(const char *text);

// Whether four words in a row come back.
bool judge_repeats(const char *text);

// Whether one of the "a|b|c" words is in the text, case of ASCII letters aside.
bool judge_mentions(const char *text, const char *words);

#endif
