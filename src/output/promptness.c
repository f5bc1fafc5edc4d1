#include "output/promptness.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The shortest slice that the kernel grants. */
#define SLICE_NS 100000

#define RESET_ON_FORK 1

/* The kernel's struct sched_attr, version 0; the C library has no name for it yet. */
struct sched_attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
};

bool
pal_prompt_thread(void)
{
    struct sched_attributes attributes;
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0 ||
        attributes.policy != SCHED_OTHER) {
        return false;
    }
    attributes.size = sizeof(attributes);
    attributes.flags |= RESET_ON_FORK; /* the engine's process gets its usual slice back */
    attributes.runtime_ns = SLICE_NS;
    return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}
