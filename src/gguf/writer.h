#ifndef PAL_GGUF_WRITER_H
#define PAL_GGUF_WRITER_H
/*
 * Writes a GGUF v3 file: keys, then tensor infos, then the data of each tensor in the same order.
 *
 * The first failure is kept and everything after it does nothing, so callers look once, at the end.
 * The file grows under "<path>.part" and gets its name when it is whole. One owner, one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

struct pal_gguf_writer;

struct pal_gguf_writer *pal_gguf_writer_create(const char *path);
/* Removes what is unfinished. Accepts NULL. */
void pal_gguf_writer_destroy(struct pal_gguf_writer *writer);

void pal_gguf_writer_u32(struct pal_gguf_writer *writer, const char *key, uint32_t value);
void pal_gguf_writer_f32(struct pal_gguf_writer *writer, const char *key, float value);
void pal_gguf_writer_bool(struct pal_gguf_writer *writer, const char *key, bool value);
void pal_gguf_writer_text(struct pal_gguf_writer *writer, const char *key, const char *value);
void pal_gguf_writer_i32s(struct pal_gguf_writer *writer, const char *key, const int32_t *values,
                          size_t n);
/* `texts` holds n texts one after the other, each ended by a NUL. */
void pal_gguf_writer_texts(struct pal_gguf_writer *writer, const char *key, const char *texts,
                           size_t n);

/* All infos come before the first data. The type and shape must fit each other (gguf/type.h). */
void pal_gguf_writer_tensor(struct pal_gguf_writer *writer, const char *name, uint32_t type,
                            uint32_t n_dims, const uint64_t *shape);

/* Writes the header and takes the room on the disk for all of the data; gives its size. */
uint64_t pal_gguf_writer_begin_data(struct pal_gguf_writer *writer);
void pal_gguf_writer_data(struct pal_gguf_writer *writer, const void *bytes, size_t len);
/* Pads to the next tensor's place. */
void pal_gguf_writer_end_tensor(struct pal_gguf_writer *writer);

/* The first failure so far. */
enum pal_err pal_gguf_writer_failed(const struct pal_gguf_writer *writer);
/* Gives the whole file its name. Destroy the writer afterwards in any case. */
enum pal_err pal_gguf_writer_finish(struct pal_gguf_writer *writer,
                                    struct pal_error *error) PAL_MUST_USE;

#endif
