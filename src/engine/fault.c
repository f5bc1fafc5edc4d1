#include "engine/fault.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static struct pal_fault
parse_step(const char *text)
{
    struct pal_fault fault = {.n_times = 1};
    if (sscanf(text, "decode:n=%" SCNu64 ":ret=%" SCNd32 ":times=%" SCNu64, &fault.at,
               &fault.status, &fault.n_times) >= 2 &&
        fault.status != 0) {
        fault.step = PAL_FAULT_STEP_FAILS;
    } else if (sscanf(text, "nan:n=%" SCNu64 ":times=%" SCNu64, &fault.at, &fault.n_times) >= 1) {
        fault.step = PAL_FAULT_STEP_NAN;
    } else if (sscanf(text, "hang:n=%" SCNu64, &fault.at) == 1) {
        fault.step = PAL_FAULT_STEP_HANGS;
    }
    return fault.step != PAL_FAULT_STEP_NONE && fault.at > 0 ? fault : (struct pal_fault){0};
}

struct pal_fault
pal_fault_parse(const char *text)
{
    if (text == NULL) {
        return (struct pal_fault){0};
    }
    struct pal_fault fault = {0};
    if (sscanf(text, "load:layers=%" SCNd32 ":signal=%" SCNd32, &fault.load_layers,
               &fault.load_signal) == 2 &&
        fault.load_layers > 0 && fault.load_signal >= 0) {
        return fault;
    }
    fault = (struct pal_fault){0};
    if (sscanf(text, "fuse:safe_ms=%" SCNu32, &fault.safe_ms) == 1 ||
        sscanf(text, "memory:mib=%" SCNu32, &fault.load_mib) == 1) {
        return fault;
    }
    return parse_step(text);
}

struct pal_fault
pal_fault_from_environment(void)
{
    return pal_fault_parse(getenv("PALABRE_FAULT"));
}

enum pal_fault_step
pal_fault_next_step(struct pal_fault *fault)
{
    fault->n_steps++;
    if (fault->step == PAL_FAULT_STEP_NONE || fault->n_steps < fault->at || fault->n_times == 0) {
        return PAL_FAULT_STEP_NONE;
    }
    fault->n_times--;
    return fault->step;
}

bool
pal_fault_hits_load(const struct pal_fault *fault, int32_t n_gpu_layers)
{
    if (fault->load_layers == 0 || (n_gpu_layers >= 0 && n_gpu_layers < fault->load_layers)) {
        return false;
    }
    if (fault->load_signal > 0) {
        (void)raise(fault->load_signal);
    }
    return true;
}
