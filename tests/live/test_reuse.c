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
 * How many prompt tokens are computed, in counts that no noisy machine can change: users talk at
 * once, each resends its window of the last messages behind one persona, in 2,048 tokens of context
 * for all. Ideal: the persona once, and each new message once with its frame.
 */
#define ROUNDS       10
#define WINDOW       12
#define REPLY_TOKENS 40
#define USERS_MAX    100
#define MANY_USERS   16

static uint64_t n_rounds = ROUNDS;

struct user {
    char *texts[2 * ROUNDS];
    size_t n;
};

struct figures {
    uint32_t evaluated;
    uint32_t ideal;
    unsigned n_failed;
};

static struct pal_job
next_job(struct user *user, uint64_t id, size_t who, const char *persona, bool is_named)
{
    user->texts[user->n++] = pal_printf("ligne %llu de %zu", (unsigned long long)id, who);
    struct pal_job job = engine_case_job(id, persona, NULL);
    size_t from = user->n > WINDOW ? user->n - WINDOW : 0;
    from += from % 2; /* a window begins with a user's message */
    for (size_t i = from; i < user->n; i++) {
        enum pal_role role = i % 2 == 0 ? PAL_ROLE_USER : PAL_ROLE_ASSISTANT;
        assert_int_equal(pal_job_add_message(&job, role, user->texts[i], strlen(user->texts[i])),
                         PAL_OK);
    }
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = REPLY_TOKENS;
    job.conversation = is_named ? pal_printf("user %zu", who) : NULL;
    return job;
}

/* Turns of one round go four at a time, as the front would send them. */
static void
play_round(struct engine_case *c, struct user *users, size_t n_users, uint64_t first_id,
           const char *persona, bool is_named)
{
    for (size_t from = 0; from < n_users; from += 4) {
        unsigned n_before = c->n_finals;
        size_t n = n_users - from < 4 ? n_users - from : 4;
        for (size_t k = 0; k < n; k++) {
            struct pal_job job =
                next_job(&users[from + k], first_id + from + k, from + k, persona, is_named);
            engine_case_submit(c, &job);
        }
        engine_case_wait_finals(c, n_before + (unsigned)n);
    }
}

static struct figures
play(size_t n_users, bool is_named, const struct pal_engine_options *options)
{
    char persona[1024] = "system:Tu es Palabre.";
    for (int i = 0; i < 3; i++) {
        (void)strncat(persona, " Tu es une compagne gentille et drole, tu reponds en peu de mots.",
                      80);
    }
    struct engine_case c = {0};
    engine_case_open(&c, options);
    engine_case_wait_state(&c, PAL_ENGINE_READY);
    static struct user users[USERS_MAX];
    memset(users, 0, sizeof(users));
    struct figures f = {0};
    uint32_t first = 0;
    uint32_t second = 0;
    for (uint64_t round = 0; round < n_rounds; round++) {
        uint64_t id = 1 + round * n_users;
        play_round(&c, users, n_users, id, persona, is_named);
        for (size_t who = 0; who < n_users; who++) {
            struct engine_turn *turn = engine_case_turn(&c, id + who);
            f.n_failed += turn->last.kind != PAL_EVENT_DONE ? 1 : 0;
            f.evaluated += turn->last.usage.prompt_tokens - turn->last.usage.cached_tokens;
            users[who].texts[users[who].n++] = pal_strdup(turn->text.data);
            first = round == 0 ? turn->last.usage.prompt_tokens : first;
            second = round == 1 ? turn->last.usage.prompt_tokens : second;
        }
    }
    uint32_t message = second - first - REPLY_TOKENS;
    f.ideal = first - message + (uint32_t)n_users * (uint32_t)n_rounds * message;
    engine_case_close(&c);
    for (size_t who = 0; who < n_users; who++) {
        for (size_t i = 0; i < users[who].n; i++) {
            free(users[who].texts[i]);
        }
    }
    print_message("%zu users, %s: %u evaluated, %u ideal, %.2f, %u failed\n", n_users,
                  is_named ? "named" : "stateless", f.evaluated, f.ideal,
                  (double)f.evaluated / (double)f.ideal, f.n_failed);
    return f;
}

static struct pal_engine_options
small_engine(void)
{
    return (struct pal_engine_options){
        .model_path = live_model_tiny(),
        .n_ctx_tokens = 2048,
        .n_threads = 1,
    };
}

static void
test_four_users_compute_hardly_more_than_is_new(void **state)
{
    (void)state;
    for (int is_named = 0; is_named < 2; is_named++) {
        struct pal_engine_options options = small_engine();
        struct figures f = play(4, is_named == 1, &options);
        assert_int_equal(f.n_failed, 0);
        assert_true(f.evaluated * 100 <= f.ideal * 110);
    }
}

