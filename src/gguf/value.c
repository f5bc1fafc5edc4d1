/* Values of keys: found by name, read as numbers and texts. */
#include <string.h>

#include "gguf/parse.h"

bool
pal_gguf_file_find(const struct pal_gguf_file *file, const char *key, struct pal_gguf_kv *kv)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < file->n_kv; i++) {
        const struct pal_gguf_text *name = &file->kvs[i].key;
        if (name->len == len && memcmp(name->data, key, len) == 0) {
            *kv = file->kvs[i];
            return true;
        }
    }
    return false;
}

/* Item i's bytes as a little-endian number; false if there is no such item. */
static bool
item_bits(const struct pal_gguf_kv *kv, uint64_t i, uint64_t *bits)
{
    size_t size = pal_gguf_kind_bytes(kv->item_kind);
    if (size == 0 || i >= kv->n_items) {
        return false;
    }
    *bits = 0;
    for (size_t b = 0; b < size; b++) {
        *bits |= (uint64_t)kv->data[i * size + b] << (8 * b);
    }
    return true;
}

/* Two's complement of `bits` bits. */
static int64_t
sign_extend(uint64_t value, unsigned bits)
{
    uint64_t sign = UINT64_C(1) << (bits - 1);
    uint64_t extended = (value ^ sign) - sign;
    int64_t result;
    memcpy(&result, &extended, sizeof(result));
    return result;
}

bool
pal_gguf_kv_u64(const struct pal_gguf_kv *kv, uint64_t i, uint64_t *value)
{
    uint64_t bits;
    if (!item_bits(kv, i, &bits)) {
        return false;
    }
    switch (kv->item_kind) {
    case PAL_GGUF_KIND_U8:
    case PAL_GGUF_KIND_U16:
    case PAL_GGUF_KIND_U32:
    case PAL_GGUF_KIND_U64:
        *value = bits;
        return true;
    case PAL_GGUF_KIND_I8:
    case PAL_GGUF_KIND_I16:
    case PAL_GGUF_KIND_I32:
    case PAL_GGUF_KIND_I64:
        *value = bits;
        return sign_extend(bits, (unsigned)(8 * pal_gguf_kind_bytes(kv->item_kind))) >= 0;
    case PAL_GGUF_KIND_F32:
    case PAL_GGUF_KIND_F64:
    case PAL_GGUF_KIND_BOOL:
    case PAL_GGUF_KIND_TEXT:
    case PAL_GGUF_KIND_ARRAY:
        break;
    }
    return false;
}

double
pal_gguf_kv_number(const struct pal_gguf_kv *kv, uint64_t i)
{
    uint64_t bits;
    if (!item_bits(kv, i, &bits)) {
        return 0;
    }
    if (kv->item_kind == PAL_GGUF_KIND_F32) {
        uint32_t low = (uint32_t)bits;
        float number;
        memcpy(&number, &low, sizeof(number));
        return number;
    }
    if (kv->item_kind == PAL_GGUF_KIND_F64) {
        double number;
        memcpy(&number, &bits, sizeof(number));
        return number;
    }
    uint64_t whole;
    if (pal_gguf_kv_u64(kv, i, &whole) || kv->item_kind == PAL_GGUF_KIND_BOOL) {
        return (double)bits;
    }
    return (double)sign_extend(bits, (unsigned)(8 * pal_gguf_kind_bytes(kv->item_kind)));
}

bool
pal_gguf_kv_next_text(const struct pal_gguf_kv *kv, const uint8_t **at, struct pal_gguf_text *text)
{
    /* The lengths were checked when the file was parsed. */
    if (kv->item_kind != PAL_GGUF_KIND_TEXT || *at >= kv->data + kv->data_bytes) {
        return false;
    }
    uint64_t len = 0;
    for (size_t b = 0; b < sizeof(len); b++) {
        len |= (uint64_t)(*at)[b] << (8 * b);
    }
    *text = (struct pal_gguf_text){
        .data = (const char *)*at + sizeof(len),
        .len = (size_t)len,
    };
    *at += sizeof(len) + (size_t)len;
    return true;
}
