// GGUF v3 writer: metadata, tensor table, tensors. Little-endian hosts only, like the rest of GGUF.
#include "gguf_out.h"

#include "tokenizer_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT      32
#define CONTEXT_LENGTH 2048
#define Q8_BLOCK       32
#define Q8_BYTES       34 // f16 scale and 32 int8

enum gguf_type {
    GGUF_U32 = 4,
    GGUF_I32 = 5,
    GGUF_F32 = 6,
    GGUF_BOOL = 7,
    GGUF_STRING = 8,
    GGUF_ARRAY = 9
};
enum ggml_type { GGML_F32 = 0, GGML_Q8_0 = 8 };

static const char chat_template[] =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + "
    "message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\\n' }}{% endif %}";

// A tensor as it goes out: the trainer keeps q, k, v and gate, up fused; the file wants them apart.
struct piece {
    char name[48];
    const float *data;
    uint64_t rows, cols;
    uint64_t offset;
};

struct writer {
    FILE *f;
    bool ok;
    uint64_t keys;
};

static void
put(struct writer *w, const void *data, size_t size)
{
    w->ok = w->ok && (size == 0 || fwrite(data, size, 1, w->f) == 1);
}

static void
put_u32(struct writer *w, uint32_t v)
{
    put(w, &v, sizeof v);
}

static void
put_u64(struct writer *w, uint64_t v)
{
    put(w, &v, sizeof v);
}

static void
put_text(struct writer *w, const char *text)
{
    put_u64(w, strlen(text));
    put(w, text, strlen(text));
}

static void
key(struct writer *w, const char *name, enum gguf_type type)
{
    put_text(w, name);
    put_u32(w, type);
    w->keys++;
}

static void
key_u32(struct writer *w, const char *name, uint32_t v)
{
    key(w, name, GGUF_U32);
    put_u32(w, v);
}

static void
key_f32(struct writer *w, const char *name, float v)
{
    key(w, name, GGUF_F32);
    put(w, &v, sizeof v);
}

static void
key_bool(struct writer *w, const char *name, bool v)
{
    uint8_t byte = v;
    key(w, name, GGUF_BOOL);
    put(w, &byte, 1);
}

static void
key_text(struct writer *w, const char *name, const char *v)
{
    key(w, name, GGUF_STRING);
    put_text(w, v);
}

static void
key_texts(struct writer *w, const char *name, char *const *v, int n)
{
    key(w, name, GGUF_ARRAY);
    put_u32(w, GGUF_STRING);
    put_u64(w, (uint64_t)n);
    for (int i = 0; i < n; i++)
        put_text(w, v[i]);
}

static void
write_tokenizer(struct writer *w, const struct st_tokenizer *t)
{
    key_text(w, "tokenizer.ggml.model", "gpt2");
    key_text(w, "tokenizer.ggml.pre", "qwen2");
    key_texts(w, "tokenizer.ggml.tokens", t->token, t->tokens);
    key(w, "tokenizer.ggml.token_type", GGUF_ARRAY);
    put_u32(w, GGUF_I32);
    put_u64(w, (uint64_t)t->tokens);
    for (int i = 0; i < t->tokens; i++)
        put_u32(w, st_tokenizer_is_control(t->token[i]) ? 3 : 1);
    key_texts(w, "tokenizer.ggml.merges", t->merge, t->merges);
    key_u32(w, "tokenizer.ggml.eos_token_id", (uint32_t)st_tokenizer_find(t, "<|im_end|>"));
    key_u32(w, "tokenizer.ggml.bos_token_id", (uint32_t)st_tokenizer_find(t, "<|endoftext|>"));
    key_u32(w, "tokenizer.ggml.padding_token_id", (uint32_t)st_tokenizer_find(t, "<|endoftext|>"));
    key_bool(w, "tokenizer.ggml.add_bos_token", false);
    key_text(w, "tokenizer.chat_template", chat_template);
}

