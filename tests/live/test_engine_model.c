#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_case.h"
#include "gguf/synth.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

static char model_path[] = "/tmp/palabre-live-XXXXXX.gguf";

static struct pal_engine_options
options(const char *program)
{
    return (struct pal_engine_options){
        .program = program,
        .model_path = model_path,
        .n_ctx_tokens = 2048,
        .n_sequences = 4,
    };
}

static void
test_a_turn_is_answered(void **state)
{
    const char *program = *state;
    struct engine_case c = {0};
    struct pal_engine_options o = options(program);
    engine_case_open(&c, &o);
    engine_case_wait_state(&c, PAL_ENGINE_READY);
    const struct pal_engine_facts *facts = pal_engine_facts(c.engine);
    assert_true(facts->n_ctx_tokens >= 2048);
    assert_true(facts->kv_bytes > 0);
    struct pal_job job = engine_case_job(1, "system:You are kind.", "salut", NULL);
    job.sampling.max_tokens = 12;
    job.sampling.ignore_eos = true;
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    assert_int_equal(turn->last.finish, PAL_FINISH_LENGTH);
    assert_int_equal(turn->last.usage.completion_tokens, 12);
    print_message("%s: %zu bytes, prompt %u\n", facts->variant, turn->text.len,
                  turn->last.usage.prompt_tokens);
    engine_case_close(&c);
}

static int
make_model(void **state)
{
    (void)state;
    int fd = mkstemps(model_path, 5);
    assert_true(fd >= 0);
    (void)close(fd);
    struct pal_gguf_synth_options synth = {
        .shape = pal_gguf_shape_find("tiny"),
        .quant = pal_gguf_quant_find("q4_k_m"),
        .seed = 7,
    };
    struct pal_error error = {0};
    if (pal_gguf_synth(model_path, &synth, &error) != PAL_OK) {
        fail_msg("%s", error.text);
    }
    return 0;
}

static int
remove_model(void **state)
{
    (void)state;
    return unlink(model_path);
}

int
main(int argc, char **argv)
{
    engine_case_main(argc, argv);
    char program[] = "/proc/self/exe";
    const struct CMUnitTest tests[] = {
        {"thread: a turn is answered", test_a_turn_is_answered, NULL, NULL, NULL},
        {"process: a turn is answered", test_a_turn_is_answered, NULL, NULL, program},
    };
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
