#include "gguf/parse.h"

#include <stdlib.h>
#include <string.h>

#include "gguf/text_set.h"
#include "gguf/type.h"
#include "util/mem.h"

#define KEY_MAX_BYTES     65535
#define ALIGNMENT_DEFAULT 32
#define ALIGNMENT_MAX     (1u << 20)

/* Reads forward through the header; every take checks against what is there. */
struct cursor {
    const uint8_t *data;
    size_t len;
    size_t at;
    uint64_t file_bytes;
    const char *name;
    struct pal_error *error;
};

static enum pal_err
take(struct cursor *c, size_t n, const uint8_t **bytes)
{
    if (n <= c->len - c->at) {
        *bytes = c->data + c->at;
        c->at += n;
        return PAL_OK;
    }
    if (n <= c->file_bytes - c->at) {
        return PAL_ERR_AGAIN;
    }
    (void)pal_error_set(c->error, PAL_ERR_PROTO,
                        "'%s' is cut short: its header goes on after its last byte (%llu); "
                        "download it again",
                        c->name, (unsigned long long)c->file_bytes);
    return PAL_ERR_PROTO;
}

static enum pal_err
take_u32(struct cursor *c, uint32_t *value)
{
    const uint8_t *b = NULL;
    enum pal_err err = take(c, sizeof(*value), &b);
    if (err == PAL_OK) {
        *value = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    }
    return err;
}

static enum pal_err
take_u64(struct cursor *c, uint64_t *value)
{
    uint32_t low = 0;
    uint32_t high = 0;
    enum pal_err err = take_u32(c, &low);
    if (err == PAL_OK) {
        err = take_u32(c, &high);
    }
    *value = (uint64_t)high << 32 | low;
    return err;
}

static enum pal_err
take_text(struct cursor *c, struct pal_gguf_text *text)
{
    uint64_t len = 0;
    enum pal_err err = take_u64(c, &len);
    if (err != PAL_OK) {
        return err;
    }
    if (len > PAL_GGUF_STRING_MAX_BYTES) {
        (void)pal_error_set(c->error, PAL_ERR_PROTO,
                            "'%s' is damaged: a text of %llu bytes at byte %zu, at most %u are "
                            "allowed; download it again",
                            c->name, (unsigned long long)len, c->at, PAL_GGUF_STRING_MAX_BYTES);
        return PAL_ERR_PROTO;
    }
    const uint8_t *bytes = NULL;
    err = take(c, (size_t)len, &bytes);
    *text = (struct pal_gguf_text){.data = (const char *)bytes, .len = (size_t)len};
    return err;
}

/* Names are shown to people and end up as C strings inside libllama. */
static bool
is_printable(const struct pal_gguf_text *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] > 0x7e) {
            return false;
        }
    }
    return text->len > 0;
}

size_t
pal_gguf_kind_bytes(enum pal_gguf_kind kind)
{
    switch (kind) {
    case PAL_GGUF_KIND_U8:
    case PAL_GGUF_KIND_I8:
    case PAL_GGUF_KIND_BOOL:
        return 1;
    case PAL_GGUF_KIND_U16:
    case PAL_GGUF_KIND_I16:
        return 2;
    case PAL_GGUF_KIND_U32:
    case PAL_GGUF_KIND_I32:
    case PAL_GGUF_KIND_F32:
        return 4;
    case PAL_GGUF_KIND_U64:
    case PAL_GGUF_KIND_I64:
    case PAL_GGUF_KIND_F64:
        return 8;
    case PAL_GGUF_KIND_TEXT:
    case PAL_GGUF_KIND_ARRAY:
        break;
    }
    return 0;
}

static enum pal_err
parse_items(struct cursor *c, struct pal_gguf_kv *kv)
{
    size_t start = c->at;
    enum pal_err err = PAL_OK;
    if (kv->item_kind == PAL_GGUF_KIND_TEXT) {
        struct pal_gguf_text text;
        for (uint64_t i = 0; i < kv->n_items && err == PAL_OK; i++) {
            err = take_text(c, &text);
        }
    } else {
        const uint8_t *bytes;
        /* n_items is at most 16 M here, so the product fits. */
        err = take(c, (size_t)kv->n_items * pal_gguf_kind_bytes(kv->item_kind), &bytes);
    }
    kv->data = c->data + start;
    kv->data_bytes = c->at - start;
    return err;
}

