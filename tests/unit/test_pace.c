#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "engine/pace.h"

#define WINDOW_US 100000

/*
 * A machine with `cpus` CPUs and `rivals` busy loops beside us, under a fair scheduler: with more
 * runnable threads than CPUs each waits for its share. Steps take as long as their slowest thread.
 */
struct machine {
    struct pal_pace pace;
    struct pal_pace_sample now;
    double cpus, rivals;
    double gain;    /* of a thread more, where all have their cores: 1 = a step in half the time */
    double step_us; /* with one thread, alone */
    bool is_computing;
    double n_steps; /* done so far */
    uint32_t n_changes;
};

static struct machine
new_machine(uint32_t cpus, uint32_t n_threads_max)
{
    struct machine m = {.now = {.now_us = 1, .n_cpus = cpus},
                        .cpus = cpus,
                        .gain = 0.8,
                        .step_us = 30000,
                        .is_computing = true};
    pal_pace_init(&m.pace, n_threads_max);
    (void)pal_pace_update(&m.pace, &m.now);
    return m;
}

static double
step_us(const struct machine *m)
{
    double n = m->pace.n_threads;
    double runnable = n + m->rivals;
    double alone = m->step_us / (1 + m->gain * (n - 1));
    /* Beside others all wait for the one that does not run; one thread by itself only shares. */
    double share = runnable > m->cpus ? m->cpus / runnable : 1;
    return n > 1 && share < 1 ? alone / share * 2 : alone / share;
}

/* One window: steps are made, time passes, a sample is taken. */
static uint32_t
pass(struct machine *m)
{
    double n = m->is_computing ? m->pace.n_threads : 0;
    double runnable = n + m->rivals;
    double wait = n > 0 && runnable > m->cpus ? 1.0 - m->cpus / runnable : 0.0;
    double idle = runnable < m->cpus ? m->cpus - runnable : 0.0;
    uint32_t before = m->pace.n_threads;
    if (m->is_computing) {
        double us = step_us(m);
        m->n_steps += WINDOW_US / us;
        for (double t = 0; t < WINDOW_US; t += us) {
            pal_pace_step(&m->pace, m->step_us, (int64_t)us);
        }
    }
    m->now.now_us += WINDOW_US;
    m->now.waited_us += (int64_t)lround(wait * n * WINDOW_US);
    m->now.own_us += (int64_t)lround((1 - wait) * n * WINDOW_US);
    m->now.idle_us += (int64_t)lround(idle * WINDOW_US);
    uint32_t after = pal_pace_update(&m->pace, &m->now);
    m->n_changes += after != before;
    return after;
}

static void
pass_many(struct machine *m, int n)
{
    for (int i = 0; i < n; i++) {
        (void)pass(m);
    }
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
        struct machine m = new_machine(machines[i].cpus, machines[i].n_max);
        pass_many(&m, 20);
        assert_int_equal(m.pace.n_threads, machines[i].n_max);
        m.rivals = machines[i].rivals;
        pass_many(&m, 20);
        /* Down to where a thread hardly waits, or to one. */
        assert_true(m.pace.n_threads >= 1);
        assert_true(m.pace.n_threads == 1 || m.cpus / (m.pace.n_threads + m.rivals) > 0.92);
        m.rivals = 0;
        pass_many(&m, 20);
        assert_int_equal(m.pace.n_threads, machines[i].n_max);
    }
}

static void
test_the_pace_is_steady_beside_a_steady_rival(void **state)
{
    (void)state;
    struct machine m = new_machine(2, 2);
    m.rivals = 1;
    pass_many(&m, 600);
    assert_int_equal(m.n_changes, 1); /* down once, in a minute */
}

static void
test_threads_that_bring_nothing_are_not_kept(void **state)
{
    (void)state;
    struct machine m = new_machine(2, 2);
    m.gain = 0; /* a model so small that the second thread only waits */
    m.rivals = 1;
    pass_many(&m, 20);
    assert_int_equal(m.pace.n_threads, 1);
    m.rivals = 0;
    uint32_t n_with_two = 0;
    for (int i = 0; i < 600; i++) {
        n_with_two += pass(&m) == 2;
    }
    assert_true(n_with_two > 0);   /* it is tried, */
    assert_true(n_with_two < 120); /* and rarely */
}

