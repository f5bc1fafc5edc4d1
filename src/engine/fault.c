#include "engine/fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct pal_fault
pal_fault_parse(const char *text)
{
    struct pal_fault fault = {.n_times = 1};
    int n = text != NULL ? sscanf(text, "decode:n=%" SCNu64 ":ret=%" SCNd32 ":times=%" SCNu64,
                                  &fault.at, &fault.status, &fault.n_times)
                         : 0;
    return n >= 2 && fault.status != 0 ? fault : (struct pal_fault){0};
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