static enum pal_err
parse_kv(struct cursor *c, struct pal_gguf_kv *kv)
{
    enum pal_err err = take_text(c, &kv->key);
    if (err != PAL_OK) {
        return err;
    }
    if (!is_printable(&kv->key) || kv->key.len > KEY_MAX_BYTES) {
        return pal_error_set(c->error, PAL_ERR_PROTO,
                             "'%s' is damaged: the key before byte %zu is no name; download it "
                             "again",
                             c->name, c->at);
    }
    uint32_t kind = 0;
    uint32_t item_kind = 0;
    kv->n_items = 1;
    err = take_u32(c, &kind);
    item_kind = kind;
    if (err == PAL_OK && kind == PAL_GGUF_KIND_ARRAY) {
        err = take_u32(c, &item_kind);
        if (err == PAL_OK) {
            err = take_u64(c, &kv->n_items);
        }
    }
    if (err != PAL_OK) {
        return err;
    }
    if (kind > PAL_GGUF_KIND_F64 || item_kind > PAL_GGUF_KIND_F64 ||
        item_kind == PAL_GGUF_KIND_ARRAY || kv->n_items > PAL_GGUF_ARRAY_MAX) {
        return pal_error_set(
            c->error, PAL_ERR_PROTO,
            "'%s' is damaged: the value of '%.*s' has kind %u and %llu items; download it again",
            c->name, (int)(kv->key.len < 100 ? kv->key.len : 100), kv->key.data, item_kind,
            (unsigned long long)kv->n_items);
    }
    kv->kind = (enum pal_gguf_kind)kind;
    kv->item_kind = (enum pal_gguf_kind)item_kind;
    return parse_items(c, kv);
}

/* N of "blk.N.", -1 for any other name. */
static int32_t
layer_of(const char *name)
{
    if (strncmp(name, "blk.", 4) != 0 || name[4] < '0' || name[4] > '9') {
        return -1;
    }
    int32_t layer = 0;
    const char *c = name + 4;
    for (; *c >= '0' && *c <= '9'; c++) {
        layer = layer * 10 + (*c - '0');
        if (layer >= PAL_GGUF_LAYERS_MAX) {
            return -1;
        }
    }
    return *c == '.' ? layer : -1;
}

static enum pal_err
parse_shape(struct cursor *c, struct pal_gguf_tensor *tensor)
{
    enum pal_err err = take_u32(c, &tensor->n_dims);
    if (err != PAL_OK) {
        return err;
    }
    if (tensor->n_dims == 0 || tensor->n_dims > PAL_COUNT_OF(tensor->shape)) {
        return pal_error_set(c->error, PAL_ERR_PROTO,
                             "'%s' is damaged: tensor '%s' has %u dimensions, 1 to 4 are allowed; "
                             "download it again",
                             c->name, tensor->name, tensor->n_dims);
    }
    for (size_t i = 0; i < PAL_COUNT_OF(tensor->shape); i++) {
        tensor->shape[i] = 1;
        if (i < tensor->n_dims && err == PAL_OK) {
            err = take_u64(c, &tensor->shape[i]);
        }
    }
    if (err == PAL_OK) {
        err = take_u32(c, &tensor->type);
    }
    return err != PAL_OK ? err : take_u64(c, &tensor->offset);
}

static enum pal_err
parse_tensor(struct cursor *c, struct pal_gguf_tensor *tensor)
{
    struct pal_gguf_text name;
    enum pal_err err = take_text(c, &name);
    if (err != PAL_OK) {
        return err;
    }
    if (!is_printable(&name) || name.len >= sizeof(tensor->name)) {
        return pal_error_set(c->error, PAL_ERR_PROTO,
                             "'%s' is damaged: the tensor name before byte %zu is no name; "
                             "download it again",
                             c->name, c->at);
    }
    memcpy(tensor->name, name.data, name.len);
    tensor->name[name.len] = '\0';
    tensor->layer = layer_of(tensor->name);
    err = parse_shape(c, tensor);
    if (err != PAL_OK) {
        return err;
    }
    if (!pal_gguf_type_bytes(tensor->type, tensor->n_dims, tensor->shape, &tensor->n_weights,
                             &tensor->bytes)) {
        return pal_error_set(
            c->error, PAL_ERR_PROTO,
            "'%s' is damaged or newer than this program: tensor '%s' of type %u "
            "can't have the shape %llu x %llu x %llu x %llu",
            c->name, tensor->name, tensor->type, (unsigned long long)tensor->shape[0],
            (unsigned long long)tensor->shape[1], (unsigned long long)tensor->shape[2],
            (unsigned long long)tensor->shape[3]);
    }
    return PAL_OK;
}

