#ifndef PAL_OUTPUT_EMOTION_TEXT_H
#define PAL_OUTPUT_EMOTION_TEXT_H
/* Letters for the emotion analysers: case and accents of French and English. Pure; any thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text in lower case, letters of Latin-1 and Latin Extended-A too; owned by the caller. */
char *pal_text_lower(const char *text, size_t len);

/* A letter without its case and accent, as ASCII ('É' -> 'e'); œ and æ give their first letter and
   set *second. 0 if it is no letter of Latin script. */
char pal_text_fold(uint32_t code_point, char *second);
bool pal_text_is_upper(uint32_t code_point);

#endif
