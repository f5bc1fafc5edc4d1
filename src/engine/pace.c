#include "engine/pace.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"

/* Threads with cores of their own wait for well under 1 %, beside our own web server and its
 * clients for a tenth all together; with one rival on a shared core, for half. */
#define WAIT_SHARE_MAX 0.16
/* So much of it needs no verdict on more threads: somebody wants a core for good. */
#define WAIT_SHARE_RUIN 0.4
/* Waiting that was borne grows so much before it is suspected again. */
#define BORNE_TIMES   1.5
#define IDLE_CPUS_MIN 0.6
/* A game leaves pauses between its frames: less than a whole CPU is tried, but rarely. */
#define SOME_IDLE_CPUS_MIN 0.4
#define SOME_IDLE_PAUSE_US (4 * PAL_US_PER_S)
#define RAISE_PAUSE_MIN_US (300 * PAL_US_PER_MS)
#define RAISE_PAUSE_MAX_US (1500 * PAL_US_PER_MS)
#define LOWER_PAUSE_MIN_US (300 * PAL_US_PER_MS)
#define LOWER_PAUSE_MAX_US (8 * PAL_US_PER_S)
#define GROWN_PAUSE_US     (1200 * PAL_US_PER_MS)
/* A verdict takes so many steps and so long; a trial that gets none within the last is kept. */
#define VERDICT_STEPS  3
#define VERDICT_MIN_US (150 * PAL_US_PER_MS)
#define VERDICT_MAX_US (1 * PAL_US_PER_S)
/* More threads have to pay, */
#define GAIN_MIN 0.95
/* fewer may cost as much as noise. */
#define LOSS_MAX 1.02
/* Of a CPU, what others may take before it counts as theirs. */
#define OTHERS_SLACK 0.25
/* The kernel counts idle time in these: loading a small model takes two of them. */
#define TICK_US 10000.0
/* A window with less work of ours than this, of a CPU, was mostly a pause, */
#define WORK_SHARE_MIN 0.75
/* and tells of others if it was so long. */
#define PAUSE_MIN_US (300 * PAL_US_PER_MS)

static void
forget_steps(struct pal_pace *pace)
{
    pace->window = pace->known = (struct pal_pace_steps){0};
}

void
pal_pace_init(struct pal_pace *pace, uint32_t n_threads_max)
{
    *pace = (struct pal_pace){
        .n_threads_max = n_threads_max > 0 ? n_threads_max : 1,
        .raise_pause_us = RAISE_PAUSE_MIN_US,
        .lower_pause_us = LOWER_PAUSE_MIN_US,
    };
    pace->n_threads = pace->n_threads_max;
}

void
pal_pace_limit(struct pal_pace *pace, uint32_t n_threads_max)
{
    uint32_t n_fewer = pace->n_threads_max - pace->n_threads;
    pace->n_threads_max = n_threads_max > 0 ? n_threads_max : 1;
    pace->n_threads = pace->n_threads_max > n_fewer ? pace->n_threads_max - n_fewer : 1;
    pace->n_before = 0;
    forget_steps(pace);
}

/* ---- steps ---- */

static void
add_steps(struct pal_pace_steps *to, const struct pal_pace_steps *more)
{
    to->n = to->n / 2 + more->n;
    to->work_us = to->work_us / 2 + more->work_us;
    to->us = to->us / 2 + more->us;
}

void
pal_pace_step(struct pal_pace *pace, double work_us, int64_t us)
{
    pace->has_computed = true;
    if (work_us > 0) {
        pace->window.n++;
        pace->window.work_us += work_us;
        pace->window.us += (double)us;
    }
}

/* ---- changes, trials ---- */

static void
change(struct pal_pace *pace, uint32_t n_threads, int64_t now_us)
{
    pace->n_threads = n_threads;
    pace->changed_us = now_us;
    forget_steps(pace);
}

static int64_t
longer(int64_t pause_us, int64_t most_us)
{
    return 2 * pause_us < most_us ? 2 * pause_us : most_us;
}

static void
try_fewer(struct pal_pace *pace, double wait_share, double idle_cpus, int64_t now_us)
{
    uint32_t n = pace->n_threads - 1;
    if (pace->n_threads > 3 && idle_cpus < 1.0) {
        n = pace->n_threads / 2; /* nothing is idle: the rival is large, and so is the way down */
    }
    if (pace->n_before > 0 && pace->n_before < pace->n_threads) {
        /* More threads were on trial, and have failed it. */
        n = pace->n_before;
        pace->n_before = 0;
        pace->next_raise_us = now_us + pace->raise_pause_us;
        pace->raise_pause_us = longer(pace->raise_pause_us, RAISE_PAUSE_MAX_US);
    } else if (pace->n_before == 0) {
        pace->n_before = pace->n_threads;
        pace->before = pace->window;
        pace->trial_share = wait_share;
    } /* else on the way down already: the verdict will be about all of it */
    change(pace, n, now_us);
    if (pace->next_raise_us < now_us + RAISE_PAUSE_MIN_US) {
        pace->next_raise_us = now_us + RAISE_PAUSE_MIN_US;
    }
}

