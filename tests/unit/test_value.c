#include "test.h"

#include <locale.h>

#include "config_case.h"
#include "util/mem.h"
#include "util/text.h"

static struct pal_config config;

static bool
set(const char *key, const char *text, struct pal_value_fault *fault)
{
    const struct pal_option *option = pal_option_by_key(key);
    assert_non_null(option);
    return pal_value_set(&config, option, text, strlen(text), fault);
}

static void
expect_printed(const char *key, const char *wanted)
{
    struct pal_buf buf;
    pal_buf_init(&buf, 1000);
    assert_int_equal(pal_value_print(&config, pal_option_by_key(key), &buf), PAL_OK);
    assert_string_equal(buf.data, wanted);
    pal_buf_finish(&buf);
}

static void
test_allowed_values_are_read_and_printed_back(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text, *printed;
    } cases[] = {
        {"server.port", "0", "0"},
        {"server.port", "65535", "65535"},
        {"server.port", "+80", "80"},
        {"server.port", "007", "7"},
        {"ai.n_threads", "auto", "auto"},
        {"ai.n_threads", "12", "12"},
        {"ai.n_gpu_layers", "all", "all"},
        {"ai.n_gpu_layers", "auto", "auto"},
        {"ai.n_gpu_layers", "20", "20"},
        {"ai.seed", "4294967295", "4294967295"},
        {"ai.seed", "random", "random"},
        {"ai.gpu_profile", "balanced", "balanced"},
        {"ai.gpu_profile", "cpu_fallback", "cpu"},
        {"log.level", "trace", "trace"},
        {"bot.temperature_chill", "0", "0"},
        {"bot.temperature_chill", "2.0", "2"},
        {"bot.temperature_chill", "0.125", "0.125"},
        {"bot.temperature_chill", ".5", "0.5"},
        {"bot.temperature_chill", "1.", "1"},
        {"bot.model_timeout", "10", "10"},
        {"bot.model_timeout", "10s", "10"},
        {"bot.model_timeout", "1500ms", "1.5"},
        {"bot.model_timeout", "2m", "120"},
        {"bot.model_timeout", "1h", "3600"},
        {"bot.model_timeout", "0", "0"},
        {"avatar.enabled", "yes", "true"},
        {"avatar.enabled", "on", "true"},
        {"avatar.enabled", "0", "false"},
        {"bot.name", "Zoé", "\"Zoé\""},
        {"bot.name", "", "\"\""},
        {"bot.persona", "a \"b\"\n\tc\\d", "\"a \\\"b\\\"\\n\\tc\\\\d\""},
        {"server.allowed_hosts", "a.example, b.example", "[\"a.example\", \"b.example\"]"},
        {"server.allowed_hosts", "", "[]"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_value_fault fault;
        assert_true(set(cases[i].key, cases[i].text, &fault));
        expect_printed(cases[i].key, cases[i].printed);
    }
}

