#ifndef PAL_CHAT_TURN_H
#define PAL_CHAT_TURN_H
/*
 * One turn as the scheduler keeps it, and its life as a table of steps. For sched.c only; pure.
 *
 *     WAITING --TAKEN--> RUNNING --FINAL--> ENDED
 *        |                  `--CANCEL--> STOPPING --FINAL--> ENDED
 *        `--CANCEL, EXPIRE, REFUSE--> ENDED
 */
#include "chat/queue.h"
#include "engine/engine.h"
#include "output/sink.h"

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

struct pal_turn {
    struct pal_queue_item item; /* first: see pal_turn_of_item() */
    struct pal_turn *next;      /* in the scheduler's list */
    enum pal_turn_state state;
    const char *source; /* static storage */
    struct pal_job job; /* owned; once the engine took it, only turn_id is left */
    char *conversation; /* owned; set if one turn of it may run at a time */
    struct pal_sink sink;
    enum pal_err (*prepare)(void *self, struct pal_job *job, struct pal_error *error);
    struct pal_engine *engine; /* borrowed; the one that runs it */
    int64_t accepted_us;
    int64_t taken_us;          /* 0 = never */
    struct pal_turn_end ended; /* once the state is ENDED */
};

/* Takes the step, which must be allowed. */
void pal_turn_step(struct pal_turn *turn, enum pal_turn_step step);
/* True while the engine has it. */
bool pal_turn_is_in_engine(const struct pal_turn *turn);
struct pal_turn *pal_turn_of_item(struct pal_queue_item *item);
/* Frees what it owns and itself; it is in no list and no queue any more. */
void pal_turn_destroy(struct pal_turn *turn);

/* Lists of turns in order of arrival. Short, so they are walked. */
void pal_turn_append(struct pal_turn **list, struct pal_turn *turn);
void pal_turn_unlink(struct pal_turn **list, struct pal_turn *turn);
/* NULL if it is not there. */
struct pal_turn *pal_turn_find(struct pal_turn *list, uint64_t turn_id);

#endif
