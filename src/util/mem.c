#include "util/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((noreturn, cold)) out_of_memory(size_t n, size_t size)
{
    (void)fprintf(stderr, "palabre: out of memory: %zu x %zu bytes\n", n, size);
    abort();
}

void *
pal_calloc(size_t n, size_t size)
{
    void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);
    if (p == NULL) {
        out_of_memory(n, size);
    }
    return p;
}

void *
pal_realloc(void *old, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        out_of_memory(n, size);
    }
    void *p = realloc(old, bytes > 0 ? bytes : 1);
    if (p == NULL) {
        out_of_memory(n, size);
    }
    return p;
}

char *
pal_strdup(const char *text)
{
    return text == NULL ? NULL : pal_strndup(text, strlen(text));
}

char *
pal_strndup(const char *text, size_t len)
{
    char *copy = pal_calloc(len + 1, 1);
    memcpy(copy, text, len);
    return copy;
}

char *
pal_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0 || text == NULL) {
        out_of_memory(1, strlen(format));
    }
    return text;
}

void
pal_assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "palabre: bug at %s:%d: '%s' does not hold; please report it\n", file,
                  line, condition);
    abort();
}
