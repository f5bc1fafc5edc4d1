#ifndef PAL_CHAT_TURN_H
#define PAL_CHAT_TURN_H
/*
 * The life of a turn as a table of steps. Pure.
 *
 *     WAITING --TAKEN--> RUNNING --FINAL--> ENDED
 *        |                  `--CANCEL--> STOPPING --FINAL--> ENDED
 *        `--CANCEL, EXPIRE, REFUSE--> ENDED
 */

enum pal_turn_state {
    PAL_TURN_WAITING,  /* in the queue */
    PAL_TURN_RUNNING,  /* in the engine */
    PAL_TURN_STOPPING, /* in the engine, which has been asked to end it */
    PAL_TURN_ENDED,    /* its outcome stands; end() has been called or is about to be */
    PAL_TURN_NEVER,    /* not a state: this step can't be taken here */
};

enum pal_turn_step {
    PAL_STEP_TAKEN,  /* the engine took its job */
    PAL_STEP_CANCEL, /* somebody wants no answer any more */
    PAL_STEP_EXPIRE, /* its deadline passed in the queue */
    PAL_STEP_REFUSE, /* it can't be computed: bad job, no usable model */
    PAL_STEP_FINAL,  /* the engine's final event came */
};

/* Where the step leads. CANCEL is allowed everywhere and changes nothing the second time. */
enum pal_turn_state pal_turn_after(enum pal_turn_state state, enum pal_turn_step step);

#endif
