#ifndef PAL_PLAN_SHAPE_H
#define PAL_PLAN_SHAPE_H
/*
 * A model's shape, as the plan sees it: bytes of each layer and the few dimensions that size the KV
 * cache and the compute buffers. Plain data, by value; from a GGUF file's header or a test's table.
 */
#include <stdbool.h>
#include <stdint.h>

#include "gguf/gguf.h"

/* A run of bytes in the file; llama.cpp maps from the first to the last that a device needs. */
struct pal_extent {
    uint64_t first;
    uint64_t end; /* 0 = nothing */
};

struct pal_shape_layer {
    uint64_t bytes;
    uint64_t repack_bytes;     /* of these, rearranged by the AVX2 and AVX-512 kernels */
    uint64_t repack_amx_bytes; /* by the AMX kernels */
    struct pal_extent extent;
    uint32_t k_row; /* values of K and V for one token */
    uint32_t v_row;
};

struct pal_shape {
    char name[128];
    char architecture[64];
    char quant[32];
    uint32_t n_layers;
    uint32_t n_ctx_train;
    uint32_t n_vocab;
    uint32_t n_embd;
    uint32_t n_ff;
    uint32_t n_heads;
    uint32_t q_row; /* values of Q for one token, all heads */
    uint64_t n_parameters;
    uint64_t file_bytes;
    struct pal_shape_layer input; /* token embeddings: always in main memory */
    struct pal_shape_layer
        output; /* what turns a state into logits; the embeddings again if tied */
    struct pal_shape_layer matrix; /* of the output layer, its one large tensor */
    struct pal_shape_layer shared; /* small tensors that every layer reads (RoPE factors) */
    bool tied;
    bool approximate; /* an architecture whose buffers the formulas don't know exactly */
    struct pal_shape_layer layers[PAL_GGUF_LAYERS_MAX];
};

/* PAL_ERR_MODEL if the file has no layers or no vocabulary. */
enum pal_err pal_shape_from_gguf(const struct pal_gguf *gguf, struct pal_shape *shape,
                                 struct pal_error *error) PAL_MUST_USE;

#endif
