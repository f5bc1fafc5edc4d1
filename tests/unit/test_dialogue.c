#include "test.h"

#include <string.h>

#include "output/dialogue.h"
#include "util/mem.h"

#define MS 1000

/* What the last request ended with. */
struct ended {
    int n;
    enum pal_err err;
    bool ok;
};

static void
on_reply(enum pal_err err, const struct pal_avatar_reply *reply, void *userdata)
{
    struct ended *ended = userdata;
    ended->n++;
    ended->err = err;
    ended->ok = reply != NULL && reply->is_ok;
}

static void
hear(struct pal_dialogue *dialogue, const void *bytes, size_t len, int64_t now_us)
{
    unsigned char *room;
    size_t room_len;
    pal_dialogue_room(dialogue, &room, &room_len);
    assert_true(len <= room_len);
    memcpy(room, bytes, len);
    assert_int_equal(pal_dialogue_input(dialogue, len, now_us), PAL_OK);
}

static void
hear_line(struct pal_dialogue *dialogue, const char *line, int64_t now_us)
{
    hear(dialogue, line, strlen(line), now_us);
}

/* What would be written now; valid until the next call. */
static const struct pal_buf *
said(struct pal_dialogue *dialogue)
{
    static struct pal_buf buf;
    if (buf.max_bytes == 0) {
        pal_buf_init(&buf, PAL_DIALOGUE_OUT_MAX);
    }
    pal_buf_clear(&buf);
    pal_dialogue_output(dialogue, &buf);
    assert_false(pal_dialogue_has_output(dialogue));
    return &buf;
}

static void
post(struct pal_dialogue *dialogue, enum pal_expression expression, float value)
{
    struct pal_avatar_command command = {
        .verb = PAL_AVATAR_SET_EXPRESSION, .expression = expression, .value = value};
    assert_int_equal(pal_dialogue_post(dialogue, &command), PAL_OK);
}

static struct pal_dialogue *
unity(void)
{
    struct pal_dialogue *dialogue = pal_dialogue_create(true);
    pal_dialogue_connected(dialogue, 0);
    return dialogue;
}

static struct pal_dialogue *
modern(void)
{
    struct pal_dialogue *dialogue = pal_dialogue_create(false);
    pal_dialogue_connected(dialogue, 0);
    assert_non_null(strstr(said(dialogue)->data, "\"hello\""));
    hear_line(dialogue, "{\"status\":\"connected\"}\n", 1);
    hear_line(dialogue,
              "{\"command\":\"hello\",\"status\":\"success\",\"encodings\":[\"json\",\"msgpack\"],"
              "\"batches\":true}\n",
              2);
    assert_true(pal_dialogue_is_modern(dialogue));
    return dialogue;
}

static void
test_what_gathers_leaves_as_one_write_the_newest_value_of_each(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    post(dialogue, PAL_EXPRESSION_JOY, 0.1F);
    post(dialogue, PAL_EXPRESSION_SORROW, 0.5F);
    post(dialogue, PAL_EXPRESSION_JOY, 0.9F);
    assert_string_equal(
        said(dialogue)->data,
        "{\"command\":\"set_expression\",\"data\":{\"name\":\"joy\",\"value\":0.9}}\n"
        "{\"command\":\"set_expression\",\"data\":{\"name\":\"sorrow\","
        "\"value\":0.5}}\n");
    assert_int_equal(pal_dialogue_counts(dialogue)->n_merged, 1);
    post(dialogue, PAL_EXPRESSION_JOY, 0.9F);
    assert_false(pal_dialogue_has_output(dialogue));
    pal_dialogue_destroy(dialogue);
}

static void
test_a_modern_avatar_gets_one_batch_in_the_short_form_without_answer(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = modern();
    struct pal_avatar_message message = {0};
    struct pal_error error;
    post(dialogue, PAL_EXPRESSION_JOY, 0.25F);
    post(dialogue, PAL_EXPRESSION_FUN, 0.5F);
    const struct pal_buf *buf = said(dialogue);
    struct pal_frame frame = {PAL_ENCODING_MSGPACK, (unsigned char *)buf->data, buf->len};
    assert_int_equal(pal_avatar_decode(&frame, &message, &error), PAL_OK);
    assert_int_equal(message.verb, PAL_AVATAR_BATCH);
    assert_int_equal(message.n_commands, 2);
    assert_false(message.wants_reply);
    assert_true(buf->len < 50);
    pal_avatar_message_finish(&message);
    pal_dialogue_destroy(dialogue);
}

