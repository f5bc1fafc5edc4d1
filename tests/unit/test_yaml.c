/* Right files and files with honest mistakes; test_yaml_hostile.c has the rest. */
#include "test.h"

#include "config_case.h"
#include "util/mem.h"
#include "util/text.h"

static void
test_the_first_seeds_file_is_read_as_it_stands(void **state)
{
    (void)state;
    static const char text[] = "bot:\n"
                               "  max_tokens_chill: 90         # Évite troncatures\n"
                               "  temperature_chill: 0.7       # Diversité réponses\n"
                               "  model_timeout: 9             # Généreux pour CPU fallback\n"
                               "\n"
                               "rate_limiting:\n"
                               "  max_concurrent_users: 3      # Limite charge parallèle\n"
                               "  max_messages_per_user: 8     # Contexte maîtrisé (~180 tokens)\n"
                               "  max_idle_time: 420           # Nettoyage mémoire\n";
    struct config_case it;
    case_read(&it, text, strlen(text));
    assert_int_equal(it.problems.n, 0);
    assert_int_equal(it.config.bot.max_tokens_chill, 90);
    assert_true(it.config.bot.temperature_chill == 0.7);
    assert_true(it.config.bot.model_timeout == 9);
    assert_int_equal(it.config.rate_limiting.max_concurrent_users, 3);
    assert_int_equal(it.config.rate_limiting.max_messages_per_user, 8);
    assert_true(it.config.rate_limiting.max_idle_time == 420);
    case_finish(&it);
}

static void
test_the_second_seeds_json_is_read_as_it_stands(void **state)
{
    (void)state;
    static const char text[] = "{\n  \"ai\": {\n    \"gpu_profile\": \"balanced\"\n  }\n}\n";
    struct config_case it;
    case_read(&it, text, strlen(text));
    assert_int_equal(it.problems.n, 0);
    assert_int_equal(it.config.ai.gpu_profile, PAL_CONFIG_PROFILE_BALANCED);
    case_finish(&it);
}

static void
test_every_kind_of_value_can_be_written(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF" /* a byte order mark, as Windows editors leave it */
                               "# a comment\r\n"
                               "model: \"a b.gguf\"\r\n"
                               "server: {port: 80, host: '::1',\r\n"
                               "  allowed_hosts: [a.example, \"b.example\"]}\r\n"
                               "bot:\r\n"
                               "  persona: |\r\n"
                               "    One.\r\n"
                               "    \tTwo.\r\n"
                               "ai:\r\n"
                               "  n_threads: auto\r\n"
                               "  top_p:\r\n"
                               "  min_p: ~\r\n"
                               "  seed: null\r\n"
                               "avatar: {enabled: yes}\r\n"
                               "log:\r\n";
    struct config_case it;
    case_read(&it, text, strlen(text));
    assert_int_equal(it.problems.n, 0);
    assert_string_equal(it.config.model, "a b.gguf");
    assert_int_equal(it.config.server.port, 80);
    assert_string_equal(it.config.server.host, "::1");
    assert_int_equal(it.config.server.allowed_hosts.n, 2);
    assert_string_equal(it.config.server.allowed_hosts.items[1], "b.example");
    assert_null(it.config.server.allowed_hosts.items[2]);
    assert_string_equal(it.config.bot.persona, "One.\n\tTwo.\n");
    assert_true(it.config.avatar.enabled);
    /* Without a value a key says nothing. */
    assert_true(it.config.ai.top_p == 0.9);
    assert_true(it.config.ai.min_p == 0.05);
    assert_int_equal(it.config.ai.seed, PAL_CONFIG_SEED_DRAWN);
    const struct pal_origin *origins = it.config.origins;
    const struct pal_origin *port = &origins[pal_option_index(pal_option_by_key("server.port"))];
    assert_int_equal(port->kind, PAL_ORIGIN_FILE);
    assert_string_equal(port->name, "t.yaml");
    assert_int_equal(port->line, 3);
    assert_int_equal(origins[pal_option_index(pal_option_by_key("ai.top_p"))].kind,
                     PAL_ORIGIN_DEFAULT);
    case_finish(&it);
}

