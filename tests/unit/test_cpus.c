#include "test.h"

#include <string.h>

#include "util/cpus.h"

static void
test_lists_are_read_as_the_kernel_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        int count;
        int has, has_not;
    } cases[] = {
        {"0", 1, 0, 1},     {"0-3,6", 5, 6, 5},         {"7,7", 1, 7, 0},     {"2-2", 1, 2, 3},
        {"0,2,4", 3, 4, 1}, {"0-1023", 1024, 1023, -1}, {"10-12,1", 4, 1, 2}, {"007", 1, 7, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cpu_set_t cpus;
        assert_int_equal(pal_cpus_read(cases[i].list, &cpus, NULL), PAL_OK);
        assert_int_equal(CPU_COUNT(&cpus), cases[i].count);
        assert_true(CPU_ISSET(cases[i].has, &cpus));
        assert_true(cases[i].has_not < 0 || !CPU_ISSET(cases[i].has_not, &cpus));
    }
}

static void
test_what_is_no_list_is_refused_and_quoted(void **state)
{
    (void)state;
    static const char *const lists[] = {"",
                                        ",",
                                        "0,",
                                        "a",
                                        "0-",
                                        "-1",
                                        "3-1",
                                        "0 1",
                                        " 0",
                                        "0;1",
                                        "1024",
                                        "0-1024",
                                        "0x1",
                                        "+1",
                                        "0--1",
                                        "0-1-2",
                                        "99999999999999999999"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        cpu_set_t cpus;
        struct pal_error error = {0};
        assert_int_equal(pal_cpus_read(lists[i], &cpus, &error), PAL_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, lists[i]));
    }
}

static void
test_only_processors_that_are_there_can_be_chosen(void **state)
{
    (void)state;
    cpu_set_t allowed, chosen;
    struct pal_error error = {0};
    CPU_ZERO(&allowed);
    assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    assert_int_equal(pal_cpus_choose(NULL, &chosen, NULL), PAL_OK);
    assert_true(CPU_EQUAL(&chosen, &allowed));
    assert_int_equal(pal_cpus_choose("", &chosen, NULL), PAL_OK);
    assert_true(CPU_EQUAL(&chosen, &allowed));
    assert_int_equal(pal_cpus_choose("0-1023", &chosen, &error), PAL_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "is not there"));
    assert_int_equal(pal_cpus_choose("all", &chosen, &error), PAL_ERR_ARGUMENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_are_read_as_the_kernel_writes_them),
        cmocka_unit_test(test_what_is_no_list_is_refused_and_quoted),
        cmocka_unit_test(test_only_processors_that_are_there_can_be_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
