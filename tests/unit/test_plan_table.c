/*
 * More than forty machines times five models: what must hold of every plan, and what each machine
 * must get.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "gguf/type.h"
#include "plan/plan.h"
#include "plan_models.h"

struct machine_row {
    const char *name;
    uint32_t n_cores, n_logical, n_usable, n_fast, n_node; /* 0 = as many as the cores */
    double quota, busy;
    double ram_gib, ram_free_gib;
    struct {
        const char *name;
        double gib, free_gib;
        enum pal_gpu_kind kind;
        uint32_t compute_major;
        const char *device;
    } gpus[2];
    uint32_t threads; /* expected for the CPU's part */
};

#define CPU(cores, logical) .n_cores = (cores), .n_logical = (logical)
#define RAM(total, free)    .ram_gib = (total), .ram_free_gib = (free)
#define CARD(name, total, free, major, device) \
    .gpus = {{(name), (total), (free), PAL_GPU_DISCRETE, (major), (device)}}

static const struct machine_row machines[] = {
    {"1 core", CPU(1, 1), RAM(2, 1.5), .threads = 1},
    {"1 core SMT", CPU(1, 2), RAM(4, 3), .threads = 1},
    {"2c/2t", CPU(2, 2), RAM(8, 6), .threads = 2},
    {"2c/4t", CPU(2, 4), RAM(8, 6), .threads = 2},
    {"4c/4t", CPU(4, 4), RAM(8, 6), .threads = 4},
    {"4c/8t", CPU(4, 8), RAM(16, 12), .threads = 4},
    {"6c/12t", CPU(6, 12), RAM(16, 12), .threads = 6},
    {"8c/8t", CPU(8, 8), RAM(16, 12), .threads = 8},
    {"8c/16t", CPU(8, 16), RAM(32, 24), .threads = 8},
    {"10c/12t", CPU(10, 12), RAM(32, 24), .threads = 10},
    {"12c/24t", CPU(12, 24), RAM(64, 50), .threads = 12},
    {"16c/32t", CPU(16, 32), RAM(64, 50), .threads = 16},
    {"16P+8E", CPU(24, 24), .n_fast = 16, RAM(64, 50), .threads = 16},
    {"8P+16E", CPU(24, 32), .n_fast = 8, RAM(64, 50), .threads = 8},
    {"2P+6E phone", CPU(8, 8), .n_fast = 2, RAM(8, 5), .threads = 2},
    {"1P+7E", CPU(8, 8), .n_fast = 1, RAM(8, 5), .threads = 8},
    {"2 sockets", CPU(16, 32), .n_node = 8, RAM(128, 100), .threads = 8},
    {"2-CPU cgroup", CPU(32, 64), .quota = 2, RAM(64, 50), .threads = 2},
    {"half-CPU cgroup", CPU(8, 16), .quota = 0.5, RAM(16, 12), .threads = 1},
    {"3.7-CPU cgroup", CPU(8, 16), .quota = 3.7, RAM(16, 12), .threads = 3},
    {"taskset 3 of 8", CPU(8, 16), .n_usable = 3, RAM(16, 12), .threads = 3},
    {"a game on 4 of 8", CPU(8, 16), .busy = 4.1, RAM(16, 12), .threads = 4},
    {"everything busy", CPU(4, 8), .busy = 8, RAM(16, 12), .threads = 1},
    {"a little noise", CPU(4, 8), .busy = 0.4, RAM(16, 12), .threads = 4},
    {"1 GiB of RAM", CPU(4, 4), RAM(1, 0.6), .threads = 4},
    {"GTX 780 3GB", CPU(8, 16), RAM(16, 12), CARD("GeForce GTX 780", 3, 2.8, 3, "CUDA0"),
     .threads = 8},
    {"GTX 780 by name", CPU(8, 16), RAM(16, 12), CARD("GeForce GTX 780", 3, 2.8, 0, "Vulkan0"),
     .threads = 8},
    {"GTX 1650 4GB", CPU(4, 8), RAM(16, 12), CARD("GeForce GTX 1650", 4, 3.6, 7, "CUDA0"),
     .threads = 4},
    {"GTX 1650 under a game", CPU(4, 8), RAM(16, 12), CARD("GeForce GTX 1650", 4, 0.5, 7, "CUDA0"),
     .threads = 4},
    {"GTX 1660 6GB", CPU(6, 12), RAM(16, 12), CARD("GeForce GTX 1660", 6, 5.5, 7, "CUDA0"),
     .threads = 6},
    {"RTX 4050 6GB", CPU(8, 16), RAM(16, 12), CARD("RTX 4050 Laptop", 6, 5.5, 8, "CUDA0"),
     .threads = 8},
    {"RTX 4050 under a game", CPU(8, 16), RAM(16, 12), CARD("RTX 4050 Laptop", 6, 2.0, 8, "CUDA0"),
     .threads = 8},
    {"RX 6600 8GB", CPU(6, 12), RAM(16, 12), CARD("AMD Radeon RX 6600", 8, 7.5, 0, "Vulkan0"),
     .threads = 6},
    {"RTX 3080 10GB", CPU(8, 16), RAM(32, 24), CARD("RTX 3080", 10, 9.3, 8, "CUDA0"), .threads = 8},
    {"RTX 3060 12GB", CPU(6, 12), RAM(16, 12), CARD("RTX 3060", 12, 11.3, 8, "CUDA0"),
     .threads = 6},
    {"RTX 4070 under a game", CPU(8, 16), .busy = 5, RAM(32, 16),
     CARD("RTX 4070", 12, 3.0, 8, "CUDA0"), .threads = 3},
    {"RTX 4090 24GB", CPU(16, 32), RAM(64, 50), CARD("RTX 4090", 24, 23, 8, "CUDA0"),
     .threads = 16},
    {"two cards", CPU(16, 32), RAM(64, 50),
     .gpus = {{"RTX 4090", 24, 2.0, PAL_GPU_DISCRETE, 8, "CUDA0"},
              {"RTX 3060", 12, 11.5, PAL_GPU_DISCRETE, 8, "CUDA1"}},
     .threads = 16},
    {"card and chip", CPU(8, 16), RAM(32, 24),
     .gpus = {{"AMD Radeon Graphics", 16, 15, PAL_GPU_INTEGRATED, 0, "Vulkan0"},
              {"RX 6600", 8, 7.5, PAL_GPU_DISCRETE, 0, "Vulkan1"}},
     .threads = 8},
    {"iGPU alone", CPU(6, 12), RAM(16, 12),
     .gpus = {{"Intel Iris Xe", 8, 7, PAL_GPU_INTEGRATED, 0, "Vulkan0"}}, .threads = 6},
    {"card without backend", CPU(6, 12), RAM(16, 12), CARD("RTX 3060", 12, 11.3, 8, ""),
     .threads = 6},
    {"software driver", CPU(2, 2), RAM(16, 12),
     .gpus = {{"llvmpipe", 2, 2, PAL_GPU_SOFTWARE, 0, "Vulkan0"}}, .threads = 2},
    {"card of 512 MB", CPU(2, 4), RAM(4, 3), CARD("GeForce 210", 0.5, 0.4, 0, "Vulkan0"),
     .threads = 2},
    {"nothing known", CPU(0, 0), .threads = 1},
};
#define N_MACHINES (sizeof(machines) / sizeof(machines[0]))

