/*
 * From a piece leaving the engine's thread to the face's bytes on the wire, while every core is
 * busy decoding: the whole way through the loop, the stream, the emotion, the fan-out and the link.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "bench/ipc.h"
#include "output/link_tcp.h"
#include "output/performance.h"
#include "output/promptness.h"
#include "util/mem.h"

/* Far apart enough that the fan-out's 60 Hz never holds a change back, as speech is. */
#define GAP_US 25000

struct piece_run {
    uv_loop_t loop;
    uv_async_t arrived;
    pthread_t engine;
    struct pal_performance *performance;
    struct pal_link_tcp *link;
    struct pal_sink reply;
    atomic_uint_fast64_t left_ns; /* when the piece left the engine's thread */
    size_t n;
    atomic_size_t n_taken;
    size_t n_unsent;
    double *samples_us;
    double *work_us; /* of these, on the loop's thread: the rest is waking up */
};

/* A core that decodes: floating point over memory that does not fit a cache, nothing else. */
static void
decode_for_ever(void)
{
    enum { N = 4 * 1024 * 1024 };
    float *weights = calloc(N, sizeof(float));
    volatile float sum = 0.0F;
    while (weights != NULL) {
        float part = 0.0F;
        for (size_t i = 0; i < N; i++) {
            part += weights[i] * 0.5F + 1e-9F;
        }
        sum = part;
    }
    (void)sum;
    _exit(0);
}

static size_t
start_decoding(pid_t *pids, size_t n, int niceness)
{
    for (size_t i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)setpriority(PRIO_PROCESS, 0, niceness);
            decode_for_ever();
        }
    }
    return n;
}

static void
stop_decoding(const pid_t *pids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pids[i] > 0) {
            (void)kill(pids[i], SIGKILL);
            (void)waitpid(pids[i], NULL, 0);
        }
    }
}

static void *
engine(void *userdata)
{
    struct piece_run *run = userdata;
    (void)pal_prompt_thread(); /* only to be on time: its work is the time stamp */
    /* A loop that is late takes two wakeups for one piece: until it has taken enough. */
    while (atomic_load(&run->n_taken) < run->n) {
        (void)usleep(GAP_US);
        atomic_store(&run->left_ns, uv_hrtime());
        (void)uv_async_send(&run->arrived);
    }
    return NULL;
}

static void
drop_text(void *self, const char *text, size_t len)
{
    (void)self;
    (void)text;
    (void)len;
}

static void
drop_end(void *self, const struct pal_turn_end *ended)
{
    (void)self;
    (void)ended;
}

static void
end_run(struct piece_run *run)
{
    static const struct pal_turn_end done = {.outcome = PAL_OUTCOME_DONE, .finish_reason = "stop"};
    run->reply.ops->end(run->reply.self, &done);
    pal_performance_close(run->performance);
    uv_close((uv_handle_t *)&run->arrived, NULL);
}

static void
on_arrived(uv_async_t *async)
{
    static const char *const pieces[] = {" heureux,", " triste,"};
    struct piece_run *run = async->data;
    if (run->n_taken >= run->n) {
        return; /* sent while the last one was taken */
    }
    uint64_t n_writes = pal_link_tcp_counts(run->link)->n_writes;
    uint64_t begin_ns = uv_hrtime();
    const char *piece = pieces[run->n_taken % 2];
    run->reply.ops->text(run->reply.self, piece, strlen(piece));
    /* The link hands its bytes to the kernel in this very call, or it has failed the bench. */
    if (pal_link_tcp_counts(run->link)->n_writes == n_writes) {
        run->n_unsent++;
    }
    uint64_t now_ns = uv_hrtime();
    run->work_us[run->n_taken] = (double)(now_ns - begin_ns) / 1e3;
    run->samples_us[atomic_fetch_add(&run->n_taken, 1)] =
        (double)(now_ns - atomic_load(&run->left_ns)) / 1e3;
    if (run->n_taken == run->n) {
        end_run(run);
    }
}

