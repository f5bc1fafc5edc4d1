/*
 * Damaged copies of good models: what our reader lets through, ggml's own reader takes as well,
 * with the same sizes, and no process that loads it with libllama and decodes ends by it. Each
 * accepted copy runs in a child. PAL_MUTANTS sets how many copies of each model (default 150),
 * PAL_MUTANT_SEED where they begin.
 */
#include "test.h"

#include <fcntl.h>
#include <ggml-backend.h>
#include <ggml.h>
#include <gguf.h>
#include <llama.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gguf/gguf.h"
#include "gguf/pattern.h"
#include "gguf/synth.h"

#define FILE_MAX_BYTES  (4u << 20)
#define CHILD_CPU_MAX_S 20

static uint8_t original[FILE_MAX_BYTES];
static uint8_t mutant[FILE_MAX_BYTES];

static void
silence(enum ggml_log_level level, const char *text, void *userdata)
{
    (void)level;
    (void)text;
    (void)userdata;
}

/* Whether ggml reads the same tensors with the same sizes. */
static bool
ggml_agrees(const char *path)
{
    struct ggml_context *tensors = NULL;
    struct gguf_init_params params = {.no_alloc = true, .ctx = &tensors};
    struct gguf_context *theirs = gguf_init_from_file(path, params);
    struct pal_gguf *ours;
    if (theirs == NULL || pal_gguf_open(path, &ours, NULL) != PAL_OK) {
        return false;
    }
    bool agrees = gguf_get_n_tensors(theirs) == (int64_t)pal_gguf_n_tensors(ours) &&
                  gguf_get_n_kv(theirs) == (int64_t)pal_gguf_n_kv(ours);
    for (size_t i = 0; agrees && i < pal_gguf_n_tensors(ours); i++) {
        const struct pal_gguf_tensor *tensor = pal_gguf_tensor_at(ours, i);
        agrees = strcmp(gguf_get_tensor_name(theirs, (int64_t)i), tensor->name) == 0 &&
                 gguf_get_tensor_size(theirs, (int64_t)i) == tensor->bytes &&
                 gguf_get_data_offset(theirs) + gguf_get_tensor_offset(theirs, (int64_t)i) ==
                     tensor->offset;
    }
    pal_gguf_close(ours);
    gguf_free(theirs);
    ggml_free(tensors);
    return agrees;
}

static void
decode(const char *path)
{
    struct llama_model_params model_params = llama_model_default_params();
    model_params.use_extra_bufts = false;
    struct llama_model *model = llama_model_load_from_file(path, model_params);
    if (model == NULL) {
        return;
    }
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = 64;
    params.n_batch = 32;
    params.n_threads = 1;
    params.n_threads_batch = 1;
    struct llama_context *context = llama_init_from_model(model, params);
    llama_token tokens[32];
    int n = llama_tokenize(llama_model_get_vocab(model), "hello\n", 6, tokens, 32, true, true);
    if (context != NULL && n > 0) {
        (void)llama_decode(context, llama_batch_get_one(tokens, n));
    }
    llama_free(context);
    llama_model_free(model);
}

#define STATUS_DISAGREES 3

/* How the child ended: 0 well, STATUS_DISAGREES, or minus the signal. */
static int
end_of_child(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* terabytes of shadow */
        const struct rlimit memory = {.rlim_cur = 8ul << 30, .rlim_max = 8ul << 30};
        (void)setrlimit(RLIMIT_AS, &memory);
#endif
        const struct rlimit cpu = {.rlim_cur = CHILD_CPU_MAX_S, .rlim_max = CHILD_CPU_MAX_S};
        const struct rlimit none = {0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)setenv("GGML_NO_BACKTRACE", "1", 1);
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDERR_FILENO);
        (void)setrlimit(RLIMIT_CPU, &cpu);
        if (!ggml_agrees(path)) {
            _exit(STATUS_DISAGREES);
        }
        decode(path);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* One to 16 bytes anywhere in the header, three of four times where the keys are. */
static size_t
mutate(size_t len, size_t header_len, uint64_t *random)
{
    memcpy(mutant, original, len);
    uint64_t r = pal_gguf_random(random);
    if (r % 16 == 0) {
        return (size_t)(pal_gguf_random(random) % len);
    }
    size_t reach = r % 4 != 0 ? 2048 : header_len;
    unsigned n = r % 3 == 0 ? 1 + (unsigned)(r >> 8) % 16 : 1;
    for (unsigned i = 0; i < n; i++) {
        size_t at = (size_t)(pal_gguf_random(random) % reach);
        uint64_t how = pal_gguf_random(random);
        mutant[at] =
            how % 2 == 0 ? (uint8_t)(mutant[at] ^ 1u << (how >> 8) % 8) : (uint8_t)(how >> 16);
    }
    return len;
}

static void
write_file(const char *path, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(mutant, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void
run_mutants(const char *shape, unsigned n, uint64_t seed)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/pal-mutant-%d.gguf", (int)getpid());
    struct pal_gguf_synth_options options = {
        .shape = pal_gguf_shape_find(shape),
        .quant = pal_gguf_quant_find("q4_0"),
    };
    struct pal_gguf *gguf;
    assert_int_equal(pal_gguf_synth(path, &options, NULL), PAL_OK);
    assert_int_equal(pal_gguf_open(path, &gguf, NULL), PAL_OK);
    size_t header_len = (size_t)pal_gguf_tensor_at(gguf, 0)->offset;
    size_t len = (size_t)pal_gguf_facts(gguf).file_bytes;
    pal_gguf_close(gguf);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_true(len <= sizeof(original));
    assert_int_equal(fread(original, 1, len, file), len);
    assert_int_equal(fclose(file), 0);

    unsigned n_accepted = 0;
    for (unsigned i = 0; i < n; i++) {
        uint64_t random = (seed + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        write_file(path, mutate(len, header_len, &random));
        if (pal_gguf_open(path, &gguf, NULL) != PAL_OK) {
            continue;
        }
        pal_gguf_close(gguf);
        n_accepted++;
        int end = end_of_child(path);
        if (end != 0) {
            fail_msg("mutant %llu of %s, which we accepted, ended with %d: %s",
                     (unsigned long long)(seed + i), shape, end, path);
        }
    }
    assert_true(n_accepted > 0 && n_accepted < n);
    print_message("%s: %u of %u accepted\n", shape, n_accepted, n);
    assert_int_equal(unlink(path), 0);
}

static void
test_accepted_mutants_agree_with_ggml_and_end_no_process(void **state)
{
    (void)state;
    const char *count = getenv("PAL_MUTANTS");
    const char *seed = getenv("PAL_MUTANT_SEED");
    unsigned n = count != NULL ? (unsigned)strtoul(count, NULL, 10) : 150;
    uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : 0;
    llama_log_set(silence, NULL);
    ggml_backend_load_all_from_path(PALABRE_LLAMA_LIB_DIR);
    run_mutants("tiny", n, first);
    run_mutants("tiny-qwen", n, first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_mutants_agree_with_ggml_and_end_no_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