static void
test_empty_files_say_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "\n\n", "# only a comment\n", "---\n", "---\n...\n",
                                        "~\n", "{}\n", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        struct config_case it;
        case_read(&it, texts[i], strlen(texts[i]));
        assert_int_equal(it.problems.n, 0);
        case_finish(&it);
    }
}

static void
test_each_mistake_is_named_with_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line, column;
        const char *says;
    } cases[] = {
        {"bot:\n  max_token_chill: 1\n", 2, 3,
         "unknown key 'bot.max_token_chill'; did you mean 'bot.max_tokens_chill'?"},
        {"max_tokens_chill: 1\n", 1, 1, "did you mean 'bot.max_tokens_chill'?"},
        {"bot:\n  zzz: 1\n", 2, 3, "'palabre config show' lists"},
        {"# é\nserver:\n  port: 99999\n", 3, 9,
         "'server.port' can't be '99999': it must be a whole number from 0 to 65535"},
        {"{server: {host: \"é\", port: x}}\n", 1, 28, "'server.port' can't be 'x'"},
        {"log: {level: debugg}\n", 1, 14, "did you mean 'debug'?"},
        {"bot:\n\tname: x\n", 2, 1, "a tab indents this line"},
        {"bot:\n  name: x\n  \tpersona: y\n", 3, 3, "a tab indents this line"},
        {"server:\n  port: 1\n  host: a\n  port: 2\n", 4, 3,
         "'server.port' stands here a second time; the first is on line 2"},
        {"bot:\n  name: a\nai:\n  seed: 1\nbot:\n  name: b\n", 5, 1,
         "'bot' stands here a second time; the first is on line 1"},
        {"model: a\nmodel: b\n", 2, 1, "'model' stands here a second time"},
        {"bot: 5\n", 1, 6, "'bot' is a section"},
        {"bot: [a]\n", 1, 6, "'bot' is a section"},
        {"model: [a]\n", 1, 8, "'model' takes one value, not a list or further keys"},
        {"model: {a: b}\n", 1, 8, "'model' takes one value"},
        {"server:\n  allowed_hosts: [a, [b]]\n", 2, 22, "an item of this list must be a word"},
        {"server:\n  allowed_hosts: [a, 'b,c']\n", 2, 22, "'server.allowed_hosts' can't be 'b,c'"},
        {"- a\n- b\n", 1, 1, "this must be 'key: value' lines"},
        {"just text\n", 1, 1, "this must be 'key: value' lines"},
        {"? [a]\n: b\n", 1, 3, "a key must be a word"},
        {"model: &x a\n", 1, 8, "anchors and aliases"},
        {"model: *x\n", 1, 8, "anchors and aliases"},
        {"bot: &b\n  name: x\n", 1, 6, "anchors and aliases"},
        {"<<: *x\n", 1, 1, "unknown key '<<'"},
        {"model: !!str a\n", 1, 8, "tags (!)"},
        {"model: a\n---\nmodel: b\n", 3, 1, "only one document"},
        {"model: 'a\n", 2, 1, "not valid YAML: found unexpected end of stream"},
        {"bot:\n  name: a\n persona: b\n", 3, 2, "not valid YAML"},
        {"server:\n  allowed_hosts: [a\n", 3, 1, "not valid YAML"},
        {"model: caf\xE9\n", 1, 11, "this is no UTF-8"},
        {"model: é\nlang: \xFF\n", 2, 7, "this is no UTF-8"},
        {"model: a\nlang: \x01\n", 2, 7, "not valid YAML: control characters are not allowed"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct config_case it;
        case_read(&it, cases[i].text, strlen(cases[i].text));
        if (it.problems.n_errors == 0) {
            fail_msg("nothing wrong found in: %s", cases[i].text);
        }
        const struct pal_problem *first = &it.problems.items[0];
        if (strstr(first->text, cases[i].says) == NULL || first->line != cases[i].line ||
            first->column != cases[i].column) {
            fail_msg("case %zu: %zu:%zu: %s", i, first->line, first->column, first->text);
        }
        assert_string_equal(first->where, "t.yaml");
        case_finish(&it);
    }
}

