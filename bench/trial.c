#include "bench/trial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/process.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/mem.h"

#define CLOSE_TIMEOUT_US  (30 * PAL_US_PER_S)
#define SETTLE_TIMEOUT_US (500 * PAL_US_PER_MS)
#define SETTLE_STEP_US    (4 * PAL_US_PER_MS)
#define PIECE_BYTES       256 /* what a chunk of a stream takes with its frame */

/* ---- somebody who reads along ---- */

static void
listen_along(void *userdata)
{
    const struct pal_trial *trial = userdata;
    char bytes[PIECE_BYTES];
    while (read(trial->listener_fds[0], bytes, sizeof(bytes)) > 0) {
    }
}

static void
tell_listener(const struct pal_trial *trial)
{
    static const char piece[PIECE_BYTES];
    ssize_t n = write(trial->listener_fds[1], piece, sizeof(piece));
    (void)n; /* nobody misses it */
}

bool
pal_trial_listen(struct pal_trial *trial)
{
    if (trial->has_listener || uv_pipe(trial->listener_fds, 0, 0) != 0) {
        return trial->has_listener;
    }
    trial->has_listener = uv_thread_create(&trial->listener, listen_along, trial) == 0;
    if (!trial->has_listener) {
        (void)close(trial->listener_fds[0]);
        (void)close(trial->listener_fds[1]);
    }
    return trial->has_listener;
}

static void
dismiss_listener(struct pal_trial *trial)
{
    if (trial->has_listener) {
        (void)close(trial->listener_fds[1]);
        (void)uv_thread_join(&trial->listener);
        (void)close(trial->listener_fds[0]);
        trial->has_listener = false;
    }
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    struct pal_trial *trial = userdata;
    if (event->kind == PAL_EVENT_STATE) {
        if (event->state == PAL_ENGINE_FAILED) {
            trial->is_dead = true;
            trial->failure = event->error;
        }
        return;
    }
    if (trial->on_turn != NULL) {
        trial->on_turn(event, trial->on_turn_userdata);
    }
    if (event->kind == PAL_EVENT_PIECE && trial->has_listener) {
        tell_listener(trial);
    }
    if (event->kind == PAL_EVENT_PIECE && trial->text != NULL && trial->failure.code == PAL_OK) {
        trial->failure.code = pal_buf_append(trial->text, event->text, event->len);
    }
    if (event->kind == PAL_EVENT_PIECE && trial->on_piece != NULL) {
        trial->on_piece(trial->on_piece_userdata);
    }
    if (event->kind == PAL_EVENT_PIECE || event->turn_id < trial->first_id) {
        return;
    }
    trial->was_cancelled = event->kind == PAL_EVENT_CANCELLED;
    if (event->kind == PAL_EVENT_DONE || event->kind == PAL_EVENT_CANCELLED) {
        trial->usages[event->turn_id - trial->first_id] = event->usage;
    } else if (event->kind == PAL_EVENT_FAILED && trial->failure.code == PAL_OK) {
        trial->failure = event->error;
        trial->failure.code = PAL_ERR_ENGINE;
    }
    trial->n_running -= trial->n_running > 0 ? 1 : 0;
}

static void
on_guard(uv_timer_t *timer)
{
    struct pal_trial *trial = timer->data;
    trial->is_timed_out = true;
}

static void
on_closed(void *userdata)
{
    struct pal_trial *trial = userdata;
    trial->is_closed = true;
}

static void
guard(struct pal_trial *trial, int64_t timeout_us)
{
    trial->is_timed_out = false;
    uint64_t ms = timeout_us > 0 ? (uint64_t)(timeout_us / PAL_US_PER_MS) : 0;
    PAL_ASSERT(uv_timer_start(&trial->guard, on_guard, ms, 0) == 0);
}

/* One death is an answer here: a variant that this CPU can't run must not be tried ten times. */
static bool
has_failed(struct pal_trial *trial)
{
    if (trial->engine != NULL && pal_engine_n_restarts(trial->engine) > 0) {
        trial->is_dead = true;
    }
    return trial->is_dead || trial->is_timed_out;
}

static enum pal_err
say_why(const struct pal_trial *trial, const char *what, struct pal_error *error)
{
    if (trial->is_timed_out) {
        return pal_error_set(error, PAL_ERR_TIMEOUT, "%s takes too long", what);
    }
    return pal_error_set(error, PAL_ERR_ENGINE, "%s: %s", what,
                         trial->failure.text[0] != '\0' ? trial->failure.text : "the engine died");
}