static void
test_other_values_are_refused_and_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text, *why;
    } cases[] = {
        {"server.port", "65536", "from 0 to 65535"},
        {"server.port", "-1", "from 0 to 65535"},
        {"server.port", "", "a whole number"},
        {"server.port", "80a", "a whole number"},
        {"server.port", "8e1", "a whole number"},
        {"server.port", "0x50", "a whole number"},
        {"server.port", "80.0", "a whole number"},
        {"server.port", " 80", "a whole number"},
        {"server.port", "99999999999999999999", "a whole number"},
        {"ai.n_threads", "0", "from 1 to 512, or auto"},
        {"ai.n_threads", "Auto", "did you mean 'auto'?"},
        {"ai.n_gpu_layers", "-1", "from 0 to 1000, or auto or all"},
        {"ai.gpu_profile", "balancd", "did you mean 'balanced'?"},
        {"log.level", "loud", "one of error, warn, info, debug, trace"},
        {"bot.temperature_chill", "2.1", "from 0 to 2"},
        {"bot.temperature_chill", "0,8", "with a decimal point"},
        {"bot.temperature_chill", "nan", "a number"},
        {"bot.temperature_chill", "1.2.3", "a number"},
        {"bot.temperature_chill", "-", "a number"},
        {"bot.temperature_chill", ".", "a number"},
        {"bot.temperature_chill", "10s", "a number"},
        {"ai.repeat_penalty", "0.4", "from 0.5 to 2"},
        {"bot.model_timeout", "2h", "from 0 to 3600 seconds"},
        {"bot.model_timeout", "10x", "(10, 500ms, 2m, 1h)"},
        {"avatar.enabled", "maybe", "true or false"},
        {"bot.name", "a\nb", "one line of text"},
        {"bot.name", "a\xFF", "one line of text"},
        {"bot.persona", "a\x1b", "it must be text"},
        {"server.allowed_hosts", "a,,b", "a list"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        const struct pal_option *option = pal_option_by_key(cases[i].key);
        struct pal_value_fault fault;
        struct pal_buf before;
        pal_buf_init(&before, 1000);
        assert_int_equal(pal_value_print(&config, option, &before), PAL_OK);
        assert_false(set(cases[i].key, cases[i].text, &fault));
        assert_non_null(strstr(fault.text, cases[i].key));
        if (strstr(fault.text, cases[i].why) == NULL) {
            fail_msg("'%s' lacks '%s'", fault.text, cases[i].why);
        }
        expect_printed(cases[i].key, before.data);
        pal_buf_finish(&before);
    }
}

static void
test_secret_is_never_in_the_message(void **state)
{
    (void)state;
    struct pal_value_fault fault;
    assert_false(set("server.api_key", "hunter2\n", &fault));
    assert_null(strstr(fault.text, "hunter2"));
}

static void
test_texts_have_a_maximum(void **state)
{
    (void)state;
    struct pal_value_fault fault;
    char name[66];
    memset(name, 'x', sizeof(name));
    name[64] = '\0';
    assert_true(set("bot.name", name, &fault));
    name[64] = 'x';
    name[65] = '\0';
    assert_false(set("bot.name", name, &fault));
    assert_non_null(strstr(fault.text, "64 bytes at most"));
    char hosts[200];
    size_t len = 0;
    for (int i = 0; i < 65; i++) {
        hosts[len++] = 'h';
        hosts[len++] = ',';
    }
    hosts[len - 1] = '\0';
    assert_false(set("server.allowed_hosts", hosts, &fault));
    assert_non_null(strstr(fault.text, "64 at most"));
}

static void
test_numbers_do_not_depend_on_the_locale(void **state)
{
    (void)state;
    /* Any locale with a comma that the machine has; without one this is the C locale again. */
    (void)setlocale(LC_ALL, "fr_FR.UTF-8");
    struct pal_value_fault fault;
    assert_true(set("bot.temperature_chill", "0.75", &fault));
    expect_printed("bot.temperature_chill", "0.75");
    (void)setlocale(LC_ALL, "C");
}

static void
test_both_languages_describe_every_setting(void **state)
{
    (void)state;
    for (size_t i = 0; i < pal_n_options; i++) {
        char english[256];
        char french[256];
        pal_lang_init("en");
        pal_value_describe(&pal_options[i], english, sizeof(english));
        pal_lang_init("fr");
        pal_value_describe(&pal_options[i], french, sizeof(french));
        assert_true(strlen(english) > 0 && strlen(french) > 0);
        assert_string_not_equal(english, french);
    }
    pal_lang_init("en");
}

static int
setup(void **state)
{
    (void)state;
    pal_config_init(&config);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    pal_config_finish(&config);
    return 0;
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allowed_values_are_read_and_printed_back),
        cmocka_unit_test(test_other_values_are_refused_and_change_nothing),
        cmocka_unit_test(test_secret_is_never_in_the_message),
        cmocka_unit_test(test_texts_have_a_maximum),
        cmocka_unit_test(test_numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(test_both_languages_describe_every_setting),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
