#ifndef PAL_ENGINE_UPSTREAM_TURN_H
#define PAL_ENGINE_UPSTREAM_TURN_H
/*
 * One turn's request to a server and the reading of its answer; part of upstream.c. Its pieces go
 * out from libcurl's callback as they come; its end is only noted here, because no transfer may be
 * touched from inside a callback: upstream.c looks for is_over. Loop thread only.
 */
#include <curl/curl.h>

#include "engine/engine.h"
#include "engine/hold.h"
#include "engine/sse.h"
#include "engine/upstream_text.h"

/* What all turns of one server share; owned by upstream.c, outlives them. */
struct pal_upstream_line {
    struct pal_upstream_address address;
    char *key; /* NULL = none */
    char *chat_url;
    struct curl_slist *headers; /* of a turn */
    int64_t connect_timeout_us;
    int64_t first_text_us;
    int64_t idle_us;
    pal_engine_event_fn on_event;
    void *userdata;
};

struct pal_upstream_turn {
    struct pal_upstream_turn *next;
    const struct pal_upstream_line *line;
    struct pal_job job; /* owned: its stop texts and times; the messages are in the request */
    CURL *easy;
    struct pal_buf request;
    struct pal_buf refusal; /* body of an answer that is no event stream */
    struct pal_sse sse;
    struct pal_hold hold;
    bool is_started; /* in the curl loop */
    bool is_over;    /* `final` is filled: to be taken out and told */
    bool is_whole;   /* nothing more is expected, only the end of the transfer */
    bool is_thinking;
    struct pal_event final;
    struct pal_error chunk_error; /* why the reading ended; PAL_OK = it did not */
    bool has_finish;
    enum pal_finish finish;
    bool has_usage;
    struct pal_usage usage;
    uint32_t n_pieces;
    int64_t started_us;
    int64_t heard_us; /* last byte; 0 = none yet */
    int64_t first_us; /* first text; 0 = none yet */
    int64_t whole_us; /* since is_whole */
    char curl_text[CURL_ERROR_SIZE];
};

/* Takes the job. On an error it is untouched. */
enum pal_err pal_upstream_turn_create(const struct pal_upstream_line *line, const char *model,
                                      struct pal_job *job, struct pal_upstream_turn **turn,
                                      struct pal_error *error) PAL_MUST_USE;
/* Not in the curl loop any more. Accepts NULL. */
void pal_upstream_turn_destroy(struct pal_upstream_turn *turn);

/* What every request to the server has: its limits, its proxy, no redirects. */
void pal_upstream_line_prepare(const struct pal_upstream_line *line, CURL *easy, char *curl_text);
/* What went wrong with a transfer, or what kind of refusal its status is; never PAL_OK. */
enum pal_err pal_upstream_line_fault(const struct pal_upstream_line *line, CURLcode code,
                                     const char *curl_text, struct pal_error *error);
enum pal_err pal_upstream_line_refusal(const struct pal_upstream_line *line, long status,
                                       const struct pal_buf *body, struct pal_error *error);

/* The transfer is over. */
void pal_upstream_turn_ended(struct pal_upstream_turn *turn, CURLcode code);
/* Ends it if one of its times has run out. */
void pal_upstream_turn_tick(struct pal_upstream_turn *turn, int64_t now_us);
/* Ends it as CANCELLED, unless it is over. */
void pal_upstream_turn_cancel(struct pal_upstream_turn *turn);

#endif
