#include "plan/plan.h"

#include <string.h>
#include <strings.h>

#include "gguf/type.h"

#define CTX_MIN           512
#define CTX_DEFAULT       8192
#define BATCH_DEFAULT     512
#define BATCH_MIN         128
#define UBATCH_DEFAULT    512
#define SEQUENCES_DEFAULT 4
#define MESSAGES_DEFAULT  12
#define MESSAGES_MIN      4
#define LAYERS_WORTH_IT   3 /* fewer cost more in copies than they give */

const char *
pal_profile_name(enum pal_profile profile)
{
    static const char *const names[] = {"performance", "balanced", "cpu"};
    return names[profile];
}

struct pal_plan_options
pal_plan_options_default(void)
{
    return (struct pal_plan_options){
        .n_gpu_layers = PAL_PLAN_LAYERS_AUTO,
        .gpu = PAL_PLAN_GPU_AUTO,
        .n_ctx_tokens = CTX_DEFAULT,
        .n_sequences = SEQUENCES_DEFAULT,
        .n_messages = MESSAGES_DEFAULT,
    };
}

/* The card with the most room: on a machine with two, the game's own is the fuller one. */
static int32_t
choose_gpu(const struct pal_machine *machine, const struct pal_plan_options *options,
           enum pal_why *why)
{
    *why = machine->n_gpus == 0 ? PAL_WHY_NO_GPU : PAL_WHY_NO_BACKEND;
    int32_t best = -1;
    for (uint32_t i = 0; i < machine->n_gpus; i++) {
        const struct pal_gpu *gpu = &machine->gpus[i];
        bool is_asked = options->gpu == (int32_t)i;
        if (gpu->device[0] == '\0' || (options->gpu >= 0 && !is_asked)) {
            continue;
        }
        /* Software drivers are slower than the CPU itself; only for who asks by name. */
        if (gpu->kind == PAL_GPU_SOFTWARE && !is_asked && options->n_gpu_layers <= 0 &&
            !(options->wants_profile && options->profile != PAL_PROFILE_CPU)) {
            *why = PAL_WHY_NO_GPU;
            continue;
        }
        bool is_better = best < 0 || gpu->kind < machine->gpus[best].kind ||
                         (gpu->kind == machine->gpus[best].kind &&
                          gpu->free_bytes > machine->gpus[best].free_bytes);
        best = is_better ? (int32_t)i : best;
    }
    return best;
}

/* A sixteenth of the card, at least 256 MiB, for what the game takes in its next scene. */
static uint64_t
reserve_of(const struct pal_gpu *gpu, const struct pal_plan_options *options)
{
    if (options->reserve_bytes > 0) {
        return options->reserve_bytes;
    }
    uint64_t reserve = gpu->total_bytes / 16;
    reserve = reserve < 256 * PAL_MIB ? 256 * PAL_MIB : reserve;
    reserve = reserve > PAL_GIB ? PAL_GIB : reserve;
    return gpu->kind == PAL_GPU_SOFTWARE ? 0 : reserve;
}

/* What a backend takes before the first tensor: CUDA's context and kernels, Vulkan's pipelines. */
static uint64_t
driver_of(const struct pal_gpu *gpu)
{
    if (gpu->kind == PAL_GPU_SOFTWARE) {
        return 0;
    }
    return strncasecmp(gpu->device, "CUDA", 4) == 0 ? 320 * PAL_MIB : 96 * PAL_MIB;
}

