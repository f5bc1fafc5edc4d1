#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_case.h"
#include "live_model.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"

/* One engine on a real libllama, as a thread and as a process. *state is the program (NULL =
 * thread). Random weights: what is said does not matter, only that it is the same. */

static void
open_engine(struct engine_case *c, const char *program, uint32_t n_ctx_tokens)
{
    struct pal_engine_options options = {
        .program = program,
        .model_path = live_model_tiny(),
        .n_ctx_tokens = n_ctx_tokens,
        .n_sequences = 4,
        /* ggml's threads wait by spinning: beside other tests, two are many times slower than one.
         */
        .n_threads = 1,
    };
    engine_case_open(c, &options);
    engine_case_wait_state(c, PAL_ENGINE_READY);
}

/* A job that says exactly n tokens. */
static struct pal_job
exact_job(uint64_t id, const char *text, int32_t n)
{
    struct pal_job job = engine_case_job(id, "system:Tu es une compagne gentille.", text, NULL);
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = n;
    return job;
}

static void
expect_done(const struct engine_turn *turn, enum pal_finish finish)
{
    if (turn->last.kind != PAL_EVENT_DONE) {
        fail_msg("turn %llu: %s", (unsigned long long)turn->id, turn->last.error.text);
    }
    assert_int_equal(turn->last.finish, finish);
    assert_int_equal(turn->n_finals, 1);
}

static void
test_facts_are_those_of_the_file(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    const struct pal_engine_facts *facts = pal_engine_facts(c.engine);
    assert_int_equal(facts->n_ctx_tokens, 2048);
    assert_true(facts->n_params > 0 && facts->model_bytes > 0 && facts->kv_bytes > 0);
    assert_true(facts->n_layers > 0 && facts->n_threads > 0 && facts->load_us > 0);
    assert_int_equal(facts->n_layers_gpu, 0);
    assert_string_equal(facts->devices, "CPU");
    assert_string_not_equal(facts->variant, "");
    assert_string_not_equal(facts->quantisation, "");
    assert_true(c.n_states[PAL_ENGINE_LOADING] > 0);
    engine_case_close(&c);
}

static void
test_max_tokens_are_exact(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    static const int32_t counts[] = {1, 2, 17, 100};
    for (size_t i = 0; i < PAL_COUNT_OF(counts); i++) {
        struct pal_job job = exact_job(i + 1, "salut", counts[i]);
        struct engine_turn *turn = engine_case_ask(&c, &job);
        expect_done(turn, PAL_FINISH_LENGTH);
        assert_int_equal(turn->last.usage.completion_tokens, counts[i]);
        assert_true(turn->last.usage.prompt_us > 0 && turn->last.usage.first_token_us > 0);
    }
    engine_case_close(&c);
}

static void
submit_next(struct engine_case *c, const struct pal_event *event)
{
    if (event->kind == PAL_EVENT_DONE && c->n_turns < 8) {
        struct pal_job job = exact_job(c->n_turns + 1, "et toi ?", 20);
        engine_case_submit(c, &job);
    }
}

static void
test_eight_turns_go_through_four_sequences(void **state)
{
    struct engine_case c = {.on_event = submit_next};
    open_engine(&c, *state, 2048);
    for (uint64_t id = 1; id <= 4; id++) {
        struct pal_job job = exact_job(id, "salut", 10 + 5 * (int32_t)id);
        engine_case_submit(&c, &job);
    }
    engine_case_wait_finals(&c, 8);
    for (uint64_t id = 1; id <= 8; id++) {
        expect_done(engine_case_turn(&c, id), PAL_FINISH_LENGTH);
        assert_int_equal(engine_case_turn(&c, id)->last.usage.completion_tokens,
                         id <= 4 ? 10 + 5 * id : 20);
    }
    engine_case_close(&c);
}

