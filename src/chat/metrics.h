#ifndef PAL_CHAT_METRICS_H
#define PAL_CHAT_METRICS_H
/*
 * What the companion counts about itself, in one place: /metrics, the dashboard and the benches all
 * read these. Loop thread only, except pal_metrics_render() of a copy.
 *
 * Names follow the Prometheus guide: palabre_<what>_<unit>, counters end in _total, base units
 * (seconds, bytes). Labels have few values; never a person's name.
 */
#include <stdbool.h>

#include "output/sink.h"
#include "util/buf.h"

struct pal_engine; /* engine/engine.h */
struct pal_metrics;

struct pal_metrics *pal_metrics_create(void);
void pal_metrics_destroy(struct pal_metrics *metrics); /* accepts NULL */

/* A turn was accepted; `source` as in pal_turn_request. */
void pal_metrics_turn_accepted(struct pal_metrics *metrics, const char *source);
/* A turn was refused before it was taken (queue full, bad job, no model). */
void pal_metrics_turn_refused(struct pal_metrics *metrics, const char *source, enum pal_err why);
/* A turn ended; the durations run from its acceptance. wait_us: until the engine took it. */
void pal_metrics_turn_ended(struct pal_metrics *metrics, const char *source,
                            const struct pal_turn_end *ended, int64_t wait_us, int64_t total_us);
/* A line of a room was dealt with; `by`: "model", "heart", "care", "fallback", "overload" (one line
 * of ours told several), "refused", "cancelled", "undelivered"; static storage. */
void pal_metrics_room_answer(struct pal_metrics *metrics, const char *by);
/* An HTTP request was answered with this status. */
void pal_metrics_http_request(struct pal_metrics *metrics, int status);

/* Values of the moment, given when somebody asks; engine may be NULL. */
struct pal_metrics_now {
    uint32_t n_waiting;
    uint32_t n_running;
    uint32_t n_conversations;
    uint32_t n_connections;
    uint64_t front_bytes;     /* RAM of this process */
    uint64_t engine_bytes;    /* RAM of the engine's; 0 = it has none of its own */
    uint64_t available_bytes; /* RAM that is left */
    bool is_paused;           /* turns wait because somebody said so */
    const struct pal_engine *engine;
};

/* Appends the Prometheus text format (version 0.0.4), promtool-clean. */
enum pal_err pal_metrics_render(const struct pal_metrics *metrics,
                                const struct pal_metrics_now *now,
                                struct pal_buf *out) PAL_MUST_USE;

#endif
