#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_case.h"
#include "live_model.h"
#include "util/log.h"
#include "util/mem.h"

/*
 * Exactness, with a trained model: at temperature 0, every way in which a prompt can come into the
 * KV gives the same tokens as a fresh context. The window's shift is not in here: kept tokens have
 * seen the dropped ones, so llama.cpp's result differs by nature.
 */
static const char persona[] =
    "system:Tu es Palabre, une compagne de stream. Tu parles français, tu es drôle et brève. Tu "
    "aimes les jeux, la musique et les chats. Tu ne dis jamais de mal de personne.";
static const char *const lines[] = {"salut !", "tu aimes les chats ?", "raconte une blague",
                                    "bonne nuit"};
#define N_LINES PAL_COUNT_OF(lines)

static void
open_engine(struct engine_case *c, uint32_t chunk_tokens, uint32_t n_batch_tokens)
{
    struct pal_engine_options options = {
        .model_path = live_model_starter(),
        .n_ctx_tokens = 2048,
        .n_threads = 1,
        .chunk_tokens = chunk_tokens,
        .n_batch_tokens = n_batch_tokens,
    };
    engine_case_open(c, &options);
    engine_case_wait_state(c, PAL_ENGINE_READY);
}

static struct pal_job
line_job(uint64_t id, size_t i)
{
    struct pal_job job = engine_case_job(id, persona, lines[i], NULL);
    job.sampling.max_tokens = 48;
    return job;
}

/* What a fresh context says to each line; owned texts. */
static void
ask_fresh(char *texts[N_LINES])
{
    for (size_t i = 0; i < N_LINES; i++) {
        struct engine_case c = {0};
        open_engine(&c, 0, 0);
        struct pal_job job = line_job(1, i);
        struct engine_turn *turn = engine_case_ask(&c, &job);
        assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
        assert_int_equal(turn->last.usage.cached_tokens, 0);
        assert_true(turn->text.len > 0);
        texts[i] = pal_strdup(turn->text.data);
        engine_case_close(&c);
    }
}

static char *fresh[N_LINES];
static char *second[N_LINES]; /* and what it says to the next line after that */

static void
ask_second(void)
{
    for (size_t i = 0; i < N_LINES; i++) {
        struct engine_case c = {0};
        open_engine(&c, 0, 0);
        struct pal_job job =
            engine_case_job(1, persona, lines[i], fresh[i], lines[(i + 1) % N_LINES], NULL);
        job.sampling.max_tokens = 48;
        struct engine_turn *turn = engine_case_ask(&c, &job);
        assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
        second[i] = pal_strdup(turn->text.data);
        engine_case_close(&c);
    }
}

static int
set_up(void **state)
{
    (void)state;
    pal_log_init(PAL_LOG_ERROR, 2);
    if (live_model_starter() != NULL) {
        ask_fresh(fresh);
        ask_second();
    }
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_LINES; i++) {
        free(fresh[i]);
        free(second[i]);
    }
    return 0;
}

static void
test_a_copied_persona_says_the_same(void **state)
{
    (void)state;
    if (fresh[0] == NULL) {
        skip();
    }
    struct engine_case c = {0};
    open_engine(&c, 0, 0);
    for (size_t i = 0; i < N_LINES; i++) {
        struct pal_job job = line_job(i + 1, i);
        job.conversation = pal_printf("user %zu", i);
        struct engine_turn *turn = engine_case_ask(&c, &job);
        assert_true(i == 0 || turn->last.usage.cached_tokens > 30);
        assert_string_equal(turn->text.data, fresh[i]);
    }
    engine_case_close(&c);
}

static void
test_small_prefill_chunks_say_the_same(void **state)
{
    (void)state;
    if (fresh[0] == NULL) {
        skip();
    }
    struct engine_case c = {0};
    open_engine(&c, 4, 8);
    for (size_t i = 0; i < N_LINES; i++) {
        struct pal_job job = line_job(i + 1, i);
        assert_string_equal(engine_case_ask(&c, &job)->text.data, fresh[i]);
    }
    engine_case_close(&c);
}

static void
test_turns_in_one_batch_say_the_same(void **state)
{
    (void)state;
    if (fresh[0] == NULL) {
        skip();
    }
    struct engine_case c = {0};
    open_engine(&c, 0, 0);
    for (size_t i = 0; i < N_LINES; i++) {
        struct pal_job job = line_job(i + 1, i);
        job.conversation = pal_printf("user %zu", i);
        engine_case_submit(&c, &job);
    }
    engine_case_wait_finals(&c, N_LINES);
    for (size_t i = 0; i < N_LINES; i++) {
        assert_string_equal(engine_case_turn(&c, i + 1)->text.data, fresh[i]);
    }
    engine_case_close(&c);
}

/* An edit in the middle, a retry, and a conversation that was driven out meanwhile. */
static void
test_going_back_says_the_same(void **state)
{
    (void)state;
    if (fresh[0] == NULL) {
        skip();
    }
    struct engine_case c = {0};
    open_engine(&c, 0, 0);
    uint64_t id = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < N_LINES; i++) {
            struct pal_job job = line_job(++id, i);
            job.conversation = pal_strdup("one");
            assert_string_equal(engine_case_ask(&c, &job)->text.data, fresh[i]);
        }
    }
    /* The second turn, from what is kept and from nothing. */
    struct pal_job job = engine_case_job(++id, persona, lines[0], fresh[0], lines[1], NULL);
    job.sampling.max_tokens = 48;
    struct pal_job copy;
    pal_job_copy(&copy, &job);
    char *kept = pal_strdup(engine_case_ask(&c, &job)->text.data);
    engine_case_close(&c);
    open_engine(&c, 0, 0);
    assert_string_equal(engine_case_ask(&c, &copy)->text.data, kept);
    free(kept);
    engine_case_close(&c);
}

