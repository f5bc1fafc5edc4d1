#include "test.h"

#include <stdio.h>
#include <string.h>

#include "output/avatar_decode.h"
#include "output/stage_act.h"
#include "util/mem.h"

static struct pal_avatar_message message;
static struct pal_error error;

static enum pal_err
decode(const char *line)
{
    struct pal_frame frame = {PAL_ENCODING_JSON, (const unsigned char *)line, strlen(line)};
    return pal_avatar_decode(&frame, &message, &error);
}

static void
test_both_dialects_and_the_aliases_mean_the_same(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"command\": \"expression\", \"name\": \"happy\", \"weight\": 0.5}",
        "{\"command\":\"set_expression\",\"data\":{\"name\":\"joy\",\"value\":0.5}}",
        "{\"data\":{\"value\":0.5,\"name\":\"JOY\"},\"command\":\"set_expression\"}",
        "{\"command\":\"set_expression\",\"name\":\"Happy\",\"value\":5e-1}",
        "{\"command\":\"set_expression\",\"data\":{\"name\":\"j\\u006fy\",\"weight\":0.5}}",
        "{\"command\":\"x\",\"command\":\"set_expression\",\"name\":\"joy\",\"value\":0.5,\"u\":[{}"
        "]}",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(lines); i++) {
        assert_int_equal(decode(lines[i]), PAL_OK);
        assert_int_equal(message.n_commands, 1);
        assert_int_equal(message.commands[0].verb, PAL_AVATAR_SET_EXPRESSION);
        assert_int_equal(message.commands[0].expression, PAL_EXPRESSION_JOY);
        assert_true(message.commands[0].value == 0.5F);
    }
}

static void
test_neutral_is_a_reset(void **state)
{
    (void)state;
    assert_int_equal(decode("{\"command\":\"expression\",\"name\":\"neutral\"}"), PAL_OK);
    assert_int_equal(message.commands[0].verb, PAL_AVATAR_RESET_EXPRESSIONS);
}

static void
test_the_seed_batch_is_three_commands_in_order(void **state)
{
    (void)state;
    assert_int_equal(decode("{\"batch\":[{\"command\":\"expression\",\"name\":\"happy\"},"
                            "{\"command\":\"expression\",\"name\":\"sad\"},"
                            "{\"command\":\"move\",\"direction\":\"left\"}]}"),
                     PAL_OK);
    assert_int_equal(message.shape, PAL_SHAPE_BATCH_FLAT);
    assert_int_equal(message.n_commands, 3);
    assert_int_equal(message.commands[0].expression, PAL_EXPRESSION_JOY);
    assert_int_equal(message.commands[1].expression, PAL_EXPRESSION_SORROW);
    assert_int_equal(message.commands[2].verb, PAL_AVATAR_MOVE);
    assert_memory_equal(message.commands[2].text, "left", 4);
}

static void
test_the_envelope_batch_knows_its_count_and_what_it_ignores(void **state)
{
    (void)state;
    assert_int_equal(decode("{\"command\":\"batch\",\"data\":{\"commands\":["
                            "{\"command\":\"test\",\"id\":1},{\"command\":\"fly\"},"
                            "{\"command\":\"batch\",\"data\":{\"commands\":[]}}],\"count\":3},"
                            "\"id\":\"x\",\"ack\":false}"),
                     PAL_OK);
    assert_int_equal(message.shape, PAL_SHAPE_BATCH_ENVELOPE);
    assert_int_equal(message.n_commands, 1);
    assert_int_equal(message.n_ignored, 2);
    assert_string_equal(message.id.text, "x");
    assert_false(message.wants_reply);
}

static void
test_numbers_are_clamped_as_the_original_does(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        float value;
    } cases[] = {
        {"{\"command\":\"set_expression\",\"name\":\"joy\",\"value\":1e308}", 1.0F},
        {"{\"command\":\"set_expression\",\"name\":\"joy\",\"value\":-3}", 0.0F},
        {"{\"command\":\"set_transition_speed\",\"speed\":50}", 10.0F},
        {"{\"command\":\"set_transition_speed\",\"data\":{\"speed\":0}}", 0.1F},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        assert_int_equal(decode(cases[i].line), PAL_OK);
        assert_true(message.commands[0].value == cases[i].value);
    }
    assert_int_equal(decode("{\"command\":\"set_auto_head_movement\",\"data\":{\"enabled\":true,"
                            "\"min_interval\":0,\"max_interval\":99,\"max_angle\":99}}"),
                     PAL_OK);
    assert_true(message.commands[0].numbers[0] == 2.0F);
    assert_true(message.commands[0].numbers[1] == 15.0F);
    assert_true(message.commands[0].numbers[2] == 15.0F);
}

