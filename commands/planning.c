#include "commands/planning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/llama_dir.h"
#include "commands/model_file.h"
#include "commands/startup.h"
#include "config/option.h"
#include "gguf/gguf.h"
#include "gguf/type.h"
#include "plan/explain.h"
#include "plan/seed_rules.h"
#include "plan/tuned.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define LOG_TOPIC "plan"
#include "util/log.h"

/* "--name VALUE" or "--name=VALUE": the value, and how many words of argv it took; else NULL. */
static const char *
flag_value(const char *name, int left, char **argv, int *n_taken)
{
    size_t len = strlen(name);
    if (strncmp(argv[0], name, len) != 0) {
        return NULL;
    }
    if (argv[0][len] == '=') {
        *n_taken = 1;
        return argv[0] + len + 1;
    }
    *n_taken = 2;
    return argv[0][len] == '\0' && left > 1 ? argv[1] : NULL;
}

static bool
take_size(const char *name, const char *text, uint64_t *bytes, bool *has, int *status)
{
    if (pal_bytes_parse(text, bytes) == PAL_OK) {
        *has = true;
        return true;
    }
    (void)fprintf(stderr,
                  PAL_T("palabre: %s: '%s' is no size; write 6GiB or 512MiB\n",
                        "palabre: %s : « %s » n'est pas une taille ; écrivez 6GiB ou 512MiB\n"),
                  name, text);
    *status = PAL_EXIT_USAGE;
    return false;
}

/* Takes one of our flags at argv[0]; *n_taken stays 0 if it is none of ours. */
static bool
take_flag(struct pal_planning_flags *flags, int left, char **argv, int *n_taken, int *status)
{
    const struct {
        const char *name;
        bool *to;
    } switches[] = {{"--json", &flags->wants_json},
                    {"--quick", &flags->wants_quick},
                    {"--exhaustive", &flags->wants_all}};
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"--cpu", &flags->cpu_xml}, {"--gpus", &flags->gpus}, {"--gpu", &flags->gpu}};
    const struct {
        const char *name;
        uint64_t *to;
        bool *has;
    } sizes[] = {{"--vram-free", &flags->vram_free_bytes, &flags->has_vram_free},
                 {"--vram", &flags->vram_bytes, &flags->has_vram},
                 {"--ram", &flags->ram_bytes, &flags->has_ram}};
    for (size_t i = 0; i < PAL_COUNT_OF(switches); i++) {
        if (strcmp(argv[0], switches[i].name) == 0) {
            *switches[i].to = true;
            *n_taken = 1;
            return true;
        }
    }
    int n = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        const char *value = flag_value(texts[i].name, left, argv, &n);
        if (value != NULL) {
            *texts[i].to = value;
            *n_taken = n;
            return true;
        }
    }
    for (size_t i = 0; i < PAL_COUNT_OF(sizes); i++) {
        const char *value = flag_value(sizes[i].name, left, argv, &n);
        if (value != NULL) {
            *n_taken = n;
            return take_size(sizes[i].name, value, sizes[i].to, sizes[i].has, status);
        }
    }
    return true;
}

/* Moves our flags out of argv, so that the settings' reader sees only its own. */
static bool
take_flags(struct pal_planning_flags *flags, int *argc, char **argv, int *status)
{
    int kept = 1;
    for (int i = 1; i < *argc;) {
        int n_taken = 0;
        if (!take_flag(flags, *argc - i, argv + i, &n_taken, status)) {
            return false;
        }
        if (n_taken == 0) {
            argv[kept++] = argv[i];
            n_taken = 1;
        }
        i += n_taken;
    }
    *argc = kept;
    argv[kept] = NULL;
    return true;
}

char *
pal_planning_default_dir(void)
{
    char library[4096];
    pal_llama_dir_loaded(library, sizeof(library));
    return library[0] != '\0' ? pal_path_parent(library) : pal_strdup(PALABRE_LLAMA_LIB_DIR);
}

/*
 * What tools/add-gpu made: in the build tree build/llama-KIND/lib beside build/llama/lib, installed
 * lib/palabre-KIND beside lib/palabre. The caller's; NULL if it is not there.
 */
