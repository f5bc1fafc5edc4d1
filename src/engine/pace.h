#ifndef PAL_ENGINE_PACE_H
#define PAL_ENGINE_PACE_H
/*
 * How many threads a step should use at this moment.
 *
 * ggml's threads wait for each other by spinning at the end of every operation. As long as each has
 * a core to itself that is the fastest way; once one of them has to wait for a core, all wait for
 * it, and a step takes several times as long. So a game that wants the cores gets them.
 *
 * Suspicions come from what the kernel counts over a window, and steps judge them:
 *
 *     down, on trial: our threads together spent more than WAIT_SHARE_MAX of it on the run queue
 *     up, on trial:   IDLE_CPUS_MIN of a CPU stood idle (a web server of ours and its clients take
 * some) the verdict:    a few steps later their time is compared with that before the change, each
 *                     by its work, since no two steps are alike; fewer threads stay if they are as
 *                     fast, more only if they are faster
 *
 * Each failure doubles the pause before the next try of its kind, and waiting that was found to do
 * no harm is borne until it grows.
 *
 * While nothing is computed there is nothing to judge by, but what others take of the CPUs is seen
 * all the better: the next turn begins with as many threads as find a CPU free. So does the first
 * one, by what was seen while the model was loaded.
 *
 * All but pal_pace_read() is pure. Compute thread only.
 */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#define PAL_PACE_WINDOW_US 100000 /* shorter windows are not judged: the kernel counts in 10 ms */

/* Counters that only grow; what matters is their difference over a window. */
struct pal_pace_sample {
    int64_t now_us;    /* monotonic */
    int64_t waited_us; /* our threads' time on the run queue, ready but not running, summed */
    int64_t own_us;    /* CPU time of this process */
    int64_t idle_us;   /* idle time of the CPUs that this process may use, summed */
    uint32_t n_cpus;   /* of those CPUs */
};

/* Steps with equally many threads. */
struct pal_pace_steps {
    double n, work_us, us; /* what they should have taken and took; older ones count for less */
};

struct pal_pace {
    uint32_t n_threads_max;
    uint32_t n_threads; /* the pace */
    struct pal_pace_sample last;
    bool has_computed;            /* since the last sample */
    struct pal_pace_steps window; /* since the last sample */
    struct pal_pace_steps known;  /* before that */
    struct pal_pace_steps before; /* with the number that a trial would go back to */
    uint32_t n_before;            /* that number; 0 = nothing is on trial */
    int64_t changed_us;           /* when it last changed; 0 = never */
    int64_t next_raise_us;        /* not before */
    int64_t next_lower_us;
    int64_t raise_pause_us;
    int64_t lower_pause_us;
    double trial_share; /* of waiting, which made us try fewer threads; 0 = did not */
    double borne_share; /* of waiting, with which more threads are faster all the same */
};

void pal_pace_init(struct pal_pace *pace, uint32_t n_threads_max);
/* Another limit: what is known of the others stays. */
void pal_pace_limit(struct pal_pace *pace, uint32_t n_threads_max);

/*
 * Before the first step: two samples of the time of loading, however short that was. One of the
 * kernel's ticks more is taken for idle.
 */
uint32_t pal_pace_begin(struct pal_pace *pace, const struct pal_pace_sample *from,
                        const struct pal_pace_sample *to);
/* A step of so much work (pal_cost_weigh(); 0 = not known) took so long. */
void pal_pace_step(struct pal_pace *pace, double work_us, int64_t us);
/* A step has taken so long that the cores must be somebody else's: one thread is left. */
void pal_pace_lost(struct pal_pace *pace, int64_t now_us);
/* Takes a sample into account and returns the pace, 1 to n_threads_max. */
uint32_t pal_pace_update(struct pal_pace *pace, const struct pal_pace_sample *sample);

/*
 * False where the system does not tell (no /proc): the pace then stays as it is. `cpus`: that this
 * process may use; the calling thread may be bound to one of them.
 */
bool pal_pace_read(const cpu_set_t *cpus, struct pal_pace_sample *sample);

#endif