/*
 * Tensors stand one after the other in the order of their infos, each padded to the alignment: the
 * format's writers do it, libllama demands it, and it leaves no room for overlaps and holes.
 */
static enum pal_err
place_tensors(struct cursor *c, struct pal_gguf_file *file, uint64_t alignment)
{
    uint64_t start = (c->at + alignment - 1) / alignment * alignment;
    uint64_t at = 0;
    file->data_offset = start;
    for (size_t i = 0; i < file->n_tensors; i++) {
        struct pal_gguf_tensor *tensor = &file->tensors[i];
        if (tensor->offset != at) {
            return pal_error_set(
                c->error, PAL_ERR_PROTO,
                "'%s' is damaged: tensor '%s' stands at %llu of the data, %llu was expected (%s); "
                "download it again",
                c->name, tensor->name, (unsigned long long)tensor->offset, (unsigned long long)at,
                tensor->offset < at ? "it overlaps the one before" : "there is a hole before it");
        }
        uint64_t begin;
        uint64_t end;
        if (__builtin_add_overflow(start, at, &begin) ||
            __builtin_add_overflow(begin, tensor->bytes, &end) || end > c->file_bytes) {
            return pal_error_set(c->error, PAL_ERR_PROTO,
                                 "'%s' is cut short: tensor '%s' needs %llu bytes from byte %llu "
                                 "on, the file has %llu; download it again",
                                 c->name, tensor->name, (unsigned long long)tensor->bytes,
                                 (unsigned long long)start + at, (unsigned long long)c->file_bytes);
        }
        tensor->offset = begin;
        /* `end` fits in the file, so one alignment more can't wrap. */
        at = (end - start + alignment - 1) / alignment * alignment;
    }
    return PAL_OK;
}

static enum pal_err
no_memory(struct cursor *c)
{
    (void)pal_error_set(c->error, PAL_ERR_NOMEM, "cannot read '%s': out of memory", c->name);
    return PAL_ERR_NOMEM;
}

static enum pal_err
check_keys_unique(struct cursor *c, const struct pal_gguf_file *file)
{
    struct pal_text_set set;
    enum pal_err err = pal_text_set_init(&set, file->n_kv) ? PAL_OK : no_memory(c);
    for (size_t i = 0; i < file->n_kv && err == PAL_OK; i++) {
        const struct pal_gguf_text *key = &file->kvs[i].key;
        if (!pal_text_set_add(&set, key->data, key->len)) {
            err = pal_error_set(c->error, PAL_ERR_PROTO,
                                "'%s' is damaged: the key '%.*s' stands twice; download it again",
                                c->name, (int)(key->len < 100 ? key->len : 100), key->data);
        }
    }
    pal_text_set_finish(&set);
    return err;
}

static enum pal_err
check_tensors_unique(struct cursor *c, const struct pal_gguf_file *file)
{
    struct pal_text_set set;
    enum pal_err err = pal_text_set_init(&set, file->n_tensors) ? PAL_OK : no_memory(c);
    for (size_t i = 0; i < file->n_tensors && err == PAL_OK; i++) {
        const char *name = file->tensors[i].name;
        if (!pal_text_set_add(&set, name, strlen(name))) {
            err = pal_error_set(c->error, PAL_ERR_PROTO,
                                "'%s' is damaged: the tensor '%s' stands twice; download it again",
                                c->name, name);
        }
    }
    pal_text_set_finish(&set);
    return err;
}

static enum pal_err
parse_kvs(struct cursor *c, struct pal_gguf_file *file, uint64_t n_kv)
{
    file->kvs = calloc(n_kv > 0 ? (size_t)n_kv : 1, sizeof(*file->kvs));
    enum pal_err err = file->kvs != NULL ? PAL_OK : no_memory(c);
    for (; file->n_kv < n_kv && err == PAL_OK; file->n_kv++) {
        err = parse_kv(c, &file->kvs[file->n_kv]);
    }
    return err != PAL_OK ? err : check_keys_unique(c, file);
}