static void
test_fewer_threads_are_not_kept_where_they_are_slower(void **state)
{
    (void)state;
    /* Somebody's short work makes our threads wait now and then, but two are still faster. */
    struct machine m = new_machine(2, 2);
    uint32_t n_with_two = 0;
    for (int i = 0; i < 600; i++) {
        m.now.waited_us += i % 5 == 0 ? 25000 : 0;
        n_with_two += pass(&m) == 2;
    }
    assert_true(n_with_two > 400);
}

static void
test_steps_of_different_size_are_compared_by_their_work(void **state)
{
    (void)state;
    /* A chat: now a row, now twenty; and the web server's work makes our threads wait a little. */
    struct machine m = new_machine(2, 2);
    uint32_t n_with_two = 0;
    for (int i = 0; i < 600; i++) {
        m.step_us = i % 3 == 0 ? 4000 : 15000;
        m.now.waited_us += 15000;
        n_with_two += pass(&m) == 2;
    }
    assert_true(n_with_two > 550);
}

static void
test_a_loop_is_still_noticed_after_waiting_was_borne(void **state)
{
    (void)state;
    struct machine m = new_machine(2, 2);
    for (int i = 0; i < 100; i++) {
        m.now.waited_us += 15000;
        (void)pass(&m);
    }
    assert_int_equal(m.pace.n_threads, 2);
    m.rivals = 1;
    for (int i = 0; i < 20; i++) {
        m.now.waited_us += 15000;
        (void)pass(&m);
    }
    assert_int_equal(m.pace.n_threads, 1);
}

static void
test_tries_to_go_up_become_rare_when_they_fail(void **state)
{
    (void)state;
    /* A rival that sleeps whenever we have one thread, and works when we have two. */
    struct machine m = new_machine(2, 2);
    uint32_t raises = 0;
    for (int i = 0; i < 600; i++) {
        uint32_t before = m.pace.n_threads;
        m.rivals = before == 1 ? 0 : 1;
        raises += pass(&m) > before;
    }
    assert_true(raises > 10); /* it never gives up */
    assert_true(raises <= 60 * 10 / 15 + 4);
}

