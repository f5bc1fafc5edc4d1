/*
 * From a piece leaving the engine's compute thread to the face's bytes on the wire, with the real
 * engine in its own process decoding on every core: over the socketpair, the loop, the stream, the
 * emotion, the fan-out and the link.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "bench/ipc.h"
#include "commands/model_file.h"
#include "engine/engine.h"
#include "output/link_tcp.h"
#include "output/performance.h"
#include "output/promptness.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/path.h"

/* Far apart enough that the fan-out's 60 Hz never holds a change back, as speech is. */
#define GAP_US           25000
#define REPLY_TOKENS     400
#define WARM_UP          20 /* samples that are not counted: the first pieces page the program in */
#define GIVE_UP_AFTER_US (100 * PAL_US_PER_S)

struct engine_run {
    struct pal_bench *bench;
    const char *name;
    struct pal_engine_options options;
    unsigned port;
    bool is_prompt;

    uv_loop_t loop;
    uv_timer_t guard;
    struct pal_engine *engine;
    struct pal_performance *performance;
    struct pal_link_tcp *link;
    struct pal_sink reply;
    uint64_t last_turn_id;
    uint32_t n_running;
    bool is_up; /* the avatar has answered */
    bool is_ending;
    int64_t next_us; /* no piece before is taken */
    size_t n;
    size_t n_taken; /* with the warm-up */
    size_t n_unsent;
    uint64_t n_pieces;
    double *samples_us;
    double *work_us; /* of these, on the loop's thread: the rest is waking up */
};

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
on_engine_closed(void *userdata)
{
    struct engine_run *run = userdata;
    uv_close((uv_handle_t *)&run->guard, NULL);
}

static void
end_run(struct engine_run *run)
{
    static const struct pal_turn_end done = {.outcome = PAL_OUTCOME_DONE, .finish_reason = "stop"};
    if (run->is_ending) {
        return;
    }
    run->is_ending = true;
    if (run->reply.ops != NULL) {
        run->reply.ops->end(run->reply.self, &done);
    }
    pal_performance_close(run->performance);
    /* An engine must not be closed by its own event: the timer does it. */
    (void)uv_timer_stop(&run->guard);
    run->guard.data = run;
}

static void
close_engine(uv_timer_t *timer)
{
    struct engine_run *run = timer->data;
    pal_engine_close(run->engine, on_engine_closed, run);
}

static void
on_give_up(uv_timer_t *timer)
{
    struct engine_run *run = timer->data;
    pal_bench_fail(run->bench, "%s: only %zu of %zu pieces came in time", run->name, run->n_taken,
                   run->n);
    end_run(run);
    (void)uv_timer_start(timer, close_engine, 0, 0);
}

static void
submit(struct engine_run *run)
{
    static const char prompt[] = "Tell me a long story about a small robot who streams games.";
    struct pal_error error;
    struct pal_job job = {
        .turn_id = ++run->last_turn_id,
        .sampling = pal_sampling_default(),
        .submitted_us = pal_now_us(),
    };
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = REPLY_TOKENS;
    enum pal_err err = pal_job_add_message(&job, PAL_ROLE_USER, prompt, sizeof(prompt) - 1);
    if (err == PAL_OK) {
        err = pal_engine_submit(run->engine, &job, &error);
    }
    if (err == PAL_OK) {
        run->n_running++;
    }
    pal_job_finish(&job);
}

static void
take_piece(struct engine_run *run, int64_t left_us)
{
    static const char *const pieces[] = {" heureux,", " triste,"};
    uint64_t n_writes = pal_link_tcp_counts(run->link)->n_writes;
    int64_t begin_us = pal_now_us();
    const char *piece = pieces[run->n_taken % 2];
    run->reply.ops->text(run->reply.self, piece, strlen(piece));
    int64_t now_us = pal_now_us();
    run->next_us = now_us + GAP_US;
    if (run->n_taken >= WARM_UP) {
        /* The link hands its bytes to the kernel in this very call, or it has failed the bench. */
        run->n_unsent += pal_link_tcp_counts(run->link)->n_writes == n_writes ? 1 : 0;
        run->work_us[run->n_taken - WARM_UP] = (double)(now_us - begin_us);
        run->samples_us[run->n_taken - WARM_UP] = (double)(now_us - left_us);
    }
    run->n_taken++;
    if (run->n_taken == run->n + WARM_UP) {
        end_run(run);
        (void)uv_timer_start(&run->guard, close_engine, 0, 0);
    }
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    struct engine_run *run = userdata;
    if (run->is_ending) {
        return;
    }
    if (event->kind == PAL_EVENT_PIECE) {
        run->n_pieces++;
        if (run->reply.ops != NULL && pal_now_us() >= run->next_us) {
            take_piece(run, event->left_us);
        }
        return;
    }
    if (event->kind == PAL_EVENT_STATE) {
        if (event->state == PAL_ENGINE_FAILED) {
            pal_bench_fail(run->bench, "%s: %s", run->name, event->error.text);
            (void)uv_timer_start(&run->guard, on_give_up, 0, 0);
        }
    } else {
        run->n_running--;
    }
    while (run->is_up && pal_engine_state(run->engine) == PAL_ENGINE_READY && run->n_running < 3) {
        submit(run);
    }
}

