#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/fold.h"
#include "chat/mention.h"
#include "chat/repair.h"
#include "chat/words.h"
#include "util/mem.h"
#include "util/utf8.h"

static const char *const names[] = {"serda_bot", "Serda", NULL};

static void
one_test_finds_every_way_to_name_the_companion(void **state)
{
    (void)state;
    static const char *const named[] = {
        "serda_bot, ça va ?",
        "salut serda_bot!",
        "@serda_bot ça va",
        "@SERDA_BOT",
        "Serda ?",
        "hé serda",
        "«serda»",
        "serda…",
        "(serda)",
        "serda❤️",
        "tu dors,serda_bot?",
        "ser\u200bda_bot hello",
        "SERDA!!!",
        "salut @Serda, ça va",
    };
    static const char *const others[] = {
        "serda_bots", "serda_bot2", "myserda", "serdaé", "éserda",
        "serda_",     "",           "@",       "ser da", "salut",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(named); i++) {
        if (!pal_mention_is_in(named[i], names)) {
            fail_msg("not found in: %s", named[i]);
        }
    }
    for (size_t i = 0; i < PAL_COUNT_OF(others); i++) {
        if (pal_mention_is_in(others[i], names)) {
            fail_msg("found in: %s", others[i]);
        }
    }
}

static void
a_name_at_the_ends_is_no_part_of_the_question(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rest;
    } table[] = {
        {"@serda_bot c'est quoi python ?", "c'est quoi python ?"},
        {"serda_bot, ça va ?", "ça va ?"},
        {"salut serda_bot!", "salut!"},
        {"ça va, @serda ?", "ça va ?"},
        {"dis serda tu dors", "dis serda tu dors"},
        {"Serda: hello", "hello"},
        {"@serda", ""},
        {"hello", "hello"},
        {"  a\tb\r\nc\x01 ", "a b c"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(table); i++) {
        char *rest = pal_mention_strip(table[i].text, names);
        assert_string_equal(rest, table[i].rest);
        free(rest);
    }
}

static void
a_command_is_its_whole_first_word(void **state)
{
    (void)state;
    assert_string_equal(pal_command_argument("!ask  who?", "!", "ask"), "who?");
    assert_string_equal(pal_command_argument("!ASK", "!", "ask"), "");
    assert_null(pal_command_argument("!asked x", "!", "ask"));
    assert_null(pal_command_argument("ask x", "!", "ask"));
    assert_null(pal_command_argument("!", "!", "ask"));
    assert_string_equal(pal_command_argument("pal ask x", "pal ", "ask"), "x");
}

static void
a_line_is_tidied_of_all_that_nobody_sees(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tidy;
    } table[] = {
        {"a\r\nb", "a b"},
        {"\u202egnirts\u202c", "gnirts"},
        {"z\u200be\u200cr\ufeffo", "zero"},
        {"👩\u200d💻 ok", "👩\u200d💻 ok"},
        {"Z\u0300\u0301\u0302\u0303\u0304algo", "Z\u0300\u0301algo"},
        {"bad \xff\xfe bytes", "bad bytes"},
        {"\xe0\x80", ""},
        {"nul-free\x07", "nul-free"},
        {"❤\ufe0f", "❤\ufe0f"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(table); i++) {
        char *tidied = pal_tidy(table[i].text, strlen(table[i].text));
        assert_string_equal(tidied, table[i].tidy);
        assert_true(pal_utf8_valid(tidied, strlen(tidied)));
        free(tidied);
    }
}

static void
a_line_tells_its_language(void **state)
{
    (void)state;
    assert_int_equal(pal_words_lang("what is the plan?", PAL_LANG_FR), PAL_LANG_EN);
    assert_int_equal(pal_words_lang("c'est quoi le plan ?", PAL_LANG_EN), PAL_LANG_FR);
    assert_int_equal(pal_words_lang("gg", PAL_LANG_FR), PAL_LANG_FR);
    assert_int_equal(pal_words_lang("", PAL_LANG_EN), PAL_LANG_EN);
}

static void
in_a_hundred_answers_every_opening_is_seen_and_none_twice_running(void **state)
{
    (void)state;
    size_t seen[4] = {0};
    size_t last = SIZE_MAX;
    uint64_t random = 1;
    for (int i = 0; i < 100; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        size_t picked = pal_words_pick(4, last, random >> 33);
        assert_true(picked < 4);
        assert_true(picked != last);
        seen[picked]++;
        last = picked;
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(seen[i] > 0);
    }
    assert_int_equal(pal_words_pick(1, 0, 7), 0);
}

static void
an_opening_takes_the_place_of_a_stock_one(void **state)
{
    (void)state;
    static const char *const stock[] = {"Bien sûr", "Évidemment", NULL};
    char *text = pal_words_open("Évidemment, t'es pas la première…", "Bien sûr", stock, true);
    assert_string_equal(text, "Bien sûr : t'es pas la première…");
    free(text);
    text = pal_words_open("Python est un langage.", "Évidemment", stock, true);
    assert_string_equal(text, "Python est un langage.");
    free(text);
    text = pal_words_open("Python est un langage.", "Évidemment", stock, false);
    assert_string_equal(text, "Évidemment : Python est un langage.");
    free(text);
    text = pal_words_open("Bien sûrement", "Évidemment", stock, true);
    assert_string_equal(text, "Bien sûrement");
    free(text);
}

