#ifndef PAL_OUTPUT_EMOTION_H
#define PAL_OUTPUT_EMOTION_H
/*
 * Which emotion a text shows, in French and English. Pure; any thread.
 *
 * pal_emotion_read(): whole words (letter case and accents ignored), emoji, phrases, negation,
 * intensity; gives a mixture. pal_emotion_classic_*(): what the original companion computed, to
 * the digit, for people whose avatars were tuned to it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "output/expression.h"

/* In the original's order, which breaks ties. */
enum pal_emotion {
    PAL_EMOTION_JOY,
    PAL_EMOTION_ANGRY,
    PAL_EMOTION_SORROW,
    PAL_EMOTION_SURPRISED,
    PAL_EMOTION_FUN,
    PAL_EMOTION_NEUTRAL,
    PAL_N_EMOTIONS,
};

/* How strongly each emotion shows, 0 to 1; NEUTRAL's is unused. All 0: the text shows nothing. */
struct pal_mood {
    float levels[PAL_N_EMOTIONS];
};

/* English, lower case: "joy". Static storage. */
const char *pal_emotion_name(enum pal_emotion emotion);

/* From a tag's or VRM's word: joy, happy, joie, sad, triste, relaxed, colère...; -1 if none. */
int pal_emotion_find(const char *word, size_t len);

/* The expression that shows it; NEUTRAL for neutral. */
enum pal_expression pal_emotion_expression(enum pal_emotion emotion);

/* `text` is a clause or more of UTF-8. Returns false if it shows nothing. */
bool pal_emotion_read(const char *text, size_t len, struct pal_mood *mood);

/* --- the original's numbers --- */

#define PAL_CLASSIC_HISTORY 5

/* What was found before, for one speaker; zeroed = nothing yet. */
struct pal_classic_history {
    struct {
        enum pal_emotion emotion;
        double intensity;
    } last[PAL_CLASSIC_HISTORY]; /* the newest at n - 1 */
    size_t n;
};

struct pal_classic {
    enum pal_emotion emotion;
    double intensity;  /* 0 to 100 */
    double confidence; /* 0 to 100 */
    double context;    /* 0 to 100 */
};

struct pal_classic_clip {
    enum pal_emotion emotion;
    double value;     /* what the avatar gets, 0 to 1 */
    bool recommended; /* the original's window sent it only then */
};

/* The original's weighted analyser; `smoothing` 0 to 1 (the original: 0.3). Updates *history. */
struct pal_classic pal_emotion_classic_read(const char *text, size_t len, double smoothing,
                                            struct pal_classic_history *history);
struct pal_classic_clip pal_emotion_classic_clip(const struct pal_classic *result);

#endif
