#ifndef PAL_PLAN_VARIANTS_H
#define PAL_PLAN_VARIANTS_H
/*
 * The CPU builds of ggml in a folder: one library for each generation of processors. Which of those
 * that run here is fastest is measured (`palabre tune`), not guessed by age. Any thread.
 */
#include <stddef.h>

#define PAL_VARIANTS_MAX 32

struct pal_variant {
    char name[32]; /* "zen4" */
    int score;     /* ggml's own: how many instruction sets it uses; 0 = does not run here */
};

/* Those that run here, highest score first. Opens each library for a moment. */
size_t pal_variants_find(const char *folder, struct pal_variant variants[PAL_VARIANTS_MAX]);

#endif
