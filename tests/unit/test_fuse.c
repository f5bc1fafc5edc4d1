#include "test.h"

#include <signal.h>

#include "engine/fuse.h"

#define S ((int64_t)1000000)

static void
test_three_deaths_in_a_minute_and_no_fewer_make_it_safe(void **state)
{
    (void)state;
    struct pal_fuse fuse = {0};
    assert_int_equal(pal_fuse_died(&fuse, 100 * S, false, SIGSEGV), PAL_FUSE_AGAIN);
    assert_int_equal(pal_fuse_died(&fuse, 130 * S, false, SIGSEGV), PAL_FUSE_AGAIN);
    assert_int_equal(pal_fuse_died(&fuse, 161 * S, false, SIGSEGV), PAL_FUSE_AGAIN);
    assert_false(fuse.is_safe);
    assert_int_equal(pal_fuse_died(&fuse, 180 * S, false, SIGSEGV), PAL_FUSE_SAFE);
    assert_true(fuse.is_safe);
}

static void
kill_three_times(struct pal_fuse *fuse, int64_t now_us, bool was_loading,
                 enum pal_fuse_verdict last)
{
    assert_int_equal(pal_fuse_died(fuse, now_us, was_loading, 0), PAL_FUSE_AGAIN);
    assert_int_equal(pal_fuse_died(fuse, now_us, was_loading, 0), PAL_FUSE_AGAIN);
    assert_int_equal(pal_fuse_died(fuse, now_us, was_loading, 0), last);
}

static void
test_it_is_tried_the_usual_way_again_each_time_later(void **state)
{
    (void)state;
    struct pal_fuse fuse = {0};
    int64_t now = 1000 * S;
    static const int64_t minutes[] = {10, 20, 40, 80, 160, 240, 240};
    assert_false(pal_fuse_is_over(&fuse, now));
    for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
        kill_three_times(&fuse, now, false, PAL_FUSE_SAFE);
        now += minutes[i] * 60 * S;
        assert_false(pal_fuse_is_over(&fuse, now - 1));
        assert_true(pal_fuse_is_over(&fuse, now));
        pal_fuse_reset(&fuse);
        assert_false(fuse.is_safe || pal_fuse_is_over(&fuse, now));
    }
}

static void
test_a_file_that_cannot_be_read_the_safe_way_either_is_given_up(void **state)
{
    (void)state;
    struct pal_fuse fuse = {0};
    kill_three_times(&fuse, 5 * S, true, PAL_FUSE_SAFE);
    kill_three_times(&fuse, 9 * S, true, PAL_FUSE_HOPELESS);
    /* One that loads is never given up, however often it dies. */
    fuse = (struct pal_fuse){0};
    kill_three_times(&fuse, 5 * S, false, PAL_FUSE_SAFE);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pal_fuse_died(&fuse, (10 + i) * S, false, SIGKILL), PAL_FUSE_AGAIN);
    }
}

static void
test_the_safe_way_is_the_cpu_with_a_thread_less(void **state)
{
    (void)state;
    struct pal_settings usual = {
        .n_ctx_tokens = 8192,
        .n_sequences = 4,
        .n_threads = 6,
        .n_threads_batch = 8,
        .n_batch_tokens = 512,
        .n_ubatch_tokens = 512,
        .chunk_tokens = 512,
        .n_gpu_layers = 20,
        .kv_type = 8,
        .ways = PAL_ENGINE_PACED | PAL_ENGINE_PINNED,
    };
    struct pal_fuse fuse = {0};
    struct pal_settings settings = pal_fuse_settings(&fuse, &usual);
    assert_int_equal(settings.n_ctx_tokens, usual.n_ctx_tokens);
    assert_int_equal(settings.n_threads, usual.n_threads);
    assert_int_equal(settings.n_threads_batch, usual.n_threads_batch);
    assert_int_equal(settings.n_gpu_layers, usual.n_gpu_layers);
    assert_int_equal(settings.kv_type, usual.kv_type);
    assert_int_equal(settings.ways, usual.ways);
    kill_three_times(&fuse, 5 * S, false, PAL_FUSE_SAFE);
    settings = pal_fuse_settings(&fuse, &usual);
    struct pal_error error;
    usual.model_path = settings.model_path = (char[]){"m.gguf"};
    assert_int_equal(pal_settings_check(&settings, &error), PAL_OK);
    assert_int_equal(settings.n_gpu_layers, 0);
    assert_int_equal(settings.n_threads, 5);
    assert_int_equal(settings.n_threads_batch, 5);
    assert_int_equal(settings.n_ctx_tokens, 2048);
    assert_int_equal(settings.kv_type, 1);
    assert_int_equal(settings.n_sequences, 4);
    assert_int_equal(settings.ways,
                     PAL_ENGINE_PACED | PAL_ENGINE_NO_FLASH_ATTN | PAL_ENGINE_NO_EXTRA_BUFTS);
    assert_null(settings.variant);
    usual.n_threads = 1;
    settings = pal_fuse_settings(&fuse, &usual);
    assert_int_equal(settings.n_threads, 1);
}

static void
test_an_illegal_instruction_asks_for_a_plainer_variant(void **state)
{
    (void)state;
    struct pal_fuse fuse = {0};
    struct pal_settings usual = {.n_threads = 2, .n_ctx_tokens = 512};
    for (int i = 0; i < 3; i++) {
        (void)pal_fuse_died(&fuse, (1 + i) * S, true, SIGILL);
    }
    struct pal_settings settings = pal_fuse_settings(&fuse, &usual);
    assert_string_equal(settings.variant, "x64");
    assert_int_equal(settings.n_ctx_tokens, 512);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_deaths_in_a_minute_and_no_fewer_make_it_safe),
        cmocka_unit_test(test_it_is_tried_the_usual_way_again_each_time_later),
        cmocka_unit_test(test_a_file_that_cannot_be_read_the_safe_way_either_is_given_up),
        cmocka_unit_test(test_the_safe_way_is_the_cpu_with_a_thread_less),
        cmocka_unit_test(test_an_illegal_instruction_asks_for_a_plainer_variant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
