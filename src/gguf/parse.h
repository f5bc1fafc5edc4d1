#ifndef PAL_GGUF_PARSE_H
#define PAL_GGUF_PARSE_H
/*
 * Header bytes -> keys, values and tensor infos; inside this folder only. Pure; any thread.
 */
#include "gguf/gguf.h"

/* One file of a model. The texts and values point into `header`. */
struct pal_gguf_file {
    uint8_t *header; /* owned */
    size_t header_bytes;
    uint64_t file_bytes;
    uint32_t version;
    uint64_t data_offset;
    struct pal_gguf_kv *kvs; /* owned */
    size_t n_kv;
    struct pal_gguf_tensor *tensors; /* owned */
    size_t n_tensors;
};

/*
 * Parses file->header and fills the rest of *file. PAL_ERR_AGAIN: the header goes on after
 * header_bytes and the file has more; call again with more. Otherwise as pal_gguf_open(); `name`
 * stands for the file in the text. The caller calls pal_gguf_file_finish() in any case.
 */
enum pal_err pal_gguf_file_parse(struct pal_gguf_file *file, const char *name,
                                 struct pal_error *error) PAL_MUST_USE;
void pal_gguf_file_finish(struct pal_gguf_file *file);

bool pal_gguf_file_find(const struct pal_gguf_file *file, const char *key, struct pal_gguf_kv *kv);
bool pal_gguf_kv_u64(const struct pal_gguf_kv *kv, uint64_t i, uint64_t *value);
/* Bytes of one item of this kind; 0 for texts and arrays. */
size_t pal_gguf_kind_bytes(enum pal_gguf_kind kind);

/*
 * Refuses what is well formed but would end the process inside libllama (a token twice, 0 layers,
 * head counts that contradict each other).
 */
enum pal_err pal_gguf_parts_check(const struct pal_gguf_file *parts, uint32_t n_parts,
                                  const char *name, struct pal_error *error) PAL_MUST_USE;

/* Fills what the keys say; sizes and counts of tensors are the caller's. */
void pal_gguf_file_facts(const struct pal_gguf_file *file, struct pal_gguf_facts *facts);

#endif