enum pal_err
pal_trial_open(struct pal_trial *trial, const struct pal_engine_options *options,
               int64_t timeout_us, struct pal_error *error)
{
    *trial = (struct pal_trial){.loop = pal_calloc(1, sizeof(uv_loop_t))};
    PAL_ASSERT(uv_loop_init(trial->loop) == 0);
    PAL_ASSERT(uv_timer_init(trial->loop, &trial->guard) == 0);
    trial->guard.data = trial;
    enum pal_err err =
        pal_engine_open(trial->loop, options, on_event, trial, &trial->engine, error);
    if (err != PAL_OK) {
        pal_trial_close(trial);
        return err;
    }
    guard(trial, timeout_us);
    while (pal_engine_state(trial->engine) != PAL_ENGINE_READY && !has_failed(trial)) {
        (void)uv_run(trial->loop, UV_RUN_ONCE);
    }
    if (has_failed(trial)) {
        err = say_why(trial, "loading", error);
        pal_trial_close(trial);
    }
    return err;
}

enum pal_err
pal_trial_retune(struct pal_trial *trial, const struct pal_engine_options *options,
                 int64_t timeout_us, struct pal_error *error)
{
    enum pal_err err = pal_engine_retune(trial->engine, options, error);
    if (err != PAL_OK) {
        return err;
    }
    guard(trial, timeout_us);
    while (pal_engine_state(trial->engine) != PAL_ENGINE_READY && !has_failed(trial)) {
        (void)uv_run(trial->loop, UV_RUN_ONCE);
    }
    return has_failed(trial) ? say_why(trial, "making a context", error) : PAL_OK;
}

/* Every turn begins with words that none had before, so that no KV is taken over. */
static char *
make_prompt(uint64_t id, uint32_t n_words)
{
    static const char *const words[] = {"one ", "red ", "dog ", "sun ", "tree ", "blue "};
    struct pal_buf buf;
    pal_buf_init(&buf, 64 * 1024);
    enum pal_err err = pal_buf_printf(&buf, "%" PRIu64 " ", id);
    for (uint32_t i = 0; i < n_words && err == PAL_OK; i++) {
        err = pal_buf_append_text(&buf, words[(i + id) % PAL_COUNT_OF(words)]);
    }
    char *text = pal_buf_take(&buf);
    pal_buf_finish(&buf);
    return text;
}

static enum pal_err
submit(struct pal_trial *trial, const struct pal_trial_line *line, uint32_t n_reply,
       struct pal_error *error)
{
    char *prompt = make_prompt(line->prompt, line->n_words);
    struct pal_job job = {
        .turn_id = ++trial->last_id,
        .conversation = pal_printf("trial %" PRIu64, line->conversation),
        .sampling = pal_sampling_default(),
        .submitted_us = pal_now_us(),
    };
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = (int32_t)n_reply;
    enum pal_err err = PAL_OK;
    if (trial->persona != NULL) {
        err = pal_job_add_message(&job, PAL_ROLE_SYSTEM, trial->persona, strlen(trial->persona));
    }
    if (err == PAL_OK) {
        err = pal_job_add_message(&job, PAL_ROLE_USER, prompt, strlen(prompt));
    }
    free(prompt);
    if (err == PAL_OK) {
        err = pal_engine_submit(trial->engine, &job, error);
    }
    pal_job_finish(&job);
    return err;
}

/* A line that no earlier turn had, in a conversation of its own. */
static struct pal_trial_line
new_line(const struct pal_trial *trial, uint32_t n_words)
{
    uint64_t id = trial->last_id + 1;
    return (struct pal_trial_line){.conversation = id, .prompt = id, .n_words = n_words};
}

void
pal_trial_settle(struct pal_trial *trial)
{
    int64_t until_us = pal_now_us() + SETTLE_TIMEOUT_US;
    int pid = pal_engine_pid(trial->engine);
    struct pal_process_schedule before = pal_process_schedule(pid);
    while (pal_now_us() < until_us) {
        pal_trial_idle(trial, SETTLE_STEP_US);
        struct pal_process_schedule now = pal_process_schedule(pid);
        if (now.ran_ns - before.ran_ns < SETTLE_STEP_US * 1000 / 10) {
            return;
        }
        before = now;
    }
}