/* Kepler and older have no fast half floats and no kernels for it. */
static bool
is_old_gpu(const struct pal_gpu *gpu)
{
    if (gpu->compute_major > 0) {
        return gpu->compute_major < 5;
    }
    static const char *const old[] = {"GTX 6", "GTX 76", "GTX 77",   "GTX 78", "GTX TITAN",
                                      "GT 6",  "GT 7",   "Quadro K", "Tesla K"};
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        if (strstr(gpu->name, old[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum pal_repack
repack_of(const struct pal_cpu *cpu, bool has_extra_bufts)
{
    if (!has_extra_bufts || (cpu->isa & PAL_ISA_AVX2) == 0) {
        return PAL_REPACK_NONE;
    }
    return (cpu->isa & PAL_ISA_AMX) != 0 ? PAL_REPACK_AMX : PAL_REPACK_AVX;
}

static struct pal_sizes
sizes_with(const struct pal_machine *machine, const struct pal_shape *shape,
           const struct pal_plan *plan, uint32_t n_gpu_layers)
{
    const struct pal_placement placement = {
        .n_gpu_layers = n_gpu_layers,
        .n_ctx_tokens = plan->n_ctx_tokens,
        .n_batch_tokens = plan->n_ubatch_tokens,
        .n_sequences = plan->n_sequences,
        .n_outputs = plan->n_outputs,
        .kv_type = plan->kv_type,
        .has_flash_attn = plan->has_flash_attn,
        .has_kv_on_gpu = plan->has_kv_on_gpu,
        .has_op_offload = plan->has_op_offload,
        .repack = repack_of(&machine->cpu, plan->has_extra_bufts),
        .tensor_max_bytes = plan->tensor_max_bytes,
    };
    return pal_sizes_of(shape, &placement);
}

/* llama.cpp ends the process where K or V of a layer is larger than the card's driver binds. */
static bool
binds_kv(const struct pal_shape *shape, const struct pal_plan *plan)
{
    uint64_t largest = 0;
    for (uint32_t i = 0; i < shape->n_layers; i++) {
        uint64_t bytes = pal_size_kv_layer(&shape->layers[i], plan->n_ctx_tokens, plan->kv_type);
        largest = bytes > largest ? bytes : largest;
    }
    return plan->tensor_max_bytes == 0 || !plan->has_kv_on_gpu ||
           largest / 2 <= plan->tensor_max_bytes;
}

static bool
fits_gpu(const struct pal_machine *machine, const struct pal_shape *shape,
         const struct pal_plan *plan, uint32_t n_gpu_layers)
{
    struct pal_sizes sizes = sizes_with(machine, shape, plan, n_gpu_layers);
    uint64_t taken = plan->gpu_reserve_bytes + plan->gpu_driver_bytes;
    return n_gpu_layers == 0 ||
           (binds_kv(shape, plan) && pal_sizes_gpu(&sizes) + taken <= plan->gpu_free_bytes);
}

/* More layers never need less, so the largest that fits is found by halving. */
static uint32_t
most_layers(const struct pal_machine *machine, const struct pal_shape *shape,
            const struct pal_plan *plan, uint32_t at_most)
{
    uint32_t low = 0, high = at_most;
    if (fits_gpu(machine, shape, plan, high)) { /* all may need less than all but one */
        return high;
    }
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (fits_gpu(machine, shape, plan, middle)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/* How many layers the wishes allow, llama.cpp's count. */
static uint32_t
wanted_layers(const struct pal_shape *shape, const struct pal_plan_options *options,
              enum pal_why *why)
{
    uint32_t all = shape->n_layers + 1;
    *why = PAL_WHY_ALL_FIT;
    if (options->n_gpu_layers >= 0) {
        *why = PAL_WHY_ASKED;
        return (uint32_t)options->n_gpu_layers < all ? (uint32_t)options->n_gpu_layers : all;
    }
    if (options->wants_profile) {
        *why = PAL_WHY_PROFILE;
        return options->profile == PAL_PROFILE_PERFORMANCE ? all
               : options->profile == PAL_PROFILE_CPU       ? 0
                                                           : (all * 4 + 2) / 5;
    }
    return all;
}

static void
leave_gpu(struct pal_plan *plan, enum pal_why why)
{
    plan->gpu = -1;
    plan->n_gpu_layers = 0;
    plan->has_kv_on_gpu = false;
    plan->why_kv_offload = PAL_WHY_BESIDE;
    plan->has_op_offload = false;
    plan->tensor_max_bytes = 0;
    plan->gpu_free_bytes = plan->gpu_reserve_bytes = plan->gpu_driver_bytes = 0;
    plan->profile = PAL_PROFILE_CPU;
    plan->why_layers = why;
}

/* llama.cpp has quantised values only with flash attention, and refuses the context without. */
static void
settle_kv_type(const struct pal_plan_options *options, struct pal_plan *plan)
{
    plan->kv_type = options->kv_type > 0 ? options->kv_type : PAL_GGUF_TYPE_F16;
    plan->why_kv_type = options->kv_type > 0 ? PAL_WHY_ASKED : PAL_WHY_DEFAULT;
    if (plan->kv_type != PAL_GGUF_TYPE_F16 && !plan->has_flash_attn) {
        plan->kv_type = PAL_GGUF_TYPE_F16;
        plan->why_kv_type = PAL_WHY_NEEDS_FLASH;
    }
}

static void
set_batch(struct pal_plan *plan, uint32_t n_batch_tokens)
{
    plan->n_batch_tokens = n_batch_tokens;
    if (plan->n_ubatch_tokens > n_batch_tokens) {
        plan->n_ubatch_tokens = n_batch_tokens;
    }
}

static void
place_on_gpu(const struct pal_machine *machine, const struct pal_shape *shape,
             const struct pal_plan_options *options, struct pal_plan *plan)
{
    enum pal_why why;
    uint32_t all = shape->n_layers + 1;
    uint32_t wanted = wanted_layers(shape, options, &why);
    plan->gpu = choose_gpu(machine, options, &plan->why_layers);
    if (wanted == 0) {
        leave_gpu(plan, plan->gpu < 0 && machine->n_gpus == 0 ? PAL_WHY_NO_GPU : why);
        return;
    }
    if (plan->gpu < 0) {
        leave_gpu(plan, plan->why_layers);
        return;
    }
    const struct pal_gpu *gpu = &machine->gpus[plan->gpu];
    plan->gpu_free_bytes = gpu->free_bytes + options->held_bytes;
    if (plan->gpu_free_bytes > gpu->total_bytes) {
        plan->gpu_free_bytes = gpu->total_bytes;
    }
    plan->gpu_reserve_bytes = reserve_of(gpu, options);
    plan->gpu_driver_bytes = driver_of(gpu);
    plan->tensor_max_bytes = gpu->tensor_max_bytes;
    plan->has_kv_on_gpu = options->kv_offload != PAL_WISH_OFF;
    plan->why_kv_offload = options->kv_offload == PAL_WISH_AUTO ? PAL_WHY_BESIDE : PAL_WHY_ASKED;
    plan->has_op_offload = gpu->kind == PAL_GPU_DISCRETE;
    if (options->flash_attn == PAL_WISH_AUTO && is_old_gpu(gpu)) {
        plan->has_flash_attn = false;
        plan->why_flash = PAL_WHY_OLD_GPU;
        settle_kv_type(options, plan);
    }
    uint32_t layers = most_layers(machine, shape, plan, wanted);
    /* A smaller batch shrinks the compute buffer; worth it if everything then fits. */
    for (uint32_t batch = plan->n_batch_tokens / 2; layers < wanted && batch >= BATCH_MIN;
         batch /= 2) {
        struct pal_plan smaller = *plan;
        set_batch(&smaller, batch);
        if (fits_gpu(machine, shape, &smaller, wanted)) {
            set_batch(plan, batch);
            plan->why_batch = PAL_WHY_MEMORY;
            layers = wanted;
        }
    }
    if (layers < LAYERS_WORTH_IT && layers < wanted) {
        leave_gpu(plan, PAL_WHY_GPU_TOO_SMALL);
        plan->has_flash_attn = options->flash_attn != PAL_WISH_OFF;
        plan->why_flash = options->flash_attn == PAL_WISH_AUTO ? PAL_WHY_DEFAULT : PAL_WHY_ASKED;
        settle_kv_type(options, plan);
        return;
    }
    plan->n_gpu_layers = layers;
    plan->why_layers = layers < wanted ? PAL_WHY_SOME_FIT : why;
    plan->profile = layers == all ? PAL_PROFILE_PERFORMANCE : PAL_PROFILE_BALANCED;
}

static uint64_t
ram_of(const struct pal_machine *machine)
{
    const struct pal_memory *memory = &machine->memory;
    uint64_t available =
        memory->available_bytes > 0 ? memory->available_bytes : memory->total_bytes;
    return memory->limit_bytes > 0 && memory->limit_bytes < available ? memory->limit_bytes
                                                                      : available;
}

/* Weights that stay mapped must find room in the page cache too, or each token reads the disk. */
static bool
fits_ram(const struct pal_plan *plan)
{
    return plan->ram_available_bytes == 0 ||
           pal_sizes_ram(&plan->sizes) + plan->sizes.ram_mapped <= plan->ram_available_bytes;
}

static void
place_in_ram(const struct pal_machine *machine, const struct pal_shape *shape,
             const struct pal_plan_options *options, struct pal_plan *plan)
{
    plan->ram_available_bytes = ram_of(machine);
    plan->has_extra_bufts = options->repack != PAL_WISH_OFF;
    plan->why_extra_bufts = options->repack == PAL_WISH_AUTO ? PAL_WHY_DEFAULT : PAL_WHY_ASKED;
    if (plan->n_gpu_layers > 0) {
        plan->has_extra_bufts = false;
        plan->why_extra_bufts = PAL_WHY_CARD;
    }
    plan->sizes = sizes_with(machine, shape, plan, plan->n_gpu_layers);
    if (options->repack == PAL_WISH_AUTO && !fits_ram(plan)) {
        plan->has_extra_bufts = false;
        plan->why_extra_bufts = PAL_WHY_MEMORY;
        plan->sizes = sizes_with(machine, shape, plan, plan->n_gpu_layers);
    }
    while (!fits_ram(plan) && plan->n_ctx_tokens / 2 >= CTX_MIN) {
        plan->n_ctx_tokens /= 2;
        plan->why_ctx = PAL_WHY_MEMORY;
        plan->sizes = sizes_with(machine, shape, plan, plan->n_gpu_layers);
    }
    if (!fits_ram(plan) && plan->n_messages > MESSAGES_MIN) {
        plan->n_messages = MESSAGES_MIN;
        plan->why_messages = PAL_WHY_MEMORY;
    }
    plan->fits = fits_ram(plan);
}

static void
choose_threads(const struct pal_machine *machine, const struct pal_plan_options *options,
               struct pal_plan *plan)
{
    plan->n_threads = pal_plan_threads(&machine->cpu, &plan->why_threads);
    plan->n_threads_cpu = options->n_threads > 0 ? options->n_threads : plan->n_threads;
    if (plan->n_gpu_layers == plan->n_layers + 1) {
        /* The card computes; spinning threads would only warm the game's cores. */
        plan->n_threads = 1;
        plan->why_threads = PAL_WHY_ALL_ON_GPU;
    }
    plan->n_threads_batch = plan->n_threads;
    plan->why_threads_batch = plan->why_threads;
    if (options->n_threads > 0) {
        plan->n_threads = plan->n_threads_batch = options->n_threads;
        plan->why_threads = plan->why_threads_batch = PAL_WHY_ASKED;
    }
    if (options->n_threads_batch > 0) {
        plan->n_threads_batch = options->n_threads_batch;
        plan->why_threads_batch = PAL_WHY_ASKED;
    }
}

/* Every weight is read once for each token: bandwidth is the ceiling, and two thirds are reached.
 */
static uint32_t
expected_decode(const struct pal_machine *machine, const struct pal_shape *shape,
                const struct pal_plan *plan)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < shape->n_layers; i++) {
        bytes += shape->layers[i].bytes;
    }
    bytes += shape->output.bytes;
    /* Small models live in the caches. */
    if (plan->n_gpu_layers > 0 || bytes < 256 * PAL_MIB || machine->memory.read_bytes_s == 0) {
        return 0;
    }
    double tokens_s = 0.65 * (double)machine->memory.read_bytes_s / (double)bytes;
    return tokens_s > 1e6 ? 0 : (uint32_t)(tokens_s * 1000);
}

struct pal_plan
pal_plan_make(const struct pal_machine *machine, const struct pal_shape *shape,
              const struct pal_plan_options *options)
{
    struct pal_plan plan = {
        .gpu = -1,
        .n_layers = shape->n_layers,
        .n_ctx_tokens = options->n_ctx_tokens > 0 ? options->n_ctx_tokens : CTX_DEFAULT,
        .n_batch_tokens = options->n_batch_tokens > 0 ? options->n_batch_tokens : BATCH_DEFAULT,
        .n_sequences = options->n_sequences > 0 ? options->n_sequences : SEQUENCES_DEFAULT,
        .n_messages = options->n_messages > 0 ? options->n_messages : MESSAGES_DEFAULT,
        .has_flash_attn = options->flash_attn != PAL_WISH_OFF,
        .why_ctx = options->asks_ctx ? PAL_WHY_ASKED : PAL_WHY_DEFAULT,
        .why_batch = options->n_batch_tokens > 0 || options->n_ubatch_tokens > 0 ? PAL_WHY_ASKED
                                                                                 : PAL_WHY_DEFAULT,
        .why_messages = options->asks_messages ? PAL_WHY_ASKED : PAL_WHY_DEFAULT,
        .why_flash = options->flash_attn == PAL_WISH_AUTO ? PAL_WHY_DEFAULT : PAL_WHY_ASKED,
    };
    plan.n_ubatch_tokens = options->n_ubatch_tokens > 0 ? options->n_ubatch_tokens : UBATCH_DEFAULT;
    set_batch(&plan, plan.n_batch_tokens);
    settle_kv_type(options, &plan);
    plan.n_outputs = plan.n_sequences * PAL_PLAN_OUTPUTS_PER_TURN;
    /* All conversations share the context, but no single one may be longer than the training. */
    uint64_t ctx_most = (uint64_t)shape->n_ctx_train * plan.n_sequences;
    if (shape->n_ctx_train > 0 && plan.n_ctx_tokens > ctx_most) {
        plan.n_ctx_tokens = (uint32_t)ctx_most;
        plan.why_ctx = PAL_WHY_MODEL_LIMIT;
    }
    place_on_gpu(machine, shape, options, &plan);
    place_in_ram(machine, shape, options, &plan);
    choose_threads(machine, options, &plan);
    plan.expected_decode_mtok_s = expected_decode(machine, shape, &plan);
    return plan;
}

int32_t
pal_plan_fewer_layers(uint32_t n_layers, int32_t n_gpu_layers)
{
    int32_t all = (int32_t)n_layers + 1;
    int32_t now = n_gpu_layers < 0 || n_gpu_layers > all ? all : n_gpu_layers;
    int32_t step = all * 15 / 100;
    int32_t left = now - (step < LAYERS_WORTH_IT ? LAYERS_WORTH_IT : step);
    return left < LAYERS_WORTH_IT ? 0 : left;
}

void
pal_plan_size(const struct pal_machine *machine, const struct pal_shape *shape,
              struct pal_plan *plan)
{
    plan->sizes = sizes_with(machine, shape, plan, plan->n_gpu_layers);
    plan->fits = fits_ram(plan);
}

bool
pal_plan_step_down(const struct pal_plan *plan, struct pal_plan_options *options)
{
    if (plan->n_gpu_layers > 0) {
        options->n_gpu_layers = pal_plan_fewer_layers(plan->n_layers, (int32_t)plan->n_gpu_layers);
        return true;
    }
    if (plan->n_ctx_tokens / 2 >= CTX_MIN) {
        options->n_ctx_tokens = plan->n_ctx_tokens / 2;
        return true;
    }
    if (plan->n_messages > MESSAGES_MIN) {
        options->n_messages = plan->n_messages - (plan->n_messages + 2) / 3;
        return true;
    }
    return false;
}
