/*
 * Turns that go wrong while the engine lives: whoever leaves, asks too much, or meets a step that
 * fails, ends once, and nobody else loses anything.
 *
 * The counts are a sample; the environment asks for more, as `./dev faults` does:
 *     PAL_FAULT_LEAVERS  clients that leave in the middle of a reply
 *     PAL_FAULT_STEPS    steps that fail, of each kind
 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "crowd.h"
#include "live_model.h"
#include "mutant.h"
#include "util/log.h"
#include "util/mem.h"

static char long_path[] = "/tmp/palabre-long-XXXXXX.gguf";

/* ---- clients that leave ---- */

struct waits {
    int64_t *place_us; /* owned; from a leaving until the engine works on another in that place */
    int64_t *words_us; /* owned; and until that one reads its first words */
    size_t n_places;
    size_t n_words;
    size_t n_max;
};

static void
note_place(struct crowd *c, const struct crowd_turn *turn, const struct pal_turn_end *ended)
{
    struct waits *waits = c->data;
    bool was_worked_on = ended->usage.cached_tokens > 0 || ended->usage.queue_us > 0;
    if (turn->left_for_us == 0 || !was_worked_on || waits->n_places == waits->n_max) {
        return;
    }
    /* Both clocks are the system's monotonic one. */
    waits->place_us[waits->n_places++] = turn->asked_us + ended->usage.queue_us - turn->left_for_us;
    if (turn->first_us != 0) {
        waits->words_us[waits->n_words++] = turn->first_us - turn->left_for_us;
    }
}

static int
compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void
print_waits(const char *what, int64_t *us, size_t n)
{
    if (n == 0) {
        return;
    }
    qsort(us, n, sizeof(*us), compare);
    int64_t median_us = us[n / 2];
    int64_t most_us = us[n - 1 - n / 100];
    print_message("  %s: median %.2f, 99 of 100 within %.2f, longest %.2f ms (%zu)\n", what,
                  (double)median_us / 1000, (double)most_us / 1000, (double)us[n - 1] / 1000, n);
}

/* All places are taken and two wait; whoever leaves gives one of them his. */
static void
test_a_client_that_leaves_frees_its_place_for_another(void **state)
{
    (void)state;
    unsigned n = crowd_count("PAL_FAULT_LEAVERS", 30);
    struct waits waits = {.n_max = n};
    waits.place_us = pal_calloc(n + 1, sizeof(*waits.place_us));
    waits.words_us = pal_calloc(n + 1, sizeof(*waits.words_us));
    struct crowd c = {.ask = "Raconte-moi une histoire.",
                      .max_tokens = 400,
                      .on_end = note_place,
                      .data = &waits};
    struct pal_engine_options options = crowd_model();
    options.n_ctx_tokens = 4096;
    const char *model = getenv("PAL_FAULT_MODEL"); /* a larger one */
    options.model_path = model != NULL ? model : options.model_path;
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    c.is_open = true;
    for (unsigned i = 0; i < n; i++) {
        crowd_is_alive(&c);
        while (c.talking == 0) {
            crowd_go_on(&c);
        }
        uint64_t n_ended = c.n_cancelled;
        c.place_left_us = pal_now_us();
        pal_sched_cancel(c.sched, c.talking);
        c.talking = 0;
        while (c.n_cancelled == n_ended || c.place_left_us != 0) {
            crowd_go_on(&c);
        }
    }
    crowd_close(&c, "clients left");
    print_waits("until another is worked on in that place", waits.place_us, waits.n_places);
    print_waits("until that one reads its first words", waits.words_us, waits.n_words);
    assert_true(waits.n_places + 4 >= n);
    free(waits.place_us);
    free(waits.words_us);
}

/* ---- too much ---- */

static void
keep_end(struct crowd *c, const struct crowd_turn *turn, const struct pal_turn_end *ended)
{
    (void)turn;
    *(struct pal_turn_end *)c->data = *ended;
}

static void
go_on_until_done(struct crowd *c, uint64_t n)
{
    c->is_open = true;
    for (uint64_t until = c->n_done + n; c->n_done < until;) {
        crowd_go_on(c);
    }
    c->is_open = false;
}

/* About 10,000 tokens: 3 a word here. */
static char *
long_text(void)
{
    static const char word[] = "maison ";
    enum { N_WORDS = 3340, WORD_BYTES = sizeof(word) - 1 };
    char *text = pal_calloc(N_WORDS * WORD_BYTES + 1, 1);
    for (size_t i = 0; i < (size_t)N_WORDS * WORD_BYTES; i++) {
        text[i] = word[i % WORD_BYTES];
    }
    return text;
}

