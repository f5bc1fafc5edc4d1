/*
 * Models that are damaged, or made to do harm: each turn gets an answer or a reason, and the front
 * goes on.
 *
 * The counts are a sample; the environment asks for more, as `./dev faults` does:
 *     PAL_FAULT_FILES    damaged models through a real engine
 *     PAL_FAULT_SEED     which ones
 */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "crowd.h"
#include "gguf/synth.h"
#include "live_model.h"
#include "mutant.h"
#include "util/log.h"
#include "util/mem.h"

#define REPLY_TOKENS 12

static char mutant_path[] = "/tmp/palabre-mutant-XXXXXX.gguf";
static char qwen_path[] = "/tmp/palabre-qwen-XXXXXX.gguf";

/* Text that gives a vocabulary something to do. */
static const char ask[] =
    "Salut ! 12345 \xF0\x9F\x98\x80 l'\xC3\xA9t\xC3\xA9,   <|im_end|>\n\tfoo()";

/* What became of one kind. */
struct fates {
    unsigned n, n_loaded, n_deaths;
    uint64_t n_answered, n_failed;
};

static void
try_mutant(struct fates *fates)
{
    struct crowd c = {.ask = ask, .max_tokens = REPLY_TOKENS, .may_stop = true};
    struct pal_engine_options options = crowd_model();
    options.model_path = mutant_path;
    crowd_open(&c, &options);
    /* They wait until the model is there, or never will be. */
    (void)crowd_ask(&c, ask);
    c.temperature = 0.8F;
    (void)crowd_ask(&c, ask);
    c.may_stop = false;
    (void)crowd_ask(&c, "?");
    crowd_finish_turns(&c);
    fates->n++;
    fates->n_loaded += c.n_ready > 0;
    fates->n_deaths += pal_engine_n_restarts(c.engine);
    fates->n_answered += c.n_done;
    fates->n_failed += c.n_failed;
    crowd_close(&c, NULL);
}

static void
test_a_damaged_model_ends_with_answers_or_reasons(void **state)
{
    (void)state;
    const char *paths[] = {live_model_tiny(), qwen_path};
    struct mutant_source sources[PAL_COUNT_OF(paths)];
    for (size_t i = 0; i < PAL_COUNT_OF(paths); i++) {
        assert_true(mutant_source_read(&sources[i], paths[i]));
    }
    struct fates fates[MUTANT_N_KINDS] = {0};
    uint32_t seed = crowd_count("PAL_FAULT_SEED", 1);
    unsigned n = crowd_count("PAL_FAULT_FILES", MUTANT_N_KINDS);
    for (unsigned i = 0; i < n; i++) {
        enum mutant_kind kind = (enum mutant_kind)(i % MUTANT_N_KINDS);
        const struct mutant_source *source = &sources[i / MUTANT_N_KINDS % PAL_COUNT_OF(paths)];
        assert_true(mutant_write(source, kind, &seed, mutant_path));
        try_mutant(&fates[kind]);
    }
    unsigned n_loaded = 0;
    uint64_t n_answered = 0;
    uint64_t n_failed = 0;
    for (size_t i = 0; i < MUTANT_N_KINDS; i++) {
        const struct fates *f = &fates[i];
        n_loaded += f->n_loaded;
        n_answered += f->n_answered;
        n_failed += f->n_failed;
        print_message("  %-14s %4u files, %4u loaded, %3u deaths; asked %4u = answered %4u + "
                      "failed %4u\n",
                      mutant_name((enum mutant_kind)i), f->n, f->n_loaded, f->n_deaths, 3 * f->n,
                      (unsigned)f->n_answered, (unsigned)f->n_failed);
    }
    print_message("damaged models: %u files, %u loaded: asked %u = answered %u + failed %u\n", n,
                  n_loaded, 3 * n, (unsigned)n_answered, (unsigned)n_failed);
    assert_int_equal(3 * n, n_answered + n_failed);
    for (size_t i = 0; i < PAL_COUNT_OF(paths); i++) {
        mutant_source_finish(&sources[i]);
    }
}

/* ---- what asks for too much memory ---- */

static void
load_within(const char *limit, uint32_t n_ctx_tokens, bool fits)
{
    struct crowd c = {.ask = ask, .max_tokens = REPLY_TOKENS};
    struct pal_engine_options options = crowd_model();
    options.model_path = live_model_tiny();
    options.n_ctx_tokens = n_ctx_tokens;
    assert_int_equal(setenv("PALABRE_FAULT", limit, 1), 0);
    crowd_open(&c, &options);
    bool is_ready = crowd_wait_ready(&c, 1);
    assert_int_equal(unsetenv("PALABRE_FAULT"), 0);
    (void)crowd_ask(&c, ask);
    crowd_finish_turns(&c);
    assert_int_equal(is_ready, fits);
    assert_int_equal(c.n_done, fits ? 1 : 0);
    if (fits) {
        print_message("  %s, asked for a context of %u: %u\n", limit, n_ctx_tokens,
                      pal_engine_facts(c.engine)->n_ctx_tokens);
        assert_true(pal_engine_facts(c.engine)->n_ctx_tokens < n_ctx_tokens);
    } else {
        print_message("  %s: %s\n", limit, pal_engine_failure(c.engine)->text);
        assert_true(pal_engine_failure(c.engine)->text[0] != '\0');
    }
    crowd_close(&c, "little memory");
}

/* A sanitizer's own memory leaves no room for a limit on it. */
#ifdef PALABRE_SANITIZE
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

static void
test_loading_stays_within_its_memory_or_says_so(void **state)
{
    (void)state;
    if (is_sanitized) {
        skip();
    }
    load_within("memory:mib=192", 1u << 20, true); /* 2 GiB of KV: the next rungs are smaller */
    load_within("memory:mib=1", 1024, false);
}

static int
make_file(char *path)
{
    int fd = mkstemps(path, 5);
    return fd < 0 ? -1 : close(fd);
}

static int
make_files(void **state)
{
    struct pal_gguf_synth_options synth = {
        .shape = pal_gguf_shape_find("tiny-qwen"),
        .quant = pal_gguf_quant_find("q8_0"),
        .seed = 7,
    };
    struct pal_error error;
    if (make_file(mutant_path) != 0 || make_file(qwen_path) != 0 ||
        pal_gguf_synth(qwen_path, &synth, &error) != PAL_OK) {
        return -1;
    }
    return live_model_make(state);
}

static int
remove_files(void **state)
{
    (void)unlink(mutant_path);
    (void)unlink(qwen_path);
    return live_model_remove(state);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "engine") == 0) {
        return pal_command_engine(argc - 1, argv + 1);
    }
    pal_log_init(PAL_LOG_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_damaged_model_ends_with_answers_or_reasons),
        cmocka_unit_test(test_loading_stays_within_its_memory_or_says_so),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
