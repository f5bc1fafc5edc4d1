#ifndef PAL_ENGINE_FAULT_H
#define PAL_ENGINE_FAULT_H
/*
 * Steps that fail on purpose, to test what is done then: llama_decode() can't be made to return its
 * error codes from outside. From the environment, in the engine's process:
 *
 *     PALABRE_FAULT=decode:n=7:ret=-3:times=2
 *
 * The 7th step, and the attempts after it, `times` (default 1) in all, compute nothing and return
 * -3. Pure but for the reading of the environment; one owner.
 */
#include <stdbool.h>
#include <stdint.h>

struct pal_fault {
    uint64_t n_steps;
    uint64_t at; /* 0 = never */
    uint64_t n_times;
    int32_t status;
};

/* Nothing is set if the variable is missing or not understood. */
struct pal_fault pal_fault_from_environment(void);
struct pal_fault pal_fault_parse(const char *text);
/* Counts a step; true if it is to fail with *status. */
bool pal_fault_hit(struct pal_fault *fault, int32_t *status);

#endif
