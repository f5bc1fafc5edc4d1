#ifndef PAL_BENCH_STATS_H
#define PAL_BENCH_STATS_H
/*
 * Summaries of measured samples. Percentiles are of the nearest rank, so each is a value that was
 * measured. Pure; any thread.
 */
#include <stddef.h>

struct pal_stats {
    size_t n;
    double mean;
    double median;
    double p95;
    double p99;
    double min;
    double max;
};

/* Sorts the samples. n = 0 gives zeros. */
struct pal_stats pal_stats_of(double *samples, size_t n);

/* The value that a part p (0 to 1) of the sorted samples does not exceed. n > 0. */
double pal_stats_percentile(const double *sorted, size_t n, double p);

#endif
