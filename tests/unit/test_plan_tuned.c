/* What tune keeps: written, read back, applied; broken and hostile files count as missing. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf/type.h"
#include "plan/tuned.h"
#include "plan/variants.h"
#include "plan_models.h"
#include "util/mem.h"

static const struct pal_tuned sample = {
    .variant = "zen4",
    .has_extra_bufts = false,
    .has_flash_attn = true,
    .n_threads = 3,
    .n_threads_batch = 5,
    .n_batch_tokens = 128,
    .n_ubatch_tokens = 64,
    .sleeps = true,
    .is_pinned = true,
    .profile = PAL_PROFILE_CPU,
    .kv_type = PAL_GGUF_TYPE_Q8_0,
    .turn_ms = 1234.5,
    .usual_turn_ms = 4321,
    .made_s = 1795305600,
};

static const char golden[] =
    "{\"format\": 2, \"profile\": \"cpu\", \"quick\": false, \"sleeps\": true, \"pinned\": true, "
    "\"n_ubatch_tokens\": 64, \"variant\": \"zen4\", \"extra_bufts\": false, \"flash_attn\": true, "
    "\"n_threads\": 3, \"n_threads_batch\": 5, \"n_batch_tokens\": 128, \"kv_type\": 8, "
    "\"turn_ms\": 1234.5, \"usual_turn_ms\": 4321, \"made_s\": 1795305600}";

static void
assert_is_sample(const struct pal_tuned *tuned)
{
    assert_string_equal(tuned->variant, "zen4");
    assert_false(tuned->has_extra_bufts);
    assert_true(tuned->has_flash_attn);
    assert_int_equal(tuned->n_threads, 3);
    assert_int_equal(tuned->n_threads_batch, 5);
    assert_int_equal(tuned->n_batch_tokens, 128);
    assert_int_equal(tuned->n_ubatch_tokens, 64);
    assert_true(tuned->sleeps && tuned->is_pinned);
    assert_int_equal(tuned->profile, PAL_PROFILE_CPU);
    assert_int_equal(tuned->kv_type, PAL_GGUF_TYPE_Q8_0);
    assert_float_equal(tuned->turn_ms, 1234.5, 1e-6);
    assert_int_equal(tuned->made_s, 1795305600);
}

static void
test_what_is_saved_is_loaded(void **state)
{
    (void)state;
    char folder[] = "/tmp/palabre-tuned-XXXXXX";
    struct pal_tuned tuned;
    struct pal_error error;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("XDG_STATE_HOME", folder, 1), 0);
    struct pal_machine machine = {.cpu = {.name = "Test", .n_cores_usable = 4}};
    struct pal_shape shape;
    plan_shape(&plan_models[2], &shape);
    char *path = pal_tuned_path(&machine, &shape);
    assert_non_null(path);
    assert_int_equal(pal_tuned_load(path, &tuned, &error), PAL_ERR_NOT_FOUND);
    assert_int_equal(pal_tuned_save(path, &sample, &error), PAL_OK);
    assert_int_equal(pal_tuned_load(path, &tuned, &error), PAL_OK);
    assert_is_sample(&tuned);
    /* Another machine and another model have files of their own. */
    machine.cpu.n_cores_usable = 8;
    char *other = pal_tuned_path(&machine, &shape);
    assert_string_not_equal(path, other);
    free(other);
    plan_shape(&plan_models[3], &shape);
    other = pal_tuned_path(&machine, &shape);
    assert_string_not_equal(path, other);
    free(other);
    assert_int_equal(unlink(path), 0);
    free(path);
    char *sub = pal_printf("rm -r '%s'", folder);
    assert_int_equal(system(sub), 0);
    free(sub);
}

static void
test_cut_at_every_byte_it_is_refused(void **state)
{
    (void)state;
    struct pal_tuned tuned;
    struct pal_error error;
    assert_int_equal(pal_tuned_parse(golden, strlen(golden), &tuned, &error), PAL_OK);
    assert_is_sample(&tuned);
    for (size_t i = 0; i < strlen(golden); i++) {
        assert_int_equal(pal_tuned_parse(golden, i, &tuned, &error), PAL_ERR_PROTO);
        assert_int_equal(tuned.n_threads, 0);
    }
}

static void
test_each_absurd_value_is_refused(void **state)
{
    (void)state;
    static const char *const swaps[][2] = {
        {"\"format\": 2", "\"format\": 1"},
        {"\"profile\": \"cpu\"", "\"profile\": \"fast\""},
        {"\"profile\": \"cpu\"", "\"profile\": 2"},
        {"\"quick\": false", "\"quick\": 0"},
        {"\"sleeps\": true", "\"sleeps\": \"yes\""},
        {"\"n_ubatch_tokens\": 64", "\"n_ubatch_tokens\": 0"},
        {"\"zen4\"", "\"../../tmp/evil\""},
        {"\"zen4\"", "\"a_name_that_is_longer_than_any_processor_s\""},
        {"\"zen4\"", "7"},
        {"\"extra_bufts\": false", "\"extra_bufts\": 0"},
        {"\"n_threads\": 3", "\"n_threads\": 0"},
        {"\"n_threads\": 3", "\"n_threads\": -1"},
        {"\"n_threads\": 3", "\"n_threads\": 100000"},
        {"\"n_batch_tokens\": 128", "\"n_batch_tokens\": 1"},
        {"\"kv_type\": 8", "\"kv_type\": 2"},
        {"\"turn_ms\": 1234.5", "\"turn_ms\": -1"},
        {"\"made_s\": 1795305600", "\"made_s\": \"today\""},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(swaps); i++) {
        const char *at = strstr(golden, swaps[i][0]);
        assert_non_null(at);
        char *text = pal_printf("%.*s%s%s", (int)(at - golden), golden, swaps[i][1],
                                at + strlen(swaps[i][0]));
        struct pal_tuned tuned;
        struct pal_error error;
        assert_int_equal(pal_tuned_parse(text, strlen(text), &tuned, &error), PAL_ERR_PROTO);
        free(text);
    }
}

