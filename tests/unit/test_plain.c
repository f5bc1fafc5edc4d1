#include "test.h"

#include <string.h>

#include "output/plain.h"
#include "util/mem.h"
#include "util/utf8.h"

static void
test_only_what_shows_is_left(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"", ""},
        {"Bonjour, ça va ? 👋🏽\n\tbien", "Bonjour, ça va ? 👋🏽\n\tbien"},
        {"a\x1b[2Jb", "a[2Jb"},             /* erases the screen */
        {"\x1b]0;owned\x07x", "]0;ownedx"}, /* renames the window */
        {"a\xc2\x9b"
         "31mb",
         "a31mb"}, /* CSI as one C1 character */
        {"a\rb\bc\x7f"
         "d\ve\ff",
         "abcdef"},                               /* overwrites what stood there */
        {"\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9"}, /* the first characters that are no controls */
        {"caf\xe9", "caf?"},
        {"\xc3", "?"},
        {"\xed\xa0\x80", "???"}, /* a surrogate */
        {"\xe2\x82\xac\xf0\x9f\x98", "€???"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        size_t len = strlen(rows[i].in);
        struct pal_buf out;
        pal_buf_init(&out, len);
        assert_int_equal(pal_plain_append(&out, rows[i].in, len), PAL_OK);
        assert_string_equal(out.data, rows[i].out);
        pal_buf_finish(&out);
    }
}

/* Every pair of bytes: what comes out is never more, always valid, never a control. */
static void
test_no_two_bytes_make_a_control(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char in[2] = {(char)a, (char)b};
            struct pal_buf out;
            pal_buf_init(&out, 2);
            assert_int_equal(pal_plain_append(&out, in, 2), PAL_OK);
            assert_true(pal_utf8_valid(out.data, out.len));
            for (size_t at = 0; at < out.len;) {
                uint32_t c = 0;
                at += (size_t)pal_utf8_step(out.data + at, out.len - at, &c);
                assert_true(c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f) || c >= 0xa0);
            }
            pal_buf_finish(&out);
        }
    }
}

static void
test_full_buffer_is_an_error_that_changes_nothing(void **state)
{
    (void)state;
    struct pal_buf out;
    pal_buf_init(&out, 3);
    assert_int_equal(pal_plain_append(&out, "ab", 2), PAL_OK);
    assert_int_equal(pal_plain_append(&out, "cd", 2), PAL_ERR_LIMIT);
    assert_string_equal(out.data, "ab");
    pal_buf_finish(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_shows_is_left),
        cmocka_unit_test(test_no_two_bytes_make_a_control),
        cmocka_unit_test(test_full_buffer_is_an_error_that_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
