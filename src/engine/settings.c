#include "engine/settings.h"

#include <stdlib.h>
#include <string.h>

#include "gguf/type.h"
#include "util/cpus.h"
#include "util/mem.h"

/* Rows that one graph computes at most where nobody says otherwise. */
#define UBATCH_DEFAULT 512

static uint32_t
or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

static bool
is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* Is it a list, and does it, if wanted, name processors that are there? */
static enum pal_err
check_cpus(const char *list, bool are_here, struct pal_error *error)
{
    cpu_set_t cpus;
    struct pal_error why;
    enum pal_err err = list == NULL ? PAL_OK
                       : are_here   ? pal_cpus_choose(list, &cpus, &why)
                                    : pal_cpus_read(list, &cpus, &why);
    return err == PAL_OK
               ? err
               : pal_error_set(error, PAL_ERR_ARGUMENT, "the engine's processors: %s", why.text);
}

enum pal_err
pal_settings_init(struct pal_settings *settings, const struct pal_engine_options *options,
                  struct pal_error *error)
{
    *settings = (struct pal_settings){
        .model_path = pal_strdup(options->model_path),
        .script_path = pal_strdup(options->script_path),
        .llama_dir = pal_strdup(options->llama_dir),
        .n_ctx_tokens = or_default(options->n_ctx_tokens, 8192),
        .n_sequences = or_default(options->n_sequences, 4),
        .n_threads = options->n_threads,
        .n_threads_batch = options->n_threads_batch,
        .n_threads_cpu = options->n_threads_cpu,
        .n_batch_tokens = or_default(options->n_batch_tokens, 512),
        .chunk_tokens = or_default(options->chunk_tokens, 512),
        .n_gpu_layers = options->n_gpu_layers,
        .kv_type = or_default(options->kv_type, PAL_GGUF_TYPE_F16),
        .ways = options->ways,
        .variant = pal_strdup(options->variant),
        .gpu_device = pal_strdup(options->gpu_device),
        .priority = options->priority,
        .cpus = is_empty(options->cpus) ? NULL : pal_strdup(options->cpus),
        .park_ram_bytes = options->park_ram_bytes,
        .park_disk_bytes = options->park_disk_bytes,
        .park_dir = pal_strdup(options->park_dir),
        .persona = pal_strdup(options->persona),
        .warm_dir = pal_strdup(options->warm_dir),
    };
    uint32_t most = settings->n_batch_tokens;
    settings->n_ubatch_tokens =
        or_default(options->n_ubatch_tokens, most < UBATCH_DEFAULT ? most : UBATCH_DEFAULT);
    if (settings->n_ubatch_tokens > most) {
        settings->n_ubatch_tokens = most;
    }
    enum pal_err err = pal_settings_check(settings, error);
    if (err == PAL_OK) {
        err = check_cpus(settings->cpus, true, error);
    }
    if (err != PAL_OK) {
        pal_settings_finish(settings);
    }
    return err;
}

static enum pal_err
check_number(const char *name, uint32_t value, uint32_t low, uint32_t high, struct pal_error *error)
{
    if (value >= low && value <= high) {
        return PAL_OK;
    }
    return pal_error_set(error, PAL_ERR_ARGUMENT, "%s must be from %u to %u, not %u", name, low,
                         high, value);
}

/* It becomes part of a file's name. */
static bool
is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = name != NULL ? strlen(name) : 0;
    return name == NULL ||
           (len > 0 && len <= PAL_ENGINE_NAME_MAX_BYTES && strspn(name, allowed) == len);
}

enum pal_err
pal_settings_check(const struct pal_settings *settings, struct pal_error *error)
{
    const char *paths[] = {settings->model_path, settings->script_path, settings->llama_dir,
                           settings->park_dir, settings->warm_dir};
    for (size_t i = 0; i < PAL_COUNT_OF(paths); i++) {
        if (paths[i] != NULL && strlen(paths[i]) > PAL_ENGINE_PATH_MAX_BYTES) {
            return pal_error_set(error, PAL_ERR_ARGUMENT, "a path is longer than %d bytes",
                                 PAL_ENGINE_PATH_MAX_BYTES);
        }
    }
    if (settings->persona != NULL && strlen(settings->persona) > PAL_ENGINE_PERSONA_MAX_BYTES) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "a persona is longer than %u bytes",
                             PAL_ENGINE_PERSONA_MAX_BYTES);
    }
    if (settings->park_ram_bytes > PAL_ENGINE_PARK_MAX_BYTES ||
        settings->park_disk_bytes > PAL_ENGINE_PARK_MAX_BYTES) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "a place to park is larger than 1 PiB");
    }
    if (!is_name(settings->variant) || !is_name(settings->gpu_device)) {
        return pal_error_set(error, PAL_ERR_ARGUMENT,
                             "the name of a CPU variant or a card has letters and digits only");
    }
    if (check_cpus(settings->cpus, false, error) != PAL_OK) {
        return PAL_ERR_ARGUMENT;
    }
    if (settings->kv_type != PAL_GGUF_TYPE_F16 && settings->kv_type != PAL_GGUF_TYPE_Q8_0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the KV cache is F16 or Q8_0, not type %u",
                             settings->kv_type);
    }
    if (settings->model_path == NULL && settings->script_path == NULL) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the engine needs a model or a script");
    }
    const struct {
        const char *name;
        uint32_t value, low, high;
    } ranges[] = {
        {"n_ctx_tokens", settings->n_ctx_tokens, 32, PAL_ENGINE_CTX_TOKENS_MAX},
        {"n_sequences", settings->n_sequences, 1, PAL_ENGINE_SEQUENCES_MAX},
        {"n_threads", settings->n_threads, 0, PAL_ENGINE_THREADS_MAX},
        {"n_threads_batch", settings->n_threads_batch, 0, PAL_ENGINE_THREADS_MAX},
        {"n_batch_tokens", settings->n_batch_tokens, settings->n_sequences, PAL_ENGINE_BATCH_MAX},
        {"n_threads_cpu", settings->n_threads_cpu, 0, PAL_ENGINE_THREADS_MAX},
        {"n_ubatch_tokens", settings->n_ubatch_tokens, 1, settings->n_batch_tokens},
        {"priority", settings->priority, 0, PAL_ENGINE_PRIORITIES - 1},
        {"ways", settings->ways, 0, PAL_ENGINE_WAYS_ALL},
        {"chunk_tokens", settings->chunk_tokens, 1, PAL_ENGINE_BATCH_MAX},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(ranges); i++) {
        enum pal_err err =
            check_number(ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high, error);
        if (err != PAL_OK) {
            return err;
        }
    }
    return PAL_OK;
}

static bool
is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
pal_settings_share_weights(const struct pal_settings *a, const struct pal_settings *b)
{
    return is_same_text(a->model_path, b->model_path) &&
           is_same_text(a->script_path, b->script_path) &&
           is_same_text(a->llama_dir, b->llama_dir) && is_same_text(a->variant, b->variant) &&
           is_same_text(a->gpu_device, b->gpu_device) && a->n_gpu_layers == b->n_gpu_layers &&
           ((a->ways ^ b->ways) & PAL_ENGINE_NO_EXTRA_BUFTS) == 0;
}

void
pal_settings_finish(struct pal_settings *settings)
{
    if (settings == NULL) {
        return;
    }
    free(settings->model_path);
    free(settings->script_path);
    free(settings->llama_dir);
    free(settings->variant);
    free(settings->gpu_device);
    free(settings->cpus);
    free(settings->park_dir);
    free(settings->persona);
    free(settings->warm_dir);
    *settings = (struct pal_settings){0};
}
