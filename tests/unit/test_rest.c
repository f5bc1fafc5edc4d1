#include "test.h"

#include "engine/rest.h"

static void
test_who_costs_others_more_than_a_copy_out_and_in_leaves(void **state)
{
    (void)state;
    static const struct {
        double copy_us, scan_us, look_us;
        uint64_t n_rows;
    } rows[] = {
        {5, 0.01, 1, 1000}, /* a small model */
        {20, 0.5, 0, 80},   /* a large one: a look is dear, but so is a copy */
        {0, 0.01, 0, 0},    /* never copied: the first one tells */
        {5, 0, 0.04, 1000}, /* a guess */
        {5, 0, 0, 1000},    /* nothing is known */
        {0, 0, 0, 1000},    {1e9, 1e-30, 0, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_rest rest = {.copy_us = rows[i].copy_us, .scan_us = rows[i].scan_us};
        assert_int_equal(pal_rest_rows(&rest, rows[i].look_us), rows[i].n_rows);
    }
}

static void
test_a_piece_is_a_quarter_of_the_usual_time_and_never_seen(void **state)
{
    (void)state;
    static const struct {
        double copy_us;
        int64_t usual_us;
        size_t n;
    } rows[] = {
        {0, 3000, 64},                  /* nothing is known yet */
        {5, 3000, 150},   {5, 0, 1600}, /* nobody streams: 8 ms */
        {20, 80000, 400},               /* a quarter would be 20 ms */
        {20, 1000, 32},                 /* below that it is all overhead */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_rest rest = {.copy_us = rows[i].copy_us};
        assert_int_equal(pal_rest_piece(&rest, rows[i].usual_us), rows[i].n);
    }
}

static void
test_what_copies_take_is_learnt_from_them(void **state)
{
    (void)state;
    struct pal_rest rest = {0};
    pal_rest_note(&rest, 0, 100);
    pal_rest_note(&rest, 3, 100); /* an end, which is mostly overhead */
    assert_true(rest.copy_us == 0);
    pal_rest_note(&rest, 100, 500);
    assert_true(rest.copy_us == 5);
    for (int i = 0; i < 100; i++) {
        pal_rest_note(&rest, 100, 1000);
    }
    assert_true(rest.copy_us > 9.9 && rest.copy_us < 10.1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_costs_others_more_than_a_copy_out_and_in_leaves),
        cmocka_unit_test(test_a_piece_is_a_quarter_of_the_usual_time_and_never_seen),
        cmocka_unit_test(test_what_copies_take_is_learnt_from_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
