#ifndef PAL_CHAT_HISTOGRAM_H
#define PAL_CHAT_HISTOGRAM_H
/*
 * How durations are spread: counts in fixed buckets from 5 ms to 60 s, as Prometheus likes them.
 * Plain data; zeroed = empty. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define PAL_HISTOGRAM_BUCKETS 13

struct pal_histogram {
    uint64_t counts[PAL_HISTOGRAM_BUCKETS + 1]; /* each bucket by itself; the last: longer */
    uint64_t n;
    int64_t sum_us;
};

/* A negative duration counts as 0. */
void pal_histogram_add(struct pal_histogram *histogram, int64_t duration_us);

/* Appends the family `name` in seconds, with its HELP and TYPE lines. */
enum pal_err pal_histogram_render(const struct pal_histogram *histogram, const char *name,
                                  const char *help, struct pal_buf *out) PAL_MUST_USE;

#endif
