#ifndef PAL_ENGINE_SSE_H
#define PAL_ENGINE_SSE_H
/*
 * Reads an event stream (text/event-stream) as it comes off a socket, cut anywhere. Only `data` is
 * of interest: comments and other fields are passed over. Pure; one owner.
 */
#include <stdbool.h>

#include "util/buf.h"

#define PAL_SSE_EVENT_BYTES_MAX (1u << 20)

struct pal_sse {
    struct pal_buf line;
    struct pal_buf data; /* of the event so far, its lines joined by '\n' */
    bool has_data;
    bool after_cr; /* a '\n' that comes next belongs to the '\r' before it */
};

/* One event's data; an error ends the reading. */
typedef enum pal_err (*pal_sse_event_fn)(const char *data, size_t len, void *userdata);

void pal_sse_init(struct pal_sse *sse);
void pal_sse_finish(struct pal_sse *sse);

/* PAL_ERR_LIMIT: a line or an event is too long; else what `on_event` returned. */
enum pal_err pal_sse_add(struct pal_sse *sse, const char *bytes, size_t len,
                         pal_sse_event_fn on_event, void *userdata) PAL_MUST_USE;
/* No more comes: an event that only lacks its empty line counts. */
enum pal_err pal_sse_end(struct pal_sse *sse, pal_sse_event_fn on_event,
                         void *userdata) PAL_MUST_USE;

#endif
