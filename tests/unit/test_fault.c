#include "test.h"

#include "engine/fault.h"
#include "engine/threads.h"

#include <stddef.h>
#include <unistd.h>

#include "util/mem.h"

static void
test_a_fault_comes_at_its_step_and_so_often(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool hits[5];
    } cases[] = {
        {NULL, {0}},
        {"", {0}},
        {"decode", {0}},
        {"decode:n=2", {0}},
        {"decode:n=2:ret=0", {0}},
        {"load:n=2:ret=1", {0}},
        {"decode:n=2:ret=-3", {false, true, false, false, false}},
        {"decode:n=3:ret=1:times=2", {false, false, true, true, false}},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_fault fault = pal_fault_parse(cases[i].text);
        for (size_t k = 0; k < 5; k++) {
            int32_t status = 0;
            assert_int_equal(pal_fault_hit(&fault, &status), cases[i].hits[k]);
            assert_int_equal(status != 0, cases[i].hits[k]);
        }
    }
}

static void
test_threads_are_some_but_not_more_than_cpus(void **state)
{
    (void)state;
    assert_in_range(pal_threads_default(), 1, sysconf(_SC_NPROCESSORS_CONF));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fault_comes_at_its_step_and_so_often),
        cmocka_unit_test(test_threads_are_some_but_not_more_than_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
