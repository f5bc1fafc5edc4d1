#include "test.h"

#include <jansson.h>
#include <msgpack.h>
#include <string.h>

#include "output/avatar_encode.h"
#include "util/mem.h"

static const struct pal_avatar_command commands[] = {
    {.verb = PAL_AVATAR_SET_EXPRESSION, .expression = PAL_EXPRESSION_JOY, .value = 0.8125F},
    {.verb = PAL_AVATAR_SET_EXPRESSION,
     .expression = PAL_EXPRESSION_CUSTOM,
     .value = 1.0F,
     .text = "Sm\xC3\xBCg \xF0\x9F\x98\x8A\"",
     .text_len = 11},
    {.verb = PAL_AVATAR_SET_BLENDSHAPE, .expression = PAL_EXPRESSION_O, .value = 0.0F},
    {.verb = PAL_AVATAR_RESET_EXPRESSIONS},
    {.verb = PAL_AVATAR_SET_TRANSITION_SPEED, .value = 3.0F},
    {.verb = PAL_AVATAR_SET_AUTO_BLINK, .enabled = true},
    {.verb = PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT, .enabled = true, .numbers = {3.0F, 7.0F, 5.5F}},
    {.verb = PAL_AVATAR_SET_HEAD, .numbers = {-12.25F, 4.0F, 0.0F}},
    {.verb = PAL_AVATAR_LOAD_MODEL,
     .expression = PAL_EXPRESSION_CUSTOM,
     .text = "a/b.vrm",
     .text_len = 7},
    {.verb = PAL_AVATAR_UNLOAD_MODEL},
    {.verb = PAL_AVATAR_TEST},
    {.verb = PAL_AVATAR_PING},
    {.verb = PAL_AVATAR_ANIMATION,
     .expression = PAL_EXPRESSION_CUSTOM,
     .text = "wave",
     .text_len = 4},
    {.verb = PAL_AVATAR_MOVE, .expression = PAL_EXPRESSION_CUSTOM, .text = "left", .text_len = 4},
};

static const struct pal_avatar_style styles[] = {
    {PAL_ENCODING_JSON, false}, {PAL_ENCODING_MSGPACK, false}, {PAL_ENCODING_MSGPACK, true}};

static void
assert_same(const struct pal_avatar_command *sent, const struct pal_avatar_command *got)
{
    assert_int_equal(got->verb, sent->verb);
    assert_true(got->value == sent->value || sent->verb == PAL_AVATAR_RESET_EXPRESSIONS);
    assert_int_equal(got->enabled, sent->enabled);
    assert_memory_equal(got->numbers, sent->numbers, sizeof(sent->numbers));
    assert_int_equal(got->text_len, sent->text_len);
    if (sent->text != NULL) {
        assert_memory_equal(got->text, sent->text, sent->text_len);
    } else if (sent->verb == PAL_AVATAR_SET_EXPRESSION) {
        assert_int_equal(got->expression, sent->expression);
    }
}

static void
test_every_command_comes_back_the_same_in_each_encoding(void **state)
{
    (void)state;
    struct pal_avatar_message message = {0};
    struct pal_error error;
    struct pal_buf buf;
    pal_buf_init(&buf, 65536);
    for (size_t s = 0; s < PAL_COUNT_OF(styles); s++) {
        for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
            pal_buf_clear(&buf);
            assert_int_equal(pal_avatar_encode(&buf, styles[s], &commands[i],
                                               (struct pal_avatar_request){.id = 300 + (int)i}),
                             PAL_OK);
            struct pal_frame frame = {styles[s].encoding, (unsigned char *)buf.data, buf.len};
            assert_int_equal(pal_avatar_decode(&frame, &message, &error), PAL_OK);
            assert_int_equal(message.n_commands, 1);
            assert_int_equal(message.id.number, 300 + (int)i);
            assert_same(&commands[i], &message.commands[0]);
        }
    }
    pal_buf_finish(&buf);
    pal_avatar_message_finish(&message);
}