static void
summarise(const struct pal_trial *trial, uint32_t n, struct pal_trial_turns *turns)
{
    int64_t prompt_us = 0, longest_us = 0;
    uint32_t most_steps = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct pal_usage *usage = &trial->usages[i];
        turns->n_prompt_tokens += usage->prompt_tokens - usage->cached_tokens;
        turns->n_reply_tokens += usage->completion_tokens;
        turns->first_token_us += usage->first_token_us / n;
        prompt_us += usage->prompt_us;
        longest_us = usage->predict_us > longest_us ? usage->predict_us : longest_us;
        most_steps = usage->completion_tokens > most_steps ? usage->completion_tokens : most_steps;
    }
    if (turns->n_prompt_tokens > 0) {
        turns->prompt_us_token = (double)prompt_us / (double)turns->n_prompt_tokens;
    }
    /* The first token of a reply comes with the prompt. */
    turns->step_us = most_steps > 1 ? (double)longest_us / (most_steps - 1) : (double)longest_us;
}

enum pal_err
pal_trial_say(struct pal_trial *trial, const struct pal_trial_line *lines, uint32_t n,
              uint32_t n_reply, int64_t timeout_us, struct pal_trial_turns *turns,
              struct pal_error *error)
{
    PAL_ASSERT(n > 0 && n <= PAL_TRIAL_PARALLEL_MAX);
    *turns = (struct pal_trial_turns){0};
    trial->first_id = trial->last_id + 1;
    trial->failure = (struct pal_error){0};
    memset(trial->usages, 0, sizeof(trial->usages));
    int pid = pal_engine_pid(trial->engine);
    struct pal_process_schedule before = pal_process_schedule(pid);
    int64_t start_cpu_us = pal_process_cpu_us(pid);
    int64_t start_us = pal_now_us();
    trial->n_running = 0;
    for (uint32_t i = 0; i < n; i++) {
        trial->n_running++;
        enum pal_err err = submit(trial, &lines[i], n_reply, error);
        if (err != PAL_OK) {
            return err;
        }
    }
    guard(trial, timeout_us);
    while (trial->n_running > 0 && !has_failed(trial)) {
        (void)uv_run(trial->loop, UV_RUN_ONCE);
    }
    if (has_failed(trial) || trial->failure.code != PAL_OK) {
        return say_why(trial, "a turn", error);
    }
    turns->wall_us = pal_now_us() - start_us;
    if (turns->wall_us > 0) {
        double wall_us = (double)turns->wall_us;
        struct pal_process_schedule after = pal_process_schedule(pid);
        turns->cpu_share = (double)(pal_process_cpu_us(pid) - start_cpu_us) / wall_us;
        turns->wait_share = (double)(after.waited_ns - before.waited_ns) / 1000.0 / wall_us;
    }
    summarise(trial, n, turns);
    return PAL_OK;
}

enum pal_err
pal_trial_run(struct pal_trial *trial, uint32_t n, uint32_t n_prompt, uint32_t n_reply,
              int64_t timeout_us, struct pal_trial_turns *turns, struct pal_error *error)
{
    struct pal_trial_line lines[PAL_TRIAL_PARALLEL_MAX];
    PAL_ASSERT(n > 0 && n <= PAL_TRIAL_PARALLEL_MAX);
    for (uint32_t i = 0; i < n; i++) {
        lines[i] = new_line(trial, n_prompt);
        lines[i].conversation = lines[i].prompt += i;
    }
    return pal_trial_say(trial, lines, n, n_reply, timeout_us, turns, error);
}

static void
begin_one(struct pal_trial *trial)
{
    trial->first_id = trial->last_id + 1;
    trial->failure = (struct pal_error){0};
    memset(trial->usages, 0, sizeof(trial->usages));
    trial->n_running = 1;
}

static enum pal_err
wait_for_all(struct pal_trial *trial, int64_t timeout_us, struct pal_error *error)
{
    guard(trial, timeout_us);
    while (trial->n_running > 0 && !has_failed(trial)) {
        (void)uv_run(trial->loop, UV_RUN_ONCE);
    }
    bool failed = has_failed(trial) || trial->failure.code != PAL_OK;
    return failed ? say_why(trial, "a turn", error) : PAL_OK;
}

