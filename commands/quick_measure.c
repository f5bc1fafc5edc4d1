#include "commands/quick_measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/tune.h"
#include "gguf/synth.h"
#include "plan/tuned.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define LOG_TOPIC "quick"
#include "util/log.h"

#define BUDGET_US      (3 * PAL_US_PER_S)
#define CTX_TOKENS_MAX 2048
/* Larger models are stood in for by about so many bytes of their layers: more than caches hold. */
#define WHOLE_MAX_BYTES (192 * PAL_MIB)
#define STAND_IN_BYTES  (96 * PAL_MIB)

/* ---- the stand-in ---- */

/* The file's own mixture of types, or the usual one. */
static const struct pal_gguf_quant *
quant_of(const struct pal_shape *shape)
{
    const struct pal_gguf_quant *quant = pal_gguf_quant_find(shape->quant);
    return quant != NULL ? quant : pal_gguf_quant_find("q4_k_m");
}

/* The model's dimensions, with few layers and a small vocabulary. */
static bool
stand_in_shape(const struct pal_shape *shape, struct pal_gguf_shape *small)
{
    const struct pal_shape_layer *layer = &shape->layers[0];
    *small = *pal_gguf_shape_find("tiny");
    if (shape->n_heads == 0 || shape->q_row % shape->n_heads != 0 || layer->bytes == 0) {
        return false;
    }
    uint32_t head = shape->q_row / shape->n_heads;
    small->name = "stand-in";
    small->n_layers = (uint32_t)((STAND_IN_BYTES + layer->bytes - 1) / layer->bytes);
    small->n_layers = small->n_layers < shape->n_layers ? small->n_layers : shape->n_layers;
    small->embedding = shape->n_embd;
    small->feed_forward = shape->n_ff;
    small->n_heads = shape->n_heads;
    small->n_heads_kv = layer->k_row / head;
    small->head_length = head;
    small->has_rope_factors = false;
    /* What the writer can't pack into blocks of 32 is no model that it knows. */
    return small->n_heads_kv > 0 && layer->k_row % head == 0 &&
           shape->n_heads % small->n_heads_kv == 0 && small->embedding % 32 == 0 &&
           small->feed_forward > 0 && small->feed_forward % 32 == 0 && head % 2 == 0;
}

/* Writes it and takes its name away at once, so that nothing stays behind. -1: it can't be. */
static int
make_stand_in(const struct pal_shape *shape)
{
    struct pal_gguf_shape small;
    struct pal_error error;
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    const struct pal_gguf_synth_options options = {.shape = &small, .quant = quant_of(shape)};
    if (!stand_in_shape(shape, &small)) {
        return -1;
    }
    char *path = pal_printf("%s/palabre-stand-in-%d.gguf", folder, (int)getpid());
    int fd = -1;
    if (pal_gguf_synth(path, &options, &error) == PAL_OK) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        (void)unlink(path);
    } else {
        pal_log_debug("no stand-in", "reason=" PAL_LOG_STR, error.text);
    }
    free(path);
    return fd;
}

/* ---- the measurement ---- */

static void
log_trial(const struct pal_tune *tune, const struct pal_candidate *candidate)
{
    char text[PAL_TUNE_TEXT_MAX];
    pal_log_debug("trial", "way=" PAL_LOG_STR " turn_ms=%.1f left_ms=%lld failure=" PAL_LOG_STR,
                  pal_tune_describe(&candidate->way, text, sizeof(text)), candidate->way.turn_ms,
                  (long long)(pal_tune_left_us(tune) / PAL_US_PER_MS), candidate->failure);
}

static void
measure(const struct pal_quick_measure *of, int64_t began_us, struct pal_tuned *found)
{
    struct pal_tune *tune = pal_calloc(1, sizeof(*tune));
    int fd = of->shape->file_bytes > WHOLE_MAX_BYTES ? make_stand_in(of->shape) : -1;
    char *stand_in = fd >= 0 ? pal_printf("/proc/%d/fd/%d", (int)getpid(), fd) : NULL;
    struct pal_error error;
    tune->program = of->program;
    tune->model_path = stand_in != NULL ? stand_in : of->model_path;
    tune->llama_dir = of->llama_dir;
    tune->plan = *of->plan;
    if (tune->plan.n_ctx_tokens > CTX_TOKENS_MAX) {
        tune->plan.n_ctx_tokens = CTX_TOKENS_MAX;
    }
    tune->n_cores = tune->n_free_cores = tune->n_logical = of->plan->n_threads;
    tune->budget_us = BUDGET_US - (pal_now_us() - began_us);
    tune->on_trial = log_trial;
    if (pal_tune_glance(tune, &error) != PAL_OK) {
        pal_log_debug("nothing to compare", "reason=" PAL_LOG_STR, error.text);
    }
    *found = tune->best;
    if (stand_in != NULL) { /* its turns are not the model's */
        found->turn_ms = found->usual_turn_ms = 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(stand_in);
    free(tune);
}

static bool
is_due(const struct pal_config *config, const struct pal_quick_measure *of, const char *path)
{
    struct pal_tuned known;
    struct pal_error error;
    if (!config->ai.quick_measure || of->plan->n_gpu_layers > 0 || path == NULL) {
        return false;
    }
    char *folder = pal_path_parent(path);
    bool can_keep = pal_path_make_dirs(folder, &error) == PAL_OK && access(folder, W_OK) == 0;
    free(folder);
    return can_keep && pal_tuned_load(path, &known, &error) != PAL_OK;
}

bool
pal_quick_measure(const struct pal_config *config, const struct pal_quick_measure *of)
{
    char *path = pal_tuned_path(of->machine, of->shape);
    bool is_kept = false;
    if (is_due(config, of, path)) {
        struct pal_tuned found;
        struct pal_error error;
        char text[PAL_TUNE_TEXT_MAX];
        int64_t began_us = pal_now_us();
        if (isatty(STDERR_FILENO) == 1) {
            (void)fprintf(
                stderr, "%s",
                PAL_T("first start with this model: three seconds to measure this machine "
                      "('palabre tune' does it thoroughly)\n",
                      "premier démarrage avec ce modèle : trois secondes pour mesurer "
                      "cette machine (« palabre tune » le fait à fond)\n"));
        }
        measure(of, began_us, &found);
        is_kept = pal_tuned_save(path, &found, &error) == PAL_OK;
        pal_log_info("measured quickly", "took_ms=%lld way=" PAL_LOG_STR,
                     (long long)((pal_now_us() - began_us) / PAL_US_PER_MS),
                     pal_tune_describe(&found, text, sizeof(text)));
    }
    free(path);
    return is_kept;
}