static struct pal_machine
build(const struct machine_row *row)
{
    uint32_t usable = row->n_usable > 0 ? row->n_usable : row->n_cores;
    struct pal_machine machine = {
        .cpu = {.n_cores = row->n_cores,
                .n_logical = row->n_logical,
                .n_cores_usable = usable,
                .n_logical_usable = row->n_logical,
                .n_cores_node = row->n_node > 0 ? row->n_node : usable,
                .n_numa = row->n_node > 0 ? 2 : 1,
                .n_kinds = row->n_fast > 0 ? 2 : 1,
                .kinds = {{row->n_fast > 0 ? row->n_fast : usable, 0}, {usable - row->n_fast, 0}},
                .quota_cpus = row->quota,
                .busy_cpus = row->busy,
                .isa = PAL_ISA_AVX2},
        .memory = {.total_bytes = (uint64_t)(row->ram_gib * (double)PAL_GIB),
                   .available_bytes = (uint64_t)(row->ram_free_gib * (double)PAL_GIB)},
    };
    for (size_t i = 0; i < 2 && row->gpus[i].name != NULL; i++) {
        struct pal_gpu gpu = {.kind = row->gpus[i].kind,
                              .compute_major = row->gpus[i].compute_major,
                              .total_bytes = (uint64_t)(row->gpus[i].gib * (double)PAL_GIB),
                              .free_bytes = (uint64_t)(row->gpus[i].free_gib * (double)PAL_GIB)};
        (void)snprintf(gpu.name, sizeof(gpu.name), "%s", row->gpus[i].name);
        (void)snprintf(gpu.device, sizeof(gpu.device), "%s", row->gpus[i].device);
        pal_machine_add_gpu(&machine, &gpu);
    }
    return machine;
}