static void
try_more(struct pal_pace *pace, int64_t now_us, double idle_cpus)
{
    uint32_t wanted = pace->n_threads + (idle_cpus > 2.0 ? (uint32_t)idle_cpus : 1);
    pace->n_before = pace->n_threads;
    pace->before = pace->known;
    change(pace, wanted < pace->n_threads_max ? wanted : pace->n_threads_max, now_us);
    pace->next_raise_us = now_us + RAISE_PAUSE_MIN_US;
}

void
pal_pace_lost(struct pal_pace *pace, int64_t now_us)
{
    pace->n_before = 0;
    change(pace, 1, now_us);
    pace->next_raise_us = now_us + pace->raise_pause_us;
    pace->raise_pause_us = longer(pace->raise_pause_us, RAISE_PAUSE_MAX_US);
}

/* Is the number that was tried to stay? */
static bool
is_better(const struct pal_pace *pace)
{
    const struct pal_pace_steps *now = &pace->known;
    const struct pal_pace_steps *then = &pace->before;
    if (now->n <= 0 || then->n <= 0) {
        return true; /* nothing speaks against it */
    }
    double ratio = now->us / now->work_us / (then->us / then->work_us);
    return ratio <= (pace->n_threads > pace->n_before ? GAIN_MIN : LOSS_MAX);
}

static void
judge(struct pal_pace *pace, int64_t now_us)
{
    int64_t since_us = now_us - pace->changed_us;
    bool is_due = pace->known.n >= VERDICT_STEPS && since_us >= VERDICT_MIN_US;
    if (pace->n_before == 0 || (!is_due && since_us < VERDICT_MAX_US)) {
        return;
    }
    bool is_raise = pace->n_threads > pace->n_before;
    if (is_better(pace)) {
        pace->raise_pause_us = is_raise ? RAISE_PAUSE_MIN_US : pace->raise_pause_us;
        pace->lower_pause_us = is_raise ? pace->lower_pause_us : LOWER_PAUSE_MIN_US;
        pace->borne_share = 0;
        pace->n_before = 0;
        return;
    }
    change(pace, pace->n_before, now_us);
    pace->n_before = 0;
    if (is_raise) {
        pace->next_raise_us = now_us + pace->raise_pause_us;
        pace->raise_pause_us = longer(pace->raise_pause_us, RAISE_PAUSE_MAX_US);
    } else {
        pace->next_lower_us = now_us + pace->lower_pause_us;
        pace->lower_pause_us = longer(pace->lower_pause_us, LOWER_PAUSE_MAX_US);
        pace->borne_share = fmin(BORNE_TIMES * pace->trial_share, WAIT_SHARE_RUIN);
    }
}

/* ---- windows ---- */

/* What a window of our own silence says: as many threads as find a CPU free. */
static void
follow_others(struct pal_pace *pace, double n_cpus, double others_cpus, int64_t now_us)
{
    double n_free = floor(n_cpus - others_cpus + OTHERS_SLACK);
    uint32_t n = n_free < 1                     ? 1
                 : n_free > pace->n_threads_max ? pace->n_threads_max
                                                : (uint32_t)n_free;
    pace->n_before = 0;
    if (n != pace->n_threads) {
        change(pace, n, now_us);
    }
}

/* Do our threads wait so long that fewer might be faster? */
static bool
is_crowded(const struct pal_pace *pace, double wait_share, int64_t now_us)
{
    if (pace->n_threads == 1 || wait_share <= WAIT_SHARE_MAX) {
        return false;
    }
    if (pace->n_before > 0 && pace->n_before < pace->n_threads) {
        return wait_share > WAIT_SHARE_RUIN; /* else the steps will tell */
    }
    bool has_grown = wait_share > pace->borne_share && now_us - pace->changed_us >= GROWN_PAUSE_US;
    return now_us >= pace->next_lower_us || has_grown;
}

static void
follow_steps(struct pal_pace *pace, double wait_share, double idle_cpus, int64_t now_us)
{
    bool has_room = pace->n_threads < pace->n_threads_max && now_us >= pace->next_raise_us &&
                    pace->n_before == 0;
    bool is_rare = now_us - pace->changed_us >= SOME_IDLE_PAUSE_US;
    if (is_crowded(pace, wait_share, now_us)) {
        try_fewer(pace, wait_share, idle_cpus, now_us);
        return;
    }
    add_steps(&pace->known, &pace->window);
    pace->window = (struct pal_pace_steps){0};
    if (has_room && (idle_cpus > IDLE_CPUS_MIN || (idle_cpus > SOME_IDLE_CPUS_MIN && is_rare))) {
        try_more(pace, now_us, idle_cpus);
        return;
    }
    judge(pace, now_us);
}

