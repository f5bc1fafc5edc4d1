// The starter model: a llama (RMSNorm, RoPE, SwiGLU, tied embedding) with its gradient.
//
// Parameters live in one flat array, gradients and optimiser state in arrays of the same shape, so
// that the optimiser and checkpoints need not know what a layer is.
#ifndef STARTER_MODEL_H
#define STARTER_MODEL_H

#include "gemm.h"
#include "layers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct st_config {
    int32_t vocab;
    int32_t dim;
    int32_t layers;
    int32_t heads; // dim / heads must be a multiple of 32
    int32_t ff;
    float rope_base;
    float norm_eps;
};

// One matrix or vector inside the flat array; stored [rows][cols] as llama.cpp wants it.
struct st_tensor {
    char name[32]; // GGUF name, or one that the export splits ("blk.0.attn_qkv")
    size_t offset;
    int rows; // 1 for a vector
    int cols;
};

// Tokens of some whole documents, back to back. Arrays have `tokens` entries.
struct st_batch {
    int tokens;
    const int *input;
    const int *position;
    const int *target;
    const float *weight; // of each target in the loss; 0 = not predicted
    int spans;
    const struct st_span *span;
};

struct st_model;

// `tokens`: what every batch will hold. The gemm is borrowed and must outlive the model.
struct st_model *st_model_create(const struct st_config *config, int tokens, struct st_gemm *gemm,
                                 uint64_t seed);

void st_model_destroy(struct st_model *m);

const struct st_config *st_model_config(const struct st_model *m);

size_t st_model_size(const struct st_model *m);

float *st_model_params(struct st_model *m);

float *st_model_grads(struct st_model *m);

const struct st_tensor *st_model_tensors(const struct st_model *m, int *count);

// Must be called after the parameters changed: refreshes the operand copy used by products.
void st_model_refresh(struct st_model *m);

// Mean loss over weighted targets; with `gradient`, grads are overwritten. Negative on failure.
double st_model_step(struct st_model *m, const struct st_batch *batch, bool gradient);

#endif
