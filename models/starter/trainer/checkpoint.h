// Checkpoints: everything that a run needs to go on exactly where it stopped.
#ifndef STARTER_CHECKPOINT_H
#define STARTER_CHECKPOINT_H

#include "adam.h"
#include "data.h"

struct st_progress {
    uint32_t step; // updates done
    struct st_cursor cursor;
};

// Writes beside `path` and renames, so a crash leaves the old checkpoint whole.
bool st_checkpoint_save(const char *path, struct st_model *model, const struct st_adam *adam,
                        const struct st_progress *progress);

// `adam` and `progress` may be NULL (export needs only the parameters). False with a reason when
// the file is missing, cut short, or of another shape.
bool st_checkpoint_load(const char *path, struct st_model *model, struct st_adam *adam,
                        struct st_progress *progress, char *err, size_t err_size);

// Reads only the shape, so that an export needs no flags.
bool st_checkpoint_config(const char *path, struct st_config *config);

#endif
