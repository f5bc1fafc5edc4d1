#ifndef PAL_COMMANDS_TUNING_H
#define PAL_COMMANDS_TUNING_H
/* What `palabre tune` and `palabre bench tune` share. Main thread. */
#include "bench/tune.h"
#include "commands/planning.h"
#include "commands/stand_in.h"

/* What a search borrows. */
struct pal_tuning {
    char *program; /* owned: this program's own file */
    struct pal_stand_in layers;
};

/*
 * Everything that a search is given. *tuning must outlive it. False: the reason has been printed
 * and nothing is left to free.
 */
bool pal_tuning_init(struct pal_tuning *tuning, struct pal_tune *tune,
                     const struct pal_planning *planning);
/* Accepts a zeroed one. */
void pal_tuning_finish(struct pal_tuning *tuning);

/* Moves "--seconds N" out of argv into *limit_us, which stays as it is where there is none. False:
 * N is no number of seconds, and that has been printed. */
bool pal_tuning_take_seconds(int *argc, char **argv, int64_t *limit_us);

/* A line on standard error for a finished trial. */
void pal_tuning_show_trial(const struct pal_tune *tune, const struct pal_candidate *candidate);

/* Every candidate of a search that has ended, on standard output. */
void pal_tuning_print_table(const struct pal_tune *tune);

#endif
