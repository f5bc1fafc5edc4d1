#include "test.h"

#include <stdio.h>
#include <string.h>

#include "chat/histogram.h"
#include "util/mem.h"

static void
test_each_duration_falls_into_its_bucket(void **state)
{
    (void)state;
    static const struct {
        int64_t duration_us;
        size_t bucket;
    } rows[] = {
        {-5, 0},
        {0, 0},
        {5000, 0},
        {5001, 1},
        {10000, 1},
        {250000, 5},
        {250001, 6},
        {1000000, 7},
        {1000001, 8},
        {10000000, 10},
        {60000000, 12},
        {60000001, 13},
        {INT64_C(3600000000), 13},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        struct pal_histogram histogram = {0};
        pal_histogram_add(&histogram, rows[i].duration_us);
        assert_int_equal(histogram.counts[rows[i].bucket], 1);
        assert_int_equal(histogram.n, 1);
    }
}

static void
test_rendered_buckets_add_up_and_end_with_all(void **state)
{
    (void)state;
    struct pal_histogram histogram = {0};
    pal_histogram_add(&histogram, 4000);
    pal_histogram_add(&histogram, 900000);
    pal_histogram_add(&histogram, 90000000);
    struct pal_buf out;
    pal_buf_init(&out, 65536);
    assert_int_equal(pal_histogram_render(&histogram, "x_seconds", "Help.", &out), PAL_OK);
    static const char *const lines[] = {
        "# HELP x_seconds Help.\n# TYPE x_seconds histogram\nx_seconds_bucket{le=\"0.005\"} 1\n",
        "x_seconds_bucket{le=\"0.5\"} 1\nx_seconds_bucket{le=\"1\"} 2\n",
        "x_seconds_bucket{le=\"60\"} 2\nx_seconds_bucket{le=\"+Inf\"} 3\n",
        "x_seconds_sum 90.904000\nx_seconds_count 3\n",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(lines); i++) {
        assert_non_null(strstr(out.data, lines[i]));
    }
    pal_buf_finish(&out);
}

static void
test_full_buffer_is_an_error_at_every_length(void **state)
{
    (void)state;
    struct pal_histogram histogram = {0};
    struct pal_buf out;
    pal_buf_init(&out, 65536);
    assert_int_equal(pal_histogram_render(&histogram, "x_seconds", "Help.", &out), PAL_OK);
    size_t whole = out.len;
    pal_buf_finish(&out);
    for (size_t max = 0; max < whole; max++) {
        pal_buf_init(&out, max);
        assert_int_equal(pal_histogram_render(&histogram, "x_seconds", "Help.", &out),
                         PAL_ERR_LIMIT);
        pal_buf_finish(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_duration_falls_into_its_bucket),
        cmocka_unit_test(test_rendered_buckets_add_up_and_end_with_all),
        cmocka_unit_test(test_full_buffer_is_an_error_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
