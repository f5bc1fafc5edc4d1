#include "engine/model.h"

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fault.h"
#include "engine/library.h"
#include "engine/priority.h"
#include "engine/sampler.h"
#include "engine/threads.h"
#include "gguf/gguf.h"
#include "plan/plan.h"
#include "util/mem.h"

#define LOG_TOPIC "model"
#include "util/log.h"

#define DEVICES_MAX    16
#define CTX_TOKENS_MIN 512

struct loading {
    pal_model_progress_fn on_progress;
    void *userdata;
    bool is_given_up;
};

static bool
on_load_progress(float progress, void *data)
{
    struct loading *loading = data;
    loading->is_given_up = !loading->on_progress(progress, loading->userdata);
    return !loading->is_given_up;
}

/* The context's threads: pool.h. */
static void
make_pools(struct pal_model *model, unsigned ways)
{
    uint32_t n =
        model->n_threads > model->n_threads_batch ? model->n_threads : model->n_threads_batch;
    pal_pools_init(&model->pools, model->context, ways, n);
    pal_pools_use(&model->pools, model->n_threads, model->n_threads_batch);
}

static bool
has_gpu(void)
{
    return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU) != NULL ||
           ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_IGPU) != NULL;
}

/*
 * The cards to use, NULL-terminated. None at all without layers for them: with a card in its list
 * llama.cpp leaves weights as they are, and the CPU's kernels are slower on those.
 */
static void
choose_devices(const struct pal_settings *settings, int32_t n_gpu_layers,
               ggml_backend_dev_t devices[DEVICES_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < ggml_backend_dev_count() && n < DEVICES_MAX && n_gpu_layers != 0; i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        enum ggml_backend_dev_type type = ggml_backend_dev_type(device);
        bool is_card =
            type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU;
        if (is_card && (settings->gpu_device == NULL ||
                        strcmp(ggml_backend_dev_name(device), settings->gpu_device) == 0)) {
            devices[n++] = device;
        }
    }
    devices[n] = NULL;
}

static enum pal_err
load_weights(struct pal_model *model, const struct pal_settings *settings, int32_t n_gpu_layers,
             struct loading *loading, struct pal_error *error)
{
    ggml_backend_dev_t devices[DEVICES_MAX + 1];
    const struct pal_fault fault = pal_fault_from_environment();
    if (pal_fault_hits_load(&fault, n_gpu_layers)) {
        return pal_error_set(error, PAL_ERR_MODEL, "no memory, as PALABRE_FAULT asks for");
    }
    choose_devices(settings, n_gpu_layers, devices);
    struct llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = n_gpu_layers;
    params.devices = devices;
    params.use_extra_bufts = (settings->ways & PAL_ENGINE_NO_EXTRA_BUFTS) == 0;
    params.progress_callback = on_load_progress;
    params.progress_callback_user_data = loading;
    model->model = llama_model_load_from_file(settings->model_path, params);
    if (model->model == NULL) {
        return loading->is_given_up
                   ? pal_error_set(error, PAL_ERR_CANCELLED, "loading was given up")
                   : pal_error_set(error, PAL_ERR_MODEL,
                                   "cannot load '%s': llama.cpp %s refuses it, or has too "
                                   "little memory (its reason is in the log)",
                                   settings->model_path, pal_library_version());
    }
    if (!llama_model_has_decoder(model->model) || llama_model_has_encoder(model->model)) {
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "'%s' is not a model for chat",
                             settings->model_path);
    }
    model->vocab = llama_model_get_vocab(model->model);
    if (llama_vocab_type(model->vocab) == LLAMA_VOCAB_TYPE_NONE ||
        llama_vocab_n_tokens(model->vocab) <= 0) {
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "'%s' has no vocabulary",
                             settings->model_path);
    }
    return PAL_OK;
}

