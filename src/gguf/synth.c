#include "gguf/synth.h"

#include <stdio.h>
#include <stdlib.h>

#include "gguf/gguf.h"
#include "gguf/pattern.h"
#include "gguf/type.h"
#include "gguf/vocab.h"
#include "gguf/writer.h"
#include "util/mem.h"

#define TENSORS_PER_LAYER 16
#define TYPES_MAX         16

enum fill {
    FILL_RANDOM,
    FILL_ONES, /* norms and rope factors */
};

struct planned_tensor {
    char name[64];
    uint32_t type;
    uint32_t n_dims;
    uint64_t shape[2];
    enum fill fill;
};

struct synth {
    const struct pal_gguf_synth_options *options;
    struct pal_gguf_writer *writer;
    struct planned_tensor *tensors; /* owned */
    size_t n_tensors;
    struct pal_gguf_pattern patterns[TYPES_MAX]; /* by type */
    uint64_t random;
    uint64_t done_bytes;
    uint64_t total_bytes;
};

static struct planned_tensor *
plan_tensor(struct synth *s, const char *name, uint32_t layer, bool is_in_layer)
{
    struct planned_tensor *tensor = &s->tensors[s->n_tensors++];
    if (is_in_layer) {
        (void)snprintf(tensor->name, sizeof(tensor->name), "blk.%u.%s", layer, name);
    } else {
        (void)snprintf(tensor->name, sizeof(tensor->name), "%s", name);
    }
    return tensor;
}

static void
plan_vector(struct synth *s, const char *name, int64_t layer, uint64_t len, enum fill fill)
{
    struct planned_tensor *tensor = plan_tensor(s, name, (uint32_t)layer, layer >= 0);
    tensor->type = PAL_GGUF_TYPE_F32;
    tensor->n_dims = 1;
    tensor->shape[0] = len;
    tensor->fill = fill;
}

static void
plan_matrix(struct synth *s, const char *name, int64_t layer, uint64_t row, uint64_t n_rows,
            enum pal_gguf_role role)
{
    struct planned_tensor *tensor = plan_tensor(s, name, (uint32_t)layer, layer >= 0);
    tensor->type = pal_gguf_quant_type(s->options->quant, role, row, (uint32_t)layer,
                                       s->options->shape->n_layers);
    tensor->n_dims = 2;
    tensor->shape[0] = row;
    tensor->shape[1] = n_rows;
}

static bool
has_attention(const struct pal_gguf_shape *shape, int64_t layer)
{
    return shape->n_conv_tokens == 0 ||
           layer % PAL_GGUF_ATTENTION_EVERY == PAL_GGUF_ATTENTION_EVERY - 1;
}

static void
plan_convolution(struct synth *s, int64_t i)
{
    const struct pal_gguf_shape *shape = s->options->shape;
    uint64_t embd = shape->embedding;
    plan_vector(s, "shortconv.conv.weight", i, shape->n_conv_tokens, FILL_RANDOM);
    struct planned_tensor *conv = &s->tensors[s->n_tensors - 1];
    conv->n_dims = 2;
    conv->shape[1] = embd;
    plan_matrix(s, "shortconv.in_proj.weight", i, embd, 3 * embd, PAL_GGUF_ROLE_MATRIX);
    plan_matrix(s, "shortconv.out_proj.weight", i, embd, embd, PAL_GGUF_ROLE_MATRIX);
}

static void
plan_attention(struct synth *s, int64_t i)
{
    const struct pal_gguf_shape *shape = s->options->shape;
    uint64_t embd = shape->embedding;
    uint64_t q = (uint64_t)shape->n_heads * shape->head_length;
    uint64_t kv = (uint64_t)shape->n_heads_kv * shape->head_length;
    plan_matrix(s, "attn_q.weight", i, embd, q, PAL_GGUF_ROLE_MATRIX);
    plan_matrix(s, "attn_k.weight", i, embd, kv, PAL_GGUF_ROLE_MATRIX);
    plan_matrix(s, "attn_v.weight", i, embd, kv, PAL_GGUF_ROLE_SENSITIVE);
    if (shape->has_qkv_bias) {
        plan_vector(s, "attn_q.bias", i, q, FILL_RANDOM);
        plan_vector(s, "attn_k.bias", i, kv, FILL_RANDOM);
        plan_vector(s, "attn_v.bias", i, kv, FILL_RANDOM);
    }
    plan_matrix(s, "attn_output.weight", i, q, embd, PAL_GGUF_ROLE_MATRIX);
    if (shape->n_conv_tokens > 0) {
        plan_vector(s, "attn_q_norm.weight", i, shape->head_length, FILL_ONES);
        plan_vector(s, "attn_k_norm.weight", i, shape->head_length, FILL_ONES);
    }
}

