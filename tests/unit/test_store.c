#include "test.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "chat/store.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"

struct place {
    uv_loop_t loop;
    char folder[64];
    char *path;
    struct pal_store *store;
};

static int
make_place(void **state)
{
    struct place *place = pal_calloc(1, sizeof(*place));
    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/palabre-store-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    place->path = pal_path_join(place->folder, "memory.db");
    assert_int_equal(uv_loop_init(&place->loop), 0);
    pal_log_init(PAL_LOG_ERROR, -1);
    *state = place;
    return 0;
}

static int
drop_place(void **state)
{
    struct place *place = *state;
    pal_store_close(place->store, NULL, NULL);
    (void)uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&place->loop), 0);
    char *pattern = pal_printf("%s/*", place->folder);
    glob_t found;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            (void)unlink(found.gl_pathv[i]);
        }
        globfree(&found);
    }
    free(pattern);
    (void)rmdir(place->folder);
    free(place->path);
    free(place);
    return 0;
}

static void
open_store(struct place *place, int64_t max_bytes, int64_t max_age_s)
{
    struct pal_error error = {.code = PAL_OK};
    const struct pal_store_options options = {
        .path = place->path, .max_bytes = max_bytes, .max_age_s = max_age_s};
    if (pal_store_open(&place->loop, &options, &place->store, &error) != PAL_OK) {
        fail_msg("%s", error.text);
    }
}

static void
close_store(struct place *place)
{
    pal_store_close(place->store, NULL, NULL);
    place->store = NULL;
    (void)uv_run(&place->loop, UV_RUN_DEFAULT);
}

static void
on_done(enum pal_err err, void *userdata)
{
    *(int *)userdata = (int)err;
}

