// Forward and backward pass of the starter model over one flat batch.
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T_NORM1, T_QKV, T_OUT, T_NORM2, T_GATE_UP, T_DOWN, T_PER_LAYER };

// What a layer keeps from forward to backward.
struct layer_state {
    float *x;               // [n][dim] residual stream before the layer
    float *mid;             // [n][dim] after attention
    float *scale1, *scale2; // [n]
    float *qkv;             // [n][3 dim] after RoPE
    float *gate_up;         // [n][2 ff]
    void *h1, *h2;          // normed inputs as operands
    void *att, *act;        // inputs of the output and down projections as operands
};

struct st_model {
    struct st_config c;
    int n;
    struct st_gemm *gemm; // borrowed
    size_t size;
    float *params, *grads;
    void *low; // params as operands
    int tensor_count;
    struct st_tensor *tensors;
    struct layer_state *state;
    float *x_last, *final_scale;
    float *rope;               // table of every position that a batch can hold
    float *wide, *narrow, *dx; // [n][max(3 dim, 2 ff)], [n][max(dim, ff)], [n][dim]
    void *wide_low, *narrow_low;
    // The head runs only on rows that are predicted; these are gathered copies.
    float *logits, *head_in, *head_grad, *weight;
    void *head_low, *logits_low;
    int *target, *row;
};

static uint64_t
next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static float
normal(uint64_t *s)
{
    double u = ((double)(next_random(s) >> 11) + 0.5) / 9007199254740992.0;
    double v = ((double)(next_random(s) >> 11) + 0.5) / 9007199254740992.0;
    return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}

static void
add_tensor(struct st_model *m, const char *name, int layer, int rows, int cols)
{
    struct st_tensor *t = &m->tensors[m->tensor_count++];
    if (layer >= 0)
        snprintf(t->name, sizeof t->name, "blk.%d.%s", layer, name);
    else
        snprintf(t->name, sizeof t->name, "%s", name);
    t->offset = m->size;
    t->rows = rows;
    t->cols = cols;
    m->size += (size_t)rows * cols;
}

static void
lay_out(struct st_model *m)
{
    const struct st_config *c = &m->c;
    add_tensor(m, "token_embd", -1, c->vocab, c->dim);
    add_tensor(m, "output_norm", -1, 1, c->dim);
    for (int l = 0; l < c->layers; l++) {
        add_tensor(m, "attn_norm", l, 1, c->dim);
        add_tensor(m, "attn_qkv", l, 3 * c->dim, c->dim);
        add_tensor(m, "attn_output", l, c->dim, c->dim);
        add_tensor(m, "ffn_norm", l, 1, c->dim);
        add_tensor(m, "ffn_gate_up", l, 2 * c->ff, c->dim);
        add_tensor(m, "ffn_down", l, c->dim, c->ff);
    }
}

static void
initialise(struct st_model *m, uint64_t seed)
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    float residual = 1.0f / sqrtf(2.0f * (float)m->c.layers);
    for (int i = 0; i < m->tensor_count; i++) {
        const struct st_tensor *t = &m->tensors[i];
        float *p = m->params + t->offset;
        size_t n = (size_t)t->rows * t->cols;
        bool into_residual = strstr(t->name, "attn_output") || strstr(t->name, "ffn_down");
        float std = i == 0 ? 0.02f : 1.0f / sqrtf((float)t->cols);
        if (into_residual)
            std *= residual;
        for (size_t k = 0; k < n; k++)
            p[k] = t->rows == 1 ? 1.0f : std * normal(&state);
    }
}

