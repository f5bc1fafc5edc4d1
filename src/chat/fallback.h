#ifndef PAL_CHAT_FALLBACK_H
#define PAL_CHAT_FALLBACK_H
/* What is said where the model has no answer: lines of our own writing. Constant data. */
#include <stddef.h>
#include <stdint.h>

#include "util/text.h"

enum pal_fallback_mode {
    PAL_FALLBACK_FUN,     /* in character, varied */
    PAL_FALLBACK_MINIMAL, /* a sign of life: "🤖" */
    PAL_FALLBACK_SILENT,  /* one sober sentence, always the same */
};

/* Why there is no answer. */
enum pal_fallback_intent {
    PAL_FALLBACK_CHILL,    /* a word to the companion, and nothing better is known */
    PAL_FALLBACK_ASK,      /* a question */
    PAL_FALLBACK_LATE,     /* the deadline came before any whole sentence */
    PAL_FALLBACK_LOADING,  /* the model is being loaded */
    PAL_FALLBACK_DOWN,     /* there is no engine */
    PAL_FALLBACK_OVERLOAD, /* too many ask at once */
    PAL_N_FALLBACK_INTENTS,
};

/*
 * One line; `random` chooses among them, never the one at *last (SIZE_MAX = any), which is then set
 * to it. Static storage.
 */
const char *pal_fallback_line(enum pal_fallback_intent intent, enum pal_fallback_mode mode,
                              enum pal_lang lang, uint64_t random, size_t *last);

/* What is said when an answer takes longer than people wait for. */
const char *pal_fallback_wait(enum pal_lang lang);

#endif
