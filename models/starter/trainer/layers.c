// Norm, rotary position, SwiGLU and cross entropy; attention has its own file.
#include "layers.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

void
st_rmsnorm(int n, int dim, float eps, const float *x, const float *gain, float *y, float *scale)
{
#pragma omp parallel for schedule(static)
    for (int t = 0; t < n; t++) {
        const float *row = x + (size_t)t * dim;
        float *out = y + (size_t)t * dim;
        float sum = 0;
        for (int i = 0; i < dim; i++)
            sum += row[i] * row[i];
        float s = 1.0f / sqrtf(sum / (float)dim + eps);
        scale[t] = s;
        for (int i = 0; i < dim; i++)
            out[i] = row[i] * s * gain[i];
    }
}

void
st_rmsnorm_back(int n, int dim, const float *x, const float *gain, const float *scale,
                const float *dy, float *dx, float *dgain)
{
#pragma omp parallel for schedule(static) reduction(+ : dgain[:dim])
    for (int t = 0; t < n; t++) {
        const float *row = x + (size_t)t * dim;
        const float *d = dy + (size_t)t * dim;
        float *out = dx + (size_t)t * dim;
        float s = scale[t];
        float dot = 0;
        for (int i = 0; i < dim; i++) {
            dot += d[i] * gain[i] * row[i];
            dgain[i] += d[i] * row[i] * s;
        }
        float k = dot * s * s * s / (float)dim;
        for (int i = 0; i < dim; i++)
            out[i] += d[i] * gain[i] * s - row[i] * k;
    }
}

void
st_rope_table(int positions, int head_dim, float base, float *table)
{
    for (int t = 0; t < positions; t++) {
        for (int i = 0; i < head_dim / 2; i++) {
            float angle = (float)t * powf(base, -2.0f * (float)i / (float)head_dim);
            *table++ = cosf(angle);
            *table++ = sinf(angle);
        }
    }
}

void
st_rope(int n, int heads, int head_dim, const float *table, const int *position, float *qkv,
        bool back)
{
    size_t stride = (size_t)3 * heads * head_dim;
    float turn = back ? -1.0f : 1.0f;
#pragma omp parallel for schedule(static)
    for (int t = 0; t < n; t++) {
        const float *angle = table + (size_t)position[t] * head_dim;
        float *row = qkv + (size_t)t * stride;
        // q and k are the first two thirds of the row, so one loop turns both.
        for (int h = 0; h < 2 * heads; h++) {
            float *p = row + (size_t)h * head_dim;
            for (int i = 0; i < head_dim; i += 2) {
                float c = angle[i], s = turn * angle[i + 1];
                float a = p[i], b = p[i + 1];
                p[i] = a * c - b * s;
                p[i + 1] = a * s + b * c;
            }
        }
    }
}

void
st_swiglu(int n, int ff, const float *gu, float *act)
{
#pragma omp parallel for schedule(static)
    for (int t = 0; t < n; t++) {
        const float *gate = gu + (size_t)t * 2 * ff;
        const float *up = gate + ff;
        float *out = act + (size_t)t * ff;
        for (int i = 0; i < ff; i++)
            out[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
    }
}

void
st_swiglu_back(int n, int ff, float *gu, const float *dact)
{
#pragma omp parallel for schedule(static)
    for (int t = 0; t < n; t++) {
        float *gate = gu + (size_t)t * 2 * ff;
        float *up = gate + ff;
        const float *d = dact + (size_t)t * ff;
        for (int i = 0; i < ff; i++) {
            float g = gate[i];
            float sig = 1.0f / (1.0f + expf(-g));
            gate[i] = d[i] * up[i] * sig * (1.0f + g * (1.0f - sig));
            up[i] = d[i] * g * sig;
        }
    }
}

double
st_cross_entropy(int rows, int vocab, float *logits, const int *target, const float *weight,
                 float weight_scale)
{
    double loss = 0;
#pragma omp parallel for schedule(static) reduction(+ : loss)
    for (int r = 0; r < rows; r++) {
        float *row = logits + (size_t)r * vocab;
        float w = weight[r] * weight_scale;
        if (w == 0) { // a padding row: its gradient must not leak into the head
            memset(row, 0, (size_t)vocab * sizeof *row);
            continue;
        }
        float top = row[0];
        for (int i = 1; i < vocab; i++)
            top = row[i] > top ? row[i] : top;
        float at_target = row[target[r]] - top;
        float sum = 0;
        for (int i = 0; i < vocab; i++) {
            row[i] = expf(row[i] - top);
            sum += row[i];
        }
        loss += (double)weight[r] * (double)(logf(sum) - at_target);
        float k = w / sum;
        for (int i = 0; i < vocab; i++)
            row[i] *= k;
        row[target[r]] -= w;
    }
    return loss;
}
