#include "commands/quick_measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/tune.h"
#include "commands/stand_in.h"
#include "config/option.h"
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
    struct pal_stand_in stand_in;
    bool has_stand_in = pal_stand_in_make(&stand_in, of->shape);
    struct pal_error error;
    tune->program = of->program;
    tune->model_path = has_stand_in ? stand_in.path : of->model_path;
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
    if (has_stand_in) { /* its turns are not the model's */
        found->turn_ms = found->usual_turn_ms = 0;
    }
    pal_stand_in_remove(&stand_in);
    free(tune);
}

/* What a person asks for today is not what the machine is good at tomorrow. */
static bool
is_as_usual(const struct pal_config *config)
{
    static const char *const keys[] = {
        "ai.n_threads", "ai.n_threads_batch", "ai.n_batch",    "ai.n_ubatch",
        "ai.kv_type",   "ai.flash_attn",      "ai.repack",     "ai.kv_offload",
        "engine.cpus",  "engine.priority",    "engine.script",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(keys); i++) {
        const struct pal_option *option = pal_option_by_key(keys[i]);
        PAL_ASSERT(option != NULL);
        if (config->origins[pal_option_index(option)].kind != PAL_ORIGIN_DEFAULT) {
            return false;
        }
    }
    return true;
}

static bool
is_due(const struct pal_config *config, const struct pal_quick_measure *of, const char *path)
{
    struct pal_tuned known;
    struct pal_error error;
    if (!config->ai.quick_measure || !is_as_usual(config) || of->plan->n_gpu_layers > 0 ||
        path == NULL) {
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
