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

static unsigned char *
kv_save(void *kv, int32_t seq, int32_t p0, int32_t p1, size_t *n_bytes)
{
    struct pal_model *model = kv;
    if (!pal_model_can_park(model)) {
        return NULL;
    }
    llama_memory_seq_cp(model->memory, seq, SCRATCH, p0, p1);
    size_t size = llama_state_seq_get_size(model->context, SCRATCH);
    unsigned char *data = size > 0 ? malloc(size) : NULL;
    if (data != NULL && llama_state_seq_get_data(model->context, data, size, SCRATCH) != size) {
        free(data);
        data = NULL;
    }
    (void)llama_memory_seq_rm(model->memory, SCRATCH, -1, -1);
    *n_bytes = size;
    return data;
}

static bool
kv_restore(void *kv, int32_t seq, const unsigned char *data, size_t n_bytes)
{
    struct pal_model *model = kv;
    bool is_back = pal_model_can_park(model) &&
                   llama_state_seq_set_data(model->context, data, n_bytes, SCRATCH) == n_bytes;
    if (is_back) {
        llama_memory_seq_cp(model->memory, SCRATCH, seq, -1, -1);
    }
    (void)llama_memory_seq_rm(model->memory, SCRATCH, -1, -1);
    return is_back;
}

const struct pal_kv_ops pal_model_kv_ops = {
    .remove = kv_remove,
    .copy = kv_copy,
    .shift = kv_shift,
    .save = kv_save,
    .restore = kv_restore,
};

bool
pal_model_can_park(const struct pal_model *model)
{
    /* Of a sliding window libllama saves only what the last token still sees, which is too little
     * to go back to an earlier one. */
    return model->can_edit && llama_model_n_swa(model->model) == 0;
}

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
