#include "test.h"

#include <string.h>

#include "engine/sentence.h"

static void
test_sentences_end_where_a_reader_would_say(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *whole; /* up to and with the last whole sentence */
    } cases[] = {
        {"", ""},
        {"Salut", ""},
        {"Salut !", "Salut !"},
        {"Salut ! Ça va", "Salut !"},
        {"Salut ! Ça va ?", "Salut ! Ça va ?"},
        {"Il fait 3.5 degrés", ""},
        {"Il en reste 3.", ""},
        {"Bonjour M. Dupont", ""},
        {"Bonjour Mr. Smith, it", ""},
        {"Oui. Bonjour M. Dupont", "Oui."},
        {"Elle a dit \"oui.\" Puis", "Elle a dit \"oui.\""},
        {"Attends… Voilà", "Attends…"},
        {"Quoi ?! Non", "Quoi ?!"},
        {"Un.\nDeux", "Un.\n"},
        {"Un\nDeux", "Un\n"},
        {"はい。いいえ", "はい。"},
        {"www.exemple.fr est", ""},
        {"Fin. \xff\xfe", "Fin."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t end = pal_sentence_end(cases[i].text, strlen(cases[i].text));
        if (end != strlen(cases[i].whole)) {
            fail_msg("'%s': %zu instead of '%s'", cases[i].text, end, cases[i].whole);
        }
    }
}

static void
test_no_cut_reads_past_its_end_or_ends_in_a_character(void **state)
{
    (void)state;
    static const char text[] = "Été… « Oui ! » はい。 M. X. 3.5\nFin.";
    for (size_t len = 0; len < sizeof(text); len++) {
        size_t end = pal_sentence_end(text, len);
        assert_true(end <= len);
        assert_true(end == len || ((unsigned char)text[end] & 0xc0) != 0x80);
    }
}

#define MS 1000

static size_t
sendable(struct pal_ending *ending, const char *text, int64_t now_us, bool *is_last)
{
    return pal_ending_sendable(ending, text, strlen(text), now_us, is_last);
}

static void
test_without_a_deadline_everything_is_sent_at_once(void **state)
{
    (void)state;
    struct pal_ending ending;
    bool is_last = true;
    pal_ending_begin(&ending, 0, 0, 100 * MS);
    assert_int_equal(sendable(&ending, "Un. Deu", 999999 * MS, &is_last), 8 - 1);
    assert_false(is_last);
}

static void
test_a_reply_ends_where_another_sentence_would_be_late(void **state)
{
    (void)state;
    struct pal_ending ending;
    bool is_last = false;
    pal_ending_begin(&ending, 10000 * MS, 0, 50 * MS); /* a sentence: 800 ms */
    assert_int_equal(sendable(&ending, "Un", 100 * MS, &is_last), 2);
    assert_int_equal(sendable(&ending, " deux.", 1000 * MS, &is_last), 6);
    assert_false(is_last || ending.is_whole_only);
    ending.began_us = 7200 * MS; /* others in between */
    /* With the time of three sentences left, they are sent when they are whole, */
    assert_int_equal(sendable(&ending, " Trois. Qua", 8000 * MS, &is_last), 7);
    assert_true(!is_last && ending.is_whole_only);
    assert_int_equal(sendable(&ending, " Quatre", 8100 * MS, &is_last), 0);
    /* and with less than one more takes, this one is the last. */
    assert_int_equal(sendable(&ending, " Quatre. C", 9500 * MS, &is_last), 8);
    assert_true(is_last);
}

static void
test_a_short_deadline_sends_whole_sentences_from_the_first(void **state)
{
    (void)state;
    struct pal_ending ending;
    bool is_last = false;
    pal_ending_begin(&ending, 1000 * MS, 0, 50 * MS);
    assert_true(ending.is_whole_only);
    assert_int_equal(sendable(&ending, "Salut", 100 * MS, &is_last), 0);
    assert_int_equal(sendable(&ending, "Salut !", 200 * MS, &is_last), 7);
    assert_false(is_last);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences_end_where_a_reader_would_say),
        cmocka_unit_test(test_no_cut_reads_past_its_end_or_ends_in_a_character),
        cmocka_unit_test(test_without_a_deadline_everything_is_sent_at_once),
        cmocka_unit_test(test_a_reply_ends_where_another_sentence_would_be_late),
        cmocka_unit_test(test_a_short_deadline_sends_whole_sentences_from_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
