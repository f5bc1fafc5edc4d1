#include "util/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

/* The only state of the log: set once at start, read by all threads afterwards. */
static atomic_int log_level = PAL_LOG_INFO;
static atomic_int log_fd = STDERR_FILENO;

static const char *const level_names[] = {"error", "warn", "info", "debug", "trace"};

void
pal_log_init(enum pal_log_level level, int fd)
{
    atomic_store(&log_level, (int)level);
    atomic_store(&log_fd, fd);
}

enum pal_err
pal_log_level_parse(const char *text, enum pal_log_level *level)
{
    for (int i = PAL_LOG_ERROR; i <= PAL_LOG_TRACE; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (enum pal_log_level)i;
            return PAL_OK;
        }
    }
    return PAL_ERR_ARGUMENT;
}

bool
pal_log_enabled(enum pal_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

/* Copies with \xNN for what could end a line or drive a terminal. Returns the bytes written. */
static size_t
escape(char *out, size_t room, const char *text)
{
    size_t n = 0;
    for (const char *c = text; *c != '\0' && n + 5 < room; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f) {
            n += (size_t)snprintf(out + n, room - n, "\\x%02x", byte);
        } else {
            out[n++] = *c;
        }
    }
    return n;
}

/* ---- pairs ---- */

/* One conversion of a printf format, from its '%' on. */
struct spec {
    char text[24]; /* as a format of its own; a '*' has become its number */
    size_t len;    /* in the format */
    char length;   /* 'l', 'L' for "ll", 'z'; '\0' = none */
    char kind;     /* 's', 'd', ...; '\0' at the format's end */
};

static struct spec
read_spec(const char *format, va_list *args)
{
    struct spec spec = {.text = "%"};
    size_t n = 1;
    const char *c = format + 1;
    while (*c != '\0' && strchr("-+ #0123456789.*lz", *c) != NULL && n + 12 < sizeof(spec.text)) {
        if (*c == '*') {
            n += (size_t)snprintf(spec.text + n, sizeof(spec.text) - n, "%d", va_arg(*args, int));
        } else {
            spec.text[n++] = *c;
        }
        spec.length = *c != 'l' && *c != 'z' ? '\0' : spec.length == 'l' ? 'L' : *c;
        c++;
    }
    spec.text[n] = *c;
    spec.kind = *c;
    spec.len = (size_t)(c - format) + (*c != '\0' ? 1 : 0);
    return spec;
}

/* What PAL_PRINTF has checked against the whole format is given on piece by piece. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int
print_value(char *out, size_t room, const struct spec *spec, va_list *args)
{
    bool is_signed = spec->kind == 'd' || spec->kind == 'i';
    switch (spec->kind) {
    case 's':
        return snprintf(out, room, spec->text, va_arg(*args, const char *));
    case 'f':
    case 'g':
    case 'e':
        return snprintf(out, room, spec->text, va_arg(*args, double));
    case '%':
        return snprintf(out, room, "%%");
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'c':
        break;
    default:
        return snprintf(out, room, "?"); /* not reached: see format_pairs() */
    }
    if (spec->length == 'L') {
        return snprintf(out, room, spec->text, va_arg(*args, long long));
    }
    if (spec->length == 'l' || (spec->length == 'z' && is_signed)) {
        return snprintf(out, room, spec->text, va_arg(*args, long));
    }
    if (spec->length == 'z') {
        return snprintf(out, room, spec->text, va_arg(*args, size_t));
    }
    return snprintf(out, room, spec->text, va_arg(*args, int));
}
#pragma GCC diagnostic pop

/* Copies a quoted value so that it ends where it ends. Returns the bytes written. */
static size_t
quote(char *out, size_t room, const char *text)
{
    size_t n = 0;
    for (const char *c = text; *c != '\0' && n + 3 < room; c++) {
        if (*c == '"' || *c == '\\') {
            out[n++] = '\\';
        }
        out[n++] = *c;
    }
    return n;
}

/* As vsnprintf(), but what stands in quotes in the format has its own quotes escaped. */
static void
format_pairs(char *out, size_t room, const char *format, va_list *args)
{
    size_t n = 0;
    bool is_quoted = false;
    while (*format != '\0' && n + 4 < room) {
        is_quoted = is_quoted != (*format == '"');
        if (*format != '%') {
            out[n++] = *format++;
            continue;
        }
        char value[LINE_MAX_BYTES / 2];
        struct spec spec = read_spec(format, args);
        if (spec.kind == '\0' || strchr("sfgediuxc%", spec.kind) == NULL) {
            break; /* what comes behind it can't be found: the line ends here */
        }
        (void)print_value(value, sizeof(value), &spec, args);
        format += spec.len;
        if (is_quoted) {
            n += quote(out + n, room - n - 1, value); /* leaves room for the closing one */
        } else {
            int len = snprintf(out + n, room - n, "%s", value);
            n = len < 0 ? n : n + (size_t)len < room ? n + (size_t)len : room - 1;
        }
    }
    if (is_quoted && n + 1 < room) {
        out[n++] = '"';
    }
    out[n] = '\0';
}

void
pal_log_write(enum pal_log_level level, const char *topic, const char *message,
              const char *pairs_format, ...)
{
    if (!pal_log_enabled(level)) {
        return;
    }
    char pairs[LINE_MAX_BYTES / 2];
    va_list args;
    va_start(args, pairs_format);
    format_pairs(pairs, sizeof(pairs), pairs_format, &args);
    va_end(args);

    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    char line[LINE_MAX_BYTES];
    int head = snprintf(line, sizeof(line),
                        "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03dZ level=%s topic=%s msg=\"",
                        utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                        utc.tm_sec, (int)(now.tv_nsec / 1000000), level_names[level], topic);
    size_t n = head > 0 ? (size_t)head : 0;
    n += escape(line + n, sizeof(line) - n - 4, message);
    line[n++] = '"';
    if (pairs[0] != '\0') {
        line[n++] = ' ';
        n += escape(line + n, sizeof(line) - n - 2, pairs);
    }
    line[n++] = '\n';
    /* A log that can't be written is not worth stopping for. A pipe that nobody reads does hold the
     * line up once it is full: whoever pipes the log must read it. */
    ssize_t ignored = write(atomic_load(&log_fd), line, n);
    (void)ignored;
}
