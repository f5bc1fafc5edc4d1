#include "chat/histogram.h"

#include <inttypes.h>

#include "util/clock.h"

/* The text is what Prometheus shows, so that no rounding of 0.05 ever makes a second series. */
static const struct {
    int64_t up_to_us;
    const char *label;
} buckets[PAL_HISTOGRAM_BUCKETS] = {
    {5 * PAL_US_PER_MS, "0.005"}, {10 * PAL_US_PER_MS, "0.01"}, {25 * PAL_US_PER_MS, "0.025"},
    {50 * PAL_US_PER_MS, "0.05"}, {100 * PAL_US_PER_MS, "0.1"}, {250 * PAL_US_PER_MS, "0.25"},
    {500 * PAL_US_PER_MS, "0.5"}, {PAL_US_PER_S, "1"},          {2500 * PAL_US_PER_MS, "2.5"},
    {5 * PAL_US_PER_S, "5"},      {10 * PAL_US_PER_S, "10"},    {30 * PAL_US_PER_S, "30"},
    {60 * PAL_US_PER_S, "60"},
};

void
pal_histogram_add(struct pal_histogram *histogram, int64_t duration_us)
{
    if (duration_us < 0) {
        duration_us = 0;
    }
    size_t i = 0;
    while (i < PAL_HISTOGRAM_BUCKETS && duration_us > buckets[i].up_to_us) {
        i++;
    }
    histogram->counts[i]++;
    histogram->n++;
    histogram->sum_us += duration_us;
}

enum pal_err
pal_histogram_render(const struct pal_histogram *histogram, const char *name, const char *help,
                     struct pal_buf *out)
{
    enum pal_err err = pal_buf_printf(out, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
    uint64_t n_up_to = 0;
    for (size_t i = 0; i < PAL_HISTOGRAM_BUCKETS && err == PAL_OK; i++) {
        n_up_to += histogram->counts[i];
        err = pal_buf_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, buckets[i].label,
                             n_up_to);
    }
    if (err == PAL_OK) {
        err = pal_buf_printf(out,
                             "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %" PRId64 ".%06" PRId64
                             "\n%s_count %" PRIu64 "\n",
                             name, histogram->n, name, histogram->sum_us / PAL_US_PER_S,
                             histogram->sum_us % PAL_US_PER_S, name, histogram->n);
    }
    return err;
}
