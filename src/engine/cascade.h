#ifndef PAL_ENGINE_CASCADE_H
#define PAL_ENGINE_CASCADE_H
/*
 * Several engines as one: the local model first, then servers (upstream.h) in the order they are
 * given. A turn goes to the first that may be asked now; if that fails before it has said anything,
 * to the next, and so on; the one who asked sees one turn with one end. What has begun to speak is
 * never asked again elsewhere.
 *
 * May be asked: it is READY and its circuit breaker (breaker.h) lets the turn pass. A server whose
 * breaker has opened is looked at in the background (GET /models) and tried with one turn when it
 * answers again. Where a turn has a deadline, an engine that is not the last choice has half of the
 * time that is left for its first text; then the next one is asked.
 *
 * The whole is READY while any of them may be asked, and FAILED when none ever will be. Events of
 * an engine that a turn has left are dropped. Loop thread only.
 */
#include "engine/engine.h"
#include "engine/upstream.h"

#define PAL_CASCADE_UPSTREAMS_MAX 15

struct pal_cascade_options {
    const struct pal_engine_options *local; /* NULL = no model of our own */
    const struct pal_upstream_options *upstreams;
    size_t n_upstreams;
};

/* As pal_engine_open(). PAL_ERR_CONFIG: no engine at all, too many, or an address that is none. */
enum pal_err pal_cascade_open(uv_loop_t *loop, const struct pal_cascade_options *options,
                              pal_engine_event_fn on_event, void *userdata,
                              struct pal_engine **engine, struct pal_error *error) PAL_MUST_USE;

#endif
