#include "bench/duel.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define N_DRAWS 400

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double
pal_duel_quartile(const double *values, size_t n)
{
    double sorted[PAL_DUEL_ROUNDS_MAX];
    if (n == 0) {
        return 0;
    }
    n = n < PAL_DUEL_ROUNDS_MAX ? n : PAL_DUEL_ROUNDS_MAX;
    memcpy(sorted, values, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), by_size);
    return sorted[(n - 1) / 4];
}

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static double
ratio_of(const struct pal_duel *duel)
{
    double a = pal_duel_quartile(duel->a, duel->n);
    return a > 0 ? pal_duel_quartile(duel->b, duel->n) / a : 0;
}

struct pal_duel_verdict
pal_duel_judge(const struct pal_duel *duel)
{
    struct pal_duel_verdict verdict = {.ratio = ratio_of(duel)};
    double ratios[N_DRAWS];
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15); /* the same rounds, the same verdict */
    for (size_t draw = 0; draw < N_DRAWS && duel->n > 0; draw++) {
        struct pal_duel again = {.n = duel->n};
        for (size_t i = 0; i < duel->n; i++) {
            size_t from = (size_t)(next_random(&state) % duel->n);
            again.a[i] = duel->a[from];
            again.b[i] = duel->b[from];
        }
        ratios[draw] = ratio_of(&again);
    }
    if (duel->n > 0) {
        qsort(ratios, N_DRAWS, sizeof(*ratios), by_size);
        verdict.low = ratios[N_DRAWS / 20];
        verdict.high = ratios[N_DRAWS - 1 - N_DRAWS / 20];
    }
    return verdict;
}