static char *
card_dir(const char *kind)
{
    char *cpu = pal_planning_default_dir();
    char *above = pal_path_parent(cpu);
    char *candidates[] = {pal_printf("%s-%s/lib", above, kind), pal_printf("%s-%s", cpu, kind)};
    char *library = pal_printf("libggml-%s.so", kind);
    char *found = NULL;
    for (size_t i = 0; i < PAL_COUNT_OF(candidates); i++) {
        char *file = pal_path_join(candidates[i], library);
        if (found == NULL && pal_path_is_file(file)) {
            found = pal_strdup(candidates[i]);
        }
        free(file);
        free(candidates[i]);
    }
    free(library);
    free(above);
    free(cpu);
    return found;
}

enum pal_err
pal_planning_llama_dir(const struct pal_config *config, char **folder, struct pal_error *error)
{
    *folder = NULL;
    if (config->engine.llama_dir[0] != '\0') {
        return pal_llama_dir_resolve(config->engine.llama_dir, folder, error);
    }
    bool any = config->ai.backend == PAL_CONFIG_BACKEND_AUTO;
    if (any || config->ai.backend == PAL_CONFIG_BACKEND_CUDA) {
        *folder = card_dir("cuda");
    }
    if (*folder == NULL && (any || config->ai.backend == PAL_CONFIG_BACKEND_VULKAN)) {
        *folder = card_dir("vulkan");
    }
    if (*folder != NULL || any || config->ai.backend == PAL_CONFIG_BACKEND_CPU) {
        return PAL_OK;
    }
    const char *kind = config->ai.backend == PAL_CONFIG_BACKEND_CUDA ? "cuda" : "vulkan";
    return pal_error_set(error, PAL_ERR_CONFIG,
                         PAL_T("the %s backend is not installed: ./dev gpu %s",
                               "le pilote %s n'est pas installé : ./dev gpu %s"),
                         kind, kind);
}

