#ifndef PAL_TESTS_FAKE_ENGINE_H
#define PAL_TESTS_FAKE_ENGINE_H
/*
 * engine.h without an engine: the test decides what happens to each job, and when. Takes the place
 * of engine.c at link time. Checks what its user promises: known turns only, one final event each.
 */
#include "engine/engine.h"

#define FAKE_RUNNING_MAX 64

struct pal_engine *fake_engine_create(pal_engine_event_fn on_event, void *userdata);
/* No turn may be running. */
void fake_engine_destroy(struct pal_engine *engine);

/* Tells of the new state with a STATE event; `why` for FAILED. */
void fake_engine_set_state(struct pal_engine *engine, enum pal_engine_state state, const char *why);
/* More jobs than this get PAL_ERR_BUSY; default FAKE_RUNNING_MAX. */
void fake_engine_set_slots(struct pal_engine *engine, size_t n_slots);
/* The next submit() returns this instead of taking the job. */
void fake_engine_refuse_next(struct pal_engine *engine, enum pal_err err);

/* Jobs taken and not yet finished, in order of arrival. */
size_t fake_engine_n_running(const struct pal_engine *engine);
const struct pal_job *fake_engine_job(const struct pal_engine *engine, size_t at);
bool fake_engine_is_cancelled(const struct pal_engine *engine, size_t at);
/* Jobs ever taken. */
uint64_t fake_engine_n_taken(const struct pal_engine *engine);

void fake_engine_say(struct pal_engine *engine, size_t at, const char *text);
/* The final event of job `at`: DONE with `finish`, or FAILED or CANCELLED. */
void fake_engine_finish(struct pal_engine *engine, size_t at, enum pal_event_kind kind,
                        enum pal_finish finish);
/* The process died: every running turn FAILED with PAL_ERR_ENGINE; then it is LOADING again. */
void fake_engine_die(struct pal_engine *engine);

#endif
