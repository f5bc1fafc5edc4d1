#include <stdlib.h>
#include <unistd.h>

#include "engine/fault.h"
#include "engine/model.h"
#include "plan/size.h"
#include "util/mem.h"

#define SLACK_BYTES (UINT64_C(1) << 30)
/* A token's text, in three tables. */
#define TOKEN_BYTES UINT64_C(1024)

/* Of weights that may be mapped or rearranged in any way, KV and buffers. */
static uint64_t
predicted_bytes(const struct pal_shape *shape, const struct pal_settings *settings)
{
    static const enum pal_repack ways[] = {PAL_REPACK_NONE, PAL_REPACK_AVX, PAL_REPACK_AMX};
    uint64_t most = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(ways); i++) {
        const struct pal_placement placement = {
            .n_ctx_tokens = settings->n_ctx_tokens,
            .n_batch_tokens = settings->n_ubatch_tokens,
            .n_sequences = settings->n_sequences,
            .n_outputs = pal_model_outputs_max(settings),
            .kv_type = settings->kv_type,
            .has_flash_attn = (settings->ways & PAL_ENGINE_NO_FLASH_ATTN) == 0,
            .repack = ways[i],
        };
        struct pal_sizes sizes = pal_sizes_of(shape, &placement);
        uint64_t bytes = pal_sizes_ram(&sizes);
        most = bytes > most ? bytes : most;
    }
    return most + shape->file_bytes;
}

uint64_t
pal_model_size_max(const struct pal_gguf *file, const struct pal_settings *settings)
{
    const struct pal_fault fault = pal_fault_from_environment();
    if (fault.load_mib != 0) {
        return (uint64_t)fault.load_mib << 20;
    }
    struct pal_shape *shape = pal_calloc(1, sizeof(*shape));
    struct pal_error error;
    uint64_t bytes = SLACK_BYTES;
    if (pal_shape_from_gguf(file, shape, &error) == PAL_OK) {
        bytes += 2 * predicted_bytes(shape, settings) + shape->n_vocab * TOKEN_BYTES;
    } else {
        bytes += 2 * pal_gguf_facts(file).file_bytes; /* llama.cpp will refuse it as well */
    }
    free(shape);
    long n_pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    uint64_t machine =
        n_pages > 0 && page_bytes > 0 ? (uint64_t)n_pages * (uint64_t)page_bytes : UINT64_MAX;
    return bytes < machine ? bytes : machine;
}
