#ifndef PAL_ACCESS_IRC_WRITE_H
#define PAL_ACCESS_IRC_WRITE_H
/*
 * IRC as it goes out. Everything that reaches a server passes pal_irc_write(), and there a byte
 * that could end a line or begin another is an error, whoever put it into which word: one call is
 * one line, or none. Pure; any thread.
 */
#include "util/buf.h"

#define PAL_IRC_WORDS_MAX 8

/*
 * Appends one line: command, parameters, CR LF. `words` ends with a NULL; all but the last hold no
 * space. reply_to: the id of the message that is answered, NULL = none (then there are no tags).
 *
 * PAL_ERR_ARGUMENT: a word is empty, begins with ':' or holds a space where it can't, or any holds
 * a control character: nothing was appended. PAL_ERR_LIMIT: `out` is full; nothing either.
 */
enum pal_err pal_irc_write(struct pal_buf *out, const char *reply_to,
                           const char *const *words) PAL_MUST_USE;

struct pal_irc_fit {
    size_t max_code_points;
    size_t max_bytes;
};

/*
 * Makes a text ready to be said: replaces what `out` holds by `text` as one line of valid UTF-8.
 * Control characters and line separators become spaces, several spaces one. A text that a server
 * would take for one of its own commands ("/ban", ".timeout") gets "> " before it. What is too long
 * is cut behind a sentence if one ends in the second half, else behind a word, with "…".
 * Empty if nothing is left. `out` must hold max_bytes.
 */
void pal_irc_fit(struct pal_buf *out, const char *text, struct pal_irc_fit fit);

#endif
