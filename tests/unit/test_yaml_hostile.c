#include "test.h"

#include "config_case.h"
#include "util/buf.h"
#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

static const char good[] = "model: \"é.gguf\"\n"
                           "server:\n"
                           "  port: 8080\n"
                           "  allowed_hosts:\n"
                           "    - a.example\n"
                           "    - b.example\n"
                           "bot: {name: Zoé, persona: 'a ''b'''}\n"
                           "unity: {port: 1}\n"
                           "window: [1, {a: b}]\n";

static void
expect_sane(const struct config_case *it)
{
    assert_true(it->problems.n <= PAL_PROBLEMS_MAX);
    for (size_t i = 0; i < it->problems.n; i++) {
        const struct pal_problem *problem = &it->problems.items[i];
        assert_true(problem->line >= 1 && problem->column >= 1);
        assert_true(problem->text[0] != '\0');
        assert_true(pal_utf8_valid(problem->text, strlen(problem->text)));
    }
    assert_true(it->config.server.port >= 0 && it->config.server.port <= 65535);
    assert_non_null(it->config.model);
}

static void
test_a_good_file_cut_at_every_byte_is_survived(void **state)
{
    (void)state;
    for (size_t len = 0; len <= strlen(good); len++) {
        /* A copy of just that size, so that a read behind its end is seen. */
        char *cut = pal_strndup(good, len);
        struct config_case it;
        case_read(&it, cut, len);
        expect_sane(&it);
        if (len == strlen(good)) {
            assert_int_equal(it.problems.n_errors, 0);
        }
        case_finish(&it);
        free(cut);
    }
}

static void
test_a_good_file_with_any_byte_changed_is_survived(void **state)
{
    (void)state;
    static const char bytes[] = {'\0', '\t', '\n', '"', '\'', '{', ']', ':', '&', '*', '!', '\xFF'};
    for (size_t at = 0; at < strlen(good); at++) {
        for (size_t i = 0; i < PAL_COUNT_OF(bytes); i++) {
            char *changed = pal_strndup(good, strlen(good));
            changed[at] = bytes[i];
            struct config_case it;
            case_read(&it, changed, strlen(good));
            expect_sane(&it);
            case_finish(&it);
            free(changed);
        }
    }
}

static void
read_repeated(struct config_case *it, const char *head, const char *part, size_t n)
{
    struct pal_buf buf;
    pal_buf_init(&buf, PAL_YAML_BYTES_MAX);
    assert_int_equal(pal_buf_append_text(&buf, head), PAL_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pal_buf_append_text(&buf, part), PAL_OK);
    }
    case_read(it, buf.data, buf.len);
    pal_buf_finish(&buf);
    expect_sane(it);
}

static void
test_endless_nesting_ends_early(void **state)
{
    (void)state;
    static const char *const parts[] = {"[", "{a: ", "? ", "- ", "{a: [", "&a ["};
    for (size_t i = 0; i < PAL_COUNT_OF(parts); i++) {
        struct config_case it;
        read_repeated(&it, "", parts[i], 250000 / strlen(parts[i]));
        assert_true(it.problems.n_errors > 0);
        bool found = false;
        for (size_t j = 0; j < it.problems.n; j++) {
            found |= strstr(it.problems.items[j].text, "nested too deeply") != NULL;
        }
        assert_true(found);
        case_finish(&it);
        read_repeated(&it, "window: ", parts[i], 250000 / strlen(parts[i]) - 2);
        assert_true(it.problems.n_errors > 0);
        case_finish(&it);
    }
}

static void
test_thousands_of_mistakes_are_counted_and_twenty_kept(void **state)
{
    (void)state;
    struct config_case it;
    read_repeated(&it, "", "x: 1\n", 50000);
    assert_int_equal(it.problems.n, PAL_PROBLEMS_MAX);
    assert_int_equal(it.problems.n_errors, 50000);
    assert_int_equal(it.problems.n_dropped, 50000 - PAL_PROBLEMS_MAX);
    case_finish(&it);
}

static void
test_aliases_are_never_expanded(void **state)
{
    (void)state;
    static const char bomb[] = "a: &a [x,x,x,x,x,x,x,x,x]\n"
                               "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                               "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                               "server: {allowed_hosts: [*c, *c]}\n"
                               "model: *c\n"
                               "*a : 1\n";
    struct config_case it;
    case_read(&it, bomb, strlen(bomb));
    expect_sane(&it);
    assert_int_equal(it.problems.n_errors, 7);
    assert_int_equal(it.config.server.allowed_hosts.n, 0);
    assert_string_equal(it.config.model, "");
    case_finish(&it);
}

static void
test_overlong_keys_and_values_are_cut_in_messages(void **state)
{
    (void)state;
    struct config_case it;
    read_repeated(&it, "server:\n  port: ", "é", 50000);
    assert_int_equal(it.problems.n_errors, 1);
    assert_true(strlen(it.problems.items[0].text) < 200);
    case_finish(&it);
    read_repeated(&it, "\"", "k", 1000);
    case_finish(&it);
    struct pal_buf buf;
    pal_buf_init(&buf, 5000);
    for (int i = 0; i < 600; i++) {
        assert_int_equal(pal_buf_append_text(&buf, "é"), PAL_OK);
    }
    assert_int_equal(pal_buf_append_text(&buf, ": 1\n"), PAL_OK);
    case_read(&it, buf.data, buf.len);
    expect_sane(&it);
    assert_int_equal(it.problems.n_errors, 1);
    case_finish(&it);
    pal_buf_finish(&buf);
}

static void
test_a_zero_byte_is_no_end(void **state)
{
    (void)state;
    static const char key[] = "\"model\\0x\": a\n";
    static const char value[] = "bot: {name: \"a\\0b\"}\n";
    struct config_case it;
    case_read(&it, key, strlen(key));
    assert_int_equal(it.problems.n_errors, 1);
    assert_string_equal(it.config.model, "");
    case_finish(&it);
    case_read(&it, value, strlen(value));
    assert_int_equal(it.problems.n_errors, 1);
    assert_string_equal(it.config.bot.name, "Pal");
    case_finish(&it);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_file_cut_at_every_byte_is_survived),
        cmocka_unit_test(test_a_good_file_with_any_byte_changed_is_survived),
        cmocka_unit_test(test_endless_nesting_ends_early),
        cmocka_unit_test(test_thousands_of_mistakes_are_counted_and_twenty_kept),
        cmocka_unit_test(test_aliases_are_never_expanded),
        cmocka_unit_test(test_overlong_keys_and_values_are_cut_in_messages),
        cmocka_unit_test(test_a_zero_byte_is_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
