#ifndef PAL_COMMANDS_ENGINES_H
#define PAL_COMMANDS_ENGINES_H
/*
 * Which engines answer, by engine.use and engine.upstreams: the local model, other servers, or both
 * in turn. Main thread.
 */
#include "commands/startup.h"

/* The settings go together: PAL_ERR_CONFIG says which do not. */
enum pal_err pal_engines_check(const struct pal_config *config,
                               struct pal_error *error) PAL_MUST_USE;
/* A model of our own is wanted. */
bool pal_engines_have_local(const struct pal_config *config);

/* As pal_engine_open(). */
enum pal_err pal_engines_open(uv_loop_t *loop, const struct pal_startup *startup,
                              pal_engine_event_fn on_event, void *userdata,
                              struct pal_engine **engine, struct pal_error *error) PAL_MUST_USE;

#endif