static void
ask_at_length(uint32_t n_ctx_tokens, const char *text, enum pal_outcome expected)
{
    struct pal_turn_end ended = {0};
    struct crowd c = {.ask = "Salut", .max_tokens = 8, .on_end = keep_end, .data = &ended};
    struct pal_engine_options options = crowd_model();
    options.model_path = long_path;
    options.n_ctx_tokens = n_ctx_tokens;
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    (void)crowd_ask(&c, text);
    crowd_finish_turns(&c);
    print_message("  in a context of %u: %s\n", n_ctx_tokens,
                  expected == PAL_OUTCOME_DONE ? "answered" : ended.error.text);
    assert_int_equal(ended.outcome, expected);
    if (expected == PAL_OUTCOME_DONE) {
        assert_true(ended.usage.prompt_tokens > 10000);
    } else {
        assert_int_equal(ended.error.code, PAL_ERR_CONTEXT);
    }
    go_on_until_done(&c, 12);
    crowd_close(&c, "a prompt of 10,000 tokens");
    assert_int_equal(c.n_failed, expected == PAL_OUTCOME_DONE ? 0 : 1);
}

static void
test_a_prompt_of_ten_thousand_tokens_is_answered_or_refused_with_numbers(void **state)
{
    (void)state;
    struct mutant_source tiny;
    assert_true(mutant_source_read(&tiny, live_model_tiny()));
    assert_true(mutant_write_u32(&tiny, ".context_length", 16384, long_path));
    mutant_source_finish(&tiny);
    char *text = long_text();
    ask_at_length(1024, text, PAL_OUTCOME_FAILED);
    ask_at_length(16384, text, PAL_OUTCOME_DONE);
    free(text);
}

static void
test_replies_without_end_share_a_full_context(void **state)
{
    (void)state;
    struct pal_turn_end ended = {0};
    struct crowd c = {.ask = "Salut", .on_end = keep_end, .data = &ended}; /* no max_tokens */
    struct pal_engine_options options = crowd_model();
    options.n_ctx_tokens = 512;
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    go_on_until_done(&c, 24);
    assert_string_equal(ended.finish_reason, "length");
    crowd_close(&c, "context full");
    assert_int_equal(c.n_failed, 0);
}

static void
test_a_full_queue_refuses_and_keeps_its_word_to_the_rest(void **state)
{
    (void)state;
    struct crowd c = {.ask = "Salut", .max_tokens = 32, .n_at_once = 20, .n_waiting_max = 8};
    struct pal_engine_options options = crowd_model();
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    go_on_until_done(&c, 24);
    crowd_close(&c, "queue full");
    assert_int_equal(c.n_failed, 0);
    assert_true(c.n_refused > 0);
}

/* A machine that is busy elsewhere may have read it all before anything else happened: again. */
#define ATTEMPTS_MAX 20

/* Two are long, and two go on meanwhile. Returns how many long ones it took. */
static uint64_t
refuse_long_texts(struct crowd *c, const char *text, const char *blanks)
{
    uint64_t n_long = 0;
    for (; c->n_done == 0; n_long += 2) {
        assert_true(n_long < ATTEMPTS_MAX);
        uint64_t n_failed = c->n_failed;
        (void)crowd_ask(c, text);
        (void)crowd_ask(c, blanks);
        int64_t began_us = pal_now_us();
        int64_t longest_us = 0;
        for (int64_t last_us = began_us; c->n_failed < n_failed + 2;) {
            crowd_go_on(c);
            int64_t now_us = pal_now_us();
            longest_us = now_us - last_us > longest_us ? now_us - last_us : longest_us;
            last_us = now_us;
        }
        print_message("  refused after %.0f ms; %llu others answered meanwhile; longest silence "
                      "%.0f ms\n",
                      (double)(pal_now_us() - began_us) / PAL_US_PER_MS,
                      (unsigned long long)c->n_done, (double)longest_us / PAL_US_PER_MS);
    }
    return n_long;
}

/* One that is being read, and one that waits until it will be. Returns how many it took. */
static uint64_t
leave_while_reading(struct crowd *c, const char *blanks)
{
    uint64_t n_cancelled;
    uint64_t n_long = 0;
    do {
        assert_true(n_long < ATTEMPTS_MAX);
        n_cancelled = c->n_cancelled;
        uint64_t n_ended = c->n_failed + c->n_cancelled;
        uint64_t reading = crowd_ask(c, blanks);
        uint64_t queued = crowd_ask(c, blanks);
        n_long += 2;
        crowd_wait_ms(c, 50);
        pal_sched_cancel(c->sched, reading);
        pal_sched_cancel(c->sched, queued);
        while (c->n_failed + c->n_cancelled < n_ended + 2) {
            crowd_go_on(c);
        }
    } while (c->n_cancelled < n_cancelled + 2);
    return n_long;
}

/* Of 4 MB it is known at once that they are too many tokens; a quarter of one, of blanks, may be
 * one token, and has to be read: beside the others' steps, and whoever asked may leave meanwhile.
 */
