#include "test.h"

#include <math.h>
#include <string.h>

#include "output/puppet.h"
#include "output/puppet_view.h"

static void
set(struct pal_puppet *puppet, const char *name, float value)
{
    struct pal_avatar_command command = {.verb = PAL_AVATAR_SET_EXPRESSION,
                                         .expression = pal_expression_find(name, strlen(name)),
                                         .value = value};
    if (command.expression == PAL_EXPRESSION_CUSTOM) {
        command.text = name;
        command.text_len = strlen(name);
    }
    assert_int_equal(pal_puppet_apply(puppet, &command), PAL_OK);
}

static void
test_an_expression_follows_the_original_s_easing(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    pal_puppet_init(&puppet, 1);
    set(&puppet, "joy", 1.0F);
    double expected = 0.0;
    for (int i = 0; i < 300; i++) {
        pal_puppet_step(&puppet, 1.0F / 60.0F);
        expected += (1.0 - expected) * 2.0 / 60.0;
        if (1.0 - expected < 0.001) {
            expected = 1.0;
        }
        assert_true(fabs((double)puppet.expressions[PAL_EXPRESSION_JOY].value - expected) < 1e-4);
    }
    assert_true(puppet.expressions[PAL_EXPRESSION_JOY].value == 1.0F);
}

static void
test_setting_one_expression_leaves_the_others(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    pal_puppet_init(&puppet, 1);
    set(&puppet, "joy", 1.0F);
    set(&puppet, "sorrow", 1.0F);
    assert_true(puppet.expressions[PAL_EXPRESSION_JOY].target == 1.0F);
    assert_int_equal(
        pal_puppet_apply(&puppet,
                         &(struct pal_avatar_command){.verb = PAL_AVATAR_RESET_EXPRESSIONS}),
        PAL_OK);
    assert_true(puppet.expressions[PAL_EXPRESSION_JOY].target == 0.0F);
    assert_true(puppet.expressions[PAL_EXPRESSION_SORROW].target == 0.0F);
}

static void
test_custom_names_are_one_whatever_their_case_and_bounded(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    pal_puppet_init(&puppet, 1);
    set(&puppet, "sMUG", 0.5F);
    set(&puppet, "Smug", 0.7F);
    assert_int_equal(puppet.n_expressions, PAL_N_EXPRESSIONS + 1);
    assert_string_equal(puppet.expressions[PAL_N_EXPRESSIONS].name, "Smug");
    char name[] = "x00";
    for (int i = 1; i < PAL_PUPPET_CUSTOM_MAX; i++) {
        name[1] = (char)('0' + i / 10);
        name[2] = (char)('0' + i % 10);
        set(&puppet, name, 1.0F);
    }
    struct pal_avatar_command command = {.verb = PAL_AVATAR_SET_EXPRESSION,
                                         .expression = PAL_EXPRESSION_CUSTOM,
                                         .text = "other",
                                         .text_len = 5};
    assert_int_equal(pal_puppet_apply(&puppet, &command), PAL_ERR_LIMIT);
}

static void
test_it_blinks_every_two_to_five_seconds_for_a_sixth_of_one(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    pal_puppet_init(&puppet, 42);
    struct pal_avatar_command on = {.verb = PAL_AVATAR_SET_AUTO_BLINK, .enabled = true};
    assert_int_equal(pal_puppet_apply(&puppet, &on), PAL_OK);
    int n_blinks = 0;
    int n_closed = 0;
    bool was_closed = false;
    for (int ms = 0; ms < 120000; ms++) {
        pal_puppet_step(&puppet, 0.001F);
        bool closed = pal_puppet_blink(&puppet) > 0.5F;
        n_blinks += closed && !was_closed ? 1 : 0;
        n_closed += closed ? 1 : 0;
        was_closed = closed;
    }
    assert_in_range(n_blinks, 22, 60);
    assert_in_range(n_closed / n_blinks, 60, 130);
    on.enabled = false;
    assert_int_equal(pal_puppet_apply(&puppet, &on), PAL_OK);
    assert_true(pal_puppet_blink(&puppet) == 0.0F);
}

static void
test_the_head_moves_within_its_angle_and_comes_back(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    pal_puppet_init(&puppet, 7);
    int n_moves = 0;
    bool was_moving = false;
    for (int i = 0; i < 60 * 120; i++) {
        float degrees[3];
        pal_puppet_step(&puppet, 1.0F / 60.0F);
        pal_puppet_head(&puppet, degrees);
        assert_true(fabsf(degrees[0]) <= 5.0F && fabsf(degrees[1]) <= 2.5F && degrees[2] == 0.0F);
        bool moving = puppet.head_s >= 0.0F;
        if (!moving) {
            assert_true(degrees[0] == 0.0F && degrees[1] == 0.0F);
        }
        n_moves += moving && !was_moving ? 1 : 0;
        was_moving = moving;
    }
    assert_in_range(n_moves, 12, 30);
}

static void
test_a_new_model_has_a_face_at_rest(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    pal_puppet_init(&puppet, 1);
    set(&puppet, "joy", 1.0F);
    set(&puppet, "smug", 1.0F);
    pal_puppet_advance(&puppet, 1.0F);
    struct pal_avatar_command unload = {.verb = PAL_AVATAR_UNLOAD_MODEL};
    struct pal_avatar_command joy = {.verb = PAL_AVATAR_SET_EXPRESSION, .value = 1.0F};
    assert_int_equal(pal_puppet_apply(&puppet, &unload), PAL_OK);
    assert_int_equal(pal_puppet_apply(&puppet, &joy), PAL_ERR_NOT_FOUND);
    struct pal_avatar_command load = {.verb = PAL_AVATAR_LOAD_MODEL, .text = "a", .text_len = 1};
    assert_int_equal(pal_puppet_apply(&puppet, &load), PAL_OK);
    assert_true(puppet.expressions[PAL_EXPRESSION_JOY].value == 0.0F);
    assert_int_equal(puppet.n_expressions, PAL_N_EXPRESSIONS);
}

static void
test_the_drawing_shows_the_strongest_mood(void **state)
{
    (void)state;
    struct pal_puppet puppet;
    struct pal_buf buf;
    pal_puppet_init(&puppet, 1);
    pal_buf_init(&buf, 4096);
    set(&puppet, "surprised", 1.0F);
    pal_puppet_advance(&puppet, 5.0F);
    assert_int_equal(pal_puppet_draw(&puppet, &buf), PAL_OK);
    assert_non_null(strstr(buf.data, "O       O"));
    assert_non_null(strstr(buf.data, "Surprised  1.00 ####################"));
    pal_buf_finish(&buf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_expression_follows_the_original_s_easing),
        cmocka_unit_test(test_setting_one_expression_leaves_the_others),
        cmocka_unit_test(test_custom_names_are_one_whatever_their_case_and_bounded),
        cmocka_unit_test(test_it_blinks_every_two_to_five_seconds_for_a_sixth_of_one),
        cmocka_unit_test(test_the_head_moves_within_its_angle_and_comes_back),
        cmocka_unit_test(test_a_new_model_has_a_face_at_rest),
        cmocka_unit_test(test_the_drawing_shows_the_strongest_mood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
