#include "chat/turn.h"

enum pal_turn_state
pal_turn_after(enum pal_turn_state state, enum pal_turn_step step)
{
    static const enum pal_turn_state table[][PAL_STEP_FINAL + 1] = {
        [PAL_TURN_WAITING] =
            {
                [PAL_STEP_TAKEN] = PAL_TURN_RUNNING,
                [PAL_STEP_CANCEL] = PAL_TURN_ENDED,
                [PAL_STEP_EXPIRE] = PAL_TURN_ENDED,
                [PAL_STEP_REFUSE] = PAL_TURN_ENDED,
                [PAL_STEP_FINAL] = PAL_TURN_NEVER,
            },
        [PAL_TURN_RUNNING] =
            {
                [PAL_STEP_TAKEN] = PAL_TURN_NEVER,
                [PAL_STEP_CANCEL] = PAL_TURN_STOPPING,
                [PAL_STEP_EXPIRE] = PAL_TURN_NEVER,
                [PAL_STEP_REFUSE] = PAL_TURN_NEVER,
                [PAL_STEP_FINAL] = PAL_TURN_ENDED,
            },
        [PAL_TURN_STOPPING] =
            {
                [PAL_STEP_TAKEN] = PAL_TURN_NEVER,
                [PAL_STEP_CANCEL] = PAL_TURN_STOPPING,
                [PAL_STEP_EXPIRE] = PAL_TURN_NEVER,
                [PAL_STEP_REFUSE] = PAL_TURN_NEVER,
                [PAL_STEP_FINAL] = PAL_TURN_ENDED,
            },
        [PAL_TURN_ENDED] =
            {
                [PAL_STEP_TAKEN] = PAL_TURN_NEVER,
                [PAL_STEP_CANCEL] = PAL_TURN_ENDED,
                [PAL_STEP_EXPIRE] = PAL_TURN_NEVER,
                [PAL_STEP_REFUSE] = PAL_TURN_NEVER,
                [PAL_STEP_FINAL] = PAL_TURN_NEVER,
            },
    };
    return state == PAL_TURN_NEVER ? PAL_TURN_NEVER : table[state][step];
}
