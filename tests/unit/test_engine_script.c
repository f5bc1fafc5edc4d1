#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine_case.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

/* The front with a scripted engine behind it: as a process, and as a thread. *state is the program
 * (NULL = thread). */

static char script_path[64];

static struct pal_engine_options
write_script(const char *program, const char *text)
{
    FILE *file = fopen(script_path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return (struct pal_engine_options){
        .program = program,
        .script_path = script_path,
        .n_sequences = 4,
    };
}

static void
open_ready(struct engine_case *c, const char *program, const char *script)
{
    struct pal_engine_options options = write_script(program, script);
    engine_case_open(c, &options);
    assert_int_equal(pal_engine_state(c->engine), PAL_ENGINE_STARTING);
    engine_case_wait_state(c, PAL_ENGINE_READY);
}

static void
test_a_turn_gets_its_text_and_one_end(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "load 100ms\non \"salut\" say \"Bonjour toi, ça va ?\" rate 200/s\n");
    assert_true(c.n_states[PAL_ENGINE_LOADING] >= 1);
    assert_int_equal(c.n_states[PAL_ENGINE_READY], 1);
    assert_string_equal(pal_engine_facts(c.engine)->model_name, "script");
    assert_true((pal_engine_pid(c.engine) > 0) == (*state != NULL));
    struct pal_job job = engine_case_job(1, "salut", NULL);
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_string_equal(turn->text.data, "Bonjour toi, ça va ?");
    assert_int_equal(turn->n_pieces, 5);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    assert_int_equal(turn->last.finish, PAL_FINISH_STOP);
    assert_int_equal(turn->last.usage.completion_tokens, 5);
    assert_true(turn->last.usage.first_token_us > 0);
    engine_case_close(&c);
    assert_int_equal(c.n_finals, 1);
}

static void
test_stops_and_limits_end_a_reply(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "on * say \"un deux trois quatre\"\n");
    struct pal_job job = engine_case_job(1, "x", NULL);
    job.sampling.stops[job.sampling.n_stops++] = pal_strdup("x tro");
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_string_equal(turn->text.data, "un deu");
    assert_int_equal(turn->last.finish, PAL_FINISH_STOP);
    job = engine_case_job(2, "x", NULL);
    job.sampling.max_tokens = 2;
    turn = engine_case_ask(&c, &job);
    assert_string_equal(turn->text.data, "un deux");
    assert_int_equal(turn->last.finish, PAL_FINISH_LENGTH);
    engine_case_close(&c);
}

static void
test_a_fifth_turn_is_busy_until_one_ends(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "on * stall\n");
    for (uint64_t id = 1; id <= 4; id++) {
        struct pal_job job = engine_case_job(id, "x", NULL);
        engine_case_submit(&c, &job);
    }
    struct pal_job job = engine_case_job(5, "x", NULL);
    struct pal_error error = {0};
    assert_int_equal(pal_engine_submit(c.engine, &job, &error), PAL_ERR_BUSY);
    assert_non_null(job.messages); /* untouched */
    pal_engine_cancel(c.engine, 2);
    pal_engine_cancel(c.engine, 2);
    pal_engine_cancel(c.engine, 77); /* nobody */
    engine_case_wait_finals(&c, 1);
    assert_int_equal(engine_case_turn(&c, 2)->last.kind, PAL_EVENT_CANCELLED);
    engine_case_submit(&c, &job);
    engine_case_close(&c);
    assert_int_equal(c.n_finals, 5);
}

static void
test_a_bad_job_is_refused_and_kept(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "");
    struct pal_job job = engine_case_job(1, "x", NULL);
    job.sampling.temperature = 9;
    struct pal_error error = {0};
    assert_int_equal(pal_engine_submit(c.engine, &job, &error), PAL_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "temperature"));
    assert_int_equal(job.n_messages, 1);
    pal_job_finish(&job);
    engine_case_close(&c);
}

static void
test_a_failing_turn_says_why(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "on * say \"euh \" then fail \"no idea\"\n");
    struct pal_job job = engine_case_job(1, "x", NULL);
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_FAILED);
    assert_int_equal(turn->last.error.code, PAL_ERR_ENGINE);
    assert_string_equal(turn->last.error.text, "no idea");
    engine_case_close(&c);
}

