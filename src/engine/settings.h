#ifndef PAL_ENGINE_SETTINGS_H
#define PAL_ENGINE_SETTINGS_H
/*
 * The engine's options as both sides keep them: owned strings, defaults filled in, ranges checked.
 * They cross as the first message and never stand on a command line. Plain data; any thread.
 */
#include "engine/engine.h"

#define PAL_ENGINE_SEQUENCES_MAX     64
#define PAL_ENGINE_CTX_TOKENS_MAX    (1u << 20)
#define PAL_ENGINE_BATCH_MAX         4096
#define PAL_ENGINE_THREADS_MAX       512
#define PAL_ENGINE_PATH_MAX_BYTES    4096
#define PAL_ENGINE_NAME_MAX_BYTES    63
#define PAL_ENGINE_CPUS_MAX_BYTES    1024
#define PAL_ENGINE_PERSONA_MAX_BYTES (1u << 20)
#define PAL_ENGINE_PARK_MAX_BYTES    ((uint64_t)1 << 50)

struct pal_settings {
    char *model_path;  /* owned, may be NULL */
    char *script_path; /* owned, may be NULL */
    char *llama_dir;   /* owned, may be NULL */
    uint32_t n_ctx_tokens;
    uint32_t n_sequences;
    uint32_t n_threads;       /* 0 = the engine counts cores */
    uint32_t n_threads_batch; /* 0 = n_threads */
    uint32_t n_threads_cpu;   /* 0 = as planned, also without the card */
    uint32_t n_batch_tokens;
    uint32_t n_ubatch_tokens;
    uint32_t chunk_tokens;
    int32_t n_gpu_layers;
    uint32_t kv_type;
    uint32_t ways;     /* enum pal_engine_way */
    char *variant;     /* owned, may be NULL */
    char *gpu_device;  /* owned, may be NULL */
    uint32_t priority; /* enum pal_engine_priority */
    char *cpus;        /* owned, may be NULL */
    uint64_t park_ram_bytes;
    uint64_t park_disk_bytes;
    char *park_dir; /* owned, may be NULL */
    char *persona;  /* owned, may be NULL */
    char *warm_dir; /* owned, may be NULL */
};

/* Copies and checks. PAL_ERR_ARGUMENT: *settings is zeroed and *error says what is wrong. */
enum pal_err pal_settings_init(struct pal_settings *settings,
                               const struct pal_engine_options *options,
                               struct pal_error *error) PAL_MUST_USE;
/* The ranges alone; for settings that came over the wire. */
enum pal_err pal_settings_check(const struct pal_settings *settings,
                                struct pal_error *error) PAL_MUST_USE;
/* The same file, read and laid out the same way; contexts may differ. */
bool pal_settings_share_weights(const struct pal_settings *a, const struct pal_settings *b);
void pal_settings_finish(struct pal_settings *settings);

#endif