static void
write_metadata(struct writer *w, const struct st_config *c, size_t size,
               const struct st_tokenizer *t)
{
    char label[16];
    char *languages[] = {"fr", "en"};
    snprintf(label, sizeof label, "%.0fM", (double)size / 1e6);
    key_text(w, "general.architecture", "llama");
    key_text(w, "general.type", "model");
    key_text(w, "general.name", "Palabre Starter");
    key_text(w, "general.basename", "palabre-starter");
    key_text(w, "general.size_label", label);
    key_text(w, "general.author", "The Palabre authors");
    key_text(w, "general.license", "mit");
    key_text(
        w, "general.description",
        "A tiny companion in French and English, trained from scratch by the Palabre project.");
    key_texts(w, "general.languages", languages, 2);
    key_u32(w, "general.file_type", 7); // mostly Q8_0
    key_u32(w, "general.quantization_version", 2);
    key_u32(w, "llama.block_count", (uint32_t)c->layers);
    key_u32(w, "llama.context_length", CONTEXT_LENGTH);
    key_u32(w, "llama.embedding_length", (uint32_t)c->dim);
    key_u32(w, "llama.feed_forward_length", (uint32_t)c->ff);
    key_u32(w, "llama.attention.head_count", (uint32_t)c->heads);
    key_u32(w, "llama.attention.head_count_kv", (uint32_t)c->heads);
    key_u32(w, "llama.rope.dimension_count", (uint32_t)(c->dim / c->heads));
    key_f32(w, "llama.rope.freq_base", c->rope_base);
    key_f32(w, "llama.attention.layer_norm_rms_epsilon", c->norm_eps);
    key_u32(w, "llama.vocab_size", (uint32_t)c->vocab);
    write_tokenizer(w, t);
}

static int
split(struct piece *out, const struct st_tensor *t, const float *params)
{
    static const struct {
        const char *fused;
        const char *parts[3];
    } fusions[] = {
        {"attn_qkv", {"attn_q", "attn_k", "attn_v"}},
        {"ffn_gate_up", {"ffn_gate", "ffn_up", NULL}},
    };
    const float *data = params + t->offset;
    for (size_t i = 0; i < sizeof fusions / sizeof *fusions; i++) {
        const char *at = strstr(t->name, fusions[i].fused);
        if (!at)
            continue;
        int n = fusions[i].parts[2] ? 3 : 2;
        for (int k = 0; k < n; k++) {
            snprintf(out[k].name, sizeof out[k].name, "%.*s%s.weight", (int)(at - t->name), t->name,
                     fusions[i].parts[k]);
            out[k].rows = (uint64_t)(t->rows / n);
            out[k].cols = (uint64_t)t->cols;
            out[k].data = data + (uint64_t)k * out[k].rows * out[k].cols;
        }
        return n;
    }
    snprintf(out->name, sizeof out->name, "%s.weight", t->name);
    out->rows = (uint64_t)t->rows;
    out->cols = (uint64_t)t->cols;
    out->data = data;
    return 1;
}

static uint64_t
piece_bytes(const struct piece *p)
{
    uint64_t n = p->rows * p->cols;
    return p->rows == 1 ? n * sizeof(float) : n / Q8_BLOCK * Q8_BYTES;
}

static uint16_t
to_half(float value)
{
    union {
        float f;
        uint32_t u;
    } v = {.f = value};
    uint32_t sign = v.u >> 16 & 0x8000u;
    int exponent = (int)(v.u >> 23 & 0xff) - 127 + 15;
    uint32_t mantissa = v.u & 0x7fffffu;
    if (exponent >= 31) // never a real scale: 127 * 65504 would be a broken model
        return (uint16_t)(sign | 0x7bffu);
    if (exponent <= 0) { // subnormal half
        if (exponent < -10)
            return (uint16_t)sign;
        mantissa |= 0x800000u;
        int shift = 14 - exponent;
        return (uint16_t)(sign | ((mantissa + (1u << (shift - 1))) >> shift));
    }
    uint32_t half = (uint32_t)exponent << 10 | mantissa >> 13;
    half += mantissa >> 12 & 1u; // round half up; a carry into the exponent is right
    return (uint16_t)(sign | half);
}