static void
test_a_late_hello_is_not_waited_for_but_still_welcome(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = pal_dialogue_create(false);
    pal_dialogue_connected(dialogue, 0);
    (void)said(dialogue);
    assert_false(pal_dialogue_is_settled(dialogue));
    assert_int_equal(pal_dialogue_tick(dialogue, PAL_DIALOGUE_HELLO_US + 1), PAL_OK);
    assert_true(pal_dialogue_is_settled(dialogue));
    assert_false(pal_dialogue_is_modern(dialogue));
    hear_line(dialogue, "{\"command\":\"hello\",\"encodings\":[\"msgpack\"],\"batches\":true}\n",
              300 * MS);
    assert_true(pal_dialogue_is_modern(dialogue));
    pal_dialogue_destroy(dialogue);
}

static void
test_a_new_connection_gets_the_whole_face_again(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    post(dialogue, PAL_EXPRESSION_JOY, 0.9F);
    struct pal_avatar_command speed = {.verb = PAL_AVATAR_SET_TRANSITION_SPEED, .value = 3.0F};
    assert_int_equal(pal_dialogue_post(dialogue, &speed), PAL_OK);
    (void)said(dialogue);
    pal_dialogue_disconnected(dialogue);
    post(dialogue, PAL_EXPRESSION_ANGRY, 1.0F);
    assert_false(pal_dialogue_has_output(dialogue));
    pal_dialogue_connected(dialogue, 5);
    const struct pal_buf *buf = said(dialogue);
    assert_non_null(strstr(buf->data, "\"joy\",\"value\":0.9"));
    assert_non_null(strstr(buf->data, "\"angry\",\"value\":1.0"));
    assert_non_null(strstr(buf->data, "\"speed\":3.0"));
    pal_dialogue_destroy(dialogue);
}

static void
test_bare_braces_of_a_real_unity_answer_the_oldest_question(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    struct ended first = {0};
    struct ended second = {0};
    struct pal_avatar_command load = {
        .verb = PAL_AVATAR_LOAD_MODEL, .text = "a.vrm", .text_len = 5};
    struct pal_avatar_command unload = {.verb = PAL_AVATAR_UNLOAD_MODEL};
    post(dialogue, PAL_EXPRESSION_JOY, 1.0F);
    assert_int_equal(pal_dialogue_request(dialogue, &load, 1000 * MS, on_reply, &first), PAL_OK);
    assert_int_equal(pal_dialogue_request(dialogue, &unload, 1000 * MS, on_reply, &second), PAL_OK);
    hear_line(dialogue, "{}\n", 1); /* the greeting */
    hear_line(dialogue, "{}\n", 2); /* set_expression */
    assert_int_equal(first.n, 0);
    hear_line(dialogue, "{}\n", 3);
    assert_int_equal(first.n, 1);
    assert_true(first.ok);
    assert_int_equal(second.n, 0);
    pal_dialogue_destroy(dialogue);
    assert_int_equal(second.n, 1);
    assert_int_equal(second.err, PAL_ERR_CLOSED);
}

static void
test_an_answer_of_the_main_thread_may_come_after_later_ones(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    struct ended ended = {0};
    struct pal_avatar_command unload = {.verb = PAL_AVATAR_UNLOAD_MODEL};
    hear_line(dialogue, "{\"type\":\"response\",\"status\":\"connected\"}\n", 1);
    assert_int_equal(pal_dialogue_request(dialogue, &unload, 1000 * MS, on_reply, &ended), PAL_OK);
    post(dialogue, PAL_EXPRESSION_JOY, 1.0F);
    (void)said(dialogue);
    hear_line(dialogue, "{\"command\":\"set_expression\",\"status\":\"success\"}\n", 2);
    assert_int_equal(ended.n, 0);
    hear_line(dialogue, "{\"command\":\"set_e{\"command\":\"x\"}\n", 3); /* two threads' mix */
    hear_line(dialogue, "{\"command\":\"unload_model\",\"status\":\"error\"}\n", 4);
    assert_int_equal(ended.n, 1);
    assert_false(ended.ok);
    pal_dialogue_destroy(dialogue);
}

