#include "gguf/shape.h"

#include <strings.h>

#include "gguf/type.h"
#include "util/mem.h"

static const struct pal_gguf_shape shapes[] = {
    {
        .name = "tiny",
        .architecture = "llama",
        .family = PAL_GGUF_FAMILY_LLAMA3,
        .n_layers = 4,
        .embedding = 256,
        .feed_forward = 512,
        .n_heads = 4,
        .n_heads_kv = 2,
        .head_length = 64,
        .context_tokens = 4096,
        .n_vocab = 2048,
        .n_plain_tokens = 2032,
        .rope_base = 10000,
        .norm_epsilon = 1e-5F,
        .is_tied = true,
        .has_rope_factors = true,
    },
    {
        .name = "tiny-qwen",
        .architecture = "qwen2",
        .family = PAL_GGUF_FAMILY_QWEN,
        .n_layers = 4,
        .embedding = 256,
        .feed_forward = 512,
        .n_heads = 4,
        .n_heads_kv = 2,
        .head_length = 64,
        .context_tokens = 4096,
        .n_vocab = 2048,
        .n_plain_tokens = 2016,
        .rope_base = 1000000,
        .norm_epsilon = 1e-6F,
        .has_qkv_bias = true,
    },
    {
        .name = "tiny-gemma2",
        .architecture = "gemma2",
        .family = PAL_GGUF_FAMILY_LLAMA3,
        .n_layers = 4,
        .embedding = 256,
        .feed_forward = 512,
        .n_heads = 4,
        .n_heads_kv = 2,
        .head_length = 64,
        .context_tokens = 4096,
        .n_vocab = 2048,
        .n_plain_tokens = 2032,
        .rope_base = 10000,
        .norm_epsilon = 1e-6F,
        .is_tied = true,
        .has_post_norms = true,
        .n_window_tokens = 64,
    },
    {
        .name = "tiny-lfm2",
        .architecture = "lfm2",
        .family = PAL_GGUF_FAMILY_QWEN,
        .n_layers = 4,
        .embedding = 256,
        .feed_forward = 512,
        .n_heads = 4,
        .n_heads_kv = 2,
        .head_length = 64,
        .context_tokens = 4096,
        .n_vocab = 2048,
        .n_plain_tokens = 2016,
        .rope_base = 1000000,
        .norm_epsilon = 1e-5F,
        .is_tied = true,
        .n_conv_tokens = 3,
    },
    {
        .name = "qwen2.5-0.5b",
        .architecture = "qwen2",
        .family = PAL_GGUF_FAMILY_QWEN,
        .n_layers = 24,
        .embedding = 896,
        .feed_forward = 4864,
        .n_heads = 14,
        .n_heads_kv = 2,
        .head_length = 64,
        .context_tokens = 32768,
        .n_vocab = 151936,
        .n_plain_tokens = 151643,
        .rope_base = 1000000,
        .norm_epsilon = 1e-6F,
        .is_tied = true,
        .has_qkv_bias = true,
    },
    {
        .name = "qwen2.5-1.5b",
        .architecture = "qwen2",
        .family = PAL_GGUF_FAMILY_QWEN,
        .n_layers = 28,
        .embedding = 1536,
        .feed_forward = 8960,
        .n_heads = 12,
        .n_heads_kv = 2,
        .head_length = 128,
        .context_tokens = 32768,
        .n_vocab = 151936,
        .n_plain_tokens = 151643,
        .rope_base = 1000000,
        .norm_epsilon = 1e-6F,
        .is_tied = true,
        .has_qkv_bias = true,
    },
    {
        .name = "qwen2.5-3b",
        .architecture = "qwen2",
        .family = PAL_GGUF_FAMILY_QWEN,
        .n_layers = 36,
        .embedding = 2048,
        .feed_forward = 11008,
        .n_heads = 16,
        .n_heads_kv = 2,
        .head_length = 128,
        .context_tokens = 32768,
        .n_vocab = 151936,
        .n_plain_tokens = 151643,
        .rope_base = 1000000,
        .norm_epsilon = 1e-6F,
        .is_tied = true,
        .has_qkv_bias = true,
    },
    {
        .name = "qwen2.5-7b",
        .architecture = "qwen2",
        .family = PAL_GGUF_FAMILY_QWEN,
        .n_layers = 28,
        .embedding = 3584,
        .feed_forward = 18944,
        .n_heads = 28,
        .n_heads_kv = 4,
        .head_length = 128,
        .context_tokens = 32768,
        .n_vocab = 152064,
        .n_plain_tokens = 151643,
        .rope_base = 1000000,
        .norm_epsilon = 1e-6F,
        .has_qkv_bias = true,
    },
    {
        .name = "llama-3.2-1b",
        .architecture = "llama",
        .family = PAL_GGUF_FAMILY_LLAMA3,
        .n_layers = 16,
        .embedding = 2048,
        .feed_forward = 8192,
        .n_heads = 32,
        .n_heads_kv = 8,
        .head_length = 64,
        .context_tokens = 131072,
        .n_vocab = 128256,
        .n_plain_tokens = 128000,
        .rope_base = 500000,
        .norm_epsilon = 1e-5F,
        .is_tied = true,
        .has_rope_factors = true,
    },
    {
        .name = "zephyr-7b",
        .architecture = "llama",
        .family = PAL_GGUF_FAMILY_ZEPHYR,
        .n_layers = 32,
        .embedding = 4096,
        .feed_forward = 14336,
        .n_heads = 32,
        .n_heads_kv = 8,
        .head_length = 128,
        .context_tokens = 32768,
        .n_vocab = 32000,
        .n_plain_tokens = 32000,
        .rope_base = 10000,
        .norm_epsilon = 1e-5F,
    },
};