static uint64_t
put(struct place *place, const char *key, const char *line, const char *reply)
{
    struct pal_store_row exchange = {
        .token = pal_store_new_token(place->store),
        .key = key,
        .channel = "chan",
        .message_id = line,
        .name = "Ana",
        .line = line,
        .reply = reply,
        .is_sent = true,
    };
    int done = -1;
    pal_store_put(place->store, &exchange, on_done, &done);
    for (int i = 0; i < 60000 && done < 0; i++) {
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(done, PAL_OK);
    return exchange.token;
}

struct rows {
    size_t n;
    char text[4096]; /* "line=reply;" for each */
};

static void
on_row(const struct pal_store_row *exchange, void *userdata)
{
    struct rows *rows = userdata;
    rows->n++;
    size_t len = strlen(rows->text);
    (void)snprintf(rows->text + len, sizeof(rows->text) - len, "%s=%s%s;", exchange->line,
                   exchange->reply, exchange->is_sent ? "" : "?");
}

static struct rows
load(struct place *place, const char *key, size_t max)
{
    struct rows rows = {.n = 0};
    assert_true(pal_store_load(place->store, key, max, on_row, &rows));
    return rows;
}

static void
what_was_said_is_there_after_a_restart_in_its_order(void **state)
{
    struct place *place = *state;
    open_store(place, 0, 0);
    for (int i = 0; i < 10; i++) { /* all within one second: order is by id */
        char line[16];
        (void)snprintf(line, sizeof(line), "l%d", i);
        (void)put(place, "twitch:1", line, "r");
    }
    (void)put(place, "twitch:2", "other", "o");
    close_store(place);
    open_store(place, 0, 0);
    assert_string_equal(load(place, "twitch:1", 3).text, "l7=r;l8=r;l9=r;");
    assert_string_equal(load(place, "twitch:2", 3).text, "other=o;");
    assert_int_equal(load(place, "twitch:3", 3).n, 0);
}

static void
a_reply_is_sending_until_it_is_sent_or_dropped(void **state)
{
    struct place *place = *state;
    open_store(place, 0, 0);
    uint64_t tokens[2];
    for (int i = 0; i < 2; i++) {
        struct pal_store_row exchange = {.token = pal_store_new_token(place->store),
                                         .key = "k",
                                         .channel = "c",
                                         .message_id = "m",
                                         .name = "",
                                         .line = i == 0 ? "a" : "b",
                                         .reply = "long reply"};
        tokens[i] = exchange.token;
        pal_store_put(place->store, &exchange, NULL, NULL);
    }
    pal_store_sent(place->store, tokens[0], "long…");
    close_store(place);
    open_store(place, 0, 0);
    assert_string_equal(load(place, "k", 9).text, "a=long…;b=long reply?;");
    pal_store_drop(place->store, tokens[1]);
    close_store(place);
    open_store(place, 0, 0);
    assert_string_equal(load(place, "k", 9).text, "a=long…;");
}

static size_t
count_in_files(const struct place *place, const char *needle)
{
    static const char *const endings[] = {"", "-wal"};
    size_t n = 0;
    for (size_t i = 0; i < PAL_COUNT_OF(endings); i++) {
        char *path = pal_printf("%s%s", place->path, endings[i]);
        char *text = NULL;
        size_t len = 0;
        struct pal_error error;
        if (pal_path_read(path, (size_t)1 << 26, &text, &len, &error) == PAL_OK) {
            for (size_t at = 0; at + strlen(needle) <= len; at++) {
                n += memcmp(text + at, needle, strlen(needle)) == 0 ? 1 : 0;
            }
            free(text);
        }
        free(path);
    }
    return n;
}

static void
what_is_forgotten_is_gone_from_the_files_too(void **state)
{
    struct place *place = *state;
    open_store(place, 0, 0);
    (void)put(place, "k1", "xyzzy-secret", "r");
    (void)put(place, "k1", "plugh-secret", "r");
    (void)put(place, "k2", "kept", "r");
    assert_true(count_in_files(place, "xyzzy-secret") > 0);
    pal_store_forget(place->store,
                     &(struct pal_store_match){.channel = "chan", .message_id = "xyzzy-secret"});
    close_store(place);
    assert_int_equal(count_in_files(place, "xyzzy-secret"), 0);
    open_store(place, 0, 0);
    assert_string_equal(load(place, "k1", 9).text, "plugh-secret=r;");
    pal_store_forget(place->store, &(struct pal_store_match){.key = "k1"});
    close_store(place);
    assert_int_equal(count_in_files(place, "plugh-secret"), 0);
    open_store(place, 0, 0);
    assert_int_equal(load(place, "k1", 9).n, 0);
    assert_int_equal(load(place, "k2", 9).n, 1);
}

static void
the_file_stays_within_its_size_and_keeps_the_newest(void **state)
{
    struct place *place = *state;
    open_store(place, 1, 0); /* the least: 1 MiB */
    char *big = pal_calloc(4001, 1);
    memset(big, 'x', 4000);
    for (int i = 0; i < 700; i++) {
        struct pal_store_row exchange = {.token = pal_store_new_token(place->store),
                                         .key = "k",
                                         .channel = "",
                                         .message_id = "",
                                         .name = "",
                                         .line = big,
                                         .reply = "r",
                                         .is_sent = true};
        pal_store_put(place->store, &exchange, NULL, NULL);
    }
    free(big);
    (void)put(place, "k", "newest", "r");
    close_store(place);
    open_store(place, 1, 0);
    assert_string_equal(load(place, "k", 1).text, "newest=r;");
    close_store(place);
    struct pal_error error;
    char *text = NULL;
    size_t len = 0;
    assert_int_equal(pal_path_read(place->path, (size_t)1 << 26, &text, &len, &error), PAL_OK);
    free(text);
    assert_true(len <= (size_t)1200 * 1024);
}

static void
what_is_too_old_goes(void **state)
{
    struct place *place = *state;
    open_store(place, 0, 0);
    struct pal_store_row exchange = {.token = pal_store_new_token(place->store),
                                     .key = "k",
                                     .channel = "",
                                     .message_id = "",
                                     .name = "",
                                     .line = "old",
                                     .reply = "r",
                                     .said_at_s = 1000,
                                     .is_sent = true};
    pal_store_put(place->store, &exchange, NULL, NULL);
    (void)put(place, "k", "new", "r");
    close_store(place);
    open_store(place, 0, 86400);
    assert_string_equal(load(place, "k", 9).text, "new=r;");
}

static size_t
n_aside(const struct place *place)
{
    char *pattern = pal_printf("%s.bad-*", place->path);
    glob_t found;
    size_t n = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    free(pattern);
    return n;
}

static void
overwrite(const char *path, long offset, const char *bytes, size_t len)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, offset), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static void
a_damaged_file_is_kept_aside_and_a_new_one_begun(void **state)
{
    struct place *place = *state;
    overwrite(place->path, 0, "this is no database at all, but a text", 38);
    open_store(place, 0, 0);
    assert_int_equal(n_aside(place), 1);
    for (int i = 0; i < 60; i++) {
        char line[16];
        (void)snprintf(line, sizeof(line), "l%d", i);
        (void)put(place, "k", line, "a reply of some length, so that there are a few pages of it");
    }
    close_store(place);
    char noise[4096];
    memset(noise, 0xa5, sizeof(noise));
    overwrite(place->path, 4096, noise, sizeof(noise));
    overwrite(place->path, 3 * 4096, noise, sizeof(noise));
    open_store(place, 0, 0);
    assert_int_equal(n_aside(place), 2);
    (void)put(place, "k", "again", "r");
    assert_string_equal(load(place, "k", 9).text, "again=r;");
}

