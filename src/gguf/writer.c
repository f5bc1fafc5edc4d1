#include "gguf/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gguf/gguf.h"
#include "gguf/type.h"
#include "util/buf.h"
#include "util/mem.h"

#define ALIGNMENT 32

struct pal_gguf_writer {
    char *path;      /* owned */
    char *part_path; /* owned; NULL once it is renamed or was never made */
    int fd;
    uint32_t n_kv;
    uint32_t n_tensors;
    struct pal_buf kvs;
    struct pal_buf infos;
    uint64_t data_bytes;  /* of all tensors, padding included */
    uint64_t tensor_left; /* data bytes still to come */
    uint64_t at;          /* bytes written into the file */
    struct pal_error error;
};

static void
fail(struct pal_gguf_writer *w, enum pal_err err, const char *reason)
{
    if (w->error.code == PAL_OK) {
        (void)pal_error_set(&w->error, err, "cannot write '%s': %s", w->path, reason);
    }
}

struct pal_gguf_writer *
pal_gguf_writer_create(const char *path)
{
    struct pal_gguf_writer *w = pal_calloc(1, sizeof(*w));
    w->path = pal_strdup(path);
    w->part_path = pal_printf("%s.part", path);
    pal_buf_init(&w->kvs, PAL_GGUF_HEADER_MAX_BYTES / 2);
    pal_buf_init(&w->infos, PAL_GGUF_HEADER_MAX_BYTES / 2);
    w->fd = open(w->part_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0) {
        fail(w, PAL_ERR_IO, strerror(errno));
        free(w->part_path);
        w->part_path = NULL;
    }
    return w;
}

void
pal_gguf_writer_destroy(struct pal_gguf_writer *w)
{
    if (w == NULL) {
        return;
    }
    if (w->fd >= 0) {
        (void)close(w->fd);
    }
    if (w->part_path != NULL) {
        (void)unlink(w->part_path);
    }
    pal_buf_finish(&w->kvs);
    pal_buf_finish(&w->infos);
    free(w->path);
    free(w->part_path);
    free(w);
}

static void
append(struct pal_gguf_writer *w, struct pal_buf *buf, const void *bytes, size_t len)
{
    if (pal_buf_append(buf, bytes, len) != PAL_OK) {
        fail(w, PAL_ERR_LIMIT, "its header is too long");
    }
}

/* `size` low bytes of value, little endian. */
static void
append_number(struct pal_gguf_writer *w, struct pal_buf *buf, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    append(w, buf, bytes, size);
}

static void
append_text(struct pal_gguf_writer *w, struct pal_buf *buf, const char *text, size_t len)
{
    append_number(w, buf, len, 8);
    append(w, buf, text, len);
}

static void
begin_kv(struct pal_gguf_writer *w, const char *key, enum pal_gguf_kind kind)
{
    append_text(w, &w->kvs, key, strlen(key));
    append_number(w, &w->kvs, kind, 4);
    w->n_kv++;
}

void
pal_gguf_writer_u32(struct pal_gguf_writer *w, const char *key, uint32_t value)
{
    begin_kv(w, key, PAL_GGUF_KIND_U32);
    append_number(w, &w->kvs, value, 4);
}

void
pal_gguf_writer_f32(struct pal_gguf_writer *w, const char *key, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    begin_kv(w, key, PAL_GGUF_KIND_F32);
    append_number(w, &w->kvs, bits, 4);
}

void
pal_gguf_writer_bool(struct pal_gguf_writer *w, const char *key, bool value)
{
    begin_kv(w, key, PAL_GGUF_KIND_BOOL);
    append_number(w, &w->kvs, value, 1);
}

void
pal_gguf_writer_text(struct pal_gguf_writer *w, const char *key, const char *value)
{
    begin_kv(w, key, PAL_GGUF_KIND_TEXT);
    append_text(w, &w->kvs, value, strlen(value));
}

void
pal_gguf_writer_i32s(struct pal_gguf_writer *w, const char *key, const int32_t *values, size_t n)
{
    begin_kv(w, key, PAL_GGUF_KIND_ARRAY);
    append_number(w, &w->kvs, PAL_GGUF_KIND_I32, 4);
    append_number(w, &w->kvs, n, 8);
    for (size_t i = 0; i < n; i++) {
        append_number(w, &w->kvs, (uint32_t)values[i], 4);
    }
}