static void
test_a_turn_after_a_pause_begins_as_the_others_leave_room(void **state)
{
    (void)state;
    static const struct {
        uint32_t cpus, n_max;
        double rivals;
        uint32_t n;
    } rows[] = {{2, 2, 0, 2}, {2, 2, 1, 1}, {2, 2, 2, 1},  {2, 2, 0.2, 2}, {2, 2, 0.5, 1},
                {8, 8, 3, 5}, {8, 8, 9, 1}, {16, 8, 4, 8}, {16, 8, 12, 4}, {1, 1, 1, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct machine m = new_machine(rows[i].cpus, rows[i].n_max);
        pass_many(&m, 10);
        m.is_computing = false;
        m.rivals = rows[i].rivals;
        m.now.now_us += 9 * WINDOW_US;
        double idle = m.cpus - m.rivals;
        m.now.idle_us += idle > 0 ? (int64_t)lround(9 * WINDOW_US * idle) : 0;
        (void)pass(&m); /* a second in all */
        assert_int_equal(m.pace.n_threads, rows[i].n);
        m.rivals = 0;
        m.now.now_us += 9 * WINDOW_US;
        m.now.idle_us += (int64_t)lround(9 * WINDOW_US * m.cpus);
        (void)pass(&m);
        assert_int_equal(m.pace.n_threads, rows[i].n_max);
    }
}

static void
test_the_first_step_begins_as_the_others_left_room_while_loading(void **state)
{
    (void)state;
    /* We take one CPU of the window, the others what `others` says, in whole ticks at worst. */
    static const struct {
        uint32_t cpus, n_max;
        int64_t window_us;
        double others;
        uint32_t n;
    } rows[] = {
        {2, 2, 19000, 0, 2},    {2, 2, 19000, 1, 1},     {2, 2, 40000, 0, 2},
        {2, 2, 40000, 1, 1},    {2, 2, 40000, 0.3, 2},   {2, 2, 1000000, 0, 2},
        {2, 2, 1000000, 1, 1},  {2, 2, 1000000, 0.5, 1}, {8, 4, 500000, 5, 3},
        {8, 4, 500000, 7.5, 1}, {1, 1, 40000, 1, 1},     {4, 4, 0, 0, 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_pace pace;
        double window = (double)rows[i].window_us;
        double room = rows[i].cpus - rows[i].others;
        double own = room < 1 ? room : 1;
        const struct pal_pace_sample from = {.now_us = 1, .idle_us = 50000, .n_cpus = rows[i].cpus};
        struct pal_pace_sample to = from;
        to.now_us += rows[i].window_us;
        to.own_us += lround(own * window);
        to.idle_us += lround((room - own) * window) / 10000 * 10000;
        pal_pace_init(&pace, rows[i].n_max);
        assert_int_equal(pal_pace_begin(&pace, &from, &to), rows[i].n);
        assert_int_equal(pace.n_threads, rows[i].n);
    }
}

static void
test_short_turns_beside_a_loop_are_as_fast_as_with_one_thread(void **state)
{
    (void)state;
    /* A tenth of a second of work each second: too short to be answered while it lasts. */
    struct machine m = new_machine(2, 2);
    struct machine fixed = new_machine(2, 1);
    m.rivals = fixed.rivals = 1;
    for (int i = 0; i < 20; i++) {
        m.is_computing = true;
        (void)pass(&m);
        (void)pass(&fixed);
        m.is_computing = false;
        m.now.now_us += 8 * WINDOW_US;
        m.now.idle_us += 8 * WINDOW_US;
        (void)pass(&m);
    }
    assert_true(m.n_steps > 0.9 * fixed.n_steps);
}

static void
test_another_limit_keeps_what_is_known_of_the_others(void **state)
{
    (void)state;
    struct machine m = new_machine(8, 8);
    m.rivals = 3;
    pass_many(&m, 30);
    assert_int_equal(m.pace.n_threads, 5);
    pal_pace_limit(&m.pace, 6);
    assert_int_equal(m.pace.n_threads, 3);
    pal_pace_limit(&m.pace, 1);
    assert_int_equal(m.pace.n_threads, 1);
    pal_pace_limit(&m.pace, 0);
    assert_int_equal(m.pace.n_threads, 1);
}

static void
test_a_step_that_lost_its_cores_leaves_one_thread_until_they_are_free(void **state)
{
    (void)state;
    struct machine m = new_machine(8, 8);
    pass_many(&m, 5);
    m.rivals = 20;
    pal_pace_lost(&m.pace, m.now.now_us);
    assert_int_equal(m.pace.n_threads, 1);
    pass_many(&m, 20);
    assert_int_equal(m.pace.n_threads, 1);
    m.rivals = 0;
    pass_many(&m, 20);
    assert_int_equal(m.pace.n_threads, 8);
}

static void
test_short_windows_are_not_judged(void **state)
{
    (void)state;
    struct machine m = new_machine(4, 4);
    for (int i = 0; i < 9; i++) {
        pal_pace_step(&m.pace, 10000, 10000);
        m.now.now_us += 10000;
        m.now.waited_us += 9000;
        m.now.own_us += 31000;
        assert_int_equal(pal_pace_update(&m.pace, &m.now), 4);
    }
    m.now.now_us += 10000;
    assert_true(pal_pace_update(&m.pace, &m.now) < 4);
}

static void
test_the_system_tells_what_the_pace_needs(void **state)
{
    (void)state;
    struct pal_pace_sample a;
    struct pal_pace_sample b;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
    assert_true(pal_pace_read(&cpus, &a));
    volatile double x = 1;
    for (int i = 0; i < 20000000; i++) {
        x = x * 1.0000001;
    }
    assert_true(pal_pace_read(&cpus, &b));
    assert_true(b.now_us > a.now_us);
    assert_true(b.own_us > a.own_us);
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
        cmocka_unit_test(test_threads_that_bring_nothing_are_not_kept),
        cmocka_unit_test(test_fewer_threads_are_not_kept_where_they_are_slower),
        cmocka_unit_test(test_steps_of_different_size_are_compared_by_their_work),
        cmocka_unit_test(test_a_loop_is_still_noticed_after_waiting_was_borne),
        cmocka_unit_test(test_tries_to_go_up_become_rare_when_they_fail),
        cmocka_unit_test(test_a_turn_after_a_pause_begins_as_the_others_leave_room),
        cmocka_unit_test(test_the_first_step_begins_as_the_others_left_room_while_loading),
        cmocka_unit_test(test_short_turns_beside_a_loop_are_as_fast_as_with_one_thread),
        cmocka_unit_test(test_another_limit_keeps_what_is_known_of_the_others),
        cmocka_unit_test(test_a_step_that_lost_its_cores_leaves_one_thread_until_they_are_free),
        cmocka_unit_test(test_short_windows_are_not_judged),
        cmocka_unit_test(test_the_system_tells_what_the_pace_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
