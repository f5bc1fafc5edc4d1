#include "test.h"

#include "config_case.h"
#include "util/mem.h"

#define WORDS_MAX 8

static const struct pal_config_request chat = {
    .command = "chat",
    .arguments = "[TEXT...]",
    .about_en = "",
    .about_fr = "",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_BOT | PAL_GROUP_AVATAR,
    .n_args_max = 2,
};

/* argv must outlive the configuration: literals do. */
static enum pal_err
load(struct config_case *it, const char *const *words)
{
    static char *argv[WORDS_MAX + 1];
    static char room[WORDS_MAX + 1][64];
    int argc = 1;
    argv[0] = room[0];
    for (int i = 0; words[i] != NULL; i++) {
        assert_true(i < WORDS_MAX && strlen(words[i]) < sizeof(room[0]));
        memcpy(room[argc], words[i], strlen(words[i]) + 1);
        argv[argc] = room[argc];
        argc++;
    }
    static const char *const environment[] = {NULL};
    struct pal_config_sources sources = {.environment = environment};
    *it = (struct config_case){0};
    return pal_config_load_from(&chat, &sources, argc, argv, &it->config, &it->problems);
}

static void
test_flags_are_read_in_every_usual_form(void **state)
{
    (void)state;
    static const char *const forms[][WORDS_MAX] = {
        {"--model", "x"}, {"--model=x"}, {"-m", "x"}, {"-mx"}, {"-m", "y", "--model", "x"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(forms); i++) {
        struct config_case it;
        assert_int_equal(load(&it, forms[i]), PAL_OK);
        assert_string_equal(it.config.model, "x");
        case_finish(&it);
    }
}

static void
test_truths_stand_alone(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        bool enabled;
    } cases[] = {
        {{"--avatar"}, true},     {{"--avatar=false"}, false},
        {{"--no-avatar"}, false}, {{"--no-avatar", "--avatar"}, true},
        {{"--avatar=on"}, true},  {{"--avatar", "--no-avatar"}, false},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct config_case it;
        assert_int_equal(load(&it, cases[i].words), PAL_OK);
        assert_int_equal(it.config.avatar.enabled, cases[i].enabled);
        case_finish(&it);
    }
}

static void
test_other_words_are_kept_in_order(void **state)
{
    (void)state;
    struct config_case it;
    static const char *const words[] = {"one", "--model", "x", "--", "--two", NULL};
    assert_int_equal(load(&it, words), PAL_OK);
    assert_int_equal(it.config.n_args, 2);
    assert_string_equal(it.config.args[0], "one");
    assert_string_equal(it.config.args[1], "--two");
    case_finish(&it);
    static const char *const dash[] = {"-", NULL};
    assert_int_equal(load(&it, dash), PAL_OK);
    assert_string_equal(it.config.args[0], "-");
    case_finish(&it);
}

static void
test_a_value_may_look_like_a_flag(void **state)
{
    (void)state;
    struct config_case it;
    static const char *const words[] = {"--persona", "--quiet", "--bot-name=-x", NULL};
    assert_int_equal(load(&it, words), PAL_OK);
    assert_string_equal(it.config.bot.persona, "--quiet");
    assert_string_equal(it.config.bot.name, "-x");
    case_finish(&it);
}

static void
test_each_slip_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *where, *says;
    } cases[] = {
        {{"--modle", "x"}, "--modle", "did you mean '--model'?"},
        {{"--xyzzy"}, "--xyzzy", "see 'palabre chat --help'"},
        {{"-z"}, "-z", "unknown option"},
        {{"--model"}, "--model", "needs a value"},
        {{"-m"}, "-m", "needs a value"},
        {{"--config"}, "--config", "needs a value"},
        {{"--port", "80"}, "--port", "'palabre chat' has no use for it"},
        {{"--no-model"}, "--no-model", "unknown option"},
        {{"--no-avatar=true"}, "--no-avatar", "takes no value"},
        {{"--bot-max-tokens-chill=x"},
         "--bot-max-tokens-chill",
         "'bot.max_tokens_chill' can't be 'x'"},
        {{"a", "b", "c"}, NULL, "unexpected 'c'"},
        {{"--"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
         "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "unknown option"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct config_case it;
        assert_int_equal(load(&it, cases[i].words), PAL_ERR_ARGUMENT);
        assert_int_equal(it.problems.n, 1);
        if (cases[i].where != NULL) {
            assert_string_equal(it.problems.items[0].where, cases[i].where);
        }
        if (strstr(it.problems.items[0].text, cases[i].says) == NULL) {
            fail_msg("'%s' lacks '%s'", it.problems.items[0].text, cases[i].says);
        }
        case_finish(&it);
    }
}

static void
test_help_comes_before_everything_else(void **state)
{
    (void)state;
    static const char *const forms[][WORDS_MAX] = {
        {"--help"}, {"-h"}, {"--xyzzy", "--help"}, {"--config", "/nowhere", "-h"}};
    for (size_t i = 0; i < PAL_COUNT_OF(forms); i++) {
        struct config_case it;
        assert_int_equal(load(&it, forms[i]), PAL_OK);
        assert_true(it.config.wants_help);
        assert_int_equal(it.problems.n, 0);
        case_finish(&it);
    }
    /* Not where it is another flag's value, or behind "--". */
    struct config_case it;
    static const char *const value[] = {"--persona", "--help", "--", "-h", NULL};
    assert_int_equal(load(&it, value), PAL_OK);
    assert_false(it.config.wants_help);
    case_finish(&it);
}

static void
test_language_is_known_before_anything_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *variable, *lang;
    } cases[] = {
        {{"run"}, NULL, NULL},
        {{"run"}, "fr", "fr"},
        {{"run", "--lang", "en"}, "fr", "en"},
        {{"run", "--lang=fr"}, NULL, "fr"},
        {{"run", "--lang", "de"}, NULL, NULL},
        {{"run", "--lang"}, NULL, NULL},
        {{"run", "--", "--lang=fr"}, NULL, NULL},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        char *argv[WORDS_MAX] = {NULL};
        int argc = 0;
        for (; cases[i].words[argc] != NULL; argc++) {
            argv[argc] = pal_strdup(cases[i].words[argc]);
        }
        if (cases[i].variable != NULL) {
            assert_int_equal(setenv("PALABRE_LANG", cases[i].variable, 1), 0);
        } else {
            assert_int_equal(unsetenv("PALABRE_LANG"), 0);
        }
        const char *lang = pal_config_early_lang(argc, argv);
        if (cases[i].lang == NULL) {
            assert_null(lang);
        } else {
            assert_string_equal(lang, cases[i].lang);
        }
        for (int j = 0; j < argc; j++) {
            free(argv[j]);
        }
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_are_read_in_every_usual_form),
        cmocka_unit_test(test_truths_stand_alone),
        cmocka_unit_test(test_other_words_are_kept_in_order),
        cmocka_unit_test(test_a_value_may_look_like_a_flag),
        cmocka_unit_test(test_each_slip_is_named),
        cmocka_unit_test(test_help_comes_before_everything_else),
        cmocka_unit_test(test_language_is_known_before_anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
