#include "test.h"

#include "engine/breaker.h"

static void
test_three_failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct pal_breaker b = {0};
    assert_true(pal_breaker_allows(&b, 0));
    assert_false(pal_breaker_failed(&b, PAL_BREAKER_COUNT, 0));
    assert_false(pal_breaker_failed(&b, PAL_BREAKER_COUNT, 0));
    pal_breaker_succeeded(&b);
    assert_false(pal_breaker_failed(&b, PAL_BREAKER_COUNT, 0));
    assert_false(pal_breaker_failed(&b, PAL_BREAKER_COUNT, 0));
    assert_true(pal_breaker_failed(&b, PAL_BREAKER_COUNT, 0));
    assert_false(pal_breaker_allows(&b, 1));
    assert_int_equal(b.open_until_us, PAL_BREAKER_PAUSE_FIRST_US);
}

static void
test_a_turns_own_fault_says_nothing(void **state)
{
    (void)state;
    struct pal_breaker b = {0};
    for (int i = 0; i < 10; i++) {
        assert_false(pal_breaker_failed(&b, PAL_BREAKER_IGNORE, 0));
    }
    assert_true(pal_breaker_allows(&b, 0));
}

static void
test_after_the_pause_one_turn_decides(void **state)
{
    (void)state;
    struct pal_breaker b = {0};
    assert_true(pal_breaker_failed(&b, PAL_BREAKER_TRIP, 0));
    assert_false(pal_breaker_allows(&b, PAL_BREAKER_PAUSE_FIRST_US - 1));
    assert_true(pal_breaker_allows(&b, PAL_BREAKER_PAUSE_FIRST_US));
    pal_breaker_taken(&b);
    assert_false(pal_breaker_allows(&b, PAL_BREAKER_PAUSE_FIRST_US));
    assert_true(pal_breaker_failed(&b, PAL_BREAKER_COUNT, PAL_BREAKER_PAUSE_FIRST_US));
    assert_int_equal(b.pause_us, 2 * PAL_BREAKER_PAUSE_FIRST_US);
    pal_breaker_probed(&b);
    assert_true(pal_breaker_allows(&b, 0));
    pal_breaker_taken(&b);
    pal_breaker_released(&b); /* cancelled: the next one decides */
    assert_true(pal_breaker_allows(&b, 0));
    pal_breaker_taken(&b);
    pal_breaker_succeeded(&b);
    assert_int_equal(b.state, PAL_BREAKER_CLOSED);
    assert_int_equal(b.pause_us, 0);
}

static void
test_the_pause_grows_to_its_maximum_and_stays(void **state)
{
    (void)state;
    struct pal_breaker b = {0};
    for (int i = 0; i < 20; i++) {
        assert_true(pal_breaker_failed(&b, PAL_BREAKER_TRIP, 0));
        /* Turns that were under way when it opened do not lengthen it. */
        assert_false(pal_breaker_failed(&b, PAL_BREAKER_TRIP, 0));
        assert_true(b.pause_us <= PAL_BREAKER_PAUSE_MAX_US);
        pal_breaker_probed(&b);
    }
    assert_int_equal(b.pause_us, PAL_BREAKER_PAUSE_MAX_US);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_failures_in_a_row_open_it),
        cmocka_unit_test(test_a_turns_own_fault_says_nothing),
        cmocka_unit_test(test_after_the_pause_one_turn_decides),
        cmocka_unit_test(test_the_pause_grows_to_its_maximum_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
