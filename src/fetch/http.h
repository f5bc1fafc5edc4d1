#ifndef PAL_FETCH_HTTP_H
#define PAL_FETCH_HTTP_H
/*
 * The three requests that a pull makes, by libcurl; inside this folder only. One owner, one thread.
 *
 * Only http and https are followed, and from https only https. The token goes to the first host and
 * is dropped by libcurl when a redirect leads to another.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/err.h"

struct pal_http;

/* What an answer's headers say; texts are "" and numbers -1 where they say nothing. */
struct pal_http_head {
    long status;
    char etag[160];        /* quotes and "W/" removed */
    char linked_etag[160]; /* X-Linked-ETag, likewise */
    char commit[80];       /* X-Repo-Commit */
    char location[2048];
    int64_t linked_size; /* X-Linked-Size */
    int64_t content_length;
    int64_t range_start; /* of Content-Range */
};

/* `token` may be NULL. `is_cancelled` may be NULL; both are borrowed. */
struct pal_http *pal_http_create(const char *token, const atomic_bool *is_cancelled);
void pal_http_destroy(struct pal_http *http); /* accepts NULL */

/*
 * All return PAL_OK when there was an answer, whatever its status; else PAL_ERR_IO with curl's
 * words, or PAL_ERR_CANCELLED.
 */
/* HEAD, no redirect followed. */
enum pal_err pal_http_head(struct pal_http *http, const char *url, bool with_token,
                           struct pal_http_head *head, struct pal_error *error) PAL_MUST_USE;
/* GET into a buffer, redirects followed. */
enum pal_err pal_http_get(struct pal_http *http, const char *url, struct pal_http_head *head,
                          struct pal_buf *body, struct pal_error *error) PAL_MUST_USE;

/* What a download does with its bytes; anything but PAL_OK ends it and is what it returns. */
struct pal_http_sink {
    /* Once, before the first byte of a 200 or 206. */
    enum pal_err (*begin)(const struct pal_http_head *head, void *userdata);
    enum pal_err (*bytes)(const void *bytes, size_t len, void *userdata);
    void *userdata;
};

/* GET from byte `from` on, redirects followed. Bodies of other statuses are dropped. */
enum pal_err pal_http_download(struct pal_http *http, const char *url, uint64_t from,
                               const struct pal_http_sink *sink, struct pal_http_head *head,
                               struct pal_error *error) PAL_MUST_USE;

#endif
