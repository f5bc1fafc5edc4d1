#include "test.h"

#include "engine/settings.h"

#include <string.h>

#include "util/mem.h"

static void
test_zero_is_the_default(void **state)
{
    (void)state;
    struct pal_settings s;
    const struct pal_engine_options o = {.model_path = "/m.gguf"};
    assert_int_equal(pal_settings_init(&s, &o, NULL), PAL_OK);
    assert_int_equal(s.n_ctx_tokens, 8192);
    assert_int_equal(s.n_sequences, 4);
    assert_int_equal(s.n_batch_tokens, 512);
    assert_int_equal(s.n_ubatch_tokens, 512);
    assert_int_equal(s.chunk_tokens, 512);
    assert_int_equal(s.n_threads, 0); /* the engine counts cores itself */
    pal_settings_finish(&s);
    pal_settings_finish(&s);
    pal_settings_finish(NULL);
}

static void
test_what_is_out_of_range_is_named(void **state)
{
    (void)state;
    const struct {
        struct pal_engine_options options;
        const char *word;
    } cases[] = {
        {{0}, "a model or a script"},
        {{.model_path = "m", .n_sequences = PAL_ENGINE_SEQUENCES_MAX + 1}, "n_sequences"},
        {{.model_path = "m", .n_ctx_tokens = 8}, "n_ctx_tokens"},
        {{.model_path = "m", .n_ctx_tokens = UINT32_MAX}, "n_ctx_tokens"},
        {{.model_path = "m", .n_threads = 100000}, "n_threads"},
        {{.model_path = "m", .n_threads_cpu = 100000}, "n_threads_cpu"},
        {{.model_path = "m", .n_batch_tokens = 2}, "n_batch_tokens"},
        {{.model_path = "m", .variant = "../../evil"}, "variant"},
        {{.model_path = "m", .gpu_device = ""}, "card"},
        {{.model_path = "m", .kv_type = 7}, "KV"},
        {{.model_path = "m", .ways = 1u << 20}, "ways"},
        {{.model_path = "m", .chunk_tokens = 1u << 30}, "chunk_tokens"},
        {{.model_path = "m", .priority = PAL_ENGINE_PRIORITIES}, "priority"},
        {{.model_path = "m", .cpus = "0-"}, "'0-'"},
        {{.model_path = "m", .cpus = "0-1023"}, "is not there"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_settings s;
        struct pal_error error = {0};
        assert_int_equal(pal_settings_init(&s, &cases[i].options, &error), PAL_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, cases[i].word));
        assert_null(s.model_path);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zero_is_the_default),
        cmocka_unit_test(test_what_is_out_of_range_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
