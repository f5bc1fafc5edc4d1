#ifndef PAL_BENCH_ENGINE_BENCH_H
#define PAL_BENCH_ENGINE_BENCH_H
/*
 * palabre bench engine: what its parts share. One real engine in its own process, opened as
 * `palabre run` opens it, and turns given to it directly. Main thread only.
 */
#include "bench/sweep.h"

struct pal_engine_bench {
    struct pal_bench bench;
    struct pal_sweep sweep;
    struct pal_trial trial;
    struct pal_engine_options options; /* that the trial was opened with */
    uint32_t n_repeats;
};

/* Longer than any turn takes that is not stuck. */
#define PAL_ENGINE_BENCH_TURN_US ((int64_t)120 * 1000 * 1000)

/* engine_talk.c: tokens computed against how few would do, */
void pal_engine_bench_reuse(struct pal_engine_bench *session);
/* and self-speculation on and off, by turns. */
void pal_engine_bench_drafts(struct pal_engine_bench *session);
/* engine_gap.c: what a stream's reader notices of somebody else's long prompt. */
void pal_engine_bench_gap(struct pal_engine_bench *session);

/* The same engine as if it had just been started, nothing measured, nothing in its KV; and then
 * left alone for so long. */
bool pal_engine_bench_renew(struct pal_engine_bench *session, unsigned ways, int64_t settle_us);

#endif