static void
test_a_deadline_ends_a_turn_with_what_there_is(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "on \"half\" say \"un deux\" then stall\non * stall\n");
    uint64_t id = 0;
    struct engine_turn *turn;
    /* A slow machine may not have said it all by then: it gets longer. */
    for (int64_t patience_ms = 300;; patience_ms *= 4) {
        struct pal_job job = engine_case_job(++id, "half", NULL);
        job.deadline_us = pal_now_us() + patience_ms * PAL_US_PER_MS;
        turn = engine_case_ask(&c, &job);
        if (patience_ms > 20000 ||
            (turn->text.len > 0 && strcmp(turn->text.data, "un deux") == 0)) {
            break;
        }
    }
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    assert_int_equal(turn->last.finish, PAL_FINISH_DEADLINE);
    assert_string_equal(turn->text.data, "un deux");
    struct pal_job job = engine_case_job(++id, "none", NULL);
    job.deadline_us = pal_now_us() + 100 * PAL_US_PER_MS;
    turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_FAILED);
    assert_int_equal(turn->last.error.code, PAL_ERR_TIMEOUT);
    engine_case_close(&c);
}

static void
test_closing_cancels_what_runs(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "on * say \"un deux trois quatre\" rate 20/s\n");
    for (uint64_t id = 1; id <= 3; id++) {
        struct pal_job job = engine_case_job(id, "x", NULL);
        engine_case_submit(&c, &job);
    }
    engine_case_wait_piece(&c, 1);
    engine_case_close(&c);
    assert_int_equal(c.n_finals, 3);
}

static void
test_closing_while_loading_is_quick(void **state)
{
    struct engine_case c = {0};
    struct pal_engine_options options = write_script(*state, "load 60s\n");
    engine_case_open(&c, &options);
    engine_case_wait_state(&c, PAL_ENGINE_LOADING);
    engine_case_close(&c);
    assert_int_equal(c.n_states[PAL_ENGINE_READY], 0);
}

static void
wait_failed(struct engine_case *c)
{
    while (pal_engine_state(c->engine) != PAL_ENGINE_FAILED) {
        engine_case_run_ms(c, 10);
    }
}

static void
test_a_model_that_does_not_load_is_told_of(void **state)
{
    struct engine_case c = {0};
    struct pal_engine_options options =
        write_script(*state, "load fail \"it needs 9 GiB, 7 GiB are free\"\n");
    engine_case_open(&c, &options);
    wait_failed(&c);
    assert_string_equal(pal_engine_failure(c.engine)->text, "it needs 9 GiB, 7 GiB are free");
    struct pal_job job = engine_case_job(1, "x", NULL);
    struct pal_error error = {0};
    assert_int_equal(pal_engine_submit(c.engine, &job, &error), PAL_ERR_MODEL);
    assert_string_equal(error.text, "it needs 9 GiB, 7 GiB are free");
    pal_job_finish(&job);
    engine_case_close(&c);
    options = write_script(*state, "\n\non salut say \"x\"\n");
    engine_case_open(&c, &options);
    wait_failed(&c);
    assert_non_null(strstr(pal_engine_failure(c.engine)->text, "line 3"));
    engine_case_close(&c);
}