static struct pal_machine
machine_named(const char *name)
{
    for (size_t i = 0; i < N_MACHINES; i++) {
        if (strcmp(machines[i].name, name) == 0) {
            return build(&machines[i]);
        }
    }
    fail_msg("no machine '%s'", name);
    return build(&machines[0]);
}

static struct pal_plan
plan_for(const char *machine_name, size_t model, uint32_t n_ctx_tokens)
{
    struct pal_machine machine = machine_named(machine_name);
    struct pal_shape shape;
    plan_shape(&plan_models[model], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    options.n_ctx_tokens = n_ctx_tokens;
    return pal_plan_make(&machine, &shape, &options);
}

static void
check_plan(const struct machine_row *row, const struct pal_machine *machine,
           const struct pal_shape *shape, const struct pal_plan *plan)
{
    uint32_t all = shape->n_layers + 1;
    assert_true(plan->n_threads >= 1 && plan->n_threads_batch >= 1);
    assert_true(plan->n_gpu_layers <= all);
    assert_true(plan->n_ctx_tokens >= 512 && plan->n_messages >= 4);
    assert_int_equal(plan->profile == PAL_PROFILE_CPU, plan->n_gpu_layers == 0);
    assert_int_equal(plan->profile == PAL_PROFILE_PERFORMANCE, plan->n_gpu_layers == all);
    if (plan->n_gpu_layers == 0) {
        assert_int_equal(plan->gpu, -1);
        assert_int_equal(pal_sizes_gpu(&plan->sizes), 0);
        assert_int_equal(plan->n_threads, row->threads);
    } else {
        assert_in_range(plan->gpu, 0, machine->n_gpus - 1);
        /* Never more than is free: the promise of the whole thing. */
        assert_true(pal_sizes_gpu(&plan->sizes) + plan->gpu_reserve_bytes +
                        plan->gpu_driver_bytes <=
                    machine->gpus[plan->gpu].free_bytes);
        assert_true(plan->n_threads == 1 || plan->n_threads == row->threads);
    }
    if (plan->fits && machine->memory.available_bytes > 0) {
        assert_true(pal_sizes_ram(&plan->sizes) + plan->sizes.ram_mapped <=
                    machine->memory.available_bytes);
    }
}

static void
test_every_machine_gets_a_sound_plan_for_every_model(void **state)
{
    (void)state;
    assert_true(N_MACHINES >= 40);
    for (size_t i = 0; i < N_MACHINES; i++) {
        struct pal_machine machine = build(&machines[i]);
        for (size_t m = 0; m < PLAN_N_MODELS; m++) {
            struct pal_shape shape;
            plan_shape(&plan_models[m], &shape);
            struct pal_plan_options options = pal_plan_options_default();
            struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
            check_plan(&machines[i], &machine, &shape, &plan);
            struct pal_plan again = pal_plan_make(&machine, &shape, &options);
            assert_int_equal(plan.n_gpu_layers, again.n_gpu_layers);
            assert_int_equal(plan.n_ctx_tokens, again.n_ctx_tokens);
        }
    }
}

static void
test_the_famous_cards_get_the_profiles_that_fit(void **state)
{
    (void)state;
    static const struct {
        const char *machine;
        size_t model;
        uint32_t ctx;
        enum pal_profile profile;
    } rows[] = {
        {"GTX 780 3GB", 2, 2048, PAL_PROFILE_PERFORMANCE},
        {"GTX 780 3GB", 3, 2048, PAL_PROFILE_BALANCED},
        {"GTX 1650 4GB", 2, 2048, PAL_PROFILE_PERFORMANCE},
        {"GTX 1650 4GB", 3, 2048, PAL_PROFILE_BALANCED},
        {"GTX 1650 under a game", 3, 2048, PAL_PROFILE_CPU},
        {"GTX 1660 6GB", 3, 2048, PAL_PROFILE_PERFORMANCE},
        {"GTX 1660 6GB", 4, 8192, PAL_PROFILE_BALANCED},
        {"RTX 4050 6GB", 2, 8192, PAL_PROFILE_PERFORMANCE},
        {"RTX 4050 under a game", 3, 2048, PAL_PROFILE_BALANCED},
        {"RTX 3080 10GB", 3, 8192, PAL_PROFILE_PERFORMANCE},
        {"RTX 3060 12GB", 4, 8192, PAL_PROFILE_PERFORMANCE},
        {"RTX 4090 24GB", 4, 8192, PAL_PROFILE_PERFORMANCE},
        {"card without backend", 2, 2048, PAL_PROFILE_CPU},
        {"software driver", 0, 2048, PAL_PROFILE_CPU},
        {"card of 512 MB", 3, 2048, PAL_PROFILE_CPU},
        {"iGPU alone", 2, 2048, PAL_PROFILE_PERFORMANCE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pal_plan plan = plan_for(rows[i].machine, rows[i].model, rows[i].ctx);
        if (plan.profile != rows[i].profile) {
            fail_msg("%s with %s: %s (%u of %u layers)", rows[i].machine,
                     plan_models[rows[i].model].name, pal_profile_name(plan.profile),
                     plan.n_gpu_layers, plan.n_layers + 1);
        }
    }
}

static void
test_kepler_runs_without_flash_attention(void **state)
{
    (void)state;
    assert_false(plan_for("GTX 780 3GB", 2, 2048).has_flash_attn);
    assert_int_equal(plan_for("GTX 780 by name", 2, 2048).why_flash, PAL_WHY_OLD_GPU);
    assert_true(plan_for("GTX 1650 4GB", 2, 2048).has_flash_attn);
    assert_true(plan_for("8c/16t", 2, 2048).has_flash_attn);
}

static void
test_kepler_has_no_small_kv_either(void **state)
{
    (void)state;
    struct pal_machine machine = machine_named("GTX 780 3GB");
    struct pal_shape shape;
    plan_shape(&plan_models[2], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    options.n_ctx_tokens = 2048;
    options.kv_type = PAL_GGUF_TYPE_Q8_0;
    struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.why_kv_type, PAL_WHY_NEEDS_FLASH);
    options.flash_attn = PAL_WISH_ON; /* who insists gets both */
    plan = pal_plan_make(&machine, &shape, &options);
    assert_true(plan.has_flash_attn);
    assert_int_equal(plan.kv_type, PAL_GGUF_TYPE_Q8_0);
    machine.gpus[0].free_bytes = 64 * PAL_MIB; /* and without the card it is no question */
    options.flash_attn = PAL_WISH_AUTO;
    plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.gpu, -1);
    assert_int_equal(plan.kv_type, PAL_GGUF_TYPE_Q8_0);
}

static void
test_of_two_cards_the_emptier_is_taken(void **state)
{
    (void)state;
    assert_int_equal(plan_for("two cards", 3, 8192).gpu, 1);
    assert_int_equal(plan_for("card and chip", 2, 8192).gpu, 1);
}

static void
test_kv_lies_in_vram_beside_its_layers(void **state)
{
    (void)state;
    struct pal_plan plan = plan_for("GTX 1650 4GB", 3, 2048);
    assert_true(plan.has_kv_on_gpu);
    assert_true(plan.sizes.gpu_kv > 0 && plan.sizes.ram_kv > 0);
    assert_int_equal(plan.sizes.gpu_kv + plan.sizes.ram_kv, UINT64_C(112) * PAL_MIB);
}

static void
test_more_free_memory_never_means_fewer_layers(void **state)
{
    (void)state;
    struct pal_machine machine = machine_named("RTX 4090 24GB");
    for (size_t m = 0; m < PLAN_N_MODELS; m++) {
        struct pal_shape shape;
        plan_shape(&plan_models[m], &shape);
        uint32_t before = 0;
        for (uint64_t free = 0; free <= 10 * PAL_GIB; free += 96 * PAL_MIB) {
            machine.gpus[0].free_bytes = free;
            struct pal_plan_options options = pal_plan_options_default();
            struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
            assert_true(plan.n_gpu_layers >= before);
            before = plan.n_gpu_layers;
        }
        assert_int_equal(before, shape.n_layers + 1);
    }
}

static void
test_what_we_hold_ourselves_counts_as_free(void **state)
{
    (void)state;
    struct pal_machine machine = machine_named("GTX 1650 under a game");
    struct pal_shape shape;
    plan_shape(&plan_models[2], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    assert_int_equal(pal_plan_make(&machine, &shape, &options).profile, PAL_PROFILE_CPU);
    options.held_bytes = 3 * PAL_GIB;
    assert_int_equal(pal_plan_make(&machine, &shape, &options).profile, PAL_PROFILE_PERFORMANCE);
}

static void
test_wishes_are_obeyed_as_far_as_memory_goes(void **state)
{
    (void)state;
    struct pal_machine machine = machine_named("RTX 4090 24GB");
    struct pal_shape shape;
    plan_shape(&plan_models[3], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    options.wants_profile = true;
    options.profile = PAL_PROFILE_BALANCED;
    struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.n_gpu_layers, 23); /* four fifths of 29 */
    options.profile = PAL_PROFILE_CPU;
    assert_int_equal(pal_plan_make(&machine, &shape, &options).n_gpu_layers, 0);
    options.n_gpu_layers = 7;
    plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.n_gpu_layers, 7);
    assert_int_equal(plan.why_layers, PAL_WHY_ASKED);
    options.n_gpu_layers = INT32_MAX;
    assert_int_equal(pal_plan_make(&machine, &shape, &options).n_gpu_layers, 29);
    options.n_threads = 5;
    options.n_threads_batch = 9;
    plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.n_threads, 5);
    assert_int_equal(plan.n_threads_batch, 9);
    options.kv_offload = PAL_WISH_OFF;
    plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.sizes.gpu_kv, 0);
    assert_int_equal(plan.why_kv_offload, PAL_WHY_ASKED);
    assert_int_equal(plan.n_threads_cpu, 5);
    uint64_t f16 = plan.sizes.ram_kv;
    options.kv_type = PAL_GGUF_TYPE_Q8_0;
    plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.why_kv_type, PAL_WHY_ASKED);
    assert_int_equal(plan.sizes.ram_kv, f16 / 32 * 17); /* 34 bytes for 32 numbers, not 64 */
    options.flash_attn = PAL_WISH_OFF;
    plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.kv_type, PAL_GGUF_TYPE_F16);
    assert_int_equal(plan.why_kv_type, PAL_WHY_NEEDS_FLASH);
    assert_int_equal(plan.why_flash, PAL_WHY_ASKED);
    uint64_t compute = plan.sizes.gpu_compute;
    options.n_ubatch_tokens = 64;
    plan = pal_plan_make(&machine, &shape, &options);
    assert_true(plan.sizes.gpu_compute < compute);
    assert_int_equal(plan.n_batch_tokens, 512);
    /* A card that has no room is no place, whoever asks. */
    machine.gpus[0].free_bytes = 64 * PAL_MIB;
    assert_int_equal(pal_plan_make(&machine, &shape, &options).n_gpu_layers, 0);
}

