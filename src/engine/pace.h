#ifndef PAL_ENGINE_PACE_H
#define PAL_ENGINE_PACE_H
/*
 * How many threads a step should use at this moment.
 *
 * ggml's threads wait for each other by spinning at the end of every operation. As long as each has
 * a core to itself that is the fastest way; once one of them has to wait for a core, all wait for
 * it, and a step takes several times as long. So a game that wants the cores gets them: the pace
 * goes down when the computing thread finds itself waiting to run, and comes back when a core stays
 * idle.
 *
 *     down: the computing thread spent more than WAIT_SHARE_MAX of the last window on the run queue
 *     up:   IDLE_CPUS_MIN of a CPU stood idle for the last window(s); the pause before a next try
 *           doubles each time that going up was followed by going down at once
 *
 * pal_pace_update() is pure; pal_pace_read() reads /proc. Compute thread only.
 */
#include <stdbool.h>
#include <stdint.h>

#define PAL_PACE_WINDOW_US 100000 /* shorter windows are not judged: the kernel counts in 10 ms */

/* Counters that only grow; what matters is their difference over a window. */
struct pal_pace_sample {
    int64_t now_us;    /* monotonic */
    int64_t waited_us; /* the calling thread's time on the run queue, ready but not running */
    int64_t idle_us;   /* idle time of the CPUs that this process may use, summed */
    uint32_t n_cpus;   /* of those CPUs */
};

struct pal_pace {
    uint32_t n_threads_max;
    uint32_t n_threads; /* the pace */
    struct pal_pace_sample last;
    int64_t raised_us;     /* when it last went up; 0 = never */
    int64_t next_raise_us; /* not before */
    int64_t raise_pause_us;
};

void pal_pace_init(struct pal_pace *pace, uint32_t n_threads_max);

/* Takes a sample into account and returns the pace, 1 to n_threads_max. */
uint32_t pal_pace_update(struct pal_pace *pace, const struct pal_pace_sample *sample);

/* False where the system does not tell (no /proc): the pace then stays as it is. */
bool pal_pace_read(struct pal_pace_sample *sample);

#endif
