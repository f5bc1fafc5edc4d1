/*
 * Any bytes as a list of cards, as what tune keeps, and as a size: read without harm, and a plan
 * made for whatever cards come out keeps its promises.
 */
#include <stdlib.h>
#include <string.h>

#include "plan/probe.h"
#include "plan/tuned.h"
#include "plan_models.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
plan_for(const struct pal_machine *machine)
{
    struct pal_shape shape;
    plan_shape(&plan_models[2], &shape);
    struct pal_plan_options options = pal_plan_options_default();
    options.n_gpu_layers = INT32_MAX;
    struct pal_plan plan = pal_plan_make(machine, &shape, &options);
    PAL_ASSERT(plan.n_gpu_layers <= shape.n_layers + 1);
    if (plan.n_gpu_layers > 0) {
        uint64_t needed = pal_sizes_gpu(&plan.sizes) + plan.gpu_reserve_bytes;
        PAL_ASSERT(needed <= machine->gpus[plan.gpu].free_bytes);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pal_machine machine = {.cpu = {.n_cores_usable = 4, .n_kinds = 1}};
    struct pal_tuned tuned;
    uint64_t bytes = 0;
    if (pal_gpus_read((const char *)data, len, &machine, NULL) == PAL_OK) {
        PAL_ASSERT(machine.n_gpus <= PAL_MACHINE_GPUS_MAX);
        plan_for(&machine);
    }
    if (pal_tuned_parse((const char *)data, len, &tuned, NULL) == PAL_OK) {
        PAL_ASSERT(tuned.n_threads > 0 && tuned.variant[sizeof(tuned.variant) - 1] == '\0');
    }
    char *text = pal_strndup((const char *)data, len);
    if (pal_bytes_parse(text, &bytes) == PAL_OK) {
        PAL_ASSERT(bytes <= UINT64_C(1000000000000000));
    }
    free(text);
    return 0;
}