static void
test_ladder_ends_and_every_rung_needs_less(void **state)
{
    (void)state;
    struct pal_machine machine = machine_named("RTX 3080 10GB");
    struct pal_shape shape;
    plan_shape(&plan_models[3], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    struct pal_plan plan = pal_plan_make(&machine, &shape, &options);
    assert_int_equal(plan.profile, PAL_PROFILE_PERFORMANCE);
    bool saw_cpu = false, saw_small_context = false, saw_few_messages = false;
    int n_rungs = 0;
    while (pal_plan_step_down(&plan, &options)) {
        struct pal_plan next = pal_plan_make(&machine, &shape, &options);
        bool fewer_layers = next.n_gpu_layers < plan.n_gpu_layers;
        bool less_context = next.n_ctx_tokens < plan.n_ctx_tokens;
        bool fewer_messages = next.n_messages < plan.n_messages;
        /* one thing at a time, in this order */
        assert_int_equal(fewer_layers + less_context + fewer_messages, 1);
        assert_false(fewer_layers && (saw_small_context || saw_few_messages));
        assert_false(less_context && (!saw_cpu || saw_few_messages));
        saw_cpu = saw_cpu || next.n_gpu_layers == 0;
        saw_small_context = saw_small_context || less_context;
        saw_few_messages = saw_few_messages || fewer_messages;
        plan = next;
        assert_true(++n_rungs < 40);
    }
    assert_true(saw_cpu && saw_small_context && saw_few_messages);
    assert_int_equal(plan.n_gpu_layers, 0);
}

static void
test_a_model_too_large_for_the_machine_says_so(void **state)
{
    (void)state;
    struct pal_plan plan = plan_for("1 GiB of RAM", 4, 8192);
    assert_false(plan.fits);
    assert_int_equal(plan.n_ctx_tokens, 512);
    assert_int_equal(plan.n_messages, 4);
    assert_false(plan.has_extra_bufts);
    assert_true(plan_for("1 GiB of RAM", 0, 2048).fits);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_machine_gets_a_sound_plan_for_every_model),
        cmocka_unit_test(test_the_famous_cards_get_the_profiles_that_fit),
        cmocka_unit_test(test_kepler_runs_without_flash_attention),
        cmocka_unit_test(test_kepler_has_no_small_kv_either),
        cmocka_unit_test(test_of_two_cards_the_emptier_is_taken),
        cmocka_unit_test(test_kv_lies_in_vram_beside_its_layers),
        cmocka_unit_test(test_more_free_memory_never_means_fewer_layers),
        cmocka_unit_test(test_what_we_hold_ourselves_counts_as_free),
        cmocka_unit_test(test_wishes_are_obeyed_as_far_as_memory_goes),
        cmocka_unit_test(test_ladder_ends_and_every_rung_needs_less),
        cmocka_unit_test(test_a_model_too_large_for_the_machine_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
