#ifndef PAL_UTIL_UTF8_H
#define PAL_UTIL_UTF8_H
/*
 * Stepping through UTF-8 that nobody has checked yet. Pure; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads one code point at text[0..len). Returns the bytes it takes (1 to 4) and sets *code_point;
 * 0 if the bytes so far are a correct beginning but the rest is missing; -1 if they can't begin any
 * character (surrogates, overlong forms and values above U+10FFFF included). `len` 0 gives 0.
 */
int pal_utf8_step(const char *text, size_t len, uint32_t *code_point);

/* True if all of text[0..len) is whole, valid UTF-8. */
bool pal_utf8_valid(const char *text, size_t len);

/*
 * How many bytes of text[0..len) can be handed on now: all but an unfinished character at the end
 * (3 bytes at most are held back). Invalid bytes count as finished.
 */
size_t pal_utf8_whole(const char *text, size_t len);

/* Number of code points; an invalid byte counts as one. */
size_t pal_utf8_count(const char *text, size_t len);

/* Makes text[0..len) valid in place: each invalid or unfinished byte becomes '?'. */
void pal_utf8_scrub(char *text, size_t len);

#endif
