#include "plan/size.h"

#include "gguf/type.h"

#define CTX_PAD 256

static uint64_t
max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t
padded_ctx(uint32_t n_ctx_tokens)
{
    return ((uint64_t)n_ctx_tokens + CTX_PAD - 1) / CTX_PAD * CTX_PAD;
}

static uint64_t
row_bytes(uint32_t kv_type, uint64_t n_values)
{
    const struct pal_gguf_type_traits *traits = pal_gguf_type_traits(kv_type);
    return traits == NULL ? 0 : n_values / traits->block_weights * traits->block_bytes;
}

uint64_t
pal_size_kv_layer(const struct pal_shape_layer *layer, uint32_t n_ctx_tokens, uint32_t kv_type)
{
    return padded_ctx(n_ctx_tokens) *
           (row_bytes(kv_type, layer->k_row) + row_bytes(kv_type, layer->v_row));
}

uint64_t
pal_sizes_gpu(const struct pal_sizes *sizes)
{
    return sizes->gpu_weights + sizes->gpu_kv + sizes->gpu_compute;
}

uint64_t
pal_sizes_ram(const struct pal_sizes *sizes)
{
    return sizes->ram_repacked + sizes->ram_kv + sizes->ram_compute + sizes->ram_output;
}

/* The sizes that decide a graph's widest point, in floats for one token. */
struct widths {
    uint64_t embd, ff, q, k, heads;
    uint64_t ctx;
    uint64_t tokens;
    uint64_t outputs; /* rows that logits are wanted of */
    uint64_t mask_bytes;
    uint64_t logits_bytes;
};

static struct widths
widths_of(const struct pal_shape *shape, const struct pal_placement *placement)
{
    struct widths w = {
        .embd = shape->n_embd,
        .ff = shape->n_ff,
        .q = shape->q_row,
        .heads = shape->n_heads,
        .ctx = padded_ctx(placement->n_ctx_tokens),
        .tokens = placement->n_batch_tokens,
    };
    for (uint32_t i = 0; i < shape->n_layers; i++) {
        w.k = max_u64(w.k, shape->layers[i].k_row);
    }
    w.tokens = w.tokens < w.ctx ? w.tokens : w.ctx;
    w.mask_bytes = w.ctx * w.tokens * (placement->has_flash_attn ? 2 : 4);
    w.outputs = placement->n_outputs > 0 ? placement->n_outputs : w.tokens;
    w.outputs = w.outputs < w.tokens ? w.outputs : w.tokens;
    w.logits_bytes = 4 * w.outputs * (shape->n_vocab + 2 * w.embd);
    return w;
}

/*
 * The widest of: the attention, the feed-forward block, the logits. The factors are how many rows
 * of each kind are alive there; `spare` rows of n_embd are the holes that ggml's first-fit
 * allocator leaves when a backend can't compute in place.
 */
static uint64_t
graph_bytes(const struct widths *w, const struct pal_placement *placement, uint64_t spare)
{
    uint64_t attention;
    if (placement->has_flash_attn) {
        uint64_t q_rows = placement->kv_type == PAL_GGUF_TYPE_F16 ? 2 : 4; /* rotated copies */
        attention = w->mask_bytes + 4 * w->tokens * (3 * w->embd + q_rows * w->q + 2 * w->k);
    } else {
        /* the scores, for every head, and the mask in full floats */
        attention = w->mask_bytes +
                    4 * w->tokens *
                        (w->ctx * w->heads + (spare - 1) * w->embd + (spare / 2) * w->q + 2 * w->k);
    }
    bool is_packed = placement->kv_type != PAL_GGUF_TYPE_F16 || w->ff <= 2 * w->embd;
    uint64_t rows = is_packed && spare > 2 ? spare - 1 : spare;
    uint64_t feed_forward = w->mask_bytes + 4 * w->tokens * (3 * w->ff + rows * w->embd);
    return max_u64(max_u64(attention, feed_forward), w->logits_bytes);
}

/* The last block drops the rows that nobody samples from, right after its attention. */
static uint64_t
last_block_bytes(const struct widths *w)
{
    uint64_t attention = w->mask_bytes + 4 * w->tokens * (3 * w->q + 2 * w->k);
    uint64_t feed_forward = 4 * w->outputs * (3 * w->ff + 2 * w->embd);
    return max_u64(max_u64(attention, feed_forward), w->logits_bytes);
}

struct split {
    uint32_t first_gpu_layer;
    bool output_on_gpu;
};