/* The next turn of a conversation computes the new message and nothing else. */
static void
test_a_second_turn_computes_only_what_is_new(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    struct pal_job job = exact_job(1, "salut", 30);
    job.conversation = pal_strdup("anna");
    struct engine_turn *first = engine_case_ask(&c, &job);
    expect_done(first, PAL_FINISH_LENGTH);
    assert_int_equal(first->last.usage.cached_tokens, 0);
    job = engine_case_job(2, "system:Tu es une compagne gentille.", "salut", first->text.data,
                          "et toi ?", NULL);
    job.sampling.max_tokens = 5;
    job.conversation = pal_strdup("anna");
    struct engine_turn *second = engine_case_ask(&c, &job);
    /* All but the reply's last token, which was said but never computed. */
    assert_int_equal(second->last.usage.cached_tokens,
                     first->last.usage.prompt_tokens + first->last.usage.completion_tokens - 1);
    /* A client without a name is known by its messages. */
    job = engine_case_job(3, "system:Tu es une compagne gentille.", "salut", first->text.data,
                          "et toi ?", NULL);
    job.sampling.max_tokens = 5;
    struct engine_turn *third = engine_case_ask(&c, &job);
    assert_int_equal(third->last.usage.cached_tokens, second->last.usage.prompt_tokens - 1);
    assert_string_equal(third->text.data, second->text.data);
    engine_case_close(&c);
}

static void
test_users_at_once_share_one_persona(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    char persona[1024] = "system:";
    for (int i = 0; i < 20; i++) {
        (void)strncat(persona, "Tu es gentille, drôle et brève. ", 40);
    }
    struct pal_job job = engine_case_job(1, persona, "x", NULL);
    job.sampling.max_tokens = 1;
    uint32_t whole = engine_case_ask(&c, &job)->last.usage.prompt_tokens;
    engine_case_close(&c);
    open_engine(&c, *state, 2048);
    static const char *const names[] = {"a", "b", "c", "d"};
    static const char *const lines[] = {"un", "deux", "trois", "quatre"};
    for (size_t i = 0; i < 4; i++) {
        job = engine_case_job(i + 1, persona, lines[i], NULL);
        job.conversation = pal_strdup(names[i]);
        job.sampling.max_tokens = 4;
        engine_case_submit(&c, &job);
    }
    engine_case_wait_finals(&c, 4);
    uint32_t evaluated = 0;
    for (uint64_t id = 1; id <= 4; id++) {
        const struct pal_usage *usage = &engine_case_turn(&c, id)->last.usage;
        evaluated += usage->prompt_tokens - usage->cached_tokens;
    }
    assert_true(evaluated <= whole + 4 * 30); /* once, and four short messages with their frame */
    engine_case_close(&c);
}

/* A client that resends its window of the last messages gets it shifted, not computed again. */
static void
test_a_sliding_window_is_not_computed_again(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    char *texts[41];
    size_t n = 0;
    uint32_t evaluated = 0;
    uint32_t asked = 0;
    for (uint64_t id = 1; id <= 12; id++) {
        texts[n++] =
            pal_printf("message numero %llu de la soiree, pour voir", (unsigned long long)id);
        struct pal_job job = engine_case_job(id, "system:Tu es gentille.", NULL);
        for (size_t i = n > 7 ? n - 7 : 0; i < n; i++) {
            enum pal_role role = i % 2 == 0 ? PAL_ROLE_USER : PAL_ROLE_ASSISTANT;
            assert_int_equal(pal_job_add_message(&job, role, texts[i], strlen(texts[i])), PAL_OK);
        }
        job.sampling.ignore_eos = true;
        job.sampling.max_tokens = 20;
        job.conversation = pal_strdup("anna");
        struct engine_turn *turn = engine_case_ask(&c, &job);
        expect_done(turn, PAL_FINISH_LENGTH);
        texts[n++] = pal_strdup(turn->text.data);
        if (id > 5) { /* the window slides from here on */
            evaluated += turn->last.usage.prompt_tokens - turn->last.usage.cached_tokens;
            asked += turn->last.usage.prompt_tokens;
        }
    }
    assert_true(evaluated * 3 < asked);
    for (size_t i = 0; i < n; i++) {
        free(texts[i]);
    }
    engine_case_close(&c);
}

