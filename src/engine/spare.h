#ifndef PAL_ENGINE_SPARE_H
#define PAL_ENGINE_SPARE_H
/*
 * An engine's process that is started before anybody knows how the model is to be run: while the
 * front reads what the machine and the model file are and makes its plan, the process links its
 * libraries and prepares llama.cpp. As soon as the plan is made it can be told to load, while the
 * front opens everything else. The first engine that is opened with it in its options takes it, if
 * that is to be run just so. Loop thread only.
 */
#include <uv.h>

#include "engine/settings.h"

struct pal_spare;
struct pal_child;

/* NULL: it can't be started; then the engine will say why, when it tries. */
struct pal_spare *pal_spare_start(uv_loop_t *loop, const char *program, const char *llama_dir);
int pal_spare_pid(const struct pal_spare *spare); /* 0: it has been taken, or has died */
/* It begins to load. Once; accepts NULL. Options that can't be are left to the engine to refuse. */
void pal_spare_brief(struct pal_spare *spare, const struct pal_engine_options *options);
/*
 * For the engine. NULL: it is another, loads something else, has died, or has been taken. Accepts
 * NULL. *is_briefed: it knows these settings already.
 */
struct pal_child *pal_spare_take(struct pal_spare *spare, const char *program,
                                 const struct pal_settings *settings, bool *is_briefed);
/* If nobody has taken it, it ends; the loop must run until that is done. Accepts NULL. */
void pal_spare_end(struct pal_spare *spare);

#endif