static void
test_all_mistakes_are_reported_and_the_rest_is_read(void **state)
{
    (void)state;
    static const char text[] = "server:\n"
                               "  port: x\n"
                               "  hots: y\n"
                               "  max_connections: 7\n"
                               "bot: &anchor\n"
                               "  name: z\n"
                               "ai:\n"
                               "  top_p: 3\n"
                               "  top_k: 9\n";
    struct config_case it;
    case_read(&it, text, strlen(text));
    assert_int_equal(it.problems.n_errors, 4);
    static const size_t lines[] = {2, 3, 5, 8};
    for (size_t i = 0; i < PAL_COUNT_OF(lines); i++) {
        assert_int_equal(it.problems.items[i].line, lines[i]);
    }
    assert_int_equal(it.config.server.port, 7252);
    assert_int_equal(it.config.server.max_connections, 7);
    assert_int_equal(it.config.ai.top_k, 9);
    case_finish(&it);
}

static void
test_keys_of_other_companions_warn_and_are_taken_where_they_fit(void **state)
{
    (void)state;
    static const char text[] = "unity: {host: 10.0.0.1, port: 5556}\n"
                               "ai: {model_path: x.gguf, temperature: 0.5, system_prompt: Hi}\n"
                               "bot: {cooldown: 60, llm: {enabled: auto}, max_tokens_ask: 120}\n"
                               "rate_limiting: {llm_backoff_base: 2, health_check_interval: 5}\n"
                               "window: {x: [1, {y: 2}], z: ~}\n"
                               "discord: true\n";
    struct config_case it;
    case_read(&it, text, strlen(text));
    assert_int_equal(it.problems.n_errors, 0);
    assert_int_equal(it.problems.n, 11);
    assert_non_null(strstr(it.problems.items[0].text, "'unity.host' is called 'avatar.host' here"));
    assert_int_equal(it.problems.items[0].column, 9);
    assert_string_equal(it.config.avatar.host, "10.0.0.1");
    assert_int_equal(it.config.avatar.port, 5556);
    assert_string_equal(it.config.model, "x.gguf");
    assert_true(it.config.bot.temperature_chill == 0.5);
    assert_true(it.config.bot.cooldown == 60.0);
    assert_string_equal(it.config.bot.persona, "Hi");
    case_finish(&it);
    /* Both names at once are a contradiction. */
    static const char both[] = "avatar: {port: 1}\nunity: {port: 2}\n";
    case_read(&it, both, strlen(both));
    assert_int_equal(it.problems.n_errors, 1);
    assert_int_equal(it.config.avatar.port, 1);
    case_finish(&it);
}

static void
test_messages_are_in_french_for_the_french(void **state)
{
    (void)state;
    static const char text[] = "server:\n\tport: 1\n";
    pal_lang_init("fr");
    struct config_case it;
    case_read(&it, text, strlen(text));
    assert_non_null(strstr(it.problems.items[0].text, "une tabulation"));
    case_finish(&it);
    pal_lang_init("en");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_seeds_file_is_read_as_it_stands),
        cmocka_unit_test(test_the_second_seeds_json_is_read_as_it_stands),
        cmocka_unit_test(test_every_kind_of_value_can_be_written),
        cmocka_unit_test(test_empty_files_say_nothing),
        cmocka_unit_test(test_each_mistake_is_named_with_line_and_column),
        cmocka_unit_test(test_all_mistakes_are_reported_and_the_rest_is_read),
        cmocka_unit_test(test_keys_of_other_companions_warn_and_are_taken_where_they_fit),
        cmocka_unit_test(test_messages_are_in_french_for_the_french),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
