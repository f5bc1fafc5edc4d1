#ifndef PAL_GGUF_GGUF_H
#define PAL_GGUF_GGUF_H
/*
 * What a GGUF file holds, read by ourselves and believed by nobody.
 *
 * libllama ends the process on many broken files, so every file passes here first: a file that
 * this reader refuses gets a sentence for a person, and never reaches libllama. It reads the header
 * only (names, shapes, vocabulary), never the weights, and needs no GPU, no llama.cpp and no
 * second: the plan computes with the bytes of each layer before anything is loaded.
 *
 * An open file is a copy of the header in memory: the file may go away or change. Read only after
 * opening, so any number of threads may look. Versions 2 and 3, little endian.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

/* Beyond these a file is refused. Far above every known model; what we allocate stays bounded. */
#define PAL_GGUF_KV_MAX           4096
#define PAL_GGUF_TENSORS_MAX      65536
#define PAL_GGUF_STRING_MAX_BYTES (16u << 20)
#define PAL_GGUF_ARRAY_MAX        (16u << 20)
#define PAL_GGUF_HEADER_MAX_BYTES (256u << 20)
#define PAL_GGUF_VOCAB_MAX        (4u << 20)
#define PAL_GGUF_LAYERS_MAX       512
#define PAL_GGUF_SPLITS_MAX       256

struct pal_gguf;

/* Text inside the header: not NUL-terminated, may hold any byte. Lives as long as the file. */
struct pal_gguf_text {
    const char *data;
    size_t len;
};

enum pal_gguf_kind {
    PAL_GGUF_KIND_U8 = 0,
    PAL_GGUF_KIND_I8 = 1,
    PAL_GGUF_KIND_U16 = 2,
    PAL_GGUF_KIND_I16 = 3,
    PAL_GGUF_KIND_U32 = 4,
    PAL_GGUF_KIND_I32 = 5,
    PAL_GGUF_KIND_F32 = 6,
    PAL_GGUF_KIND_BOOL = 7,
    PAL_GGUF_KIND_TEXT = 8,
    PAL_GGUF_KIND_ARRAY = 9,
    PAL_GGUF_KIND_U64 = 10,
    PAL_GGUF_KIND_I64 = 11,
    PAL_GGUF_KIND_F64 = 12,
};

struct pal_gguf_kv {
    struct pal_gguf_text key; /* printable ASCII */
    enum pal_gguf_kind kind;
    enum pal_gguf_kind item_kind; /* of an array's items; else the same as `kind` */
    uint64_t n_items;             /* 1 if not an array */
    const uint8_t *data;          /* the value as it stands in the file, little endian */
    size_t data_bytes;
};

struct pal_gguf_tensor {
    char name[64];
    uint32_t type; /* gguf/type.h */
    uint32_t n_dims;
    uint64_t shape[4]; /* shape[0] is a row's length; unused dimensions are 1 */
    uint64_t n_weights;
    uint64_t bytes;
    uint64_t offset; /* from the start of its file */
    uint32_t part;   /* which file of a split model, from 0 */
    int32_t layer;   /* N of "blk.N.", -1 for the rest */
};

/* What a loader or a person wants to know. 0 or "" where the file does not say. */
struct pal_gguf_facts {
    char architecture[64];
    char name[128];
    char quant[32]; /* "Q4_K_M"; from general.file_type, else the type of most weights */
    uint32_t version;
    uint32_t n_layers;
    uint32_t context_tokens; /* trained on */
    uint32_t embedding_length;
    uint32_t feed_forward_length; /* the largest, where layers differ */
    uint32_t n_heads;             /* likewise */
    uint32_t n_heads_kv;          /* likewise */
    uint32_t key_length;          /* of one head */
    uint32_t value_length;
    uint32_t n_vocab;
    uint32_t n_experts;
    uint32_t n_experts_used;
    uint32_t sliding_window_tokens;
    uint32_t n_parts; /* files of this model */
    uint64_t n_parameters;
    uint64_t tensor_bytes;
    uint64_t file_bytes; /* of all parts */
    bool has_chat_template;
    bool kv_heads_differ; /* head counts change from layer to layer: ask pal_gguf_layer_heads_kv */
};

/*
 * Reads the header of `path`, of every part if it is the first of a split model. On PAL_OK the
 * caller closes *gguf; on an error *gguf is NULL and *error says what is wrong and what to do:
 * PAL_ERR_NOT_FOUND, PAL_ERR_IO (cannot be read), PAL_ERR_PROTO (no GGUF, cut short, or
 * inconsistent), PAL_ERR_UNSUPPORTED (another version or byte order), PAL_ERR_LIMIT, PAL_ERR_NOMEM.
 */
enum pal_err pal_gguf_open(const char *path, struct pal_gguf **gguf,
                           struct pal_error *error) PAL_MUST_USE;

/* The same for a file whose first `len` bytes are in memory (copied); for tests and fuzzing. */
enum pal_err pal_gguf_open_memory(const void *data, size_t len, struct pal_gguf **gguf,
                                  struct pal_error *error) PAL_MUST_USE;

void pal_gguf_close(struct pal_gguf *gguf); /* accepts NULL */

struct pal_gguf_facts pal_gguf_facts(const struct pal_gguf *gguf);

/* NULL if the file has none. NUL-terminated, owned by the file. */
const char *pal_gguf_chat_template(const struct pal_gguf *gguf);

/* Bytes of all tensors "blk.<layer>.*", and of those that belong to no layer. */
uint64_t pal_gguf_layer_bytes(const struct pal_gguf *gguf, uint32_t layer);
uint64_t pal_gguf_outside_bytes(const struct pal_gguf *gguf);
/* KV heads of one layer; 0 for layers without attention. */
uint32_t pal_gguf_layer_heads_kv(const struct pal_gguf *gguf, uint32_t layer);

/* Of the first part: the others repeat nothing of interest. */
size_t pal_gguf_n_kv(const struct pal_gguf *gguf);
struct pal_gguf_kv pal_gguf_kv_at(const struct pal_gguf *gguf, size_t i);
bool pal_gguf_find(const struct pal_gguf *gguf, const char *key, struct pal_gguf_kv *kv);

/* False if there is no such key, or it is no whole number >= 0 / no number / no text. */
bool pal_gguf_find_u64(const struct pal_gguf *gguf, const char *key, uint64_t *value);
bool pal_gguf_find_number(const struct pal_gguf *gguf, const char *key, double *value);
bool pal_gguf_find_text(const struct pal_gguf *gguf, const char *key, struct pal_gguf_text *text);

/* Item i of a value of numbers, as a double; 0 beyond the end. */
double pal_gguf_kv_number(const struct pal_gguf_kv *kv, uint64_t i);
/*
 * Walks the texts of an array: start with *at = kv->data; false after the last. (A single text is
 * walked the same way.)
 */
bool pal_gguf_kv_next_text(const struct pal_gguf_kv *kv, const uint8_t **at,
                           struct pal_gguf_text *text);

size_t pal_gguf_n_tensors(const struct pal_gguf *gguf);
const struct pal_gguf_tensor *pal_gguf_tensor_at(const struct pal_gguf *gguf, size_t i);
/* NULL if there is none. */
const struct pal_gguf_tensor *pal_gguf_find_tensor(const struct pal_gguf *gguf, const char *name);

#endif
