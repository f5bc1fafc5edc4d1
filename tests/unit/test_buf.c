#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "util/buf.h"

static void
test_append_past_the_maximum_changes_nothing(void **state)
{
    (void)state;
    struct pal_buf buf;
    pal_buf_init(&buf, 5);
    assert_int_equal(pal_buf_append_text(&buf, "abc"), PAL_OK);
    assert_int_equal(pal_buf_append_text(&buf, "def"), PAL_ERR_LIMIT);
    assert_int_equal(pal_buf_printf(&buf, "%d", 1234), PAL_ERR_LIMIT);
    assert_int_equal(pal_buf_append(&buf, "x", SIZE_MAX), PAL_ERR_LIMIT);
    assert_string_equal(buf.data, "abc");
    assert_int_equal(pal_buf_printf(&buf, "%02d", 7), PAL_OK);
    assert_string_equal(buf.data, "abc07");
    assert_int_equal(buf.len, 5);
    pal_buf_finish(&buf);
}

static void
test_consume_keeps_the_rest_and_take_empties(void **state)
{
    (void)state;
    struct pal_buf buf;
    pal_buf_init(&buf, 1000);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pal_buf_printf(&buf, "%03d,", i), PAL_OK);
    }
    pal_buf_consume(&buf, 4 * (size_t)98);
    assert_string_equal(buf.data, "098,099,");
    char *taken = pal_buf_take(&buf);
    assert_string_equal(taken, "098,099,");
    free(taken);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.data, "");
    assert_int_equal(buf.max_bytes, 1000);
    pal_buf_clear(&buf);
    taken = pal_buf_take(&buf);
    assert_string_equal(taken, "");
    free(taken);
    pal_buf_finish(&buf);
    pal_buf_finish(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_past_the_maximum_changes_nothing),
        cmocka_unit_test(test_consume_keeps_the_rest_and_take_empties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
