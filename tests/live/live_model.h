#ifndef PAL_TESTS_LIVE_MODEL_H
#define PAL_TESTS_LIVE_MODEL_H
/*
 * The models of the live tests: a tiny one with random weights, made on the spot, for everything
 * that only counts; and the starter model, where what is said matters.
 */

/* Makes one of that shape (gguf/shape.h) at `path`, which ends in XXXXXX.gguf and is filled in; the
 * caller unlinks it. */
void live_model_make_like(const char *shape, char *path);

/* Group set-up and its end: make and remove the tiny model. */
int live_model_make(void **state);
int live_model_remove(void **state);

const char *live_model_tiny(void);
/* NULL if it has not been built here. */
const char *live_model_starter(void);

#endif