static enum pal_err
make_context(struct pal_model *model, const struct pal_settings *settings, uint32_t n_ctx_tokens,
             struct pal_error *error)
{
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = n_ctx_tokens;
    params.n_batch = settings->n_batch_tokens;
    params.n_ubatch = settings->n_ubatch_tokens; /* llama.cpp cuts longer batches */
    params.n_seq_max = settings->n_sequences;
    params.n_outputs_max = pal_model_outputs_max(settings);
    params.type_k = (enum ggml_type)settings->kv_type;
    params.type_v = (enum ggml_type)settings->kv_type;
    /* Never "auto": it may differ between devices, and saved states then don't fit. */
    params.flash_attn_type = (settings->ways & PAL_ENGINE_NO_FLASH_ATTN) != 0
                                 ? LLAMA_FLASH_ATTN_TYPE_DISABLED
                                 : LLAMA_FLASH_ATTN_TYPE_ENABLED;
    params.offload_kqv = (settings->ways & PAL_ENGINE_NO_KV_OFFLOAD) == 0;
    params.op_offload = (settings->ways & PAL_ENGINE_NO_OP_OFFLOAD) == 0;
    params.n_threads = (int32_t)model->n_threads;
    params.n_threads_batch = (int32_t)model->n_threads_batch;
    params.kv_unified = true;
    params.swa_full = true; /* parts of a sequence can be dropped only from a full cache */
    params.no_perf = true;
    model->context = llama_init_from_model(model->model, params);
    if (model->context == NULL) {
        return pal_error_set(error, PAL_ERR_MODEL,
                             "cannot make a context of %u tokens for '%s': there may be too little "
                             "memory; try a smaller one",
                             n_ctx_tokens, settings->model_path);
    }
    model->memory = llama_get_memory(model->context);
    model->n_cells = llama_n_ctx(model->context);
    int32_t trained = llama_model_n_ctx_train(model->model);
    model->n_ctx_max_tokens =
        trained > 0 && (uint32_t)trained < model->n_cells ? (uint32_t)trained : model->n_cells;
    model->can_edit = model->memory != NULL && !llama_model_is_recurrent(model->model) &&
                      !llama_model_is_hybrid(model->model);
    model->can_shift = model->can_edit && llama_memory_can_shift(model->memory);
    return PAL_OK;
}

static void
drop_weights(struct pal_model *model)
{
    if (model->context != NULL) {
        llama_free(model->context);
    }
    if (model->model != NULL) {
        llama_model_free(model->model);
    }
    model->context = NULL;
    model->model = NULL;
}

uint32_t
pal_model_outputs_max(const struct pal_settings *settings)
{
    uint32_t n = settings->n_sequences * PAL_PLAN_OUTPUTS_PER_TURN;
    return n < settings->n_batch_tokens ? n : settings->n_batch_tokens;
}

static void
read_vocab(struct pal_model *model)
{
    int32_t n = llama_vocab_n_tokens(model->vocab);
    model->token_max_bytes = 1;
    for (llama_token token = 0; token < n; token++) {
        const char *text = llama_vocab_get_text(model->vocab, token);
        size_t n_bytes = text != NULL ? strlen(text) : 0;
        if (n_bytes > model->token_max_bytes) {
            model->token_max_bytes = n_bytes;
        }
        if (llama_vocab_is_eog(model->vocab, token)) {
            model->eogs = pal_realloc(model->eogs, model->n_eogs + 1, sizeof(*model->eogs));
            model->eogs[model->n_eogs++] = token;
        }
    }
}

enum pal_err
pal_model_warm_up(struct pal_model *model, struct pal_error *error)
{
    llama_token token = llama_vocab_bos(model->vocab);
    token = token >= 0 ? token : 0;
    struct llama_batch batch = llama_batch_get_one(&token, 1);
    int32_t status = llama_decode(model->context, batch);
    llama_synchronize(model->context);
    const float *logits = status == 0 ? llama_get_logits_ith(model->context, 0) : NULL;
    bool are_numbers = logits != NULL &&
                       pal_logits_are_numbers(logits, (size_t)llama_vocab_n_tokens(model->vocab));
    if (model->memory != NULL) {
        llama_memory_clear(model->memory, false); /* what no cell says is there, nobody reads */
    }
    if (status != 0) {
        return pal_error_set(error, PAL_ERR_MODEL,
                             "the model's first step failed: llama_decode returned %d", status);
    }
    return are_numbers ? PAL_OK
                       : pal_error_set(error, PAL_ERR_MODEL,
                                       "the model computes nothing that a token could be drawn "
                                       "from: its file is damaged; fetch it again");
}