static enum pal_err
parse_tensors(struct cursor *c, struct pal_gguf_file *file, uint64_t n_tensors)
{
    file->tensors = calloc(n_tensors > 0 ? (size_t)n_tensors : 1, sizeof(*file->tensors));
    enum pal_err err = file->tensors != NULL ? PAL_OK : no_memory(c);
    for (; file->n_tensors < n_tensors && err == PAL_OK; file->n_tensors++) {
        err = parse_tensor(c, &file->tensors[file->n_tensors]);
    }
    return err != PAL_OK ? err : check_tensors_unique(c, file);
}

static enum pal_err
find_alignment(struct cursor *c, const struct pal_gguf_file *file, uint64_t *alignment)
{
    struct pal_gguf_kv kv;
    *alignment = ALIGNMENT_DEFAULT;
    if (!pal_gguf_file_find(file, "general.alignment", &kv)) {
        return PAL_OK;
    }
    if (kv.kind != PAL_GGUF_KIND_U32 || !pal_gguf_kv_u64(&kv, 0, alignment) || *alignment == 0 ||
        *alignment > ALIGNMENT_MAX || (*alignment & (*alignment - 1)) != 0) {
        return pal_error_set(c->error, PAL_ERR_PROTO,
                             "'%s' is damaged: its alignment is no power of 2; download it again",
                             c->name);
    }
    return PAL_OK;
}

static enum pal_err
parse_magic(struct cursor *c, struct pal_gguf_file *file)
{
    uint32_t magic = 0;
    enum pal_err err = c->file_bytes < 4 ? PAL_OK : take_u32(c, &magic);
    if (err != PAL_OK) {
        return err;
    }
    if (magic != 0x46554747) { /* "GGUF" */
        return pal_error_set(c->error, PAL_ERR_PROTO,
                             "'%s' is no GGUF file: it does not begin with 'GGUF'; give a model "
                             "file whose name ends in .gguf",
                             c->name);
    }
    err = take_u32(c, &file->version);
    if (err == PAL_OK && file->version != 2 && file->version != 3) {
        bool swapped = (file->version & 0xffff) == 0;
        return pal_error_set(c->error, PAL_ERR_UNSUPPORTED,
                             "'%s' is a GGUF of %s; versions 2 and 3 of little-endian byte order "
                             "can be read",
                             c->name, swapped ? "the other byte order" : "another version");
    }
    return err;
}

enum pal_err
pal_gguf_file_parse(struct pal_gguf_file *file, const char *name, struct pal_error *error)
{
    free(file->kvs);
    free(file->tensors);
    file->kvs = NULL;
    file->tensors = NULL;
    file->n_kv = 0;
    file->n_tensors = 0;
    struct cursor c = {
        .data = file->header,
        .len = file->header_bytes,
        .file_bytes = file->file_bytes,
        .name = name,
        .error = error,
    };
    uint64_t n_tensors = 0;
    uint64_t n_kv = 0;
    uint64_t alignment = 0;
    enum pal_err err = parse_magic(&c, file);
    if (err == PAL_OK) {
        err = take_u64(&c, &n_tensors);
    }
    if (err == PAL_OK) {
        err = take_u64(&c, &n_kv);
    }
    if (err == PAL_OK && (n_tensors > PAL_GGUF_TENSORS_MAX || n_kv > PAL_GGUF_KV_MAX)) {
        err = pal_error_set(error, PAL_ERR_LIMIT,
                            "'%s' is damaged: it claims %llu tensors and %llu keys, at most %d and "
                            "%d are allowed; download it again",
                            name, (unsigned long long)n_tensors, (unsigned long long)n_kv,
                            PAL_GGUF_TENSORS_MAX, PAL_GGUF_KV_MAX);
    }
    if (err == PAL_OK) {
        err = parse_kvs(&c, file, n_kv);
    }
    if (err == PAL_OK) {
        err = find_alignment(&c, file, &alignment);
    }
    if (err == PAL_OK) {
        err = parse_tensors(&c, file, n_tensors);
    }
    return err != PAL_OK ? err : place_tensors(&c, file, alignment);
}

void
pal_gguf_file_finish(struct pal_gguf_file *file)
{
    if (file != NULL) {
        free(file->header);
        free(file->kvs);
        free(file->tensors);
        *file = (struct pal_gguf_file){0};
    }
}
