#include "test.h"

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/priority.h"

/* What a process is like after it was applied; in a child, since nothing of it can be undone. */
struct place {
    int nice;
    int policy;
    int n_cpus;
    int session_nice; /* 100 = this kernel does not group by sessions */
    bool leads_session;
};

static int
session_nice(void)
{
    int nice = 100;
    FILE *file = fopen("/proc/self/autogroup", "re");
    if (file != NULL) {
        if (fscanf(file, "/autogroup-%*d nice %d", &nice) != 1) {
            nice = 100;
        }
        (void)fclose(file);
    }
    return nice;
}

static struct place
place_after(const struct pal_settings *settings)
{
    struct place place = {0};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        pal_priority_apply(settings);
        place.nice = getpriority(PRIO_PROCESS, 0);
        place.policy = sched_getscheduler(0);
        (void)sched_getaffinity(0, sizeof(cpus), &cpus);
        place.n_cpus = CPU_COUNT(&cpus);
        place.session_nice = session_nice();
        place.leads_session = getsid(0) == getpid();
        _exit(write(fds[1], &place, sizeof(place)) == (ssize_t)sizeof(place) ? 0 : 1);
    }
    assert_int_equal(read(fds[0], &place, sizeof(place)), sizeof(place));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return place;
}

/* Of a process that was loaded beside another: the session's nice before and after it answers. */
static void
weigh_beside(const struct pal_settings *settings, int nice[2])
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pal_priority_apply(settings);
        nice[0] = session_nice();
        pal_priority_take_place(settings);
        nice[1] = session_nice();
        _exit(write(fds[1], nice, 2 * sizeof(*nice)) == 2 * sizeof(*nice) ? 0 : 1);
    }
    assert_int_equal(read(fds[0], nice, 2 * sizeof(*nice)), 2 * sizeof(*nice));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void
test_who_is_loaded_beside_another_gives_way_until_it_answers(void **state)
{
    (void)state;
    if (session_nice() == 100) {
        skip(); /* this kernel does not group by sessions */
    }
    int nice[2];
    weigh_beside(&(struct pal_settings){.ways = PAL_ENGINE_BESIDE}, nice);
    assert_int_equal(nice[0], 10);
    assert_int_equal(nice[1], 0);
    weigh_beside(
        &(struct pal_settings){.ways = PAL_ENGINE_BESIDE, .priority = PAL_ENGINE_PRIORITY_IDLE},
        nice);
    assert_int_equal(nice[0], 19);
    assert_int_equal(nice[1], 19);
}

static void
note_nice(void *userdata)
{
    *(int *)userdata = getpriority(PRIO_PROCESS, 0);
}

static void
test_what_is_run_aside_gives_way_and_nothing_else_does(void **state)
{
    (void)state;
    int before = getpriority(PRIO_PROCESS, 0);
    int nice = -1;
    pal_priority_run_aside(note_nice, &nice);
    assert_int_equal(nice, before > 10 ? before : 10);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

static void
test_the_engine_has_a_session_of_its_own_and_the_asked_weight(void **state)
{
    (void)state;
    static const struct {
        enum pal_engine_priority priority;
        int nice, policy;
    } rows[] = {
        {PAL_ENGINE_PRIORITY_NORMAL, 0, SCHED_OTHER},
        {PAL_ENGINE_PRIORITY_LOW, 10, SCHED_OTHER},
        {PAL_ENGINE_PRIORITY_IDLE, 19, SCHED_IDLE},
    };
    int nice_before = getpriority(PRIO_PROCESS, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct pal_settings settings = {.priority = rows[i].priority};
        struct place place = place_after(&settings);
        assert_true(place.leads_session);
        if (nice_before > 0) {
            continue; /* the suite itself was started as a nicer program */
        }
        assert_int_equal(place.nice, rows[i].nice);
        assert_int_equal(place.policy, rows[i].policy);
        assert_true(place.session_nice == 100 || place.session_nice == rows[i].nice);
    }
}

static void
test_the_engine_keeps_to_its_processors(void **state)
{
    (void)state;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    int first = 0;
    while (!CPU_ISSET((size_t)first, &allowed)) {
        first++;
    }
    char one[16];
    (void)snprintf(one, sizeof(one), "%d", first);
    const struct pal_settings settings = {.cpus = one};
    assert_int_equal(place_after(&settings).n_cpus, 1);
    /* They were there when the front looked, and are gone: better any processor than no engine. */
    char gone[] = "1023";
    const struct pal_settings elsewhere = {.cpus = gone};
    assert_int_equal(place_after(&elsewhere).n_cpus, CPU_COUNT(&allowed));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_loaded_beside_another_gives_way_until_it_answers),
        cmocka_unit_test(test_what_is_run_aside_gives_way_and_nothing_else_does),
        cmocka_unit_test(test_the_engine_has_a_session_of_its_own_and_the_asked_weight),
        cmocka_unit_test(test_the_engine_keeps_to_its_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
