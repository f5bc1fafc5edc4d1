#include "engine/clear.h"

#include <dlfcn.h>
#include <ggml-backend.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/mem.h"

/* Smaller ones are written faster than the kernel is asked. */
#define LARGE_BYTES ((size_t)1 << 20)

typedef void (*clear_fn)(ggml_backend_buffer_t buffer, uint8_t value);

static clear_fn
find_ggml_clear(void)
{
    /* memcpy, because C has no cast from void * to function. */
    void *found = dlsym(RTLD_NEXT, "ggml_backend_buffer_clear");
    clear_fn function = NULL;
    PAL_ASSERT(found != NULL); /* this program is linked to it */
    memcpy(&function, &found, sizeof(function));
    return function;
}

static clear_fn
ggml_clear(void)
{
    static _Atomic(clear_fn) known;
    clear_fn function = atomic_load(&known);
    if (function == NULL) {
        function = find_ggml_clear();
        atomic_store(&known, function);
    }
    return function;
}

/*
 * Whole pages of private memory, which malloc has given to this buffer alone. Small ones from now
 * on: a conversation uses a little of each layer's part, and a huge page would be zeroed for each.
 */
static bool
give_back(char *base, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = (page - (uintptr_t)base % page) % page;
    size_t inner = (size - before) / page * page;
    if (madvise(base + before, inner, MADV_DONTNEED) != 0) {
        return false; /* locked into memory: then it is there already */
    }
    (void)madvise(base + before, inner, MADV_NOHUGEPAGE);
    memset(base, 0, before);
    memset(base + before + inner, 0, size - before - inner);
    return true;
}

/* In the place of ggml's: clear.h. */
void
ggml_backend_buffer_clear(ggml_backend_buffer_t buffer, uint8_t value)
{
    size_t size = ggml_backend_buffer_get_size(buffer);
    bool is_ours = value == 0 && size >= LARGE_BYTES &&
                   ggml_backend_buffer_get_type(buffer) == ggml_backend_cpu_buffer_type();
    if (!is_ours || !give_back(ggml_backend_buffer_get_base(buffer), size)) {
        ggml_clear()(buffer, value);
    }
}

void
pal_clear_prepare(void)
{
    (void)ggml_clear();
}
