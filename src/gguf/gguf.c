/* An open model: its parts in order, and the facts that others ask for. */
#include "gguf/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf/parse.h"
#include "gguf/type.h"
#include "util/mem.h"

#define FIRST_READ_BYTES (1u << 20)

struct pal_gguf {
    struct pal_gguf_file *parts; /* owned, n_parts of them */
    uint32_t n_parts;
    struct pal_gguf_tensor **tensors; /* owned list of the parts' tensors */
    size_t n_tensors;
    char *chat_template; /* owned, NULL if there is none */
    struct pal_gguf_facts facts;
    uint64_t layer_bytes[PAL_GGUF_LAYERS_MAX];
    uint64_t outside_bytes;
};

static enum pal_err
read_header(struct pal_gguf_file *file, int fd, size_t wanted, const char *name,
            struct pal_error *error)
{
    uint8_t *grown = realloc(file->header, wanted > 0 ? wanted : 1);
    if (grown == NULL) {
        return pal_error_set(error, PAL_ERR_NOMEM, "cannot read '%s': out of memory", name);
    }
    file->header = grown;
    while (file->header_bytes < wanted) {
        ssize_t n = pread(fd, file->header + file->header_bytes, wanted - file->header_bytes,
                          (off_t)file->header_bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return pal_error_set(error, PAL_ERR_IO, "cannot read '%s': %s", name,
                                 n == 0 ? "it became shorter meanwhile" : strerror(errno));
        }
        file->header_bytes += (size_t)n;
    }
    return PAL_OK;
}

/* Headers are a few MB where files are many GB: read the beginning, then more while it goes on. */
static enum pal_err
parse_fd(struct pal_gguf_file *file, int fd, const char *name, struct pal_error *error)
{
    uint64_t wanted = FIRST_READ_BYTES;
    for (;;) {
        uint64_t max = file->file_bytes < PAL_GGUF_HEADER_MAX_BYTES ? file->file_bytes
                                                                    : PAL_GGUF_HEADER_MAX_BYTES;
        wanted = wanted < max ? wanted : max;
        enum pal_err err = read_header(file, fd, (size_t)wanted, name, error);
        if (err == PAL_OK) {
            err = pal_gguf_file_parse(file, name, error);
        }
        if (err != PAL_ERR_AGAIN) {
            return err;
        }
        if (wanted == max) {
            return pal_error_set(error, PAL_ERR_LIMIT,
                                 "'%s' is damaged: its header is longer than %u MB; download it "
                                 "again",
                                 name, PAL_GGUF_HEADER_MAX_BYTES >> 20);
        }
        wanted *= 4;
    }
}