/* Greedy text does not depend on what else is in the KV or in the batch. */
static void
test_greedy_text_is_the_same_fresh_reused_and_beside_others(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    struct pal_job job = exact_job(1, "raconte une histoire", 40);
    struct engine_turn *fresh = engine_case_ask(&c, &job);
    job = exact_job(2, "raconte une histoire", 40);
    job.conversation = pal_strdup("other");
    struct engine_turn *reused = engine_case_ask(&c, &job);
    assert_true(reused->last.usage.cached_tokens > 0);
    assert_string_equal(reused->text.data, fresh->text.data);
    engine_case_close(&c);
    open_engine(&c, *state, 2048);
    for (uint64_t id = 1; id <= 4; id++) {
        job = exact_job(id, id == 3 ? "raconte une histoire" : "autre chose, et plus long", 40);
        engine_case_submit(&c, &job);
    }
    engine_case_wait_finals(&c, 4);
    struct engine_turn *beside = engine_case_turn(&c, 3);
    struct engine_case again = {0};
    open_engine(&again, *state, 2048);
    job = exact_job(1, "raconte une histoire", 40);
    assert_string_equal(engine_case_ask(&again, &job)->text.data, beside->text.data);
    engine_case_close(&again);
    engine_case_close(&c);
}

static void
test_one_seed_gives_one_text(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    for (uint64_t id = 1; id <= 3; id++) {
        struct pal_job job = exact_job(id, "salut", 30);
        job.sampling.temperature = 1.2f;
        job.sampling.seed = id < 3 ? 99 : 100;
        job.sampling.has_seed = true;
        (void)engine_case_ask(&c, &job);
    }
    assert_string_equal(engine_case_turn(&c, 1)->text.data, engine_case_turn(&c, 2)->text.data);
    assert_string_not_equal(engine_case_turn(&c, 1)->text.data, engine_case_turn(&c, 3)->text.data);
    engine_case_close(&c);
}

static void
test_a_stop_text_ends_the_reply_before_it(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    struct pal_job job = exact_job(1, "salut", 30);
    struct engine_turn *whole = engine_case_ask(&c, &job);
    assert_true(whole->text.len > 20);
    /* A stop text from its middle, at whole characters. */
    size_t from = whole->text.len / 2;
    while (((unsigned char)whole->text.data[from] & 0xc0) == 0x80) {
        from++;
    }
    size_t to = from + 5;
    while (to < whole->text.len && ((unsigned char)whole->text.data[to] & 0xc0) == 0x80) {
        to++;
    }
    job = exact_job(2, "salut", 30);
    char *stop = pal_strndup(whole->text.data + from, to - from);
    size_t expected = (size_t)(strstr(whole->text.data, stop) - whole->text.data);
    job.sampling.stops[job.sampling.n_stops++] = stop;
    struct engine_turn *turn = engine_case_ask(&c, &job);
    expect_done(turn, PAL_FINISH_STOP);
    assert_int_equal(turn->text.len, expected);
    assert_memory_equal(turn->text.data, whole->text.data, expected);
    engine_case_close(&c);
}

/* A machine that is busy elsewhere may see the end of a turn before it could do anything to it:
 * then it is tried with others. */
#define ATTEMPTS_MAX 20

static void
test_a_cancelled_turn_frees_its_place(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    struct engine_turn *cancelled;
    uint64_t id = 0;
    do {
        assert_true(id < 4 * ATTEMPTS_MAX);
        for (int i = 0; i < 4; i++) {
            struct pal_job job = exact_job(++id, "salut", 400);
            engine_case_submit(&c, &job);
        }
        cancelled = engine_case_turn(&c, id - 2);
        while (cancelled->n_pieces == 0) {
            engine_case_run_ms(&c, 1);
        }
        pal_engine_cancel(c.engine, cancelled->id);
        while (cancelled->n_finals == 0) {
            engine_case_run_ms(&c, 1);
        }
        struct pal_job job = exact_job(++id, "et toi ?", 5);
        expect_done(engine_case_ask(&c, &job), PAL_FINISH_LENGTH);
        engine_case_wait_finals(&c, (unsigned)id);
    } while (cancelled->last.kind != PAL_EVENT_CANCELLED);
    assert_true(cancelled->last.usage.completion_tokens < 400);
    engine_case_close(&c);
}

static void
test_a_deadline_gives_what_there_is_or_says_so(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    uint64_t id = 0;
    struct engine_turn *turn;
    int64_t patience_ms = 1500;
    do { /* on a slow machine there may be nothing yet */
        struct pal_job job = exact_job(++id, "salut", 0);
        job.deadline_us = pal_now_us() + patience_ms * PAL_US_PER_MS;
        turn = engine_case_ask(&c, &job);
        patience_ms *= 4;
    } while (turn->text.len == 0 && patience_ms < 100000);
    /* On a fast machine the context is full before. */
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    assert_true(turn->last.finish != PAL_FINISH_STOP);
    struct pal_job job = exact_job(++id, "salut", 10);
    job.deadline_us = 1;
    turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_FAILED);
    assert_int_equal(turn->last.error.code, PAL_ERR_TIMEOUT);
    engine_case_close(&c);
}

