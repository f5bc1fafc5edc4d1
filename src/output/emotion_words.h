#ifndef PAL_OUTPUT_EMOTION_WORDS_H
#define PAL_OUTPUT_EMOTION_WORDS_H
/*
 * The words of pal_emotion_read(), French and English together, folded: lower case, no accents,
 * one space between words, no apostrophes ("j'ai" is "j ai", "isn't" is "isnt"). A star at the end
 * stands for any further letters. Constant data.
 */
#include <stdint.h>

#include "output/emotion.h"

struct pal_emotion_word {
    const char *text;
    enum pal_emotion emotion; /* NEUTRAL: matched, so that no shorter entry is, but shows nothing */
    float weight;             /* 3 = alone it shows clearly; 1 = a hint */
};

struct pal_emotion_sign {
    uint32_t code_point;
    enum pal_emotion emotion;
    float weight;
};

struct pal_emotion_factor {
    const char *text;
    float factor; /* of the next word's weight; 0 = negation */
};

extern const struct pal_emotion_word pal_emotion_words[];
extern const size_t pal_n_emotion_words;
extern const struct pal_emotion_sign pal_emotion_signs[];
extern const size_t pal_n_emotion_signs;
extern const struct pal_emotion_factor pal_emotion_factors[];
extern const size_t pal_n_emotion_factors;

#endif
