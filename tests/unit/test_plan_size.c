/*
 * Predicted buffers against what llama.cpp v0.5.0 reported for models of these shapes ("compute
 * buffer size", "KV buffer size" in its log). tests/live/test_plan_llama.c asks it again.
 */
#include "test.h"

#include <math.h>

#include "gguf/type.h"
#include "plan/size.h"
#include "plan_models.h"

static void
assert_close(uint64_t predicted, double reported_mib, const char *what)
{
    double mib = (double)predicted / (1024.0 * 1024.0);
    if (fabs(mib - reported_mib) > 0.02 * reported_mib + 0.06) {
        fail_msg("%s: predicted %.2f MiB, llama.cpp says %.2f", what, mib, reported_mib);
    }
}

static void
test_cpu_buffers_are_llama_cpp_s(void **state)
{
    (void)state;
    static const struct {
        size_t model;
        uint32_t ctx, batch, outputs;
        bool flash;
        uint32_t kv_type;
        double compute_mib, kv_mib;
    } rows[] = {
        {0, 2048, 512, 0, true, PAL_GGUF_TYPE_F16, 8.51, 4.00},
        {0, 8192, 512, 8, true, PAL_GGUF_TYPE_F16, 14.51, 16.00},
        {0, 8192, 128, 8, true, PAL_GGUF_TYPE_F16, 3.63, 16.00},
        {0, 2048, 512, 8, false, PAL_GGUF_TYPE_F16, 23.01, 4.00},
        {0, 8192, 512, 8, false, PAL_GGUF_TYPE_F16, 83.01, 16.00},
        {0, 8192, 512, 8, true, PAL_GGUF_TYPE_Q8_0, 14.04, 8.50},
        {1, 2048, 512, 0, true, PAL_GGUF_TYPE_F16, 300.25, 24.00},
        {1, 8192, 512, 8, true, PAL_GGUF_TYPE_F16, 43.51, 96.00},
        {1, 2048, 512, 8, false, PAL_GGUF_TYPE_F16, 69.26, 24.00},
        {1, 8192, 512, 8, false, PAL_GGUF_TYPE_F16, 249.26, 96.00},
        {1, 8192, 512, 8, true, PAL_GGUF_TYPE_Q8_0, 41.79, 51.00},
        {1, 8192, 64, 64, true, PAL_GGUF_TYPE_F16, 37.53, 96.00},
        {2, 2048, 512, 0, true, PAL_GGUF_TYPE_F16, 304.75, 72.00},
        {2, 8192, 512, 8, true, PAL_GGUF_TYPE_F16, 88.51, 288.00},
        {2, 8192, 128, 8, true, PAL_GGUF_TYPE_F16, 22.13, 288.00},
        {2, 2048, 512, 8, true, PAL_GGUF_TYPE_F16, 82.51, 72.00},
        {2, 2048, 512, 8, false, PAL_GGUF_TYPE_F16, 89.01, 72.00},
        {2, 8192, 512, 8, false, PAL_GGUF_TYPE_F16, 293.01, 288.00},
        {2, 8192, 512, 8, true, PAL_GGUF_TYPE_Q8_0, 84.59, 153.00},
        {3, 2048, 512, 0, true, PAL_GGUF_TYPE_F16, 311.00, 112.00},
        {3, 8192, 512, 8, true, PAL_GGUF_TYPE_F16, 147.01, 448.00},
        {3, 8192, 512, 8, false, PAL_GGUF_TYPE_F16, 501.01, 448.00},
        {3, 8192, 512, 8, true, PAL_GGUF_TYPE_Q8_0, 140.09, 238.00},
        {4, 2048, 512, 0, true, PAL_GGUF_TYPE_F16, 266.50, 256.00},
        {4, 8192, 512, 8, true, PAL_GGUF_TYPE_F16, 124.01, 1024.00},
        {4, 8192, 512, 8, false, PAL_GGUF_TYPE_F16, 572.01, 1024.00},
        {4, 8192, 512, 8, true, PAL_GGUF_TYPE_Q8_0, 116.09, 544.00},
        {4, 8192, 64, 64, true, PAL_GGUF_TYPE_F16, 33.31, 1024.00},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_shape shape;
        plan_shape(&plan_models[rows[i].model], &shape);
        const struct pal_placement placement = {
            .n_ctx_tokens = rows[i].ctx,
            .n_batch_tokens = rows[i].batch,
            .n_outputs = rows[i].outputs,
            .n_sequences = 4,
            .kv_type = rows[i].kv_type,
            .has_flash_attn = rows[i].flash,
        };
        struct pal_sizes sizes = pal_sizes_of(&shape, &placement);
        char what[192];
        (void)snprintf(what, sizeof(what), "row %zu (%s) compute", i, shape.name);
        assert_close(sizes.ram_compute, rows[i].compute_mib, what);
        assert_close(sizes.ram_kv, rows[i].kv_mib, "KV");
        assert_int_equal(sizes.gpu_weights + sizes.gpu_kv + sizes.gpu_compute, 0);
    }
}

