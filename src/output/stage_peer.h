#ifndef PAL_OUTPUT_STAGE_PEER_H
#define PAL_OUTPUT_STAGE_PEER_H
/*
 * One client of `palabre avatar`: its bytes in, its answers out, and what it may not do. Loop
 * thread only. Only stage.c includes this.
 */
#include <uv.h>

#include "output/stage.h"
#include "output/stage_act.h"

struct pal_stage_peer;

/* What all clients of a stage share. */
struct pal_stage_room {
    struct pal_puppet puppet;
    int64_t puppet_at_us;
    struct pal_avatar_message message; /* the decoder's room */
    struct pal_stage_counts counts;
    bool is_framed;  /* work is done by pal_stage_peer_work() once a frame, not at each read */
    int64_t idle_us; /* 0 = a silent client may stay */
    void (*advance)(void *userdata);                              /* brings the puppet up to now */
    void (*on_gone)(struct pal_stage_peer *peer, void *userdata); /* freed after the call */
    void *userdata;
};

/* Accepts and greets; the peer puts itself on the list and owns itself until on_gone(). */
void pal_stage_peer_create(struct pal_stage_room *room, uv_stream_t *server,
                           struct pal_stage_peer **list);
void pal_stage_peer_unlink(struct pal_stage_peer **list, struct pal_stage_peer *peer);
struct pal_stage_peer *pal_stage_peer_next(const struct pal_stage_peer *peer);

/* Does what the client has asked so far and starts sending the answers. */
void pal_stage_peer_work(struct pal_stage_peer *peer);
/* Closes it if it is stuck, silent or has had its time to read a last answer. */
void pal_stage_peer_watch(struct pal_stage_peer *peer, int64_t now_us);
void pal_stage_peer_close(struct pal_stage_peer *peer);

#endif
