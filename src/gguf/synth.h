#ifndef PAL_GGUF_SYNTH_H
#define PAL_GGUF_SYNTH_H
/*
 * Writes a model file of a real model's exact shape, types and size with random weights: it loads
 * and runs at the real model's speed and says nonsense. So anybody can measure their machine before
 * they download gigabytes, and tests have models of a megabyte. Any thread; nothing is printed.
 */
#include <stdatomic.h>

#include "gguf/shape.h"
#include "util/err.h"

struct pal_gguf_synth_options {
    const struct pal_gguf_shape *shape;
    const struct pal_gguf_quant *quant;
    uint64_t seed; /* equal seeds make equal files */
    /* Called now and then on the calling thread; NULL if nobody looks. */
    void (*on_progress)(uint64_t done_bytes, uint64_t total_bytes, void *userdata);
    void *userdata;
    const atomic_bool *is_cancelled; /* borrowed; NULL if nobody asks. Ends with _CANCELLED. */
};

/* On an error nothing is left of the file. PAL_ERR_IO says what the system refused. */
enum pal_err pal_gguf_synth(const char *path, const struct pal_gguf_synth_options *options,
                            struct pal_error *error) PAL_MUST_USE;

#endif