static void
test_bad_commands_are_refused_with_a_reason_and_leave_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum pal_err err;
        const char *reason;
    } cases[] = {
        {"{}", PAL_ERR_ARGUMENT, "no 'command'"},
        {"{\"command\":5}", PAL_ERR_ARGUMENT, "no 'command'"},
        {"{\"command\":\"fly\"}", PAL_ERR_UNSUPPORTED, "unknown command 'fly'"},
        {"{\"command\":\"set_expression\"}", PAL_ERR_ARGUMENT, "needs a 'name'"},
        {"{\"command\":\"set_expression\",\"name\":\"\",\"value\":1}", PAL_ERR_ARGUMENT, "'name'"},
        {"{\"command\":\"set_expression\",\"name\":\"joy\"}", PAL_ERR_ARGUMENT, "'value'"},
        {"{\"command\":\"set_expression\",\"name\":\"joy\",\"value\":\"1\"}", PAL_ERR_ARGUMENT,
         "finite number"},
        {"{\"command\":\"set_expression\",\"name\":\"joy\",\"value\":1e999}", PAL_ERR_ARGUMENT,
         "finite number"},
        {"{\"command\":\"set_expression\",\"name\":\"joy\",\"value\":NaN}", PAL_ERR_PROTO, "JSON"},
        {"{\"command\":\"set_auto_blink\"}", PAL_ERR_ARGUMENT, "'enabled'"},
        {"{\"command\":\"set_auto_blink\",\"enabled\":1}", PAL_ERR_ARGUMENT, "'enabled'"},
        {"{\"command\":\"batch\"}", PAL_ERR_ARGUMENT, "'commands'"},
        {"{\"batch\":[1]}", PAL_ERR_ARGUMENT, "commands only"},
        {"{\"batch\":[{\"command\":\"test\"},{\"command\":\"set_expression\"}]}", PAL_ERR_ARGUMENT,
         "'name'"},
        {"{\"command\":\"test\"", PAL_ERR_PROTO, "cut short"},
        {"{\"command\":\"test\"} x", PAL_ERR_PROTO, "follows"},
        {"{\"command\":\"te\xFFst\"}", PAL_ERR_PROTO, "UTF-8"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        assert_int_equal(decode(cases[i].line), cases[i].err);
        assert_int_equal(message.n_commands, 0);
        assert_non_null(strstr(error.text, cases[i].reason));
    }
}

static void
test_a_command_cut_at_any_byte_is_never_taken(void **state)
{
    (void)state;
    static const char line[] =
        "{\"batch\":[{\"command\":\"set_expression\",\"data\":{\"name\":\"joy\",\"value\":0.5}}]}";
    for (size_t len = 0; len + 1 < sizeof(line); len++) {
        struct pal_frame frame = {PAL_ENCODING_JSON, (const unsigned char *)line, len};
        assert_int_equal(pal_avatar_decode(&frame, &message, &error), PAL_ERR_PROTO);
        assert_int_equal(message.n_commands, 0);
    }
    assert_int_equal(decode(line), PAL_OK);
}

static void
test_a_batch_of_too_many_is_refused_whole(void **state)
{
    (void)state;
    struct pal_buf buf;
    pal_buf_init(&buf, PAL_FRAME_MAX_BYTES);
    assert_int_equal(pal_buf_append_text(&buf, "{\"batch\":[{\"command\":\"ping\"}"), PAL_OK);
    for (int i = 0; i < PAL_AVATAR_BATCH_MAX; i++) {
        assert_int_equal(pal_buf_append_text(&buf, ",{\"command\":\"ping\"}"), PAL_OK);
    }
    assert_int_equal(pal_buf_append_text(&buf, "]}"), PAL_OK);
    assert_int_equal(decode(buf.data), PAL_ERR_LIMIT);
    assert_int_equal(message.n_commands, 0);
    pal_buf_finish(&buf);
}

static void
test_the_msgpack_of_the_seed_is_a_test_command(void **state)
{
    (void)state;
    struct pal_frame frame = {PAL_ENCODING_MSGPACK,
                              (const unsigned char *)"\x81\xA7"
                                                     "command\xA4"
                                                     "test",
                              14};
    assert_int_equal(pal_avatar_decode(&frame, &message, &error), PAL_OK);
    assert_int_equal(message.commands[0].verb, PAL_AVATAR_TEST);
}

static void
test_msgpack_nan_is_refused(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {0x83, 0, 1, 2, 0, 3, 0xCA, 0x7F, 0xC0, 0, 0};
    struct pal_frame frame = {PAL_ENCODING_MSGPACK, bytes, sizeof(bytes)};
    assert_int_equal(pal_avatar_decode(&frame, &message, &error), PAL_ERR_ARGUMENT);
}

