#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/spare.h"
#include "engine_case.h"
#include "util/log.h"

#define GUARD_MS 60000

/* An engine with a script, on a loop that a process may already be waiting on. */
struct front {
    uv_loop_t loop;
    uv_timer_t guard;
    struct pal_engine *engine;
    bool is_ready;
    bool hung;
};

static char script_path[64];

static void
on_event(const struct pal_event *event, void *userdata)
{
    struct front *front = userdata;
    front->is_ready = event->kind == PAL_EVENT_STATE && event->state == PAL_ENGINE_READY;
}

static void
on_guard(uv_timer_t *timer)
{
    struct front *front = timer->data;
    front->hung = true;
}

static void
begin(struct front *front)
{
    *front = (struct front){.is_ready = false};
    assert_int_equal(uv_loop_init(&front->loop), 0);
    assert_int_equal(uv_timer_init(&front->loop, &front->guard), 0);
    front->guard.data = front;
    (void)uv_timer_start(&front->guard, on_guard, GUARD_MS, 0);
}

static struct pal_engine_options
options_with(const char *llama_dir, uint32_t n_sequences)
{
    return (struct pal_engine_options){
        .program = engine_case_program(),
        .script_path = script_path,
        .llama_dir = llama_dir,
        .n_sequences = n_sequences,
    };
}

static void
open_engine(struct front *front, struct pal_spare *spare, const char *llama_dir)
{
    struct pal_engine_options options = options_with(llama_dir, 3);
    options.spare = spare;
    struct pal_error error = {0};
    if (pal_engine_open(&front->loop, &options, on_event, front, &front->engine, &error) !=
        PAL_OK) {
        fail_msg("pal_engine_open: %s", error.text);
    }
}

static void
wait_until_ready(struct front *front)
{
    while (!front->is_ready && !front->hung) {
        (void)uv_run(&front->loop, UV_RUN_ONCE);
    }
    assert_true(front->is_ready);
}

/* All that was started is gone, or the loop would not end. */
static void
end(struct front *front)
{
    pal_engine_close(front->engine, NULL, NULL);
    uv_unref((uv_handle_t *)&front->guard);
    (void)uv_run(&front->loop, UV_RUN_DEFAULT);
    assert_false(front->hung);
    uv_close((uv_handle_t *)&front->guard, NULL);
    (void)uv_run(&front->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&front->loop), 0);
}

static void
test_the_first_engine_takes_the_process_that_waits(void **state)
{
    (void)state;
    struct front front;
    begin(&front);
    struct pal_spare *spare = pal_spare_start(&front.loop, engine_case_program(), NULL);
    int pid = pal_spare_pid(spare);
    assert_true(pid > 0);
    open_engine(&front, spare, NULL);
    assert_int_equal(pal_engine_pid(front.engine), pid);
    assert_int_equal(pal_spare_pid(spare), 0);
    pal_spare_end(spare);
    wait_until_ready(&front);
    assert_int_equal(pal_engine_pid(front.engine), pid);
    assert_int_equal(pal_engine_n_restarts(front.engine), 0);
    end(&front);
}

static void
test_what_loads_already_is_taken_by_the_engine_that_wants_just_that(void **state)
{
    (void)state;
    static const uint32_t told[] = {3, 2};
    for (size_t i = 0; i < 2; i++) {
        struct front front;
        begin(&front);
        struct pal_spare *spare = pal_spare_start(&front.loop, engine_case_program(), NULL);
        int pid = pal_spare_pid(spare);
        struct pal_engine_options options = options_with(NULL, told[i]);
        pal_spare_brief(spare, &options);
        open_engine(&front, spare, NULL);
        assert_int_equal(pal_engine_pid(front.engine) == pid, told[i] == 3);
        pal_spare_end(spare);
        wait_until_ready(&front);
        assert_int_equal(pal_engine_facts(front.engine)->n_sequences, 3);
        assert_int_equal(pal_engine_n_restarts(front.engine), 0);
        end(&front);
    }
}