static char *
long_text(size_t n_words)
{
    char *text = pal_calloc(n_words * 5 + 1, 1);
    for (size_t i = 0; i < n_words; i++) {
        memcpy(text + 5 * i, "mots ", 5);
    }
    return text;
}

static void
test_a_prompt_that_cannot_be_read_in_time_is_refused_and_the_next_one_answered(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    char *text = long_text(300);
    struct pal_job job = engine_case_job(1, text, NULL);
    job.sampling.max_tokens = 1;
    const struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    int64_t prompt_us = turn->last.usage.prompt_us;
    /* Less time, and less again if this machine was busy with others the first time. */
    uint64_t id = 1;
    do {
        prompt_us /= 8;
        (void)snprintf(text, 5, "n%03d", (int)++id);
        text[4] = ' ';
        job = engine_case_job(id, text, NULL);
        job.sampling.max_tokens = 1;
        job.deadline_us = pal_now_us() + prompt_us;
        turn = engine_case_ask(&c, &job);
    } while (turn->last.kind == PAL_EVENT_DONE && prompt_us > 0);
    free(text);
    assert_int_equal(turn->last.kind, PAL_EVENT_FAILED);
    assert_int_equal(turn->last.error.code, PAL_ERR_TIMEOUT);
    assert_int_equal(turn->n_finals, 1);
    job = exact_job(++id, "et toi ?", 5);
    expect_done(engine_case_ask(&c, &job), PAL_FINISH_LENGTH);
    engine_case_close(&c);
}

static void
test_what_is_too_long_is_said_with_numbers(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 256);
    char *text = long_text(10000);
    struct pal_job job = engine_case_job(1, text, NULL);
    free(text);
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_FAILED);
    assert_int_equal(turn->last.error.code, PAL_ERR_CONTEXT);
    assert_non_null(strstr(turn->last.error.text, "tokens"));
    job = exact_job(2, "court", 5);
    expect_done(engine_case_ask(&c, &job), PAL_FINISH_LENGTH);
    engine_case_close(&c);
}

static void
test_old_messages_give_way_and_the_context_fills_up(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 256);
    struct pal_job job = engine_case_job(1, "system:Sois gentille.", NULL);
    for (int i = 0; i < 101; i++) {
        enum pal_role role = i % 2 == 0 ? PAL_ROLE_USER : PAL_ROLE_ASSISTANT;
        assert_int_equal(pal_job_add_message(&job, role, "encore un message", 17), PAL_OK);
    }
    job.sampling.ignore_eos = true;
    struct engine_turn *turn = engine_case_ask(&c, &job);
    expect_done(turn, PAL_FINISH_LENGTH);
    assert_true(turn->last.usage.prompt_tokens <= 192);
    /* The reply went on until the last cell; its last token needs none. */
    assert_int_equal(turn->last.usage.prompt_tokens + turn->last.usage.completion_tokens, 257);
    engine_case_close(&c);
}

/* More conversations than the context can hold: somebody's cells go, nobody's turn fails. */
static void
test_sixteen_users_in_a_small_context_all_get_answers(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 512);
    uint64_t id = 0;
    for (int round = 0; round < 2; round++) {
        for (int user = 0; user < 16; user += 4) {
            unsigned n = c.n_finals;
            for (int k = 0; k < 4; k++) {
                char line[64];
                (void)snprintf(line, sizeof(line), "je suis la personne numero %d", user + k);
                struct pal_job job = exact_job(++id, line, 60);
                job.conversation = pal_printf("user %d", user + k);
                engine_case_submit(&c, &job);
            }
            engine_case_wait_finals(&c, n + 4);
        }
    }
    for (uint64_t i = 1; i <= id; i++) {
        expect_done(engine_case_turn(&c, i), PAL_FINISH_LENGTH);
        assert_int_equal(engine_case_turn(&c, i)->last.usage.completion_tokens, 60);
    }
    engine_case_close(&c);
}

