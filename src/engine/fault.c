#include "engine/fault.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct pal_fault
pal_fault_parse(const char *text)
{
    struct pal_fault fault = {.n_times = 1};
    int n = text != NULL ? sscanf(text, "decode:n=%" SCNu64 ":ret=%" SCNd32 ":times=%" SCNu64,
                                  &fault.at, &fault.status, &fault.n_times)
                         : 0;
    if (n >= 2 && fault.status != 0) {
        return fault;
    }
    fault = (struct pal_fault){0};
    n = text != NULL ? sscanf(text, "load:layers=%" SCNd32 ":signal=%" SCNd32, &fault.load_layers,
                              &fault.load_signal)
                     : 0;
    return n == 2 && fault.load_layers > 0 && fault.load_signal >= 0 ? fault
                                                                     : (struct pal_fault){0};
}

struct pal_fault
pal_fault_from_environment(void)
{
    return pal_fault_parse(getenv("PALABRE_FAULT"));
}

bool
pal_fault_hit(struct pal_fault *fault, int32_t *status)
{
    fault->n_steps++;
    if (fault->at == 0 || fault->n_steps < fault->at || fault->n_times == 0) {
        return false;
    }
    fault->n_times--;
    *status = fault->status;
    return true;
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