static void
test_it_is_not_told_what_no_engine_could_do(void **state)
{
    (void)state;
    struct front front;
    begin(&front);
    struct pal_spare *spare = pal_spare_start(&front.loop, engine_case_program(), NULL);
    int pid = pal_spare_pid(spare);
    struct pal_engine_options options = options_with(NULL, UINT32_MAX);
    pal_spare_brief(spare, &options);
    pal_spare_brief(NULL, &options);
    open_engine(&front, spare, NULL);
    assert_int_equal(pal_engine_pid(front.engine), pid);
    pal_spare_end(spare);
    wait_until_ready(&front);
    end(&front);
}

static void
test_an_engine_with_other_libraries_leaves_it(void **state)
{
    (void)state;
    struct front front;
    begin(&front);
    struct pal_spare *spare = pal_spare_start(&front.loop, engine_case_program(), NULL);
    int pid = pal_spare_pid(spare);
    open_engine(&front, spare, "/tmp");
    assert_int_not_equal(pal_engine_pid(front.engine), pid);
    assert_int_equal(pal_spare_pid(spare), pid);
    pal_spare_end(spare);
    wait_until_ready(&front);
    end(&front);
    assert_int_equal(kill(pid, 0), -1);
}

static void
test_one_that_died_while_it_waited_is_followed_by_another(void **state)
{
    (void)state;
    struct front front;
    begin(&front);
    struct pal_spare *spare = pal_spare_start(&front.loop, engine_case_program(), NULL);
    int pid = pal_spare_pid(spare);
    assert_int_equal(kill(pid, SIGKILL), 0);
    open_engine(&front, spare, NULL);
    pal_spare_end(spare);
    wait_until_ready(&front);
    assert_int_not_equal(pal_engine_pid(front.engine), pid);
    assert_int_equal(pal_engine_n_restarts(front.engine), 1);
    end(&front);
}

static void
test_one_that_nobody_needs_ends(void **state)
{
    (void)state;
    struct front front;
    begin(&front);
    struct pal_spare *spare = pal_spare_start(&front.loop, engine_case_program(), NULL);
    int pid = pal_spare_pid(spare);
    pal_spare_end(spare);
    end(&front);
    assert_int_equal(kill(pid, 0), -1);
}

static void
test_without_a_program_there_is_none(void **state)
{
    (void)state;
    struct front front;
    begin(&front);
    assert_null(pal_spare_start(&front.loop, "/nonexistent/palabre", NULL));
    struct pal_settings settings = {.n_sequences = 1};
    bool is_briefed = false;
    assert_null(pal_spare_take(NULL, "/nonexistent/palabre", &settings, &is_briefed));
    pal_spare_end(NULL);
    end(&front);
}

static int
write_script(void **state)
{
    (void)state;
    (void)snprintf(script_path, sizeof(script_path), "/tmp/palabre-spare-%d.script", getpid());
    FILE *file = fopen(script_path, "we");
    return file != NULL && fputs("on * say \"oui\"\n", file) >= 0 && fclose(file) == 0 ? 0 : -1;
}

static int
remove_script(void **state)
{
    (void)state;
    return unlink(script_path);
}

int
main(int argc, char **argv)
{
    engine_case_main(argc, argv);
    pal_log_init(PAL_LOG_ERROR, STDERR_FILENO);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_engine_takes_the_process_that_waits),
        cmocka_unit_test(test_what_loads_already_is_taken_by_the_engine_that_wants_just_that),
        cmocka_unit_test(test_it_is_not_told_what_no_engine_could_do),
        cmocka_unit_test(test_an_engine_with_other_libraries_leaves_it),
        cmocka_unit_test(test_one_that_died_while_it_waited_is_followed_by_another),
        cmocka_unit_test(test_one_that_nobody_needs_ends),
        cmocka_unit_test(test_without_a_program_there_is_none),
    };
    return cmocka_run_group_tests(tests, write_script, remove_script);
}