static void
test_a_file_that_is_no_model_is_refused_with_its_name(void **state)
{
    struct engine_case c = {0};
    struct pal_engine_options options = {.program = *state, .model_path = "/proc/self/status"};
    engine_case_open(&c, &options);
    while (pal_engine_state(c.engine) != PAL_ENGINE_FAILED) {
        engine_case_run_ms(&c, 10);
    }
    assert_non_null(strstr(pal_engine_failure(c.engine)->text, "/proc/self/status"));
    engine_case_close(&c);
}

/* A step that fails once is tried again and changes nothing; twice, and its turns end. */
static void
test_a_failed_step_is_repeated_exactly(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    struct pal_job job = exact_job(1, "salut", 20);
    char *expected = pal_strdup(engine_case_ask(&c, &job)->text.data);
    engine_case_close(&c);
    static const int codes[] = {1, 2, -1, -3};
    for (size_t i = 0; i < PAL_COUNT_OF(codes); i++) {
        /* In the first prefill, and in the middle of the reply. */
        for (int at = 1; at <= 8; at += 7) {
            char fault[64];
            (void)snprintf(fault, sizeof(fault), "decode:n=%d:ret=%d", at, codes[i]);
            assert_int_equal(setenv("PALABRE_FAULT", fault, 1), 0);
            open_engine(&c, *state, 2048);
            job = exact_job(1, "salut", 20);
            struct engine_turn *turn = engine_case_ask(&c, &job);
            expect_done(turn, PAL_FINISH_LENGTH);
            assert_string_equal(turn->text.data, expected);
            engine_case_close(&c);
        }
    }
    assert_int_equal(setenv("PALABRE_FAULT", "decode:n=5:ret=-3:times=2", 1), 0);
    open_engine(&c, *state, 2048);
    assert_int_equal(unsetenv("PALABRE_FAULT"), 0);
    job = exact_job(1, "salut", 20);
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_FAILED);
    assert_int_equal(turn->last.error.code, PAL_ERR_ENGINE);
    job = exact_job(2, "salut", 20);
    turn = engine_case_ask(&c, &job);
    expect_done(turn, PAL_FINISH_LENGTH);
    assert_string_equal(turn->text.data, expected);
    engine_case_close(&c);
    free(expected);
}

/* ---- processes only ---- */

static void
test_a_killed_engine_comes_back_with_its_model(void **state)
{
    struct engine_case c = {0};
    open_engine(&c, *state, 2048);
    uint64_t id = 0;
    unsigned n_failed;
    do {
        assert_true(id < 3 * ATTEMPTS_MAX);
        engine_case_wait_state(&c, PAL_ENGINE_READY);
        for (int i = 0; i < 3; i++) {
            struct pal_job job = exact_job(++id, "salut", 500);
            engine_case_submit(&c, &job);
        }
        while (engine_case_turn(&c, id)->n_pieces == 0) {
            engine_case_run_ms(&c, 1);
        }
        int pid = pal_engine_pid(c.engine);
        assert_true(pid > 0);
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (pal_engine_state(c.engine) == PAL_ENGINE_READY) {
            engine_case_run_ms(&c, 1);
        }
        assert_int_equal(c.n_finals, id);
        n_failed = 0;
        for (uint64_t i = id - 2; i <= id; i++) {
            const struct pal_event *last = &engine_case_turn(&c, i)->last;
            bool has_failed = last->kind == PAL_EVENT_FAILED;
            assert_true(!has_failed || last->error.code == PAL_ERR_ENGINE);
            n_failed += has_failed ? 1 : 0;
        }
    } while (n_failed < 3);
    engine_case_wait_state(&c, PAL_ENGINE_READY);
    struct pal_job job = exact_job(++id, "salut", 10);
    expect_done(engine_case_ask(&c, &job), PAL_FINISH_LENGTH);
    engine_case_close(&c);
}

