#ifndef PAL_ENGINE_MODEL_MEASURE_H
#define PAL_ENGINE_MODEL_MEASURE_H
/*
 * What steps of a few rows cost, measured while nobody waits for anything, so that the first prompt
 * that comes in beside a stream gets chunks of the right size. Gives way to whatever comes in, and
 * ends after a few seconds even if not all sizes were tried. For the model worker's own files.
 * Compute thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pal_measuring {
    size_t n_done;    /* of the sizes in its list */
    int64_t spent_us; /* so far */
    bool is_running;  /* a step of it is being computed */
    bool is_over;
};

#endif
