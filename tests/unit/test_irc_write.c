/* One call is one line or none; a text is made to fit. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "access/irc_write.h"
#include "util/mem.h"
#include "util/utf8.h"

static const struct {
    const char *reply_to;
    const char *words[PAL_IRC_WORDS_MAX];
    const char *line; /* NULL = refused */
} cases[] = {
    {NULL, {"JOIN", "#pal"}, "JOIN #pal\r\n"},
    {NULL, {"CAP", "REQ", "a b"}, "CAP REQ :a b\r\n"},
    {NULL, {"PRIVMSG", "#c", ":)"}, "PRIVMSG #c ::)\r\n"},
    {NULL, {"PRIVMSG", "#c", ""}, "PRIVMSG #c :\r\n"},
    {"1-2", {"PRIVMSG", "#c", "hi you"}, "@reply-parent-msg-id=1-2 PRIVMSG #c :hi you\r\n"},
    {"a;b c\\", {"X", "y"}, "@reply-parent-msg-id=a\\:b\\sc\\\\ X y\r\n"},
    {NULL, {"PRIVMSG", "#c x", "hi"}, NULL},
    {NULL, {"PRIVMSG", "", "hi"}, NULL},
    {NULL, {"PRIVMSG", ":c", "hi"}, NULL},
    {NULL, {"two words"}, NULL},
    {NULL, {"PRIVMSG", "#c", "hi\r\nQUIT"}, NULL},
    {NULL, {"PRIVMSG", "#c\n", "hi"}, NULL},
    {"1\nQUIT", {"PRIVMSG", "#c", "hi"}, NULL},
};

static void
a_call_is_one_line_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_buf out;
        pal_buf_init(&out, 512);
        enum pal_err err = pal_irc_write(&out, cases[i].reply_to, cases[i].words);
        assert_int_equal(err, cases[i].line != NULL ? PAL_OK : PAL_ERR_ARGUMENT);
        assert_string_equal(out.data, cases[i].line != NULL ? cases[i].line : "");
        pal_buf_finish(&out);
    }
}

static size_t
count(const struct pal_buf *buf, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < buf->len; i++) {
        n += buf->data[i] == c ? 1 : 0;
    }
    return n;
}

static void
no_byte_anywhere_makes_a_second_line(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        for (size_t where = 0; where < 4; where++) {
            char texts[4][8] = {"id", "PRIVMSG", "#chan", "text"};
            struct pal_buf out;
            texts[where][1] = (char)c;
            const char *const words[] = {texts[1], texts[2], texts[3], NULL};
            pal_buf_init(&out, 512);
            enum pal_err err = pal_irc_write(&out, texts[0], words);
            assert_int_equal(count(&out, '\n'), err == PAL_OK ? 1 : 0);
            assert_int_equal(count(&out, '\r'), err == PAL_OK ? 1 : 0);
            if (c < 0x20 || c == 0x7F) {
                assert_int_equal(err, PAL_ERR_ARGUMENT);
            }
            pal_buf_finish(&out);
        }
    }
}

static void
a_full_buffer_takes_nothing(void **state)
{
    const char *const words[] = {"PRIVMSG", "#c", "a text that is longer", NULL};
    struct pal_buf out;
    (void)state;
    pal_buf_init(&out, 16);
    assert_int_equal(pal_irc_write(&out, NULL, words), PAL_ERR_LIMIT);
    assert_int_equal(out.len, 0);
    pal_buf_finish(&out);
}

static const struct {
    const char *text;
    size_t max_code_points;
    size_t max_bytes;
    const char *fitted;
} fits[] = {
    {"Bonjour !", 500, 2000, "Bonjour !"},
    {"", 500, 2000, ""},
    {" \r\n\t ", 500, 2000, ""},
    {"a\r\nQUIT\n\nb", 500, 2000, "a QUIT b"},
    {"a\x01\x02\x7F\xC2\x85 b\xE2\x80\xA8", 500, 2000, "a b"},
    {"ok\xFF\xC3", 500, 2000, "ok"},
    {"/ban pal", 500, 2000, "> /ban pal"},
    {" .timeout x", 500, 2000, "> .timeout x"},
    {"\xFF/me", 500, 2000, "> /me"},
    {"... oui", 500, 2000, "... oui"},
    {".", 500, 2000, "."},
    {"One two. Three four five six", 20, 2000, "One two. Three four…"},
    {"One two three. Four five", 20, 2000, "One two three."},
    {"One two. Three four", 12, 2000, "One two."},
    {"aaaaaaaaaaaaaaaaaaaa", 10, 2000, "aaaaaaaaa…"},
    {"éééééééééé", 10, 2000, "éééééééééé"},
    {"ééééééééééé", 10, 2000, "ééééééééé…"},
    {"ééééééééééé", 500, 10, "ééé…"},
    {"/aaaaaaaaaaaaaaa", 8, 2000, "> /aaaa…"},
};

static void
texts_are_made_to_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(fits); i++) {
        struct pal_buf out;
        struct pal_irc_fit fit = {fits[i].max_code_points, fits[i].max_bytes};
        pal_buf_init(&out, fit.max_bytes);
        pal_irc_fit(&out, fits[i].text, fit);
        assert_string_equal(out.data, fits[i].fitted);
        pal_buf_finish(&out);
    }
}

static void
whatever_the_text_it_fits_and_can_be_written(void **state)
{
    static const char *const parts[] = {"a",  " ",    "é",  "🐍", ". ", "! ", "mot ", "\n",
                                        "\r", "\xFF", "\t", "/", ".",  "…",  "\x85", "。"};
    uint32_t random = 1;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        char text[2048] = "";
        size_t len = 0;
        struct pal_irc_fit fit = {1 + (size_t)round % 40, 4 + (size_t)round % 120};
        while (len + 8 < (size_t)round % 400) {
            random = random * 1664525u + 1013904223u;
            const char *part = parts[(random >> 16) % PAL_COUNT_OF(parts)];
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", part);
        }
        struct pal_buf out;
        struct pal_buf line;
        pal_buf_init(&out, fit.max_bytes);
        pal_buf_init(&line, 4096);
        pal_irc_fit(&out, text, fit);
        assert_true(pal_utf8_valid(out.data, out.len));
        assert_true(pal_utf8_count(out.data, out.len) <= fit.max_code_points);
        assert_true(out.len <= fit.max_bytes);
        assert_true(out.len == 0 || out.data[0] != '/');
        assert_int_equal(pal_irc_write(&line, NULL, (const char *const[]){"X", out.data, NULL}),
                         PAL_OK);
        pal_buf_finish(&out);
        pal_buf_finish(&line);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_one_line_or_none),
        cmocka_unit_test(no_byte_anywhere_makes_a_second_line),
        cmocka_unit_test(a_full_buffer_takes_nothing),
        cmocka_unit_test(texts_are_made_to_fit),
        cmocka_unit_test(whatever_the_text_it_fits_and_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