static void
test_what_a_real_unity_never_answers_is_not_waited_for(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    struct ended ended = {0};
    static const enum pal_avatar_verb verbs[] = {PAL_AVATAR_PING,           PAL_AVATAR_TEST,
                                                 PAL_AVATAR_ANIMATION,      PAL_AVATAR_MOVE,
                                                 PAL_AVATAR_SET_BLENDSHAPE, PAL_AVATAR_GET_STATE};
    for (size_t i = 0; i < PAL_COUNT_OF(verbs); i++) {
        struct pal_avatar_command command = {.verb = verbs[i], .text = "a", .text_len = 1};
        assert_int_equal(pal_dialogue_request(dialogue, &command, MS, on_reply, &ended),
                         PAL_ERR_UNSUPPORTED);
    }
    assert_int_equal(ended.n, 0);
    assert_false(pal_dialogue_has_output(dialogue));
    pal_dialogue_destroy(dialogue);
}

static void
test_texts_that_a_real_unity_would_misread_are_refused(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    static const char *const texts[] = {"my load_model.vrm", "a\"b", "a\\b",
                                        "\xC3\xA9",          "a\nb", "x set_blendshape"};
    for (size_t i = 0; i < PAL_COUNT_OF(texts); i++) {
        struct pal_avatar_command command = {
            .verb = PAL_AVATAR_LOAD_MODEL, .text = texts[i], .text_len = strlen(texts[i])};
        assert_int_equal(pal_dialogue_post(dialogue, &command), PAL_ERR_ARGUMENT);
        command.verb = PAL_AVATAR_SET_EXPRESSION;
        command.expression = PAL_EXPRESSION_CUSTOM;
        assert_int_equal(pal_dialogue_post(dialogue, &command), PAL_OK); /* kept for another */
    }
    assert_false(pal_dialogue_has_output(dialogue));
    pal_dialogue_destroy(dialogue);
}

static void
test_a_request_ends_once_also_when_its_answer_is_late(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = modern();
    struct ended ended = {0};
    struct pal_avatar_command test = {.verb = PAL_AVATAR_TEST};
    assert_int_equal(pal_dialogue_request(dialogue, &test, 50 * MS, on_reply, &ended), PAL_OK);
    assert_int_equal(pal_dialogue_tick_due_us(dialogue), 50 * MS);
    assert_int_equal(pal_dialogue_tick(dialogue, 50 * MS), PAL_OK);
    assert_int_equal(ended.n, 1);
    assert_int_equal(ended.err, PAL_ERR_TIMEOUT);
    hear_line(dialogue, "{\"status\":\"ok\",\"id\":1}\n", 60 * MS);
    assert_int_equal(ended.n, 1);
    assert_int_equal(pal_dialogue_counts(dialogue)->n_timeouts, 1);
    pal_dialogue_destroy(dialogue);
}

static void
test_a_silent_modern_avatar_is_pinged_and_then_given_up(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = modern();
    assert_int_equal(pal_dialogue_tick(dialogue, 2 + PAL_DIALOGUE_PING_US), PAL_OK);
    assert_true(pal_dialogue_has_output(dialogue));
    (void)said(dialogue);
    assert_int_equal(pal_dialogue_tick(dialogue, 2 + PAL_DIALOGUE_DEAD_US), PAL_ERR_CLOSED);
    pal_dialogue_destroy(dialogue);
}

static void
test_an_answered_ping_gives_the_round_trip_and_only_its_own_answer_does(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = modern();
    int64_t at_us = 2 + PAL_DIALOGUE_PING_US;
    assert_int_equal(pal_dialogue_tick(dialogue, at_us), PAL_OK);
    (void)said(dialogue);
    hear_line(dialogue, "{\"status\":\"ok\",\"id\":7}\n", at_us + 3 * MS);
    assert_int_equal(pal_dialogue_counts(dialogue)->n_round_trips, 0);
    hear_line(dialogue, "{\"status\":\"ok\",\"id\":1}\n", at_us + 5 * MS);
    assert_int_equal(pal_dialogue_counts(dialogue)->n_round_trips, 1);
    assert_int_equal(pal_dialogue_counts(dialogue)->round_trip_us, 5 * MS);
    hear_line(dialogue, "{\"status\":\"ok\",\"id\":1}\n", at_us + 9 * MS);
    assert_int_equal(pal_dialogue_counts(dialogue)->n_round_trips, 1);
    pal_dialogue_destroy(dialogue);
}

