#ifndef PAL_CHAT_FOLD_H
#define PAL_CHAT_FOLD_H
/*
 * A text as it is compared: without case and accents, without what the eye does not see (zero
 * width, direction marks, controls), the wide forms of letters as plain ones. Pure; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Words of a-z and 0-9 with one space between them ("J'ai VRAIMENT mangé !" -> "j ai vraiment
 * mange"). Letters of other scripts are kept as they are, in small letters where that is known.
 * Three and more of a letter in a row become one ("siiii"). Owned by the caller.
 */
char *pal_fold_words(const char *text, size_t len);

/* True for what shows nothing: zero-width characters, direction marks and overrides, tags,
 * variation selectors outside an emoji, soft hyphens, C0 and C1 controls (tab and newline too). */
bool pal_is_unseen(uint32_t code_point);

/*
 * The text as one line to be shown or thought about: valid UTF-8, one space between words and none
 * at the ends, nothing unseen but what joins emoji, at most two accents on top of each other. Owned
 * by the caller; never longer than the text.
 */
char *pal_tidy(const char *text, size_t len);

/* At most `max` edits (a letter more, less, other, or two swapped) between two words; max <= 2. */
bool pal_word_is_near(const char *a, size_t a_len, const char *b, size_t b_len, unsigned max);

#endif