static void
plan_layer(struct synth *s, int64_t i)
{
    const struct pal_gguf_shape *shape = s->options->shape;
    uint64_t embd = shape->embedding;
    uint64_t ff = shape->feed_forward;
    plan_vector(s, "attn_norm.weight", i, embd, FILL_ONES);
    if (has_attention(shape, i)) {
        plan_attention(s, i);
    } else {
        plan_convolution(s, i);
    }
    if (shape->has_post_norms) {
        plan_vector(s, "post_attention_norm.weight", i, embd, FILL_ONES);
        plan_vector(s, "post_ffw_norm.weight", i, embd, FILL_ONES);
    }
    plan_vector(s, "ffn_norm.weight", i, embd, FILL_ONES);
    plan_matrix(s, "ffn_gate.weight", i, embd, ff, PAL_GGUF_ROLE_MATRIX);
    plan_matrix(s, "ffn_up.weight", i, embd, ff, PAL_GGUF_ROLE_MATRIX);
    plan_matrix(s, "ffn_down.weight", i, ff, embd, PAL_GGUF_ROLE_SENSITIVE);
}

static void
plan_tensors(struct synth *s)
{
    const struct pal_gguf_shape *shape = s->options->shape;
    s->tensors = pal_calloc((size_t)shape->n_layers * TENSORS_PER_LAYER + 4, sizeof(*s->tensors));
    plan_matrix(s, "token_embd.weight", -1, shape->embedding, shape->n_vocab,
                shape->is_tied ? PAL_GGUF_ROLE_OUTPUT : PAL_GGUF_ROLE_EMBEDDING);
    for (uint32_t i = 0; i < shape->n_layers; i++) {
        plan_layer(s, i);
    }
    const char *norm = shape->n_conv_tokens > 0 ? "token_embd_norm.weight" : "output_norm.weight";
    plan_vector(s, norm, -1, shape->embedding, FILL_ONES);
    if (!shape->is_tied) {
        plan_matrix(s, "output.weight", -1, shape->embedding, shape->n_vocab, PAL_GGUF_ROLE_OUTPUT);
    }
    if (shape->has_rope_factors) {
        plan_vector(s, "rope_freqs.weight", -1, shape->head_length / 2, FILL_ONES);
    }
}

static void
write_u32(struct synth *s, const char *suffix, uint32_t value)
{
    char key[96];
    (void)snprintf(key, sizeof(key), "%s.%s", s->options->shape->architecture, suffix);
    pal_gguf_writer_u32(s->writer, key, value);
}

static void
write_f32(struct synth *s, const char *suffix, float value)
{
    char key[96];
    (void)snprintf(key, sizeof(key), "%s.%s", s->options->shape->architecture, suffix);
    pal_gguf_writer_f32(s->writer, key, value);
}

/* Layers without attention have no heads for it. */
static void
write_heads_kv(struct synth *s)
{
    const struct pal_gguf_shape *shape = s->options->shape;
    char key[96];
    if (shape->n_conv_tokens == 0) {
        write_u32(s, "attention.head_count_kv", shape->n_heads_kv);
        return;
    }
    int32_t *heads = pal_calloc(shape->n_layers, sizeof(*heads));
    for (uint32_t i = 0; i < shape->n_layers; i++) {
        heads[i] = has_attention(shape, i) ? (int32_t)shape->n_heads_kv : 0;
    }
    (void)snprintf(key, sizeof(key), "%s.attention.head_count_kv", shape->architecture);
    pal_gguf_writer_i32s(s->writer, key, heads, shape->n_layers);
    free(heads);
    write_u32(s, "shortconv.l_cache", shape->n_conv_tokens);
}

static void
write_keys(struct synth *s)
{
    const struct pal_gguf_shape *shape = s->options->shape;
    char name[128];
    (void)snprintf(name, sizeof(name), "synthetic %s (random weights)", shape->name);
    pal_gguf_writer_text(s->writer, "general.architecture", shape->architecture);
    pal_gguf_writer_text(s->writer, "general.type", "model");
    pal_gguf_writer_text(s->writer, "general.name", name);
    pal_gguf_writer_u32(s->writer, "general.file_type", s->options->quant->file_type);
    pal_gguf_writer_u32(s->writer, "general.quantization_version", 2);
    write_u32(s, "block_count", shape->n_layers);
    write_u32(s, "context_length", shape->context_tokens);
    write_u32(s, "embedding_length", shape->embedding);
    write_u32(s, "feed_forward_length", shape->feed_forward);
    write_u32(s, "attention.head_count", shape->n_heads);
    write_heads_kv(s);
    if (shape->n_window_tokens > 0) {
        write_u32(s, "attention.sliding_window", shape->n_window_tokens);
    }
    write_u32(s, "attention.key_length", shape->head_length);
    write_u32(s, "attention.value_length", shape->head_length);
    write_f32(s, "attention.layer_norm_rms_epsilon", shape->norm_epsilon);
    write_f32(s, "rope.freq_base", shape->rope_base);
    write_u32(s, "rope.dimension_count", shape->head_length);
    write_u32(s, "vocab_size", shape->n_vocab);
}

