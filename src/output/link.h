#ifndef PAL_OUTPUT_LINK_H
#define PAL_OUTPUT_LINK_H
/*
 * A link: a way to somebody who shows the face. The trait by which the fan-out sees an avatar on
 * TCP, a VMC receiver or the page's WebSocket.
 *
 * face() is called on the loop thread, at most 60 times a second, with the newest state; the state
 * is valid during the call. It must not block and must not fail: a link that can't send now keeps
 * the newest state and sends that when it can. close() is called once, by the fan-out's close; the
 * link frees itself when the loop has let go of it, and is not used again.
 *
 * say() is for links that show words or move lips by themselves; NULL for the others. It gets the
 * clean text of one reply at a time, piece by piece as it comes (whole UTF-8 characters, valid
 * during the call), then one call with len 0: the reply is over.
 *
 * report() is for links that know who listens; NULL for the others.
 */
#include "output/face.h"
#include "util/recent.h"

/* How a link is at the moment. What it does not know it leaves zeroed. */
struct pal_link_report {
    uint32_t n_connections;
    bool has_counts;                     /* the next three mean something */
    uint64_t n_commands;                 /* sent */
    uint64_t n_merged;                   /* states replaced before they were sent */
    uint64_t n_overflows;                /* commands refused because too much waited */
    const struct pal_recent *round_trip; /* borrowed from the link; NULL = it measures none */
};

struct pal_link_ops {
    const char *name; /* for logs and metrics: "tcp", "vmc", "page" */
    void (*face)(void *self, const struct pal_face *face);
    void (*close)(void *self);
    void (*say)(void *self, const char *text, size_t len);
    void (*report)(const void *self, struct pal_link_report *report); /* gets it zeroed */
};

struct pal_link {
    const struct pal_link_ops *ops;
    void *self;
};

#endif
