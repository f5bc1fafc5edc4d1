#include "test.h"

#include <string.h>

#include "plan/seed_rules.h"

static void
test_thread_formula_is_the_seed_s(void **state)
{
    (void)state;
    static const struct {
        uint32_t physical, logical, threads;
    } rows[] = {
        {4, 8, 4},    {6, 12, 6},  {8, 16, 8},  {12, 24, 12}, /* the seed's own table */
        {8, 8, 4},    {12, 12, 6}, {10, 12, 6},               /* where it halves real cores */
        {16, 32, 16}, {2, 4, 4},   {2, 2, 2},   {1, 1, 1},    {7, 7, 7}, {16, 16, 16}, {10, 15, 7},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pal_seed_threads(rows[i].physical, rows[i].logical), rows[i].threads);
    }
}

static void
test_profile_rule_is_the_seed_s(void **state)
{
    (void)state;
    static const struct {
        double vram, model;
        const char *profile;
        uint32_t layers;
        const char *description;
    } rows[] = {
        /* Called with 6.8, as the seed does: 6 GB cards end on the CPU. */
        {24, 6.8, "performance", 43, "100% GPU (optimal)"},
        {10.16, 6.8, "performance", 43, "100% GPU (optimal)"},
        {10.15, 6.8, "balanced", 35, "80% GPU + 20% CPU (équilibré)"},
        {7.44, 6.8, "balanced", 35, "80% GPU + 20% CPU (équilibré)"},
        {7.43, 6.8, "cpu", 0, "CPU uniquement (fallback)"},
        {6, 6.8, "cpu", 0, "CPU uniquement (fallback)"},
        /* With the real file's size its own table comes out. */
        {24, 4.2, "performance", 43, "100% GPU (optimal)"},
        {6, 4.2, "balanced", 35, "80% GPU + 20% CPU (équilibré)"},
        {4, 4.2, "cpu", 0, "CPU uniquement (fallback)"},
        {0, 4.2, "cpu", 0, "CPU uniquement (fallback)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_seed_profile got = pal_seed_profile(rows[i].vram, rows[i].model);
        assert_string_equal(got.name, rows[i].profile);
        assert_int_equal(got.n_gpu_layers, rows[i].layers);
        assert_string_equal(got.description, rows[i].description);
    }
}

static void
test_free_memory_has_one_limit(void **state)
{
    (void)state;
    assert_false(pal_seed_is_roomy(0));
    assert_false(pal_seed_is_roomy(3.99));
    assert_true(pal_seed_is_roomy(4.0));
}

static void
test_vram_is_counted_in_gib_and_zero_without_a_card(void **state)
{
    (void)state;
    const struct pal_gpu gpu = {.total_bytes = 6 * PAL_GIB, .free_bytes = 6 * PAL_GIB / 4};
    struct pal_seed_vram vram = pal_seed_vram(&gpu);
    assert_float_equal(vram.total, 6.0, 1e-9);
    assert_float_equal(vram.used, 4.5, 1e-9);
    assert_float_equal(vram.free, 1.5, 1e-9);
    assert_float_equal(vram.percent, 75.0, 1e-9);
    vram = pal_seed_vram(NULL);
    assert_float_equal(vram.total + vram.used + vram.free + vram.percent, 0.0, 1e-9);
    const struct pal_gpu broken = {.total_bytes = 0, .free_bytes = 5};
    assert_float_equal(pal_seed_vram(&broken).percent, 0.0, 1e-9);
}

static size_t
count(const char *const *lines)
{
    size_t n = 0;
    while (lines[n] != NULL) {
        n++;
    }
    return n;
}

static void
test_advice_comes_above_85_percent_only(void **state)
{
    (void)state;
    assert_int_equal(count(pal_seed_advice(0)), 0);
    assert_int_equal(count(pal_seed_advice(85.0)), 0);
    const char *const *lines = pal_seed_advice(85.1);
    assert_int_equal(count(lines), 5);
    assert_string_equal(lines[0], "⚠️ VRAM saturée à 85%+");
    assert_string_equal(lines[1], "💡 Recommandations :");
    assert_non_null(strstr(lines[3], "4B"));
    assert_non_null(strstr(lines[4], "35 GPU layers"));
}

static void
test_tiers_are_those_of_the_guide(void **state)
{
    (void)state;
    assert_string_equal(pal_seed_tier(3.9).profile, "cpu");
    assert_string_equal(pal_seed_tier(4.0).profile, "balanced");
    assert_string_equal(pal_seed_tier(8.0).profile, "balanced");
    assert_string_equal(pal_seed_tier(8.1).profile, "performance");
    assert_string_equal(pal_seed_tier(24).tokens_s, "22-23");
}

static void
test_ladder_drops_layers_then_messages(void **state)
{
    (void)state;
    uint32_t layers = 36, messages = 12;
    static const uint32_t rungs[][2] = {{25, 12}, {20, 12}, {15, 12}, {15, 8}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(pal_seed_ladder(&layers, &messages));
        assert_int_equal(layers, rungs[i][0]);
        assert_int_equal(messages, rungs[i][1]);
    }
    assert_false(pal_seed_ladder(&layers, &messages));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_formula_is_the_seed_s),
        cmocka_unit_test(test_profile_rule_is_the_seed_s),
        cmocka_unit_test(test_free_memory_has_one_limit),
        cmocka_unit_test(test_vram_is_counted_in_gib_and_zero_without_a_card),
        cmocka_unit_test(test_advice_comes_above_85_percent_only),
        cmocka_unit_test(test_tiers_are_those_of_the_guide),
        cmocka_unit_test(test_ladder_drops_layers_then_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
