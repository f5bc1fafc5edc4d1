#ifndef PAL_ENGINE_PARK_FILE_H
#define PAL_ENGINE_PARK_FILE_H
/*
 * A span of KV as a file: which tokens it holds, and libllama's bytes of their cells. Written
 * beside its place and renamed, readable by its owner only, with a checksum over everything. It is
 * a cache of this machine: the byte order is the machine's own.
 *
 * Another model, another KV type or another llama.cpp makes other bytes, so each file carries the
 * key of what made it (pal_model_kv_key()) and is refused under any other. Pure but for the file
 * system; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define PAL_PARK_TOKENS_MAX      (1u << 20)
#define PAL_PARK_OWNER_MAX_BYTES 4096
#define PAL_PARK_DATA_MAX_BYTES  ((uint64_t)16 << 30)

/* A conversation's cells, or the beginning that conversations share. */
struct pal_span {
    char *owner;        /* owned; conversation; NULL = known by its tokens only */
    int32_t *tokens;    /* owned; all of them, from the beginning */
    int32_t *positions; /* owned; theirs, rising */
    size_t n_tokens;
    size_t n_base;       /* the cells of the first n_base tokens are not in here */
    size_t n_prompt;     /* tokens of the last prompt; the rest is the reply to it */
    bool is_base;        /* the shared beginning itself; n_base is 0 */
    unsigned char *data; /* owned; NULL where they are on disk only */
    size_t n_bytes;      /* of data, wherever they are */
    size_t n_room;       /* of data; 0 = no more than there is */
};

void pal_span_finish(struct pal_span *span);
/* Room for so many bytes of data in all. False: the system has none, and nothing has changed. */
bool pal_span_reserve(struct pal_span *span, size_t n_bytes) PAL_MUST_USE;
/* What it takes in memory, data left out. */
size_t pal_span_head_bytes(const struct pal_span *span);

/* PAL_ERR_IO with the reason, and no file is left behind. */
enum pal_err pal_park_file_write(const char *path, uint64_t key, const struct pal_span *span,
                                 struct pal_error *error) PAL_MUST_USE;
/*
 * Reads it; without `wants_data` only what stands before the data, whose checksum is then not
 * looked at. PAL_ERR_NOT_FOUND, PAL_ERR_IO; PAL_ERR_PROTO: damaged or no such file; PAL_ERR_DENIED:
 * another model's or settings'; PAL_ERR_NOMEM. *span is zeroed on an error.
 */
enum pal_err pal_park_file_read(const char *path, uint64_t key, bool wants_data,
                                struct pal_span *span, struct pal_error *error) PAL_MUST_USE;

/* Quick, 8 bytes at a time; against damage, not against anybody. */
uint64_t pal_park_hash(uint64_t seed, const void *bytes, size_t len);

#endif
