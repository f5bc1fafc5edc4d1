#ifndef PAL_ENGINE_FUSE_H
#define PAL_ENGINE_FUSE_H
/*
 * An engine that dies again and again is run in the safest way there is: on the CPU alone, with a
 * thread less, plain weights, a small context and no flash attention. After a while it is tried the
 * usual way again, and each time that fails the while is twice as long.
 *
 *     usual --3 deaths in a minute--> safe --10 min, 20, 40, ... --> usual
 *                                      `--3 deaths in a minute, all while loading--> hopeless
 *
 * Pure; one owner.
 */
#include <signal.h>

#include "engine/settings.h"

#define PAL_FUSE_DEATHS 3

enum pal_fuse_verdict {
    PAL_FUSE_AGAIN, /* the same way */
    PAL_FUSE_SAFE,  /* from now on the safe way */
    PAL_FUSE_HOPELESS,
};

struct pal_fuse {
    int64_t deaths_us[PAL_FUSE_DEATHS]; /* the last ones since a change; 0 = none */
    unsigned n_loading;                 /* one after the other, the last ones */
    bool is_safe;
    bool had_illegal; /* an instruction that the CPU doesn't have */
    int64_t safe_until_us;
    int64_t safe_for_us;     /* this time, or the last */
    int64_t safe_for_min_us; /* the first time; 0 = ten minutes */
};

/* A life ended unasked; `signal` ended it, or 0. */
enum pal_fuse_verdict pal_fuse_died(struct pal_fuse *fuse, int64_t now_us, bool was_loading,
                                    int signal);
/* Has it been safe for long enough? */
bool pal_fuse_is_over(const struct pal_fuse *fuse, int64_t now_us);
/* It is run the usual way again. */
void pal_fuse_reset(struct pal_fuse *fuse);

/* How to run `usual` in the present state. A shallow copy: not to be finished. */
struct pal_settings pal_fuse_settings(const struct pal_fuse *fuse,
                                      const struct pal_settings *usual);

#endif
