#ifndef PAL_TESTS_PLAN_MODELS_H
#define PAL_TESTS_PLAN_MODELS_H
/* Five models' shapes for the plan's tests, without their files. */
#include <stdio.h>
#include <string.h>

#include "plan/shape.h"

struct plan_model {
    const char *name;
    uint32_t n_layers, n_embd, n_ff, n_heads, n_heads_kv, head, n_vocab;
    bool tied;
    double bytes_per_weight;
};

static const struct plan_model plan_models[] = {
    {"tiny", 4, 256, 768, 4, 2, 64, 1024, true, 0.5625},
    {"0.5b", 24, 896, 4864, 14, 2, 64, 151936, true, 1.0625},
    {"3b", 36, 2048, 11008, 16, 2, 128, 151936, true, 0.6},
    {"7b", 28, 3584, 18944, 28, 4, 128, 152064, false, 0.6},
    {"8b", 32, 4096, 14336, 32, 8, 128, 128256, false, 0.6},
};
#define PLAN_N_MODELS (sizeof(plan_models) / sizeof(plan_models[0]))

static inline struct pal_shape_layer
plan_layer(double weights, double bytes_per_weight, uint64_t *at)
{
    struct pal_shape_layer layer = {.bytes = (uint64_t)(weights * bytes_per_weight)};
    layer.repack_bytes = layer.bytes / 10 * 8;
    layer.repack_amx_bytes = layer.bytes;
    layer.extent.first = *at;
    *at += layer.bytes;
    layer.extent.end = *at;
    return layer;
}

static inline void
plan_shape(const struct plan_model *model, struct pal_shape *shape)
{
    uint64_t at = 4096;
    double embd = model->n_embd;
    double kv = (double)model->n_heads_kv * model->head;
    double q = (double)model->n_heads * model->head;
    memset(shape, 0, sizeof(*shape));
    (void)snprintf(shape->name, sizeof(shape->name), "%s", model->name);
    (void)snprintf(shape->quant, sizeof(shape->quant), "Q4_K_M");
    shape->n_layers = model->n_layers;
    shape->n_ctx_train = 32768;
    shape->n_vocab = model->n_vocab;
    shape->n_embd = model->n_embd;
    shape->n_ff = model->n_ff;
    shape->n_heads = model->n_heads;
    shape->q_row = (uint32_t)q;
    shape->tied = model->tied;
    shape->input = plan_layer(embd * model->n_vocab, model->bytes_per_weight, &at);
    for (uint32_t i = 0; i < model->n_layers; i++) {
        double weights = 2 * embd * q + 2 * embd * kv + 3 * embd * model->n_ff;
        shape->layers[i] = plan_layer(weights, model->bytes_per_weight, &at);
        shape->layers[i].k_row = shape->layers[i].v_row = (uint32_t)kv;
    }
    if (model->tied) {
        shape->output = shape->input;
    } else {
        shape->output = plan_layer(embd * model->n_vocab, model->bytes_per_weight, &at);
    }
    shape->matrix = shape->output;
    shape->file_bytes = at;
}

#endif