static void
test_a_batch_comes_back_the_same_in_each_encoding(void **state)
{
    (void)state;
    struct pal_avatar_message message = {0};
    struct pal_error error;
    struct pal_buf buf;
    pal_buf_init(&buf, 65536);
    for (size_t s = 0; s < PAL_COUNT_OF(styles); s++) {
        pal_buf_clear(&buf);
        assert_int_equal(pal_avatar_encode_batch(&buf, styles[s], commands, PAL_COUNT_OF(commands),
                                                 (struct pal_avatar_request){.no_reply = true}),
                         PAL_OK);
        struct pal_frame frame = {styles[s].encoding, (unsigned char *)buf.data, buf.len};
        assert_int_equal(pal_avatar_decode(&frame, &message, &error), PAL_OK);
        assert_int_equal(message.n_commands, PAL_COUNT_OF(commands));
        assert_false(message.wants_reply);
        for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
            assert_same(&commands[i], &message.commands[i]);
        }
    }
    pal_buf_finish(&buf);
    pal_avatar_message_finish(&message);
}

static void
test_json_is_ascii_that_jansson_reads_and_msgpack_what_msgpack_c_reads(void **state)
{
    (void)state;
    struct pal_buf buf;
    pal_buf_init(&buf, 65536);
    for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
        pal_buf_clear(&buf);
        assert_int_equal(
            pal_avatar_encode(&buf, styles[0], &commands[i], (struct pal_avatar_request){0}),
            PAL_OK);
        for (size_t at = 0; at + 1 < buf.len; at++) {
            assert_true(buf.data[at] >= 0x20 && buf.data[at] < 0x7F);
        }
        json_t *json = json_loadb(buf.data, buf.len, 0, NULL);
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "command")),
                            pal_avatar_verb_name(commands[i].verb));
        json_decref(json);
        pal_buf_clear(&buf);
        assert_int_equal(
            pal_avatar_encode(&buf, styles[2], &commands[i], (struct pal_avatar_request){0}),
            PAL_OK);
        msgpack_unpacked unpacked;
        size_t offset = 0;
        msgpack_unpacked_init(&unpacked);
        assert_int_equal(msgpack_unpack_next(&unpacked, buf.data, buf.len, &offset),
                         MSGPACK_UNPACK_SUCCESS);
        assert_int_equal(offset, buf.len);
        assert_int_equal(unpacked.data.type, MSGPACK_OBJECT_MAP);
        msgpack_unpacked_destroy(&unpacked);
    }
    pal_buf_finish(&buf);
}

static void
test_the_bytes_are_those_of_the_protocol(void **state)
{
    (void)state;
    struct pal_buf buf;
    pal_buf_init(&buf, 4096);
    assert_int_equal(
        pal_avatar_encode(&buf, styles[0], &commands[0], (struct pal_avatar_request){0}), PAL_OK);
    assert_string_equal(buf.data, "{\"command\":\"set_expression\",\"data\":{\"name\":\"joy\","
                                  "\"value\":0.8125}}\n");
    pal_buf_clear(&buf);
    assert_int_equal(
        pal_avatar_encode(&buf, styles[2], &commands[0], (struct pal_avatar_request){0}), PAL_OK);
    static const unsigned char brief[] = {0x83, 0, 1, 2, 0, 3, 0xCA, 0x3F, 0x50, 0, 0};
    assert_int_equal(buf.len, sizeof(brief));
    assert_memory_equal(buf.data, brief, sizeof(brief));
    pal_buf_finish(&buf);
}

static void
test_what_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    for (size_t max = 0; max < 80; max++) {
        for (size_t s = 0; s < PAL_COUNT_OF(styles); s++) {
            struct pal_buf buf;
            pal_buf_init(&buf, max + 1);
            assert_int_equal(pal_buf_append(&buf, "x", 1), PAL_OK);
            enum pal_err err =
                pal_avatar_encode(&buf, styles[s], &commands[6], (struct pal_avatar_request){0});
            if (err != PAL_OK) {
                assert_int_equal(err, PAL_ERR_LIMIT);
                assert_string_equal(buf.data, "x");
            }
            pal_buf_finish(&buf);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_command_comes_back_the_same_in_each_encoding),
        cmocka_unit_test(test_a_batch_comes_back_the_same_in_each_encoding),
        cmocka_unit_test(test_json_is_ascii_that_jansson_reads_and_msgpack_what_msgpack_c_reads),
        cmocka_unit_test(test_the_bytes_are_those_of_the_protocol),
        cmocka_unit_test(test_what_does_not_fit_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
