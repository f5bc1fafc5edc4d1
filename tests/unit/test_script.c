#include "test.h"

#include "engine/script.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static const char story[] =
    "# a story\n"
    "load 200ms\n"
    "\n"
    "on \"salut\" say \"Bonjour \\\"toi\\\"\\n\" after 1.5s rate 20/s tokens 3\n"
    "on \"crash\" say \"ouh\" then die segv   # in the middle\n"
    "on \"oups\" fail \"why not\"\r\n"
    "on \"mur\" stall after 10ms\n"
    "on * echo rate 100/s";

static void
test_a_story_is_read(void **state)
{
    (void)state;
    struct pal_script *s = pal_calloc(1, sizeof(*s));
    struct pal_error error = {0};
    if (pal_script_parse(s, story, strlen(story), &error) != PAL_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(s->load_us, 200000);
    assert_int_equal(s->n_rules, 6);
    const struct pal_script_rule *rule = pal_script_match(s, "oh, salut !");
    assert_string_equal(rule->say, "Bonjour \"toi\"\n");
    assert_int_equal(rule->after_us, 1500000);
    assert_int_equal(rule->n_tokens, 3);
    assert_true(rule->tokens_per_s > 19 && rule->tokens_per_s < 21);
    rule = pal_script_match(s, "crash");
    assert_int_equal(rule->action, PAL_SCRIPT_DIE);
    assert_int_equal(rule->signal, SIGSEGV);
    rule = pal_script_match(s, "oups");
    assert_int_equal(rule->action, PAL_SCRIPT_FAIL);
    assert_string_equal(rule->why, "why not");
    assert_int_equal(pal_script_match(s, "mur")->action, PAL_SCRIPT_STALL);
    assert_true(pal_script_match(s, "anything")->is_echo);
    pal_script_finish(s);
    free(s);
}

static void
test_an_empty_script_echoes(void **state)
{
    (void)state;
    struct pal_script *s = pal_calloc(1, sizeof(*s));
    assert_int_equal(pal_script_parse(s, "", 0, NULL), PAL_OK);
    assert_true(pal_script_match(s, "x")->is_echo);
    pal_script_finish(s);
    pal_script_finish(s);
    free(s);
}

static void
test_errors_name_their_line(void **state)
{
    (void)state;
    const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"\nhello\n", "line 2: expected 'on' or 'load'"},
        {"on salut say \"x\"", "line 1: a text in double quotes"},
        {"on \"a say \"x\"", "line 1: "},
        {"on \"a\" say \"x", "line 1: the text has no closing quote"},
        {"on \"a\" shout \"x\"", "line 1: expected say, echo"},
        {"on \"a\" say \"x\" after 3", "line 1: a time needs its unit"},
        {"on \"a\" say \"x\" after soon", "line 1: a number"},
        {"on \"a\" say \"x\" rate 20", "line 1: a rate is written"},
        {"on \"a\" say \"x\" rate 0/s", "line 1: a rate is written"},
        {"on \"a\" say \"x\" tokens 0", "line 1: tokens must"},
        {"# 1\n# 2\non \"a\" die badly", "line 3: one of abort"},
        {"on \"a\" say \"x\" then", "line 1: after 'then'"},
        {"on \"a\" stall then stall", "line 1: after 'then'"},
        {"load 1s 2s", "line 1: there is more"},
        {"on \"\xff\" echo", "line 1: the text is not valid UTF-8"},
    };
    struct pal_script *s = pal_calloc(1, sizeof(*s));
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_error error = {0};
        assert_int_equal(pal_script_parse(s, cases[i].text, strlen(cases[i].text), &error),
                         PAL_ERR_CONFIG);
        if (strstr(error.text, cases[i].says) != error.text) {
            fail_msg("case %zu: %s", i, error.text);
        }
        assert_int_equal(s->n_rules, 0);
    }
    free(s);
}

static void
test_a_script_cut_at_any_byte_is_read_or_refused(void **state)
{
    (void)state;
    struct pal_script *s = pal_calloc(1, sizeof(*s));
    unsigned n_read = 0;
    for (size_t len = 0; len <= strlen(story); len++) {
        char *exact = pal_calloc(len > 0 ? len : 1, 1);
        memcpy(exact, story, len);
        struct pal_error error = {0};
        enum pal_err err = pal_script_parse(s, exact, len, &error);
        assert_true(err == PAL_OK || (err == PAL_ERR_CONFIG && error.text[0] == 'l'));
        n_read += err == PAL_OK ? 1 : 0;
        pal_script_finish(s);
        free(exact);
    }
    assert_true(n_read >= 6);
    free(s);
}

static void
test_pieces_make_the_text_again(void **state)
{
    (void)state;
    const char *texts[] = {"un deux trois", "  a  b ", "été 👋🏽 là", "", "x"};
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        for (uint32_t n = 0; n < 6; n++) {
            struct pal_script_rule rule = {.n_tokens = n};
            size_t at = 0;
            uint32_t n_pieces = 0;
            while (at < strlen(texts[i])) {
                size_t end = pal_script_piece_end(&rule, texts[i], at);
                assert_true(end > at && end <= strlen(texts[i]));
                assert_int_not_equal((unsigned char)texts[i][end] & 0xc0, 0x80);
                at = end;
                n_pieces++;
            }
            assert_true(n == 0 || n_pieces <= n);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_story_is_read),
        cmocka_unit_test(test_an_empty_script_echoes),
        cmocka_unit_test(test_errors_name_their_line),
        cmocka_unit_test(test_a_script_cut_at_any_byte_is_read_or_refused),
        cmocka_unit_test(test_pieces_make_the_text_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