static void
a_channel_notices_what_it_has_heard_before(void **state)
{
    (void)state;
    struct pal_words_said said = {0};
    assert_int_equal(pal_words_repeats(&said, "Salut toi, ça va ?"), PAL_WORDS_NEW);
    pal_words_remember(&said, "Salut toi, ça va ?");
    assert_int_equal(pal_words_repeats(&said, "salut toi ca va"), PAL_WORDS_SAME_TEXT);
    assert_int_equal(pal_words_repeats(&said, "Salut toi, ça roule bien ?"),
                     PAL_WORDS_SAME_OPENING);
    assert_int_equal(pal_words_repeats(&said, "Bien le bonjour, ça va ?"), PAL_WORDS_NEW);
    for (int i = 0; i < 4; i++) {
        char other[32];
        (void)snprintf(other, sizeof(other), "reply %d is quite other", i);
        pal_words_remember(&said, other);
    }
    assert_int_equal(pal_words_repeats(&said, "Salut toi, ça roule bien ?"), PAL_WORDS_NEW);
    assert_int_equal(pal_words_repeats(&said, "Salut toi, ça va ?"), PAL_WORDS_SAME_TEXT);
}

static void
code_that_was_cut_is_closed_and_prose_ends_at_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_cut;
        const char *repaired;
    } table[] = {
        {"print(\"a\"", false, "print(\"a\")"},
        {"print(\"a\")", false, "print(\"a\")"},
        {"print(\"a", true, "print(\"a\")"},
        {"print(\"a\"))", false, "print(\"a\"))"},
        {"Essaie print(\"(\"", true, "Essaie print(\"(\")"},
        {"f([1, {2: 'x'", true, "f([1, {2: 'x'}])"},
        {"print('l\\'ami", true, "print('l\\'ami')"},
        {"x = foo(a[1]", false, "x = foo(a[1])"},
        {"J'aime l'eau (froide", false, "J'aime l'eau (froide"},
        {"Bonjour. Je voulais te di", true, "Bonjour."},
        {"Il vaut 3.5 euros. Et do", true, "Il vaut 3.5 euros."},
        {"Il a dit « non ! » Et pu", true, "Il a dit « non !"},
        {"Sans phrase entière ici enc", true, "Sans phrase entière ici…"},
        {"Mot", true, "Mot…"},
        {"", true, ""},
        {"Tout va bien.", true, "Tout va bien."},
        {"f(]", false, "f(]"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(table); i++) {
        char *repaired = pal_repair(table[i].text, table[i].is_cut);
        assert_string_equal(repaired, table[i].repaired);
        free(repaired);
        for (size_t len = 0; len <= strlen(table[i].text); len++) {
            char *text = pal_strndup(table[i].text, len);
            char *again = pal_repair(text, true);
            free(again);
            free(text);
        }
    }
}

static void
a_long_reply_is_shortened_at_a_sentence_or_a_word(void **state)
{
    (void)state;
    char *text = pal_repair_shorten("Une phrase courte. Et une autre qui suit.", 30);
    assert_string_equal(text, "Une phrase courte.");
    free(text);
    text = pal_repair_shorten("des mots et des mots et encore des mots", 20);
    assert_string_equal(text, "des mots et des…");
    free(text);
    text = pal_repair_shorten("éééééééééééé", 5);
    assert_string_equal(text, "éééé…");
    free(text);
    text = pal_repair_shorten("court", 5);
    assert_string_equal(text, "court");
    free(text);
    for (size_t n = 1; n < 40; n++) {
        text = pal_repair_shorten("Ça, c'est l'été. À l'ombre… et le 👩‍💻 code", n);
        assert_true(pal_utf8_valid(text, strlen(text)));
        assert_true(pal_utf8_count(text, strlen(text)) <= n);
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_test_finds_every_way_to_name_the_companion),
        cmocka_unit_test(a_name_at_the_ends_is_no_part_of_the_question),
        cmocka_unit_test(a_command_is_its_whole_first_word),
        cmocka_unit_test(a_line_is_tidied_of_all_that_nobody_sees),
        cmocka_unit_test(a_line_tells_its_language),
        cmocka_unit_test(in_a_hundred_answers_every_opening_is_seen_and_none_twice_running),
        cmocka_unit_test(an_opening_takes_the_place_of_a_stock_one),
        cmocka_unit_test(a_channel_notices_what_it_has_heard_before),
        cmocka_unit_test(code_that_was_cut_is_closed_and_prose_ends_at_a_sentence),
        cmocka_unit_test(a_long_reply_is_shortened_at_a_sentence_or_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