static void
write_vocab(struct synth *s)
{
    struct pal_gguf_vocab vocab;
    pal_gguf_vocab_init(&vocab, s->options->shape);
    struct pal_gguf_writer *w = s->writer;
    pal_gguf_writer_text(w, "tokenizer.ggml.model", "gpt2");
    pal_gguf_writer_text(w, "tokenizer.ggml.pre", vocab.pre);
    pal_gguf_writer_texts(w, "tokenizer.ggml.tokens", vocab.tokens.data, vocab.n_tokens);
    pal_gguf_writer_i32s(w, "tokenizer.ggml.token_type", vocab.kinds, vocab.n_tokens);
    pal_gguf_writer_texts(w, "tokenizer.ggml.merges", vocab.merges.data, vocab.n_merges);
    pal_gguf_writer_u32(w, "tokenizer.ggml.bos_token_id", vocab.bos);
    pal_gguf_writer_u32(w, "tokenizer.ggml.eos_token_id", vocab.eos);
    pal_gguf_writer_u32(w, "tokenizer.ggml.padding_token_id", vocab.padding);
    /* As the real models say it: the Qwen family has no token before the first. */
    pal_gguf_writer_bool(w, "tokenizer.ggml.add_bos_token",
                         s->options->shape->family != PAL_GGUF_FAMILY_QWEN);
    pal_gguf_writer_text(w, "tokenizer.chat_template", vocab.chat_template);
    pal_gguf_vocab_finish(&vocab);
}

static bool
should_stop(const struct synth *s)
{
    const atomic_bool *cancelled = s->options->is_cancelled;
    return pal_gguf_writer_failed(s->writer) != PAL_OK ||
           (cancelled != NULL && atomic_load(cancelled));
}

static void
report(struct synth *s, size_t more_bytes)
{
    s->done_bytes += more_bytes;
    if (s->options->on_progress != NULL) {
        s->options->on_progress(s->done_bytes, s->total_bytes, s->options->userdata);
    }
}

/* The pattern over and over, each tensor from a place of its own. */
static void
write_random(struct synth *s, uint32_t type, uint64_t bytes)
{
    PAL_ASSERT(type < TYPES_MAX);
    struct pal_gguf_pattern *pattern = &s->patterns[type];
    if (pattern->data == NULL) {
        pal_gguf_pattern_init(pattern, type, &s->random);
    }
    size_t pattern_bytes = pattern->n_blocks * pattern->block_bytes;
    size_t at = (size_t)(pal_gguf_random(&s->random) % pattern->n_blocks) * pattern->block_bytes;
    while (bytes > 0 && !should_stop(s)) {
        size_t n = pattern_bytes - at;
        n = n < bytes ? n : (size_t)bytes;
        pal_gguf_writer_data(s->writer, pattern->data + at, n);
        bytes -= n;
        at = 0;
        report(s, n);
    }
}

static void
write_ones(struct synth *s, uint64_t n)
{
    float ones[1024];
    for (size_t i = 0; i < PAL_COUNT_OF(ones); i++) {
        ones[i] = 1.0F;
    }
    while (n > 0) {
        size_t now = n < PAL_COUNT_OF(ones) ? (size_t)n : PAL_COUNT_OF(ones);
        pal_gguf_writer_data(s->writer, ones, now * sizeof(ones[0]));
        report(s, now * sizeof(ones[0]));
        n -= now;
    }
}

static void
write_tensors(struct synth *s)
{
    for (size_t i = 0; i < s->n_tensors; i++) {
        const struct planned_tensor *tensor = &s->tensors[i];
        pal_gguf_writer_tensor(s->writer, tensor->name, tensor->type, tensor->n_dims,
                               tensor->shape);
    }
    s->total_bytes = pal_gguf_writer_begin_data(s->writer);
    for (size_t i = 0; i < s->n_tensors && !should_stop(s); i++) {
        const struct planned_tensor *tensor = &s->tensors[i];
        uint64_t n_weights;
        uint64_t bytes;
        bool fits =
            pal_gguf_type_bytes(tensor->type, tensor->n_dims, tensor->shape, &n_weights, &bytes);
        PAL_ASSERT(fits);
        if (tensor->fill == FILL_ONES) {
            write_ones(s, n_weights);
        } else {
            write_random(s, tensor->type, bytes);
        }
        if (!should_stop(s)) {
            pal_gguf_writer_end_tensor(s->writer);
        }
    }
}

enum pal_err
pal_gguf_synth(const char *path, const struct pal_gguf_synth_options *options,
               struct pal_error *error)
{
    struct synth s = {
        .options = options,
        .writer = pal_gguf_writer_create(path),
        /* Any seed will do, 0 too; the generator's state must not be 0. */
        .random = (options->seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1,
    };
    plan_tensors(&s);
    write_keys(&s);
    write_vocab(&s);
    write_tensors(&s);
    enum pal_err err;
    if (pal_gguf_writer_failed(s.writer) == PAL_OK && should_stop(&s)) {
        err = pal_error_set(error, PAL_ERR_CANCELLED, "writing '%s' was cancelled", path);
    } else {
        err = pal_gguf_writer_finish(s.writer, error);
    }
    pal_gguf_writer_destroy(s.writer);
    for (size_t i = 0; i < PAL_COUNT_OF(s.patterns); i++) {
        pal_gguf_pattern_finish(&s.patterns[i]);
    }
    free(s.tensors);
    return err;
}
