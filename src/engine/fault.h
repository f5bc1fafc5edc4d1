#ifndef PAL_ENGINE_FAULT_H
#define PAL_ENGINE_FAULT_H
/*
 * What fails on purpose, to test what is done then: llama_decode() can't be made to return its
 * error codes from outside, and a card's driver not to end the process. From the environment, in
 * the engine's process:
 *
 *     PALABRE_FAULT=decode:n=7:ret=-3:times=2
 *     PALABRE_FAULT=load:layers=2:signal=6
 *
 * The 7th step, and the attempts after it, `times` (default 1) in all, compute nothing and return
 * -3. Loading with 2 layers or more on the card ends the process by signal 6, or fails if that is
 * 0. Pure but for the reading of the environment; one owner.
 */
#include <stdbool.h>
#include <stdint.h>

struct pal_fault {
    uint64_t n_steps;
    uint64_t at; /* 0 = never */
    uint64_t n_times;
    int32_t status;
    int32_t load_layers; /* 0 = never */
    int32_t load_signal;
};

/* Nothing is set if the variable is missing or not understood. */
struct pal_fault pal_fault_from_environment(void);
struct pal_fault pal_fault_parse(const char *text);
/* Counts a step; true if it is to fail with *status. */
bool pal_fault_hit(struct pal_fault *fault, int32_t *status);
/* True: loading with so many layers on the card (negative = all) fails. Or the process ends. */
bool pal_fault_hits_load(const struct pal_fault *fault, int32_t n_gpu_layers);

#endif
