// The trainer's gradient against finite differences, tensor by tensor, in f32.
//
// Each tensor is moved along its own gradient's direction: the slope measured there must be the
// gradient's length. That direction carries the most signal, so f32 rounding does not drown it.
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 96, VOCAB = 64 };

static double
loss_at(struct st_model *m, const struct st_batch *b)
{
    st_model_refresh(m);
    return st_model_step(m, b, false);
}

static bool
check(struct st_model *m, const struct st_batch *b, const struct st_tensor *t, const float *grad)
{
    size_t n = (size_t)t->rows * t->cols;
    float *p = st_model_params(m) + t->offset;
    const float *g = grad + t->offset;
    float *kept = malloc(n * sizeof *kept);
    if (!kept)
        return false;
    memcpy(kept, p, n * sizeof *kept);
    double norm = 0;
    for (size_t i = 0; i < n; i++)
        norm += (double)g[i] * (double)g[i];
    norm = sqrt(norm);
    double step = 0.02, value[2];
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            p[i] = kept[i] + (float)((side ? step : -step) * (double)g[i] / norm);
        value[side] = loss_at(m, b);
    }
    memcpy(p, kept, n * sizeof *kept);
    free(kept);
    double slope = (value[1] - value[0]) / (2 * step);
    double error = fabs(slope - norm) / norm;
    bool ok = norm > 1e-6 && error < 0.02;
    printf("%s %-20s gradient %.6f slope %.6f error %.4f\n", ok ? "ok  " : "FAIL", t->name, norm,
           slope, error);
    return ok;
}

int
main(void)
{
    struct st_config c = {.vocab = VOCAB,
                          .dim = 64,
                          .layers = 2,
                          .heads = 2,
                          .ff = 96,
                          .rope_base = 10000.0f,
                          .norm_eps = 1e-5f};
    int input[TOKENS], position[TOKENS], target[TOKENS];
    float weight[TOKENS];
    struct st_span span[] = {{0, 37}, {37, 50}, {87, 9}};
    for (int s = 0; s < 3; s++) {
        for (int i = 0; i < span[s].length; i++) {
            int t = span[s].start + i;
            input[t] = (t * 17 + s * 5) % VOCAB;
            target[t] = (t * 29 + 3) % VOCAB;
            position[t] = i;
            weight[t] = t % 5 == 0 ? 0.0f : 1.0f - 0.1f * (float)(t % 3);
        }
    }
    struct st_batch b = {.tokens = TOKENS,
                         .input = input,
                         .position = position,
                         .target = target,
                         .weight = weight,
                         .spans = 3,
                         .span = span};
    struct st_gemm *gemm = st_gemm_create(ST_F32);
    struct st_model *m = gemm ? st_model_create(&c, TOKENS, gemm, 3) : NULL;
    if (!m)
        return 1;
    int count, failed = 0;
    const struct st_tensor *tensors = st_model_tensors(m, &count);
    float *grad = malloc(st_model_size(m) * sizeof *grad);
    if (!grad || st_model_step(m, &b, true) < 0)
        return 1;
    memcpy(grad, st_model_grads(m), st_model_size(m) * sizeof *grad);
    for (int i = 0; i < count; i++)
        failed += !check(m, &b, &tensors[i], grad);
    free(grad);
    st_model_destroy(m);
    st_gemm_destroy(gemm);
    return failed ? 1 : 0;
}
