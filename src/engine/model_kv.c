#include "engine/model_kv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/library.h"
#include "util/mem.h"

/*
 * libllama saves and restores whole sequences only, and only of ids below n_seq_max. So a part goes
 * through sequence 0, which no timeline has: copying cells to a sequence is a matter of marks.
 */
#define SCRATCH 0

/* Of a span's bytes; another one makes other files. */
#define LAYOUT 2

#define END_BYTES ((size_t)64 << 10)

static bool
kv_remove(void *kv, int32_t seq, int32_t p0, int32_t p1)
{
    struct pal_model *model = kv;
    return llama_memory_seq_rm(model->memory, seq, p0, p1);
}

static void
kv_copy(void *kv, int32_t from, int32_t to, int32_t p0, int32_t p1)
{
    struct pal_model *model = kv;
    llama_memory_seq_cp(model->memory, from, to, p0, p1);
}

static void
kv_shift(void *kv, int32_t seq, int32_t p0, int32_t p1, int32_t delta)
{
    struct pal_model *model = kv;
    llama_memory_seq_add(model->memory, seq, p0, p1, delta);
}

/*
 * Bytes are frames, one after the other: a length, and what libllama says of some cells. So pieces
 * of a timeline can be saved in several steps, and a window's cells whole: libllama saves of those
 * what the last token of the sequence sees, which is all of a frame that is no longer than a window
 * and lies in one (some models' windows stand side by side, others reach to both sides).
 */
static bool
save_frame(struct pal_model *model, int32_t seq, struct pal_span *span)
{
    uint64_t size = llama_state_seq_get_size(model->context, seq);
    if (size == 0 || !pal_span_reserve(span, span->n_bytes + sizeof(size) + size)) {
        return false;
    }
    unsigned char *at = span->data + span->n_bytes;
    memcpy(at, &size, sizeof(size));
    if (llama_state_seq_get_data(model->context, at + sizeof(size), size, seq) != size) {
        return false;
    }
    span->n_bytes += sizeof(size) + size;
    return true;
}

/* Where the frame that begins at p0 ends. */
static int32_t
frame_end(const struct pal_model *model, int32_t p0, int32_t p1)
{
    int32_t n = llama_model_n_swa(model->model) / 2;
    if (n <= 0 || p1 - p0 <= n - p0 % n) {
        return p1;
    }
    return p0 + n - p0 % n;
}

static bool
kv_save(void *kv, int32_t seq, int32_t p0, int32_t p1, struct pal_span *span)
{
    struct pal_model *model = kv;
    size_t n_before = span->n_bytes;
    bool is_saved = true;
    if (!model->can_edit) {
        return save_frame(model, seq, span);
    }
    while (p0 < p1 && is_saved) {
        int32_t end = frame_end(model, p0, p1);
        llama_memory_seq_cp(model->memory, seq, SCRATCH, p0, end);
        is_saved = save_frame(model, SCRATCH, span);
        (void)llama_memory_seq_rm(model->memory, SCRATCH, -1, -1);
        p0 = end;
    }
    span->n_bytes = is_saved ? span->n_bytes : n_before;
    return is_saved;
}

static bool
restore_frame(struct pal_model *model, int32_t seq, const unsigned char *data, size_t size)
{
    if (!model->can_edit) {
        return llama_state_seq_set_data(model->context, data, size, seq) == size;
    }
    bool is_back = llama_state_seq_set_data(model->context, data, size, SCRATCH) == size;
    if (is_back) {
        llama_memory_seq_cp(model->memory, SCRATCH, seq, -1, -1);
    }
    (void)llama_memory_seq_rm(model->memory, SCRATCH, -1, -1);
    return is_back;
}

static bool
kv_restore(void *kv, int32_t seq, const unsigned char *data, size_t n_bytes)
{
    struct pal_model *model = kv;
    int32_t n_there = llama_memory_seq_pos_max(model->memory, seq) + 1;
    size_t at = 0;
    while (at < n_bytes) {
        uint64_t size = 0;
        bool has_head = n_bytes - at >= sizeof(size);
        if (has_head) {
            memcpy(&size, data + at, sizeof(size));
            at += sizeof(size);
        }
        if (!has_head || size == 0 || size > n_bytes - at ||
            !restore_frame(model, seq, data + at, size)) {
            (void)llama_memory_seq_rm(model->memory, seq, n_there, -1);
            return false;
        }
        at += size;
    }
    return n_bytes > 0;
}

static int32_t
kv_first(void *kv, int32_t seq)
{
    struct pal_model *model = kv;
    return llama_memory_seq_pos_min(model->memory, seq);
}

const struct pal_kv_ops pal_model_kv_ops = {
    .remove = kv_remove,
    .copy = kv_copy,
    .shift = kv_shift,
    .save = kv_save,
    .restore = kv_restore,
    .first = kv_first,
};

/* Both ends of the file, where all that tells models of one shape apart is likely to differ. */
static uint64_t
file_hash(const char *path)
{
    uint64_t h = 0;
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        uint64_t facts[] = {(uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec,
                            (uint64_t)st.st_mtim.tv_nsec};
        h = pal_park_hash(0, facts, sizeof(facts));
        char *bytes = pal_calloc(END_BYTES, 1);
        off_t last = st.st_size > (off_t)END_BYTES ? st.st_size - (off_t)END_BYTES : 0;
        ssize_t n = pread(fd, bytes, END_BYTES, 0);
        h = pal_park_hash(h, bytes, n > 0 ? (size_t)n : 0);
        n = pread(fd, bytes, END_BYTES, last);
        h = pal_park_hash(h, bytes, n > 0 ? (size_t)n : 0);
        free(bytes);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return h;
}

uint64_t
pal_model_kv_key(const struct pal_model *model, const struct pal_settings *settings)
{
    uint64_t facts[] = {
        LAYOUT,
        file_hash(settings->model_path),
        settings->kv_type,
        settings->ways & PAL_ENGINE_NO_FLASH_ATTN,
        (uint64_t)llama_model_n_layer(model->model),
        (uint64_t)llama_model_n_embd(model->model),
        (uint64_t)llama_model_n_head_kv(model->model),
    };
    const char *version = pal_library_version();
    return pal_park_hash(pal_park_hash(0, facts, sizeof(facts)), version, strlen(version));
}
