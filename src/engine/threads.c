#include "engine/threads.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

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

uint32_t
pal_threads_default(void)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        return 1;
    }
    uint32_t n = 0;
    cpu_set_t seen;
    CPU_ZERO(&seen);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed)) {
            continue;
        }
        int core = first_sibling(cpu);
        core = core >= 0 && core < CPU_SETSIZE ? core : cpu;
        if (!CPU_ISSET(core, &seen)) {
            CPU_SET(core, &seen);
            n++;
        }
    }
    uint32_t quota = quota_cpus();
    if (quota > 0 && quota < n) {
        n = quota;
    }
    return n > 0 ? n : 1;
}
