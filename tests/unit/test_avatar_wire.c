#include "test.h"

#include <jansson.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "output/wire.h"
#include "util/mem.h"

static bool
accepts(enum pal_encoding encoding, const void *bytes, size_t len)
{
    struct pal_wire wire;
    char *texts = malloc(len + 1);
    pal_wire_init(&wire, encoding, bytes, len, texts);
    bool good = pal_wire_skip(&wire) && pal_wire_done(&wire);
    assert_true(good == (wire.why == NULL));
    free(texts);
    return good;
}

static const char *const json_texts[] = {
    "{}",
    "[]",
    "{\"a\":1}",
    " { \"a\" : [ 1 , 2 ] } ",
    "[1,]",
    "{\"a\":1,}",
    "{,}",
    "[,]",
    "{\"a\"}",
    "{\"a\":}",
    "{a:1}",
    "{'a':1}",
    "\"x\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude0a\"",
    "\"\\ud83d\"",
    "\"\\ude0a\"",
    "\"\\ud83dx\"",
    "\"\\u0000\"",
    "\"\\x\"",
    "\"\t\"",
    "\"\xC3\xA9\"",
    "\"\xC3\"",
    "\"\xED\xA0\x80\"",
    "true",
    "false",
    "null",
    "tru",
    "nul",
    "NaN",
    "Infinity",
    "-",
    "-0",
    "0",
    "00",
    "01",
    "1.",
    ".5",
    "1.5",
    "1e5",
    "1E+5",
    "1e-5",
    "1e",
    "1e+",
    "+1",
    "0x10",
    "1 2",
    "{} x",
    "{}{}",
    "[1 2]",
    "{\"a\" 1}",
    "[[[[[[[[[[1]]]]]]]]]]",
    "\"",
    "\"a",
    "[",
    "{",
    "{\"a\":",
    "[1",
    "",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "-1.5e-3",
    "123456789012345678",
    "[true,false,null]",
};

static void
test_json_is_accepted_exactly_where_jansson_accepts_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAL_COUNT_OF(json_texts); i++) {
        const char *text = json_texts[i];
        json_t *json = json_loadb(text, strlen(text), JSON_DECODE_ANY, NULL);
        if (accepts(PAL_ENCODING_JSON, text, strlen(text)) != (json != NULL)) {
            fail_msg("'%s': jansson %s it", text, json != NULL ? "accepts" : "refuses");
        }
        json_decref(json);
    }
}

static void
test_json_cut_at_any_byte_is_judged_as_jansson_judges_it(void **state)
{
    (void)state;
    static const char text[] =
        "{\"command\":\"set_expression\",\"data\":{\"name\":\"jo\\u00e9\\n\","
        "\"value\":-0.5e1,\"x\":[true,null,{\"y\":\"\xC3\xA9\"}]}}";
    for (size_t len = 0; len < sizeof(text); len++) {
        json_t *json = json_loadb(text, len, 0, NULL);
        assert_int_equal(accepts(PAL_ENCODING_JSON, text, len), len < sizeof(text) && json != NULL);
        json_decref(json);
    }
}

static void
test_numbers_have_jansson_s_value(void **state)
{
    (void)state;
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "0.5",
                                        "0.1",
                                        "1e308",
                                        "-1e308",
                                        "1e-308",
                                        "123.456",
                                        "1e5",
                                        "3.0e-7",
                                        "0.00001",
                                        "99999999",
                                        "1.7976931348623157e308",
                                        "12345678901234567",
                                        "0.30000000000000004"};
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        struct pal_wire wire;
        double value;
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        pal_wire_init(&wire, PAL_ENCODING_JSON, texts[i], strlen(texts[i]), NULL);
        assert_true(pal_wire_number(&wire, &value, NULL));
        double expected = json_number_value(json);
        assert_true(fabs(value - expected) <= fabs(expected) * 1e-15);
        json_decref(json);
    }
}

static void
test_a_number_beyond_a_double_is_infinite_and_not_small(void **state)
{
    (void)state;
    struct pal_wire wire;
    double value;
    pal_wire_init(&wire, PAL_ENCODING_JSON, "1e999999999", 11, NULL);
    assert_true(pal_wire_number(&wire, &value, NULL));
    assert_true(isinf(value));
}

static void
test_only_integers_within_a_double_are_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole;
    } cases[] = {{"7", true},
                 {"-7", true},
                 {"7.0", false},
                 {"7e1", false},
                 {"9007199254740992", true},
                 {"9007199254740993", false},
                 {"99999999999999999999999", false}};
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_wire wire;
        double value;
        bool whole;
        pal_wire_init(&wire, PAL_ENCODING_JSON, cases[i].text, strlen(cases[i].text), NULL);
        assert_true(pal_wire_number(&wire, &value, &whole));
        assert_int_equal(whole, cases[i].whole);
    }
}

static void
test_escapes_become_utf8(void **state)
{
    (void)state;
    static const char text[] = "\"a\\u00e9\\ud83d\\ude0a\\n\\\"b\"";
    static const char meant[] = "a\xC3\xA9\xF0\x9F\x98\x8A\n\"b";
    struct pal_wire wire;
    struct pal_slice slice;
    char texts[64];
    pal_wire_init(&wire, PAL_ENCODING_JSON, text, strlen(text), texts);
    assert_true(pal_wire_string(&wire, &slice));
    assert_int_equal(slice.len, strlen(meant));
    assert_memory_equal(slice.at, meant, slice.len);
}

