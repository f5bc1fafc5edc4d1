#ifndef PAL_UTIL_RECENT_H
#define PAL_UTIL_RECENT_H
/*
 * The newest durations as they were, for exact quantiles of the present: a histogram's buckets are
 * too coarse to look at. Plain data; zeroed = empty. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define PAL_RECENT_MAX 256

struct pal_recent {
    int64_t values_us[PAL_RECENT_MAX]; /* a ring */
    size_t next;
    size_t n;
};

void pal_recent_add(struct pal_recent *recent, int64_t duration_us);
/* The smallest value that `percent` of them do not exceed; 0 if there is none. */
int64_t pal_recent_quantile(const struct pal_recent *recent, unsigned percent);
/* Appends the summary `name` in seconds, one line a quantile; nothing but the head if empty.
 */
enum pal_err pal_recent_render(const struct pal_recent *recent, const char *name, const char *help,
                               struct pal_buf *out) PAL_MUST_USE;

#endif
