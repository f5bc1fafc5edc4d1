#include "commands/switch_room.h"

#include <dirent.h>
#include <stdlib.h>

#include "plan/probe.h"
#include "util/mem.h"

/* Rearranging less takes no time that matters. */
#define STAGE_REPACKED ((uint64_t)256 << 20)
/* What the rest of the machine may want meanwhile. */
#define RAM_SPARE_BYTES ((uint64_t)256 << 20)

bool
pal_room_for_two(const struct pal_startup *startup, const struct pal_plan *plan)
{
    const struct pal_plan *old = &startup->plan;
    if (!startup->config.engine.switch_beside) {
        return false;
    }
    if (startup->plan_json == NULL) {
        return true; /* a script, or servers: there is nothing to count */
    }
    uint64_t on_card = pal_sizes_gpu(&plan->sizes) + pal_sizes_gpu(&old->sizes);
    bool is_on_card = pal_sizes_gpu(&plan->sizes) > 0 && pal_sizes_gpu(&old->sizes) > 0;
    if (is_on_card && on_card + plan->gpu_reserve_bytes > plan->gpu_free_bytes) {
        return false;
    }
    struct pal_machine *machine = pal_calloc(1, sizeof(*machine));
    pal_probe_memory(&(struct pal_probe_options){.root = NULL}, machine);
    uint64_t available = machine->memory.available_bytes;
    free(machine);
    uint64_t needed = pal_sizes_ram(&plan->sizes) + RAM_SPARE_BYTES;
    bool fits_limit = plan->ram_available_bytes == 0 ||
                      needed + pal_sizes_ram(&old->sizes) <= plan->ram_available_bytes;
    return available == 0 || (needed <= available && fits_limit);
}

/* Has a former run left what prompts begin with? Reading a long one with weights as they lie in the
 * file takes longer than rearranging them first. */
static bool
knows_something(const char *warm_dir)
{
    bool found = false;
    DIR *folder = warm_dir != NULL ? opendir(warm_dir) : NULL;
    const struct dirent *entry;
    while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
        found = entry->d_name[0] != '.';
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return found;
}

static bool
should_stage(const struct pal_startup *startup)
{
    const struct pal_sizes *sizes = &startup->plan.sizes;
    int64_t wish = startup->config.engine.staged_start;
    if (wish == PAL_CONFIG_WISH_OFF || startup->plan_json == NULL ||
        (startup->engine.ways & PAL_ENGINE_NO_EXTRA_BUFTS) != 0) {
        return false;
    }
    uint64_t both = pal_sizes_ram(sizes) + sizes->ram_mapped + sizes->ram_kv + sizes->ram_compute +
                    RAM_SPARE_BYTES;
    return wish == PAL_CONFIG_WISH_ON ||
           (sizes->ram_repacked >= STAGE_REPACKED && both <= startup->plan.ram_available_bytes &&
            knows_something(startup->engine.warm_dir));
}

bool
pal_room_first_engine(const struct pal_startup *startup, struct pal_engine_options *options)
{
    *options = startup->engine;
    if (!should_stage(startup)) {
        return false;
    }
    options->ways |= PAL_ENGINE_NO_EXTRA_BUFTS;
    return true;
}