static void
describe_devices(char *text, size_t size, bool uses_gpu)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < ggml_backend_dev_count() && uses_gpu; i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_CPU && used < size) {
            int n = snprintf(text + used, size - used, "%s + ", ggml_backend_dev_name(device));
            used += n > 0 ? (size_t)n : 0;
        }
    }
    if (used < size) {
        (void)snprintf(text + used, size - used, "CPU");
    }
}

static void
fill_facts(const struct pal_model *model, const struct pal_settings *settings,
           struct pal_engine_facts *facts)
{
    const struct pal_gguf_facts *file = &model->file;
    *facts = (struct pal_engine_facts){
        .n_params = llama_model_n_params(model->model),
        .model_bytes = llama_model_size(model->model),
        .n_ctx_tokens = model->n_cells,
        .n_ctx_train_tokens = (uint32_t)llama_model_n_ctx_train(model->model),
        .n_sequences = settings->n_sequences,
        .n_layers = file->n_layers,
        .n_threads = model->n_threads,
    };
    const char *slash = strrchr(settings->model_path, '/');
    const char *file_name = slash != NULL ? slash + 1 : settings->model_path;
    (void)snprintf(facts->model_name, sizeof(facts->model_name), "%s",
                   file->name[0] != '\0' ? file->name : file_name);
    (void)snprintf(facts->architecture, sizeof(facts->architecture), "%s", file->architecture);
    (void)snprintf(facts->quantisation, sizeof(facts->quantisation), "%s", file->quant);
    pal_library_variant(facts->variant, sizeof(facts->variant));
    bool uses_gpu = model->n_gpu_layers != 0;
    uint32_t wanted = model->n_gpu_layers < 0 ? UINT32_MAX : (uint32_t)model->n_gpu_layers;
    facts->n_layers_gpu = !uses_gpu ? 0 : wanted > file->n_layers ? file->n_layers : wanted;
    describe_devices(facts->devices, sizeof(facts->devices), uses_gpu);
    enum ggml_type kv_type = (enum ggml_type)settings->kv_type;
    uint64_t row_bytes = ggml_row_size(kv_type, (int64_t)file->n_heads_kv * file->key_length) +
                         ggml_row_size(kv_type, (int64_t)file->n_heads_kv * file->value_length);
    facts->kv_bytes = (uint64_t)model->n_cells * file->n_layers * row_bytes;
}

/*
 * What was planned, and if memory is short all the same: fewer layers on the card, then less
 * context, until it runs. A file that can't be loaded at all costs a few quick attempts more.
 */
static enum pal_err
load_on_some_rung(struct pal_model *model, const struct pal_settings *settings,
                  struct loading *loading, struct pal_error *error)
{
    int32_t n_gpu_layers = has_gpu() ? settings->n_gpu_layers : 0;
    uint32_t n_ctx_tokens = settings->n_ctx_tokens;
    for (;;) {
        enum pal_err err = load_weights(model, settings, n_gpu_layers, loading, error);
        bool has_weights = err == PAL_OK;
        if (has_weights) {
            err = make_context(model, settings, n_ctx_tokens, error);
        }
        if (err == PAL_OK) {
            model->n_gpu_layers = n_gpu_layers;
            return PAL_OK;
        }
        if (err != PAL_ERR_MODEL ||
            (n_gpu_layers == 0 && (!has_weights || n_ctx_tokens / 2 < CTX_TOKENS_MIN))) {
            return err;
        }
        drop_weights(model);
        if (n_gpu_layers != 0) {
            n_gpu_layers = pal_plan_fewer_layers(model->file.n_layers, n_gpu_layers);
            if (settings->n_threads_cpu != 0) {
                model->n_threads = model->n_threads_batch = settings->n_threads_cpu;
            }
        } else {
            n_ctx_tokens /= 2;
        }
        pal_log_warn("too little memory: trying the next rung", "gpu_layers=%d context=%u",
                     n_gpu_layers, n_ctx_tokens);
    }
}

