/* How many threads decode and prefill: a guess that `palabre tune` replaces by a measurement. */
#include <math.h>

#include "plan/plan.h"

/*
 * Threads beyond the physical cores only share one's multipliers; slow cores make the fast ones
 * wait at every barrier; another node's memory is far. Each of these costs more than it gives.
 */
uint32_t
pal_plan_threads(const struct pal_cpu *cpu, enum pal_why *why)
{
    uint32_t cores = cpu->n_cores_usable > 0 ? cpu->n_cores_usable : 1;
    *why = PAL_WHY_CORES;
    if (cpu->n_kinds > 1 && cpu->kinds[0].n_cores > 0 && cpu->kinds[0].n_cores < cores) {
        /* Two fast cores beside many slow ones are a phone's: then all work. */
        if (cpu->kinds[0].n_cores * 4 >= cores) {
            cores = cpu->kinds[0].n_cores;
            *why = PAL_WHY_FAST_CORES;
        }
    }
    if (cpu->n_numa > 1 && cpu->n_cores_node > 0 && cpu->n_cores_node < cores) {
        cores = cpu->n_cores_node;
        *why = PAL_WHY_ONE_NODE;
    }
    if (cpu->quota_cpus > 0 && cpu->quota_cpus < cores) {
        cores = cpu->quota_cpus < 1 ? 1 : (uint32_t)cpu->quota_cpus;
        *why = PAL_WHY_QUOTA;
    }
    /*
     * A thread that has to share its core makes all others wait at each barrier, so one thread
     * fewer beats one thread halved. Half a core of noise is no reason.
     */
    double idle = cpu->n_cores_usable - cpu->busy_cpus;
    if (cpu->busy_cpus >= 0.75 && cores > 1 && idle < cores) {
        uint32_t left = idle < 1 ? 1 : (uint32_t)floor(idle + 0.25);
        if (left < cores) {
            cores = left > 0 ? left : 1;
            *why = PAL_WHY_BUSY;
        }
    }
    return cores;
}
