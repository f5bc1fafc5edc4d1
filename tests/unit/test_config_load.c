/* Which source wins, and what several settings say together. */
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "config_case.h"
#include "util/mem.h"
#include "util/path.h"

static const struct pal_config_request request = {
    .command = "run",
    .arguments = "",
    .about_en = "",
    .about_fr = "",
    .groups = PAL_GROUP_ALL,
};

struct folder {
    char *path;
    char *system_path;
    char *user_path;
    char *other_path;
};

static void
write_file(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static enum pal_err
load(struct config_case *it, const struct folder *folder, const char *const *environment,
     const char *const *flags)
{
    char *argv[8] = {pal_strdup("run")};
    int argc = 1;
    for (; flags != NULL && flags[argc - 1] != NULL; argc++) {
        argv[argc] = pal_strdup(flags[argc - 1]);
    }
    static const char *const nothing[] = {NULL};
    struct pal_config_sources sources = {
        .system_path = folder->system_path,
        .user_path = folder->user_path,
        .environment = environment != NULL ? environment : nothing,
    };
    *it = (struct config_case){0};
    enum pal_err err =
        pal_config_load_from(&request, &sources, argc, argv, &it->config, &it->problems);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    return err;
}

static const struct pal_origin *
origin(const struct config_case *it, const char *key)
{
    return &it->config.origins[pal_option_index(pal_option_by_key(key))];
}

static void
test_each_source_wins_over_those_before_it(void **state)
{
    const struct folder *folder = *state;
    struct config_case it;
    static const char *const environment[] = {"PALABRE_SERVER_PORT=4", "PALABRE_BOT_NAME=Env",
                                              "PALABRE_LOG_LEVEL=", NULL};
    static const char *const flags[] = {"--port", "5", NULL};
    assert_int_equal(load(&it, folder, NULL, NULL), PAL_OK);
    assert_int_equal(it.config.server.port, 7252);
    assert_int_equal(origin(&it, "server.port")->kind, PAL_ORIGIN_DEFAULT);
    case_finish(&it);

    write_file(folder->system_path, "server: {port: 2, max_connections: 22}\n");
    assert_int_equal(load(&it, folder, NULL, NULL), PAL_OK);
    assert_int_equal(it.config.server.port, 2);
    assert_string_equal(origin(&it, "server.port")->name, folder->system_path);
    case_finish(&it);

    write_file(folder->user_path, "server: {port: 3}\nbot: {name: File}\nlog: {level: debug}\n");
    assert_int_equal(load(&it, folder, NULL, NULL), PAL_OK);
    assert_int_equal(it.config.server.port, 3);
    assert_int_equal(it.config.server.max_connections, 22);
    assert_string_equal(it.config.bot.name, "File");
    assert_string_equal(it.config.user_file, folder->user_path);
    case_finish(&it);

    assert_int_equal(load(&it, folder, environment, NULL), PAL_OK);
    assert_int_equal(it.config.server.port, 4);
    assert_string_equal(it.config.bot.name, "Env");
    assert_int_equal(it.config.log.level, 3); /* an empty variable says nothing */
    assert_string_equal(origin(&it, "server.port")->name, "PALABRE_SERVER_PORT");
    case_finish(&it);

    assert_int_equal(load(&it, folder, environment, flags), PAL_OK);
    assert_int_equal(it.config.server.port, 5);
    assert_int_equal(origin(&it, "server.port")->kind, PAL_ORIGIN_FLAG);
    assert_string_equal(origin(&it, "server.port")->name, "--port");
    case_finish(&it);
}

static void
test_a_named_file_takes_the_place_of_both(void **state)
{
    const struct folder *folder = *state;
    struct config_case it;
    const char *flags[] = {"--config", folder->other_path, NULL};
    write_file(folder->system_path, "server: {port: 2}\n");
    write_file(folder->user_path, "server: {port: 3}\n");
    assert_int_equal(load(&it, folder, NULL, flags), PAL_ERR_CONFIG);
    assert_non_null(strstr(it.problems.items[0].text, folder->other_path));
    case_finish(&it);

    write_file(folder->other_path, "bot: {name: Other}\n");
    assert_int_equal(load(&it, folder, NULL, flags), PAL_OK);
    assert_int_equal(it.config.server.port, 7252);
    assert_string_equal(it.config.bot.name, "Other");
    assert_string_equal(it.config.user_file, folder->other_path);
    case_finish(&it);

    char *variable = pal_printf("PALABRE_CONFIG=%s", folder->other_path);
    const char *environment[] = {variable, NULL};
    assert_int_equal(load(&it, folder, environment, NULL), PAL_OK);
    assert_string_equal(it.config.bot.name, "Other");
    case_finish(&it);
    free(variable);
}

static void
test_every_setting_can_be_given_by_its_variable(void **state)
{
    const struct folder *folder = *state;
    static const struct {
        enum pal_option_type type;
        const char *value, *printed;
    } samples[] = {
        {PAL_OPTION_BOOL, "true", "true"}, {PAL_OPTION_NUMBER, "0.75", "0.75"},
        {PAL_OPTION_DURATION, "7", "7"},   {PAL_OPTION_TEXT, "x", "\"x\""},
        {PAL_OPTION_PROSE, "x", "\"x\""},  {PAL_OPTION_PATH, "x", "\"x\""},
        {PAL_OPTION_SECRET, "x", "\"x\""}, {PAL_OPTION_LIST, "x,y", "[\"x\", \"y\"]"},
    };
    for (size_t i = 0; i < pal_n_options; i++) {
        const struct pal_option *option = &pal_options[i];
        const char *value = option->type == PAL_OPTION_WORD ? option->words[1].word : NULL;
        const char *printed = value;
        for (size_t j = 0; j < PAL_COUNT_OF(samples); j++) {
            value = samples[j].type == option->type ? samples[j].value : value;
            printed = samples[j].type == option->type ? samples[j].printed : printed;
        }
        char most[32];
        if (option->type == PAL_OPTION_INTEGER) {
            (void)snprintf(most, sizeof(most), "%.0f", option->max);
            value = most;
            printed = most;
        }
        char name[PAL_OPTION_NAME_MAX];
        pal_option_variable(option, name);
        char *variable = pal_printf("%s=%s", name, value);
        const char *environment[] = {variable, NULL};
        struct config_case it;
        struct pal_buf buf;
        pal_buf_init(&buf, 1000);
        enum pal_err err = load(&it, folder, environment, NULL);
        /* The values that name a file which must be there. */
        bool is_file = strcmp(option->key, "server.api_key_file") == 0 ||
                       strcmp(option->key, "engine.upstream_keys_file") == 0;
        assert_int_equal(err, is_file ? PAL_ERR_CONFIG : PAL_OK);
        assert_int_equal(pal_value_print(&it.config, option, &buf), PAL_OK);
        assert_string_equal(buf.data, printed);
        assert_string_equal(it.config.origins[i].name, name);
        pal_buf_finish(&buf);
        case_finish(&it);
        free(variable);
    }
}

static void
test_a_bad_variable_is_an_error_and_a_near_miss_a_warning(void **state)
{
    const struct folder *folder = *state;
    struct config_case it;
    static const char *const bad[] = {"PALABRE_SERVER_PORT=many", NULL};
    static const char *const near[] = {"PALABRE_SERVER_PROT=80", "PALABRE_SOMETHING_ELSE=1",
                                       "PALABRE=1", "HOME=/x", NULL};
    assert_int_equal(load(&it, folder, bad, NULL), PAL_ERR_CONFIG);
    assert_string_equal(it.problems.items[0].where, "PALABRE_SERVER_PORT");
    case_finish(&it);
    assert_int_equal(load(&it, folder, near, NULL), PAL_OK);
    assert_int_equal(it.problems.n, 1);
    assert_int_equal(it.problems.items[0].kind, PAL_PROBLEM_WARNING);
    assert_string_equal(it.problems.items[0].where, "PALABRE_SERVER_PROT");
    assert_non_null(strstr(it.problems.items[0].text, "'PALABRE_SERVER_PORT'"));
    case_finish(&it);
}

static void
test_the_key_is_read_from_its_file(void **state)
{
    const struct folder *folder = *state;
    struct config_case it;
    char *file_flag = pal_printf("--api-key-file=%s", folder->other_path);
    const char *flags[] = {file_flag, NULL};
    write_file(folder->other_path, "s3cret\n");
    assert_int_equal(load(&it, folder, NULL, flags), PAL_OK);
    assert_string_equal(it.config.server.api_key, "s3cret");
    case_finish(&it);

    /* What is said nearer to the command line wins ... */
    static const char *const environment[] = {"PALABRE_SERVER_API_KEY=env", NULL};
    assert_int_equal(load(&it, folder, environment, flags), PAL_OK);
    assert_string_equal(it.config.server.api_key, "s3cret");
    case_finish(&it);
    char *variable = pal_printf("PALABRE_SERVER_API_KEY_FILE=%s", folder->other_path);
    const char *file_environment[] = {variable, NULL};
    static const char *const key_flag[] = {"--api-key", "flag", NULL};
    assert_int_equal(load(&it, folder, file_environment, key_flag), PAL_OK);
    assert_string_equal(it.config.server.api_key, "flag");
    case_finish(&it);
    /* ... and both at once are a contradiction. */
    const char *both[] = {file_flag, "--api-key=x", NULL};
    assert_int_equal(load(&it, folder, NULL, both), PAL_ERR_CONFIG);
    case_finish(&it);

    static const char *const wrong[] = {"", "\n", "two\nlines\n"};
    for (size_t i = 0; i < PAL_COUNT_OF(wrong); i++) {
        write_file(folder->other_path, wrong[i]);
        assert_int_equal(load(&it, folder, NULL, flags), PAL_ERR_CONFIG);
        assert_null(strstr(it.problems.items[0].text, "two"));
        case_finish(&it);
    }
    assert_int_equal(unlink(folder->other_path), 0);
    assert_int_equal(load(&it, folder, NULL, flags), PAL_ERR_CONFIG);
    case_finish(&it);
    free(variable);
    free(file_flag);
}

static void
test_a_huge_file_and_a_folder_are_refused(void **state)
{
    const struct folder *folder = *state;
    struct config_case it;
    FILE *stream = fopen(folder->user_path, "w");
    assert_non_null(stream);
    for (size_t i = 0; i <= PAL_YAML_BYTES_MAX; i++) {
        assert_true(fputc('#', stream) != EOF);
    }
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(load(&it, folder, NULL, NULL), PAL_ERR_CONFIG);
    assert_non_null(strstr(it.problems.items[0].text, "longer than 262144 bytes"));
    case_finish(&it);
    const char *flags[] = {"--config", folder->path, NULL};
    assert_int_equal(load(&it, folder, NULL, flags), PAL_ERR_CONFIG);
    assert_non_null(strstr(it.problems.items[0].text, "folder"));
    case_finish(&it);
}

static int
setup(void **state)
{
    char pattern[] = "/tmp/palabre-config-XXXXXX";
    struct folder *folder = pal_calloc(1, sizeof(*folder));
    folder->path = pal_strdup(mkdtemp(pattern));
    if (folder->path == NULL) {
        return -1;
    }
    folder->system_path = pal_path_join(folder->path, "system.yaml");
    folder->user_path = pal_path_join(folder->path, "user.yaml");
    folder->other_path = pal_path_join(folder->path, "other.yaml");
    *state = folder;
    return 0;
}

static int
teardown(void **state)
{
    struct folder *folder = *state;
    (void)unlink(folder->system_path);
    (void)unlink(folder->user_path);
    (void)unlink(folder->other_path);
    (void)rmdir(folder->path);
    free(folder->path);
    free(folder->system_path);
    free(folder->user_path);
    free(folder->other_path);
    free(folder);
    return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        TEST(test_each_source_wins_over_those_before_it),
        TEST(test_a_named_file_takes_the_place_of_both),
        TEST(test_every_setting_can_be_given_by_its_variable),
        TEST(test_a_bad_variable_is_an_error_and_a_near_miss_a_warning),
        TEST(test_the_key_is_read_from_its_file),
        TEST(test_a_huge_file_and_a_folder_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