static void
a_folder_that_can_not_be_made_is_told(void **state)
{
    struct place *place = *state;
    overwrite(place->path, 0, "x", 1);
    char *below = pal_path_join(place->path, "memory.db");
    struct pal_error error = {.code = PAL_OK};
    const struct pal_store_options options = {.path = below};
    assert_int_equal(pal_store_open(&place->loop, &options, &place->store, &error), PAL_ERR_IO);
    assert_true(error.text[0] != '\0');
    free(below);
}

/* A disk without room, as far as a process can have it to itself: no file may grow. */
static void
a_full_disk_is_waited_out(void **state)
{
    struct place *place = *state;
    open_store(place, 0, 0);
    (void)put(place, "k", "before", "r");
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit none = {.rlim_cur = 4096, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    struct pal_store_row exchange = {.token = pal_store_new_token(place->store),
                                     .key = "k",
                                     .channel = "",
                                     .message_id = "",
                                     .name = "",
                                     .line = "meanwhile",
                                     .reply = "r",
                                     .is_sent = true};
    int done = -1;
    pal_store_put(place->store, &exchange, on_done, &done);
    for (int i = 0; i < 60000 && done < 0; i++) {
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(done, PAL_ERR_IO);
    assert_int_equal(pal_store_n_pending(place->store), 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    for (int i = 0; i < 60000 && pal_store_n_pending(place->store) > 0; i++) {
        usleep(1000);
    }
    assert_string_equal(load(place, "k", 9).text, "before=r;meanwhile=r;");
    assert_int_equal(pal_store_n_lost(place->store), 0);
}

/* What the child says it sent has been committed before, whenever it is killed. */
static void
talk_until_killed(struct place *place, int fd)
{
    open_store(place, 0, 0);
    for (int i = 0;; i++) {
        char line[32];
        (void)snprintf(line, sizeof(line), "%d-%d", (int)getpid(), i);
        (void)put(place, "k", line, "r");
        char told[32] = {0};
        (void)snprintf(told, sizeof(told), "%s", line);
        if (write(fd, told, sizeof(told)) != (ssize_t)sizeof(told)) {
            _exit(1);
        }
    }
}

struct search {
    const char *line;
    bool found;
};

static void
search_row(const struct pal_store_row *exchange, void *userdata)
{
    struct search *search = userdata;
    search->found |= strcmp(exchange->line, search->line) == 0;
}

static void
a_kill_at_any_moment_loses_nothing_that_was_sent(void **state)
{
    struct place *place = *state;
    size_t n_told = 0;
    for (int round = 0; round < 12; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(fds[0]);
            assert_int_equal(uv_loop_fork(&place->loop), 0);
            talk_until_killed(place, fds[1]);
        }
        (void)close(fds[1]);
        char last[32] = "";
        char told[32];
        int wanted = 3 + round; /* then at a moment of its own choosing */
        while (wanted-- > 0 && read(fds[0], told, sizeof(told)) == (ssize_t)sizeof(told)) {
            memcpy(last, told, sizeof(last));
            n_told++;
        }
        usleep((useconds_t)(round * 137));
        (void)kill(child, SIGKILL);
        while (read(fds[0], told, sizeof(told)) == (ssize_t)sizeof(told)) {
            memcpy(last, told, sizeof(last));
            n_told++;
        }
        (void)close(fds[0]);
        (void)waitpid(child, NULL, 0);
        struct search search = {.line = last};
        struct pal_error error = {.code = PAL_OK};
        assert_int_equal(pal_store_each(place->path, "k", search_row, &search, &error), PAL_OK);
        assert_true(search.found);
    }
    struct rows rows = {.n = 0};
    struct pal_error error;
    assert_int_equal(pal_store_each(place->path, NULL, on_row, &rows, &error), PAL_OK);
    assert_true(rows.n >= n_told);
    assert_int_equal(n_aside(place), 0);
}

static void
on_conversation(const struct pal_store_conversation *conversation, void *userdata)
{
    char *text = userdata;
    size_t len = strlen(text);
    (void)snprintf(text + len, 256 - len, "%s %s %d;", conversation->key, conversation->name,
                   (int)conversation->n_exchanges);
}

static void
the_command_lists_shows_and_erases(void **state)
{
    struct place *place = *state;
    struct pal_error error;
    char text[256] = "";
    assert_int_equal(pal_store_list(place->path, on_conversation, text, &error), PAL_ERR_NOT_FOUND);
    open_store(place, 0, 0);
    (void)put(place, "k1", "a", "r");
    (void)put(place, "k2", "b", "r");
    (void)put(place, "k1", "c", "r");
    assert_int_equal(pal_store_list(place->path, on_conversation, text, &error), PAL_OK);
    assert_string_equal(text, "k1 Ana 2;k2 Ana 1;");
    int64_t n = 0;
    assert_int_equal(pal_store_erase(place->path, "k1", &n, &error), PAL_OK);
    assert_int_equal(n, 2);
    assert_int_equal(load(place, "k1", 9).n, 0);
    assert_int_equal(pal_store_erase(place->path, NULL, &n, &error), PAL_OK);
    assert_int_equal(n, 1);
}

struct numbers {
    int next_after; /* a number greater than all seen */
    size_t n;
    size_t n_new; /* of the newest half of the maximum */
};

#define N_TOO_MANY 100
#define N_CHANGES  (PAL_STORE_CHANGES_MAX + N_TOO_MANY)

static void
on_number(const struct pal_store_row *exchange, void *userdata)
{
    struct numbers *numbers = userdata;
    int number = (int)strtol(exchange->line, NULL, 10);
    assert_true(number >= numbers->next_after);
    numbers->next_after = number + 1;
    numbers->n++;
    numbers->n_new += number >= N_CHANGES - PAL_STORE_CHANGES_MAX / 2 ? 1 : 0;
}

/* Whatever the writing thread holds at any moment: never more than the maximum, and the newest
 * stay, in their order. */
static void
too_many_changes_push_out_the_oldest(void **state)
{
    struct place *place = *state;
    open_store(place, 0, 0);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit none = {.rlim_cur = 4096, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    uint32_t most = 0;
    for (int i = 0; i < N_CHANGES; i++) {
        char line[16];
        (void)snprintf(line, sizeof(line), "%d", i);
        struct pal_store_row exchange = {.token = pal_store_new_token(place->store),
                                         .key = "k",
                                         .channel = "",
                                         .message_id = "",
                                         .name = "",
                                         .line = line,
                                         .reply = "r"};
        pal_store_put(place->store, &exchange, NULL, NULL);
        uint32_t n = pal_store_n_pending(place->store);
        most = n > most ? n : most;
    }
    assert_int_equal(most, PAL_STORE_CHANGES_MAX);
    assert_int_equal(pal_store_n_lost(place->store), N_TOO_MANY);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    close_store(place);
    struct numbers numbers = {.n = 0};
    struct pal_error error;
    assert_int_equal(pal_store_each(place->path, NULL, on_number, &numbers, &error), PAL_OK);
    assert_int_equal(numbers.n, PAL_STORE_CHANGES_MAX);
    assert_int_equal(numbers.n_new, PAL_STORE_CHANGES_MAX / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_said_is_there_after_a_restart_in_its_order,
                                        make_place, drop_place),
        cmocka_unit_test_setup_teardown(a_reply_is_sending_until_it_is_sent_or_dropped, make_place,
                                        drop_place),
        cmocka_unit_test_setup_teardown(what_is_forgotten_is_gone_from_the_files_too, make_place,
                                        drop_place),
        cmocka_unit_test_setup_teardown(the_file_stays_within_its_size_and_keeps_the_newest,
                                        make_place, drop_place),
        cmocka_unit_test_setup_teardown(what_is_too_old_goes, make_place, drop_place),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_kept_aside_and_a_new_one_begun,
                                        make_place, drop_place),
        cmocka_unit_test_setup_teardown(a_folder_that_can_not_be_made_is_told, make_place,
                                        drop_place),
        cmocka_unit_test_setup_teardown(a_full_disk_is_waited_out, make_place, drop_place),
        cmocka_unit_test_setup_teardown(a_kill_at_any_moment_loses_nothing_that_was_sent,
                                        make_place, drop_place),
        cmocka_unit_test_setup_teardown(the_command_lists_shows_and_erases, make_place, drop_place),
        cmocka_unit_test_setup_teardown(too_many_changes_push_out_the_oldest, make_place,
                                        drop_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
