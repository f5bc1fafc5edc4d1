/* Our reader and our synthetic models against libllama itself. */
#include "test.h"

#include <ggml-backend.h>
#include <ggml.h>
#include <llama.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf/gguf.h"
#include "gguf/synth.h"
#include "gguf/type.h"
#include "util/mem.h"

#define N_DECODED 8

static void
silence(enum ggml_log_level level, const char *text, void *userdata)
{
    (void)userdata;
    if (level == GGML_LOG_LEVEL_ERROR) {
        (void)fputs(text, stderr);
    }
}

static int
load_backends(void **state)
{
    (void)state;
    llama_log_set(silence, NULL);
    ggml_backend_load_all_from_path(PALABRE_LLAMA_LIB_DIR);
    llama_backend_init();
    return 0;
}

static void
test_every_type_has_ggmls_block_size(void **state)
{
    (void)state;
    for (int type = 0; type < GGML_TYPE_COUNT; type++) {
        const struct pal_gguf_type_traits *traits = pal_gguf_type_traits((uint32_t)type);
        int64_t block = ggml_blck_size((enum ggml_type)type);
        if (block == 0) {
            assert_null(traits);
            continue;
        }
        assert_non_null(traits);
        assert_int_equal(traits->block_weights, block);
        assert_int_equal(traits->block_bytes, ggml_type_size((enum ggml_type)type));
    }
    assert_null(pal_gguf_type_traits(GGML_TYPE_COUNT));
}

static void
check_tensor_bytes(const struct pal_gguf *gguf)
{
    for (size_t i = 0; i < pal_gguf_n_tensors(gguf); i++) {
        const struct pal_gguf_tensor *tensor = pal_gguf_tensor_at(gguf, i);
        size_t row = ggml_row_size((enum ggml_type)tensor->type, (int64_t)tensor->shape[0]);
        assert_int_equal(tensor->bytes, row * tensor->shape[1] * tensor->shape[2]);
    }
}

/* Greedy decoding of a sentence: the logits must be numbers. */
static void
decode(struct llama_model *model)
{
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = 128;
    params.n_batch = 64;
    params.n_threads = 1;
    params.n_threads_batch = 1;
    struct llama_context *context = llama_init_from_model(model, params);
    assert_non_null(context);
    const struct llama_vocab *vocab = llama_model_get_vocab(model);
    static const char text[] = "salut, how are you?\n";
    llama_token tokens[64];
    int n = llama_tokenize(vocab, text, (int)strlen(text), tokens, 64, true, true);
    assert_in_range(n, 1, 32);
    for (int i = 0; i < N_DECODED; i++) {
        assert_int_equal(llama_decode(context, llama_batch_get_one(tokens, n)), 0);
        const float *logits = llama_get_logits_ith(context, -1);
        int best = 0;
        float spread = 0;
        for (int j = 0; j < llama_vocab_n_tokens(vocab); j++) {
            assert_true(isfinite(logits[j]));
            spread = fmaxf(spread, fabsf(logits[j]));
            best = logits[j] > logits[best] ? j : best;
        }
        assert_true(spread > 0.01F && spread < 100.0F);
        tokens[0] = best;
        n = 1;
    }
    llama_free(context);
}

static void
check_model(const struct pal_gguf_shape *shape, const struct pal_gguf_quant *quant)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/pal-synth-%d.gguf", (int)getpid());
    struct pal_error error = {0};
    struct pal_gguf_synth_options options = {.shape = shape, .quant = quant, .seed = 1};
    assert_int_equal(pal_gguf_synth(path, &options, &error), PAL_OK);

    struct pal_gguf *gguf;
    if (pal_gguf_open(path, &gguf, &error) != PAL_OK) {
        fail_msg("%s %s: %s", shape->name, quant->name, error.text);
    }
    struct pal_gguf_facts facts = pal_gguf_facts(gguf);
    check_tensor_bytes(gguf);

    struct llama_model_params params = llama_model_default_params();
    params.use_extra_bufts = false;
    struct llama_model *model = llama_model_load_from_file(path, params);
    assert_non_null(model);
    assert_int_equal(facts.n_parameters, llama_model_n_params(model));
    assert_int_equal(facts.tensor_bytes, llama_model_size(model));
    assert_int_equal(facts.n_layers, llama_model_n_layer(model));
    assert_int_equal(facts.n_heads_kv, llama_model_n_head_kv(model));
    assert_int_equal(facts.context_tokens, llama_model_n_ctx_train(model));
    assert_int_equal(facts.n_vocab, llama_vocab_n_tokens(llama_model_get_vocab(model)));
    assert_string_equal(pal_gguf_chat_template(gguf), llama_model_chat_template(model, NULL));
    decode(model);
    llama_model_free(model);
    pal_gguf_close(gguf);
    assert_int_equal(unlink(path), 0);
}

static void
test_synthetic_models_of_every_quant_decode(void **state)
{
    (void)state;
    const struct pal_gguf_quant *quant;
    for (size_t i = 0; (quant = pal_gguf_quant_at(i)) != NULL; i++) {
        check_model(pal_gguf_shape_find("tiny"), quant);
        check_model(pal_gguf_shape_find("tiny-qwen"), quant);
    }
}

/* Rows that are no multiple of 256 take other types, as in Qwen2.5-0.5B; so does every family. */
static void
test_odd_rows_and_every_family_decode(void **state)
{
    (void)state;
    struct pal_gguf_shape odd = *pal_gguf_shape_find("tiny-qwen");
    odd.embedding = 320;
    odd.n_heads = 5;
    odd.n_heads_kv = 1;
    check_model(&odd, pal_gguf_quant_find("Q4_K_M"));
    check_model(&odd, pal_gguf_quant_find("q5_k_m"));
    struct pal_gguf_shape zephyr = *pal_gguf_shape_find("tiny");
    zephyr.family = PAL_GGUF_FAMILY_ZEPHYR;
    zephyr.n_plain_tokens = zephyr.n_vocab;
    zephyr.is_tied = false;
    zephyr.has_rope_factors = false;
    check_model(&zephyr, pal_gguf_quant_find("q4_0"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_has_ggmls_block_size),
        cmocka_unit_test(test_synthetic_models_of_every_quant_decode),
        cmocka_unit_test(test_odd_rows_and_every_family_decode),
    };
    return cmocka_run_group_tests(tests, load_backends, NULL);
}
