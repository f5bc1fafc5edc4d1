#ifndef PAL_COMMANDS_FACE_H
#define PAL_COMMANDS_FACE_H
/*
 * The companion's face as the configuration wants it: a performance, with its links to an avatar on
 * TCP and to a program that speaks VMC where these are wanted (the page adds its own). Used by
 * `palabre run` and `palabre chat`. Loop thread.
 */
#include "config/config.h"
#include "output/performance.h"

/*
 * *performance is the caller's, to be closed with pal_performance_close(). PAL_ERR_CONFIG: an
 * address is wrong. That nobody listens there is no error: the link goes on trying.
 */
enum pal_err pal_face_open(uv_loop_t *loop, const struct pal_config *config,
                           struct pal_performance **performance,
                           struct pal_error *error) PAL_MUST_USE;

#endif
