#include "test.h"

#include <string.h>

#include "util/err.h"
#include "util/utf8.h"

static void
test_text_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    char long_name[PAL_ERROR_TEXT_MAX * 2] = {0};
    /* Two bytes a character and one before: the cut falls inside a character. */
    long_name[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof(long_name); i += 2) {
        memcpy(long_name + i, "é", 2);
    }
    struct pal_error error;
    assert_int_equal(pal_error_set(&error, PAL_ERR_IO, "%s", long_name), PAL_ERR_IO);
    assert_int_equal(error.code, PAL_ERR_IO);
    assert_true(pal_utf8_valid(error.text, strlen(error.text)));
    assert_true(strlen(error.text) >= PAL_ERROR_TEXT_MAX - 3);
}

static void
test_a_hostile_name_can_not_add_a_line(void **state)
{
    (void)state;
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_IO, "cannot open '%s'", "a\nlevel=error\x1b[2J\xff");
    assert_string_equal(error.text, "cannot open 'a?level=error?[2J?'");
}

static void
test_an_empty_text_says_the_code(void **state)
{
    (void)state;
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_CLOSED, "%s", "");
    assert_string_equal(error.text, "closed");
    assert_int_equal(pal_error_set(NULL, PAL_ERR_BUSY, "dropped"), PAL_ERR_BUSY);
}

static void
test_every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = PAL_OK; a <= PAL_ERR_UNSUPPORTED; a++) {
        assert_string_not_equal(pal_err_name((enum pal_err)a), "unknown");
        for (int b = PAL_OK; b < a; b++) {
            assert_string_not_equal(pal_err_name((enum pal_err)a), pal_err_name((enum pal_err)b));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_cut_at_a_whole_character),
        cmocka_unit_test(test_a_hostile_name_can_not_add_a_line),
        cmocka_unit_test(test_an_empty_text_says_the_code),
        cmocka_unit_test(test_every_code_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
