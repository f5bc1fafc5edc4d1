/*
 * The plan's predicted bytes against what llama.cpp reports when it then loads the model: weights,
 * KV and compute buffers within 2 %, on the CPU, and on a real Vulkan device ("vulkan" as the
 * argument: Mesa's software driver will do). With names of shapes behind it, for those instead, and
 * every figure is printed: gigabytes, so by hand.
 */
#include "test.h"

#include <ggml-backend.h>
#include <llama.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf/synth.h"
#include "gguf/type.h"
#include "plan/plan.h"
#include "plan/probe.h"
#include "util/mem.h"

#define GPU_DIR PALABRE_SOURCE_DIR "/build/llama-vulkan/lib"

/* ---- what llama.cpp says, from its log ---- */

struct reported {
    double weights_mapped, weights_repacked, weights_card; /* MiB */
    double kv_ram, kv_card, compute_ram, compute_card;
};

static struct reported reported;

/* "  CPU_Mapped model buffer size =   123.45 MiB": host buffers are the CPU's and *_Host. */
static void
on_log(enum ggml_log_level level, const char *text, void *userdata)
{
    (void)level;
    (void)userdata;
    const char *at = strstr(text, "buffer size = ");
    if (at == NULL || strstr(text, "output buffer") != NULL) {
        return;
    }
    double mib = strtod(at + strlen("buffer size = "), NULL);
    bool is_card = strstr(text, "Vulkan0") != NULL;
    if (strstr(text, "model buffer") != NULL) {
        bool is_repacked = strstr(text, "REPACK") != NULL || strstr(text, "AMX") != NULL;
        *(is_card       ? &reported.weights_card
          : is_repacked ? &reported.weights_repacked
                        : &reported.weights_mapped) += mib;
    } else if (strstr(text, "KV buffer") != NULL) {
        *(is_card ? &reported.kv_card : &reported.kv_ram) += mib;
    } else if (strstr(text, "compute buffer") != NULL) {
        *(is_card ? &reported.compute_card : &reported.compute_ram) += mib;
    }
}

/* ---- a model, loaded as placed ---- */

static void
load(const char *path, const struct pal_placement *placement, bool uses_card)
{
    ggml_backend_dev_t none[] = {NULL};
    reported = (struct reported){0};
    struct llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = (int32_t)placement->n_gpu_layers;
    model_params.devices = uses_card ? NULL : none;
    model_params.use_extra_bufts = placement->repack != PAL_REPACK_NONE;
    model_params.load_mode = LLAMA_LOAD_MODE_MMAP;
    struct llama_model *model = llama_model_load_from_file(path, model_params);
    assert_non_null(model);
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = placement->n_ctx_tokens;
    params.n_batch = params.n_ubatch = placement->n_batch_tokens;
    params.n_seq_max = placement->n_sequences;
    params.n_outputs_max = placement->n_outputs;
    params.kv_unified = true;
    params.type_k = params.type_v = (enum ggml_type)placement->kv_type;
    params.flash_attn_type =
        placement->has_flash_attn ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.offload_kqv = placement->has_kv_on_gpu || placement->n_gpu_layers == 0;
    params.op_offload = placement->has_op_offload;
    struct llama_context *context = llama_init_from_model(model, params);
    assert_non_null(context);
    struct reported kept = reported; /* freeing talks about buffers, too */
    llama_free(context);
    llama_model_free(model);
    reported = kept;
}

static double worst_percent;
static bool is_printing;

static void
compare(const char *what, const char *where, uint64_t predicted, double mib)
{
    double ours = (double)predicted / (double)PAL_MIB;
    double gap = fabs(ours - mib);
    double percent = mib > 1 ? 100.0 * gap / mib : 0;
    worst_percent = percent > worst_percent && gap > 0.1 ? percent : worst_percent;
    if (is_printing && (ours > 0 || mib > 0)) {
        (void)printf("%s: %-20s %9.2f MiB predicted, %9.2f reported\n", where, what, ours, mib);
    }
    if (gap > 0.02 * mib + 0.1) { /* the log has two digits, buffers are aligned */
        fail_msg("%s, %s: predicted %.2f MiB, llama.cpp reports %.2f", where, what, ours, mib);
    }
}

static void
check(const char *path, const struct pal_shape *shape, const struct pal_placement *placement,
      bool uses_card)
{
    char where[256];
    (void)snprintf(where, sizeof(where), "%s: %u of %u layers, context %u, flash %d, KV type %u",
                   shape->name, placement->n_gpu_layers, shape->n_layers + 1,
                   placement->n_ctx_tokens, placement->has_flash_attn, placement->kv_type);
    struct pal_sizes sizes = pal_sizes_of(shape, placement);
    load(path, placement, uses_card);
    compare("mapped weights", where, sizes.ram_mapped, reported.weights_mapped);
    compare("rearranged weights", where, sizes.ram_repacked, reported.weights_repacked);
    compare("weights on the card", where, sizes.gpu_weights, reported.weights_card);
    compare("KV in RAM", where, sizes.ram_kv, reported.kv_ram);
    compare("KV on the card", where, sizes.gpu_kv, reported.kv_card);
    compare("compute in RAM", where, sizes.ram_compute, reported.compute_ram);
    compare("compute on the card", where, sizes.gpu_compute, reported.compute_card);
}

/* ---- models ---- */

static char folder[64];