static const struct pal_gguf_quant quants[] = {
    {"f16", 1, PAL_GGUF_TYPE_F16, PAL_GGUF_TYPE_F16, PAL_GGUF_TYPE_F16, PAL_GGUF_TYPE_F16},
    {"q8_0", 7, PAL_GGUF_TYPE_Q8_0, PAL_GGUF_TYPE_Q8_0, PAL_GGUF_TYPE_Q8_0, PAL_GGUF_TYPE_Q8_0},
    {"q4_0", 2, PAL_GGUF_TYPE_Q4_0, PAL_GGUF_TYPE_Q4_0, PAL_GGUF_TYPE_Q4_0, PAL_GGUF_TYPE_Q4_0},
    {"q4_k_m", 15, PAL_GGUF_TYPE_Q4_K, PAL_GGUF_TYPE_Q6_K, PAL_GGUF_TYPE_Q5_0, PAL_GGUF_TYPE_Q8_0},
    {"q5_k_m", 17, PAL_GGUF_TYPE_Q5_K, PAL_GGUF_TYPE_Q6_K, PAL_GGUF_TYPE_Q5_1, PAL_GGUF_TYPE_Q8_0},
    {"q6_k", 18, PAL_GGUF_TYPE_Q6_K, PAL_GGUF_TYPE_Q6_K, PAL_GGUF_TYPE_Q8_0, PAL_GGUF_TYPE_Q8_0},
};

const struct pal_gguf_shape *
pal_gguf_shape_at(size_t i)
{
    return i < PAL_COUNT_OF(shapes) ? &shapes[i] : NULL;
}

const struct pal_gguf_quant *
pal_gguf_quant_at(size_t i)
{
    return i < PAL_COUNT_OF(quants) ? &quants[i] : NULL;
}

const struct pal_gguf_shape *
pal_gguf_shape_find(const char *name)
{
    for (size_t i = 0; i < PAL_COUNT_OF(shapes); i++) {
        if (strcasecmp(shapes[i].name, name) == 0) {
            return &shapes[i];
        }
    }
    return NULL;
}

const struct pal_gguf_quant *
pal_gguf_quant_find(const char *name)
{
    for (size_t i = 0; i < PAL_COUNT_OF(quants); i++) {
        if (strcasecmp(quants[i].name, name) == 0) {
            return &quants[i];
        }
    }
    return NULL;
}

/* The first and last eighth of the layers, and every third in between. */
static bool
gets_more_bits(uint32_t layer, uint32_t n_layers)
{
    uint32_t eighth = n_layers / 8;
    return layer < eighth || layer >= 7 * n_layers / 8 || (layer - eighth) % 3 == 2;
}

uint32_t
pal_gguf_quant_type(const struct pal_gguf_quant *quant, enum pal_gguf_role role, uint64_t row,
                    uint32_t layer, uint32_t n_layers)
{
    bool fits = row % 256 == 0;
    if (role == PAL_GGUF_ROLE_OUTPUT && quant->type != PAL_GGUF_TYPE_F16 &&
        quant->type != PAL_GGUF_TYPE_Q8_0) {
        return fits ? PAL_GGUF_TYPE_Q6_K : PAL_GGUF_TYPE_Q8_0;
    }
    bool is_better = role == PAL_GGUF_ROLE_SENSITIVE && gets_more_bits(layer, n_layers);
    if (is_better) {
        return fits ? quant->better : quant->better_small;
    }
    return fits ? quant->type : quant->type_small;
}
