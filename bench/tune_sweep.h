#ifndef PAL_BENCH_TUNE_SWEEP_H
#define PAL_BENCH_TUNE_SWEEP_H
/*
 * Every way of running a model, one sample of each: what the search's pick is held against. Takes
 * minutes to an hour, so each result goes to a file at once, and a run that finds such a file goes
 * on from there. Main thread.
 */
#include "bench/tune.h"
#include "plan/variants.h"

struct pal_tune_sweep {
    struct pal_variant variants[PAL_VARIANTS_MAX];
    size_t n_variants;
    uint32_t counts[PAL_TUNE_THREADS_MAX];
    size_t n_counts;
    bool is_whole; /* waiting and attention, too, not only builds, weights and threads */
    size_t n_ways;
    size_t n_done;
    double *ratios; /* owned: times faster than llama.cpp's own choice beside it; 0 = not measured,
                       -1 = doesn't run, or is far too slow */
};

/* A model whose turn takes less than that is swept whole. */
#define PAL_TUNE_WHOLE_TURN_MS 200

void pal_tune_sweep_init(struct pal_tune_sweep *sweep, const struct pal_tune *tune, bool is_whole);
void pal_tune_sweep_finish(struct pal_tune_sweep *sweep);
/* The n-th of all ways. */
struct pal_tuned pal_tune_sweep_way(const struct pal_tune_sweep *sweep, const struct pal_tune *tune,
                                    size_t n);
/*
 * Measures what is not known yet, until the tune's time is over. `path` may be NULL; `key` names
 * model and machine. PAL_ERR_PROTO: the file is of another sweep; PAL_ERR_IO: it can't be written.
 */
enum pal_err pal_tune_sweep_run(struct pal_tune_sweep *sweep, struct pal_tune *tune,
                                const char *path, const char *key,
                                struct pal_error *error) PAL_MUST_USE;
/* The n best, best first; returns how many there are. */
size_t pal_tune_sweep_best(const struct pal_tune_sweep *sweep, size_t *best, size_t n);

#endif