static void *
room(size_t count, size_t element)
{
    // 64-byte rows of cache; zeroed so that padding is never a NaN.
    size_t bytes = (count * element + 63) / 64 * 64;
    void *p = aligned_alloc(64, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

static bool
allocate(struct st_model *m)
{
    size_t n = (size_t)m->n, d = (size_t)m->c.dim, ff = (size_t)m->c.ff;
    size_t e = st_gemm_element(m->gemm), f = sizeof(float), vocab = (size_t)m->c.vocab;
    size_t wide = 3 * d > 2 * ff ? 3 * d : 2 * ff, narrow = d > ff ? d : ff;
    bool ok = (m->rope = room(n * d / (size_t)m->c.heads, f)) && (m->params = room(m->size, f)) &&
              (m->grads = room(m->size, f)) && (m->low = room(m->size, e)) &&
              (m->x_last = room(n * d, f)) && (m->final_scale = room(n, f)) &&
              (m->wide = room(n * wide, f)) && (m->narrow = room(n * narrow, f)) &&
              (m->dx = room(n * d, f)) && (m->wide_low = room(n * wide, e)) &&
              (m->narrow_low = room(n * narrow, e)) && (m->logits = room(n * vocab, f)) &&
              (m->logits_low = room(n * vocab, e)) && (m->head_in = room(n * d, f)) &&
              (m->head_grad = room(n * d, f)) && (m->head_low = room(n * d, e)) &&
              (m->weight = room(n, f)) && (m->target = room(n, sizeof(int))) &&
              (m->row = room(n, sizeof(int)));
    for (int l = 0; ok && l < m->c.layers; l++) {
        struct layer_state *s = &m->state[l];
        ok = (s->x = room(n * d, f)) && (s->mid = room(n * d, f)) && (s->scale1 = room(n, f)) &&
             (s->scale2 = room(n, f)) && (s->qkv = room(n * 3 * d, f)) &&
             (s->gate_up = room(n * 2 * ff, f)) && (s->h1 = room(n * d, e)) &&
             (s->h2 = room(n * d, e)) && (s->att = room(n * d, e)) && (s->act = room(n * ff, e));
    }
    return ok;
}

struct st_model *
st_model_create(const struct st_config *config, int tokens, struct st_gemm *gemm, uint64_t seed)
{
    if (config->dim % config->heads || config->dim / config->heads % 32)
        return NULL;
    struct st_model *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->c = *config;
    m->n = tokens;
    m->gemm = gemm;
    m->tensors = calloc((size_t)(2 + T_PER_LAYER * config->layers), sizeof *m->tensors);
    m->state = calloc((size_t)config->layers, sizeof *m->state);
    if (!m->tensors || !m->state)
        goto fail;
    lay_out(m);
    if (!allocate(m))
        goto fail;
    st_rope_table(tokens, config->dim / config->heads, config->rope_base, m->rope);
    initialise(m, seed);
    st_model_refresh(m);
    return m;
fail:
    st_model_destroy(m);
    return NULL;
}

void
st_model_destroy(struct st_model *m)
{
    if (!m)
        return;
    for (int l = 0; m->state && l < m->c.layers; l++) {
        struct layer_state *s = &m->state[l];
        void *part[] = {s->x,       s->mid, s->scale1, s->scale2, s->qkv,
                        s->gate_up, s->h1,  s->h2,     s->att,    s->act};
        for (size_t i = 0; i < sizeof part / sizeof *part; i++)
            free(part[i]);
    }
    void *part[] = {m->params,    m->grads,       m->low,    m->tensors,    m->state,
                    m->x_last,    m->final_scale, m->wide,   m->narrow,     m->dx,
                    m->wide_low,  m->narrow_low,  m->logits, m->logits_low, m->head_in,
                    m->head_grad, m->head_low,    m->weight, m->target,     m->row,
                    m->rope};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        free(part[i]);
    free(m);
}

const struct st_config *
st_model_config(const struct st_model *m)
{
    return &m->c;
}

size_t
st_model_size(const struct st_model *m)
{
    return m->size;
}

float *
st_model_params(struct st_model *m)
{
    return m->params;
}

float *
st_model_grads(struct st_model *m)
{
    return m->grads;
}

const struct st_tensor *
st_model_tensors(const struct st_model *m, int *count)
{
    *count = m->tensor_count;
    return m->tensors;
}

void
st_model_refresh(struct st_model *m)
{
    st_gemm_lower(m->gemm, m->low, m->params, m->size);
}

static const struct st_tensor *
layer_tensor(const struct st_model *m, int layer, int which)
{
    return &m->tensors[2 + layer * T_PER_LAYER + which];
}

static const void *
weights(const struct st_model *m, const struct st_tensor *t)
{
    return (const char *)m->low + t->offset * st_gemm_element(m->gemm);
}

// y[rows][t.rows] (+)= x[rows][t.cols] * W^T
static bool
project(struct st_model *m, int rows, const struct st_tensor *t, const void *x, float *y, bool add)
{
    return st_gemm_run(m->gemm, rows, t->rows, t->cols, (struct st_operand){x, false},
                       (struct st_operand){weights(m, t), true}, y, add);
}

// dx[rows][t.cols] (+)= dy * W, and dW += dy^T * x
static bool
project_back(struct st_model *m, int rows, const struct st_tensor *t, const void *x, const void *dy,
             float *dx, bool add)
{
    return st_gemm_run(m->gemm, rows, t->cols, t->rows, (struct st_operand){dy, false},
                       (struct st_operand){weights(m, t), false}, dx, add) &&
           st_gemm_run(m->gemm, t->rows, t->cols, rows, (struct st_operand){dy, true},
                       (struct st_operand){x, false}, m->grads + t->offset, true);
}

static bool
layer_forward(struct st_model *m, int l, const struct st_batch *b, float *out)
{
    const struct st_config *c = &m->c;
    struct layer_state *s = &m->state[l];
    int n = m->n, d = c->dim, hd = d / c->heads;
    size_t nd = (size_t)n * d;
    const float *gain1 = m->params + layer_tensor(m, l, T_NORM1)->offset;
    const float *gain2 = m->params + layer_tensor(m, l, T_NORM2)->offset;

    st_rmsnorm(n, d, c->norm_eps, s->x, gain1, m->narrow, s->scale1);
    st_gemm_lower(m->gemm, s->h1, m->narrow, nd);
    if (!project(m, n, layer_tensor(m, l, T_QKV), s->h1, s->qkv, false))
        return false;
    st_rope(n, c->heads, hd, m->rope, b->position, s->qkv, false);
    st_attention(b->spans, b->span, c->heads, hd, s->qkv, m->narrow);
    st_gemm_lower(m->gemm, s->att, m->narrow, nd);
    memcpy(s->mid, s->x, nd * sizeof(float));
    if (!project(m, n, layer_tensor(m, l, T_OUT), s->att, s->mid, true))
        return false;

    st_rmsnorm(n, d, c->norm_eps, s->mid, gain2, m->narrow, s->scale2);
    st_gemm_lower(m->gemm, s->h2, m->narrow, nd);
    if (!project(m, n, layer_tensor(m, l, T_GATE_UP), s->h2, s->gate_up, false))
        return false;
    st_swiglu(n, c->ff, s->gate_up, m->narrow);
    st_gemm_lower(m->gemm, s->act, m->narrow, (size_t)n * c->ff);
    memcpy(out, s->mid, nd * sizeof(float));
    return project(m, n, layer_tensor(m, l, T_DOWN), s->act, out, true);
}

// Turns m->dx from the gradient of the layer's output into that of its input.
static bool
layer_backward(struct st_model *m, int l, const struct st_batch *b)
{
    const struct st_config *c = &m->c;
    struct layer_state *s = &m->state[l];
    int n = m->n, d = c->dim, hd = d / c->heads;
    size_t nd = (size_t)n * d;
    const struct st_tensor *norm1 = layer_tensor(m, l, T_NORM1);
    const struct st_tensor *norm2 = layer_tensor(m, l, T_NORM2);

    st_gemm_lower(m->gemm, m->narrow_low, m->dx, nd);
    if (!project_back(m, n, layer_tensor(m, l, T_DOWN), s->act, m->narrow_low, m->narrow, false))
        return false;
    st_swiglu_back(n, c->ff, s->gate_up, m->narrow);
    st_gemm_lower(m->gemm, m->wide_low, s->gate_up, (size_t)n * 2 * c->ff);
    if (!project_back(m, n, layer_tensor(m, l, T_GATE_UP), s->h2, m->wide_low, m->narrow, false))
        return false;
    st_rmsnorm_back(n, d, s->mid, m->params + norm2->offset, s->scale2, m->narrow, m->dx,
                    m->grads + norm2->offset);

    st_gemm_lower(m->gemm, m->narrow_low, m->dx, nd);
    if (!project_back(m, n, layer_tensor(m, l, T_OUT), s->att, m->narrow_low, m->narrow, false))
        return false;
    st_attention_back(b->spans, b->span, c->heads, hd, s->qkv, m->narrow, m->wide);
    st_rope(n, c->heads, hd, m->rope, b->position, m->wide, true);
    st_gemm_lower(m->gemm, m->wide_low, m->wide, 3 * nd);
    if (!project_back(m, n, layer_tensor(m, l, T_QKV), s->h1, m->wide_low, m->narrow, false))
        return false;
    st_rmsnorm_back(n, d, s->x, m->params + norm1->offset, s->scale1, m->narrow, m->dx,
                    m->grads + norm1->offset);
    return true;
}

// Gathers the predicted rows; returns their number rounded up, so that few product shapes occur.
static int
gather_head(struct st_model *m, const struct st_batch *b, double *weight_sum)
{
    int rows = 0, d = m->c.dim;
    *weight_sum = 0;
    for (int t = 0; t < b->tokens; t++) {
        if (b->weight[t] == 0)
            continue;
        memcpy(m->head_in + (size_t)rows * d, m->narrow + (size_t)t * d, (size_t)d * sizeof(float));
        m->target[rows] = b->target[t];
        m->weight[rows] = b->weight[t];
        m->row[rows++] = t;
        *weight_sum += (double)b->weight[t];
    }
    int padded = (rows + 255) / 256 * 256;
    padded = padded > m->n ? m->n : padded;
    for (int r = rows; r < padded; r++) {
        memset(m->head_in + (size_t)r * d, 0, (size_t)d * sizeof(float));
        m->weight[r] = 0;
        m->target[r] = 0;
        m->row[r] = -1;
    }
    return padded;
}

double
st_model_step(struct st_model *m, const struct st_batch *b, bool gradient)
{
    const struct st_config *c = &m->c;
    int n = m->n, d = c->dim;
    const struct st_tensor *embed = &m->tensors[0], *norm = &m->tensors[1];

    if (b->tokens != n)
        return -1;
    float *first = m->state[0].x;
    for (int t = 0; t < n; t++)
        memcpy(first + (size_t)t * d, m->params + embed->offset + (size_t)b->input[t] * d,
               (size_t)d * sizeof(float));
    for (int l = 0; l < c->layers; l++)
        if (!layer_forward(m, l, b, l + 1 < c->layers ? m->state[l + 1].x : m->x_last))
            return -1;
    st_rmsnorm(n, d, c->norm_eps, m->x_last, m->params + norm->offset, m->narrow, m->final_scale);

    double weight_sum;
    int rows = gather_head(m, b, &weight_sum);
    if (rows == 0)
        return -1;
    st_gemm_lower(m->gemm, m->head_low, m->head_in, (size_t)rows * d);
    if (!project(m, rows, embed, m->head_low, m->logits, false))
        return -1;
    double loss = st_cross_entropy(rows, c->vocab, m->logits, m->target, m->weight,
                                   (float)(1.0 / weight_sum)) /
                  weight_sum;
    if (!gradient)
        return loss;

    memset(m->grads, 0, m->size * sizeof(float));
    st_gemm_lower(m->gemm, m->logits_low, m->logits, (size_t)rows * c->vocab);
    if (!project_back(m, rows, embed, m->head_low, m->logits_low, m->head_grad, false))
        return -1;
    memset(m->narrow, 0, (size_t)n * d * sizeof(float));
    for (int r = 0; r < rows; r++)
        if (m->row[r] >= 0)
            memcpy(m->narrow + (size_t)m->row[r] * d, m->head_grad + (size_t)r * d,
                   (size_t)d * sizeof(float));
    memset(m->dx, 0, (size_t)n * d * sizeof(float));
    st_rmsnorm_back(n, d, m->x_last, m->params + norm->offset, m->final_scale, m->narrow, m->dx,
                    m->grads + norm->offset);
    for (int l = c->layers - 1; l >= 0; l--)
        if (!layer_backward(m, l, b))
            return -1;
    for (int t = 0; t < n; t++) {
        float *g = m->grads + embed->offset + (size_t)b->input[t] * d;
        for (int i = 0; i < d; i++)
            g[i] += m->dx[(size_t)t * d + i];
    }
    return loss;
}
