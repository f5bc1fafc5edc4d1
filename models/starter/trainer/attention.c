// Causal attention for documents of any length: small register-blocked products, one head at a
// time.
//
// Documents are short (about 150 tokens), so calling a BLAS for each would cost more than the work.
// All scratch is padded to whole tiles, which keeps the kernel free of tails.
#include "layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16 // floats in a vector; the compiler splits it where the CPU has narrower ones
#define ROWS  8  // rows of a register tile
#define COLS  (2 * LANES)
#define BLOCK 16 // queries handled together

typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

struct matrix {
    const float *data;
    size_t row; // distance between rows
    size_t col; // distance between columns
};

// c[m][n] (+)= a[m][k] * b[k][n]; m is a multiple of ROWS, n of COLS; b and c have dense columns.
static void
multiply(int m, int n, int k, struct matrix a, const float *b, size_t ldb, float *c, size_t ldc,
         bool add)
{
    for (int i = 0; i < m; i += ROWS) {
        for (int j = 0; j < n; j += COLS) {
            vec acc[ROWS][2];
            for (int r = 0; r < ROWS; r++) {
                float *out = c + (size_t)(i + r) * ldc + j;
                acc[r][0] = add ? *(vec *)out : (vec){0};
                acc[r][1] = add ? *(vec *)(out + LANES) : (vec){0};
            }
            const float *left = a.data + (size_t)i * a.row;
            const float *right = b + j;
            for (int p = 0; p < k; p++) {
                vec b0 = *(const vec *)right;
                vec b1 = *(const vec *)(right + LANES);
                for (int r = 0; r < ROWS; r++) {
                    float s = left[(size_t)r * a.row];
                    acc[r][0] += s * b0;
                    acc[r][1] += s * b1;
                }
                left += a.col;
                right += ldb;
            }
            for (int r = 0; r < ROWS; r++) {
                float *out = c + (size_t)(i + r) * ldc + j;
                *(vec *)out = acc[r][0];
                *(vec *)(out + LANES) = acc[r][1];
            }
        }
    }
}

static int
round_up(int value, int to)
{
    return (value + to - 1) / to * to;
}

// Scratch of one head of one document; `size` is the padded length.
struct scratch {
    float *memory;
    float *q, *k, *v, *dout; // [size][head_dim]
    float *kt, *vt;          // [head_dim][size]
    float *dq, *dk, *dv;     // [size][head_dim]
    float *p, *dp;           // [BLOCK][size]
    float *out;              // [size][head_dim]
};

static bool
scratch_init(struct scratch *s, int size, int hd)
{
    size_t full = (size_t)size * hd, block = (size_t)BLOCK * size;
    s->memory = calloc(10 * full + 2 * block, sizeof(float));
    if (!s->memory)
        return false;
    float **part[] = {&s->q,  &s->k,  &s->v,  &s->dout, &s->kt,
                      &s->vt, &s->dq, &s->dk, &s->dv,   &s->out};
    float *at = s->memory;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++, at += full)
        *part[i] = at;
    s->p = at;
    s->dp = at + block;
    return true;
}

static void
gather(float *dst, float *transposed, int size, const float *src, size_t stride, int length, int hd)
{
    for (int t = 0; t < length; t++) {
        memcpy(dst + (size_t)t * hd, src + (size_t)t * stride, (size_t)hd * sizeof(float));
        if (transposed)
            for (int i = 0; i < hd; i++)
                transposed[(size_t)i * size + t] = src[(size_t)t * stride + i];
    }
}

// Probabilities of BLOCK queries from `first` on; columns beyond a query's own are zero.
static void
probabilities(struct scratch *s, int size, int hd, int first, int cols, float scale)
{
    struct matrix q = {s->q + (size_t)first * hd, (size_t)hd, 1};
    multiply(BLOCK, cols, hd, q, s->kt, (size_t)size, s->p, (size_t)size, false);
    for (int r = 0; r < BLOCK; r++) {
        float *row = s->p + (size_t)r * size;
        int seen = first + r + 1 < cols ? first + r + 1 : cols;
        float top = row[0];
        for (int j = 1; j < seen; j++)
            top = row[j] > top ? row[j] : top;
        float sum = 0;
        for (int j = 0; j < seen; j++) {
            row[j] = expf((row[j] - top) * scale);
            sum += row[j];
        }
        float inv = 1.0f / sum;
        for (int j = 0; j < seen; j++)
            row[j] *= inv;
        for (int j = seen; j < cols; j++)
            row[j] = 0;
    }
}

