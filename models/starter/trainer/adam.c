// AdamW: two passes over flat arrays, one for the norm, one for the update.
#include "adam.h"

#include <math.h>
#include <stdlib.h>

bool
st_adam_init(struct st_adam *a, size_t size)
{
    *a = (struct st_adam){
        .size = size, .beta1 = 0.9f, .beta2 = 0.98f, .eps = 1e-8f, .decay = 0.1f, .clip = 1.0f};
    a->m = calloc(size, sizeof(float));
    a->v = calloc(size, sizeof(float));
    if (a->m && a->v)
        return true;
    st_adam_finish(a);
    return false;
}

void
st_adam_finish(struct st_adam *a)
{
    free(a->m);
    free(a->v);
    a->m = a->v = NULL;
}

double
st_adam_update(struct st_adam *a, struct st_model *model, int step, float rate)
{
    float *p = st_model_params(model);
    const float *g = st_model_grads(model);
    double sum = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : sum)
    for (size_t i = 0; i < a->size; i++)
        sum += (double)g[i] * (double)g[i];
    double norm = sqrt(sum);
    float shrink = norm > (double)a->clip ? a->clip / (float)norm : 1.0f;
    float fix1 = 1.0f / (1.0f - powf(a->beta1, (float)step));
    float fix2 = 1.0f / (1.0f - powf(a->beta2, (float)step));
    float b1 = a->beta1, b2 = a->beta2, eps = a->eps;
    float *m = a->m, *v = a->v;
    int count;
    const struct st_tensor *tensors = st_model_tensors(model, &count);
    for (int k = 0; k < count; k++) {
        const struct st_tensor *t = &tensors[k];
        size_t from = t->offset, to = from + (size_t)t->rows * t->cols;
        float keep = t->rows == 1 ? 1.0f : 1.0f - rate * a->decay;
#pragma omp parallel for simd schedule(static)
        for (size_t i = from; i < to; i++) {
            float grad = g[i] * shrink;
            m[i] = b1 * m[i] + (1.0f - b1) * grad;
            v[i] = b2 * v[i] + (1.0f - b2) * grad * grad;
            p[i] = p[i] * keep - rate * (m[i] * fix1) / (sqrtf(v[i] * fix2) + eps);
        }
    }
    st_model_refresh(model);
    return norm;
}

float
st_schedule(int step, int warmup, int total, float peak)
{
    if (step < warmup)
        return peak * (float)(step + 1) / (float)warmup;
    float part = (float)(step - warmup) / (float)(total > warmup ? total - warmup : 1);
    part = part > 1 ? 1 : part;
    float low = peak / 50;
    return low + (peak - low) * 0.5f * (1.0f + cosf(3.14159265f * part));
}
