#ifndef PAL_UTIL_CLOCK_H
#define PAL_UTIL_CLOCK_H
/*
 * Time. Durations and deadlines are int64_t microseconds of the monotonic clock, which all
 * processes of one machine share, so a deadline keeps its meaning across the engine's socket.
 * Wall-clock time is for display and file names only. Things that decide by time take a `struct
 * pal_clock`, so that a test can set it. Any thread.
 */
#include <stdint.h>

#define PAL_US_PER_MS INT64_C(1000)
#define PAL_US_PER_S  INT64_C(1000000)

struct pal_clock {
    int64_t (*now_us)(void *userdata);
    void *userdata; /* borrowed; must outlive the clock's users */
};

/* The system's monotonic clock. */
int64_t pal_now_us(void);
struct pal_clock pal_clock_system(void);

static inline int64_t
pal_clock_now_us(const struct pal_clock *clock)
{
    return clock->now_us(clock->userdata);
}

/* Seconds since 1970, for display ("created" fields, log lines). */
int64_t pal_wall_seconds(void);
/* The same in microseconds: only to be compared with other programs' clocks. */
int64_t pal_wall_us(void);

#endif
