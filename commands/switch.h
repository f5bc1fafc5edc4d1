#ifndef PAL_COMMANDS_SWITCH_H
#define PAL_COMMANDS_SWITCH_H
/*
 * The engines of a run: the one that answers and, while a switch goes on, the one that is to follow
 * it or the one that it followed. A switch opens an engine beside the present one, with another
 * profile's plan or with the same options again. Once that is ready, the present one hands over
 * what it has computed (pal_engine_hand_over(); turns wait for that moment), the scheduler feeds
 * the new one, and the old one is closed when its last turn has ended, or after ENDING_MAX_US. If
 * the new one fails, the old one stays. One switch at a time.
 *
 *     IDLE/FAILED --ask--> LOADING --ready, handed over--> ENDING --last turn--> IDLE
 *           |                 `----failed, too late----> FAILED
 *           `----no room for two----> ROOM --ready--> IDLE
 *
 * Where memory is too short for two (or engine.switch_beside says so), the present one hands over,
 * ends its turns and goes, then the new one is loaded; lines wait meanwhile. If that one fails, the
 * former is loaded again.
 *
 * A large model's start is such a switch as well (engine.staged_start): the first engine answers
 * with weights as they lie in the file, and is followed, when nobody is being answered, by one that
 * has rearranged them.
 *
 * What was computed moves where model and KV type agree and files may be parked; else it is
 * computed again, line by line. Main thread only. The plan of a profile is for the machine as it
 * was when the program started.
 */
#include "commands/startup.h"

struct pal_switch;

/* Borrowed, all of them; they outlive the switch but for what pal_switch_stop() is said of. */
struct pal_switch_parts {
    struct pal_startup *startup; /* changed when a switch succeeds */
    struct pal_sched *sched;
    struct pal_companion *companion;
    struct pal_access *access;
    /* Every turn's events, and the state events of the engine that answers. */
    pal_engine_event_fn on_event;
    void *userdata;
};

/* Opens the first engine, and gives it to the scheduler and to access. On an error there is still
 * something to close if *made is not NULL. */
enum pal_err pal_switch_open(uv_loop_t *loop, const struct pal_switch_parts *parts,
                             struct pal_switch **made, struct pal_error *error) PAL_MUST_USE;

/*
 * Begins a switch; access is told how it goes. PAL_ERR_BUSY: one is under way, or the first model
 * is still loading. PAL_ERR_ARGUMENT: there is no such profile. PAL_ERR_UNSUPPORTED: not with this
 * machine, or no model is run here.
 */
enum pal_err pal_switch_profile(struct pal_switch *self, const char *profile,
                                struct pal_error *error) PAL_MUST_USE;
enum pal_err pal_switch_reload(struct pal_switch *self, struct pal_error *error) PAL_MUST_USE;

/* The run ends: no engine takes another's place any more; scheduler and access are not used from
 * here on. Accepts NULL. */
void pal_switch_stop(struct pal_switch *self);
/* Closes every engine, frees, and calls back from the loop (NULL: at once). After pal_sched_close()
 * is done. */
void pal_switch_close(struct pal_switch *self, void (*on_closed)(void *userdata), void *userdata);

#endif
