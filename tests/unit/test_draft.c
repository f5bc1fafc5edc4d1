#include "test.h"

#include <stdbool.h>

#include "engine/draft.h"

static struct pal_cost_rows
rows(uint32_t n)
{
    return (struct pal_cost_rows){.n_rows = n};
}

static void
test_a_draft_is_what_came_after_the_same_tokens(void **state)
{
    (void)state;
    static const int32_t said[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4};
    struct pal_draft draft = {0};
    pal_draft_find(&draft, said, 12, said + 8, 4);
    assert_int_equal(draft.n_match, 3); /* 2 3 4, but not 9 before it */
    assert_int_equal(draft.n_tokens, 7);
    assert_int_equal(draft.tokens[0], 5);
    assert_int_equal(draft.tokens[4], 9);
    /* Somebody else's words count only if more of them agree. */
    static const int32_t other[] = {9, 2, 3, 4, 77, 78};
    static const int32_t worse[] = {3, 4, 66, 67};
    pal_draft_find(&draft, worse, 4, said + 8, 4);
    assert_int_equal(draft.tokens[0], 5);
    pal_draft_find(&draft, other, 6, said + 8, 4);
    assert_int_equal(draft.n_match, 4);
    assert_int_equal(draft.n_tokens, 2);
    assert_int_equal(draft.tokens[0], 77);
}

static void
test_one_token_or_none_in_common_is_no_sign(void **state)
{
    (void)state;
    static const int32_t said[] = {5, 1, 6, 2, 7, 1};
    for (size_t n = 0; n <= 6; n++) {
        struct pal_draft draft = {0};
        pal_draft_find(&draft, said, n, said + 4, 2);
        assert_int_equal(draft.n_match, 0);
        pal_draft_find(&draft, said, n, said + 5, 1);
        assert_int_equal(draft.n_match, 0);
    }
}

/* A draft of seven tokens that agreed on four. */
static const struct pal_draft sure = {.tokens = {1, 2, 3, 4, 5, 6, 7}, .n_tokens = 7, .n_match = 4};

static void
test_what_costs_nothing_is_always_tried_and_what_is_dear_never(void **state)
{
    (void)state;
    struct pal_drafts drafts;
    struct pal_cost cost;
    pal_drafts_init(&drafts);
    pal_cost_init(&cost, 1);
    pal_cost_note(&cost, rows(1), 1000);
    pal_cost_note(&cost, rows(4), 1000);
    pal_cost_note(&cost, rows(5), 3000);
    pal_cost_note(&cost, rows(8), 9000);
    assert_int_equal(pal_drafts_length(&drafts, &cost, rows(1), 1, &sure), 3);
    assert_int_equal(pal_drafts_length(&drafts, &cost, rows(4), 4, &sure), 0);
    pal_cost_finish(&cost);
}

static void
test_an_empty_purse_pays_for_nothing(void **state)
{
    (void)state;
    struct pal_drafts drafts;
    struct pal_cost cost;
    pal_drafts_init(&drafts);
    pal_cost_init(&cost, 1);
    pal_cost_note(&cost, rows(1), 1000);
    pal_cost_note(&cost, rows(8), 1700);
    assert_int_equal(pal_drafts_length(&drafts, &cost, rows(1), 1, &sure), 0);
    for (int i = 0; i < 100; i++) {
        pal_drafts_settle(&drafts, 1000, 1000, 1, 0);
    }
    assert_true(pal_drafts_length(&drafts, &cost, rows(1), 1, &sure) >= 4);
    /* All of them wrong, again and again. */
    for (int i = 0; i < 4; i++) {
        pal_drafts_judge(&drafts, 4, 7, 0);
        pal_drafts_settle(&drafts, 1700, 1000, 1, 0);
    }
    assert_int_equal(pal_drafts_length(&drafts, &cost, rows(1), 1, &sure), 0);
    pal_cost_finish(&cost);
}

/* Whatever comes true: in all, drafts cost at most a fiftieth, and win where they can. */
static void
test_drafts_never_cost_more_than_a_fiftieth(void **state)
{
    (void)state;
    static const struct {
        int64_t us_1;
        int64_t us_8;
        unsigned right_percent;
    } cases[] = {
        {1000, 1100, 0},  {1000, 1700, 0},  {1000, 1700, 30}, {1000, 1700, 60},
        {1000, 1700, 95}, {1000, 4000, 50}, {1000, 8000, 95},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pal_drafts drafts;
        struct pal_cost cost;
        pal_drafts_init(&drafts);
        pal_cost_init(&cost, 1);
        pal_cost_note(&cost, rows(1), cases[i].us_1);
        pal_cost_note(&cost, rows(8), cases[i].us_8);
        int64_t spent_us = 0;
        uint64_t n_said = 0;
        unsigned seed = 1;
        while (n_said < 5000) {
            size_t n = pal_drafts_length(&drafts, &cost, rows(1), 1, &sure);
            size_t n_right = 0;
            for (bool is_right = true; is_right && n_right < n; n_right += is_right) {
                seed = seed * 1103515245 + 12345;
                is_right = (seed >> 16) % 100 < cases[i].right_percent;
            }
            int64_t us = pal_cost_predict(&cost, rows(1 + (uint32_t)n));
            if (n > 0) {
                pal_drafts_judge(&drafts, 4, n, n_right);
            }
            pal_drafts_settle(&drafts, us, cases[i].us_1, 1, n_right);
            spent_us += us;
            n_said += 1 + n_right;
        }
        double share = (double)spent_us / ((double)n_said * (double)cases[i].us_1);
        assert_true(share < 1.025);
        assert_true(cases[i].right_percent != 95 || cases[i].us_8 > 2000 || share < 0.7);
        pal_cost_finish(&cost);
    }
}

static void
test_a_step_is_filled_where_more_rows_are_cheaper(void **state)
{
    (void)state;
    struct pal_cost cost;
    pal_cost_init(&cost, 1);
    pal_cost_note(&cost, rows(3), 397);
    assert_int_equal(pal_drafts_filling(&cost, rows(3), 3), 0);
    pal_cost_note(&cost, rows(4), 303);
    assert_int_equal(pal_drafts_filling(&cost, rows(3), 3), 1);
    assert_int_equal(pal_drafts_filling(&cost, rows(3), 0), 0);
    assert_int_equal(pal_drafts_filling(&cost, rows(4), 3), 0);
    pal_cost_finish(&cost);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_draft_is_what_came_after_the_same_tokens),
        cmocka_unit_test(test_one_token_or_none_in_common_is_no_sign),
        cmocka_unit_test(test_what_costs_nothing_is_always_tried_and_what_is_dear_never),
        cmocka_unit_test(test_an_empty_purse_pays_for_nothing),
        cmocka_unit_test(test_drafts_never_cost_more_than_a_fiftieth),
        cmocka_unit_test(test_a_step_is_filled_where_more_rows_are_cheaper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
