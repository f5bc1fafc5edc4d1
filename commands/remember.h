#ifndef PAL_COMMANDS_REMEMBER_H
#define PAL_COMMANDS_REMEMBER_H
/*
 * What the companion remembers and knows by heart, as the configuration wants it. Used by `palabre
 * run`, `palabre chat` and `palabre memory`. Main thread, then loop.
 */
#include "chat/heart.h"
#include "chat/store.h"
#include "config/config.h"

/* The database's path; owned by the caller; NULL if there is no home folder for it. */
char *pal_remember_path(const struct pal_config *config);

/*
 * *store and *heart are the caller's; NULL where the configuration wants none. A memory that can't
 * be written is no error: the reason is printed, and conversations last as long as the program.
 * PAL_ERR_CONFIG: the person's answers.yaml is wrong.
 */
enum pal_err pal_remember_open(uv_loop_t *loop, const struct pal_config *config,
                               struct pal_store **store, struct pal_heart **heart,
                               struct pal_error *error) PAL_MUST_USE;

#endif
