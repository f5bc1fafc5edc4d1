#ifndef PAL_ACCESS_ACCESS_H
#define PAL_ACCESS_ACCESS_H
/*
 * The front ends that listen on a socket: OpenAI's and Ollama's HTTP APIs, health and metrics;
 * the page and its WebSocket. Everything that the program's composition (commands/run.c) sees
 * of them.
 *
 * Loop thread only; nothing blocks. http_server.h says why the HTTP server is our own.
 */
#include "chat/companion.h"
#include "chat/metrics.h"
#include "chat/sched.h"

struct pal_access;
struct pal_feed;        /* chat/feed.h */
struct pal_performance; /* output/performance.h */
struct pal_room;        /* chat/room.h */

struct pal_access_options {
    const char *host;    /* address to bind; default "127.0.0.1" */
    uint16_t port;       /* default 7252; 0 = any free one, see pal_access_port() */
    const char *api_key; /* NULL = none needed; required when the host is not a loopback address */
    /* Further Host and Origin values that are let in (a reverse proxy's name); NULL-terminated list
     * of host names, or NULL. Loopback names with the right port always are. */
    const char *const *allowed_hosts;
    uint32_t max_connections; /* default 256 */
    uint32_t max_body_bytes;  /* default 4 MiB; more is answered with 413 */
    const char *model_id;     /* what /v1/models calls the model; NULL = the engine's model_name */
    /* The face that follows the replies, whose text it leaves alone; borrowed, outlives the
     * scheduler's turns; NULL = none. */
    struct pal_performance *performance;
    bool cares;            /* a cry for help in an API request is answered by chat/care.h */
    bool has_kv_on_gpu;    /* where the plan puts the conversations (told in /health) */
    bool starter;          /* the built-in starter model is in use (told in /health) */
    const char *name;      /* what the companion is called; NULL = "Palabre" */
    struct pal_feed *feed; /* who waits and who is answered, for the page; borrowed; may be NULL */
    struct pal_room *room; /* whose chat the page shows live; borrowed, outlives it; may be NULL */
    const char *plan_json; /* what runs where, pal_plan_print_json(); NULL = no plan */
    const char *profile;   /* its name; static storage; NULL = no plan */
};

/* What the page's buttons do in parts that this folder does not know; any may be NULL. */
struct pal_access_controls {
    /* Starts to download a model; pal_access_show_download() tells how it goes. */
    enum pal_err (*pull)(void *self, const char *name, struct pal_error *error);
    void (*cancel_pull)(void *self);
    /* Another engine takes the present one's place, with another profile's plan or as it is;
     * pal_access_show_switch() tells how it goes. PAL_ERR_BUSY: one switch at a time. */
    enum pal_err (*switch_profile)(void *self, const char *profile, struct pal_error *error);
    enum pal_err (*reload)(void *self, struct pal_error *error);
    void *self;
};

enum pal_access_download_stage {
    PAL_ACCESS_DOWNLOAD_ASKING,
    PAL_ACCESS_DOWNLOAD_CHECKING,
    PAL_ACCESS_DOWNLOAD_RUNNING,
    PAL_ACCESS_DOWNLOAD_WAITING, /* the line was cut; before the next try */
    PAL_ACCESS_DOWNLOAD_DONE,
    PAL_ACCESS_DOWNLOAD_FAILED,
};

struct pal_access_download {
    char name[256]; /* as asked for; "" = there has been none */
    char file[256];
    enum pal_access_download_stage stage;
    uint64_t done_bytes;
    uint64_t total_bytes;   /* 0 = not known yet */
    struct pal_error error; /* FAILED */
};

enum pal_access_switch_stage {
    PAL_ACCESS_SWITCH_IDLE,
    PAL_ACCESS_SWITCH_ROOM,    /* the old one ends, then the new one loads; turns wait */
    PAL_ACCESS_SWITCH_LOADING, /* the new engine, beside the one that answers */
    PAL_ACCESS_SWITCH_ENDING,  /* the new one answers, the old one ends its turns */
    PAL_ACCESS_SWITCH_FAILED,  /* the old one goes on */
};

struct pal_access_switch {
    enum pal_access_switch_stage stage;
    const char *profile;    /* static storage; of the newest switch, "" = has none */
    float progress;         /* 0 to 1, LOADING and ROOM */
    struct pal_error error; /* FAILED */
};

/*
 * Listens. `sched`, `companion` and `metrics` are borrowed and outlive it. Errors: PAL_ERR_CONFIG
 * (not on loopback and no api_key; port in use: the text names the port and says what to do).
 */
enum pal_err pal_access_open(uv_loop_t *loop, const struct pal_access_options *options,
                             struct pal_sched *sched, struct pal_companion *companion,
                             struct pal_metrics *metrics, struct pal_access **access,
                             struct pal_error *error) PAL_MUST_USE;
/* The engine that /health, /v1/models and the timings speak of (borrowed); NULL while there is
 * none. */
void pal_access_set_engine(struct pal_access *access, struct pal_engine *engine);
/* From now on the page's buttons do this; copied, its self is borrowed. */
void pal_access_set_controls(struct pal_access *access, const struct pal_access_controls *controls);
/* How a download goes; copied. */
void pal_access_show_download(struct pal_access *access,
                              const struct pal_access_download *download);
/* How a switch goes; copied. */
void pal_access_show_switch(struct pal_access *access, const struct pal_access_switch *how);
/* What runs where has changed: as in the options. */
void pal_access_set_plan(struct pal_access *access, const char *plan_json, const char *profile,
                         bool has_kv_on_gpu);
/* The engine's state has changed: the pages are told at once, not at the next tick. */
void pal_access_engine_changed(struct pal_access *access);
/* The port that is really listened on. */
uint16_t pal_access_port(const struct pal_access *access);

typedef void (*pal_access_closed_fn)(void *userdata);
/* Stops listening, cancels the turns of its connections, closes them, frees, calls back from the
 * loop. Call before pal_sched_close(). Accepts NULL. */
void pal_access_close(struct pal_access *access, pal_access_closed_fn on_closed, void *userdata);

#endif