bool
pal_planning_settings(struct pal_planning *planning, const struct pal_config_request *request,
                      int argc, char **argv, int *status)
{
    *planning = (struct pal_planning){0};
    if (!take_flags(&planning->flags, &argc, argv, status) ||
        !pal_startup_config(&planning->config, request, argc, argv, status)) {
        return false;
    }
    struct pal_error error;
    if (pal_planning_llama_dir(&planning->config, &planning->llama_dir, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre: %s\n", error.text);
        pal_planning_finish(planning);
        *status = PAL_EXIT_CONFIG;
        return false;
    }
    planning->llama_dir =
        planning->llama_dir != NULL ? planning->llama_dir : pal_planning_default_dir();
    return true;
}

/* A card that is not here, by the numbers on its box. */
static void
imagine_gpu(struct pal_planning *planning)
{
    const struct pal_planning_flags *flags = &planning->flags;
    struct pal_gpu gpu = {.device = "GPU0", .sources = "flags"};
    (void)snprintf(gpu.name, sizeof(gpu.name), "%s", flags->gpu != NULL ? flags->gpu : "imagined");
    gpu.total_bytes = flags->has_vram ? flags->vram_bytes : flags->vram_free_bytes;
    gpu.free_bytes = flags->has_vram_free ? flags->vram_free_bytes : gpu.total_bytes;
    planning->machine.n_gpus = 0;
    pal_machine_add_gpu(&planning->machine, &gpu);
}

void
pal_planning_probe(struct pal_planning *planning, bool measures)
{
    const struct pal_planning_flags *flags = &planning->flags;
    bool is_imagined = flags->has_vram || flags->has_vram_free;
    bool is_here = flags->cpu_xml == NULL && !flags->has_ram && !is_imagined;
    const struct pal_probe_options options = {
        .cpu_xml = flags->cpu_xml,
        .gpus_json = flags->gpus,
        .llama_dir = planning->llama_dir,
        .cpus = planning->config.engine.cpus,
        .asks_drivers = !is_imagined,
        .measures_memory = measures && is_here,
        .measures_load = measures && is_here,
    };
    pal_probe(&options, &planning->machine);
    if (is_imagined) {
        imagine_gpu(planning);
    }
    if (flags->has_ram) {
        planning->machine.memory = (struct pal_memory){
            .total_bytes = flags->ram_bytes,
            .available_bytes = flags->ram_bytes / 10 * 9,
        };
    }
}

static bool
is_asked(const struct pal_config *config, const char *key)
{
    return config->origins[pal_option_index(pal_option_by_key(key))].kind != PAL_ORIGIN_DEFAULT;
}

static enum pal_wish
wish_of(int64_t word)
{
    return word == PAL_CONFIG_WISH_ON    ? PAL_WISH_ON
           : word == PAL_CONFIG_WISH_OFF ? PAL_WISH_OFF
                                         : PAL_WISH_AUTO;
}

struct pal_plan_options
pal_planning_options(const struct pal_config *config)
{
    struct pal_plan_options options = pal_plan_options_default();
    options.n_ctx_tokens = (uint32_t)config->ai.context_limit;
    options.asks_ctx = is_asked(config, "ai.context_limit");
    options.n_batch_tokens = (uint32_t)config->ai.n_batch;
    options.n_ubatch_tokens = (uint32_t)config->ai.n_ubatch;
    options.n_sequences = (uint32_t)config->rate_limiting.max_concurrent_users;
    options.n_messages = (uint32_t)config->rate_limiting.max_messages_per_user;
    options.asks_messages = is_asked(config, "rate_limiting.max_messages_per_user");
    options.n_threads = (uint32_t)config->ai.n_threads;
    options.n_threads_batch = (uint32_t)config->ai.n_threads_batch;
    options.kv_type = config->ai.kv_type == PAL_CONFIG_KV_F16    ? PAL_GGUF_TYPE_F16
                      : config->ai.kv_type == PAL_CONFIG_KV_Q8_0 ? PAL_GGUF_TYPE_Q8_0
                                                                 : 0;
    options.kv_offload = wish_of(config->ai.kv_offload);
    options.flash_attn = wish_of(config->ai.flash_attn);
    options.repack = wish_of(config->ai.repack);
    if (config->ai.n_gpu_layers != PAL_CONFIG_GPU_AUTO) {
        options.n_gpu_layers = (int32_t)config->ai.n_gpu_layers;
    }
    bool wants_cpu = config->ai.backend == PAL_CONFIG_BACKEND_CPU;
    options.wants_profile = wants_cpu || config->ai.gpu_profile != PAL_CONFIG_PROFILE_AUTO;
    options.profile = wants_cpu ? PAL_PROFILE_CPU
                      : config->ai.gpu_profile == PAL_CONFIG_PROFILE_PERFORMANCE
                          ? PAL_PROFILE_PERFORMANCE
                      : config->ai.gpu_profile == PAL_CONFIG_PROFILE_BALANCED ? PAL_PROFILE_BALANCED
                                                                              : PAL_PROFILE_CPU;
    return options;
}

/* Measured on a busy or a quiet day: better than a guess either way. */
static void
apply_tuned(const struct pal_machine *machine, const struct pal_shape *shape, struct pal_plan *plan)
{
    struct pal_tuned tuned;
    struct pal_error error;
    char *path = pal_tuned_path(machine, shape);
    if (path != NULL && pal_tuned_load(path, &tuned, &error) == PAL_OK) {
        pal_plan_apply(plan, machine, shape, &tuned);
    }
    free(path);
}

enum pal_err
pal_planning_shape(const char *model_path, struct pal_shape *shape, struct pal_error *error)
{
    struct pal_gguf *gguf = NULL;
    enum pal_err err = pal_gguf_open(model_path, &gguf, error);
    if (err == PAL_OK) {
        err = pal_shape_from_gguf(gguf, shape, error);
    }
    pal_gguf_close(gguf);
    return err;
}

void
pal_planning_with(const struct pal_config *config, const struct pal_machine *machine,
                  const struct pal_shape *shape, struct pal_plan *plan)
{
    struct pal_plan_options options = pal_planning_options(config);
    *plan = pal_plan_make(machine, shape, &options);
    apply_tuned(machine, shape, plan);
}

enum pal_err
pal_planning_for(const struct pal_config *config, const char *model_path,
                 const struct pal_machine *machine, struct pal_shape *shape, struct pal_plan *plan,
                 struct pal_error *error)
{
    enum pal_err err = pal_planning_shape(model_path, shape, error);
    if (err == PAL_OK) {
        pal_planning_with(config, machine, shape, plan);
    }
    return err;
}

void
pal_planning_engine(const struct pal_plan *plan, const struct pal_machine *machine,
                    struct pal_engine_options *options)
{
    bool has_card = plan->gpu >= 0;
    options->n_ctx_tokens = plan->n_ctx_tokens;
    options->n_sequences = plan->n_sequences;
    options->n_threads = plan->n_threads;
    options->n_threads_batch = plan->n_threads_batch;
    options->n_threads_cpu = plan->n_threads_cpu;
    options->n_batch_tokens = plan->n_batch_tokens;
    options->n_ubatch_tokens = plan->n_ubatch_tokens;
    options->n_gpu_layers = (int32_t)plan->n_gpu_layers;
    options->kv_type = plan->kv_type;
    options->variant = plan->variant[0] != '\0' ? plan->variant : NULL;
    options->gpu_device = has_card ? machine->gpus[plan->gpu].device : NULL;
    options->ways = (plan->has_flash_attn ? 0 : PAL_ENGINE_NO_FLASH_ATTN) |
                    (plan->has_extra_bufts || has_card ? 0 : PAL_ENGINE_NO_EXTRA_BUFTS) |
                    (plan->has_kv_on_gpu || !has_card ? 0 : PAL_ENGINE_NO_KV_OFFLOAD) |
                    (plan->has_op_offload || !has_card ? 0 : PAL_ENGINE_NO_OP_OFFLOAD) |
                    (plan->sleeps ? PAL_ENGINE_NO_POLL : 0) |
                    (plan->is_pinned ? PAL_ENGINE_PINNED : 0);
}

void
pal_planning_announce(const struct pal_plan *plan, const struct pal_machine *machine)
{
    char threads[96], profile[128];
    (void)snprintf(
        threads, sizeof(threads),
        PAL_T("🧵 Best number of threads found: %u", "🧵 Threads optimaux détectés : %u"),
        plan->n_threads);
    const char *description = plan->profile == PAL_PROFILE_PERFORMANCE
                                  ? PAL_T("100% GPU (best)", "100% GPU (optimal)")
                              : plan->profile == PAL_PROFILE_CPU
                                  ? PAL_T("CPU only (fallback)", "CPU uniquement (fallback)")
                                  : PAL_T("GPU and CPU (balanced)", "GPU + CPU (équilibré)");
    (void)snprintf(profile, sizeof(profile), PAL_T("🎮 GPU profile: %s", "🎮 Profil GPU auto : %s"),
                   description);
    pal_log_info(threads, "reason=%s rule_of_thumb=%u tuned=%d", pal_why_name(plan->why_threads),
                 pal_seed_threads(machine->cpu.n_cores, machine->cpu.n_logical), plan->is_tuned);
    pal_log_info(profile, "profile=%s layers=%u of=%u reason=%s", pal_profile_name(plan->profile),
                 plan->n_gpu_layers, plan->n_layers + 1, pal_why_name(plan->why_layers));
}

bool
pal_planning_fell_short(const struct pal_plan *plan, const struct pal_engine_facts *facts,
                        char *text, size_t size)
{
    uint32_t planned = plan->n_gpu_layers < plan->n_layers ? plan->n_gpu_layers : plan->n_layers;
    if (facts->n_layers_gpu < planned) {
        (void)snprintf(text, size,
                       PAL_T("the card did not take the %u layers that were planned: %u are on it, "
                             "the processor computes the rest",
                             "la carte n'a pas pris les %u couches prévues : %u y sont, le "
                             "processeur calcule le reste"),
                       planned, facts->n_layers_gpu);
        return true;
    }
    if (facts->n_ctx_tokens < plan->n_ctx_tokens) {
        (void)snprintf(text, size,
                       PAL_T("memory was short: a context of %u tokens instead of %u",
                             "la mémoire a manqué : un contexte de %u tokens au lieu de %u"),
                       facts->n_ctx_tokens, plan->n_ctx_tokens);
        return true;
    }
    return false;
}

enum pal_err
pal_planning_make(struct pal_planning *planning, struct pal_error *error)
{
    enum pal_err err = pal_model_file_find(planning->config.model, &planning->model_path,
                                           &planning->starter, error);
    if (err == PAL_OK) {
        err = pal_planning_for(&planning->config, planning->model_path, &planning->machine,
                               &planning->shape, &planning->plan, error);
    }
    return err;
}

void
pal_planning_finish(struct pal_planning *planning)
{
    free(planning->model_path);
    free(planning->llama_dir);
    pal_config_finish(&planning->config);
    *planning = (struct pal_planning){0};
}