static struct split
split_of(const struct pal_shape *shape, const struct pal_placement *placement)
{
    struct split split = {.first_gpu_layer = shape->n_layers};
    if (placement->n_gpu_layers == 0) {
        return split;
    }
    /* llama.cpp fills from the back: the output layer is the first that goes. */
    uint32_t blocks = placement->n_gpu_layers - 1;
    blocks = blocks < shape->n_layers ? blocks : shape->n_layers;
    split.first_gpu_layer = shape->n_layers - blocks;
    split.output_on_gpu =
        placement->tensor_max_bytes == 0 || shape->matrix.bytes <= placement->tensor_max_bytes;
    return split;
}

static void
unite(struct pal_extent *all, const struct pal_extent *one)
{
    if (one->end == 0) {
        return;
    }
    if (all->end == 0 || one->first < all->first) {
        all->first = one->first;
    }
    all->end = max_u64(all->end, one->end);
}

static void
place_weights(const struct pal_shape *shape, const struct pal_placement *placement,
              const struct split *split, struct pal_sizes *sizes)
{
    struct pal_extent mapped = shape->input.extent;
    bool can_repack = placement->n_gpu_layers == 0 && placement->repack != PAL_REPACK_NONE;
    bool amx = placement->repack == PAL_REPACK_AMX;
    for (uint32_t i = 0; i <= shape->n_layers; i++) {
        bool is_output = i == shape->n_layers;
        const struct pal_shape_layer *layer = is_output ? &shape->output : &shape->layers[i];
        if (is_output ? split->output_on_gpu : i >= split->first_gpu_layer) {
            sizes->gpu_weights += layer->bytes;
        } else {
            bool is_matrix_only = is_output && placement->n_gpu_layers > 0;
            unite(&mapped, is_matrix_only ? &shape->matrix.extent : &layer->extent);
            if (can_repack) {
                sizes->ram_repacked += amx ? layer->repack_amx_bytes : layer->repack_bytes;
            }
        }
    }
    if (placement->n_gpu_layers > 0 && !split->output_on_gpu) { /* all but the matrix goes */
        sizes->gpu_weights += shape->output.bytes - shape->matrix.bytes;
    }
    if (split->first_gpu_layer > 0) {
        unite(&mapped, &shape->shared.extent);
    }
    if (placement->n_gpu_layers > 0) {
        sizes->gpu_weights += shape->shared.bytes;
    }
    sizes->ram_mapped = mapped.end - mapped.first;
}

static void
place_compute(const struct pal_shape *shape, const struct pal_placement *placement,
              const struct split *split, struct pal_sizes *sizes)
{
    struct widths w = widths_of(shape, placement);
    struct widths without_logits = w;
    without_logits.logits_bytes = 0;
    if (placement->n_gpu_layers == 0) {
        sizes->ram_compute = graph_bytes(&w, placement, 4);
        return;
    }
    bool all_on_gpu = split->first_gpu_layer == 0;
    bool streams = placement->has_op_offload && !all_on_gpu;
    const struct widths *gpu = split->output_on_gpu ? &w : &without_logits;
    bool is_last_alone = split->first_gpu_layer + 1 == shape->n_layers && !streams;
    sizes->gpu_compute = is_last_alone && placement->has_flash_attn
                             ? last_block_bytes(gpu)
                             : graph_bytes(gpu, placement, streams ? 4 : 2);
    if (!placement->has_kv_on_gpu) {
        sizes->gpu_compute += 8 * w.tokens * w.embd; /* attention's rows come and go */
    }
    if (streams && shape->n_layers > 0) {
        /* One layer's matrices at a time are copied over for big batches. */
        sizes->gpu_compute += shape->layers[0].bytes / 2;
    }
    uint64_t inputs =
        w.mask_bytes + 8 * w.tokens * (w.embd + (placement->has_flash_attn ? 0 : w.k));
    uint64_t logits = split->output_on_gpu ? 0 : w.logits_bytes + 4 * w.tokens * w.embd;
    sizes->ram_compute =
        all_on_gpu || streams
            ? max_u64(inputs, logits)
            : graph_bytes(split->output_on_gpu ? &without_logits : &w, placement, 4);
}

struct pal_sizes
pal_sizes_of(const struct pal_shape *shape, const struct pal_placement *placement)
{
    struct pal_sizes sizes = {0};
    struct split split = split_of(shape, placement);
    place_weights(shape, placement, &split, &sizes);
    for (uint32_t i = 0; i < shape->n_layers; i++) {
        uint64_t bytes =
            pal_size_kv_layer(&shape->layers[i], placement->n_ctx_tokens, placement->kv_type);
        if (i >= split.first_gpu_layer && placement->has_kv_on_gpu) {
            sizes.gpu_kv += bytes;
        } else {
            sizes.ram_kv += bytes;
        }
    }
    place_compute(shape, placement, &split, &sizes);
    sizes.ram_output = UINT64_C(4) * placement->n_sequences * shape->n_vocab;
    return sizes;
}