/* What this conversation's prompt computes; its reply is dropped. The job's messages are the texts.
 */
static uint32_t
n_computed(struct engine_case *c, struct pal_job *job, bool is_named, char **said)
{
    job->sampling.max_tokens = 48;
    job->conversation = is_named ? pal_strdup("one") : NULL;
    const struct engine_turn *turn = engine_case_ask(c, job);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    if (said != NULL) {
        *said = pal_strdup(turn->text.data);
    }
    return turn->last.usage.prompt_tokens - turn->last.usage.cached_tokens;
}

/*
 * A reply that is asked for again is had from one token; an edited last message costs itself. A
 * message that is replaced further up is seen by all that stands behind it, which is computed
 * again, exactly. What is taken out moves the rest up, as a window does.
 */
static void
test_retries_and_edits_compute_what_has_changed(void **state)
{
    (void)state;
    if (fresh[0] == NULL) {
        skip();
    }
    for (int is_named = 0; is_named < 2; is_named++) {
        struct engine_case c = {0};
        char *again = NULL;
        char *edited = NULL;
        uint64_t id = 0;
        open_engine(&c, 0, 0);
        struct pal_job job = engine_case_job(++id, persona, lines[0], fresh[0], lines[1], NULL);
        uint32_t n_all = n_computed(&c, &job, is_named, NULL);
        job = engine_case_job(++id, persona, lines[0], fresh[0], lines[1], NULL);
        assert_int_equal(n_computed(&c, &job, is_named, &again), 1);
        assert_string_equal(again, second[0]);
        job = engine_case_job(++id, persona, lines[0], fresh[0], lines[3], NULL);
        uint32_t n_last = n_computed(&c, &job, is_named, NULL);
        assert_true(n_last > 1 && n_last < n_all / 4);
        job = engine_case_job(++id, persona, lines[2], fresh[0], lines[3], NULL);
        uint32_t n_middle = n_computed(&c, &job, is_named, &edited);
        assert_true(n_middle > n_last && n_middle < n_all);
        job = engine_case_job(++id, persona, lines[3], NULL);
        assert_true(n_computed(&c, &job, is_named, NULL) <= n_last + 2);
        engine_case_close(&c);
        open_engine(&c, 0, 0);
        job = engine_case_job(1, persona, lines[2], fresh[0], lines[3], NULL);
        char *exact = NULL;
        (void)n_computed(&c, &job, is_named, &exact);
        assert_string_equal(edited, exact);
        engine_case_close(&c);
        free(again);
        free(edited);
        free(exact);
    }
}

/*
 * Conversations that are driven out of so small a context by each other, into memory or onto disk,
 * go on as in a context of their own that never held anything else.
 */
static void
play_parked(uint64_t ram_bytes, uint64_t disk_bytes, const char *dir)
{
    struct pal_engine_options options = {
        .model_path = live_model_starter(),
        .n_ctx_tokens = 256, /* for about two of them */
        .n_threads = 1,
        .park_ram_bytes = ram_bytes,
        .park_disk_bytes = disk_bytes,
        .park_dir = dir,
    };
    struct engine_case c = {0};
    engine_case_open(&c, &options);
    engine_case_wait_state(&c, PAL_ENGINE_READY);
    uint64_t id = 0;
    for (size_t i = 0; i < N_LINES; i++) {
        struct pal_job job = line_job(++id, i);
        job.conversation = pal_printf("user %zu", i);
        assert_string_equal(engine_case_ask(&c, &job)->text.data, fresh[i]);
    }
    for (size_t i = 0; i < N_LINES; i++) {
        struct pal_job job =
            engine_case_job(++id, persona, lines[i], fresh[i], lines[(i + 1) % N_LINES], NULL);
        job.sampling.max_tokens = 48;
        job.conversation = pal_printf("user %zu", i);
        struct engine_turn *turn = engine_case_ask(&c, &job);
        assert_string_equal(turn->text.data, second[i]);
        /* Its own reply is there as well, not only the persona. */
        assert_true(turn->last.usage.cached_tokens + 24 > turn->last.usage.prompt_tokens);
    }
    engine_case_close(&c);
}

static void
test_back_from_memory_it_says_the_same(void **state)
{
    (void)state;
    if (fresh[0] == NULL) {
        skip();
    }
    play_parked(64u << 20, 0, NULL);
}

static void
test_back_from_disk_it_says_the_same(void **state)
{
    (void)state;
    if (fresh[0] == NULL) {
        skip();
    }
    char dir[] = "/tmp/palabre-exact-XXXXXX";
    assert_non_null(mkdtemp(dir));
    play_parked(0, 64u << 20, dir);
    assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copied_persona_says_the_same),
        cmocka_unit_test(test_small_prefill_chunks_say_the_same),
        cmocka_unit_test(test_turns_in_one_batch_say_the_same),
        cmocka_unit_test(test_going_back_says_the_same),
        cmocka_unit_test(test_retries_and_edits_compute_what_has_changed),
        cmocka_unit_test(test_back_from_memory_it_says_the_same),
        cmocka_unit_test(test_back_from_disk_it_says_the_same),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
