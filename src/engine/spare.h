#ifndef PAL_ENGINE_SPARE_H
#define PAL_ENGINE_SPARE_H
/*
 * An engine's process that is started before anybody knows how the model is to be run: while the
 * front reads what the machine and the model file are and makes its plan, the process links its
 * libraries and prepares llama.cpp. The first engine that is opened with it in its options takes
 * it, if the program and the libraries are the same. Loop thread only.
 */
#include <uv.h>

struct pal_spare;
struct pal_child;

/* NULL: it can't be started; then the engine will say why, when it tries. */
struct pal_spare *pal_spare_start(uv_loop_t *loop, const char *program, const char *llama_dir);
int pal_spare_pid(const struct pal_spare *spare); /* 0: it has been taken, or has died */
/* For the engine. NULL: it is another, has died, or has been taken. Accepts NULL. */
struct pal_child *pal_spare_take(struct pal_spare *spare, const char *program,
                                 const char *llama_dir);
/* If nobody has taken it, it ends; the loop must run until that is done. Accepts NULL. */
void pal_spare_end(struct pal_spare *spare);

#endif
