#ifndef PAL_ENGINE_MODEL_H
#define PAL_ENGINE_MODEL_H
/*
 * The weights and one context in memory, and what we know about them. Compute thread.
 *
 * The KV is unified: all sequences share n_cells cells, so that a persona's cells serve everybody.
 */
#include <llama.h>

#include "engine/pool.h"
#include "engine/settings.h"
#include "engine/template.h"
#include "gguf/gguf.h"

/* Sequence ids that a unified KV accepts, and so the timelines that we may keep. */
#define PAL_MODEL_SEQ_MAX 256

struct pal_model {
    struct llama_model *model;     /* owned */
    struct llama_context *context; /* owned */
    struct pal_pools pools;        /* its threads */
    const struct llama_vocab *vocab;
    llama_memory_t memory;
    struct pal_template *tmpl; /* owned */
    llama_token *eogs;         /* owned; all tokens that end a turn */
    size_t n_eogs;
    size_t token_max_bytes; /* of the longest token's text */
    uint32_t n_cells;
    uint32_t n_ctx_max_tokens; /* of one timeline: the cells, or what the model was trained for */
    uint32_t n_threads;
    uint32_t n_threads_batch;
    struct pal_gguf_facts file;
    int32_t n_gpu_layers; /* as loaded; fewer than asked for where memory was short */
    /* False for memories that can't drop or copy parts of a sequence (recurrent, sliding window).
     */
    bool can_edit;
    bool can_shift;
};

/* False from here gives loading up. */
typedef bool (*pal_model_progress_fn)(float progress, void *userdata);

/* Told before anything is read, if all is for the CPU: loading should take no more private memory
 * than this. */
typedef void (*pal_model_size_fn)(uint64_t bytes, void *userdata);

/*
 * Judges the file, loads ggml's backends (once a process), the model and a context.
 * PAL_ERR_MODEL, or what pal_gguf_open() says: *model is zeroed.
 */
enum pal_err pal_model_load(struct pal_model *model, const struct pal_settings *settings,
                            pal_model_progress_fn on_progress,
                            pal_model_size_fn on_size /* may be NULL */, void *userdata,
                            struct pal_engine_facts *facts, struct pal_error *error) PAL_MUST_USE;
/*
 * One small step, once after loading: faults the weights in, and dies here if the CPU can't do it.
 * PAL_ERR_MODEL: it can't be computed with.
 */
enum pal_err pal_model_warm_up(struct pal_model *model, struct pal_error *error) PAL_MUST_USE;
/*
 * A new context and new threads for settings that share the loaded weights. After an error the
 * model can only be finished.
 */
enum pal_err pal_model_retune(struct pal_model *model, const struct pal_settings *settings,
                              struct pal_engine_facts *facts, struct pal_error *error) PAL_MUST_USE;
void pal_model_finish(struct pal_model *model);

/*
 * What loading takes at most, as far as anybody can say before: what the plan predicts for the
 * file's shape, twice, and a good deal for vocabulary, threads and libraries. Never more than the
 * machine has: so a file that asks for absurd sizes fails, and takes nobody's memory.
 */
uint64_t pal_model_size_max(const struct pal_gguf *file, const struct pal_settings *settings);

/* Rows of logits that one step may ask for; llama.cpp makes room for no more. */
uint32_t pal_model_outputs_max(const struct pal_settings *settings);

#endif
