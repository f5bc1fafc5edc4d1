#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/path.h"

static void
expect_text(char *got, const char *wanted)
{
    assert_non_null(got);
    assert_string_equal(got, wanted);
    free(got);
}

static void
test_user_dirs_follow_xdg_and_fall_back_to_home(void **state)
{
    (void)state;
    assert_int_equal(setenv("HOME", "/home/me", 1), 0);
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
    assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    expect_text(pal_path_user_dir(PAL_USER_DIR_CONFIG), "/home/me/.config/palabre");
    expect_text(pal_path_user_dir(PAL_USER_DIR_CACHE), "/home/me/.cache/palabre");
    expect_text(pal_path_user_dir(PAL_USER_DIR_DATA), "/home/me/.local/share/palabre");
    expect_text(pal_path_user_dir(PAL_USER_DIR_STATE), "/home/me/.local/state/palabre");
    assert_int_equal(setenv("XDG_CONFIG_HOME", "/elsewhere", 1), 0);
    expect_text(pal_path_user_dir(PAL_USER_DIR_CONFIG), "/elsewhere/palabre");
    /* The rules say: a path that is not absolute does not count. */
    assert_int_equal(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    expect_text(pal_path_user_dir(PAL_USER_DIR_CONFIG), "/home/me/.config/palabre");
    assert_int_equal(setenv("XDG_CONFIG_HOME", "", 1), 0);
    expect_text(pal_path_user_dir(PAL_USER_DIR_CONFIG), "/home/me/.config/palabre");
    /* No HOME: the password database knows. */
    assert_int_equal(unsetenv("HOME"), 0);
    char *dir = pal_path_user_dir(PAL_USER_DIR_CONFIG);
    assert_non_null(dir);
    assert_int_equal(dir[0], '/');
    free(dir);
    assert_int_equal(setenv("HOME", "/home/me", 1), 0);
}

static void
test_paths_are_joined_split_and_expanded(void **state)
{
    (void)state;
    expect_text(pal_path_join("/a", "b"), "/a/b");
    expect_text(pal_path_join("/a//", "b"), "/a/b");
    expect_text(pal_path_join("/", "b"), "/b");
    expect_text(pal_path_parent("/a/b"), "/a");
    expect_text(pal_path_parent("/a"), "/");
    expect_text(pal_path_parent("a"), ".");
    expect_text(pal_path_expand("~/x"), "/home/me/x");
    expect_text(pal_path_expand("~other/x"), "~other/x");
    expect_text(pal_path_expand("x~/y"), "x~/y");
}

static void
test_program_is_this_file(void **state)
{
    (void)state;
    char *program = pal_path_program();
    assert_non_null(program);
    assert_non_null(strstr(program, "/test_path"));
    assert_true(pal_path_is_file(program));
    assert_false(pal_path_is_dir(program));
    free(program);
}

static void
test_folders_are_made_with_their_parents_for_the_owner_alone(void **state)
{
    char *path = pal_path_join(*state, "a/b/c");
    struct pal_error error;
    assert_int_equal(pal_path_make_dirs(path, &error), PAL_OK);
    assert_int_equal(pal_path_make_dirs(path, &error), PAL_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    char *file = pal_path_join(path, "file");
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(pal_path_make_dirs(file, &error), PAL_ERR_IO);
    assert_non_null(strstr(error.text, "no folder"));
    free(file);
    free(path);
}

static void
test_file_is_read_whole_up_to_the_maximum(void **state)
{
    char *path = pal_path_join(*state, "text");
    char *text = NULL;
    size_t len = 0;
    struct pal_error error;
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fputs("hello", stream) >= 0, 1);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(pal_path_read(path, 5, &text, &len, &error), PAL_OK);
    assert_int_equal(len, 5);
    assert_string_equal(text, "hello");
    free(text);
    text = NULL;
    assert_int_equal(pal_path_read(path, 4, &text, &len, &error), PAL_ERR_LIMIT);
    assert_null(text);
    assert_int_equal(pal_path_read(*state, 4, &text, &len, &error), PAL_ERR_IO);
    assert_int_equal(pal_path_read("/nowhere/at/all", 4, &text, &len, &error), PAL_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "'/nowhere/at/all'"));
    assert_int_equal(unlink(path), 0);
    free(path);
}

static int
make_folder(void **state)
{
    char pattern[] = "/tmp/palabre-path-XXXXXX";
    *state = pal_strdup(mkdtemp(pattern));
    return *state == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
    static const char *const below[] = {"a/b/c/file", "a/b/c", "a/b", "a", "."};
    for (size_t i = 0; i < PAL_COUNT_OF(below); i++) {
        char *path =
            i + 1 < PAL_COUNT_OF(below) ? pal_path_join(*state, below[i]) : pal_strdup(*state);
        (void)remove(path);
        free(path);
    }
    free(*state);
    return 0;
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_dirs_follow_xdg_and_fall_back_to_home),
        cmocka_unit_test(test_paths_are_joined_split_and_expanded),
        cmocka_unit_test(test_program_is_this_file),
        cmocka_unit_test(test_folders_are_made_with_their_parents_for_the_owner_alone),
        cmocka_unit_test(test_file_is_read_whole_up_to_the_maximum),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
