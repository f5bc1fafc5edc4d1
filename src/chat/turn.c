#include "chat/turn.h"

#include <stdlib.h>

#include "util/mem.h"

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

void
pal_turn_step(struct pal_turn *turn, enum pal_turn_step step)
{
    enum pal_turn_state state = pal_turn_after(turn->state, step);
    PAL_ASSERT(state != PAL_TURN_NEVER);
    turn->state = state;
}

bool
pal_turn_is_in_engine(const struct pal_turn *turn)
{
    return turn->state == PAL_TURN_RUNNING || turn->state == PAL_TURN_STOPPING;
}

struct pal_turn *
pal_turn_of_item(struct pal_queue_item *item)
{
    _Static_assert(offsetof(struct pal_turn, item) == 0, "the item is the turn's first field");
    return (struct pal_turn *)item;
}

void
pal_turn_destroy(struct pal_turn *turn)
{
    free(turn->conversation);
    pal_job_finish(&turn->job);
    free(turn);
}

void
pal_turn_append(struct pal_turn **list, struct pal_turn *turn)
{
    while (*list != NULL) {
        list = &(*list)->next;
    }
    *list = turn;
    turn->next = NULL;
}

void
pal_turn_unlink(struct pal_turn **list, struct pal_turn *turn)
{
    while (*list != turn) {
        PAL_ASSERT(*list != NULL);
        list = &(*list)->next;
    }
    *list = turn->next;
}

struct pal_turn *
pal_turn_find(struct pal_turn *list, uint64_t turn_id)
{
    while (list != NULL && list->job.turn_id != turn_id) {
        list = list->next;
    }
    return list;
}