static void
test_too_much_is_refused_and_the_state_survives(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    struct pal_avatar_command test = {.verb = PAL_AVATAR_TEST};
    enum pal_err err = PAL_OK;
    for (int i = 0; i < 100000 && err == PAL_OK; i++) {
        err = pal_dialogue_post(dialogue, &test);
    }
    assert_int_equal(err, PAL_ERR_BUSY);
    assert_int_equal(pal_dialogue_counts(dialogue)->n_overflows, 1);
    post(dialogue, PAL_EXPRESSION_JOY, 0.5F);
    struct pal_buf buf;
    pal_buf_init(&buf, PAL_DIALOGUE_OUT_MAX);
    pal_dialogue_output(dialogue, &buf);
    pal_buf_clear(&buf);
    pal_dialogue_output(dialogue, &buf);
    assert_non_null(strstr(buf.data, "\"joy\""));
    pal_buf_finish(&buf);
    pal_dialogue_destroy(dialogue);
}

static void
test_a_command_without_connection_is_refused_but_a_state_is_kept(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = pal_dialogue_create(false);
    struct pal_avatar_command test = {.verb = PAL_AVATAR_TEST};
    assert_int_equal(pal_dialogue_post(dialogue, &test), PAL_ERR_CLOSED);
    post(dialogue, PAL_EXPRESSION_JOY, 0.5F);
    pal_dialogue_connected(dialogue, 0);
    assert_non_null(strstr(said(dialogue)->data, "\"joy\""));
    pal_dialogue_destroy(dialogue);
}

static void
test_a_new_model_gets_the_face_again(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    struct pal_avatar_command load = {
        .verb = PAL_AVATAR_LOAD_MODEL, .text = "b.vrm", .text_len = 5};
    post(dialogue, PAL_EXPRESSION_JOY, 0.5F);
    (void)said(dialogue);
    assert_int_equal(pal_dialogue_post(dialogue, &load), PAL_OK);
    const char *text = said(dialogue)->data;
    assert_true(strstr(text, "load_model") < strstr(text, "\"joy\""));
    pal_dialogue_destroy(dialogue);
}

static void
test_what_is_no_avatar_is_left(void **state)
{
    (void)state;
    struct pal_dialogue *dialogue = unity();
    unsigned char *room;
    size_t room_len;
    pal_dialogue_room(dialogue, &room, &room_len);
    memcpy(room, "SSH-2.0", 7);
    assert_int_equal(pal_dialogue_input(dialogue, 7, 1), PAL_ERR_PROTO);
    pal_dialogue_destroy(dialogue);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_gathers_leaves_as_one_write_the_newest_value_of_each),
        cmocka_unit_test(test_a_modern_avatar_gets_one_batch_in_the_short_form_without_answer),
        cmocka_unit_test(test_a_late_hello_is_not_waited_for_but_still_welcome),
        cmocka_unit_test(test_a_new_connection_gets_the_whole_face_again),
        cmocka_unit_test(test_bare_braces_of_a_real_unity_answer_the_oldest_question),
        cmocka_unit_test(test_an_answer_of_the_main_thread_may_come_after_later_ones),
        cmocka_unit_test(test_what_a_real_unity_never_answers_is_not_waited_for),
        cmocka_unit_test(test_texts_that_a_real_unity_would_misread_are_refused),
        cmocka_unit_test(test_a_request_ends_once_also_when_its_answer_is_late),
        cmocka_unit_test(test_a_silent_modern_avatar_is_pinged_and_then_given_up),
        cmocka_unit_test(test_an_answered_ping_gives_the_round_trip_and_only_its_own_answer_does),
        cmocka_unit_test(test_too_much_is_refused_and_the_state_survives),
        cmocka_unit_test(test_a_command_without_connection_is_refused_but_a_state_is_kept),
        cmocka_unit_test(test_a_new_model_gets_the_face_again),
        cmocka_unit_test(test_what_is_no_avatar_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
