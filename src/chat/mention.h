#ifndef PAL_CHAT_MENTION_H
#define PAL_CHAT_MENTION_H
/* The one test whether a line speaks to the companion by name. Pure; any thread. */
#include <stdbool.h>
#include <stddef.h>

/*
 * True if one of the names (NULL-terminated) stands in the text as a word of its own, with or
 * without '@', in any case: "Pal, ça va ?", "salut pal!", "@PAL". "palace" and "pal_2" do not
 * count.
 */
bool pal_mention_is_in(const char *text, const char *const *names);

/* The text without a name that it begins or ends with ("@pal, what is it?" -> "what is it?"); a
 * name in the middle belongs to the sentence. Owned by the caller; may be "". */
char *pal_mention_strip(const char *text, const char *const *names);

/* If the text is the command `prefix``name` ("!" "ask"): what follows it, without the space.
 * NULL if it is not. */
const char *pal_command_argument(const char *text, const char *prefix, const char *name);

#endif
