// Matrix products through oneDNN: primitives are made once a shape and kept.
#include "gemm.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ST_MAX_SHAPES 128

struct shape {
    int m, n, k;
    bool ta, tb, add;
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, c;
};

struct st_gemm {
    enum st_precision precision;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int count;
    struct shape shapes[ST_MAX_SHAPES];
};

struct st_gemm *
st_gemm_create(enum st_precision precision)
{
    struct st_gemm *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->precision = precision;
    if (dnnl_engine_create(&g->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&g->stream, g->engine, dnnl_stream_default_flags) != dnnl_success) {
        st_gemm_destroy(g);
        return NULL;
    }
    return g;
}

void
st_gemm_destroy(struct st_gemm *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->count; i++) {
        dnnl_primitive_destroy(g->shapes[i].primitive);
        dnnl_memory_destroy(g->shapes[i].a);
        dnnl_memory_destroy(g->shapes[i].b);
        dnnl_memory_destroy(g->shapes[i].c);
    }
    if (g->stream)
        dnnl_stream_destroy(g->stream);
    if (g->engine)
        dnnl_engine_destroy(g->engine);
    free(g);
}

enum st_precision
st_gemm_precision(const struct st_gemm *g)
{
    return g->precision;
}

size_t
st_gemm_element(const struct st_gemm *g)
{
    return g->precision == ST_BF16 ? sizeof(uint16_t) : sizeof(float);
}

static bool
describe(dnnl_memory_desc_t *out, int rows, int cols, bool transposed, dnnl_data_type_t type)
{
    dnnl_dims_t dims = {rows, cols};
    dnnl_dims_t strides = {transposed ? 1 : cols, transposed ? rows : 1};
    return dnnl_memory_desc_init_by_strides(out, 2, dims, type, strides) == dnnl_success;
}

static bool
build(struct st_gemm *g, struct shape *s)
{
    dnnl_data_type_t type = g->precision == ST_BF16 ? dnnl_bf16 : dnnl_f32;
    dnnl_memory_desc_t a, b, c;
    dnnl_matmul_desc_t op;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t post = NULL;
    dnnl_primitive_desc_t pd = NULL;
    bool ok = false;

    if (!describe(&a, s->m, s->k, s->ta, type) || !describe(&b, s->k, s->n, s->tb, type) ||
        !describe(&c, s->m, s->n, false, dnnl_f32))
        return false;
    if (dnnl_matmul_desc_init(&op, &a, &b, NULL, &c) != dnnl_success ||
        dnnl_primitive_attr_create(&attr) != dnnl_success ||
        dnnl_post_ops_create(&post) != dnnl_success)
        goto end;
    if (s->add && (dnnl_post_ops_append_sum(post, 1.0f) != dnnl_success ||
                   dnnl_primitive_attr_set_post_ops(attr, post) != dnnl_success))
        goto end;
    if (dnnl_primitive_desc_create(&pd, &op, attr, g->engine, NULL) != dnnl_success)
        goto end;
    ok = dnnl_primitive_create(&s->primitive, pd) == dnnl_success &&
         dnnl_memory_create(&s->a, &a, g->engine, DNNL_MEMORY_NONE) == dnnl_success &&
         dnnl_memory_create(&s->b, &b, g->engine, DNNL_MEMORY_NONE) == dnnl_success &&
         dnnl_memory_create(&s->c, &c, g->engine, DNNL_MEMORY_NONE) == dnnl_success;
end:
    if (pd)
        dnnl_primitive_desc_destroy(pd);
    if (post)
        dnnl_post_ops_destroy(post);
    if (attr)
        dnnl_primitive_attr_destroy(attr);
    return ok;
}

static struct shape *
find(struct st_gemm *g, const struct shape *want)
{
    for (int i = 0; i < g->count; i++) {
        struct shape *s = &g->shapes[i];
        if (s->m == want->m && s->n == want->n && s->k == want->k && s->ta == want->ta &&
            s->tb == want->tb && s->add == want->add)
            return s;
    }
    if (g->count == ST_MAX_SHAPES)
        return NULL;
    struct shape *s = &g->shapes[g->count];
    *s = *want;
    if (!build(g, s))
        return NULL;
    g->count++;
    return s;
}

bool
st_gemm_run(struct st_gemm *g, int m, int n, int k, struct st_operand a, struct st_operand b,
            float *c, bool add)
{
    struct shape want = {
        .m = m, .n = n, .k = k, .ta = a.transposed, .tb = b.transposed, .add = add};
    struct shape *s = find(g, &want);
    if (!s)
        return false;
    // oneDNN takes sources through a non-const pointer but never writes them.
    if (dnnl_memory_set_data_handle(s->a, (void *)(uintptr_t)a.data) != dnnl_success ||
        dnnl_memory_set_data_handle(s->b, (void *)(uintptr_t)b.data) != dnnl_success ||
        dnnl_memory_set_data_handle(s->c, c) != dnnl_success)
        return false;
    dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, s->a},
        {DNNL_ARG_WEIGHTS, s->b},
        {DNNL_ARG_DST, s->c},
    };
    return dnnl_primitive_execute(s->primitive, g->stream, 3, args) == dnnl_success &&
           dnnl_stream_wait(g->stream) == dnnl_success;
}

void
st_gemm_lower(const struct st_gemm *g, void *dst, const float *src, size_t n)
{
    if (g->precision == ST_F32) {
        memcpy(dst, src, n * sizeof(float));
        return;
    }
    uint16_t *out = dst;
#pragma omp parallel for simd schedule(static) if (n > 16384)
    for (size_t i = 0; i < n; i++) {
        union {
            float f;
            uint32_t u;
        } v = {.f = src[i]};
        // Round to nearest, ties to even; gradients and weights are never NaN here.
        out[i] = (uint16_t)((v.u + 0x7fffu + ((v.u >> 16) & 1u)) >> 16);
    }
}
