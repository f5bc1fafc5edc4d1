#ifndef PAL_ENGINE_UPSTREAM_TEXT_H
#define PAL_ENGINE_UPSTREAM_TEXT_H
/*
 * What is said to an OpenAI-compatible server and what it answers, as text: its address, a turn's
 * request body, one event of the answer's stream, an error's body, the list of models. Every server
 * is a stranger: whatever it sends is an error with a text at worst. Pure; any thread.
 */
#include "engine/job.h"
#include "util/buf.h"

#define PAL_UPSTREAM_URL_BYTES_MAX   1024
#define PAL_UPSTREAM_MODEL_BYTES_MAX 127
#define PAL_UPSTREAM_BODY_BYTES_MAX  (2u * PAL_JOB_BYTES_MAX + (64u << 10))

struct pal_upstream_address {
    char base[PAL_UPSTREAM_URL_BYTES_MAX]; /* "http://127.0.0.1:1234/v1": no slash at the end */
    char name[128];                        /* "127.0.0.1:1234": for people, logs and metrics */
    char model[PAL_UPSTREAM_MODEL_BYTES_MAX + 1]; /* what stood behind '#'; "" = its first one */
    bool is_loopback;
    bool is_https;
};

/*
 * "http://HOST[:PORT][/PATH][#MODEL]"; without a path it is /v1. PAL_ERR_CONFIG says what is wrong:
 * also for a user or key in it, which belong elsewhere.
 */
enum pal_err pal_upstream_address_parse(const char *url, struct pal_upstream_address *address,
                                        struct pal_error *error) PAL_MUST_USE;

/* The key for this address in a list "HOST[:PORT]=KEY, ..." (commas, spaces or lines between);
 * NULL if it has none. The result is the caller's. */
char *pal_upstream_key_for(const char *keys, const struct pal_upstream_address *address);
/* PAL_ERR_CONFIG names the item that is not HOST=KEY by its number, never by its text. */
enum pal_err pal_upstream_keys_check(const char *keys, struct pal_error *error) PAL_MUST_USE;

/* The body of POST /chat/completions. PAL_ERR_LIMIT: too long. */
enum pal_err pal_upstream_write_request(const struct pal_job *job, const char *model,
                                        struct pal_buf *out) PAL_MUST_USE;

/* What one event of the stream said. */
struct pal_upstream_chunk {
    char *text; /* owned; "" = none */
    size_t len;
    bool is_thinking; /* text of a kind that is not part of the reply */
    bool is_end;      /* "[DONE]" */
    bool has_finish;
    enum pal_finish finish;
    bool has_usage;
    struct pal_usage usage; /* counts; times where the server tells them */
};

/* PAL_ERR_PROTO: not an event of such a stream. PAL_ERR_ENGINE: it tells of an error. The chunk is
 * to be finished in every case. */
enum pal_err pal_upstream_read_chunk(const char *data, size_t len, struct pal_upstream_chunk *chunk,
                                     struct pal_error *error) PAL_MUST_USE;
void pal_upstream_chunk_finish(struct pal_upstream_chunk *chunk);

/* The reason in the body of an answer that is no success, as a line of plain text; "" if there is
 * none to be found. */
void pal_upstream_read_failure(const char *body, size_t len, char *text, size_t size);

/* The first model that GET /models offers. PAL_ERR_PROTO: no such list. PAL_ERR_NOT_FOUND: an empty
 * one. *n_ctx_tokens: what it says of its context; 0 = nothing. */
enum pal_err pal_upstream_read_models(const char *body, size_t len, const char *wanted, char *model,
                                      size_t size, uint32_t *n_ctx_tokens,
                                      struct pal_error *error) PAL_MUST_USE;

#endif
