/*
 * palabre bench gpu: the same generations with 0, 10, 20, 30, 35, 40 and all layers on the card,
 * and with the three profiles; what each takes of it, and which name suits that share.
 */
#include <stdio.h>

#include "bench/sweep.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "util/mem.h"
#include "util/text.h"

static const struct pal_config_request request = {
    .command = "bench gpu",
    .arguments = PAL_SWEEP_ARGUMENTS,
    .about_en = "Measures replies with more and more layers on the graphics card.",
    .about_fr = "Mesure des réponses avec de plus en plus de couches sur la carte graphique.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

/* By the share of the card that is then full. */
static const char *
advice(double percent)
{
    if (percent < 50) {
        return "FAST";
    }
    if (percent < 70) {
        return "BALANCED";
    }
    return percent <= 85 ? "PERFORMANCE" : PAL_T("too full", "trop pleine");
}

static void
report(struct pal_bench *bench, const struct pal_sweep *sweep, const char *name,
       const struct pal_plan *plan, const struct pal_sweep_row *row)
{
    const struct pal_machine *machine = &sweep->planning.machine;
    pal_bench_section(bench, name);
    pal_bench_value(bench, "layers on the card", "", row->n_layers_gpu, NULL);
    pal_bench_value(bench, "load", "s", row->load_s, NULL);
    pal_bench_value(bench, "first token", "s", row->first_token_s, NULL);
    pal_bench_value(bench, "generation", "s", row->seconds, NULL);
    pal_bench_value(bench, "tokens", "1/s", row->tokens_s, NULL);
    if (plan->gpu < 0) {
        return;
    }
    const struct pal_gpu *gpu = &machine->gpus[plan->gpu];
    uint64_t predicted = pal_sizes_gpu(&plan->sizes);
    uint64_t used =
        gpu->total_bytes - gpu->free_bytes + (row->vram_bytes > 0 ? row->vram_bytes : predicted);
    double percent = 100.0 * (double)used / (double)gpu->total_bytes;
    pal_bench_value(bench, "VRAM, planned", "MiB", (double)predicted / (double)PAL_MIB, NULL);
    pal_bench_value(bench, "VRAM, measured", "MiB", (double)row->vram_bytes / (double)PAL_MIB,
                    row->vram_bytes > 0 ? NULL : "this driver does not tell");
    pal_bench_value(bench, "VRAM, share", "%", percent, advice(percent));
    if (row->temperature_c > 0) {
        pal_bench_value(bench, "temperature", "C", row->temperature_c, NULL);
    }
}

static void
measure(struct pal_bench *bench, const struct pal_sweep *sweep, const char *name,
        const struct pal_plan_options *wishes)
{
    const struct pal_planning *planning = &sweep->planning;
    struct pal_plan plan = pal_plan_make(&planning->machine, &planning->shape, wishes);
    struct pal_engine_options options = pal_sweep_options(sweep);
    struct pal_sweep_row row;
    struct pal_error error;
    pal_planning_engine(&plan, &planning->machine, &options);
    if (pal_sweep_measure(sweep, &options, &row, &error) != PAL_OK) {
        pal_bench_fail(bench, "%s: %s", name, error.text);
        return;
    }
    report(bench, sweep, name, &plan, &row);
}

int
pal_bench_gpu(int argc, char **argv)
{
    struct pal_sweep sweep;
    struct pal_bench bench;
    int status;
    if (!pal_sweep_init(&sweep, &request, argc, argv, &status)) {
        return status;
    }
    pal_bench_init(&bench, "gpu");
    const struct pal_planning *planning = &sweep.planning;
    const int32_t all = (int32_t)planning->shape.n_layers + 1;
    const int32_t layers[] = {0, 10, 20, 30, 35, 40, all};
    struct pal_plan_options wishes = pal_planning_options(&planning->config);
    wishes.wants_profile = false;
    for (size_t i = 0; i < PAL_COUNT_OF(layers); i++) {
        char name[64];
        if (layers[i] >= all && layers[i] != all) {
            continue; /* this model has no more */
        }
        (void)snprintf(name, sizeof(name), layers[i] == all ? "all layers (%d)" : "%d layers",
                       (int)layers[i]);
        if (planning->machine.n_gpus == 0 && layers[i] > 0) {
            pal_bench_section(&bench, name);
            (void)printf("%s\n", PAL_T("  no card: this would run as 0 layers",
                                       "  pas de carte : cela tournerait comme 0 couche"));
            continue;
        }
        wishes.n_gpu_layers = layers[i];
        measure(&bench, &sweep, name, &wishes);
    }
    wishes.n_gpu_layers = PAL_PLAN_LAYERS_AUTO;
    wishes.wants_profile = true;
    for (int profile = PAL_PROFILE_PERFORMANCE;
         profile <= PAL_PROFILE_CPU && planning->machine.n_gpus > 0; profile++) {
        char name[64];
        wishes.profile = (enum pal_profile)profile;
        (void)snprintf(name, sizeof(name), "profile %s", pal_profile_name(wishes.profile));
        measure(&bench, &sweep, name, &wishes);
    }
    status = pal_bench_finish(&bench, sweep.json_path);
    pal_sweep_finish(&sweep);
    return status;
}
