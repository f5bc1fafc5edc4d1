#include "util/log.h"

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
    (void)vsnprintf(pairs, sizeof(pairs), pairs_format, args);
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
