#ifndef PAL_GGUF_SHAPE_H
#define PAL_GGUF_SHAPE_H
/*
 * The shapes of real models and the mixtures of tensor types that llama.cpp's quantiser makes of
 * them: what decides the size and the speed of a model, without its weights. Pure; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pal_gguf_family {
    PAL_GGUF_FAMILY_QWEN,
    PAL_GGUF_FAMILY_LLAMA3,
    PAL_GGUF_FAMILY_ZEPHYR,
};

struct pal_gguf_shape {
    const char *name;
    const char *architecture;
    enum pal_gguf_family family; /* vocabulary's special tokens and chat template */
    uint32_t n_layers;
    uint32_t embedding;
    uint32_t feed_forward;
    uint32_t n_heads;
    uint32_t n_heads_kv;
    uint32_t head_length;
    uint32_t context_tokens;
    uint32_t n_vocab;
    uint32_t n_plain_tokens; /* ids below this are text, special tokens from here on */
    float rope_base;
    float norm_epsilon;
    bool is_tied; /* no output tensor of its own: the embedding is used twice */
    bool has_qkv_bias;
    bool has_rope_factors;
    bool has_post_norms;      /* behind attention and feed-forward as well */
    uint32_t n_window_tokens; /* that layers look back on, where not on all; 0 = there is none */
    uint32_t n_conv_tokens; /* > 0: all but one layer in PAL_GGUF_ATTENTION_EVERY keep a state of so
                               many tokens, and no KV */
};

#define PAL_GGUF_ATTENTION_EVERY 2

struct pal_gguf_quant {
    const char *name;
    uint32_t file_type;  /* general.file_type */
    uint32_t type;       /* of most matrices */
    uint32_t better;     /* of the layers that get more bits */
    uint32_t type_small; /* where a row is no multiple of 256 */
    uint32_t better_small;
};

/* What a tensor is for, as far as the mixture cares. */
enum pal_gguf_role {
    PAL_GGUF_ROLE_MATRIX,
    PAL_GGUF_ROLE_SENSITIVE, /* attn_v and ffn_down: more bits in some layers */
    PAL_GGUF_ROLE_EMBEDDING,
    PAL_GGUF_ROLE_OUTPUT, /* or the embedding, if it is the output as well */
};

/* NULL beyond the end, so that lists can be printed. */
const struct pal_gguf_shape *pal_gguf_shape_at(size_t i);
const struct pal_gguf_quant *pal_gguf_quant_at(size_t i);
/* By name, upper or lower case; NULL if there is none. */
const struct pal_gguf_shape *pal_gguf_shape_find(const char *name);
const struct pal_gguf_quant *pal_gguf_quant_find(const char *name);

/* The type that the quantiser gives a matrix with rows of `row` weights in layer `layer`. */
uint32_t pal_gguf_quant_type(const struct pal_gguf_quant *quant, enum pal_gguf_role role,
                             uint64_t row, uint32_t layer, uint32_t n_layers);

#endif
