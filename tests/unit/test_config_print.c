#include "test.h"

#include <stdio.h>

#include "config_case.h"
#include "config/print.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"
#include "util/utf8.h"

#define OUTPUT_BYTES_MAX ((size_t)128 * 1024)

static void
expect_file_is_current(const char *lang, const char *name)
{
    char *path = pal_path_join(PALABRE_SOURCE_DIR "/docs", name);
    char *text = NULL;
    size_t len = 0;
    struct pal_error error;
    struct pal_buf buf;
    pal_buf_init(&buf, OUTPUT_BYTES_MAX);
    pal_lang_init(lang);
    assert_int_equal(pal_config_print_docs(&buf), PAL_OK);
    pal_lang_init("en");
    assert_int_equal(pal_path_read(path, OUTPUT_BYTES_MAX, &text, &len, &error), PAL_OK);
    if (len != buf.len || memcmp(text, buf.data, len) != 0) {
        fail_msg("docs/%s is old: palabre config docs --lang %s > docs/%s", name, lang, name);
    }
    free(text);
    free(path);
    pal_buf_finish(&buf);
}

static void
test_documentation_is_current_in_both_languages(void **state)
{
    (void)state;
    expect_file_is_current("en", "configuration.md");
    expect_file_is_current("fr", "configuration.fr.md");
}

static void
test_every_setting_is_documented_with_default_flag_and_variable(void **state)
{
    (void)state;
    struct pal_buf buf;
    pal_buf_init(&buf, OUTPUT_BYTES_MAX);
    assert_int_equal(pal_config_print_docs(&buf), PAL_OK);
    for (size_t i = 0; i < pal_n_options; i++) {
        const struct pal_option *option = &pal_options[i];
        char flag[PAL_OPTION_NAME_MAX];
        char variable[PAL_OPTION_NAME_MAX];
        pal_option_flag(option, flag);
        pal_option_variable(option, variable);
        bool named = option->initial[0] != '\0';
        char *row = named ? pal_printf("| `%s` | `%s` |", option->key, option->initial)
                          : pal_printf("| `%s` | %s |", option->key,
                                       option->initial_en != NULL ? option->initial_en : "");
        char *names = pal_printf("`--%s`", flag);
        char *line = strstr(buf.data, row);
        assert_int_equal(line != NULL, !option->hidden);
        if (line != NULL) {
            char *end = strchr(line, '\n');
            *end = '\0';
            assert_non_null(strstr(line, names));
            assert_non_null(strstr(line, variable));
            assert_non_null(strstr(line, option->en));
            *end = '\n';
        }
        free(row);
        free(names);
    }
    pal_buf_finish(&buf);
}

static void
test_table_is_consistent(void **state)
{
    (void)state;
    for (size_t i = 0; i < pal_n_options; i++) {
        const struct pal_option *option = &pal_options[i];
        char flag[PAL_OPTION_NAME_MAX];
        char variable[PAL_OPTION_NAME_MAX];
        pal_option_flag(option, flag);
        pal_option_variable(option, variable);
        assert_ptr_equal(pal_option_by_key(option->key), option);
        assert_ptr_equal(pal_option_by_flag(flag), option);
        assert_true(option->letter == '\0' || pal_option_by_letter(option->letter) == option);
        assert_true(option->group != 0 && strlen(option->en) > 0 && strlen(option->fr) > 0);
        assert_true(strcmp(flag, "config") != 0 && strcmp(flag, "help") != 0);
        assert_int_equal(strncmp(variable, "PALABRE_", 8), 0);
        /* A text without a maximum, or a number without a range, would take nothing at all. */
        assert_true(option->max > option->min || option->type == PAL_OPTION_WORD ||
                    option->type == PAL_OPTION_BOOL);
        assert_true(option->hidden || option->initial[0] != '\0' || option->initial_en != NULL);
        size_t len = pal_option_section_len(option->key);
        char *section = pal_strndup(option->key, len);
        assert_true(pal_option_section_index(section) < pal_n_option_sections);
        free(section);
        for (size_t j = 0; j < i; j++) {
            char other[PAL_OPTION_NAME_MAX];
            pal_option_variable(&pal_options[j], other);
            assert_string_not_equal(other, variable);
            assert_int_not_equal(pal_options[j].offset, option->offset);
        }
    }
    for (size_t i = 0; i < pal_n_old_keys; i++) {
        const struct pal_old_key *old = &pal_old_keys[i];
        assert_null(pal_option_by_key(old->key));
        assert_true(old->instead == NULL || pal_option_by_key(old->instead) != NULL);
    }
}