/* Their windows don't fit in the context together: they wait in memory, and then on disk. */
static void
test_more_users_than_fit_are_parked(void **state)
{
    (void)state;
    for (int is_named = 0; is_named < 2; is_named++) {
        for (size_t n_users = 5; n_users <= MANY_USERS; n_users += MANY_USERS - 5) {
            struct pal_engine_options options = small_engine();
            options.park_ram_bytes = 64u << 20;
            struct figures f = play(n_users, is_named == 1, &options);
            assert_int_equal(f.n_failed, 0);
            assert_true(f.evaluated * 100 <= f.ideal * 115);
        }
    }
}

/* A hundred of them, who say two things each, where 8 conversations fit and little memory is given:
 * most of them wait on disk. */
static void
test_a_hundred_users_wait_on_disk(void **state)
{
    (void)state;
    char dir[] = "/tmp/palabre-reuse-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct pal_engine_options options = small_engine();
    options.park_ram_bytes = 1u << 20;
    options.park_disk_bytes = 1u << 30;
    options.park_dir = dir;
    n_rounds = 3;
    struct figures f = play(100, true, &options);
    n_rounds = ROUNDS;
    assert_int_equal(f.n_failed, 0);
    assert_true(f.evaluated * 100 <= f.ideal * 115);
    assert_int_equal(rmdir(dir), 0);
}

/* What each way of reusing is worth: without it, the same conversations compute more. */
static void
test_every_way_of_reusing_pays(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        unsigned ways;
    } without[] = {
        {"nothing left out", 0},
        {"no beginning is copied", PAL_ENGINE_NO_SHARING},
        {"no window is shifted", PAL_ENGINE_NO_SHIFT},
    };
    uint32_t n_all = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(without); i++) {
        struct pal_engine_options options = small_engine();
        options.park_ram_bytes = 64u << 20;
        options.ways = without[i].ways;
        print_message("%s: ", without[i].what);
        struct figures f = play(5, true, &options);
        assert_int_equal(f.n_failed, 0);
        assert_true(i == 0 || f.evaluated > n_all);
        n_all = i == 0 ? f.evaluated : n_all;
    }
}

static void
test_a_user_without_a_place_costs_computing_but_no_turn(void **state)
{
    (void)state;
    struct pal_engine_options options = small_engine();
    assert_int_equal(play(5, true, &options).n_failed, 0);
}

/* One turn of a long text of the given letter, and of a reply that goes on until max_tokens. */
static struct pal_job
long_job(uint64_t id, char letter, size_t n_words, int32_t max_tokens)
{
    char *text = pal_calloc(2 * n_words + 1, 1);
    for (size_t i = 0; i < n_words; i++) {
        text[2 * i] = letter;
        text[2 * i + 1] = ' ';
    }
    struct pal_job job = engine_case_job(id, text, NULL);
    free(text);
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = max_tokens;
    return job;
}

static uint32_t
prompt_tokens_of(struct engine_case *c, struct pal_job *job)
{
    return engine_case_ask(c, job)->last.usage.prompt_tokens;
}

/* A reply without an end grows until the memory is full, but not over what others were promised. */
static void
test_an_endless_reply_takes_no_promised_cells(void **state)
{
    (void)state;
    struct engine_case c = {0};
    struct pal_engine_options options = {
        .model_path = live_model_tiny(),
        .n_ctx_tokens = 1024,
        .n_threads = 1,
        .chunk_tokens = 1, /* so that the endless one has many steps to grow in */
    };
    engine_case_open(&c, &options);
    engine_case_wait_state(&c, PAL_ENGINE_READY);
    struct pal_job job = long_job(1, 'y', 100, 2);
    uint32_t n_100 = prompt_tokens_of(&c, &job);
    job = long_job(2, 'y', 200, 2);
    uint32_t n_200 = prompt_tokens_of(&c, &job);
    size_t n_frame = 2 * n_100 - n_200;

    job = long_job(3, 'x', 20, 0);
    engine_case_submit(&c, &job);
    while (engine_case_turn(&c, 3)->n_pieces < 100) {
        assert_int_equal(engine_case_turn(&c, 3)->n_finals, 0);
        engine_case_run_ms(&c, 1);
    }
    size_t n_words = (600 - n_frame) * 100 / (n_200 - n_100);
    job = long_job(4, 'y', n_words, 2);
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_string_equal(turn->last.error.text, "");
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    assert_int_equal(turn->last.usage.completion_tokens, 2);
    engine_case_wait_finals(&c, 4);
    assert_int_equal(engine_case_turn(&c, 3)->last.kind, PAL_EVENT_DONE);
    assert_int_equal(engine_case_turn(&c, 3)->last.finish, PAL_FINISH_LENGTH);
    engine_case_close(&c);
}

int
main(void)
{
    pal_log_init(PAL_LOG_ERROR, 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_four_users_compute_hardly_more_than_is_new),
        cmocka_unit_test(test_more_users_than_fit_are_parked),
        cmocka_unit_test(test_a_hundred_users_wait_on_disk),
        cmocka_unit_test(test_every_way_of_reusing_pays),
        cmocka_unit_test(test_a_user_without_a_place_costs_computing_but_no_turn),
        cmocka_unit_test(test_an_endless_reply_takes_no_promised_cells),
    };
    return cmocka_run_group_tests(tests, live_model_make, live_model_remove);
}