static void
test_nesting_stops_at_the_limit_in_both_encodings(void **state)
{
    (void)state;
    char json[2 * 40 + 1] = {0};
    unsigned char packed[41];
    for (size_t depth = 1; depth <= 40; depth++) {
        memset(json, '[', depth);
        memset(json + depth, ']', depth);
        memset(packed, 0x91, depth);
        packed[depth] = 0x01;
        bool expected = depth <= PAL_WIRE_DEPTH_MAX;
        assert_int_equal(accepts(PAL_ENCODING_JSON, json, 2 * depth), expected);
        assert_int_equal(accepts(PAL_ENCODING_MSGPACK, packed, depth + 1), expected);
    }
}

/* What msgpack-c packs, of each kind and width. */
static void
pack_everything(msgpack_sbuffer *buffer)
{
    msgpack_packer packer;
    char text[300];
    memset(text, 'x', sizeof(text));
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, 17);
    static const int64_t numbers[] = {0,  127, 128, 255,  256,    65536,
                                      -1, -32, -33, -129, -40000, INT64_C(1) << 40};
    for (size_t i = 0; i < PAL_COUNT_OF(numbers); i++) {
        msgpack_pack_str_with_body(&packer, "k", 1);
        msgpack_pack_int64(&packer, numbers[i]);
    }
    msgpack_pack_str_with_body(&packer, text, 40);
    msgpack_pack_double(&packer, 0.25);
    msgpack_pack_str_with_body(&packer, "f", 1);
    msgpack_pack_float(&packer, 0.25F);
    msgpack_pack_str_with_body(&packer, "s", 1);
    msgpack_pack_str_with_body(&packer, text, 300);
    msgpack_pack_str_with_body(&packer, "b", 1);
    msgpack_pack_bin_with_body(&packer, text, 20);
    msgpack_pack_int(&packer, 9);
    msgpack_pack_array(&packer, 20);
    for (int i = 0; i < 18; i++) {
        msgpack_pack_nil(&packer);
    }
    msgpack_pack_true(&packer);
    msgpack_pack_ext_with_body(&packer, "1234", 4, 7);
}

static void
test_msgpack_c_s_output_is_read_whole_and_refused_when_cut(void **state)
{
    (void)state;
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    pack_everything(&buffer);
    assert_true(accepts(PAL_ENCODING_MSGPACK, buffer.data, buffer.size));
    for (size_t len = 0; len < buffer.size; len++) {
        assert_false(accepts(PAL_ENCODING_MSGPACK, buffer.data, len));
    }
    msgpack_sbuffer_destroy(&buffer);
}

static void
test_msgpack_numbers_have_their_value(void **state)
{
    (void)state;
    static const double numbers[] = {0,
                                     1,
                                     127,
                                     128,
                                     255,
                                     256,
                                     65535,
                                     65536,
                                     -1,
                                     -32,
                                     -33,
                                     -128,
                                     -129,
                                     -32768,
                                     -32769,
                                     4294967295.0,
                                     4294967296.0,
                                     -2147483648.0,
                                     -2147483649.0};
    for (size_t i = 0; i < PAL_COUNT_OF(numbers); i++) {
        msgpack_sbuffer buffer;
        msgpack_packer packer;
        struct pal_wire wire;
        double value;
        bool whole;
        msgpack_sbuffer_init(&buffer);
        msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
        msgpack_pack_int64(&packer, (int64_t)numbers[i]);
        pal_wire_init(&wire, PAL_ENCODING_MSGPACK, buffer.data, buffer.size, NULL);
        assert_true(pal_wire_number(&wire, &value, &whole));
        assert_true(value == numbers[i]);
        assert_true(whole);
        msgpack_sbuffer_destroy(&buffer);
    }
}

static void
test_msgpack_lengths_that_lie_are_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[8];
        size_t len;
    } cases[] = {
        {{0xDD, 0xFF, 0xFF, 0xFF, 0xFF}, 5},
        {{0xDF, 0xFF, 0xFF, 0xFF, 0xFF, 1}, 6},
        {{0xDB, 0xFF, 0xFF, 0xFF, 0xFF, 'a'}, 6},
        {{0xC6, 0xFF, 0xFF, 0xFF, 0xFF}, 5},
        {{0xC9, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2}, 7},
        {{0x9F, 1}, 2},
        {{0x8F, 0xA1, 'a', 1}, 4},
        {{0xBF, 'a'}, 2},
        {{0xC1}, 1},
        {{0xCB, 0, 0}, 3},
        {{0xD8, 1, 2}, 3},
        {{0xA1, 0xFF}, 2},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        assert_false(accepts(PAL_ENCODING_MSGPACK, cases[i].bytes, cases[i].len));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_is_accepted_exactly_where_jansson_accepts_it),
        cmocka_unit_test(test_json_cut_at_any_byte_is_judged_as_jansson_judges_it),
        cmocka_unit_test(test_numbers_have_jansson_s_value),
        cmocka_unit_test(test_a_number_beyond_a_double_is_infinite_and_not_small),
        cmocka_unit_test(test_only_integers_within_a_double_are_whole),
        cmocka_unit_test(test_escapes_become_utf8),
        cmocka_unit_test(test_nesting_stops_at_the_limit_in_both_encodings),
        cmocka_unit_test(test_msgpack_c_s_output_is_read_whole_and_refused_when_cut),
        cmocka_unit_test(test_msgpack_numbers_have_their_value),
        cmocka_unit_test(test_msgpack_lengths_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
