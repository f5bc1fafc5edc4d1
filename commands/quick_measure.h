#ifndef PAL_COMMANDS_QUICK_MEASURE_H
#define PAL_COMMANDS_QUICK_MEASURE_H
/*
 * The first start with a model on a machine: nobody has tuned it yet, so three seconds go into
 * finding out which of the few best guesses (CPU build, weights rearranged or mapped) is fastest.
 * What is found is kept as `palabre tune` keeps its results, marked as quick, so that it happens
 * once; also where the three seconds were too few to tell.
 *
 * A model of gigabytes can't be loaded several times in that time: a few layers of the same
 * dimensions and types with random weights stand in for it.
 */
#include "config/config.h"
#include "plan/plan.h"

struct pal_quick_measure {
    const char *program; /* this very program */
    const char *model_path;
    const char *llama_dir; /* folder of ggml's backends */
    const struct pal_machine *machine;
    const struct pal_shape *shape;
    const struct pal_plan *plan;
};

/*
 * Measures and keeps the result. False, and nothing has changed: it was switched off, there is a
 * result already, a card computes, or there is no place to keep one. Blocks for about three
 * seconds. Main thread, before there are others.
 */
bool pal_quick_measure(const struct pal_config *config, const struct pal_quick_measure *of);

#endif
