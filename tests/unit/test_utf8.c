#include "test.h"

#include <string.h>

#include "util/utf8.h"

static void
test_step_reads_each_length(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int bytes;
        uint32_t code_point;
    } cases[] = {
        {"a", 1, 'a'},
        {"\xC3\xA9", 2, 0xE9},
        {"\xE2\x8F\xB1", 3, 0x23F1},
        {"\xF0\x9F\x90\x8D", 4, 0x1F40D},
        {"\xC0\x80", -1, 0},
        {"\xED\xA0\x80", -1, 0},
        {"\xF4\x90\x80\x80", -1, 0},
        {"\x80", -1, 0},
        {"\xE2\x8F", 0, 0},
        {"\xF0\x9F", 0, 0},
        {"\xE0\x80\x80", -1, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t code_point = 0;
        int n = pal_utf8_step(cases[i].text, strlen(cases[i].text), &code_point);
        assert_int_equal(n, cases[i].bytes);
        if (n > 0) {
            assert_int_equal(code_point, cases[i].code_point);
        }
    }
}

static void
test_every_scalar_value_is_valid_and_no_surrogate_is(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char text[4];
        size_t n;
        if (c < 0x80) {
            text[0] = (char)c;
            n = 1;
        } else if (c < 0x800) {
            text[0] = (char)(0xC0 | (c >> 6));
            text[1] = (char)(0x80 | (c & 0x3F));
            n = 2;
        } else if (c < 0x10000) {
            text[0] = (char)(0xE0 | (c >> 12));
            text[1] = (char)(0x80 | ((c >> 6) & 0x3F));
            text[2] = (char)(0x80 | (c & 0x3F));
            n = 3;
        } else {
            text[0] = (char)(0xF0 | (c >> 18));
            text[1] = (char)(0x80 | ((c >> 12) & 0x3F));
            text[2] = (char)(0x80 | ((c >> 6) & 0x3F));
            text[3] = (char)(0x80 | (c & 0x3F));
            n = 4;
        }
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(pal_utf8_valid(text, n), !surrogate);
        if (!surrogate && n > 1) {
            assert_int_equal(pal_utf8_whole(text, n - 1), 0);
        }
    }
}

static void
test_scrub_leaves_valid_text_alone(void **state)
{
    (void)state;
    char good[] = "Évidemment ! 🐍";
    pal_utf8_scrub(good, strlen(good));
    assert_string_equal(good, "Évidemment ! 🐍");
    char bad[] = "a\xFF"
                 "b\xE2\x8F";
    pal_utf8_scrub(bad, strlen(bad));
    assert_string_equal(bad, "a?b??");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step_reads_each_length),
        cmocka_unit_test(test_every_scalar_value_is_valid_and_no_surrogate_is),
        cmocka_unit_test(test_scrub_leaves_valid_text_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
