#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_case.h"
#include "live_model.h"
#include "util/log.h"
#include "util/mem.h"

/*
 * One engine follows another, with a trained model: the new one computes of each conversation's
 * next line what the old one would have computed, and says what it would have said.
 */
static const char persona[] =
    "system:Tu es Palabre, une compagne de stream. Tu parles français, tu es drôle et brève. Tu "
    "aimes les jeux, la musique et les chats. Tu ne dis jamais de mal de personne.";
static const char *const lines[] = {"salut !", "tu aimes les chats ?", "raconte une blague",
                                    "bonne nuit"};
#define N_USERS    PAL_COUNT_OF(lines)
#define PARK_BYTES ((uint64_t)64 << 20)

static char dir[] = "/tmp/palabre-hand-over-XXXXXX";

struct said {
    char *texts[2]; /* owned; to the first line and to the second */
    uint32_t n_computed;
};

static void
open_engine(struct engine_case *c, uint32_t n_ctx_tokens, uint64_t disk_bytes)
{
    struct pal_engine_options options = {
        .model_path = live_model_starter(),
        .n_ctx_tokens = n_ctx_tokens,
        .n_threads = 1,
        .park_ram_bytes = PARK_BYTES,
        .park_disk_bytes = disk_bytes,
        .park_dir = disk_bytes > 0 ? dir : NULL,
    };
    *c = (struct engine_case){0};
    engine_case_open(c, &options);
    engine_case_wait_state(c, PAL_ENGINE_READY);
}

static struct pal_job
first_job(size_t user)
{
    struct pal_job job = engine_case_job(1 + user, persona, lines[user], NULL);
    job.conversation = pal_printf("user %zu", user);
    job.sampling.max_tokens = 40;
    return job;
}

