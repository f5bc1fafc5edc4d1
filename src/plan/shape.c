#include "plan/shape.h"

#include <stdio.h>
#include <string.h>

#include "gguf/type.h"
#include "util/mem.h"

static void
extend(struct pal_extent *extent, uint64_t first, uint64_t bytes)
{
    if (extent->end == 0 || first < extent->first) {
        extent->first = first;
    }
    if (first + bytes > extent->end) {
        extent->end = first + bytes;
    }
}

/* Which matrices ggml's kernels rearrange at load (its repack and AMX buffer types). */
static bool
repacks(const struct pal_gguf_tensor *tensor)
{
    if (tensor->n_dims < 2 || tensor->shape[1] % 8 != 0) {
        return false;
    }
    const struct pal_gguf_type_traits *traits = pal_gguf_type_traits(tensor->type);
    if (traits == NULL) {
        return false;
    }
    static const char *const names[] = {"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"};
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (strcmp(traits->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool
repacks_amx(const struct pal_gguf_tensor *tensor)
{
    static const char *const names[] = {"Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS"};
    const struct pal_gguf_type_traits *traits = pal_gguf_type_traits(tensor->type);
    if (traits == NULL || tensor->n_dims != 2 || tensor->shape[1] % 32 != 0) {
        return false;
    }
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (strcmp(traits->name, names[i]) == 0) {
            return tensor->shape[0] % traits->block_weights == 0;
        }
    }
    return false;
}

static void
add_tensor(struct pal_shape_layer *layer, const struct pal_gguf_tensor *tensor)
{
    layer->bytes += tensor->bytes;
    layer->repack_bytes += repacks(tensor) ? tensor->bytes : 0;
    layer->repack_amx_bytes += repacks_amx(tensor) ? tensor->bytes : 0;
    extend(&layer->extent, tensor->offset, tensor->bytes);
}

static bool
is_output(const char *name)
{
    return strncmp(name, "output", 6) == 0 || strncmp(name, "cls", 3) == 0;
}

/* Architectures whose graph is the plain one that size.c describes. */
static bool
is_known(const char *architecture)
{
    static const char *const names[] = {"llama", "qwen2", "qwen3", "mistral", "phi3", "smollm3"};
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (strcmp(architecture, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void
add_all_tensors(const struct pal_gguf *gguf, struct pal_shape *shape)
{
    const struct pal_gguf_tensor *embeddings = NULL;
    for (size_t i = 0; i < pal_gguf_n_tensors(gguf); i++) {
        const struct pal_gguf_tensor *tensor = pal_gguf_tensor_at(gguf, i);
        if (tensor->layer >= 0 && (uint32_t)tensor->layer < shape->n_layers) {
            add_tensor(&shape->layers[tensor->layer], tensor);
        } else if (is_output(tensor->name)) {
            add_tensor(&shape->output, tensor);
            if (strcmp(tensor->name, "output.weight") == 0) {
                add_tensor(&shape->matrix, tensor);
                shape->tied = false;
            }
        } else if (strncmp(tensor->name, "rope_", 5) == 0) {
            add_tensor(&shape->shared, tensor);
        } else {
            add_tensor(&shape->input, tensor);
            if (strcmp(tensor->name, "token_embd.weight") == 0) {
                embeddings = tensor;
            }
        }
    }
    if (shape->tied && embeddings != NULL) {
        add_tensor(&shape->output, embeddings);
        add_tensor(&shape->matrix, embeddings);
    }
    /* Rows are looked up in the embeddings: no kernel wants them rearranged. */
    shape->input.repack_bytes = 0;
    shape->input.repack_amx_bytes = 0;
}

/* Far above any model; below it no product of the plan leaves 64 bits. */
static bool
is_absurd(const struct pal_gguf_facts *facts)
{
    return facts->n_heads > 4096 || facts->n_heads_kv > 4096 || facts->key_length > 4096 ||
           facts->value_length > 4096 || facts->embedding_length > (1u << 20) ||
           facts->feed_forward_length > (1u << 22) || facts->n_vocab > PAL_GGUF_VOCAB_MAX;
}

enum pal_err
pal_shape_from_gguf(const struct pal_gguf *gguf, struct pal_shape *shape, struct pal_error *error)
{
    memset(shape, 0, sizeof(*shape));
    const struct pal_gguf_facts facts = pal_gguf_facts(gguf);
    if (facts.n_layers == 0 || facts.n_layers > PAL_GGUF_LAYERS_MAX || facts.n_vocab == 0 ||
        facts.embedding_length == 0 || facts.n_heads == 0) {
        return pal_error_set(error, PAL_ERR_MODEL,
                             "cannot plan for '%s': the file names no layers, heads or vocabulary",
                             facts.name);
    }
    if (is_absurd(&facts)) {
        return pal_error_set(error, PAL_ERR_MODEL,
                             "cannot plan for '%s': no real model has such dimensions", facts.name);
    }
    memcpy(shape->name, facts.name, sizeof(shape->name));
    memcpy(shape->architecture, facts.architecture, sizeof(shape->architecture));
    memcpy(shape->quant, facts.quant, sizeof(shape->quant));
    shape->n_layers = facts.n_layers;
    shape->n_ctx_train = facts.context_tokens;
    shape->n_vocab = facts.n_vocab;
    shape->n_embd = facts.embedding_length;
    shape->n_ff = facts.feed_forward_length;
    shape->n_heads = facts.n_heads;
    shape->q_row = facts.n_heads * facts.key_length;
    shape->n_parameters = facts.n_parameters;
    shape->file_bytes = facts.file_bytes;
    shape->approximate = !is_known(facts.architecture) || facts.n_experts > 0 ||
                         facts.sliding_window_tokens > 0 || facts.n_parts > 1;
    shape->tied = true;
    for (uint32_t i = 0; i < facts.n_layers; i++) {
        uint32_t heads = pal_gguf_layer_heads_kv(gguf, i);
        shape->layers[i].k_row = heads * facts.key_length;
        shape->layers[i].v_row = heads * facts.value_length;
    }
    add_all_tensors(gguf, shape);
    return PAL_OK;
}
