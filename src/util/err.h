#ifndef PAL_UTIL_ERR_H
#define PAL_UTIL_ERR_H
/*
 * Error codes and the error text that a person reads.
 *
 * A code says what the caller should do (retry, answer 400 or 429, close), not where it broke.
 * Where a person reads the reason, a function also takes a `struct pal_error *` and fills it in
 * git's form: lower case, no full stop, what failed first, the subject in quotes:
 *     cannot load '/m/x.gguf': it needs 9.1 GiB, 7.8 GiB are free
 * Any thread; no state.
 */
#include <stdarg.h>

#define PAL_MUST_USE                __attribute__((warn_unused_result))
#define PAL_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

enum pal_err {
    PAL_OK = 0,
    PAL_ERR_AGAIN,       /* not yet: more bytes, or a later try, will do */
    PAL_ERR_PROTO,       /* the peer or file breaks its format: refuse it */
    PAL_ERR_ARGUMENT,    /* a value that the caller gave is not allowed: answer 400 */
    PAL_ERR_BUSY,        /* no room now: wait for a slot, or answer 429 */
    PAL_ERR_LIMIT,       /* a stated maximum is reached: refuse this one, go on */
    PAL_ERR_CONTEXT,     /* the conversation is longer than the model's context */
    PAL_ERR_CONFIG,      /* the configuration is wrong: a person must mend it */
    PAL_ERR_MODEL,       /* the model can't be loaded or used */
    PAL_ERR_NOMEM,       /* a large allocation failed */
    PAL_ERR_IO,          /* the system refused a read, write, open, connect */
    PAL_ERR_CLOSED,      /* the other side is gone */
    PAL_ERR_NOT_FOUND,   /* there is no such thing */
    PAL_ERR_DENIED,      /* not allowed for this caller */
    PAL_ERR_TIMEOUT,     /* the deadline has passed */
    PAL_ERR_CANCELLED,   /* somebody asked for it to end */
    PAL_ERR_ENGINE,      /* the engine died or broke a promise; it restarts by itself */
    PAL_ERR_UNSUPPORTED, /* well formed, but not something that this build can do */
};

/* Longest error text, with its NUL. Longer texts are cut at a whole UTF-8 character. */
#define PAL_ERROR_TEXT_MAX 512

struct pal_error {
    enum pal_err code;
    char text[PAL_ERROR_TEXT_MAX]; /* valid UTF-8, no newline, never empty after an error */
};

/* The code's short lower-case name, for logs and metrics: "again", "proto", ... Static storage. */
const char *pal_err_name(enum pal_err code);

/*
 * Fills *error (NULL is allowed: the text is then dropped) and returns `code`, so that a failing
 * function ends with `return pal_error_set(error, PAL_ERR_IO, "cannot open '%s': %s", ...)`.
 * Control characters in the text become '?', so that a hostile name can't forge a log line.
 */
enum pal_err pal_error_set(struct pal_error *error, enum pal_err code, const char *format, ...)
    PAL_PRINTF(3, 4);

#endif
