#ifndef PAL_COMMANDS_CHAT_SCREEN_H
#define PAL_COMMANDS_CHAT_SCREEN_H
/*
 * What `palabre chat` shows: replies on standard output and nothing else there; notices and
 * progress on standard error. Replies lose their control characters and the blanks around them.
 * Main thread.
 */
#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

struct pal_chat_screen {
    bool has_text;     /* of the reply that is being shown */
    bool has_progress; /* a progress line stands on the terminal */
    int percent;       /* what it says */
    bool is_broken;    /* nobody reads standard output any more */
    char blanks[256];  /* held back: only shown if text follows */
    size_t n_blanks;
};

/* A piece of the reply, shown at once. */
void pal_chat_screen_text(struct pal_chat_screen *screen, const char *text, size_t len);
/* Ends the reply's line. Returns false if there was nothing to show: then no line was begun. */
bool pal_chat_screen_end_reply(struct pal_chat_screen *screen);

/* A line of ours. */
void pal_chat_screen_notice(struct pal_chat_screen *screen, const char *format, ...)
    PAL_PRINTF(2, 3);

/* How much of the model is loaded, 0 to 1; only on a terminal. The next notice or text removes it.
 */
void pal_chat_screen_progress(struct pal_chat_screen *screen, float part);
void pal_chat_screen_end_progress(struct pal_chat_screen *screen);

#endif