static void
head_forward(struct st_span span, int heads, int hd, int head, const float *qkv, float *out)
{
    int size = round_up(span.length, COLS);
    size_t dim = (size_t)heads * hd, stride = 3 * dim;
    const float *base = qkv + (size_t)span.start * stride + (size_t)head * hd;
    struct scratch s;
    if (!scratch_init(&s, size, hd))
        abort(); // a few hundred kilobytes: nothing sensible is left to do
    gather(s.q, NULL, size, base, stride, span.length, hd);
    gather(s.k, s.kt, size, base + dim, stride, span.length, hd);
    gather(s.v, NULL, size, base + 2 * dim, stride, span.length, hd);
    float scale = 1.0f / sqrtf((float)hd);
    for (int first = 0; first < span.length; first += BLOCK) {
        int cols = round_up(first + BLOCK, COLS);
        probabilities(&s, size, hd, first, cols, scale);
        struct matrix p = {s.p, (size_t)size, 1};
        multiply(BLOCK, hd, cols, p, s.v, (size_t)hd, s.out + (size_t)first * hd, (size_t)hd,
                 false);
    }
    for (int t = 0; t < span.length; t++)
        memcpy(out + ((size_t)span.start + t) * dim + (size_t)head * hd, s.out + (size_t)t * hd,
               (size_t)hd * sizeof(float));
    free(s.memory);
}

static void
head_backward(struct st_span span, int heads, int hd, int head, const float *qkv, const float *dout,
              float *dqkv)
{
    int size = round_up(span.length, COLS);
    size_t dim = (size_t)heads * hd, stride = 3 * dim;
    size_t at = (size_t)span.start * stride + (size_t)head * hd;
    struct scratch s;
    if (!scratch_init(&s, size, hd))
        abort();
    gather(s.q, NULL, size, qkv + at, stride, span.length, hd);
    gather(s.k, s.kt, size, qkv + at + dim, stride, span.length, hd);
    gather(s.v, s.vt, size, qkv + at + 2 * dim, stride, span.length, hd);
    gather(s.dout, NULL, size, dout + (size_t)span.start * dim + (size_t)head * hd, dim,
           span.length, hd);
    float scale = 1.0f / sqrtf((float)hd);
    for (int first = 0; first < span.length; first += BLOCK) {
        int cols = round_up(first + BLOCK, COLS);
        const float *q = s.q + (size_t)first * hd;
        const float *d = s.dout + (size_t)first * hd;
        probabilities(&s, size, hd, first, cols, scale);
        struct matrix left = {d, (size_t)hd, 1};
        multiply(BLOCK, cols, hd, left, s.vt, (size_t)size, s.dp, (size_t)size, false);
        struct matrix pt = {s.p, 1, (size_t)size};
        multiply(cols, hd, BLOCK, pt, d, (size_t)hd, s.dv, (size_t)hd, true);
        for (int r = 0; r < BLOCK; r++) {
            float *p = s.p + (size_t)r * size, *dp = s.dp + (size_t)r * size;
            float dot = 0;
            for (int j = 0; j < cols; j++)
                dot += p[j] * dp[j];
            for (int j = 0; j < cols; j++)
                dp[j] = p[j] * (dp[j] - dot) * scale;
        }
        struct matrix ds = {s.dp, (size_t)size, 1};
        multiply(BLOCK, hd, cols, ds, s.k, (size_t)hd, s.dq + (size_t)first * hd, (size_t)hd,
                 false);
        struct matrix dst = {s.dp, 1, (size_t)size};
        multiply(cols, hd, BLOCK, dst, q, (size_t)hd, s.dk, (size_t)hd, true);
    }
    for (int t = 0; t < span.length; t++) {
        float *row = dqkv + at + (size_t)t * stride;
        memcpy(row, s.dq + (size_t)t * hd, (size_t)hd * sizeof(float));
        memcpy(row + dim, s.dk + (size_t)t * hd, (size_t)hd * sizeof(float));
        memcpy(row + 2 * dim, s.dv + (size_t)t * hd, (size_t)hd * sizeof(float));
    }
    free(s.memory);
}

void
st_attention(int spans, const struct st_span *span, int heads, int head_dim, const float *qkv,
             float *out)
{
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int i = 0; i < spans; i++)
        for (int h = 0; h < heads; h++)
            head_forward(span[i], heads, head_dim, h, qkv, out);
}

void
st_attention_back(int spans, const struct st_span *span, int heads, int head_dim, const float *qkv,
                  const float *dout, float *dqkv)
{
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int i = 0; i < spans; i++)
        for (int h = 0; h < heads; h++)
            head_backward(span[i], heads, head_dim, h, qkv, dout, dqkv);
}