static void
test_card_buffers_are_llama_cpp_s(void **state)
{
    (void)state;
    /* On Mesa's software Vulkan device, ops of the CPU's layers not sent to it. */
    static const struct {
        size_t model;
        uint32_t layers, ctx, outputs;
        bool flash;
        double card_mib, host_mib, card_kv_mib, host_kv_mib;
    } rows[] = {
        {0, 2, 2048, 8, true, 4.01, 8.51, 1.00, 3.00},
        {0, 2, 8192, 8, true, 10.01, 14.51, 4.00, 12.00},
        {0, 2, 2048, 8, false, 21.51, 23.01, 1.00, 3.00},
        {0, 5, 2048, 8, true, 7.51, 3.01, 4.00, 0.00},
        {0, 5, 8192, 8, true, 13.51, 9.01, 16.00, 0.00},
        {0, 5, 2048, 8, false, 21.51, 5.51, 4.00, 0.00},
        {1, 2, 2048, 8, true, 7.76, 37.51, 1.00, 23.00},
        {1, 3, 2048, 8, true, 34.01, 37.51, 2.00, 22.00},
        {1, 12, 2048, 8, true, 34.01, 37.51, 11.00, 13.00},
        {1, 12, 8192, 0, true, 40.01, 300.25, 44.00, 52.00},
        {1, 25, 2048, 8, true, 34.01, 6.42, 24.00, 0.00},
        {1, 25, 8192, 8, true, 40.01, 11.51, 96.00, 0.00},
        {1, 25, 2048, 8, false, 64.01, 8.01, 24.00, 0.00},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_shape shape;
        plan_shape(&plan_models[rows[i].model], &shape);
        const struct pal_placement placement = {
            .n_gpu_layers = rows[i].layers,
            .n_ctx_tokens = rows[i].ctx,
            .n_batch_tokens = 512,
            .n_outputs = rows[i].outputs,
            .n_sequences = 4,
            .kv_type = PAL_GGUF_TYPE_F16,
            .has_flash_attn = rows[i].flash,
            .has_kv_on_gpu = true,
            .tensor_max_bytes = 128 * 1024 * 1024, /* that device's limit */
        };
        struct pal_sizes sizes = pal_sizes_of(&shape, &placement);
        char what[192];
        (void)snprintf(what, sizeof(what), "row %zu (%s)", i, shape.name);
        assert_close(sizes.gpu_compute, rows[i].card_mib, what);
        assert_close(sizes.ram_compute, rows[i].host_mib, what);
        assert_close(sizes.gpu_kv, rows[i].card_kv_mib, what);
        assert_close(sizes.ram_kv, rows[i].host_kv_mib, what);
    }
}

static void
test_every_byte_of_the_weights_has_a_place(void **state)
{
    (void)state;
    for (size_t m = 0; m < PLAN_N_MODELS; m++) {
        struct pal_shape shape;
        plan_shape(&plan_models[m], &shape);
        uint64_t blocks = 0;
        for (uint32_t i = 0; i < shape.n_layers; i++) {
            blocks += shape.layers[i].bytes;
        }
        for (uint32_t n = 0; n <= shape.n_layers + 1; n++) {
            const struct pal_placement placement = {.n_gpu_layers = n,
                                                    .n_ctx_tokens = 2048,
                                                    .n_batch_tokens = 512,
                                                    .n_sequences = 1,
                                                    .kv_type = PAL_GGUF_TYPE_F16};
            struct pal_sizes sizes = pal_sizes_of(&shape, &placement);
            uint64_t expected = n == 0 ? 0 : shape.output.bytes;
            for (uint32_t i = n > 0 ? shape.n_layers + 1 - n : shape.n_layers; i < shape.n_layers;
                 i++) {
                expected += shape.layers[i].bytes;
            }
            assert_int_equal(sizes.gpu_weights, expected);
            assert_true(sizes.ram_mapped >= shape.input.bytes);
            assert_true(sizes.gpu_weights <= blocks + shape.output.bytes);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu_buffers_are_llama_cpp_s),
        cmocka_unit_test(test_card_buffers_are_llama_cpp_s),
        cmocka_unit_test(test_every_byte_of_the_weights_has_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
