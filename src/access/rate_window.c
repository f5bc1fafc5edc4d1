#include "access/rate_window.h"

#include "util/mem.h"

void
pal_rate_window_init(struct pal_rate_window *window, size_t max_events, int64_t span_us)
{
    PAL_ASSERT(max_events > 0 && max_events <= PAL_RATE_EVENTS_MAX);
    *window = (struct pal_rate_window){.span_us = span_us, .max_events = max_events};
}

int64_t
pal_rate_window_next_us(const struct pal_rate_window *window, size_t n_pending)
{
    if (n_pending >= window->max_events) {
        return INT64_MAX;
    }
    if (window->n + n_pending < window->max_events) {
        return INT64_MIN;
    }
    /* So many of the oldest have to leave the window first. */
    size_t n_to_leave = window->n + n_pending - window->max_events + 1;
    size_t last = (window->oldest + n_to_leave - 1) % window->max_events;
    return window->at_us[last] + window->span_us;
}

void
pal_rate_window_add(struct pal_rate_window *window, int64_t now_us)
{
    size_t place = (window->oldest + window->n) % window->max_events;
    window->at_us[place] = now_us;
    if (window->n < window->max_events) {
        window->n++;
    } else {
        window->oldest = (window->oldest + 1) % window->max_events;
    }
}