static void
set_threads(struct pal_model *model, const struct pal_settings *settings)
{
    model->n_threads = settings->n_threads != 0 ? settings->n_threads : pal_threads_default();
    model->n_threads_batch =
        settings->n_threads_batch != 0 ? settings->n_threads_batch : model->n_threads;
}

struct rung {
    struct pal_model *model;
    const struct pal_settings *settings;
    struct loading *loading;
    struct pal_error *error;
    enum pal_err err;
};

static void
run_load(void *userdata)
{
    struct rung *rung = userdata;
    rung->err = load_on_some_rung(rung->model, rung->settings, rung->loading, rung->error);
}

/* Beside an engine that answers, reading and rearranging weights is to cost its readers nothing. */
static enum pal_err
load_aside(struct pal_model *model, const struct pal_settings *settings, struct loading *loading,
           struct pal_error *error)
{
    struct rung rung = {.model = model, .settings = settings, .loading = loading, .error = error};
    if ((settings->ways & PAL_ENGINE_BESIDE) != 0) {
        pal_priority_run_aside(run_load, &rung);
    } else {
        run_load(&rung);
    }
    return rung.err;
}

static enum pal_err
load(struct pal_model *model, const struct pal_settings *settings, struct loading *loading,
     struct pal_error *error)
{
    set_threads(model, settings);
    enum pal_err err = pal_library_init(settings->llama_dir, settings->variant,
                                        settings->n_gpu_layers != 0, error);
    if (err == PAL_OK) {
        err = load_aside(model, settings, loading, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    make_pools(model, settings->ways);
    read_vocab(model);
    model->tmpl = pal_template_create(model->model);
    return PAL_OK;
}

enum pal_err
pal_model_load(struct pal_model *model, const struct pal_settings *settings,
               pal_model_progress_fn on_progress, pal_model_size_fn on_size, void *userdata,
               struct pal_engine_facts *facts, struct pal_error *error)
{
    *model = (struct pal_model){0};
    struct pal_gguf *file = NULL;
    enum pal_err err = pal_gguf_open(settings->model_path, &file, error);
    if (err != PAL_OK) {
        return err;
    }
    model->file = pal_gguf_facts(file);
    if (on_size != NULL && settings->n_gpu_layers == 0) {
        on_size(pal_model_size_max(file, settings), userdata);
    }
    pal_gguf_close(file);
    struct loading loading = {.on_progress = on_progress, .userdata = userdata};
    err = load(model, settings, &loading, error);
    if (err != PAL_OK) {
        pal_model_finish(model);
        return err;
    }
    fill_facts(model, settings, facts);
    pal_log_info("model loaded",
                 "file=" PAL_LOG_STR " variant=%s threads=%u template=%s cells=%u shift=%d",
                 settings->model_path, facts->variant, model->n_threads,
                 pal_template_name(model->tmpl), model->n_cells, model->can_shift);
    return PAL_OK;
}

static void
drop_context(struct pal_model *model)
{
    /* The pools outlive what computes on them. */
    struct llama_context *context = model->context;
    model->context = NULL;
    if (context != NULL) {
        llama_detach_threadpool(context);
        llama_free(context);
    }
    pal_pools_finish(&model->pools);
}

enum pal_err
pal_model_retune(struct pal_model *model, const struct pal_settings *settings,
                 struct pal_engine_facts *facts, struct pal_error *error)
{
    drop_context(model);
    set_threads(model, settings);
    enum pal_err err = make_context(model, settings, settings->n_ctx_tokens, error);
    if (err == PAL_OK) {
        make_pools(model, settings->ways);
        fill_facts(model, settings, facts);
    }
    return err;
}

void
pal_model_finish(struct pal_model *model)
{
    if (model == NULL) {
        return;
    }
    pal_template_destroy(model->tmpl);
    drop_context(model);
    if (model->model != NULL) {
        llama_model_free(model->model);
    }
    free(model->eogs);
    *model = (struct pal_model){0};
}
