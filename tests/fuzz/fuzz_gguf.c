/*
 * Any bytes as a model file: refused with a sentence, or read with numbers that agree.
 *
 * The first inputs are made here, so that no binaries lie in the repository.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"
#include "gguf_bytes.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max_len);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed);

/* Three of four times a plain mutation; else one of a file that is right. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed)
{
    static struct bytes good;
    if (good.len == 0) {
        put_good_file(&good);
    }
    if (seed % 4 == 0 && good.len <= max_len) {
        memcpy(data, good.data, good.len);
        len = good.len;
    }
    return LLVMFuzzerMutate(data, len, max_len);
}

static void
read_everything(const struct pal_gguf *gguf, size_t len)
{
    struct pal_gguf_facts facts = pal_gguf_facts(gguf);
    uint64_t bytes = pal_gguf_outside_bytes(gguf);
    for (uint32_t i = 0; i < PAL_GGUF_LAYERS_MAX; i++) {
        bytes += pal_gguf_layer_bytes(gguf, i);
    }
    PAL_ASSERT(bytes == facts.tensor_bytes && facts.tensor_bytes <= len);
    for (size_t i = 0; i < pal_gguf_n_tensors(gguf); i++) {
        const struct pal_gguf_tensor *tensor = pal_gguf_tensor_at(gguf, i);
        PAL_ASSERT(tensor->offset + tensor->bytes <= len);
    }
    double sum = 0;
    for (size_t i = 0; i < pal_gguf_n_kv(gguf); i++) {
        struct pal_gguf_kv kv = pal_gguf_kv_at(gguf, i);
        struct pal_gguf_text text;
        const uint8_t *at = kv.data;
        while (pal_gguf_kv_next_text(&kv, &at, &text)) {
            sum += (double)text.len + (text.len > 0 ? text.data[text.len - 1] : 0);
        }
        for (uint64_t j = 0; j < kv.n_items && j < 64; j++) {
            sum += pal_gguf_kv_number(&kv, j);
        }
    }
    static volatile double sink; /* so that the reads stay */
    sink = sum;
    (void)sink;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pal_gguf *gguf;
    struct pal_error error = {0};
    enum pal_err err = pal_gguf_open_memory(data, len, &gguf, &error);
    PAL_ASSERT((err == PAL_OK) == (gguf != NULL));
    PAL_ASSERT(err == PAL_OK || strlen(error.text) > 10);
    if (err == PAL_OK) {
        read_everything(gguf, len);
        pal_gguf_close(gguf);
    }
    return 0;
}
