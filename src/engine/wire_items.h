#ifndef PAL_ENGINE_WIRE_ITEMS_H
#define PAL_ENGINE_WIRE_ITEMS_H
/* How many items each frame's array has after its kind; for wire.c and wire_read.c only. */
#include "engine/job.h"

#define PAL_WIRE_SETTINGS_ITEMS 23
#define PAL_WIRE_JOB_ITEMS      20
#define PAL_WIRE_USAGE_ITEMS    9
#define PAL_WIRE_FACTS_ITEMS    15

/* After an event's own kind and turn id. */
static inline size_t
pal_wire_event_items(enum pal_event_kind kind)
{
    switch (kind) {
    case PAL_EVENT_PIECE:
        return 2;
    case PAL_EVENT_DONE:
        return 1 + PAL_WIRE_USAGE_ITEMS;
    case PAL_EVENT_FAILED:
        return 2 + PAL_WIRE_USAGE_ITEMS;
    case PAL_EVENT_CANCELLED:
        return PAL_WIRE_USAGE_ITEMS;
    case PAL_EVENT_STATE:
        return 4 + PAL_WIRE_FACTS_ITEMS;
    }
    return 0;
}

#endif
