#ifndef PAL_ENGINE_LOCAL_H
#define PAL_ENGINE_LOCAL_H
/*
 * The engine as a child of ours. For its two files only: local.c is what engine.h promises,
 * local_life.c keeps a child alive. Loop thread.
 */
#include "engine/fuse.h"
#include "engine/child.h"
#include "engine/engine_ops.h"
#include "engine/settings.h"

struct pal_local_turn {
    uint64_t id;
    int64_t deadline_us; /* 0 = none */
    bool is_cancelled;
};

struct pal_local {
    struct pal_engine base;
    uv_loop_t *loop;
    char *program; /* owned; NULL = thread */
    struct pal_settings settings;
    pal_engine_event_fn on_event;
    void *userdata;
    struct pal_child *child; /* NULL while there is none */
    struct pal_spare *spare; /* for the first life; borrowed while it is opened, then NULL */
    uv_timer_t heartbeat;
    uv_timer_t pause; /* until the restart; while closing: until the next, harder signal */
    enum pal_engine_state state;
    float progress;
    struct pal_engine_facts facts;
    struct pal_error failure;
    uint32_t n_restarts;
    struct pal_engine_pace pace; /* as the last pong said */
    struct pal_engine_held held; /* the same */

    struct pal_local_turn turns[PAL_ENGINE_SEQUENCES_MAX];
    size_t n_turns;

    uint64_t ping_serial;
    uint32_t n_silent_ticks; /* since the ping that waits for its pong; 0 = none waits */
    bool has_spoken;         /* the child, anything */
    int64_t started_us;      /* this life */
    uint32_t pause_ms;       /* before the next restart */
    struct pal_fuse fuse;
    bool is_leaving;  /* has been asked to hand over */
    bool is_changing; /* this life was asked to end, so that the next is run another way */

    bool is_closing;
    unsigned n_open_timers;
    pal_engine_closed_fn on_closed;
    void *closed_userdata;
};

struct pal_local_turn *pal_local_find_turn(struct pal_local *engine, uint64_t id);
/* Final events for all; the callbacks may submit again, but find the engine not ready. */
void pal_local_end_all_turns(struct pal_local *engine, enum pal_event_kind kind,
                             const struct pal_error *error);
/* Sends the frame and frees it. */
void pal_local_send(struct pal_local *engine, struct pal_buf *frame);
void pal_local_send_quit(struct pal_local *engine);
void pal_local_tell_state(struct pal_local *engine);
/* The child is gone for good: frees everything, later. */
void pal_local_close_timers(struct pal_local *engine);

/* The first life; the later ones begin by themselves. */
enum pal_err pal_local_start(struct pal_local *engine, struct pal_error *error) PAL_MUST_USE;
/* A timer's, every PAL_LOCAL_HEARTBEAT_MS. */
void pal_local_on_heartbeat(uv_timer_t *timer);

#define PAL_LOCAL_HEARTBEAT_MS 500

#endif