static void
test_measured_replaces_guesses_but_not_wishes(void **state)
{
    (void)state;
    struct pal_machine machine = {
        .cpu = {.n_cores_usable = 8, .n_kinds = 1, .isa = PAL_ISA_AVX2},
        .memory = {.total_bytes = 32 * PAL_GIB, .available_bytes = 30 * PAL_GIB}};
    struct pal_shape shape;
    plan_shape(&plan_models[2], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
    assert_true(plan.sizes.ram_repacked > 0);
    pal_plan_apply(&plan, &machine, &shape, &sample);
    assert_int_equal(plan.n_threads, 3);
    assert_int_equal(plan.n_threads_batch, 5);
    assert_int_equal(plan.why_threads, PAL_WHY_MEASURED);
    assert_int_equal(plan.n_batch_tokens, 128);
    assert_int_equal(plan.kv_type, PAL_GGUF_TYPE_Q8_0);
    assert_string_equal(plan.variant, "zen4");
    assert_true(plan.is_tuned && plan.sleeps && plan.is_pinned);
    assert_int_equal(plan.n_ubatch_tokens, 64);
    assert_int_equal(plan.sizes.ram_repacked, 0); /* counted again */

    options.n_threads = 7;
    options.repack = PAL_WISH_ON;
    plan = pal_plan_make(&machine, &shape, &options);
    pal_plan_apply(&plan, &machine, &shape, &sample);
    assert_int_equal(plan.n_threads, 7);
    assert_int_equal(plan.n_threads_batch, 7);
    assert_true(plan.has_extra_bufts);

    options = pal_plan_options_default();
    options.flash_attn = PAL_WISH_OFF;
    options.n_batch_tokens = 256;
    plan = pal_plan_make(&machine, &shape, &options);
    pal_plan_apply(&plan, &machine, &shape, &sample);
    assert_false(plan.has_flash_attn);
    assert_int_equal(plan.kv_type, PAL_GGUF_TYPE_F16); /* Q8_0 can't be without it */
    assert_int_equal(plan.n_batch_tokens, 256);

    struct pal_tuned without = sample;
    without.has_flash_attn = false;
    without.kv_type = PAL_GGUF_TYPE_F16;
    options = pal_plan_options_default();
    options.kv_type = PAL_GGUF_TYPE_Q8_0;
    plan = pal_plan_make(&machine, &shape, &options);
    pal_plan_apply(&plan, &machine, &shape, &without);
    assert_int_equal(plan.kv_type, PAL_GGUF_TYPE_Q8_0);
    assert_true(plan.has_flash_attn);
}

static void
test_a_quick_result_speaks_of_build_and_weights_only(void **state)
{
    (void)state;
    struct pal_machine machine = {
        .cpu = {.n_cores_usable = 8, .n_kinds = 1, .isa = PAL_ISA_AVX2},
        .memory = {.total_bytes = 32 * PAL_GIB, .available_bytes = 30 * PAL_GIB}};
    struct pal_shape shape;
    plan_shape(&plan_models[2], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
    struct pal_tuned quick = sample;
    quick.is_quick = true;
    pal_plan_apply(&plan, &machine, &shape, &quick);
    assert_true(plan.is_tuned && plan.is_tuned_quickly);
    assert_string_equal(plan.variant, "zen4");
    assert_int_equal(plan.why_extra_bufts, PAL_WHY_GLANCED);
    assert_int_equal(plan.n_threads, 8);
    assert_int_equal(plan.n_batch_tokens, 512);
    assert_false(plan.sleeps || plan.is_pinned);
}

static void
test_what_was_measured_for_another_profile_is_left_alone(void **state)
{
    (void)state;
    struct pal_machine machine = {
        .cpu = {.n_cores_usable = 8, .n_kinds = 1, .isa = PAL_ISA_AVX2},
        .memory = {.total_bytes = 32 * PAL_GIB, .available_bytes = 30 * PAL_GIB}};
    struct pal_shape shape;
    plan_shape(&plan_models[2], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
    struct pal_tuned on_card = sample;
    on_card.profile = PAL_PROFILE_PERFORMANCE;
    pal_plan_apply(&plan, &machine, &shape, &on_card);
    assert_false(plan.is_tuned);
    assert_int_equal(plan.n_threads, 8);
}

static void
test_builds_that_run_here_come_best_first(void **state)
{
    (void)state;
    struct pal_variant variants[PAL_VARIANTS_MAX];
    assert_int_equal(pal_variants_find("/nowhere", variants), 0);
    size_t n = pal_variants_find(PALABRE_LLAMA_LIB_DIR, variants);
    for (size_t i = 0; i < n; i++) {
        assert_true(variants[i].score > 0);
        assert_true(i == 0 || variants[i].score <= variants[i - 1].score);
        assert_null(strchr(variants[i].name, '.'));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_saved_is_loaded),
        cmocka_unit_test(test_cut_at_every_byte_it_is_refused),
        cmocka_unit_test(test_each_absurd_value_is_refused),
        cmocka_unit_test(test_measured_replaces_guesses_but_not_wishes),
        cmocka_unit_test(test_a_quick_result_speaks_of_build_and_weights_only),
        cmocka_unit_test(test_what_was_measured_for_another_profile_is_left_alone),
        cmocka_unit_test(test_builds_that_run_here_come_best_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