static void
write_q8(struct writer *w, const struct piece *p)
{
    for (uint64_t i = 0; i < p->rows * p->cols; i += Q8_BLOCK) {
        uint8_t block[Q8_BYTES];
        float top = 0;
        for (int k = 0; k < Q8_BLOCK; k++)
            top = fmaxf(top, fabsf(p->data[i + (uint64_t)k]));
        float scale = top / 127.0f;
        float inverse = scale > 0 ? 1.0f / scale : 0.0f;
        uint16_t half = to_half(scale);
        memcpy(block, &half, sizeof half);
        for (int k = 0; k < Q8_BLOCK; k++)
            block[2 + k] = (uint8_t)(int8_t)lrintf(p->data[i + (uint64_t)k] * inverse);
        put(w, block, sizeof block);
    }
}

static void
pad(struct writer *w, uint64_t size)
{
    static const char zero[ALIGNMENT];
    put(w, zero, (size_t)((ALIGNMENT - size % ALIGNMENT) % ALIGNMENT));
}

static void
write_tensors(struct writer *w, struct piece *pieces, int count)
{
    uint64_t offset = 0;
    for (int i = 0; i < count; i++) {
        struct piece *p = &pieces[i];
        bool vector = p->rows == 1;
        put_text(w, p->name);
        put_u32(w, vector ? 1 : 2);
        put_u64(w, p->cols);
        if (!vector)
            put_u64(w, p->rows);
        put_u32(w, vector ? GGML_F32 : GGML_Q8_0);
        put_u64(w, offset);
        offset += (piece_bytes(p) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    pad(w, (uint64_t)ftell(w->f));
    for (int i = 0; i < count; i++) {
        if (pieces[i].rows == 1)
            put(w, pieces[i].data, (size_t)piece_bytes(&pieces[i]));
        else
            write_q8(w, &pieces[i]);
        pad(w, piece_bytes(&pieces[i]));
    }
}

bool
st_gguf_write(const char *path, struct st_model *model, const char *tokenizer, char *err,
              size_t err_size)
{
    struct st_tokenizer t;
    const struct st_config *c = st_model_config(model);
    if (!st_tokenizer_load(&t, tokenizer)) {
        snprintf(err, err_size, "cannot read the tokenizer '%s'", tokenizer);
        return false;
    }
    if (t.tokens != c->vocab || st_tokenizer_find(&t, "<|im_end|>") < 0 ||
        st_tokenizer_find(&t, "<|endoftext|>") < 0) {
        snprintf(err, err_size, "'%s' does not fit the model", tokenizer);
        st_tokenizer_finish(&t);
        return false;
    }
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s.part", path);
    int count, pieces = 0;
    const struct st_tensor *tensors = st_model_tensors(model, &count);
    struct piece *piece = calloc((size_t)count * 3, sizeof *piece);
    struct writer w = {.f = fopen(temporary, "wb"), .ok = true};
    if (!piece || !w.f) {
        snprintf(err, err_size, "cannot write '%s'", temporary);
        free(piece);
        if (w.f)
            fclose(w.f);
        st_tokenizer_finish(&t);
        return false;
    }
    for (int i = 0; i < count; i++)
        pieces += split(piece + pieces, &tensors[i], st_model_params(model));

    put(&w, "GGUF", 4);
    put_u32(&w, 3);
    put_u64(&w, (uint64_t)pieces);
    put_u64(&w, 0); // the number of keys, known below
    write_metadata(&w, c, st_model_size(model), &t);
    write_tensors(&w, piece, pieces);
    w.ok = w.ok && fseek(w.f, 16, SEEK_SET) == 0;
    put_u64(&w, w.keys);
    w.ok = fclose(w.f) == 0 && w.ok;
    w.ok = w.ok && rename(temporary, path) == 0;
    if (!w.ok) {
        snprintf(err, err_size, "cannot write '%s'", path);
        remove(temporary);
    }
    free(piece);
    st_tokenizer_finish(&t);
    return w.ok;
}
