#include "test.h"

#include "chat/turn.h"
#include "util/mem.h"

static void
test_each_step_leads_where_the_drawing_says(void **state)
{
    (void)state;
    static const struct {
        enum pal_turn_state from;
        enum pal_turn_step step;
        enum pal_turn_state to;
    } rows[] = {
        {PAL_TURN_WAITING, PAL_STEP_TAKEN, PAL_TURN_RUNNING},
        {PAL_TURN_WAITING, PAL_STEP_CANCEL, PAL_TURN_ENDED},
        {PAL_TURN_WAITING, PAL_STEP_EXPIRE, PAL_TURN_ENDED},
        {PAL_TURN_WAITING, PAL_STEP_REFUSE, PAL_TURN_ENDED},
        {PAL_TURN_WAITING, PAL_STEP_FINAL, PAL_TURN_NEVER},
        {PAL_TURN_RUNNING, PAL_STEP_TAKEN, PAL_TURN_NEVER},
        {PAL_TURN_RUNNING, PAL_STEP_CANCEL, PAL_TURN_STOPPING},
        {PAL_TURN_RUNNING, PAL_STEP_EXPIRE, PAL_TURN_NEVER},
        {PAL_TURN_RUNNING, PAL_STEP_FINAL, PAL_TURN_ENDED},
        {PAL_TURN_STOPPING, PAL_STEP_CANCEL, PAL_TURN_STOPPING},
        {PAL_TURN_STOPPING, PAL_STEP_FINAL, PAL_TURN_ENDED},
        {PAL_TURN_STOPPING, PAL_STEP_TAKEN, PAL_TURN_NEVER},
        {PAL_TURN_ENDED, PAL_STEP_CANCEL, PAL_TURN_ENDED},
        {PAL_TURN_ENDED, PAL_STEP_FINAL, PAL_TURN_NEVER},
        {PAL_TURN_NEVER, PAL_STEP_CANCEL, PAL_TURN_NEVER},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        assert_int_equal(pal_turn_after(rows[i].from, rows[i].step), rows[i].to);
    }
}

static void
test_nothing_leads_out_of_ended(void **state)
{
    (void)state;
    for (int step = PAL_STEP_TAKEN; step <= PAL_STEP_FINAL; step++) {
        enum pal_turn_state to = pal_turn_after(PAL_TURN_ENDED, (enum pal_turn_step)step);
        assert_true(to == PAL_TURN_ENDED || to == PAL_TURN_NEVER);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_step_leads_where_the_drawing_says),
        cmocka_unit_test(test_nothing_leads_out_of_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