static void
on_change(bool is_up, void *userdata)
{
    static const struct pal_sink_ops reader = {NULL, drop_text, drop_end};
    struct engine_run *run = userdata;
    if (!is_up || run->is_ending) {
        return;
    }
    run->is_up = true;
    if (run->reply.ops == NULL) {
        run->reply = pal_performance_wrap(run->performance, "bench", "", 0,
                                          (struct pal_sink){&reader, NULL});
    }
    while (pal_engine_state(run->engine) == PAL_ENGINE_READY && run->n_running < 3) {
        submit(run);
    }
}

/* On a thread of its own: what the loop's thread asks of the kernel stays with that thread. */
static void *
measure_on_thread(void *userdata)
{
    struct engine_run *run = userdata;
    struct pal_performance_options still = {.still_mouth = true};
    struct pal_link_tcp_options link = {.port = run->port, .on_change = on_change, .userdata = run};
    struct pal_error error = {0};
    if (run->is_prompt) {
        (void)pal_prompt_thread();
    }
    run->samples_us = pal_calloc(run->n, sizeof(double));
    run->work_us = pal_calloc(run->n, sizeof(double));
    PAL_ASSERT(uv_loop_init(&run->loop) == 0);
    PAL_ASSERT(uv_timer_init(&run->loop, &run->guard) == 0);
    run->guard.data = run;
    (void)uv_timer_start(&run->guard, on_give_up, GIVE_UP_AFTER_US / PAL_US_PER_MS, 0);
    run->performance = pal_performance_create(&run->loop, &still);
    enum pal_err err =
        pal_engine_open(&run->loop, &run->options, on_event, run, &run->engine, &error);
    if (err == PAL_OK) {
        err = pal_link_tcp_create(&run->loop, &link, &run->link, &error);
    }
    if (err == PAL_OK) {
        (void)pal_performance_add_link(run->performance, pal_link_tcp_link(run->link));
    } else {
        pal_bench_fail(run->bench, "%s: %s", run->name, error.text);
        (void)uv_timer_start(&run->guard, on_give_up, 0, 0);
    }
    (void)uv_run(&run->loop, UV_RUN_DEFAULT);
    PAL_ASSERT(uv_loop_close(&run->loop) == 0);
    return NULL;
}

static void
measure(struct engine_run *run)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, measure_on_thread, run) != 0) {
        pal_bench_fail(run->bench, "no thread");
        return;
    }
    (void)pthread_join(thread, NULL);
    if (run->n_unsent > run->n / 4) { /* a late wakeup finds the next one inside the same frame */
        pal_bench_fail(run->bench, "%s: %zu of %zu pieces sent nothing", run->name, run->n_unsent,
                       run->n);
    }
    if (run->n_taken == run->n + WARM_UP) {
        struct pal_stats stats = pal_stats_of(run->samples_us, run->n);
        pal_bench_time(run->bench, run->name, "us", &stats);
        stats = pal_stats_of(run->work_us, run->n);
        pal_bench_time(run->bench, "  of it on the loop's thread", "us", &stats);
    }
    free(run->samples_us);
    free(run->work_us);
}

void
ipc_bench_engine(struct pal_bench *bench, struct ipc_avatar *avatar, const char *model, bool quick)
{
    char *path = NULL;
    char *program = pal_path_program();
    bool starter;
    struct pal_error error = {0};
    pal_bench_section(bench, "From a piece leaving the engine to the bytes on the wire");
    if (pal_model_file_find(model != NULL ? model : "", &path, &starter, &error) != PAL_OK) {
        pal_bench_fail(bench, "%s", error.text);
        free(program);
        return;
    }
    long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const struct engine_run base = {
        .bench = bench,
        .options = {.program = program,
                    .model_path = path,
                    .n_sequences = 4,
                    .n_ctx_tokens = 2048,
                    .n_threads = n_cpus > 0 ? (uint32_t)n_cpus : 1},
        .port = avatar->port,
        .n = quick ? 40 : 400,
    };
    const struct {
        const char *name;
        bool is_prompt;
        unsigned ways;
        enum pal_engine_priority priority;
    } rows[] = {
        {"three streams on every core", true, 0, PAL_ENGINE_PRIORITY_NORMAL},
        {"three streams on every core, a loop like any other", false, 0,
         PAL_ENGINE_PRIORITY_NORMAL},
        {"three streams, threads paced", true, PAL_ENGINE_PACED, PAL_ENGINE_PRIORITY_NORMAL},
        {"three streams on every core, low priority", true, 0, PAL_ENGINE_PRIORITY_LOW},
        {"three streams on every core, idle priority", true, 0, PAL_ENGINE_PRIORITY_IDLE},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        struct engine_run run = base;
        run.name = rows[i].name;
        run.is_prompt = rows[i].is_prompt;
        run.options.ways = rows[i].ways;
        run.options.priority = rows[i].priority;
        measure(&run);
    }
    free(program);
    free(path);
}
