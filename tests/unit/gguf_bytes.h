#ifndef PAL_TESTS_GGUF_BYTES_H
#define PAL_TESTS_GGUF_BYTES_H
/*
 * Builds GGUF bytes by hand, right or wrong on purpose, for the tests and the fuzzer's first
 * inputs.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    uint8_t data[16384];
    size_t len;
};

static inline void
put(struct bytes *b, const void *data, size_t len)
{
    if (len <= sizeof(b->data) - b->len) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    }
}

static inline void
put_u32(struct bytes *b, uint32_t value)
{
    uint8_t out[4];
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
    put(b, out, sizeof(out));
}

static inline void
put_u64(struct bytes *b, uint64_t value)
{
    put_u32(b, (uint32_t)value);
    put_u32(b, (uint32_t)(value >> 32));
}

static inline void
put_text(struct bytes *b, const char *text)
{
    put_u64(b, strlen(text));
    put(b, text, strlen(text));
}

static inline void
put_head(struct bytes *b, uint32_t version, uint64_t n_tensors, uint64_t n_kv)
{
    put(b, "GGUF", 4);
    put_u32(b, version);
    put_u64(b, n_tensors);
    put_u64(b, n_kv);
}

static inline void
put_kv_u32(struct bytes *b, const char *key, uint32_t value)
{
    put_text(b, key);
    put_u32(b, 4);
    put_u32(b, value);
}

static inline void
put_kv_text(struct bytes *b, const char *key, const char *value)
{
    put_text(b, key);
    put_u32(b, 8);
    put_text(b, value);
}

static inline void
put_tensor(struct bytes *b, const char *name, uint32_t type, uint32_t n_dims, const uint64_t *shape,
           uint64_t offset)
{
    put_text(b, name);
    put_u32(b, n_dims);
    for (uint32_t i = 0; i < n_dims; i++) {
        put_u64(b, shape[i]);
    }
    put_u32(b, type);
    put_u64(b, offset);
}

static inline void
put_padding(struct bytes *b)
{
    while (b->len % 32 != 0) {
        put(b, "", 1);
    }
}

/* A small file that is right: keys of every kind, 24 tokens, two tensors. */
static inline void
put_good_file(struct bytes *b)
{
    put_head(b, 3, 2, 11);
    put_kv_text(b, "general.architecture", "llama");
    put_kv_text(b, "general.name", "small \xc3\xa9");
    put_kv_u32(b, "general.file_type", 0);
    put_kv_u32(b, "llama.block_count", 1);
    put_kv_u32(b, "llama.context_length", 64);
    put_kv_u32(b, "llama.embedding_length", 8);
    put_kv_u32(b, "llama.attention.head_count", 2);
    put_text(b, "llama.rope.freq_base");
    put_u32(b, 6);
    put_u32(b, 0x461c4000); /* 10000 */
    put_text(b, "tokenizer.ggml.add_bos_token");
    put_u32(b, 7);
    put(b, "\1", 1);
    put_kv_text(b, "tokenizer.chat_template", "{{ messages }}");
    put_text(b, "tokenizer.ggml.tokens");
    put_u32(b, 9);
    put_u32(b, 8);
    put_u64(b, 24);
    for (char c = 'a'; c < 'a' + 24; c++) {
        char text[2] = {c, '\0'};
        put_text(b, text);
    }
    put_tensor(b, "token_embd.weight", 0, 2, (const uint64_t[]){8, 24}, 0);
    put_tensor(b, "blk.0.attn_norm.weight", 0, 1, (const uint64_t[]){8}, 768);
    put_padding(b);
    for (int i = 0; i < 768 + 32; i++) {
        put(b, "", 1);
    }
}

#endif
