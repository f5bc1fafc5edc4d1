#ifndef PAL_COMMANDS_PARKING_H
#define PAL_COMMANDS_PARKING_H
/*
 * Where the engines of this run may keep what they computed: how much memory and disk, a folder for
 * this run alone, and one that outlives it. Main thread.
 */
#include "config/config.h"
#include "engine/engine.h"
#include "plan/plan.h"

struct pal_parking {
    char *run_dir;  /* owned; NULL = none could be had, or none is wanted */
    char *warm_dir; /* owned; the same */
    int lock_fd;    /* of run_dir */
};

/*
 * Fills the options' park_* and warm_dir, which borrow from *parking; plan NULL = nothing is known.
 * Removes what runs that are over have left behind. What can't be had is left out, with a line in
 * the log.
 */
void pal_parking_open(struct pal_parking *parking, const struct pal_config *config,
                      const struct pal_plan *plan, struct pal_engine_options *options);
/* Removes the run's folder with all that is in it. Accepts NULL and a zeroed struct. */
void pal_parking_close(struct pal_parking *parking);

#endif