static void
test_options_that_cannot_be_are_refused_at_once(void **state)
{
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    struct pal_engine *engine = NULL;
    struct pal_error error = {0};
    struct pal_engine_options options = {.program = *state};
    assert_int_equal(pal_engine_open(&loop, &options, NULL, NULL, &engine, &error),
                     PAL_ERR_ARGUMENT);
    assert_null(engine);
    if (*state != NULL) {
        options = write_script("/nowhere/palabre", "");
        assert_int_equal(pal_engine_open(&loop, &options, NULL, NULL, &engine, &error), PAL_ERR_IO);
        assert_non_null(strstr(error.text, "/nowhere/palabre"));
    }
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- processes only ---- */

static void
test_any_death_fails_the_turn_and_the_next_engine_answers(void **state)
{
    static const char *const kinds[] = {"kill", "abort", "segv", "ill",
                                        "bus",  "fpe",   "stop", "exit"};
    struct engine_case c = {0};
    char script[1024] = "";
    for (size_t i = 0; i < PAL_COUNT_OF(kinds); i++) {
        size_t len = strlen(script);
        (void)snprintf(script + len, sizeof(script) - len, "on \"%s\" say \"ouh là\" then die %s\n",
                       kinds[i], kinds[i]);
    }
    open_ready(&c, *state, script);
    uint64_t id = 1;
    for (size_t i = 0; i < PAL_COUNT_OF(kinds); i++) {
        struct pal_job job = engine_case_job(id++, kinds[i], NULL);
        struct engine_turn *turn = engine_case_ask(&c, &job);
        assert_int_equal(turn->last.kind, PAL_EVENT_FAILED);
        assert_int_equal(turn->last.error.code, PAL_ERR_ENGINE);
        job = engine_case_job(id, "salut", NULL);
        struct pal_error error = {0};
        assert_int_equal(pal_engine_submit(c.engine, &job, &error), PAL_ERR_BUSY);
        pal_job_finish(&job);
        engine_case_wait_state(&c, PAL_ENGINE_READY);
        job = engine_case_job(id++, "salut", NULL);
        turn = engine_case_ask(&c, &job);
        assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
        assert_string_equal(turn->text.data, "salut");
        assert_int_equal(pal_engine_n_restarts(c.engine), i + 1);
    }
    engine_case_close(&c);
}

static void
test_three_deaths_while_loading_and_three_the_safe_way_are_enough(void **state)
{
    struct engine_case c = {0};
    struct pal_engine_options options = write_script(*state, "load die abort\n");
    engine_case_open(&c, &options);
    wait_failed(&c);
    assert_int_equal(pal_engine_n_restarts(c.engine), 5);
    assert_int_equal(pal_engine_failure(c.engine)->code, PAL_ERR_MODEL);
    assert_non_null(strstr(pal_engine_failure(c.engine)->text, "died 3 times"));
    assert_non_null(strstr(pal_engine_failure(c.engine)->text, "CPU alone"));
    assert_non_null(strstr(pal_engine_failure(c.engine)->text, script_path));
    assert_int_equal(pal_engine_pid(c.engine), 0);
    engine_case_close(&c);
}

/* What breaks the protocol is ended as if it had died: restarted, and given up if that is no help.
 */
static void
test_an_engine_that_talks_nonsense_is_ended(void **state)
{
    (void)state;
    char program[sizeof(script_path) + 8];
    (void)snprintf(program, sizeof(program), "%s.sh", script_path);
    FILE *file = fopen(program, "we");
    assert_non_null(file);
    (void)fputs("#!/bin/sh\necho this is no frame of ours >&3\nexec sleep 600\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(program, 0700), 0);

    struct engine_case c = {0};
    struct pal_engine_options options = write_script(program, "");
    engine_case_open(&c, &options);
    wait_failed(&c);
    assert_int_equal(pal_engine_n_restarts(c.engine), 5);
    assert_int_equal(pal_engine_pid(c.engine), 0);
    engine_case_close(&c);
    assert_int_equal(unlink(program), 0);
}

static void
test_the_engine_dies_with_its_front(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    /* So that the orphan becomes ours to wait for. */
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t front = fork();
    if (front == 0) {
        struct engine_case c = {0};
        open_ready(&c, *state, "on * stall\n");
        int pid = pal_engine_pid(c.engine);
        (void)!write(fds[1], &pid, sizeof(pid));
        (void)raise(SIGKILL);
    }
    int pid = 0;
    assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
    int status = 0;
    assert_int_equal(waitpid(front, &status, 0), front);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* What a process that is ready may not do: see test_sandbox.c. */
static void
test_a_ready_engine_is_locked_up(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "");
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/status", pal_engine_pid(c.engine));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char line[256];
    unsigned seccomp = 0;
    unsigned no_new_privs = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        (void)sscanf(line, "Seccomp: %u", &seccomp);
        (void)sscanf(line, "NoNewPrivs: %u", &no_new_privs);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(seccomp, 2); /* a filter */
    assert_int_equal(no_new_privs, 1);
    engine_case_close(&c);
}

static void
test_an_engine_that_ignores_quit_is_ended(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "");
    assert_int_equal(kill(pal_engine_pid(c.engine), SIGSTOP), 0);
    engine_case_close(&c); /* SIGTERM waits for SIGCONT; SIGKILL doesn't */
}

/* Turns are submitted while the engine dies again and again; each gets exactly one end. */
static void
test_a_storm_of_deaths_loses_no_turn(void **state)
{
    struct engine_case c = {0};
    open_ready(&c, *state, "on * say \"un deux trois quatre cinq six\" rate 400/s\n");
    uint32_t seed = 7;
    uint64_t id = 0;
    unsigned n_done = 0;
    for (int round = 0; round < 30; round++) {
        engine_case_wait_state(&c, PAL_ENGINE_READY);
        struct pal_job job = engine_case_job(++id, "x", NULL);
        (void)engine_case_ask(&c, &job); /* so that the next restart is at once */
        for (int i = 0; i < 4; i++) {
            job = engine_case_job(++id, "x", NULL);
            engine_case_submit(&c, &job);
        }
        seed = seed * 1664525u + 1013904223u;
        engine_case_run_ms(&c, 1 + (seed >> 16) % 20);
        assert_true(pal_engine_pid(c.engine) > 0);
        (void)kill(pal_engine_pid(c.engine), SIGKILL);
        engine_case_wait_finals(&c, (unsigned)id);
        while (pal_engine_n_restarts(c.engine) == (uint32_t)round) {
            engine_case_run_ms(&c, 1);
        }
    }
    for (uint64_t i = 1; i <= id; i++) {
        struct engine_turn *turn = engine_case_turn(&c, i);
        assert_int_equal(turn->n_finals, 1);
        n_done += turn->last.kind == PAL_EVENT_DONE ? 1 : 0;
    }
    assert_true(n_done >= 30);
    engine_case_close(&c);
}

static int
make_path(void **state)
{
    (void)state;
    char path[] = "/tmp/palabre-script-XXXXXX";
    int fd = mkstemp(path);
    (void)close(fd);
    (void)snprintf(script_path, sizeof(script_path), "%s", path);
    return fd < 0 ? -1 : 0;
}

static int
remove_path(void **state)
{
    (void)state;
    return unlink(script_path);
}

int
main(int argc, char **argv)
{
    engine_case_main(argc, argv);
    pal_log_init(PAL_LOG_ERROR, STDERR_FILENO);
    char program[] = "/proc/self/exe";
#define BOTH(test)                                   \
    {"thread: " #test, test, NULL, NULL, NULL},      \
    {                                                \
        "process: " #test, test, NULL, NULL, program \
    }
#define PROCESS(test)                                \
    {                                                \
        "process: " #test, test, NULL, NULL, program \
    }
    const struct CMUnitTest tests[] = {
        BOTH(test_a_turn_gets_its_text_and_one_end),
        BOTH(test_stops_and_limits_end_a_reply),
        BOTH(test_a_fifth_turn_is_busy_until_one_ends),
        BOTH(test_a_bad_job_is_refused_and_kept),
        BOTH(test_a_failing_turn_says_why),
        BOTH(test_a_deadline_ends_a_turn_with_what_there_is),
        BOTH(test_closing_cancels_what_runs),
        BOTH(test_closing_while_loading_is_quick),
        BOTH(test_a_model_that_does_not_load_is_told_of),
        BOTH(test_options_that_cannot_be_are_refused_at_once),
        PROCESS(test_any_death_fails_the_turn_and_the_next_engine_answers),
        PROCESS(test_three_deaths_while_loading_and_three_the_safe_way_are_enough),
        PROCESS(test_an_engine_that_talks_nonsense_is_ended),
        PROCESS(test_the_engine_dies_with_its_front),
        PROCESS(test_an_engine_that_ignores_quit_is_ended),
        PROCESS(test_a_ready_engine_is_locked_up),
        PROCESS(test_a_storm_of_deaths_loses_no_turn),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