static char *
make_model(const char *shape_name, struct pal_shape *shape)
{
    char *path = pal_printf("%s/%s.gguf", folder, shape_name);
    struct pal_error error;
    const struct pal_gguf_synth_options options = {
        .shape = pal_gguf_shape_find(shape_name),
        .quant = pal_gguf_quant_find("Q4_K_M"),
        .seed = 1,
    };
    struct pal_gguf *gguf = NULL;
    if (pal_gguf_synth(path, &options, &error) != PAL_OK ||
        pal_gguf_open(path, &gguf, &error) != PAL_OK ||
        pal_shape_from_gguf(gguf, shape, &error) != PAL_OK) {
        fail_msg("%s: %s", shape_name, error.text);
    }
    pal_gguf_close(gguf);
    return path;
}

static void
drop_model(char *path)
{
    (void)unlink(path);
    free(path);
}

/* ---- the tests ---- */

static struct pal_placement
usual(void)
{
    return (struct pal_placement){
        .n_ctx_tokens = 2048,
        .n_batch_tokens = 512,
        .n_sequences = 4,
        .n_outputs = 16,
        .kv_type = PAL_GGUF_TYPE_F16,
        .has_flash_attn = true,
    };
}

static void
check_on_cpu(const char *shape_name)
{
    struct pal_shape shape;
    struct pal_machine machine;
    const struct pal_probe_options probe = {0};
    pal_probe(&probe, &machine);
    char *path = make_model(shape_name, &shape);
    struct pal_placement placement = usual();
    check(path, &shape, &placement, false);
    placement.repack = (machine.cpu.isa & PAL_ISA_AMX) != 0    ? PAL_REPACK_AMX
                       : (machine.cpu.isa & PAL_ISA_AVX2) != 0 ? PAL_REPACK_AVX
                                                               : PAL_REPACK_NONE;
    placement.n_ctx_tokens = 8000; /* rounded up by llama.cpp */
    check(path, &shape, &placement, false);
    placement.repack = PAL_REPACK_NONE;
    placement.n_outputs = 0;
    check(path, &shape, &placement, false);
    placement.n_outputs = 16;
    placement.has_flash_attn = false;
    check(path, &shape, &placement, false);
    placement.has_flash_attn = true;
    placement.kv_type = PAL_GGUF_TYPE_Q8_0;
    check(path, &shape, &placement, false);
    placement.kv_type = PAL_GGUF_TYPE_F16;
    placement.n_batch_tokens = 64;
    check(path, &shape, &placement, false);
    drop_model(path);
}

static void
test_tiny_on_the_cpu_takes_what_was_predicted(void **state)
{
    (void)state;
    check_on_cpu("tiny");
}

static void
test_half_a_billion_on_the_cpu_takes_what_was_predicted(void **state)
{
    (void)state;
    check_on_cpu("qwen2.5-0.5b");
}

static void
check_on_card(const char *shape_name)
{
    struct pal_shape shape;
    struct pal_machine machine = {0};
    pal_probe_ggml(GPU_DIR, &machine);
    assert_true(machine.n_gpus > 0);
    char *path = make_model(shape_name, &shape);
    uint32_t all = shape.n_layers + 1;
    const uint32_t layers[] = {0, all / 2, all};
    for (size_t i = 0; i < PAL_COUNT_OF(layers); i++) {
        for (int flash = 0; flash < 2; flash++) {
            struct pal_placement placement = usual();
            placement.n_gpu_layers = layers[i];
            placement.has_flash_attn = flash != 0;
            placement.has_kv_on_gpu = true;
            placement.tensor_max_bytes = machine.gpus[0].tensor_max_bytes;
            check(path, &shape, &placement, layers[i] > 0);
        }
    }
    drop_model(path);
}

static void
test_tiny_on_the_card_takes_what_was_predicted(void **state)
{
    (void)state;
    check_on_card("tiny");
}

static void
test_half_a_billion_on_the_card_takes_what_was_predicted(void **state)
{
    (void)state;
    check_on_card("qwen2.5-0.5b");
}

static char **named; /* shapes from the command line; ends with a NULL */
static bool is_card;

static void
test_the_named_shapes_take_what_was_predicted(void **state)
{
    (void)state;
    for (char **name = named; *name != NULL; name++) {
        assert_non_null(pal_gguf_shape_find(*name));
        if (is_card) {
            check_on_card(*name);
        } else {
            check_on_cpu(*name);
        }
    }
}

static int
make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/palabre-plan-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    (void)printf("worst prediction: %.2f %% off\n", worst_percent);
    return rmdir(folder);
}

int
main(int argc, char **argv)
{
    bool on_card = argc > 1 && strcmp(argv[1], "vulkan") == 0;
    is_card = on_card;
    named = argv + 1 + (on_card ? 1 : 0);
    is_printing = *named != NULL;
    const struct CMUnitTest named_tests[] = {
        cmocka_unit_test(test_the_named_shapes_take_what_was_predicted),
    };
    const struct CMUnitTest cpu_tests[] = {
        cmocka_unit_test(test_tiny_on_the_cpu_takes_what_was_predicted),
        cmocka_unit_test(test_half_a_billion_on_the_cpu_takes_what_was_predicted),
    };
    const struct CMUnitTest card_tests[] = {
        cmocka_unit_test(test_tiny_on_the_card_takes_what_was_predicted),
        cmocka_unit_test(test_half_a_billion_on_the_card_takes_what_was_predicted),
    };
    if (on_card && access(GPU_DIR, R_OK) != 0) {
        (void)printf("no Vulkan build here: tools/add-gpu vulkan\n");
        return 77; /* ctest's skip */
    }
    llama_log_set(on_log, NULL);
    llama_backend_init();
    ggml_backend_load_all_from_path(on_card ? GPU_DIR : PALABRE_LLAMA_LIB_DIR);
    if (is_printing) {
        return cmocka_run_group_tests(named_tests, make_folder, remove_folder);
    }
    return on_card ? cmocka_run_group_tests(card_tests, make_folder, remove_folder)
                   : cmocka_run_group_tests(cpu_tests, make_folder, remove_folder);
}