/* Request line -> answer line, byte for byte. */
static void
test_answers_are_in_the_dialect_and_the_words_of_the_request(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *answer;
    } cases[] = {
        {"{\"command\": \"expression\", \"name\": \"happy\", \"weight\": 1.0}",
         "{\"status\":\"ok\",\"message\":\"Expression applied\"}\n"},
        {"{\"command\":\"set_expression\",\"data\":{\"name\":\"joy\",\"value\":0.8}}",
         "{\"type\":\"response\",\"command\":\"set_expression\",\"status\":\"success\","
         "\"message\":\"Expression 'joy' appliqu\\u00e9e \\u00e0 0.80\"}\n"},
        {"{\"command\":\"set_auto_blink\",\"data\":{\"enabled\":false}}",
         "{\"type\":\"response\",\"command\":\"set_auto_blink\",\"status\":\"success\","
         "\"message\":\"Clignement automatique d\\u00e9sactiv\\u00e9\"}\n"},
        {"{\"command\":\"load_model\",\"data\":{\"path\":\"C:/a.vrm\"}}",
         "{\"type\":\"response\",\"command\":\"load_model\",\"status\":\"success\","
         "\"message\":\"Mod\\u00e8le en cours de chargement : C:/a.vrm\"}\n"},
        {"{\"batch\":[{\"command\":\"test\",\"id\":0},{\"command\":\"test\",\"id\":1}]}",
         "{\"status\":\"ok\",\"processed\":2}\n"},
        {"{\"command\":\"batch\",\"data\":{\"commands\":[{\"command\":\"test\"}]},\"id\":9}",
         "{\"type\":\"response\",\"command\":\"batch\",\"status\":\"success\",\"count\":1,"
         "\"processed\":1,\"id\":9}\n"},
        {"{\"command\":\"test\",\"id\":\"a\\\"b\"}",
         "{\"status\":\"ok\",\"message\":\"test\",\"id\":\"a\\\"b\"}\n"},
        {"{\"command\":\"ping\",\"data\":{},\"ack\":false}", ""},
        {"{\"command\":\"fly\",\"ack\":false}",
         "{\"status\":\"error\",\"message\":\"unknown command 'fly'\"}\n"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_puppet puppet;
        struct pal_buf buf;
        pal_puppet_init(&puppet, 1);
        pal_buf_init(&buf, 4096);
        enum pal_err refused = decode(cases[i].request);
        assert_int_equal(pal_stage_act(&puppet, &message, refused, &error, &buf), PAL_OK);
        assert_string_equal(buf.data, cases[i].answer);
        pal_buf_finish(&buf);
    }
}

static void
test_without_a_model_the_answer_is_an_error_and_not_a_success(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    struct pal_buf buf;
    pal_puppet_init(&puppet, 1);
    pal_buf_init(&buf, 4096);
    assert_int_equal(decode("{\"command\":\"unload_model\"}"), PAL_OK);
    assert_int_equal(pal_stage_act(&puppet, &message, PAL_OK, &error, &buf), PAL_OK);
    pal_buf_clear(&buf);
    assert_int_equal(decode("{\"command\":\"expression\",\"name\":\"joy\"}"), PAL_OK);
    assert_int_equal(pal_stage_act(&puppet, &message, PAL_OK, &error, &buf), PAL_OK);
    assert_string_equal(buf.data, "{\"status\":\"error\",\"message\":\"no model is loaded\"}\n");
    pal_buf_finish(&buf);
}

static void
test_replies_of_any_avatar_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool ok, bare, greeting;
        enum pal_avatar_verb verb;
    } cases[] = {
        {"{}", true, true, false, PAL_AVATAR_UNKNOWN},
        {"{\"type\":\"response\",\"status\":\"connected\",\"message\":\"x\"}", true, true, true,
         PAL_AVATAR_UNKNOWN},
        {"{\"type\":\"response\",\"command\":\"load_model\",\"status\":\"error\"}", false, false,
         false, PAL_AVATAR_LOAD_MODEL},
        {"{\"status\":\"ok\",\"id\":[1],\"processed\":\"x\",\"message\":{}}", true, true, false,
         PAL_AVATAR_UNKNOWN},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(cases); i++) {
        struct pal_avatar_reply reply;
        struct pal_frame frame = {PAL_ENCODING_JSON, (const unsigned char *)cases[i].line,
                                  strlen(cases[i].line)};
        assert_int_equal(pal_avatar_reply_decode(&frame, &reply), PAL_OK);
        assert_int_equal(reply.is_ok, cases[i].ok);
        assert_int_equal(reply.is_bare, cases[i].bare);
        assert_int_equal(reply.is_greeting, cases[i].greeting);
        assert_int_equal(reply.verb, cases[i].verb);
    }
}

static int
finish(void **state)
{
    (void)state;
    pal_avatar_message_finish(&message);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_dialects_and_the_aliases_mean_the_same),
        cmocka_unit_test(test_neutral_is_a_reset),
        cmocka_unit_test(test_the_seed_batch_is_three_commands_in_order),
        cmocka_unit_test(test_the_envelope_batch_knows_its_count_and_what_it_ignores),
        cmocka_unit_test(test_numbers_are_clamped_as_the_original_does),
        cmocka_unit_test(test_bad_commands_are_refused_with_a_reason_and_leave_nothing),
        cmocka_unit_test(test_a_command_cut_at_any_byte_is_never_taken),
        cmocka_unit_test(test_a_batch_of_too_many_is_refused_whole),
        cmocka_unit_test(test_the_msgpack_of_the_seed_is_a_test_command),
        cmocka_unit_test(test_msgpack_nan_is_refused),
        cmocka_unit_test(test_answers_are_in_the_dialect_and_the_words_of_the_request),
        cmocka_unit_test(test_without_a_model_the_answer_is_an_error_and_not_a_success),
        cmocka_unit_test(test_replies_of_any_avatar_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