static void
test_thread_and_process_say_the_same(void **state)
{
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        struct engine_case c = {0};
        open_engine(&c, i == 0 ? NULL : *state, 1024);
        struct pal_job job = exact_job(1, "salut", 30);
        texts[i] = pal_strdup(engine_case_ask(&c, &job)->text.data);
        engine_case_close(&c);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

/* Other threads, KV and batches, and the weights stay where they are: it says the same. */
static void
test_another_context_serves_the_same_weights(void **state)
{
    struct engine_case c = {0};
    struct pal_error error;
    open_engine(&c, *state, 2048);
    int pid = pal_engine_pid(c.engine);
    struct pal_job job = exact_job(1, "salut", 12);
    char *before = pal_strdup(engine_case_ask(&c, &job)->text.data);
    struct pal_engine_options options = {
        .program = *state,
        .model_path = live_model_tiny(),
        .n_ctx_tokens = 1024,
        .n_sequences = 2,
        .n_threads = 1,
        .n_batch_tokens = 64,
        .n_ubatch_tokens = 32,
        .ways = PAL_ENGINE_NO_POLL | PAL_ENGINE_PINNED,
    };
    static const struct {
        uint32_t kv_type;
        unsigned ways;
    } changes[] = {{1, 0}, {8, 0}, {1, PAL_ENGINE_NO_FLASH_ATTN}, {1, 0}};
    for (size_t i = 0; i < PAL_COUNT_OF(changes); i++) {
        options.kv_type = changes[i].kv_type;
        options.ways = PAL_ENGINE_NO_POLL | PAL_ENGINE_PINNED | changes[i].ways;
        assert_int_equal(pal_engine_retune(c.engine, &options, &error), PAL_OK);
        assert_int_equal(pal_engine_retune(c.engine, &options, &error), PAL_ERR_BUSY);
        engine_case_wait_state(&c, PAL_ENGINE_READY);
        assert_int_equal(pal_engine_facts(c.engine)->n_ctx_tokens, 1024);
        struct pal_job next = exact_job(2 + i, "salut", 12);
        expect_done(engine_case_ask(&c, &next), PAL_FINISH_LENGTH);
    }
    assert_string_equal(engine_case_turn(&c, 5)->text.data, before);
    assert_int_equal(pal_engine_pid(c.engine), pid);
    assert_int_equal(pal_engine_n_restarts(c.engine), 0);
    free(before);
    options.ways = PAL_ENGINE_NO_EXTRA_BUFTS;
    assert_int_equal(pal_engine_retune(c.engine, &options, &error), PAL_ERR_ARGUMENT);
    options.n_ctx_tokens = 1;
    assert_int_equal(pal_engine_retune(c.engine, &options, &error), PAL_ERR_ARGUMENT);
    engine_case_close(&c);
}

int
main(int argc, char **argv)
{
    engine_case_main(argc, argv);
    pal_log_init(PAL_LOG_ERROR, STDERR_FILENO);
    char program[] = "/proc/self/exe";
#define THREAD(test)                             \
    {                                            \
        "thread: " #test, test, NULL, NULL, NULL \
    }
#define PROCESS(test)                                \
    {                                                \
        "process: " #test, test, NULL, NULL, program \
    }
    const struct CMUnitTest tests[] = {
        PROCESS(test_facts_are_those_of_the_file),
        THREAD(test_another_context_serves_the_same_weights),
        PROCESS(test_another_context_serves_the_same_weights),
        THREAD(test_max_tokens_are_exact),
        PROCESS(test_max_tokens_are_exact),
        THREAD(test_eight_turns_go_through_four_sequences),
        PROCESS(test_eight_turns_go_through_four_sequences),
        THREAD(test_a_second_turn_computes_only_what_is_new),
        THREAD(test_users_at_once_share_one_persona),
        THREAD(test_a_sliding_window_is_not_computed_again),
        THREAD(test_greedy_text_is_the_same_fresh_reused_and_beside_others),
        THREAD(test_one_seed_gives_one_text),
        THREAD(test_a_stop_text_ends_the_reply_before_it),
        THREAD(test_a_cancelled_turn_frees_its_place),
        PROCESS(test_a_cancelled_turn_frees_its_place),
        THREAD(test_a_deadline_gives_what_there_is_or_says_so),
        THREAD(test_a_prompt_that_cannot_be_read_in_time_is_refused_and_the_next_one_answered),
        THREAD(test_what_is_too_long_is_said_with_numbers),
        THREAD(test_old_messages_give_way_and_the_context_fills_up),
        THREAD(test_sixteen_users_in_a_small_context_all_get_answers),
        THREAD(test_a_failed_step_is_repeated_exactly),
        THREAD(test_a_file_that_is_no_model_is_refused_with_its_name),
        PROCESS(test_a_file_that_is_no_model_is_refused_with_its_name),
        PROCESS(test_a_killed_engine_comes_back_with_its_model),
        PROCESS(test_thread_and_process_say_the_same),
    };
    return cmocka_run_group_tests(tests, live_model_make, live_model_remove);
}
