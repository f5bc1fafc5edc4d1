#ifndef PAL_ACCESS_RATE_WINDOW_H
#define PAL_ACCESS_RATE_WINDOW_H
/*
 * At most so many events in any span of so long: a sliding window, because a server that counts in
 * buckets does not say when they empty. Pure; one owner.
 */
#include <stddef.h>
#include <stdint.h>

#define PAL_RATE_EVENTS_MAX 128

struct pal_rate_window {
    int64_t span_us;
    size_t max_events; /* at most PAL_RATE_EVENTS_MAX */
    size_t n;          /* events noted, at most max_events */
    size_t oldest;     /* its place in the ring */
    int64_t at_us[PAL_RATE_EVENTS_MAX];
};

void pal_rate_window_init(struct pal_rate_window *window, size_t max_events, int64_t span_us);
/* When there is room for one event beside `n_pending` that are still to be noted (at once: now_us
 * or before); INT64_MAX if those alone fill it. */
int64_t pal_rate_window_next_us(const struct pal_rate_window *window, size_t n_pending);
/* Notes an event. Times don't go backwards. */
void pal_rate_window_add(struct pal_rate_window *window, int64_t now_us);

#endif
