#ifndef PAL_FETCH_BLOB_H
#define PAL_FETCH_BLOB_H
/*
 * One file's bytes on their way into the cache: "<blob>.incomplete" grows, is checked, and gets its
 * name; inside this folder only. The caller holds the blob's lock.
 */
#include <stdatomic.h>

#include "fetch/fetch.h"
#include "fetch/http.h"

/* What the server promised of a file. */
struct pal_fetch_promise {
    char file[PAL_FETCH_FILE_MAX];
    char etag[160]; /* the blob's name: letters, digits, '-' and '_' */
    char commit[80];
    uint64_t bytes;
    bool has_sha256; /* the etag is one */
};

struct pal_blob_job {
    struct pal_http *http;
    const char *url;
    const char *path; /* the finished blob's */
    const struct pal_fetch_promise *promise;
    const struct pal_fetch_options *options;
    uint64_t before_bytes; /* of the parts before this one, for the progress */
    uint64_t total_bytes;  /* of all parts */
    uint64_t *fresh_bytes; /* counted up */
};

/* Bytes that an earlier pull left of this blob, or all if it is whole. */
uint64_t pal_blob_there_bytes(const char *path, uint64_t wanted_bytes);

/* Errors as pal_fetch_pull(). */
enum pal_err pal_blob_download(const struct pal_blob_job *job,
                               struct pal_error *error) PAL_MUST_USE;

#endif