static void
on_change(bool is_up, void *userdata)
{
    static const struct pal_sink_ops reader = {NULL, drop_text, drop_end};
    struct piece_run *run = userdata;
    if (is_up && run->reply.ops == NULL) {
        run->reply = pal_performance_wrap(run->performance, "bench", "", 0,
                                          (struct pal_sink){&reader, NULL});
        (void)pthread_create(&run->engine, NULL, engine, run);
    }
}

/* On a thread of its own: what the loop's thread asks of the kernel stays with that thread. */
struct measuring {
    struct pal_bench *bench;
    const char *name;
    unsigned port;
    size_t n;
    bool is_prompt;
};

static void *
measure_on_thread(void *userdata)
{
    const struct measuring *measuring = userdata;
    struct pal_bench *bench = measuring->bench;
    const char *name = measuring->name;
    size_t n = measuring->n;
    unsigned port = measuring->port;
    if (measuring->is_prompt && !pal_prompt_thread()) {
        pal_bench_value(bench, "this kernel has no short slices", "", 0.0, NULL);
    }
    struct piece_run *run = pal_calloc(1, sizeof(*run));
    struct pal_performance_options still = {.still_mouth = true};
    struct pal_link_tcp_options options = {.port = port, .on_change = on_change, .userdata = run};
    struct pal_error error;
    run->n = n;
    run->samples_us = pal_calloc(n, sizeof(double));
    run->work_us = pal_calloc(n, sizeof(double));
    (void)uv_loop_init(&run->loop);
    (void)uv_async_init(&run->loop, &run->arrived, on_arrived);
    run->arrived.data = run;
    run->performance = pal_performance_create(&run->loop, &still);
    enum pal_err err = pal_link_tcp_create(&run->loop, &options, &run->link, &error);
    PAL_ASSERT(err == PAL_OK);
    (void)pal_performance_add_link(run->performance, pal_link_tcp_link(run->link));
    (void)uv_run(&run->loop, UV_RUN_DEFAULT);
    (void)pthread_join(run->engine, NULL);
    (void)uv_loop_close(&run->loop);
    if (run->n_unsent > n / 4) { /* a late wakeup finds the next one inside the same frame */
        pal_bench_fail(bench, "%s: %zu of %zu pieces sent nothing", name, run->n_unsent, n);
    }
    struct pal_stats stats = pal_stats_of(run->samples_us, n);
    pal_bench_time(bench, name, "us", &stats);
    stats = pal_stats_of(run->work_us, n);
    pal_bench_time(bench, "  of it on the loop's thread", "us", &stats);
    free(run->samples_us);
    free(run->work_us);
    free(run);
    return NULL;
}

static void
measure(struct pal_bench *bench, const char *name, unsigned port, size_t n, bool is_prompt)
{
    pthread_t thread;
    struct measuring measuring = {bench, name, port, n, is_prompt};
    if (pthread_create(&thread, NULL, measure_on_thread, &measuring) == 0) {
        (void)pthread_join(thread, NULL);
    } else {
        pal_bench_fail(bench, "no thread");
    }
}

void
ipc_bench_piece(struct pal_bench *bench, struct ipc_avatar *avatar, bool quick)
{
    pid_t pids[64];
    long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n_cores = n_cpus > 0 && n_cpus < 64 ? (size_t)n_cpus : 1;
    size_t n = quick ? 40 : 400;
    pal_bench_section(bench, "The same, beside other programs that never sleep");
    measure(bench, "idle machine", avatar->port, n, false);
    size_t n_pids = start_decoding(pids, n_cores, 0);
    measure(bench, "every core decoding, a loop like any other", avatar->port, n, false);
    measure(bench, "every core decoding", avatar->port, n, true);
    stop_decoding(pids, n_pids);
    n_pids = start_decoding(pids, n_cores, 5);
    measure(bench, "every core decoding, engine at nice 5", avatar->port, n, true);
    stop_decoding(pids, n_pids);
}
