// AdamW with global gradient clipping, and the learning rate's schedule.
#ifndef STARTER_ADAM_H
#define STARTER_ADAM_H

#include "model.h"

struct st_adam {
    float *m, *v; // owned; one entry a parameter
    size_t size;
    float beta1, beta2, eps, decay, clip;
};

bool st_adam_init(struct st_adam *a, size_t size);

void st_adam_finish(struct st_adam *a);

// One update; `step` counts from 1. Decay spares vectors (norm gains). Returns the gradient's norm.
double st_adam_update(struct st_adam *a, struct st_model *model, int step, float rate);

// Linear warm-up, then a cosine from `peak` down to a fiftieth of it at `total`.
float st_schedule(int step, int warmup, int total, float peak);

#endif
