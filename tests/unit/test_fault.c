#include "test.h"

#include "engine/fault.h"
#include "engine/threads.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

static void
test_a_fault_comes_at_its_step_and_so_often(void **state)
{
    (void)state;
    enum { NONE = PAL_FAULT_STEP_NONE, FAILS = PAL_FAULT_STEP_FAILS };
    enum { IS_NAN = PAL_FAULT_STEP_NAN, HANGS = PAL_FAULT_STEP_HANGS };
    static const struct {
        const char *text;
        int32_t status;
        int steps[5];
    } cases[] = {
        {NULL, 0, {0}},
        {"", 0, {0}},
        {"decode", 0, {0}},
        {"decode:n=2", 0, {0}},
        {"decode:n=2:ret=0", 0, {0}},
        {"decode:n=0:ret=1", 0, {0}},
        {"load:n=2:ret=1", 0, {0}},
        {"nan", 0, {0}},
        {"nan:n=0", 0, {0}},
        {"hang:n=0", 0, {0}},
        {"hang", 0, {0}},
        {"decode:n=2:ret=-3", -3, {NONE, FAILS, NONE, NONE, NONE}},
        {"decode:n=3:ret=1:times=2", 1, {NONE, NONE, FAILS, FAILS, NONE}},
        {"nan:n=2", 0, {NONE, IS_NAN, NONE, NONE, NONE}},
        {"nan:n=1:times=3", 0, {IS_NAN, IS_NAN, IS_NAN, NONE, NONE}},
        {"hang:n=4", 0, {NONE, NONE, NONE, HANGS, NONE}},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_fault fault = pal_fault_parse(cases[i].text);
        assert_int_equal(fault.status, cases[i].status);
        for (size_t k = 0; k < 5; k++) {
            assert_int_equal(pal_fault_next_step(&fault), cases[i].steps[k]);
        }
    }
}

static void
test_the_safe_way_can_be_short_and_memory_little(void **state)
{
    (void)state;
    assert_int_equal(pal_fault_parse("fuse:safe_ms=300").safe_ms, 300);
    assert_int_equal(pal_fault_parse("fuse:safe_ms=").safe_ms, 0);
    assert_int_equal(pal_fault_parse("hang:n=1").safe_ms, 0);
    assert_int_equal(pal_fault_parse("memory:mib=64").load_mib, 64);
}

static void
test_loading_fails_from_so_many_layers_on(void **state)
{
    (void)state;
    struct pal_fault fault = pal_fault_parse("load:layers=2:signal=0");
    assert_false(pal_fault_hits_load(&fault, 0));
    assert_false(pal_fault_hits_load(&fault, 1));
    assert_true(pal_fault_hits_load(&fault, 2));
    assert_true(pal_fault_hits_load(&fault, -1)); /* all */
    static const char *const none[] = {"load:layers=0:signal=6", "load:layers=2",
                                       "load:layers=2:signal=-1", "decode:n=2:ret=1"};
    for (size_t i = 0; i < PAL_COUNT_OF(none); i++) {
        fault = pal_fault_parse(none[i]);
        assert_false(pal_fault_hits_load(&fault, 100));
    }
}

static void
test_pinned_threads_get_a_core_each(void **state)
{
    (void)state;
    bool mask[1024] = {false};
    uint32_t n_set = 0;
    assert_true(pal_threads_mask(1, mask, PAL_COUNT_OF(mask)));
    for (size_t i = 0; i < PAL_COUNT_OF(mask); i++) {
        n_set += mask[i] ? 1 : 0;
    }
    assert_int_equal(n_set, 1);
    assert_false(pal_threads_mask(1024, mask, PAL_COUNT_OF(mask)));
    memset(mask, 0, sizeof(mask));
    assert_false(pal_threads_mask(1, mask, 0));
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
        cmocka_unit_test(test_the_safe_way_can_be_short_and_memory_little),
        cmocka_unit_test(test_loading_fails_from_so_many_layers_on),
        cmocka_unit_test(test_pinned_threads_get_a_core_each),
        cmocka_unit_test(test_threads_are_some_but_not_more_than_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
