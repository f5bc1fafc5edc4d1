#ifndef PAL_GGUF_TYPE_H
#define PAL_GGUF_TYPE_H
/*
 * The tensor types of ggml: how many weights make a block and how many bytes it takes. The numbers
 * are the format's own and stand in files, so they never change; tests/unit/test_gguf_llama.c
 * holds this table against the ggml in use. Pure; any thread.
 */
#include <stdbool.h>
#include <stdint.h>

enum pal_gguf_type {
    PAL_GGUF_TYPE_F32 = 0,
    PAL_GGUF_TYPE_F16 = 1,
    PAL_GGUF_TYPE_Q4_0 = 2,
    PAL_GGUF_TYPE_Q5_0 = 6,
    PAL_GGUF_TYPE_Q5_1 = 7,
    PAL_GGUF_TYPE_Q8_0 = 8,
    PAL_GGUF_TYPE_Q4_K = 12,
    PAL_GGUF_TYPE_Q5_K = 13,
    PAL_GGUF_TYPE_Q6_K = 14,
};

struct pal_gguf_type_traits {
    const char *name;
    uint32_t block_weights;
    uint32_t block_bytes;
};

/* NULL for a number that names no type (or one that the format has withdrawn). */
const struct pal_gguf_type_traits *pal_gguf_type_traits(uint32_t type);

/*
 * Bytes of a tensor with these dimensions; false if the type is unknown, a dimension is 0, a row is
 * not whole blocks, or a product does not fit. Every product is checked, because a wrapped one
 * makes libllama accept tensors that are not there.
 */
bool pal_gguf_type_bytes(uint32_t type, uint32_t n_dims, const uint64_t *shape, uint64_t *n_weights,
                         uint64_t *bytes);

/* The usual name of general.file_type ("Q4_K_M"); NULL if unknown. */
const char *pal_gguf_file_type_name(uint32_t file_type);

#endif
