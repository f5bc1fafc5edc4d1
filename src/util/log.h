#ifndef PAL_UTIL_LOG_H
#define PAL_UTIL_LOG_H
/*
 * The log: one logfmt line an event, to standard error (or a file descriptor of the caller's).
 *
 *     ts=2026-11-22T01:02:03.456Z level=info topic=sched msg="turn queued" turn=12 waiting=3
 *
 * error = somebody must act; warn = we recovered; info = life cycle; debug; trace. Each .c file
 * defines LOG_TOPIC before it includes this header. The first argument is the plain message; the
 * rest is a printf format of `key=value` pairs. Bytes that could break a line (controls, DEL) are
 * escaped as \xNN, quotes and backslashes of a value in quotes as \" and \\; a line has at most 4
 * KiB. Of conversions the log knows %s, %c, %f and whole numbers, of any length. Chat text, tokens
 * and keys never go in, at any level. Any thread; a line is one write().
 */
#include <stdbool.h>

#include "util/err.h"

enum pal_log_level {
    PAL_LOG_ERROR,
    PAL_LOG_WARN,
    PAL_LOG_INFO,
    PAL_LOG_DEBUG,
    PAL_LOG_TRACE,
};

/* Set once at start, before there are threads. Default: info, standard error. */
void pal_log_init(enum pal_log_level level, int fd);
/* Reads "error" ... "trace"; PAL_ERR_ARGUMENT for anything else. */
enum pal_err pal_log_level_parse(const char *text, enum pal_log_level *level) PAL_MUST_USE;
bool pal_log_enabled(enum pal_log_level level);

void pal_log_write(enum pal_log_level level, const char *topic, const char *message,
                   const char *pairs_format, ...) PAL_PRINTF(4, 5);

#define pal_log_error(message, ...) pal_log_write(PAL_LOG_ERROR, LOG_TOPIC, message, __VA_ARGS__)
#define pal_log_warn(message, ...)  pal_log_write(PAL_LOG_WARN, LOG_TOPIC, message, __VA_ARGS__)
#define pal_log_info(message, ...)  pal_log_write(PAL_LOG_INFO, LOG_TOPIC, message, __VA_ARGS__)
#define pal_log_debug(message, ...) pal_log_write(PAL_LOG_DEBUG, LOG_TOPIC, message, __VA_ARGS__)
#define pal_log_trace(message, ...) pal_log_write(PAL_LOG_TRACE, LOG_TOPIC, message, __VA_ARGS__)

/* printf macros for a quoted value: pal_log_info("loaded", "model=" PAL_LOG_STR, name). */
#define PAL_LOG_STR "\"%s\""

#endif
