#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "engine/pace.h"

#define WINDOW_US 100000

/* One window in which our thread waited for `wait` of the time and `idle` CPUs had nothing to do.
 */
static uint32_t
pass(struct pal_pace *pace, struct pal_pace_sample *now, double wait, double idle)
{
    now->now_us += WINDOW_US;
    now->waited_us += (int64_t)lround(wait * WINDOW_US);
    now->idle_us += (int64_t)lround(idle * WINDOW_US);
    return pal_pace_update(pace, now);
}

/*
 * A machine with `cpus` CPUs and `rivals` busy loops beside us: what a fair scheduler gives. With
 * more runnable threads than CPUs each waits for its share.
 */
static uint32_t
pass_beside(struct pal_pace *pace, struct pal_pace_sample *now, double cpus, double rivals)
{
    double runnable = pace->n_threads + rivals;
    double wait = runnable > cpus ? 1.0 - cpus / runnable : 0.0;
    double idle = runnable < cpus ? cpus - runnable : 0.0;
    return pass(pace, now, wait, idle);
}

static void
test_a_busy_loop_is_answered_within_two_seconds_each_way(void **state)
{
    (void)state;
    static const struct {
        uint32_t cpus;
        uint32_t n_max;
        double rivals;
    } machines[] = {{2, 2, 1}, {2, 2, 2}, {4, 4, 1}, {8, 8, 3}, {16, 8, 12}, {32, 16, 30}};
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        double cpus = machines[i].cpus;
        struct pal_pace pace;
        pal_pace_init(&pace, machines[i].n_max);
        struct pal_pace_sample now = {.now_us = 1, .n_cpus = machines[i].cpus};
        for (int window = 0; window < 20; window++) {
            assert_int_equal(pass_beside(&pace, &now, cpus, 0), machines[i].n_max);
        }
        for (int window = 0; window < 20; window++) {
            (void)pass_beside(&pace, &now, cpus, machines[i].rivals);
        }
        /* Down to where a thread hardly waits, or to one. */
        double runnable = pace.n_threads + machines[i].rivals;
        assert_true(pace.n_threads == 1 || cpus / runnable > 0.92);
        assert_true(pace.n_threads >= 1);
        for (int window = 0; window < 20; window++) {
            (void)pass_beside(&pace, &now, cpus, 0);
        }
        assert_int_equal(pace.n_threads, machines[i].n_max);
    }
}

static void
test_the_pace_is_steady_beside_a_steady_rival(void **state)
{
    (void)state;
    struct pal_pace pace;
    pal_pace_init(&pace, 2);
    struct pal_pace_sample now = {.now_us = 1, .n_cpus = 2};
    uint32_t changes = 0;
    uint32_t before = 2;
    for (int window = 0; window < 600; window++) {
        uint32_t n = pass_beside(&pace, &now, 2, 1);
        changes += n != before;
        before = n;
    }
    assert_int_equal(changes, 1); /* down once, in a minute */
}

static void
test_tries_to_go_up_become_rare_when_they_fail(void **state)
{
    (void)state;
    /* A rival that sleeps whenever we have one thread, and works when we have two. */
    struct pal_pace pace;
    pal_pace_init(&pace, 2);
    struct pal_pace_sample now = {.now_us = 1, .n_cpus = 2};
    uint32_t raises = 0;
    for (int window = 0; window < 600; window++) {
        uint32_t before = pace.n_threads;
        uint32_t n = before == 1 ? pass(&pace, &now, 0, 0.9) : pass(&pace, &now, 0.3, 0);
        raises += n > before;
    }
    assert_true(raises > 10); /* it never gives up */
    assert_true(raises <= 60 * 10 / 15 + 4);
}

static void
test_short_windows_are_not_judged(void **state)
{
    (void)state;
    struct pal_pace pace;
    pal_pace_init(&pace, 4);
    struct pal_pace_sample now = {.now_us = 1, .n_cpus = 4};
    (void)pal_pace_update(&pace, &now);
    for (int i = 0; i < 9; i++) {
        now.now_us += 10000;
        now.waited_us += 9000;
        assert_int_equal(pal_pace_update(&pace, &now), 4);
    }
    now.now_us += 10000;
    assert_true(pal_pace_update(&pace, &now) < 4);
}

static void
test_the_system_tells_what_the_pace_needs(void **state)
{
    (void)state;
    struct pal_pace_sample a;
    struct pal_pace_sample b;
    assert_true(pal_pace_read(&a));
    volatile double x = 1;
    for (int i = 0; i < 20000000; i++) {
        x = x * 1.0000001;
    }
    assert_true(pal_pace_read(&b));
    assert_true(b.now_us > a.now_us);
    assert_true(b.waited_us >= a.waited_us);
    assert_true(b.idle_us >= a.idle_us);
    assert_true(b.n_cpus >= 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_busy_loop_is_answered_within_two_seconds_each_way),
        cmocka_unit_test(test_the_pace_is_steady_beside_a_steady_rival),
        cmocka_unit_test(test_tries_to_go_up_become_rare_when_they_fail),
        cmocka_unit_test(test_short_windows_are_not_judged),
        cmocka_unit_test(test_the_system_tells_what_the_pace_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
