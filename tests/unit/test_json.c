#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "access/json.h"
#include "util/mem.h"

static void
assert_refused(const char *text, size_t len, const char *why)
{
    json_t *root = NULL;
    struct pal_error error = {0};
    assert_int_equal(pal_json_read_object(text, len, &root, &error), PAL_ERR_ARGUMENT);
    if (strstr(error.text, why) == NULL) {
        fail_msg("'%.40s': '%s' does not say '%s'", text, error.text, why);
    }
}

static void
test_what_is_no_object_is_refused_with_the_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "{\"a\":}",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":01}",
        "{\"a\":1e999}",
        "nope",
        "{} x",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\n\"}",
        "\"",
        "\"\\",
        "{\"a\":\"\\\"",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        assert_refused(texts[i], strlen(texts[i]), "not valid JSON (line 1, column");
    }
    assert_refused("[]", 2, "must be a JSON object");
}

static void
test_depth_32_passes_and_33_and_a_million_do_not(void **state)
{
    (void)state;
    for (size_t depth = 31; depth <= 32; depth++) {
        char text[128] = "{\"a\":";
        memset(text + 5, '[', depth);
        memset(text + 5 + depth, ']', depth);
        text[5 + 2 * depth] = '}';
        json_t *root = NULL;
        struct pal_error error = {0};
        enum pal_err err = pal_json_read_object(text, 6 + 2 * depth, &root, &error);
        assert_int_equal(err, depth == 31 ? PAL_OK : PAL_ERR_ARGUMENT);
        json_decref(root);
    }
    size_t len = 1000000;
    char *text = malloc(len);
    memset(text, '[', len);
    assert_refused(text, len, "nested deeper than 32");
    free(text);
}

static void
test_brackets_in_texts_are_not_depth(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ \\\" [[[ \\\\\"}";
    json_t *root = NULL;
    struct pal_error error = {0};
    assert_int_equal(pal_json_read_object(text, sizeof(text) - 1, &root, &error), PAL_OK);
    json_decref(root);
}

static void
test_more_than_100000_values_are_refused(void **state)
{
    (void)state;
    struct pal_buf text;
    pal_buf_init(&text, 1024 * 1024);
    assert_int_equal(pal_buf_append_text(&text, "{\"a\":[0"), PAL_OK);
    for (int i = 0; i < PAL_JSON_VALUES_MAX; i++) {
        assert_int_equal(pal_buf_append_text(&text, ",0"), PAL_OK);
    }
    assert_int_equal(pal_buf_append_text(&text, "]}"), PAL_OK);
    assert_refused(text.data, text.len, "more than 100000 values");
    pal_buf_finish(&text);
}

/* Jansson reads back what was written, for every byte and every class of character. */
static void
test_written_text_reads_back_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "plain",
        "\"\\/\b\f\n\r\t\x01\x1f\x7f",
        "h\xC3\xA9\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80",
        "</script>\xE2\x80\xA8",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        struct pal_buf out;
        pal_buf_init(&out, 4096);
        assert_int_equal(pal_json_put_text(&out, texts[i], strlen(texts[i])), PAL_OK);
        json_t *read = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
        assert_non_null(read);
        assert_string_equal(json_string_value(read), texts[i]);
        json_decref(read);
        pal_buf_finish(&out);
    }
}

static void
test_broken_utf8_becomes_replacement_characters(void **state)
{
    (void)state;
    struct pal_buf out;
    pal_buf_init(&out, 4096);
    assert_int_equal(pal_json_put_text(&out, "a\xff\xC3z\xE2\x82", 6), PAL_OK);
    assert_string_equal(out.data, "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
    pal_buf_finish(&out);
}

/* A model file may call itself anything. */
static void
test_names_that_are_no_utf8_still_make_a_text(void **state)
{
    (void)state;
    json_t *text = pal_json_text("a\xff\xC3");
    assert_string_equal(json_string_value(text), "a??");
    json_decref(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_object_is_refused_with_the_place),
        cmocka_unit_test(test_depth_32_passes_and_33_and_a_million_do_not),
        cmocka_unit_test(test_brackets_in_texts_are_not_depth),
        cmocka_unit_test(test_more_than_100000_values_are_refused),
        cmocka_unit_test(test_written_text_reads_back_the_same),
        cmocka_unit_test(test_broken_utf8_becomes_replacement_characters),
        cmocka_unit_test(test_names_that_are_no_utf8_still_make_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
