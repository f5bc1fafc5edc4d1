#include "engine/threads.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lowest-numbered sibling stands for its core; -1 if the system doesn't say. */
static int
first_sibling(int cpu)
{
    char path[96];
    (void)snprintf(path, sizeof(path),
                   "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return -1;
    }
    int first = -1;
    if (fscanf(file, "%d", &first) != 1) {
        first = -1;
    }
    (void)fclose(file);
    return first;
}

/* Whole CPUs that the cgroup grants; 0 = no limit. */
static uint32_t
quota_cpus(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file == NULL) {
        return 0;
    }
    int64_t quota = 0;
    int64_t period = 0;
    int n = fscanf(file, "%" SCNd64 " %" SCNd64, &quota, &period);
    (void)fclose(file);
    if (n != 2 || quota <= 0 || period <= 0) {
        return 0; /* "max" */
    }
    int64_t cpus = (quota + period / 2) / period;
    return cpus > 0 ? (uint32_t)cpus : 1;
}

/* One logical CPU of each core that this process may use: the lowest; returns how many. */
static uint32_t
one_of_each_core(cpu_set_t *firsts)
{
    cpu_set_t allowed, seen;
    CPU_ZERO(&allowed);
    CPU_ZERO(&seen);
    CPU_ZERO(firsts);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        return 0;
    }
    uint32_t n = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed)) {
            continue;
        }
        int core = first_sibling(cpu);
        core = core >= 0 && core < CPU_SETSIZE ? core : cpu;
        if (!CPU_ISSET(core, &seen)) {
            CPU_SET(core, &seen);
            CPU_SET(cpu, firsts);
            n++;
        }
    }
    return n;
}

uint32_t
pal_threads_default(void)
{
    cpu_set_t firsts;
    uint32_t n = one_of_each_core(&firsts);
    uint32_t quota = quota_cpus();
    if (quota > 0 && quota < n) {
        n = quota;
    }
    return n > 0 ? n : 1;
}

bool
pal_threads_mask(uint32_t n, bool *mask, size_t size)
{
    cpu_set_t firsts;
    if (one_of_each_core(&firsts) < n) {
        return false;
    }
    uint32_t n_set = 0;
    for (size_t cpu = 0; cpu < size && cpu < CPU_SETSIZE && n_set < n; cpu++) {
        mask[cpu] = CPU_ISSET(cpu, &firsts);
        n_set += mask[cpu] ? 1 : 0;
    }
    if (n_set < n) {
        memset(mask, 0, size * sizeof(*mask));
    }
    return n_set == n;
}
