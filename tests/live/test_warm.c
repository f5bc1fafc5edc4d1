#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_case.h"
#include "live_model.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"

/* The persona is computed ahead of the first line and kept for the next start. */
#define PERSONA                                                                                     \
    "Tu es Palabre, une compagne de stream. Tu parles français, tu es drôle et brève. Tu aimes " \
    "les jeux, la musique et les chats. Tu ne dis jamais de mal de personne."
#define WAIT_MAX_MS 60000

static char *dir;

static int
make_dir(void **state)
{
    (void)state;
    dir = pal_strdup("/tmp/palabre-warm-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

/* The one file in the folder; NULL if there is none; the caller's. */
static char *
warm_file(void)
{
    char *path = NULL;
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.' && strstr(entry->d_name, ".new") == NULL) {
            assert_null(path);
            path = pal_path_join(dir, entry->d_name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return path;
}

static int
remove_dir(void **state)
{
    (void)state;
    char *path = warm_file();
    if (path != NULL) {
        (void)unlink(path);
    }
    free(path);
    int status = rmdir(dir);
    free(dir);
    return status;
}

static void
open_engine(struct engine_case *c, const char *model, const char *persona)
{
    struct pal_engine_options options = {
        .model_path = model,
        .n_ctx_tokens = 1024,
        .n_threads = 1,
        .persona = persona,
        .warm_dir = persona != NULL ? dir : NULL,
    };
    engine_case_open(c, &options);
    engine_case_wait_state(c, PAL_ENGINE_READY);
}

/* The first line of a conversation: what it says, and how much of its prompt was there. */
static char *
first_line(struct engine_case *c, uint64_t id, uint32_t *n_cached)
{
    struct pal_job job = engine_case_job(id, "system:" PERSONA, "salut !", NULL);
    job.sampling.max_tokens = 32;
    job.conversation = pal_printf("user %llu", (unsigned long long)id);
    struct engine_turn *turn = engine_case_ask(c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    *n_cached = turn->last.usage.cached_tokens;
    return pal_strdup(turn->text.data);
}

static void
wait_until_warm(struct engine_case *c)
{
    char *path = NULL;
    for (int ms = 0; path == NULL && ms < WAIT_MAX_MS; ms += 5) {
        engine_case_run_ms(c, 5);
        path = warm_file();
    }
    assert_non_null(path);
    free(path);
}

static void
test_a_restart_knows_the_persona_and_says_the_same(void **state)
{
    (void)state;
    const char *model = live_model_starter() != NULL ? live_model_starter() : live_model_tiny();
    uint32_t n_cold, n_warm, n_restarted, n_later;
    struct engine_case c = {0};
    open_engine(&c, model, NULL);
    char *cold = first_line(&c, 1, &n_cold);
    engine_case_close(&c);
    assert_int_equal(n_cold, 0);

    open_engine(&c, model, PERSONA);
    wait_until_warm(&c);
    char *warm = first_line(&c, 1, &n_warm);
    char *later = first_line(&c, 2, &n_later);
    engine_case_close(&c);
    assert_true(n_warm > 20);
    assert_true(n_later >= n_warm);
    assert_string_equal(warm, cold);
    assert_string_equal(later, cold);

    open_engine(&c, model, PERSONA);
    char *restarted = first_line(&c, 1, &n_restarted);
    engine_case_close(&c);
    assert_int_equal(n_restarted, n_warm);
    assert_string_equal(restarted, cold);
    free(cold);
    free(warm);
    free(later);
    free(restarted);
}

static void
test_a_line_does_not_wait_for_the_warming(void **state)
{
    (void)state;
    uint32_t n_cached;
    struct engine_case c = {0};
    open_engine(&c, live_model_tiny(), PERSONA);
    free(first_line(&c, 1, &n_cached)); /* whatever is there by now */
    free(first_line(&c, 2, &n_cached));
    assert_true(n_cached > 20);
    engine_case_close(&c);
}

static void
test_a_damaged_or_foreign_file_is_computed_again(void **state)
{
    (void)state;
    uint32_t n_cached;
    struct engine_case c = {0};
    open_engine(&c, live_model_tiny(), PERSONA);
    wait_until_warm(&c);
    engine_case_close(&c);
    char *path = warm_file();
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -1, SEEK_END), 0);
    int last = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_END), 0);
    assert_int_equal(fputc(last ^ 1, file), last ^ 1);
    assert_int_equal(fclose(file), 0);
    open_engine(&c, live_model_tiny(), PERSONA);
    wait_until_warm(&c);
    free(first_line(&c, 1, &n_cached));
    engine_case_close(&c);
    free(path);
}

#define CLIENTS                                                                                    \
    "system:You are a pirate on a small ship. You speak in short sentences, you love the sea and " \
    "your parrot, and you never say a bad word about anybody."

/* Computed of a prompt with a client's own system message. */
static uint32_t
send_system_message(const char *warm_dir)
{
    struct engine_case c = {0};
    struct pal_engine_options options = {
        .model_path = live_model_starter(),
        .n_ctx_tokens = 1024,
        .n_threads = 1,
        .park_ram_bytes = 64u << 20,
        .warm_dir = warm_dir,
    };
    engine_case_open(&c, &options);
    engine_case_wait_state(&c, PAL_ENGINE_READY);
    struct pal_job job = engine_case_job(1, CLIENTS, "ahoy", NULL);
    job.sampling.max_tokens = 4;
    struct engine_turn *turn = engine_case_ask(&c, &job);
    assert_int_equal(turn->last.kind, PAL_EVENT_DONE);
    uint32_t n_computed = turn->last.usage.prompt_tokens - turn->last.usage.cached_tokens;
    for (int waited = 0; warm_dir != NULL && waited < WAIT_MAX_MS; waited++) {
        char *path = warm_file();
        free(path);
        if (path != NULL) {
            break;
        }
        engine_case_run_ms(&c, 1);
    }
    engine_case_close(&c);
    return n_computed;
}

static void
test_what_clients_send_is_known_after_a_restart(void **state)
{
    (void)state;
    if (live_model_starter() == NULL) {
        skip();
    }
    uint32_t n_first = send_system_message(dir);
    uint32_t n_known = send_system_message(dir);
    assert_true(n_known < n_first / 2);
    assert_int_equal(send_system_message(NULL), n_first);
}

int
main(void)
{
    pal_log_init(PAL_LOG_ERROR, 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_restart_knows_the_persona_and_says_the_same,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(test_a_line_does_not_wait_for_the_warming, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_what_clients_send_is_known_after_a_restart, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(test_a_damaged_or_foreign_file_is_computed_again, make_dir,
                                        remove_dir),
    };
    return cmocka_run_group_tests(tests, live_model_make, live_model_remove);
}
