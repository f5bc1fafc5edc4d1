#ifndef PAL_COMMANDS_STAND_IN_H
#define PAL_COMMANDS_STAND_IN_H
/*
 * A few layers of a large model's dimensions and types, with random weights: which build of ggml is
 * fastest on these is fastest on the model, and they are read in a moment. Main thread.
 */
#include <stdbool.h>

#include "plan/shape.h"

struct pal_stand_in {
    int fd;     /* keeps the file, which has no name any more */
    char *path; /* owned; by which this process and its children find it; NULL = there is none */
};

/* False, and *stand_in is empty: the model is small enough by itself, or can't be stood in for. */
bool pal_stand_in_make(struct pal_stand_in *stand_in, const struct pal_shape *shape);
/* Accepts an empty one. */
void pal_stand_in_remove(struct pal_stand_in *stand_in);

#endif
