#ifndef PAL_ACCESS_ROUTE_H
#define PAL_ACCESS_ROUTE_H
/*
 * Private to the folder: what the front ends share (struct pal_access), and the table of paths.
 * Loop thread only.
 */
#include "access/access.h"
#include "access/api_error.h"
#include "access/http_guard.h"
#include "access/http_server.h"

struct pal_access {
    struct pal_http_server *server;
    struct pal_guard guard;
    struct pal_sched *sched;             /* borrowed */
    struct pal_companion *companion;     /* borrowed */
    struct pal_metrics *metrics;         /* borrowed */
    struct pal_performance *performance; /* borrowed; NULL = no face follows */
    struct pal_engine *engine;           /* borrowed; NULL while there is none */
    struct pal_feed *feed;               /* borrowed; NULL = nobody keeps one */
    struct pal_room *room;               /* borrowed; NULL = there is no stream */
    struct pal_pages *pages;             /* owned; page.h */
    struct pal_access_controls controls;
    struct pal_access_download download;
    struct pal_access_switch switching;
    bool starter;
    bool cares;
    bool has_kv_on_gpu;
    uint64_t id_salt;
    int64_t opened_s; /* wall clock */
    /* owned copies of the options */
    char *api_key;
    char **allowed_hosts;
    char *model_id; /* NULL = the engine's model_name */
    char *name;
    char *plan_json;     /* NULL = no plan */
    const char *profile; /* the same; static storage */
    pal_access_closed_fn on_closed;
    void *closed_userdata;
};

/* A request that has passed the checks. `rest`: the path behind the route's own, decoded. */
struct pal_call {
    struct pal_access *access;
    struct pal_http_conn *conn;
    const struct pal_http_head *head;
    const struct pal_buf *body;
    char *rest;
};

typedef void (*pal_call_fn)(const struct pal_call *call);

struct pal_route {
    const char *path;
    bool prefix;                 /* the path goes on behind it: "/v1/models/" */
    bool open;                   /* needs no key */
    enum pal_http_method method; /* GET lets HEAD in */
    enum pal_api_dialect dialect;
    pal_call_fn answer;
};

/* The handlers of pal_http_server_open(); userdata is the struct pal_access. */
extern const struct pal_http_handlers pal_route_handlers;

#define PAL_METRICS_BYTES_MAX ((size_t)256 * 1024)
/* Appends what /metrics says. */
enum pal_err pal_access_render_metrics(const struct pal_access *access, struct pal_buf *out);

/* The name of the model in use, never NULL. */
const char *pal_access_model(const struct pal_access *access);

/* Sends a body of that type with status 200 (or another one). */
void pal_call_answer(const struct pal_call *call, int status, const char *content_type,
                     const char *body, size_t len);
/* A JSON value with its last reference; sends it. */
void pal_call_answer_json(const struct pal_call *call, int status, json_t *value);

/* chat_api.c */
void pal_answer_openai_chat(const struct pal_call *call);
void pal_answer_ollama_chat(const struct pal_call *call);
void pal_answer_ollama_generate(const struct pal_call *call);
/* models_api.c */
void pal_answer_openai_models(const struct pal_call *call);
void pal_answer_openai_model(const struct pal_call *call);
void pal_answer_ollama_tags(const struct pal_call *call);
void pal_answer_ollama_ps(const struct pal_call *call);
void pal_answer_ollama_show(const struct pal_call *call);
void pal_answer_ollama_version(const struct pal_call *call);
/* switch_api.c */
void pal_answer_profile(const struct pal_call *call);
void pal_answer_reload(const struct pal_call *call);
/* {"stage", "profile", "progress", "code", "message"}: how the newest switch goes. */
json_t *pal_access_describe_switch(const struct pal_access *access);
/* PAL_ERR_UNSUPPORTED: nobody does it here. Else as the controls say. */
enum pal_err pal_access_switch_profile(struct pal_access *access, const json_t *request,
                                       struct pal_error *error) PAL_MUST_USE;
enum pal_err pal_access_reload(struct pal_access *access, struct pal_error *error) PAL_MUST_USE;
/* health_api.c */
void pal_answer_health(const struct pal_call *call);
void pal_answer_metrics(const struct pal_call *call);
void pal_answer_page(const struct pal_call *call);
void pal_answer_overlay(const struct pal_call *call);
void pal_answer_asset_path(const struct pal_call *call);
/* page.c */
void pal_answer_ws(const struct pal_call *call);

#endif
