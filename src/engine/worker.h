#ifndef PAL_ENGINE_WORKER_H
#define PAL_ENGINE_WORKER_H
/*
 * The engine's own side. serve.c owns the socket and the time; a worker owns the computing: the
 * model (model_worker.c) or a script in its place (script_worker.c). Both are driven through the
 * table below, on the compute thread, and answer through the host.
 *
 * A worker owes each job that it was given exactly one final event.
 */
#include "engine/job.h"
#include "engine/settings.h"

/* ---- what a worker may ask of its host ---- */

struct pal_host;

/* Compute thread. Copies; never waits for the front. Leaves when the step ends. */
void pal_host_emit(struct pal_host *host, const struct pal_event *event);
/* Compute thread: load progress 0 to 1; told on at most once a percent. Counts as a beat. */
void pal_host_progress(struct pal_host *host, float progress);
/*
 * Compute thread, and inside a step: has the turn's cancel come in, though nobody has acted on it
 * yet? True for every turn once the engine is to quit. Cheap enough for an abort callback.
 */
bool pal_host_is_cancelled(struct pal_host *host, uint64_t turn_id);
bool pal_host_is_quitting(struct pal_host *host);
/* Compute thread, in load(): private memory may grow by so much from now on. Does nothing where the
 * engine is no process of its own. */
void pal_host_limit_memory(struct pal_host *host, uint64_t growth_bytes);
/* Compute thread: so many threads the next step uses, and why; the front is told with the next
 * pong.
 */
void pal_host_set_pace(struct pal_host *host, uint32_t n_threads,
                       enum pal_engine_pace_reason reason);
/* Compute thread: so much is held now; the front is told with the next pong. */
void pal_host_set_held(struct pal_host *host, const struct pal_engine_held *held);
/* Compute thread: all that was idle has been handed over. */
void pal_host_leave(struct pal_host *host);
/* Compute thread, and inside a step: has anything come in? Then work ahead of time gives way. */
bool pal_host_has_news(struct pal_host *host);

/* ---- what the host asks of a worker; all on the compute thread ---- */

struct pal_worker_ops {
    /* Once, before anything else. On PAL_OK *facts is filled. */
    enum pal_err (*load)(void *worker, struct pal_engine_facts *facts, struct pal_error *error);
    /*
     * The settings have changed, but not the weights (pal_settings_share_weights()); no turn runs.
     * NULL: there is nothing to do. After an error no job comes any more.
     */
    enum pal_err (*retune)(void *worker, struct pal_engine_facts *facts, struct pal_error *error);
    /*
     * Another engine is to follow. Lays what idle timelines hold where that one finds it, and says
     * so by pal_host_leave(); from then on does the same with each turn's before its final event.
     * NULL: there is nothing to lay anywhere.
     */
    void (*hand_over)(void *worker);
    /* Takes what another engine has laid there. NULL: there is nothing to do. */
    void (*adopt)(void *worker);
    /* Takes a checked job; *job has been emptied. */
    void (*submit)(void *worker, struct pal_job *job);
    /* Unknown ids are ignored. */
    void (*cancel)(void *worker, uint64_t turn_id);
    /*
     * Does one bounded piece of work. Returns how long (us) nothing needs to be done now: 0 = call
     * again at once, negative = until a job or a cancel comes.
     */
    int64_t (*step)(void *worker);
    void (*destroy)(void *worker); /* accepts NULL; without events */
};

struct pal_worker {
    const struct pal_worker_ops *ops;
    void *self;
};

/* Borrow host and settings, which outlive the worker. Cheap: the work is done in load(). */
struct pal_worker pal_model_worker_create(struct pal_host *host,
                                          const struct pal_settings *settings);
struct pal_worker pal_script_worker_create(struct pal_host *host,
                                           const struct pal_settings *settings);

#endif
