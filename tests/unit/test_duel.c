/* Who is faster, on a machine that others use too. */
#include "test.h"

#include <stdbool.h>

#include "bench/duel.h"

/* A pair of candidates on such a machine: most samples right, some far too slow. */
static struct pal_duel
play(double a_ms, double b_ms, size_t n, uint32_t n_of_ten_disturbed)
{
    struct pal_duel duel = {.n = n};
    uint32_t state = 7;
    for (size_t i = 0; i < n; i++) {
        double *sides[] = {&duel.a[i], &duel.b[i]};
        const double right[] = {a_ms, b_ms};
        for (size_t k = 0; k < 2; k++) {
            state = state * 1664525u + 1013904223u;
            double noise = 1.0 + (double)(state >> 24) / 25600.0; /* up to a hundredth */
            bool is_disturbed = (state >> 16) % 10 < n_of_ten_disturbed;
            *sides[k] = right[k] * noise * (is_disturbed ? 1.5 : 1.0);
        }
    }
    return duel;
}

static void
test_the_quartile_is_the_least_of_a_few(void **state)
{
    (void)state;
    const double values[] = {5, 3, 9, 4, 8, 2, 7, 6};
    assert_true(pal_duel_quartile(values, 0) == 0);
    assert_true(pal_duel_quartile(values, 1) == 5);
    assert_true(pal_duel_quartile(values, 4) == 3);
    assert_true(pal_duel_quartile(values, 8) == 3);
}

static void
test_nothing_played_decides_nothing(void **state)
{
    (void)state;
    struct pal_duel duel = {.n = 0};
    struct pal_duel_verdict verdict = pal_duel_judge(&duel);
    assert_true(verdict.ratio == 0 && verdict.low == 0 && verdict.high == 0);
}

static void
test_a_difference_is_seen_through_disturbances(void **state)
{
    (void)state;
    struct pal_duel duel = play(100, 90, 9, 4);
    struct pal_duel_verdict verdict = pal_duel_judge(&duel);
    assert_true(verdict.ratio > 0.88 && verdict.ratio < 0.92);
    assert_true(verdict.high < 0.99);
}

static void
test_equals_are_not_told_apart(void **state)
{
    (void)state;
    for (uint32_t n_disturbed = 0; n_disturbed < 5; n_disturbed++) {
        struct pal_duel duel = play(100, 100, 9, n_disturbed);
        struct pal_duel_verdict verdict = pal_duel_judge(&duel);
        assert_true(verdict.high >= 0.99);
        assert_true(verdict.low <= 1.01);
    }
}

static void
test_the_ends_hold_the_ratio_and_repeat(void **state)
{
    (void)state;
    struct pal_duel duel = play(100, 107, 12, 2);
    struct pal_duel_verdict verdict = pal_duel_judge(&duel);
    struct pal_duel_verdict again = pal_duel_judge(&duel);
    assert_true(verdict.low <= verdict.ratio && verdict.ratio <= verdict.high);
    assert_true(verdict.low == again.low && verdict.high == again.high);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_quartile_is_the_least_of_a_few),
        cmocka_unit_test(test_nothing_played_decides_nothing),
        cmocka_unit_test(test_a_difference_is_seen_through_disturbances),
        cmocka_unit_test(test_equals_are_not_told_apart),
        cmocka_unit_test(test_the_ends_hold_the_ratio_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
