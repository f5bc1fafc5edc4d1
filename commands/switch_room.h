#ifndef PAL_COMMANDS_SWITCH_ROOM_H
#define PAL_COMMANDS_SWITCH_ROOM_H
/*
 * What a switch decides by the machine's memory. Main thread.
 */
#include "commands/startup.h"

/* Is there memory for an engine of this plan beside the one of *startup, which runs? What that maps
 * of the file, both may. Also false if engine.switch_beside says so. */
bool pal_room_for_two(const struct pal_startup *startup, const struct pal_plan *plan);

/*
 * How the first engine of *startup is run. True: its start is staged: it answers soon, with weights
 * as they lie in the file, and another rearranges them behind that. Worth it for large models, with
 * memory for both, where a former run has left what prompts begin with. Borrows from *startup.
 */
bool pal_room_first_engine(const struct pal_startup *startup, struct pal_engine_options *options);

#endif
