#ifndef PAL_CHAT_CARE_H
#define PAL_CHAT_CARE_H
/*
 * When somebody says that they want to die, no model answers: a text of our own does, kind, the
 * same every time, with the numbers of people who can help. Read from the words alone, in English
 * and French, misspelt too, and not from what people say of games ("I died again", "kill the boss",
 * "je meurs de rire"). In doubt it answers: a wrong one costs a smile, a missing one may cost more.
 *
 * Pure; any thread.
 */
#include <stddef.h>

/*
 * The answer to a line that calls for it, in the line's language; NULL for any other. Static
 * storage; at most 480 code points, so that it fits into one chat message.
 */
const char *pal_care_answer(const char *text, size_t len);

#endif
