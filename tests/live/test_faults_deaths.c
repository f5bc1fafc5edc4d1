/*
 * The engine dies or hangs, and every turn that was accepted ends all the same, exactly once.
 *
 * The counts are a sample; the environment asks for more, as `./dev faults` does:
 *     PAL_FAULT_KILLS    deaths of a scripted engine under load, by seven kinds
 *     PAL_FAULT_DEATHS   the same with a model
 *     PAL_FAULT_HANGS    steps that never end
 *     PAL_FAULT_SEED     when they come
 */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "crowd.h"
#include "live_model.h"
#include "util/log.h"
#include "util/mem.h"

static char script_path[] = "/tmp/palabre-deaths-XXXXXX.script";

/* ---- killed ---- */

static void
kill_engine(struct crowd *c, int kind)
{
    int pid = pal_engine_pid(c->engine);
    assert_true(pid > 0);
    assert_int_equal(kill(pid, kind), 0);
}

static void
kill_under_load(struct crowd *c, unsigned n_kills)
{
    static const int kinds[] = {SIGABRT, SIGSEGV, SIGILL, SIGBUS, SIGKILL, SIGSTOP, SIGTERM};
    uint32_t seed = crowd_count("PAL_FAULT_SEED", 7);
    int64_t longest_us[PAL_COUNT_OF(kinds)] = {0};
    c->is_open = true;
    for (unsigned i = 0; i < n_kills; i++) {
        crowd_is_alive(c);
        uint64_t n_done = c->n_done;
        while (c->n_done == n_done) {
            crowd_go_on(c); /* so that the next restart is at once */
        }
        crowd_wait_ms(c, crowd_random(&seed) % 15);
        size_t kind = i % PAL_COUNT_OF(kinds);
        unsigned n_ready = c->n_ready;
        int64_t killed_us = pal_now_us();
        kill_engine(c, kinds[kind]);
        assert_true(crowd_wait_ready(c, n_ready + 1));
        int64_t us = c->ready_us - killed_us;
        longest_us[kind] = us > longest_us[kind] ? us : longest_us[kind];
    }
    for (size_t kind = 0; kind < PAL_COUNT_OF(kinds) && n_kills > 0; kind++) {
        print_message("  %-22s ready again after %5.0f ms at most\n", strsignal(kinds[kind]),
                      (double)longest_us[kind] / PAL_US_PER_MS);
    }
}

static void
test_no_turn_is_lost_when_a_scripted_engine_is_killed_by_seven_kinds(void **state)
{
    (void)state;
    static const char script[] = "on * say \"un deux trois quatre cinq six\" rate 400/s\n";
    int fd = open(script_path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, script, strlen(script)), strlen(script));
    assert_int_equal(close(fd), 0);
    struct crowd c = {.ask = "salut", .max_tokens = 100};
    struct pal_engine_options options = {
        .program = "/proc/self/exe", .script_path = script_path, .n_sequences = 4};
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    kill_under_load(&c, crowd_count("PAL_FAULT_KILLS", 14));
    crowd_close(&c, "scripted engine killed");
}

static void
test_no_turn_is_lost_when_an_engine_with_a_model_is_killed(void **state)
{
    (void)state;
    struct crowd c = {.ask = "Raconte-moi une histoire.", .max_tokens = 24};
    struct pal_engine_options options = crowd_model();
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    kill_under_load(&c, crowd_count("PAL_FAULT_DEATHS", 7));
    crowd_close(&c, "engine with a model killed");
}

/* ---- hanging ---- */

