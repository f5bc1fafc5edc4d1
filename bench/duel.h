#ifndef PAL_BENCH_DUEL_H
#define PAL_BENCH_DUEL_H
/*
 * Which of two is faster, from samples taken by turns on a machine that others use too. What others
 * do only ever makes a sample slower, so the lower quartiles are compared, and how sure that is
 * comes from drawing the rounds again and again (bootstrap). Pure; any thread.
 */
#include <stddef.h>

#define PAL_DUEL_ROUNDS_MAX 40

/* Times of one round stand at the same place of both. */
struct pal_duel {
    double a[PAL_DUEL_ROUNDS_MAX];
    double b[PAL_DUEL_ROUNDS_MAX];
    size_t n;
};

/* b / a: below 1, b is faster. Nine times in ten it lies between low and high. */
struct pal_duel_verdict {
    double ratio, low, high;
};

/* The lower quartile (the least of fewer than five); 0 of none. At most PAL_DUEL_ROUNDS_MAX. */
double pal_duel_quartile(const double *values, size_t n);

/* {0} without a round. */
struct pal_duel_verdict pal_duel_judge(const struct pal_duel *duel);

#endif
