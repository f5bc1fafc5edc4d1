#include "test.h"

#include "engine/cost.h"

static struct pal_cost_rows
rows(uint32_t n, uint32_t depth)
{
    return (struct pal_cost_rows){.n_rows = n, .depth = depth};
}

static void
test_nothing_is_known_before_the_first_step(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 2);
    assert_int_equal(pal_cost_predict(&cost, rows(3, 100)), 0);
    pal_cost_note(&cost, rows(0, 0), 500);
    pal_cost_note(&cost, rows(1, 0), 0);
    assert_int_equal(pal_cost_predict(&cost, rows(1, 0)), 0);
    pal_cost_finish(&cost);
}

static void
test_between_known_sizes_it_is_a_line_and_beyond_them_the_last_slope(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 2);
    pal_cost_note(&cost, rows(2, 100), 100);
    assert_int_equal(pal_cost_predict(&cost, rows(1, 100)), 50);  /* rather too little */
    assert_int_equal(pal_cost_predict(&cost, rows(4, 100)), 200); /* one point: by the row */
    pal_cost_note(&cost, rows(12, 100), 200);
    assert_int_equal(pal_cost_predict(&cost, rows(7, 100)), 150);
    assert_int_equal(pal_cost_predict(&cost, rows(32, 100)), 400);
    pal_cost_finish(&cost);
}

static void
test_it_follows_the_machine_and_survives_a_hiccup(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 2);
    pal_cost_note(&cost, rows(4, 0), 1000);
    pal_cost_note(&cost, rows(4, 0), 1000000);
    assert_int_equal(pal_cost_predict(&cost, rows(4, 0)), 1000);
    pal_cost_note(&cost, rows(4, 0), 1000000);
    assert_in_range(pal_cost_predict(&cost, rows(4, 0)), 1100, 1600);
    for (int i = 0; i < 20; i++) {
        pal_cost_note(&cost, rows(4, 0), 4000);
    }
    assert_in_range(pal_cost_predict(&cost, rows(4, 0)), 3900, 4000);
    pal_cost_finish(&cost);
}

static void
note_often(struct pal_cost *cost, struct pal_cost_rows of, int64_t us)
{
    for (int i = 0; i < 30; i++) {
        pal_cost_note(cost, of, us);
    }
}

static void
test_what_slows_a_known_size_slows_all(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 2);
    pal_cost_note(&cost, rows(32, 0), 4000);
    note_often(&cost, rows(3, 0), 1000);
    note_often(&cost, rows(3, 0), 3000);
    assert_in_range(pal_cost_predict(&cost, rows(3, 0)), 2900, 3000);
    assert_in_range(pal_cost_predict(&cost, rows(32, 0)), 8000, 11000);
    /* Fewer threads help, and what is known of more is not from now. */
    pal_cost_set_threads(&cost, 1);
    note_often(&cost, rows(3, 0), 1500);
    pal_cost_set_threads(&cost, 2);
    assert_in_range(pal_cost_predict(&cost, rows(3, 0)), 1400, 1500);
    assert_in_range(pal_cost_predict(&cost, rows(32, 0)), 4000, 5500);
    pal_cost_finish(&cost);
}

static void
test_a_new_size_that_was_guessed_wrong_is_its_own_mistake(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    pal_cost_note(&cost, rows(8, 0), 9000); /* it was late */
    for (int i = 0; i < 20; i++) {
        pal_cost_note(&cost, rows(1, 0), 1000);
        pal_cost_note(&cost, rows(8, 0), 2000);
        assert_in_range(pal_cost_predict(&cost, rows(1, 0)), 800, 1100);
    }
    assert_in_range(pal_cost_predict(&cost, rows(8, 0)), 1900, 2300);
    pal_cost_finish(&cost);
}

