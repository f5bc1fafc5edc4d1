#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double
pal_stats_percentile(const double *sorted, size_t n, double p)
{
    double rank = ceil(p * (double)n);
    size_t at = rank < 1.0 ? 0 : (size_t)rank - 1;
    return sorted[at < n ? at : n - 1];
}

struct pal_stats
pal_stats_of(double *samples, size_t n)
{
    struct pal_stats stats = {.n = n};
    if (n == 0) {
        return stats;
    }
    qsort(samples, n, sizeof(*samples), by_value);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += samples[i];
    }
    stats.mean = sum / (double)n;
    stats.median =
        (pal_stats_percentile(samples, n, 0.5) + samples[n / 2]) / 2; /* of even n, too */
    stats.p95 = pal_stats_percentile(samples, n, 0.95);
    stats.p99 = pal_stats_percentile(samples, n, 0.99);
    stats.min = samples[0];
    stats.max = samples[n - 1];
    return stats;
}