enum pal_err
pal_trial_ask(struct pal_trial *trial, struct pal_job *job, int64_t timeout_us,
              struct pal_usage *usage, struct pal_error *error)
{
    begin_one(trial);
    job->turn_id = ++trial->last_id;
    job->submitted_us = pal_now_us();
    enum pal_err err = pal_engine_submit(trial->engine, job, error);
    if (err == PAL_OK) {
        err = wait_for_all(trial, timeout_us, error);
    }
    *usage = trial->usages[0];
    return err;
}

enum pal_err
pal_trial_begin(struct pal_trial *trial, uint32_t n_prompt, uint32_t n_reply, uint64_t *id,
                struct pal_error *error)
{
    trial->first_id = UINT64_MAX; /* nobody waits for it by number */
    struct pal_trial_line line = new_line(trial, n_prompt);
    enum pal_err err = submit(trial, &line, n_reply, error);
    *id = trial->last_id;
    return err;
}

enum pal_err
pal_trial_submit(struct pal_trial *trial, struct pal_job *job, uint64_t *id,
                 struct pal_error *error)
{
    trial->first_id = UINT64_MAX;
    job->turn_id = ++trial->last_id;
    job->submitted_us = pal_now_us();
    *id = job->turn_id;
    return pal_engine_submit(trial->engine, job, error);
}

enum pal_err
pal_trial_await(struct pal_trial *trial, bool (*is_over)(const void *userdata),
                const void *userdata, int64_t timeout_us, struct pal_error *error)
{
    guard(trial, timeout_us);
    while (!is_over(userdata) && !has_failed(trial)) {
        (void)uv_run(trial->loop, UV_RUN_ONCE);
    }
    return has_failed(trial) ? say_why(trial, "a turn", error) : PAL_OK;
}

static void
on_cancel_due(uv_timer_t *timer)
{
    struct pal_trial *trial = timer->data;
    trial->cancelled_us = pal_now_us();
    pal_engine_cancel(trial->engine, trial->last_id);
}

enum pal_err
pal_trial_cancel(struct pal_trial *trial, uint32_t n_prompt, int64_t after_us, int64_t timeout_us,
                 int64_t *latency_us, struct pal_error *error)
{
    uv_timer_t due;
    begin_one(trial);
    trial->cancelled_us = 0;
    struct pal_trial_line line = new_line(trial, n_prompt);
    enum pal_err err = submit(trial, &line, PAL_JOB_TOKENS_MAX, error);
    if (err != PAL_OK) {
        return err;
    }
    (void)uv_timer_init(trial->loop, &due);
    due.data = trial;
    (void)uv_timer_start(&due, on_cancel_due, (uint64_t)(after_us / PAL_US_PER_MS), 0);
    err = wait_for_all(trial, timeout_us, error);
    bool is_in_time = trial->was_cancelled && trial->cancelled_us != 0;
    *latency_us = is_in_time ? pal_now_us() - trial->cancelled_us : -1;
    uv_close((uv_handle_t *)&due, NULL);
    (void)uv_run(trial->loop, UV_RUN_NOWAIT);
    return err;
}

uint64_t
pal_trial_rss_bytes(const struct pal_trial *trial)
{
    return pal_process_rss_bytes(pal_engine_pid(trial->engine));
}

void
pal_trial_idle(struct pal_trial *trial, int64_t us)
{
    guard(trial, us);
    while (!has_failed(trial)) {
        (void)uv_run(trial->loop, UV_RUN_ONCE);
    }
    trial->is_timed_out = false;
}

void
pal_trial_close(struct pal_trial *trial)
{
    if (trial->loop == NULL) {
        return;
    }
    if (trial->engine != NULL) {
        pal_engine_close(trial->engine, on_closed, trial);
        trial->engine = NULL;
        guard(trial, CLOSE_TIMEOUT_US);
        while (!trial->is_closed) {
            (void)uv_run(trial->loop, UV_RUN_ONCE);
        }
    }
    dismiss_listener(trial);
    uv_close((uv_handle_t *)&trial->guard, NULL);
    (void)uv_run(trial->loop, UV_RUN_DEFAULT);
    PAL_ASSERT(uv_loop_close(trial->loop) == 0);
    free(trial->loop);
    *trial = (struct pal_trial){0};
}
