#ifndef PAL_OUTPUT_LINK_VMC_H
#define PAL_OUTPUT_LINK_VMC_H
/*
 * The link to whoever draws by the VMC protocol (VSeeFace, Warudo, VMagicMirror...): OSC over UDP,
 * one way. Such a receiver does not ease, blink or nod, so a puppet here does, and its frames are
 * sent while it moves: 60 a second, else a heartbeat each second. Datagrams are 1,472 bytes at
 * most; one that can't be sent is counted and forgotten, as is a receiver that is not there. Loop
 * thread only.
 */
#include <uv.h>

#include "output/link.h"
#include "util/err.h"

#define PAL_VMC_PORT 39539

enum pal_vmc_names {
    PAL_VMC_VRM0, /* "Joy", "Blink_L": what receivers expect, by convention */
    PAL_VMC_VRM1, /* "happy", "blinkLeft" */
    PAL_VMC_BOTH,
};

struct pal_link_vmc_options {
    const char *host; /* a numeric address; NULL = 127.0.0.1; copied */
    unsigned port;    /* 0 = 39539 */
    enum pal_vmc_names names;
    bool no_bundles; /* one datagram a message, for receivers that can't take bundles */
    uint64_t seed;   /* of blinking; 0 = the clock's */
};

struct pal_vmc_counts {
    uint64_t n_frames;
    uint64_t n_datagrams;
    uint64_t n_failed; /* not sent: the system had no room, or nobody listens */
};

struct pal_link_vmc;

/* PAL_ERR_CONFIG: not an address. */
enum pal_err pal_link_vmc_create(uv_loop_t *loop, const struct pal_link_vmc_options *options,
                                 struct pal_link_vmc **link, struct pal_error *error) PAL_MUST_USE;
struct pal_link pal_link_vmc_link(struct pal_link_vmc *link);
const struct pal_vmc_counts *pal_link_vmc_counts(const struct pal_link_vmc *link);

#endif
