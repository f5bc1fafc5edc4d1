/* Keys -> struct pal_gguf_facts. */
#include <stdio.h>
#include <string.h>

#include "gguf/parse.h"
#include "gguf/type.h"
#include "util/utf8.h"

/* Copies a text value; what is no text, or longer than the room, is cut at a whole character. */
static void
copy_text(const struct pal_gguf_file *file, const char *key, char *to, size_t room)
{
    struct pal_gguf_kv kv;
    struct pal_gguf_text text;
    if (!pal_gguf_file_find(file, key, &kv) || kv.kind != PAL_GGUF_KIND_TEXT) {
        return;
    }
    const uint8_t *at = kv.data;
    if (pal_gguf_kv_next_text(&kv, &at, &text)) {
        size_t len = text.len < room - 1 ? text.len : pal_utf8_whole(text.data, room - 1);
        memcpy(to, text.data, len);
        to[len] = '\0';
        pal_utf8_scrub(to, strlen(to));
        for (char *c = to; *c != '\0'; c++) {
            if ((unsigned char)*c < 0x20 || *c == 0x7f) {
                *c = '?';
            }
        }
    }
}

/* "<architecture>.<suffix>"; the largest item of an array. 0 if missing or beyond 32 bits. */
static uint32_t
arch_number(const struct pal_gguf_file *file, const char *architecture, const char *suffix)
{
    char key[160];
    struct pal_gguf_kv kv;
    (void)snprintf(key, sizeof(key), "%s.%s", architecture, suffix);
    if (!pal_gguf_file_find(file, key, &kv)) {
        return 0;
    }
    uint64_t largest = 0;
    for (uint64_t i = 0; i < kv.n_items; i++) {
        uint64_t value;
        if (pal_gguf_kv_u64(&kv, i, &value) && value > largest && value <= UINT32_MAX) {
            largest = value;
        }
    }
    return (uint32_t)largest;
}

/* The type that holds the most bytes: what a file without general.file_type goes by. */
static const char *
commonest_type(const struct pal_gguf_file *file)
{
    uint64_t bytes[64] = {0};
    uint32_t best = 0;
    for (size_t i = 0; i < file->n_tensors; i++) {
        uint32_t type = file->tensors[i].type & 63;
        bytes[type] += file->tensors[i].bytes;
        best = bytes[type] > bytes[best] ? type : best;
    }
    return file->n_tensors > 0 ? pal_gguf_type_traits(best)->name : "";
}

static void
copy_quant(const struct pal_gguf_file *file, char *to, size_t room)
{
    struct pal_gguf_kv kv;
    uint64_t file_type = UINT32_MAX;
    const char *name = NULL;
    if (pal_gguf_file_find(file, "general.file_type", &kv) && pal_gguf_kv_u64(&kv, 0, &file_type) &&
        file_type < UINT32_MAX) {
        name = pal_gguf_file_type_name((uint32_t)file_type);
    }
    (void)snprintf(to, room, "%s", name != NULL ? name : commonest_type(file));
}

static uint32_t
vocab_size(const struct pal_gguf_file *file, const char *architecture)
{
    struct pal_gguf_kv kv;
    uint32_t n = arch_number(file, architecture, "vocab_size");
    if (n == 0 && pal_gguf_file_find(file, "tokenizer.ggml.tokens", &kv)) {
        n = (uint32_t)kv.n_items;
    }
    return n;
}

void
pal_gguf_file_facts(const struct pal_gguf_file *file, struct pal_gguf_facts *facts)
{
    char *arch = facts->architecture;
    copy_text(file, "general.architecture", arch, sizeof(facts->architecture));
    copy_text(file, "general.name", facts->name, sizeof(facts->name));
    copy_quant(file, facts->quant, sizeof(facts->quant));
    facts->version = file->version;
    facts->n_layers = arch_number(file, arch, "block_count");
    facts->context_tokens = arch_number(file, arch, "context_length");
    facts->embedding_length = arch_number(file, arch, "embedding_length");
    facts->feed_forward_length = arch_number(file, arch, "feed_forward_length");
    facts->n_heads = arch_number(file, arch, "attention.head_count");
    facts->n_heads_kv = arch_number(file, arch, "attention.head_count_kv");
    facts->key_length = arch_number(file, arch, "attention.key_length");
    facts->value_length = arch_number(file, arch, "attention.value_length");
    facts->n_vocab = vocab_size(file, arch);
    facts->n_experts = arch_number(file, arch, "expert_count");
    facts->n_experts_used = arch_number(file, arch, "expert_used_count");
    facts->sliding_window_tokens = arch_number(file, arch, "attention.sliding_window");
    /* What the format says where a file says nothing. */
    if (facts->n_heads_kv == 0) {
        facts->n_heads_kv = facts->n_heads;
    }
    uint32_t head = facts->n_heads > 0 ? facts->embedding_length / facts->n_heads : 0;
    facts->key_length = facts->key_length > 0 ? facts->key_length : head;
    facts->value_length = facts->value_length > 0 ? facts->value_length : head;

    char key[160];
    struct pal_gguf_kv kv;
    (void)snprintf(key, sizeof(key), "%s.attention.head_count_kv", arch);
    facts->kv_heads_differ = pal_gguf_file_find(file, key, &kv) && kv.kind == PAL_GGUF_KIND_ARRAY;
}