/* An engine whose 30th step never ends; its I/O thread goes on answering. */
static void
test_an_engine_that_hangs_in_a_step_is_replaced_when_a_turn_is_late(void **state)
{
    (void)state;
    unsigned n_hangs = crowd_count("PAL_FAULT_HANGS", 1);
    if (n_hangs == 0) {
        skip();
    }
    struct crowd c = {
        .ask = "Raconte-moi une histoire.", .max_tokens = 24, .patience_us = PAL_US_PER_S};
    struct pal_engine_options options = crowd_model();
    assert_int_equal(setenv("PALABRE_FAULT", "hang:n=30", 1), 0);
    crowd_open(&c, &options);
    c.is_open = true;
    /* Each engine hangs, so at the third the fuse blows, and it goes on the safe way. */
    for (unsigned i = 0; i < n_hangs; i++) {
        crowd_is_alive(&c);
        int64_t began_us = pal_now_us();
        assert_true(crowd_wait_ready(&c, i + 2));
        print_message("  hung, and ready again after %.1f s\n",
                      (double)(c.ready_us - began_us) / PAL_US_PER_S);
    }
    assert_int_equal(unsetenv("PALABRE_FAULT"), 0);
    kill_engine(&c, SIGKILL);
    c.patience_us = 0;
    assert_true(crowd_wait_ready(&c, n_hangs + 2)); /* one that doesn't */
    uint64_t n_done = c.n_done;
    while (c.n_done < n_done + 3) {
        crowd_go_on(&c);
    }
    crowd_close(&c, "engine that hangs in a step");
}

/* ---- the safe way, and back ---- */

static void
test_three_deaths_lead_to_the_safe_way_and_from_there_back_again(void **state)
{
    (void)state;
    struct crowd c = {.ask = "salut", .max_tokens = 4};
    struct pal_engine_options options = crowd_model();
    options.n_ctx_tokens = 4096;
    assert_int_equal(setenv("PALABRE_FAULT", "fuse:safe_ms=1500", 1), 0);
    crowd_open(&c, &options);
    assert_int_equal(unsetenv("PALABRE_FAULT"), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(crowd_wait_ready(&c, i + 1));
        assert_false(pal_engine_facts(c.engine)->is_safe);
        assert_int_equal(pal_engine_facts(c.engine)->n_ctx_tokens, 4096);
        (void)crowd_ask(&c, c.ask);
        crowd_finish_turns(&c);
        assert_int_equal(c.n_done, i + 1);
        kill_engine(&c, SIGKILL);
    }
    assert_true(crowd_wait_ready(&c, 4));
    assert_true(pal_engine_facts(c.engine)->is_safe);
    assert_int_equal(pal_engine_facts(c.engine)->n_ctx_tokens, 2048);
    int safe_pid = pal_engine_pid(c.engine);
    (void)crowd_ask(&c, c.ask);
    crowd_finish_turns(&c);
    assert_int_equal(c.n_done, 4);
    /* Its time is over: without a death, and nobody is turned away meanwhile. */
    c.is_open = true;
    assert_true(crowd_wait_ready(&c, 5) && c.n_failed == 0);
    assert_false(pal_engine_facts(c.engine)->is_safe);
    assert_int_equal(pal_engine_facts(c.engine)->n_ctx_tokens, 4096);
    assert_int_not_equal(pal_engine_pid(c.engine), safe_pid);
    crowd_close(&c, "the safe way and back");
    assert_int_equal(c.n_failed, 0);
}

static int
make_files(void **state)
{
    int fd = mkstemps(script_path, 7);
    if (fd < 0) {
        return -1;
    }
    (void)close(fd);
    return live_model_make(state);
}

static int
remove_files(void **state)
{
    (void)unlink(script_path);
    return live_model_remove(state);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "engine") == 0) {
        return pal_command_engine(argc - 1, argv + 1);
    }
    pal_log_init(PAL_LOG_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_turn_is_lost_when_a_scripted_engine_is_killed_by_seven_kinds),
        cmocka_unit_test(test_no_turn_is_lost_when_an_engine_with_a_model_is_killed),
        cmocka_unit_test(test_an_engine_that_hangs_in_a_step_is_replaced_when_a_turn_is_late),
        cmocka_unit_test(test_three_deaths_lead_to_the_safe_way_and_from_there_back_again),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
