#include "engine/pace.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

/* A thread with a core of its own waits for well under 1 %; with one rival on a shared core, 30 %.
 */
#define WAIT_SHARE_MAX 0.08
#define IDLE_CPUS_MIN  0.6
/* A window that is this long was mostly idle time of our own and says nothing of a step. */
#define STALE_US           (2 * PAL_US_PER_S)
#define RAISE_PAUSE_MIN_US (300 * PAL_US_PER_MS)
#define RAISE_PAUSE_MAX_US (1500 * PAL_US_PER_MS)
/* Going down this soon after going up means that going up was a mistake. */
#define REGRET_US (1 * PAL_US_PER_S)

void
pal_pace_init(struct pal_pace *pace, uint32_t n_threads_max)
{
    *pace = (struct pal_pace){
        .n_threads_max = n_threads_max > 0 ? n_threads_max : 1,
        .raise_pause_us = RAISE_PAUSE_MIN_US,
    };
    pace->n_threads = pace->n_threads_max;
}

static void
lower(struct pal_pace *pace, int64_t now_us, double idle_cpus)
{
    /* What is idle anyway can be kept; one less than now at least, or nothing would change. */
    uint32_t keep = pace->n_threads - 1;
    if (pace->n_threads > 3 && idle_cpus < 1.0) {
        /* Many threads and nothing idle: the rival is large, so the way down is by halves. */
        keep = pace->n_threads / 2;
    }
    bool regretted = pace->raised_us != 0 && now_us - pace->raised_us < REGRET_US;
    pace->raise_pause_us = regretted ? pace->raise_pause_us * 2 : RAISE_PAUSE_MIN_US;
    if (pace->raise_pause_us > RAISE_PAUSE_MAX_US) {
        pace->raise_pause_us = RAISE_PAUSE_MAX_US;
    }
    pace->n_threads = keep;
    pace->next_raise_us = now_us + pace->raise_pause_us;
}

uint32_t
pal_pace_update(struct pal_pace *pace, const struct pal_pace_sample *sample)
{
    int64_t window_us = sample->now_us - pace->last.now_us;
    bool first = pace->last.now_us == 0;
    if (!first && window_us < PAL_PACE_WINDOW_US) {
        return pace->n_threads;
    }
    struct pal_pace_sample last = pace->last;
    pace->last = *sample;
    if (first) {
        return pace->n_threads;
    }
    double window = (double)window_us;
    double wait_share = (double)(sample->waited_us - last.waited_us) / window;
    double idle_cpus = (double)(sample->idle_us - last.idle_us) / window;
    if (wait_share > WAIT_SHARE_MAX && pace->n_threads > 1 && window_us < STALE_US) {
        lower(pace, sample->now_us, idle_cpus);
    } else if (idle_cpus > IDLE_CPUS_MIN && pace->n_threads < pace->n_threads_max &&
               sample->now_us >= pace->next_raise_us) {
        /* Idle CPUs are free for us. After a pause of our own the count is too high by what we use
         * ourselves; the next window corrects that. */
        uint32_t wanted = pace->n_threads + (idle_cpus > 2.0 ? (uint32_t)idle_cpus : 1);
        pace->n_threads = wanted < pace->n_threads_max ? wanted : pace->n_threads_max;
        pace->raised_us = sample->now_us;
        pace->next_raise_us = sample->now_us + RAISE_PAUSE_MIN_US;
    }
    return pace->n_threads;
}

/* Sums idle and iowait of the CPUs in `allowed`, out of the lines "cpuN user nice system idle ...".
 */
static bool
read_idle(const cpu_set_t *allowed, int64_t *idle_us, uint32_t *n_cpus)
{
    FILE *stat = fopen("/proc/stat", "re");
    if (stat == NULL) {
        return false;
    }
    int64_t us_per_tick = PAL_US_PER_S / sysconf(_SC_CLK_TCK);
    char line[256];
    *idle_us = 0;
    *n_cpus = 0;
    while (fgets(line, sizeof(line), stat) != NULL && strncmp(line, "cpu", 3) == 0) {
        unsigned cpu;
        uint64_t idle;
        uint64_t iowait;
        if (sscanf(line, "cpu%u %*u %*u %*u %" SCNu64 " %" SCNu64, &cpu, &idle, &iowait) == 3 &&
            cpu < CPU_SETSIZE && CPU_ISSET(cpu, allowed)) {
            *idle_us += (int64_t)(idle + iowait) * us_per_tick;
            (*n_cpus)++;
        }
    }
    (void)fclose(stat);
    return *n_cpus > 0;
}

/* This thread's time on the run queue: the second number of its schedstat. */
static bool
read_waited(int64_t *waited_us)
{
    FILE *schedstat = fopen("/proc/thread-self/schedstat", "re");
    if (schedstat == NULL) {
        return false;
    }
    uint64_t waited_ns = 0;
    bool known = fscanf(schedstat, "%*u %" SCNu64, &waited_ns) == 1;
    (void)fclose(schedstat);
    *waited_us = (int64_t)(waited_ns / 1000);
    return known;
}

bool
pal_pace_read(struct pal_pace_sample *sample)
{
    cpu_set_t allowed;
    sample->now_us = pal_now_us();
    return sched_getaffinity(0, sizeof(allowed), &allowed) == 0 &&
           read_waited(&sample->waited_us) &&
           read_idle(&allowed, &sample->idle_us, &sample->n_cpus);
}
