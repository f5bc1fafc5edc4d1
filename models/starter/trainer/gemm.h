// Matrix products for the starter model's trainer: oneDNN behind one call.
//
// bf16 operands with f32 accumulation are twice as fast as f32 on CPUs with AVX512_BF16 (measured:
// 430 against 210 GFLOP/s a core); f32 operands exist so that gradients can be checked exactly.
#ifndef STARTER_GEMM_H
#define STARTER_GEMM_H

#include <stdbool.h>
#include <stddef.h>

enum st_precision {
    ST_F32,
    ST_BF16,
};

struct st_gemm;

struct st_operand {
    const void *data; // st_precision of the gemm; row-major
    bool transposed;  // false: stored as used; true: stored [columns][rows]
};

// NULL when oneDNN cannot start. One gemm serves one thread; it uses all OpenMP threads inside.
struct st_gemm *st_gemm_create(enum st_precision precision);

void st_gemm_destroy(struct st_gemm *g);

enum st_precision st_gemm_precision(const struct st_gemm *g);

// Bytes of one operand element.
size_t st_gemm_element(const struct st_gemm *g);

// c[m][n] = a[m][k] * b[k][n], or += when `add`. All three are dense. False when oneDNN refuses.
bool st_gemm_run(struct st_gemm *g, int m, int n, int k, struct st_operand a, struct st_operand b,
                 float *c, bool add);

// Copies n floats into operand format.
void st_gemm_lower(const struct st_gemm *g, void *dst, const float *src, size_t n);

#endif
