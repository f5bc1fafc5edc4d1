#include "test.h"

#include <dirent.h>
#include <string.h>

#include "engine/model.h"
#include "live_model.h"

static bool
on_progress(float progress, void *userdata)
{
    (void)progress;
    (void)userdata;
    return true;
}

static unsigned
n_threads_alive(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/task");
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        n += entry->d_name[0] != '.';
    }
    (void)closedir(dir);
    return n;
}

/* The likeliest next token after a step of one row at the beginning. */
static llama_token
step(struct pal_model *model)
{
    llama_memory_clear(model->memory, false);
    llama_token token = 65;
    assert_int_equal(llama_decode(model->context, llama_batch_get_one(&token, 1)), 0);
    const float *logits = llama_get_logits_ith(model->context, -1);
    llama_token best = 0;
    for (llama_token i = 1; i < llama_vocab_n_tokens(model->vocab); i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}

static void
test_threads_that_no_step_uses_are_not_there(void **state)
{
    (void)state;
    struct pal_settings settings;
    struct pal_engine_facts facts = {0};
    struct pal_error error = {0};
    struct pal_model model;
    const struct pal_engine_options options = {
        .model_path = live_model_starter(), .n_ctx_tokens = 256, .n_threads = 2};
    assert_int_equal(pal_settings_init(&settings, &options, &error), PAL_OK);
    assert_int_equal(pal_model_load(&model, &settings, on_progress, NULL, NULL, &facts, &error),
                     PAL_OK);
    llama_token token = step(&model);
    pal_pools_stepped(&model.pools);
    unsigned n_with_two = n_threads_alive();
    /* decode, batch, threads that are left beside the caller's */
    static const uint32_t changes[][3] = {{1, 1, 0}, {2, 1, 1}, {1, 2, 1}, {1, 1, 0}, {2, 2, 1}};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        pal_pools_use(&model.pools, changes[i][0], changes[i][1]);
        assert_int_equal(step(&model), token);
        pal_pools_stepped(&model.pools);
        assert_int_equal(n_threads_alive(), n_with_two - 1 + changes[i][2]);
    }
    /* Changes without a step between them: what ggml still knows stays until there was one. */
    for (uint32_t n = 1; n <= 9; n++) {
        pal_pools_use(&model.pools, n, n);
    }
    pal_pools_use(&model.pools, 2, 2);
    assert_int_equal(step(&model), token);
    pal_pools_stepped(&model.pools);
    assert_int_equal(n_threads_alive(), n_with_two);
    /* More of them than are kept: the last number has its pool again after the next step. */
    for (uint32_t n = 9; n >= 2; n--) {
        pal_pools_use(&model.pools, n, n);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(step(&model), token);
        pal_pools_stepped(&model.pools);
        assert_int_equal(n_threads_alive(), n_with_two);
    }
    pal_model_finish(&model);
    assert_int_equal(n_threads_alive(), n_with_two - 1);
    pal_settings_finish(&settings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_that_no_step_uses_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