static enum pal_err
open_file(struct pal_gguf_file *file, const char *path, struct pal_error *error)
{
    /* O_NONBLOCK: a FIFO in the place of a model must not stop us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0) {
        enum pal_err err = errno == ENOENT ? PAL_ERR_NOT_FOUND : PAL_ERR_IO;
        (void)pal_error_set(error, err, "cannot open the model '%s': %s", path, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return err;
    }
    enum pal_err err;
    if (!S_ISREG(stat.st_mode)) {
        err = pal_error_set(error, PAL_ERR_PROTO, "cannot open the model '%s': it is %s", path,
                            S_ISDIR(stat.st_mode) ? "a folder; name the .gguf file in it"
                                                  : "no ordinary file");
    } else {
        file->file_bytes = (uint64_t)stat.st_size;
        err = parse_fd(file, fd, path, error);
    }
    (void)close(fd);
    return err;
}

/* "x-00001-of-00003.gguf" -> the path of part `i` (from 0); NULL if `path` is not named so. */
static char *
part_path(const char *path, uint32_t i, uint32_t n_parts)
{
    char tail[40];
    (void)snprintf(tail, sizeof(tail), "-00001-of-%05u.gguf", n_parts);
    size_t len = strlen(path);
    size_t tail_len = strlen(tail);
    if (len <= tail_len || strcmp(path + len - tail_len, tail) != 0) {
        return NULL;
    }
    return pal_printf("%.*s-%05u-of-%05u.gguf", (int)(len - tail_len), path, i + 1, n_parts);
}

static enum pal_err
open_other_parts(struct pal_gguf *gguf, const char *path, uint32_t n_parts, struct pal_error *error)
{
    gguf->parts = pal_realloc(gguf->parts, n_parts, sizeof(*gguf->parts));
    for (uint32_t i = 1; i < n_parts; i++) {
        char *other = path != NULL ? part_path(path, i, n_parts) : NULL;
        if (other == NULL) {
            return pal_error_set(error, PAL_ERR_PROTO,
                                 "'%s' is one of %u parts, but its name does not end in "
                                 "'-00001-of-%05u.gguf'; give all parts their names back",
                                 path != NULL ? path : "memory", n_parts, n_parts);
        }
        gguf->parts[i] = (struct pal_gguf_file){0};
        gguf->n_parts = i + 1;
        enum pal_err err = open_file(&gguf->parts[i], other, error);
        struct pal_gguf_kv kv;
        uint64_t index = 0;
        if (err == PAL_OK && (!pal_gguf_file_find(&gguf->parts[i], "split.no", &kv) ||
                              !pal_gguf_kv_u64(&kv, 0, &index) || index != i)) {
            err = pal_error_set(error, PAL_ERR_PROTO, "'%s' is not part %u of its model", other,
                                i + 1);
        }
        free(other);
        if (err != PAL_OK) {
            return err;
        }
    }
    return PAL_OK;
}

static uint64_t
file_number(const struct pal_gguf_file *file, const char *key, uint64_t otherwise)
{
    struct pal_gguf_kv kv;
    uint64_t value;
    bool is_there = pal_gguf_file_find(file, key, &kv) && pal_gguf_kv_u64(&kv, 0, &value);
    return is_there ? value : otherwise;
}

static enum pal_err
open_parts(struct pal_gguf *gguf, const char *path, struct pal_error *error)
{
    uint64_t n_parts = file_number(&gguf->parts[0], "split.count", 1);
    uint64_t index = file_number(&gguf->parts[0], "split.no", 0);
    if (n_parts <= 1) {
        return PAL_OK;
    }
    if (n_parts > PAL_GGUF_SPLITS_MAX || index >= n_parts) {
        return pal_error_set(error, PAL_ERR_PROTO,
                             "'%s' is damaged: it claims to be part %llu "
                             "of %llu; download it again",
                             path != NULL ? path : "memory", (unsigned long long)index + 1,
                             (unsigned long long)n_parts);
    }
    if (index != 0) {
        return pal_error_set(error, PAL_ERR_PROTO,
                             "'%s' is part %llu of %llu; give the first one, whose name ends in "
                             "'-00001-of-%05llu.gguf'",
                             path != NULL ? path : "memory", (unsigned long long)index + 1,
                             (unsigned long long)n_parts, (unsigned long long)n_parts);
    }
    return open_other_parts(gguf, path, (uint32_t)n_parts, error);
}

static void
collect_tensors(struct pal_gguf *gguf)
{
    for (uint32_t p = 0; p < gguf->n_parts; p++) {
        gguf->n_tensors += gguf->parts[p].n_tensors;
    }
    gguf->tensors = pal_calloc(gguf->n_tensors, sizeof(struct pal_gguf_tensor *));
    size_t n = 0;
    for (uint32_t p = 0; p < gguf->n_parts; p++) {
        struct pal_gguf_file *part = &gguf->parts[p];
        gguf->facts.file_bytes += part->file_bytes;
        for (size_t i = 0; i < part->n_tensors; i++) {
            struct pal_gguf_tensor *tensor = &part->tensors[i];
            tensor->part = p;
            gguf->tensors[n++] = tensor;
            /* Sums of sizes that lie within files: they can't wrap. The weights can, on paper. */
            gguf->facts.tensor_bytes += tensor->bytes;
            gguf->facts.n_parameters += tensor->n_weights;
            if (tensor->layer >= 0) {
                gguf->layer_bytes[tensor->layer] += tensor->bytes;
            } else {
                gguf->outside_bytes += tensor->bytes;
            }
        }
    }
}

/* Everything after the first part's header is there and parsed. */
static enum pal_err
finish_open(struct pal_gguf *gguf, const char *path, const char *name, struct pal_error *error)
{
    enum pal_err err = open_parts(gguf, path, error);
    if (err == PAL_OK) {
        err = pal_gguf_parts_check(gguf->parts, gguf->n_parts, name, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    pal_gguf_file_facts(&gguf->parts[0], &gguf->facts);
    gguf->facts.n_parts = gguf->n_parts;
    collect_tensors(gguf);
    struct pal_gguf_text text;
    if (pal_gguf_find_text(gguf, "tokenizer.chat_template", &text)) {
        gguf->chat_template = pal_strndup(text.data, text.len);
        gguf->facts.has_chat_template = true;
    }
    return PAL_OK;
}

static struct pal_gguf *
create(void)
{
    struct pal_gguf *gguf = pal_calloc(1, sizeof(*gguf));
    gguf->parts = pal_calloc(1, sizeof(*gguf->parts));
    gguf->n_parts = 1;
    return gguf;
}

enum pal_err
pal_gguf_open(const char *path, struct pal_gguf **gguf, struct pal_error *error)
{
    *gguf = NULL;
    struct pal_gguf *opened = create();
    enum pal_err err = open_file(&opened->parts[0], path, error);
    if (err == PAL_OK) {
        err = finish_open(opened, path, path, error);
    }
    if (err != PAL_OK) {
        pal_gguf_close(opened);
        return err;
    }
    *gguf = opened;
    return PAL_OK;
}

enum pal_err
pal_gguf_open_memory(const void *data, size_t len, struct pal_gguf **gguf, struct pal_error *error)
{
    static const char name[] = "memory";
    *gguf = NULL;
    struct pal_gguf *opened = create();
    struct pal_gguf_file *file = &opened->parts[0];
    file->header = malloc(len > 0 ? len : 1);
    if (file->header == NULL) {
        pal_gguf_close(opened);
        return pal_error_set(error, PAL_ERR_NOMEM, "cannot read a model in memory: out of memory");
    }
    if (len > 0) {
        memcpy(file->header, data, len);
    }
    file->header_bytes = len;
    file->file_bytes = len;
    enum pal_err err = pal_gguf_file_parse(file, name, error);
    if (err == PAL_OK) {
        err = finish_open(opened, NULL, name, error);
    }
    if (err != PAL_OK) {
        pal_gguf_close(opened);
        return err;
    }
    *gguf = opened;
    return PAL_OK;
}

void
pal_gguf_close(struct pal_gguf *gguf)
{
    if (gguf == NULL) {
        return;
    }
    for (uint32_t i = 0; i < gguf->n_parts; i++) {
        pal_gguf_file_finish(&gguf->parts[i]);
    }
    free(gguf->parts);
    free(gguf->tensors);
    free(gguf->chat_template);
    free(gguf);
}

struct pal_gguf_facts
pal_gguf_facts(const struct pal_gguf *gguf)
{
    return gguf->facts;
}

const char *
pal_gguf_chat_template(const struct pal_gguf *gguf)
{
    return gguf->chat_template;
}

uint64_t
pal_gguf_layer_bytes(const struct pal_gguf *gguf, uint32_t layer)
{
    return layer < PAL_GGUF_LAYERS_MAX ? gguf->layer_bytes[layer] : 0;
}

uint64_t
pal_gguf_outside_bytes(const struct pal_gguf *gguf)
{
    return gguf->outside_bytes;
}

uint32_t
pal_gguf_layer_heads_kv(const struct pal_gguf *gguf, uint32_t layer)
{
    char key[160];
    struct pal_gguf_kv kv;
    uint64_t heads = 0;
    if (layer >= gguf->facts.n_layers) {
        return 0;
    }
    (void)snprintf(key, sizeof(key), "%s.attention.head_count_kv", gguf->facts.architecture);
    if (!gguf->facts.kv_heads_differ || !pal_gguf_find(gguf, key, &kv)) {
        return gguf->facts.n_heads_kv;
    }
    return pal_gguf_kv_u64(&kv, layer, &heads) && heads <= UINT32_MAX ? (uint32_t)heads : 0;
}

size_t
pal_gguf_n_kv(const struct pal_gguf *gguf)
{
    return gguf->parts[0].n_kv;
}

struct pal_gguf_kv
pal_gguf_kv_at(const struct pal_gguf *gguf, size_t i)
{
    PAL_ASSERT(i < gguf->parts[0].n_kv);
    return gguf->parts[0].kvs[i];
}

bool
pal_gguf_find(const struct pal_gguf *gguf, const char *key, struct pal_gguf_kv *kv)
{
    return pal_gguf_file_find(&gguf->parts[0], key, kv);
}

bool
pal_gguf_find_u64(const struct pal_gguf *gguf, const char *key, uint64_t *value)
{
    struct pal_gguf_kv kv;
    return pal_gguf_find(gguf, key, &kv) && kv.kind != PAL_GGUF_KIND_ARRAY &&
           pal_gguf_kv_u64(&kv, 0, value);
}

bool
pal_gguf_find_number(const struct pal_gguf *gguf, const char *key, double *value)
{
    struct pal_gguf_kv kv;
    if (!pal_gguf_find(gguf, key, &kv) || pal_gguf_kind_bytes(kv.kind) == 0) {
        return false;
    }
    *value = pal_gguf_kv_number(&kv, 0);
    return true;
}

bool
pal_gguf_find_text(const struct pal_gguf *gguf, const char *key, struct pal_gguf_text *text)
{
    struct pal_gguf_kv kv;
    if (!pal_gguf_find(gguf, key, &kv) || kv.kind != PAL_GGUF_KIND_TEXT) {
        return false;
    }
    const uint8_t *at = kv.data;
    return pal_gguf_kv_next_text(&kv, &at, text);
}

size_t
pal_gguf_n_tensors(const struct pal_gguf *gguf)
{
    return gguf->n_tensors;
}

const struct pal_gguf_tensor *
pal_gguf_tensor_at(const struct pal_gguf *gguf, size_t i)
{
    PAL_ASSERT(i < gguf->n_tensors);
    return gguf->tensors[i];
}

const struct pal_gguf_tensor *
pal_gguf_find_tensor(const struct pal_gguf *gguf, const char *name)
{
    for (size_t i = 0; i < gguf->n_tensors; i++) {
        if (strcmp(gguf->tensors[i]->name, name) == 0) {
            return gguf->tensors[i];
        }
    }
    return NULL;
}
