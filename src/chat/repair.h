#ifndef PAL_CHAT_REPAIR_H
#define PAL_CHAT_REPAIR_H
/* Replies that end in the middle. Pure; any thread. */
#include <stdbool.h>
#include <stddef.h>

/*
 * Code whose brackets or quotes are still open at the end gets them closed, each in its turn:
 * `print("a"` -> `print("a")`. Prose that was cut (`is_cut`: by its length or the deadline) ends at
 * its last whole sentence; if it has none, at a word, with "…". Everything else is copied, also
 * code with brackets too many. Owned by the caller.
 */
char *pal_repair(const char *text, bool is_cut);

/*
 * At most max_code_points of the text: up to the last sentence that ends in its second half, else
 * up to a word, with "…". Owned by the caller.
 */
char *pal_repair_shorten(const char *text, size_t max_code_points);

#endif