static void
test_megabytes_of_text_keep_nobody_waiting(void **state)
{
    (void)state;
    enum { N_BYTES = (4u << 20) - 1, N_BLANKS = 1u << 18 };
    struct crowd c = {.ask = "Salut", .max_tokens = 16};
    struct pal_engine_options options = crowd_model();
    char *text = pal_calloc(N_BYTES + 1, 1);
    char *blanks = pal_calloc(N_BLANKS + 1, 1);
    for (size_t i = 0; i < N_BYTES; i++) {
        text[i] = i % 7 == 6 ? ' ' : (char)('a' + i * i % 23);
    }
    for (size_t i = 0; i < N_BLANKS; i++) {
        blanks[i] = i == 0 || i == N_BLANKS - 1 ? 'a' : i % 3 == 0 ? '\n' : ' ';
    }
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    c.is_open = true;
    c.n_at_once = 4;
    uint64_t n_long = refuse_long_texts(&c, text, blanks);
    n_long += leave_while_reading(&c, blanks);
    crowd_close(&c, "megabytes of text");
    assert_int_equal(c.n_failed + c.n_cancelled, n_long); /* and all the others are answered */
    free(text);
    free(blanks);
}

/* ---- steps that fail ---- */

static char *greedy_text; /* what is said without a fault; owned */

static void
compare_text(struct crowd *c, const struct crowd_turn *turn, const struct pal_turn_end *ended)
{
    (void)c;
    if (ended->outcome == PAL_OUTCOME_DONE && greedy_text == NULL) {
        greedy_text = pal_strndup(turn->text.data, turn->text.len);
    } else if (ended->outcome == PAL_OUTCOME_DONE) {
        assert_int_equal(turn->text.len, strlen(greedy_text));
        assert_memory_equal(turn->text.data, greedy_text, turn->text.len);
    }
}

/* The fault comes in the middle of several replies, one time after the other. */
static void
meet_fault(const char *fault, uint64_t n_failed_max)
{
    struct crowd c = {.ask = "Raconte-moi une histoire.", .max_tokens = 24};
    struct pal_engine_options options = crowd_model();
    c.on_end = compare_text;
    if (fault != NULL) {
        assert_int_equal(setenv("PALABRE_FAULT", fault, 1), 0);
    }
    crowd_open(&c, &options);
    assert_true(crowd_wait_ready(&c, 1));
    assert_int_equal(unsetenv("PALABRE_FAULT"), 0);
    if (fault == NULL) {
        (void)crowd_ask(&c, c.ask);
    } else {
        go_on_until_done(&c, 6);
    }
    crowd_close(&c, fault);
    assert_true(c.n_failed <= n_failed_max);
    assert_int_equal(c.n_restarts, 0);
}

static void
test_each_code_of_a_failed_step_costs_at_most_its_own_turns(void **state)
{
    (void)state;
    static const int codes[] = {1, 2, 3, -1, -2, -3, -42};
    unsigned n = crowd_count("PAL_FAULT_STEPS", 1);
    meet_fault(NULL, 0);
    for (unsigned i = 0; i < n * PAL_COUNT_OF(codes); i++) {
        int code = codes[i % PAL_COUNT_OF(codes)];
        char fault[64];
        /* Once it is repeated, and nobody notices; twice is the end of the turns in the step. */
        (void)snprintf(fault, sizeof(fault), "decode:n=%u:ret=%d:times=1", 5 + i, code);
        meet_fault(fault, 0);
        (void)snprintf(fault, sizeof(fault), "decode:n=%u:ret=%d:times=2", 5 + i, code);
        meet_fault(fault, code == 2 ? 0 : 4);
    }
}

static void
test_what_is_no_number_is_not_said_and_not_kept(void **state)
{
    (void)state;
    unsigned n = crowd_count("PAL_FAULT_STEPS", 1);
    for (unsigned i = 0; i < 3 * n; i++) {
        char fault[64];
        (void)snprintf(fault, sizeof(fault), "nan:n=%u:times=2", 1 + 4 * i);
        meet_fault(fault, 8);
    }
}

static int
make_files(void **state)
{
    int fd = mkstemps(long_path, 5);
    return fd < 0 || close(fd) != 0 ? -1 : live_model_make(state);
}

static int
remove_files(void **state)
{
    free(greedy_text);
    (void)unlink(long_path);
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
        cmocka_unit_test(test_a_client_that_leaves_frees_its_place_for_another),
        cmocka_unit_test(test_a_prompt_of_ten_thousand_tokens_is_answered_or_refused_with_numbers),
        cmocka_unit_test(test_replies_without_end_share_a_full_context),
        cmocka_unit_test(test_a_full_queue_refuses_and_keeps_its_word_to_the_rest),
        cmocka_unit_test(test_megabytes_of_text_keep_nobody_waiting),
        cmocka_unit_test(test_each_code_of_a_failed_step_costs_at_most_its_own_turns),
        cmocka_unit_test(test_what_is_no_number_is_not_said_and_not_kept),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
