#ifndef PAL_UTIL_MEM_H
#define PAL_UTIL_MEM_H
/*
 * Allocation that can't fail: for small things, running out of memory ends the process, because
 * error paths for a few bytes are never exercised and hide worse faults. What is large or sized by
 * somebody else (weights, KV, request bodies) uses malloc and checks it. Free with free(). Any
 * thread.
 */
#include <stddef.h>

#define PAL_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Zeroed room for n things of `size` bytes; overflow of the product ends the process as well. */
void *pal_calloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));

/* Resizes to n things of `size` bytes; new bytes are not set. `old` may be NULL. */
void *pal_realloc(void *old, size_t n, size_t size) __attribute__((returns_nonnull));

/* A copy, owned by the caller. pal_strdup(NULL) is NULL. */
char *pal_strdup(const char *text);
char *pal_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
char *pal_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/*
 * Our own promises. Stays in release builds; input from outside is never asserted. The condition
 * must have no side effect.
 */
#define PAL_ASSERT(condition)                                  \
    do {                                                       \
        if (!(condition)) {                                    \
            pal_assert_failed(#condition, __FILE__, __LINE__); \
        }                                                      \
    } while (0)

void pal_assert_failed(const char *condition, const char *file, int line)
    __attribute__((noreturn, cold));

#endif