uint32_t
pal_pace_update(struct pal_pace *pace, const struct pal_pace_sample *sample)
{
    int64_t window_us = sample->now_us - pace->last.now_us;
    bool is_first = pace->last.now_us == 0;
    if (!is_first && window_us < PAL_PACE_WINDOW_US) {
        return pace->n_threads;
    }
    struct pal_pace_sample last = pace->last;
    bool has_computed = pace->has_computed;
    pace->last = *sample;
    pace->has_computed = false;
    /* Threads that ended have taken what they waited with them. */
    bool is_whole = sample->waited_us >= last.waited_us && sample->own_us >= last.own_us;
    if (is_first || !is_whole) {
        return pace->n_threads;
    }
    double window = (double)window_us;
    double wait_share = (double)(sample->waited_us - last.waited_us) / window;
    double own_cpus = (double)(sample->own_us - last.own_us) / window;
    double idle_cpus = (double)(sample->idle_us - last.idle_us) / window;
    if (has_computed && own_cpus + wait_share > WORK_SHARE_MIN) {
        follow_steps(pace, wait_share, idle_cpus, sample->now_us);
    } else if (window_us >= PAUSE_MIN_US) {
        double others_cpus = sample->n_cpus - idle_cpus - own_cpus;
        follow_others(pace, sample->n_cpus, others_cpus, sample->now_us);
    }
    return pace->n_threads;
}

uint32_t
pal_pace_begin(struct pal_pace *pace, const struct pal_pace_sample *from,
               const struct pal_pace_sample *to)
{
    double window = (double)(to->now_us - from->now_us);
    pace->last = *to;
    if (window <= 0) {
        return pace->n_threads;
    }
    double n_cpus = to->n_cpus;
    double own_cpus = (double)(to->own_us - from->own_us) / window;
    double idle_cpus = ((double)(to->idle_us - from->idle_us) + TICK_US) / window;
    double others_cpus = n_cpus - idle_cpus - own_cpus;
    follow_others(pace, n_cpus, others_cpus > 0 ? others_cpus : 0, to->now_us);
    return pace->n_threads;
}

/* ---- reading ---- */

/* Sums idle and iowait of the CPUs in `cpus`, out of the lines "cpuN user nice system idle ...".
 */
static bool
read_idle(const cpu_set_t *cpus, int64_t *idle_us, uint32_t *n_cpus)
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
            cpu < CPU_SETSIZE && CPU_ISSET(cpu, cpus)) {
            *idle_us += (int64_t)(idle + iowait) * us_per_tick;
            (*n_cpus)++;
        }
    }
    (void)fclose(stat);
    return *n_cpus > 0;
}

/* A thread's time on the run queue: the second number of its schedstat. */
static bool
read_thread_waited(const char *tid, int64_t *waited_us)
{
    char path[80];
    uint64_t waited_ns = 0;
    (void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/schedstat", tid);
    FILE *schedstat = fopen(path, "re");
    if (schedstat == NULL) {
        return false;
    }
    bool known = fscanf(schedstat, "%*u %" SCNu64, &waited_ns) == 1;
    (void)fclose(schedstat);
    *waited_us += (int64_t)(waited_ns / 1000);
    return known;
}

/* Does it let all others go first, so that nobody waits for it (reading.c)? */
static bool
gives_way(const char *tid)
{
    return getpriority(PRIO_PROCESS, (id_t)strtoul(tid, NULL, 10)) > getpriority(PRIO_PROCESS, 0);
}

/* Of all threads that compute: one that waits keeps all the others waiting. */
static bool
read_waited(int64_t *waited_us)
{
    DIR *tasks = opendir("/proc/self/task");
    bool known = false;
    *waited_us = 0;
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] != '.' && !gives_way(task->d_name)) {
            known = read_thread_waited(task->d_name, waited_us) || known;
        }
    }
    if (tasks != NULL) {
        (void)closedir(tasks);
    }
    return known;
}

bool
pal_pace_read(const cpu_set_t *cpus, struct pal_pace_sample *sample)
{
    struct timespec own;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own) != 0) {
        return false;
    }
    sample->now_us = pal_now_us();
    sample->own_us = (int64_t)own.tv_sec * PAL_US_PER_S + own.tv_nsec / 1000;
    return read_waited(&sample->waited_us) && read_idle(cpus, &sample->idle_us, &sample->n_cpus);
}