static void
test_shown_values_read_back_to_the_same_and_tell_their_origin(void **state)
{
    (void)state;
    static const char text[] = "model: \"a \\\"b\\\".gguf\"\n"
                               "server: {allowed_hosts: [x, y], port: 1}\n"
                               "bot: {persona: \"1\\n2: # é\", temperature_chill: 0.35}\n"
                               "ai: {n_gpu_layers: all, gpu_profile: cpu_fallback, seed: 7}\n"
                               "avatar: {enabled: true}\n";
    struct config_case it;
    struct config_case again;
    struct pal_buf shown;
    struct pal_buf shown_again;
    pal_buf_init(&shown, OUTPUT_BYTES_MAX);
    pal_buf_init(&shown_again, OUTPUT_BYTES_MAX);
    case_read(&it, text, strlen(text));
    assert_int_equal(it.problems.n, 0);
    assert_int_equal(pal_config_print_values(&it.config, &shown), PAL_OK);
    assert_non_null(strstr(shown.data, "# t.yaml:2\n"));
    assert_non_null(strstr(shown.data, "# default\n"));
    case_read(&again, shown.data, shown.len);
    assert_int_equal(again.problems.n, 0);
    for (size_t i = 0; i < pal_n_options; i++) {
        struct pal_buf a;
        struct pal_buf b;
        pal_buf_init(&a, 1000);
        pal_buf_init(&b, 1000);
        assert_int_equal(pal_value_print(&it.config, &pal_options[i], &a), PAL_OK);
        assert_int_equal(pal_value_print(&again.config, &pal_options[i], &b), PAL_OK);
        assert_string_equal(a.data, b.data);
        pal_buf_finish(&a);
        pal_buf_finish(&b);
    }
    case_finish(&it);
    case_finish(&again);
    pal_buf_finish(&shown);
    pal_buf_finish(&shown_again);
}

static void
test_secrets_are_not_shown(void **state)
{
    (void)state;
    static const char text[] = "server: {api_key: hunter2}\n";
    struct config_case it;
    struct pal_buf shown;
    pal_buf_init(&shown, OUTPUT_BYTES_MAX);
    case_read(&it, text, strlen(text));
    assert_string_equal(it.config.server.api_key, "hunter2");
    assert_int_equal(pal_config_print_values(&it.config, &shown), PAL_OK);
    assert_null(strstr(shown.data, "hunter2"));
    assert_non_null(strstr(shown.data, "# api_key: (set, not shown)"));
    case_finish(&it);
    pal_buf_finish(&shown);
}

static void
test_help_fits_a_terminal_and_names_only_the_commands_own_flags(void **state)
{
    (void)state;
    static const struct pal_config_request request = {
        .command = "chat",
        .arguments = "[TEXT...]",
        .about_en = "Talks.",
        .about_fr = "Parle.",
        .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_BOT | PAL_GROUP_AI,
    };
    static const char *const langs[] = {"en", "fr"};
    for (size_t i = 0; i < PAL_COUNT_OF(langs); i++) {
        struct pal_buf buf;
        pal_buf_init(&buf, OUTPUT_BYTES_MAX);
        pal_lang_init(langs[i]);
        assert_int_equal(pal_config_print_help(&request, &buf), PAL_OK);
        pal_lang_init("en");
        assert_true(pal_utf8_valid(buf.data, buf.len));
        assert_non_null(strstr(buf.data, "palabre chat [options] [TEXT...]"));
        assert_non_null(strstr(buf.data, "-m, --model"));
        assert_non_null(strstr(buf.data, "--config"));
        assert_null(strstr(buf.data, "--port"));
        assert_null(strstr(buf.data, "--script"));
        for (char *line = buf.data; line != NULL && *line != '\0';) {
            size_t len = strcspn(line, "\n");
            assert_true(pal_utf8_count(line, len) <= 90);
            line += len + (line[len] == '\n' ? 1 : 0);
        }
        pal_buf_finish(&buf);
    }
}

static void
test_output_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct config_case it;
    case_read(&it, "", 0);
    for (size_t max = 0; max < 500; max += 7) {
        struct pal_buf buf;
        pal_buf_init(&buf, max);
        assert_int_equal(pal_config_print_values(&it.config, &buf), PAL_ERR_LIMIT);
        pal_buf_clear(&buf);
        assert_int_equal(pal_config_print_docs(&buf), PAL_ERR_LIMIT);
        pal_buf_finish(&buf);
    }
    case_finish(&it);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documentation_is_current_in_both_languages),
        cmocka_unit_test(test_every_setting_is_documented_with_default_flag_and_variable),
        cmocka_unit_test(test_table_is_consistent),
        cmocka_unit_test(test_shown_values_read_back_to_the_same_and_tell_their_origin),
        cmocka_unit_test(test_secrets_are_not_shown),
        cmocka_unit_test(test_help_fits_a_terminal_and_names_only_the_commands_own_flags),
        cmocka_unit_test(test_output_that_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
