/* The other programs. Each has a session of its own, as what is started from another window has. */
#include "bench/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"

#define BURST_US (150 * PAL_US_PER_MS)
#define PAUSE_US (350 * PAL_US_PER_MS)
#define FRAME_US 16667
#define DRAW_US  (8 * PAL_US_PER_MS)

static int64_t
worked_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * PAL_US_PER_S + now.tv_nsec / 1000;
}

static void
work_a_little(void)
{
    for (volatile unsigned i = 0; i < 2000; i++) {
    }
}

static void
sleep_until(int64_t at_us)
{
    const struct timespec at = {.tv_sec = at_us / PAL_US_PER_S,
                                .tv_nsec = at_us % PAL_US_PER_S * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}

static void
run_bursts(void)
{
    for (;;) {
        int64_t until_us = pal_now_us() + BURST_US;
        while (pal_now_us() < until_us) {
            work_a_little();
        }
        sleep_until(pal_now_us() + PAUSE_US);
    }
}

/* A frame is due at each tick and missed if it is not ready at the next one; ticks that pass
 * meanwhile show nothing new, either. */
static struct beside_frames
play(int64_t us)
{
    size_t cap = (size_t)(us / FRAME_US) + 1;
    double *frame_ms = pal_calloc(cap, sizeof(*frame_ms));
    struct beside_frames frames = {0};
    int64_t began_us = pal_now_us();
    int64_t tick = 1;
    size_t n = 0;
    uint32_t n_shown = 0;
    while (tick * FRAME_US < us && n < cap) {
        int64_t due_us = began_us + tick * FRAME_US;
        sleep_until(due_us);
        int64_t until_us = worked_us() + DRAW_US;
        while (worked_us() < until_us) {
            work_a_little();
        }
        int64_t took_us = pal_now_us() - due_us;
        frame_ms[n++] = (double)took_us / (double)PAL_US_PER_MS;
        n_shown += took_us <= FRAME_US;
        tick += 1 + (took_us - 1) / FRAME_US;
    }
    frames.n = (uint32_t)(tick - 1);
    frames.n_missed = frames.n - n_shown;
    struct pal_stats stats = pal_stats_of(frame_ms, n);
    frames.p95_ms = stats.p95;
    frames.max_ms = stats.max;
    free(frame_ms);
    return frames;
}

static void
be_rival(enum beside_rival_kind kind, int64_t us, int result_fd)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setsid();
    if (kind == BESIDE_BURSTS) {
        run_bursts();
    }
    if (kind == BESIDE_GAME) {
        struct beside_frames frames = play(us);
        (void)!write(result_fd, &frames, sizeof(frames));
        (void)pause();
        _exit(0);
    }
    for (;;) {
        work_a_little();
    }
}

void
beside_rivals_start(struct beside_rivals *rivals, enum beside_rival_kind kind, unsigned n,
                    int64_t us)
{
    int fds[2] = {-1, -1};
    *rivals = (struct beside_rivals){.kind = kind, .result_fd = -1};
    (void)fflush(NULL);
    if (kind == BESIDE_GAME && pipe2(fds, O_CLOEXEC) != 0) {
        rivals->failed = true;
        return;
    }
    for (unsigned i = 0; i < n && i < BESIDE_RIVALS_MAX && kind != BESIDE_NOTHING; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            be_rival(kind, us, fds[1]);
        }
        rivals->failed = rivals->failed || pid < 0;
        rivals->pids[rivals->n] = pid;
        rivals->n += pid > 0;
    }
    if (fds[1] >= 0) {
        (void)close(fds[1]);
    }
    rivals->result_fd = fds[0];
}

bool
beside_rival_run(struct beside_rivals *rivals, const char *program, char *const *argv)
{
    *rivals = (struct beside_rivals){.result_fd = -1};
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setsid();
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, STDOUT_FILENO);
        (void)execv(program, argv);
        _exit(127);
    }
    rivals->pids[0] = pid;
    rivals->n = pid > 0;
    return pid > 0;
}

bool
beside_rivals_stop(struct beside_rivals *rivals, struct beside_frames *frames)
{
    bool ok = !rivals->failed;
    if (rivals->result_fd >= 0) {
        struct beside_frames got = {0};
        ok = read(rivals->result_fd, &got, sizeof(got)) == (ssize_t)sizeof(got) && ok;
        (void)close(rivals->result_fd);
        if (frames != NULL) {
            *frames = got;
        }
    }
    for (unsigned i = 0; i < rivals->n; i++) {
        (void)kill(rivals->pids[i], SIGKILL);
        (void)waitpid(rivals->pids[i], NULL, 0);
    }
    *rivals = (struct beside_rivals){.result_fd = -1};
    return ok;
}
