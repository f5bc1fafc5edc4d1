#ifndef PAL_ENGINE_FAULT_H
#define PAL_ENGINE_FAULT_H
/*
 * What fails on purpose, to test what is done then: llama_decode() can't be made to return its
 * error codes from outside, nor to hang, and a card's driver not to end the process. From the
 * environment:
 *
 *     PALABRE_FAULT=decode:n=7:ret=-3:times=2
 *     PALABRE_FAULT=nan:n=7:times=2
 *     PALABRE_FAULT=hang:n=7
 *     PALABRE_FAULT=load:layers=2:signal=6
 *     PALABRE_FAULT=memory:mib=64
 *     PALABRE_FAULT=fuse:safe_ms=300
 *
 * In the engine's process: the 7th step, and the attempts after it, `times` (default 1) in all,
 * compute nothing and return -3; or compute what is no number; or the 7th never ends. Loading with
 * 2 layers or more on the card ends the process by signal 6, or fails if that is 0; or may take
 * 64 MiB and no more. In the front: the safe way (fuse.h) is gone for 300 ms the first time, in
 * place of ten minutes. Pure but for the reading of the environment; one owner.
 */
#include <stdbool.h>
#include <stdint.h>

enum pal_fault_step {
    PAL_FAULT_STEP_NONE,
    PAL_FAULT_STEP_FAILS, /* with `status` */
    PAL_FAULT_STEP_NAN,
    PAL_FAULT_STEP_HANGS,
};

struct pal_fault {
    enum pal_fault_step step; /* NONE = never */
    uint64_t n_steps;
    uint64_t at;
    uint64_t n_times;
    int32_t status;
    int32_t load_layers; /* 0 = never */
    int32_t load_signal;
    uint32_t load_mib; /* 0 = as usual */
    uint32_t safe_ms;  /* likewise */
};

/* Nothing is set if the variable is missing or not understood. */
struct pal_fault pal_fault_from_environment(void);
struct pal_fault pal_fault_parse(const char *text);
/* Counts a step, and says what is to become of it. */
enum pal_fault_step pal_fault_next_step(struct pal_fault *fault);
/* True: loading with so many layers on the card (negative = all) fails. Or the process ends. */
bool pal_fault_hits_load(const struct pal_fault *fault, int32_t n_gpu_layers);

#endif