static void
ask_second(struct engine_case *c, size_t user, struct said *said)
{
    struct pal_job job = engine_case_job(100 + user, persona, lines[user], said->texts[0],
                                         lines[(user + 1) % N_USERS], NULL);
    job.conversation = pal_printf("user %zu", user);
    job.sampling.max_tokens = 40;
    struct engine_turn *turn = engine_case_ask(c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    said->n_computed = turn->last.usage.prompt_tokens - turn->last.usage.cached_tokens;
    said->texts[1] = pal_strdup(turn->text.data);
}

static void
note_first(struct engine_case *c, size_t user, struct said *said)
{
    struct engine_turn *turn = engine_case_turn(c, 1 + user);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    said->texts[0] = pal_strdup(turn->text.data);
}

static void
free_said(struct said said[N_USERS])
{
    for (size_t i = 0; i < N_USERS; i++) {
        free(said[i].texts[0]);
        free(said[i].texts[1]);
    }
}

/* Both lines of everybody in one engine. */
static void
talk_in_one(struct said said[N_USERS])
{
    struct engine_case c;
    open_engine(&c, 2048, 0);
    for (size_t i = 0; i < N_USERS; i++) {
        struct pal_job job = first_job(i);
        (void)engine_case_ask(&c, &job);
        note_first(&c, i, &said[i]);
    }
    for (size_t i = 0; i < N_USERS; i++) {
        ask_second(&c, i, &said[i]);
    }
    engine_case_close(&c);
}

/* The second lines in another engine; one first line still runs in the old one when it is asked to
 * hand over. */
static void
talk_in_two(struct said said[N_USERS], uint32_t n_ctx_tokens, uint64_t disk_bytes)
{
    struct engine_case old, next;
    struct pal_error error;
    open_engine(&old, 2048, disk_bytes);
    for (size_t i = 0; i + 1 < N_USERS; i++) {
        struct pal_job job = first_job(i);
        (void)engine_case_ask(&old, &job);
        note_first(&old, i, &said[i]);
    }
    open_engine(&next, n_ctx_tokens, disk_bytes);
    struct pal_job job = first_job(N_USERS - 1);
    engine_case_submit(&old, &job);
    engine_case_wait_piece(&old, N_USERS);
    assert_int_equal(pal_engine_hand_over(old.engine, &error), PAL_OK);
    assert_int_equal(pal_engine_hand_over(old.engine, &error), PAL_ERR_BUSY);
    job = engine_case_job(50, persona, lines[0], NULL);
    assert_int_equal(pal_engine_submit(old.engine, &job, &error), PAL_ERR_BUSY);
    pal_job_finish(&job);
    engine_case_wait_state(&old, PAL_ENGINE_LEAVING);
    pal_engine_adopt(next.engine);
    for (size_t i = 0; i + 1 < N_USERS; i++) {
        ask_second(&next, i, &said[i]);
    }
    engine_case_wait_finals(&old, N_USERS);
    note_first(&old, N_USERS - 1, &said[N_USERS - 1]);
    pal_engine_adopt(next.engine);
    ask_second(&next, N_USERS - 1, &said[N_USERS - 1]);
    engine_case_close(&old);
    engine_case_close(&next);
}

static void
test_the_next_engine_computes_only_what_is_new(void **state)
{
    (void)state;
    if (live_model_starter() == NULL) {
        skip();
    }
    struct said one[N_USERS] = {0};
    struct said two[N_USERS] = {0};
    talk_in_one(one);
    talk_in_two(two, 2048, PARK_BYTES);
    for (size_t i = 0; i < N_USERS; i++) {
        assert_string_equal(one[i].texts[0], two[i].texts[0]);
        assert_string_equal(one[i].texts[1], two[i].texts[1]);
        assert_int_equal(one[i].n_computed, two[i].n_computed);
    }
    free_said(one);
    free_said(two);
    assert_int_equal(rmdir(dir), 0); /* nothing is left behind */
    assert_int_equal(mkdir(dir, 0700), 0);
}

/* All are being answered while their engine leaves: each is handed over at its end, and nobody's
 * end is told before that. */
static void
test_who_is_being_answered_is_handed_over_at_the_end(void **state)
{
    (void)state;
    if (live_model_starter() == NULL) {
        skip();
    }
    struct said one[N_USERS] = {0};
    struct said two[N_USERS] = {0};
    struct engine_case old, next;
    struct pal_error error;
    talk_in_one(one);
    open_engine(&old, 2048, PARK_BYTES);
    open_engine(&next, 2048, PARK_BYTES);
    for (size_t i = 0; i < N_USERS; i++) {
        struct pal_job job = first_job(i);
        engine_case_submit(&old, &job);
    }
    engine_case_wait_piece(&old, N_USERS);
    assert_int_equal(pal_engine_hand_over(old.engine, &error), PAL_OK);
    engine_case_wait_finals(&old, N_USERS);
    engine_case_wait_state(&old, PAL_ENGINE_LEAVING);
    for (size_t i = 0; i < N_USERS; i++) {
        note_first(&old, i, &two[i]);
        pal_engine_adopt(next.engine);
        ask_second(&next, i, &two[i]);
        assert_string_equal(one[i].texts[1], two[i].texts[1]);
        assert_int_equal(one[i].n_computed, two[i].n_computed);
    }
    engine_case_close(&old);
    engine_case_close(&next);
    free_said(one);
    free_said(two);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
}

/* A timeline of the old one may be larger than all of the new one. */
static void
test_a_smaller_engine_and_one_without_files_compute_again(void **state)
{
    (void)state;
    if (live_model_starter() == NULL) {
        skip();
    }
    struct said said[N_USERS] = {0};
    talk_in_two(said, 512, PARK_BYTES);
    free_said(said);
    memset(said, 0, sizeof(said));
    talk_in_two(said, 2048, 0);
    for (size_t i = 1; i < N_USERS; i++) {
        assert_true(said[i].n_computed > 0);
    }
    free_said(said);
}

static void
test_a_timeline_that_does_not_fit_keeps_nobody_waiting(void **state)
{
    (void)state;
    if (live_model_starter() == NULL) {
        skip();
    }
    struct engine_case old, next;
    struct pal_error error;
    char text[3000];
    memset(text, 'x', sizeof(text));
    for (size_t i = 1; i < sizeof(text); i += 2) {
        text[i] = ' ';
    }
    text[sizeof(text) - 1] = '\0';
    open_engine(&old, 4096, PARK_BYTES);
    struct pal_job job = engine_case_job(1, text, NULL);
    job.conversation = pal_strdup("user 0");
    job.sampling.max_tokens = 4;
    struct engine_turn *turn = engine_case_ask(&old, &job);
    assert_true(turn->last.usage.prompt_tokens > 600);
    assert_int_equal(pal_engine_hand_over(old.engine, &error), PAL_OK);
    engine_case_wait_state(&old, PAL_ENGINE_LEAVING);
    engine_case_close(&old);
    open_engine(&next, 512, PARK_BYTES);
    job = first_job(0);
    assert_int_equal(engine_case_ask(&next, &job)->last.kind, PAL_EVENT_DONE);
    engine_case_close(&next);
}

int
main(void)
{
    pal_log_init(PAL_LOG_ERROR, 2);
    if (mkdtemp(dir) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_next_engine_computes_only_what_is_new),
        cmocka_unit_test(test_who_is_being_answered_is_handed_over_at_the_end),
        cmocka_unit_test(test_a_smaller_engine_and_one_without_files_compute_again),
        cmocka_unit_test(test_a_timeline_that_does_not_fit_keeps_nobody_waiting),
    };
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(dir) == 0 ? n_failed : n_failed + 1;
}