void
pal_gguf_writer_texts(struct pal_gguf_writer *w, const char *key, const char *texts, size_t n)
{
    begin_kv(w, key, PAL_GGUF_KIND_ARRAY);
    append_number(w, &w->kvs, PAL_GGUF_KIND_TEXT, 4);
    append_number(w, &w->kvs, n, 8);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(texts);
        append_text(w, &w->kvs, texts, len);
        texts += len + 1;
    }
}

static uint64_t
padded(uint64_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void
pal_gguf_writer_tensor(struct pal_gguf_writer *w, const char *name, uint32_t type, uint32_t n_dims,
                       const uint64_t *shape)
{
    uint64_t n_weights;
    uint64_t bytes;
    if (!pal_gguf_type_bytes(type, n_dims, shape, &n_weights, &bytes)) {
        fail(w, PAL_ERR_ARGUMENT, "a tensor's rows are not whole blocks of its type");
        return;
    }
    append_text(w, &w->infos, name, strlen(name));
    append_number(w, &w->infos, n_dims, 4);
    for (uint32_t i = 0; i < n_dims; i++) {
        append_number(w, &w->infos, shape[i], 8);
    }
    append_number(w, &w->infos, type, 4);
    append_number(w, &w->infos, w->data_bytes, 8);
    w->data_bytes += padded(bytes);
    w->n_tensors++;
}

static void
write_all(struct pal_gguf_writer *w, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0 && w->error.code == PAL_OK) {
        ssize_t n = write(w->fd, at, len);
        if (n < 0 && errno != EINTR) {
            fail(w, PAL_ERR_IO, strerror(errno));
        } else if (n > 0) {
            at += n;
            len -= (size_t)n;
            w->at += (uint64_t)n;
        }
    }
}

static void
write_padding(struct pal_gguf_writer *w)
{
    static const char zeros[ALIGNMENT];
    write_all(w, zeros, (size_t)(padded(w->at) - w->at));
}

uint64_t
pal_gguf_writer_begin_data(struct pal_gguf_writer *w)
{
    struct pal_buf head;
    pal_buf_init(&head, 64);
    append(w, &head, "GGUF", 4);
    append_number(w, &head, 3, 4);
    append_number(w, &head, w->n_tensors, 8);
    append_number(w, &head, w->n_kv, 8);
    if (w->error.code == PAL_OK) {
        /* Where there is no room for it all, say so now and not after two gigabytes. */
        uint64_t total = padded(head.len + w->kvs.len + w->infos.len) + w->data_bytes;
        int failed = posix_fallocate(w->fd, 0, (off_t)total);
        if (failed == ENOSPC || failed == EFBIG) {
            fail(w, PAL_ERR_IO, strerror(failed));
        }
    }
    write_all(w, head.data, head.len);
    write_all(w, w->kvs.data, w->kvs.len);
    write_all(w, w->infos.data, w->infos.len);
    write_padding(w);
    w->tensor_left = w->data_bytes;
    pal_buf_finish(&head);
    return w->data_bytes;
}

void
pal_gguf_writer_data(struct pal_gguf_writer *w, const void *bytes, size_t len)
{
    PAL_ASSERT(len <= w->tensor_left);
    write_all(w, bytes, len);
    w->tensor_left -= len;
}

void
pal_gguf_writer_end_tensor(struct pal_gguf_writer *w)
{
    uint64_t before = w->at;
    write_padding(w);
    w->tensor_left -= w->at - before;
}

enum pal_err
pal_gguf_writer_failed(const struct pal_gguf_writer *w)
{
    return w->error.code;
}

enum pal_err
pal_gguf_writer_finish(struct pal_gguf_writer *w, struct pal_error *error)
{
    PAL_ASSERT(w->error.code != PAL_OK || w->tensor_left == 0);
    if (w->error.code == PAL_OK) {
        int failed = close(w->fd);
        w->fd = -1;
        if (failed != 0 || rename(w->part_path, w->path) != 0) {
            fail(w, PAL_ERR_IO, strerror(errno));
        } else {
            free(w->part_path);
            w->part_path = NULL;
        }
    }
    if (w->error.code != PAL_OK && error != NULL) {
        *error = w->error;
    }
    return w->error.code;
}
