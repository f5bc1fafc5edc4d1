#include "bench/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define GENERATIONS 10
#define TOKENS      24
#define PROMPT      16
#define TIMEOUT_US  (300 * PAL_US_PER_S)
#define ROW_MAX_US  (60 * PAL_US_PER_S)

static bool
take_count(const char *name, const char *text, uint32_t most, uint32_t *count)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > (long)most) {
        (void)fprintf(stderr,
                      PAL_T("palabre: %s: '%s' is no number from 1 to %u\n",
                            "palabre: %s : « %s » n'est pas un nombre de 1 à %u\n"),
                      name, text, most);
        return false;
    }
    *count = (uint32_t)value;
    return true;
}

/* Moves the sweep's own flags out of argv. */
static bool
take_flags(struct pal_sweep *sweep, int *argc, char **argv)
{
    int kept = 1;
    bool good = true;
    for (int i = 1; i < *argc && argv[i] != NULL && good; i++) {
        const char *value = i + 1 < *argc ? argv[i + 1] : NULL;
        if (value != NULL && strcmp(argv[i], "--generations") == 0) {
            good = take_count(argv[i++], value, 1000, &sweep->n_generations);
        } else if (value != NULL && strcmp(argv[i], "--tokens") == 0) {
            good = take_count(argv[i++], value, 1000, &sweep->n_tokens);
        } else if (value != NULL && strcmp(argv[i], "--json") == 0) {
            sweep->json_path = value;
            i++;
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return good;
}

bool
pal_sweep_init(struct pal_sweep *sweep, const struct pal_config_request *request, int argc,
               char **argv, int *status)
{
    struct pal_error error = {0};
    *sweep = (struct pal_sweep){.n_generations = GENERATIONS, .n_tokens = TOKENS};
    *status = PAL_EXIT_USAGE;
    if (!take_flags(sweep, &argc, argv) ||
        !pal_planning_settings(&sweep->planning, request, argc, argv, status)) {
        return false;
    }
    if (!pal_log_enabled(PAL_LOG_DEBUG)) {
        pal_log_init(PAL_LOG_ERROR, STDERR_FILENO);
    }
    sweep->program = pal_path_program();
    pal_planning_probe(&sweep->planning, false);
    if (sweep->program == NULL || pal_planning_make(&sweep->planning, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre: %s\n",
                      sweep->program == NULL ? PAL_T("cannot find this program's own file",
                                                     "impossible de trouver ce programme")
                                             : error.text);
        pal_sweep_finish(sweep);
        *status = PAL_EXIT_CONFIG;
        return false;
    }
    return true;
}

void
pal_sweep_finish(struct pal_sweep *sweep)
{
    pal_planning_finish(&sweep->planning);
    free(sweep->program);
    *sweep = (struct pal_sweep){0};
}

struct pal_engine_options
pal_sweep_options(const struct pal_sweep *sweep)
{
    const struct pal_planning *planning = &sweep->planning;
    struct pal_engine_options options = {
        .program = sweep->program,
        .model_path = planning->model_path,
        .llama_dir = planning->llama_dir,
        .priority = (enum pal_engine_priority)planning->config.engine.priority,
        .cpus = planning->config.engine.cpus,
    };
    pal_planning_engine(&planning->plan, &planning->machine, &options);
    if (planning->config.engine.speculation == PAL_CONFIG_WISH_OFF) {
        options.ways |= PAL_ENGINE_NO_DRAFTS;
    }
    return options;
}

/* What the driver says now, with the model loaded, against what it said before. */
static void
look_at_card(const struct pal_sweep *sweep, struct pal_sweep_row *row)
{
    const struct pal_planning *planning = &sweep->planning;
    struct pal_machine *now = pal_calloc(1, sizeof(*now));
    const struct pal_probe_options probe = {.llama_dir = planning->llama_dir, .asks_drivers = true};
    pal_probe(&probe, now);
    uint32_t i = planning->plan.gpu >= 0 ? (uint32_t)planning->plan.gpu : 0;
    if (i < now->n_gpus && i < planning->machine.n_gpus) {
        uint64_t before = planning->machine.gpus[i].free_bytes;
        uint64_t after = now->gpus[i].free_bytes;
        row->vram_bytes = after < before ? before - after : 0;
        row->temperature_c = now->gpus[i].temperature_c;
    }
    free(now);
}

enum pal_err
pal_sweep_measure(const struct pal_sweep *sweep, const struct pal_engine_options *options,
                  struct pal_sweep_row *row, struct pal_error *error)
{
    struct pal_trial trial;
    struct pal_trial_turns turns;
    *row = (struct pal_sweep_row){0};
    enum pal_err err = pal_trial_open(&trial, options, TIMEOUT_US, error);
    if (err != PAL_OK) {
        return err;
    }
    const struct pal_engine_facts *facts = pal_engine_facts(trial.engine);
    row->load_s = (double)facts->load_us / (double)PAL_US_PER_S;
    row->n_layers_gpu = facts->n_layers_gpu;
    double step_us = 0, n = 0;
    int64_t start_us = pal_now_us();
    /* One more, that does not count: the first touches everything for the first time. */
    for (uint32_t i = 0; i <= sweep->n_generations && err == PAL_OK; i++) {
        err = pal_trial_run(&trial, 1, PROMPT, sweep->n_tokens, TIMEOUT_US, &turns, error);
        if (i > 0 && err == PAL_OK) {
            row->seconds += (double)turns.wall_us / (double)PAL_US_PER_S;
            row->first_token_s += (double)turns.first_token_us / (double)PAL_US_PER_S;
            row->cpu_percent += 100.0 * turns.cpu_share;
            step_us += turns.step_us;
            n++;
        }
        if (n > 0 && pal_now_us() - start_us > ROW_MAX_US) {
            break; /* hopeless rows need no ten proofs */
        }
    }
    row->n_generations = (uint32_t)n;
    row->seconds /= n > 0 ? n : 1;
    row->first_token_s /= n > 0 ? n : 1;
    row->cpu_percent /= n > 0 ? n : 1;
    row->tokens_s = step_us > 0 ? n * (double)PAL_US_PER_S / step_us : 0;
    row->rss_bytes = pal_trial_rss_bytes(&trial);
    if (row->n_layers_gpu > 0) {
        look_at_card(sweep, row);
    }
    pal_trial_close(&trial);
    return err;
}
