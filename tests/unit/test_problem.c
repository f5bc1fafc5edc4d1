#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/problem.h"
#include "util/text.h"

static void
expect_print(const struct pal_problems *problems, const char *wanted)
{
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);
    assert_non_null(stream);
    pal_problems_print(problems, stream);
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, wanted);
    free(text);
}

static void
test_problem_is_printed_with_its_place(void **state)
{
    (void)state;
    struct pal_problems problems = {0};
    pal_problems_add(&problems, PAL_PROBLEM_ERROR, "/c.yaml", 3, 7, "no '%s'", "x");
    pal_problems_add(&problems, PAL_PROBLEM_WARNING, "PALABRE_X", 0, 0, "odd");
    pal_problems_add(&problems, PAL_PROBLEM_ERROR, NULL, 0, 0, "nowhere");
    expect_print(&problems, "palabre: /c.yaml:3:7: no 'x'\n"
                            "palabre: PALABRE_X: warning: odd\n"
                            "palabre: nowhere\n");
    pal_lang_init("fr");
    expect_print(&problems, "palabre: /c.yaml:3:7: no 'x'\n"
                            "palabre: PALABRE_X: attention : odd\n"
                            "palabre: nowhere\n");
    pal_lang_init("en");
    assert_int_equal(problems.n_errors, 2);
    pal_problems_finish(&problems);
    assert_int_equal(problems.n, 0);
    pal_problems_finish(NULL);
}

static void
test_hostile_text_cannot_move_the_cursor_or_break_utf8(void **state)
{
    (void)state;
    struct pal_problems problems = {0};
    pal_problems_add(&problems, PAL_PROBLEM_ERROR, NULL, 0, 0, "%s", "a\x1b[2Jb\nc\xC3");
    assert_string_equal(problems.items[0].text, "a?[2Jb?c?");
    char longest[3000];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    pal_problems_add(&problems, PAL_PROBLEM_ERROR, NULL, 0, 0, "%s", longest);
    assert_int_equal(strlen(problems.items[1].text), 1023);
    pal_problems_finish(&problems);
}

static void
test_full_list_keeps_errors_before_warnings_and_counts_the_rest(void **state)
{
    (void)state;
    struct pal_problems problems = {0};
    for (int i = 0; i < 5; i++) {
        pal_problems_add(&problems, PAL_PROBLEM_WARNING, NULL, 0, 0, "warning %d", i);
    }
    for (int i = 0; i < 30; i++) {
        pal_problems_add(&problems, PAL_PROBLEM_ERROR, NULL, 0, 0, "error %d", i);
    }
    pal_problems_add(&problems, PAL_PROBLEM_WARNING, NULL, 0, 0, "one more");
    assert_int_equal(problems.n, PAL_PROBLEMS_MAX);
    assert_int_equal(problems.n_errors, 30);
    assert_int_equal(problems.n_dropped, 16);
    for (int i = 0; i < PAL_PROBLEMS_MAX; i++) {
        char wanted[32];
        (void)snprintf(wanted, sizeof(wanted), "error %d", i);
        assert_string_equal(problems.items[i].text, wanted);
    }
    pal_problems_finish(&problems);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problem_is_printed_with_its_place),
        cmocka_unit_test(test_hostile_text_cannot_move_the_cursor_or_break_utf8),
        cmocka_unit_test(test_full_list_keeps_errors_before_warnings_and_counts_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
