/* The shared cache on disk: where it is, what is in it, whoever put it there. */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/cache.h"
#include "fetch/fetch.h"
#include "util/mem.h"

#define COMMIT "0123456789abcdef"

static char dir[64];
static const struct pal_fetch_spec spec = {.user = "user", .repo = "repo", .quant = "Q4_K_M"};

static int
make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/pal-cache-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static int
remove_dir(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A blob and its link, as a pull leaves them. */
static void
put_file(const char *commit, const char *file, const char *etag, const char *content)
{
    assert_int_equal(pal_cache_prepare(dir, &spec, NULL), PAL_OK);
    char *path = pal_cache_blob_path(dir, &spec, etag);
    FILE *blob = fopen(path, "w");
    assert_non_null(blob);
    assert_true(fputs(content, blob) >= 0);
    assert_int_equal(fclose(blob), 0);
    free(path);
    assert_int_equal(pal_cache_link(dir, &spec, commit, file, etag, NULL), PAL_OK);
}

static void
test_the_root_follows_the_environment(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *value, *root;
    } rows[] = {
        {"HOME", "/home/me", "/home/me/.cache/huggingface/hub"},
        {"XDG_CACHE_HOME", "/xdg", "/xdg/huggingface/hub"},
        {"HF_HOME", "/hf", "/hf/hub"},
        {"HF_HUB_CACHE", "/hub", "/hub"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        assert_int_equal(unsetenv(rows[i].variable), 0);
    }
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        assert_int_equal(setenv(rows[i].variable, rows[i].value, 1), 0);
        char *root = pal_cache_root();
        assert_string_equal(root, rows[i].root);
        free(root);
    }
}

static void
test_a_linked_file_is_found_with_and_without_refs(void **state)
{
    (void)state;
    assert_null(pal_cache_find(dir, &spec));
    put_file(COMMIT, "m-Q4_K_M.gguf", "aaaa", "old");
    char *path = pal_cache_find(dir, &spec);
    assert_non_null(path);
    assert_non_null(strstr(path, COMMIT "/m-Q4_K_M.gguf"));
    free(path);
    /* With refs/main, it is main's file that counts. */
    put_file("fedcba98", "m-Q4_K_M.gguf", "bbbb", "new");
    assert_int_equal(pal_cache_set_main(dir, &spec, "fedcba98", NULL), PAL_OK);
    path = pal_cache_find(dir, &spec);
    assert_non_null(strstr(path, "fedcba98"));
    free(path);
}

static void
test_broken_links_and_missing_parts_do_not_count(void **state)
{
    (void)state;
    put_file(COMMIT, "deep/m-Q4_K_M-00001-of-00002.gguf", "aaaa", "one");
    assert_null(pal_cache_find(dir, &spec));
    put_file(COMMIT, "deep/m-Q4_K_M-00002-of-00002.gguf", "bbbb", "two");
    char *path = pal_cache_find(dir, &spec);
    assert_non_null(path);
    free(path);
    path = pal_cache_blob_path(dir, &spec, "bbbb");
    assert_int_equal(unlink(path), 0);
    free(path);
    assert_null(pal_cache_find(dir, &spec));
}

static void
test_a_hostile_refs_main_leads_nowhere(void **state)
{
    (void)state;
    put_file(COMMIT, "m-Q4_K_M.gguf", "aaaa", "x");
    static const char *const refs[] = {"../../../../etc", "/etc", "..", "", "no-such-commit"};
    for (size_t i = 0; i < PAL_COUNT_OF(refs); i++) {
        assert_int_equal(pal_cache_set_main(dir, &spec, refs[i], NULL), PAL_OK);
        char *path = pal_cache_find(dir, &spec);
        assert_non_null(path);
        assert_non_null(strstr(path, COMMIT));
        free(path);
    }
}

struct found {
    size_t n;
    struct pal_cache_model last;
};

static void
count_model(const struct pal_cache_model *model, void *userdata)
{
    struct found *found = userdata;
    found->n++;
    found->last = *model;
}

static void
test_the_list_has_each_whole_model_once(void **state)
{
    (void)state;
    struct found found = {0};
    pal_cache_list(dir, count_model, &found);
    assert_int_equal(found.n, 0);
    put_file(COMMIT, "m-Q4_K_M-00001-of-00002.gguf", "aaaa", "one");
    put_file(COMMIT, "m-Q4_K_M-00002-of-00002.gguf", "bbbb", "three");
    put_file(COMMIT, "README.md", "cccc", "text");
    pal_cache_list(dir, count_model, &found);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.last.bytes, 8);
    assert_string_equal(found.last.user, "user");
    assert_string_equal(found.last.repo, "repo");
    assert_string_equal(found.last.file, "m-Q4_K_M-00001-of-00002.gguf");
}

static void
test_a_lock_is_taken_once(void **state)
{
    (void)state;
    int first;
    int second;
    struct pal_error error;
    assert_int_equal(pal_cache_prepare(dir, &spec, NULL), PAL_OK);
    assert_int_equal(pal_cache_lock(dir, &spec, "aaaa", &first, &error), PAL_OK);
    assert_int_equal(pal_cache_lock(dir, &spec, "aaaa", &second, &error), PAL_ERR_BUSY);
    assert_int_equal(pal_cache_lock(dir, &spec, "bbbb", &second, &error), PAL_OK);
    assert_int_equal(close(second), 0);
    assert_int_equal(close(first), 0);
    assert_int_equal(pal_cache_lock(dir, &spec, "aaaa", &first, &error), PAL_OK);
    assert_int_equal(close(first), 0);
}

static void
test_finding_by_name_says_how_to_get_it(void **state)
{
    (void)state;
    assert_int_equal(setenv("HF_HUB_CACHE", dir, 1), 0);
    char *path;
    struct pal_error error;
    assert_int_equal(pal_fetch_find("hf:user/repo", &path, &error), PAL_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "palabre model pull hf:user/repo"));
    assert_int_equal(pal_fetch_find("nonsense", &path, &error), PAL_ERR_ARGUMENT);
    put_file(COMMIT, "m-Q4_K_M.gguf", "aaaa", "x");
    assert_int_equal(pal_fetch_find("hf:user/repo:q4_k_m", &path, &error), PAL_OK);
    assert_int_equal(access(path, R_OK), 0);
    free(path);
}

int
main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_root_follows_the_environment),
        IN_DIR(test_a_linked_file_is_found_with_and_without_refs),
        IN_DIR(test_broken_links_and_missing_parts_do_not_count),
        IN_DIR(test_a_hostile_refs_main_leads_nowhere),
        IN_DIR(test_the_list_has_each_whole_model_once),
        IN_DIR(test_a_lock_is_taken_once),
        IN_DIR(test_finding_by_name_says_how_to_get_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
