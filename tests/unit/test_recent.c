#include "test.h"

#include <string.h>

#include "util/recent.h"

static void
test_quantiles_are_values_that_were_there(void **state)
{
    (void)state;
    struct pal_recent recent = {0};
    assert_int_equal(pal_recent_quantile(&recent, 50), 0);
    for (int i = 100; i >= 1; i--) {
        pal_recent_add(&recent, i);
    }
    assert_int_equal(pal_recent_quantile(&recent, 0), 1);
    assert_int_equal(pal_recent_quantile(&recent, 50), 50);
    assert_int_equal(pal_recent_quantile(&recent, 95), 95);
    assert_int_equal(pal_recent_quantile(&recent, 100), 100);
}

static void
test_only_the_newest_count(void **state)
{
    (void)state;
    struct pal_recent recent = {0};
    for (int i = 0; i < PAL_RECENT_MAX; i++) {
        pal_recent_add(&recent, 9000000);
    }
    for (int i = 0; i < PAL_RECENT_MAX; i++) {
        pal_recent_add(&recent, -5);
    }
    assert_int_equal(pal_recent_quantile(&recent, 100), 0);
}

static void
test_an_empty_family_has_its_head_and_no_value(void **state)
{
    (void)state;
    struct pal_recent recent = {0};
    struct pal_buf out;
    pal_buf_init(&out, 1024);
    assert_int_equal(pal_recent_render(&recent, "x_seconds", "Help.", &out), PAL_OK);
    assert_string_equal(out.data, "# HELP x_seconds Help.\n# TYPE x_seconds summary\n");
    pal_recent_add(&recent, 1500000);
    assert_int_equal(pal_recent_render(&recent, "x_seconds", "Help.", &out), PAL_OK);
    assert_non_null(strstr(out.data, "x_seconds{quantile=\"0.95\"} 1.500000\n"));
    pal_buf_finish(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_are_values_that_were_there),
        cmocka_unit_test(test_only_the_newest_count),
        cmocka_unit_test(test_an_empty_family_has_its_head_and_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
