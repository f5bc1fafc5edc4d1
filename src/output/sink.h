#ifndef PAL_OUTPUT_SINK_H
#define PAL_OUTPUT_SINK_H
/*
 * Where a reply's text goes: the one trait between a turn and whoever asked for it (an SSE stream,
 * a terminal, a chat channel, the avatar). Handed down with the turn; all calls on the loop thread.
 *
 * Order: started() once when the engine takes the turn (not for a turn that ends while it waits),
 * text() any number of times, end() exactly once. After end() the turn never touches the sink
 * again, so a sink may free itself there. A sink whose reader is gone calls pal_sched_cancel();
 * end() still comes. A callback must not block; a slow reader is the sink's own business (bounded
 * queue, then cancel), never the turn's.
 */
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/usage.h"

enum pal_outcome {
    PAL_OUTCOME_DONE,
    PAL_OUTCOME_FAILED,
    PAL_OUTCOME_CANCELLED,
};

struct pal_turn_end {
    uint64_t turn_id;
    enum pal_outcome outcome;
    const char *finish_reason; /* DONE: "stop", "length" or "deadline"; else NULL; static storage */
    struct pal_usage usage;
    struct pal_error error; /* FAILED, CANCELLED: why */
};

struct pal_sink_ops {
    void (*started)(void *self, uint64_t turn_id);             /* may be NULL */
    void (*text)(void *self, const char *text, size_t len);    /* whole UTF-8 characters */
    void (*end)(void *self, const struct pal_turn_end *ended); /* valid during the call */
};

struct pal_sink {
    const struct pal_sink_ops *ops;
    void *self;
};

#endif
