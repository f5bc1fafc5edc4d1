#ifndef PAL_PLAN_SIZE_H
#define PAL_PLAN_SIZE_H
/*
 * Bytes that llama.cpp will take for a model placed in a given way: weights and KV exactly, from
 * the file's tensors; compute buffers from the graph's widest point, found by reading the
 * allocator's results for many shapes. tests/live/test_plan_llama.c holds all of them against what
 * llama.cpp reports, within 2 %. Pure; any thread.
 */
#include "plan/shape.h"

enum pal_repack {
    PAL_REPACK_NONE, /* weights stay mapped from the file */
    PAL_REPACK_AVX,  /* rearranged copies for the AVX2 and AVX-512 kernels */
    PAL_REPACK_AMX,
};

/* How a model is placed. */
struct pal_placement {
    uint32_t n_gpu_layers; /* as llama.cpp counts: blocks, plus one for the output layer */
    uint32_t n_ctx_tokens;
    uint32_t n_batch_tokens; /* rows of one graph */
    uint32_t n_sequences;
    uint32_t n_outputs;        /* rows of logits in one step; 0 = as many as the batch */
    uint32_t kv_type;          /* enum pal_gguf_type: F16, Q8_0, ... for K and V */
    bool has_flash_attn;       /* flash attention */
    bool has_kv_on_gpu;        /* KV of offloaded layers lies beside them */
    bool has_op_offload;       /* big batches of the CPU's layers are sent to the card */
    enum pal_repack repack;    /* only without a card: with one llama.cpp keeps weights mapped */
    uint64_t tensor_max_bytes; /* a larger output matrix stays on the CPU; 0 = any */
};

struct pal_sizes {
    uint64_t gpu_weights;
    uint64_t gpu_kv;
    uint64_t gpu_compute;
    uint64_t ram_mapped; /* of the file, shared with the page cache */
    uint64_t ram_repacked;
    uint64_t ram_kv;
    uint64_t ram_compute;
    uint64_t ram_output; /* rows of logits that a person's turn is sampled from */
};

struct pal_sizes pal_sizes_of(const struct pal_shape *shape, const struct pal_placement *placement);

uint64_t pal_sizes_gpu(const struct pal_sizes *sizes);
/* What can't be given back: everything but the mapped file. */
uint64_t pal_sizes_ram(const struct pal_sizes *sizes);

/* K and V of one layer; the context is rounded up to 256 as llama.cpp does. */
uint64_t pal_size_kv_layer(const struct pal_shape_layer *layer, uint32_t n_ctx_tokens,
                           uint32_t kv_type);

#endif
