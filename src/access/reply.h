#ifndef PAL_ACCESS_REPLY_H
#define PAL_ACCESS_REPLY_H
/*
 * One API request that became a turn: the sink between the scheduler and a connection, whole or
 * streamed, in one of two dialects (openai_reply.c, ollama_reply.c).
 *
 * Nothing is sent before there is something to say, so a turn that fails before its first word is
 * still answered with the right status; after 15 s of waiting a stream begins with a ping instead,
 * where the dialect has one. A client that goes away cancels its turn at once. The reply frees
 * itself at the turn's end, which may come after the connection, and after the server, is gone.
 *
 * Loop thread only.
 */
#include "access/api_error.h"

#define PAL_REPLY_ID_MAX 48

struct pal_reply;
struct pal_companion; /* chat/companion.h */

/* How a dialect words a reply. Each appends to `out`. */
struct pal_reply_format {
    enum pal_api_dialect dialect;
    const char *stream_type;
    const char *ping; /* NULL = the dialect has none */
    void (*first)(const struct pal_reply *reply, struct pal_out *out); /* may be NULL */
    void (*piece)(const struct pal_reply *reply, const char *text, size_t len, struct pal_out *out);
    void (*last)(const struct pal_reply *reply, const struct pal_turn_end *ended,
                 struct pal_out *out);
    /* After a part of the answer has been sent. */
    void (*broken)(const struct pal_api_failure *failure, struct pal_out *out);
    /* A whole answer; its text is reply->text. */
    void (*whole)(const struct pal_reply *reply, const struct pal_turn_end *ended,
                  struct pal_out *out);
};

extern const struct pal_reply_format pal_reply_openai;
extern const struct pal_reply_format pal_reply_ollama_chat;
extern const struct pal_reply_format pal_reply_ollama_generate;

/* The present time as Ollama writes it, with its quotes. */
void pal_ollama_put_time(struct pal_out *out);

struct pal_reply {
    const struct pal_reply_format *format;
    struct pal_http_conn *conn; /* NULL once the client is gone */
    struct pal_sched *sched;
    uint64_t turn_id;
    char id[PAL_REPLY_ID_MAX]; /* what the client may call this answer */
    char *model;               /* owned; the name in the answer */
    int64_t created_s;         /* wall clock */
    int64_t sent_us;           /* when something was last sent, or the turn accepted */
    bool stream;
    bool include_usage;
    bool headed;         /* stream: the answer's head is out */
    bool spoken;         /* stream: first() is out */
    struct pal_buf text; /* whole: so far */
};

struct pal_reply_place {
    struct pal_http_conn *conn;
    struct pal_sched *sched;
    struct pal_performance *performance; /* borrowed; NULL = no face follows */
    const char *model;                   /* copied */
    uint64_t id_salt;
    struct pal_companion *carer; /* says care.h's answers; borrowed; NULL = the model does */
};

/*
 * Hands the request to the scheduler. On PAL_OK *request has been emptied and the answer will come
 * by itself; on an error the connection is untouched.
 */
enum pal_err pal_reply_start(const struct pal_reply_place *place,
                             const struct pal_reply_format *format, struct pal_api_request *request,
                             struct pal_error *error) PAL_MUST_USE;

#endif
