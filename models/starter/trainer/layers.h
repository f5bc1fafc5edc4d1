// The parts of a llama block that are no matrix product: forward and backward, by hand.
//
// Every function works on a flat run of tokens: row t of an [n][dim] array is token t.
#ifndef STARTER_LAYERS_H
#define STARTER_LAYERS_H

#include <stdbool.h>

// One document inside a batch. It attends only to itself, so no padding or mask is needed.
struct st_span {
    int start;
    int length;
};

// y = x / rms(x) * gain; scale[t] receives 1 / rms for the backward pass.
void st_rmsnorm(int n, int dim, float eps, const float *x, const float *gain, float *y,
                float *scale);

// Adds to dx and dgain.
void st_rmsnorm_back(int n, int dim, const float *x, const float *gain, const float *scale,
                     const float *dy, float *dx, float *dgain);

// Cosine and sine of every position and pair: table[positions][head_dim / 2][2].
void st_rope_table(int positions, int head_dim, float base, float *table);

// Rotates q and k inside qkv[n][3 * heads * head_dim], pairs (2i, 2i+1) as llama.cpp's "llama"
// does. `back` turns the other way, which is the gradient.
void st_rope(int n, int heads, int head_dim, const float *table, const int *position, float *qkv,
             bool back);

// out[n][heads * head_dim] = causal attention inside each span.
void st_attention(int spans, const struct st_span *span, int heads, int head_dim, const float *qkv,
                  float *out);

// Writes dqkv (all of it) from dout; probabilities are computed again instead of kept.
void st_attention_back(int spans, const struct st_span *span, int heads, int head_dim,
                       const float *qkv, const float *dout, float *dqkv);

// act[n][ff] = silu(gate) * up with gu[n][2 * ff] = gate then up.
void st_swiglu(int n, int ff, const float *gu, float *act);

// Overwrites gu with its gradient.
void st_swiglu_back(int n, int ff, float *gu, const float *dact);

// Turns logits[rows][vocab] into their gradient in place; returns the weighted sum of -log p.
double st_cross_entropy(int rows, int vocab, float *logits, const int *target, const float *weight,
                        float weight_scale);

#endif
