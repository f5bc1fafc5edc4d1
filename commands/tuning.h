#ifndef PAL_COMMANDS_TUNING_H
#define PAL_COMMANDS_TUNING_H
/* What `palabre tune` and `palabre bench tune` share. Main thread. */
#include "bench/tune.h"
#include "commands/planning.h"

/*
 * Everything that a search is given. *program is the caller's and must outlive the search. False:
 * the reason has been printed.
 */
bool pal_tuning_init(struct pal_tune *tune, const struct pal_planning *planning, char **program);

/* A line on standard error for a finished trial. */
void pal_tuning_show_trial(const struct pal_tune *tune, const struct pal_candidate *candidate);

/* Every candidate of a search that has ended, on standard output. */
void pal_tuning_print_table(const struct pal_tune *tune);

#endif
