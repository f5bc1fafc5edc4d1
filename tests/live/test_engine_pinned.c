/* Threads that are pinned each have a core of their own, and nobody else is bound by that. */
#include "test.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/trial.h"
#include "engine/threads.h"
#include "live_model.h"
#include "util/clock.h"
#include "util/log.h"

#define TIMEOUT_US (240 * PAL_US_PER_S)

/* The CPUs that one of our threads alone is bound to; how many threads are bound to one at all. */
static int
bound_threads(cpu_set_t *cpus)
{
    int n = 0;
    CPU_ZERO(cpus);
    DIR *dir = opendir("/proc/self/task");
    assert_non_null(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        cpu_set_t mask;
        int id = (int)strtol(entry->d_name, NULL, 10);
        if (id > 0 && sched_getaffinity(id, sizeof(mask), &mask) == 0 && CPU_COUNT(&mask) == 1) {
            CPU_OR(cpus, cpus, &mask);
            n++;
        }
    }
    (void)closedir(dir);
    return n;
}

/* A thread that has been joined may stand in the system's list for a moment longer. */
static int
settled_threads(int expected, cpu_set_t *cpus)
{
    int n = bound_threads(cpus);
    for (int ms = 0; n != expected && ms < 60000; ms++) {
        (void)usleep(1000);
        n = bound_threads(cpus);
    }
    return n;
}

static void
run(struct pal_trial *trial, uint32_t n_threads, uint32_t n_threads_batch, unsigned ways)
{
    const struct pal_engine_options options = {
        .model_path = live_model_tiny(),
        .n_ctx_tokens = 512,
        .n_sequences = 2,
        .n_batch_tokens = 64,
        .n_threads = n_threads,
        .n_threads_batch = n_threads_batch,
        .ways = ways,
    };
    struct pal_trial_turns turns;
    struct pal_error error;
    if (pal_trial_open(trial, &options, TIMEOUT_US, &error) != PAL_OK ||
        pal_trial_run(trial, 1, 1, 2, TIMEOUT_US, &turns, &error) != PAL_OK) {
        fail_msg("%u threads: %s", n_threads, error.text);
    }
    assert_int_equal(turns.n_reply_tokens, 2);
}

static void
test_each_pinned_thread_has_its_core(void **state)
{
    (void)state;
    struct pal_trial trial;
    cpu_set_t before, after, cpus;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    if (CPU_COUNT(&before) < 2 || pal_threads_default() < 2) {
        skip();
    }
    int n_before = bound_threads(&cpus);
    run(&trial, 2, 2, PAL_ENGINE_PINNED);
    assert_int_equal(settled_threads(n_before + 2, &cpus), n_before + 2);
    assert_int_equal(CPU_COUNT(&cpus), 2);
    pal_trial_close(&trial);
    assert_int_equal(settled_threads(n_before, &cpus), n_before);
    assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
}

/* One for replies, more for prompts: both out of one pool. */
static void
test_prompts_may_have_more_pinned_threads_than_replies(void **state)
{
    (void)state;
    struct pal_trial trial;
    cpu_set_t cpus;
    if (pal_threads_default() < 2) {
        skip();
    }
    run(&trial, 1, 2, PAL_ENGINE_PINNED);
    assert_int_equal(settled_threads(2, &cpus), 2);
    pal_trial_close(&trial);
}

/* More than there are cores are not pinned at all: two on one core would wait for each other. */
static void
test_too_many_threads_stay_free(void **state)
{
    (void)state;
    struct pal_trial trial;
    cpu_set_t cpus, all;
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    int n_before = CPU_COUNT(&all) > 1 ? settled_threads(0, &cpus) : bound_threads(&cpus);
    run(&trial, pal_threads_default() + 1, pal_threads_default() + 1, PAL_ENGINE_PINNED);
    assert_int_equal(settled_threads(n_before, &cpus), n_before);
    pal_trial_close(&trial);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pinned_thread_has_its_core),
        cmocka_unit_test(test_prompts_may_have_more_pinned_threads_than_replies),
        cmocka_unit_test(test_too_many_threads_stay_free),
    };
    pal_log_init(PAL_LOG_WARN, STDERR_FILENO);
    return cmocka_run_group_tests(tests, live_model_make, live_model_remove);
}
