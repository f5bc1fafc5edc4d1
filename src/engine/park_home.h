#ifndef PAL_ENGINE_PARK_HOME_H
#define PAL_ENGINE_PARK_HOME_H
/*
 * A folder of its own for each park, in one that the engines of a run share. Whoever is alive holds
 * a lock on its folder; what a dead one left is there for the next to take. Compute thread.
 */
#include "util/err.h"

struct pal_park_home {
    char *root; /* owned */
    char *dir;  /* owned; in root; NULL = closed */
    int lock_fd;
};

/* PAL_ERR_IO. `root` exists. */
enum pal_err pal_park_home_open(struct pal_park_home *home, const char *root,
                                struct pal_error *error) PAL_MUST_USE;
/* Removes the folder if it is empty. Accepts a zeroed struct. */
void pal_park_home_close(struct pal_park_home *home);

/* Calls take() for every file that a dead one left, which moves or removes it. */
void pal_park_home_adopt(const struct pal_park_home *home,
                         void (*take)(const char *path, void *userdata), void *userdata);

#endif