static void
test_what_is_looked_back_on_costs_by_itself(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    pal_cost_note(&cost, rows(1, 0), 500);
    pal_cost_note(&cost, rows(4, 0), 1200);
    pal_cost_note_look(&cost, rows(4, 512), 1200 + 4 * 512 / 2);
    double worst = 0;
    for (int turn = 0; turn < 3; turn++) {
        note_often(&cost, rows(1, 60), 500 + 60 / 2);
        worst = 0;
        for (uint32_t depth = 0; depth < 600; depth += 3) {
            int64_t us = 1200 + 4 * depth / 2;
            double off = (double)pal_cost_predict(&cost, rows(4, depth)) / (double)us - 1;
            worst = off > worst ? off : -off > worst ? -off : worst;
            pal_cost_note(&cost, rows(4, depth), us);
        }
    }
    assert_true(worst < 0.15);
    /* The stream beside it has not become dearer by that. */
    assert_in_range(pal_cost_predict(&cost, rows(1, 60)), 450, 620);
    pal_cost_finish(&cost);
}

static void
test_what_was_measured_ahead_follows_the_first_step_that_differs(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    pal_cost_set(&cost, 1, 1000);
    pal_cost_set(&cost, 2, 1500);
    pal_cost_set(&cost, 8, 4000);
    for (int i = 0; i < 12; i++) {
        pal_cost_note(&cost, rows(2, 0), 3000); /* a game has begun */
    }
    assert_in_range(pal_cost_predict(&cost, rows(1, 0)), 1600, 2000);
    assert_in_range(pal_cost_predict(&cost, rows(8, 0)), 6400, 8000);
    pal_cost_finish(&cost);
}

static void
test_work_stays_what_it_was_measured_as_whatever_steps_take(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    assert_true(pal_cost_weigh(&cost, rows(1, 0)) == 0); /* nothing to compare by */
    pal_cost_set(&cost, 1, 1000);
    pal_cost_set(&cost, 8, 4000);
    double work = pal_cost_weigh(&cost, rows(8, 0));
    for (int i = 0; i < 200; i++) {
        pal_cost_note(&cost, rows(8, 0), 12000);
    }
    assert_true(work == 4000 && pal_cost_weigh(&cost, rows(8, 0)) == work);
    assert_in_range(pal_cost_predict(&cost, rows(8, 0)), 11000, 13000);
    pal_cost_finish(&cost);
}

static void
test_where_nothing_was_measured_the_first_steps_make_the_yardstick(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    for (int i = 0; i < 100; i++) {
        pal_cost_note(&cost, rows(1, 0), 1000);
        pal_cost_note(&cost, rows(8, 0), 4000);
    }
    double times = pal_cost_weigh(&cost, rows(8, 0)) / pal_cost_weigh(&cost, rows(1, 0));
    assert_true(times > 3.9 && times < 4.1);
    pal_cost_finish(&cost);
}

static void
test_each_number_of_threads_has_costs_of_its_own(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 2);
    pal_cost_note(&cost, rows(4, 0), 1000);
    pal_cost_set_threads(&cost, 1);
    assert_int_equal(pal_cost_predict(&cost, rows(4, 0)), 1000); /* for a start */
    note_often(&cost, rows(4, 0), 2000);
    assert_in_range(pal_cost_predict(&cost, rows(4, 0)), 1900, 2000);
    pal_cost_set_threads(&cost, 2);
    assert_int_equal(pal_cost_predict(&cost, rows(4, 0)), 1000);
    pal_cost_finish(&cost);
}

static void
test_a_prompt_takes_as_long_as_its_chunks(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    assert_int_equal(pal_cost_prompt_us(&cost, 1000, 2000), 0);
    pal_cost_note(&cost, rows(1, 0), 1000);
    pal_cost_note(&cost, rows(64, 0), 6400);
    assert_int_equal(pal_cost_prompt_us(&cost, 0, 2000), 0);
    assert_int_equal(pal_cost_prompt_us(&cost, 1, 2000), 1000);
    assert_int_equal(pal_cost_prompt_us(&cost, 6400, 6400), 640000);
    pal_cost_finish(&cost);
}

/* A machine whose step costs `us(n)`; a stream of `n_base` rows is to wait at most twice as long
 * while a prompt comes in. Returns the rows that it settles at. */
