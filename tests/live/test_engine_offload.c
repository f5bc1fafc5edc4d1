/*
 * The engine on a real Vulkan device (Mesa's software driver will do): no, some and all layers
 * there, KV on and off it.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/trial.h"
#include "live_model.h"
#include "util/clock.h"
#include "util/log.h"

#define GPU_DIR     PALABRE_SOURCE_DIR "/build/llama-vulkan/lib"
#define TIMEOUT_US  (240 * PAL_US_PER_S)
#define TINY_LAYERS 4

static struct pal_engine_facts
run_with(int32_t n_gpu_layers, uint32_t n_ctx_tokens, unsigned ways)
{
    const struct pal_engine_options options = {
        .model_path = live_model_tiny(),
        .llama_dir = GPU_DIR,
        .n_ctx_tokens = n_ctx_tokens,
        .n_sequences = 2,
        .n_batch_tokens = 64,
        .n_threads = 1,
        .n_gpu_layers = n_gpu_layers,
        .ways = ways,
    };
    struct pal_trial trial;
    struct pal_trial_turns turns;
    struct pal_error error;
    if (pal_trial_open(&trial, &options, TIMEOUT_US, &error) != PAL_OK ||
        pal_trial_run(&trial, 1, 4, 3, TIMEOUT_US, &turns, &error) != PAL_OK) {
        fail_msg("%d layers: %s", (int)n_gpu_layers, error.text);
    }
    assert_int_equal(turns.n_reply_tokens, 3);
    struct pal_engine_facts facts = *pal_engine_facts(trial.engine);
    pal_trial_close(&trial);
    return facts;
}

static void
test_layers_go_where_they_are_told(void **state)
{
    (void)state;
    assert_int_equal(run_with(0, 512, 0).n_layers_gpu, 0);
    assert_string_equal(run_with(0, 512, 0).devices, "CPU");
    assert_int_equal(run_with(3, 512, 0).n_layers_gpu, 3);
    struct pal_engine_facts facts = run_with(TINY_LAYERS + 1, 512, 0);
    assert_int_equal(facts.n_layers_gpu, TINY_LAYERS);
    assert_string_equal(facts.devices, "Vulkan0 + CPU");
}

static void
test_kv_may_stay_in_ram(void **state)
{
    (void)state;
    struct pal_engine_facts facts = run_with(TINY_LAYERS + 1, 512, PAL_ENGINE_NO_KV_OFFLOAD);
    assert_int_equal(facts.n_layers_gpu, TINY_LAYERS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_go_where_they_are_told),
        cmocka_unit_test(test_kv_may_stay_in_ram),
    };
    if (access(GPU_DIR, R_OK) != 0) {
        (void)printf("no Vulkan build here: tools/add-gpu vulkan\n");
        return 77; /* ctest's skip */
    }
    pal_log_init(PAL_LOG_WARN, STDERR_FILENO);
    return cmocka_run_group_tests(tests, live_model_make, live_model_remove);
}