static uint32_t
settle(int64_t (*us)(uint32_t), uint32_t n_base, unsigned *n_over)
{
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    for (int i = 0; i < 8; i++) {
        pal_cost_note(&cost, rows(n_base, 200), us(n_base));
    }
    uint32_t n = 0;
    *n_over = 0;
    for (int step = 0; step < 60; step++) {
        int64_t budget = 2 * pal_cost_predict(&cost, rows(n_base, 200));
        n = pal_cost_rows_within(&cost, rows(n_base, 200), 200, budget, 512);
        assert_in_range(n, 1, 512);
        int64_t took = us(n_base + n);
        *n_over += took * 2 > 5 * us(n_base);
        pal_cost_note(&cost, rows(n_base + n, 200), took);
    }
    pal_cost_finish(&cost);
    return n;
}

static int64_t
straight(uint32_t n)
{
    return 10000 + 1000 * (int64_t)n;
}

/* As measured: four rows cost no more than two; then it rises slowly. */
static int64_t
stairs(uint32_t n)
{
    return n == 1 ? 187000 : n <= 8 ? 340000 + 8000 * (int64_t)n : 300000 + 18600 * (int64_t)n;
}

/* Each row costs as much as the first. */
static int64_t
steep(uint32_t n)
{
    return 160000 * (int64_t)n;
}

static void
test_a_prompt_gets_what_fits_into_twice_the_usual_step(void **state)
{
    (void)state;
    static const struct {
        int64_t (*us)(uint32_t);
        uint32_t n_base;
        uint32_t least;
        uint32_t most;
    } cases[] = {
        {straight, 1, 9, 12}, {straight, 3, 9, 13}, {stairs, 1, 1, 5},
        {stairs, 3, 17, 21},  {steep, 1, 1, 1},     {steep, 3, 3, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned n_over = 0;
        uint32_t n = settle(cases[i].us, cases[i].n_base, &n_over);

        assert_in_range(n, cases[i].least, cases[i].most);
        /* Also while it was learning, but for one try of what might have been free. */
        assert_in_range(n_over, 0, 1);
    }
}

static void
test_a_chunk_is_never_more_than_is_left_nor_less_than_a_row(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    assert_int_equal(pal_cost_rows_within(&cost, rows(0, 0), 0, 1000, 1), 1);
    pal_cost_note(&cost, rows(1, 0), 5000);
    assert_int_equal(pal_cost_rows_within(&cost, rows(1, 0), 0, 10, 512), 1);
    pal_cost_note(&cost, rows(512, 0), 6000);
    assert_int_equal(pal_cost_rows_within(&cost, rows(1, 0), 0, 100000, 37), 37);
    pal_cost_finish(&cost);
}

static void
test_sizes_are_found_for_every_number_of_rows(void **state)
{
    (void)state;
    uint32_t last = 1;
    for (uint32_t n = 1; n <= 5000; n++) {
        uint32_t size = pal_cost_size_down(n);
        assert_true(size <= n && size >= last);
        last = size;
    }
    assert_int_equal(last, 4096);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_before_the_first_step),
        cmocka_unit_test(test_between_known_sizes_it_is_a_line_and_beyond_them_the_last_slope),
        cmocka_unit_test(test_it_follows_the_machine_and_survives_a_hiccup),
        cmocka_unit_test(test_what_slows_a_known_size_slows_all),
        cmocka_unit_test(test_a_new_size_that_was_guessed_wrong_is_its_own_mistake),
        cmocka_unit_test(test_what_is_looked_back_on_costs_by_itself),
        cmocka_unit_test(test_what_was_measured_ahead_follows_the_first_step_that_differs),
        cmocka_unit_test(test_work_stays_what_it_was_measured_as_whatever_steps_take),
        cmocka_unit_test(test_where_nothing_was_measured_the_first_steps_make_the_yardstick),
        cmocka_unit_test(test_each_number_of_threads_has_costs_of_its_own),
        cmocka_unit_test(test_a_prompt_takes_as_long_as_its_chunks),
        cmocka_unit_test(test_a_prompt_gets_what_fits_into_twice_the_usual_step),
        cmocka_unit_test(test_a_chunk_is_never_more_than_is_left_nor_less_than_a_row),
        cmocka_unit_test(test_sizes_are_found_for_every_number_of_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
