#ifndef PAL_ACCESS_HTTP_HEAD_H
#define PAL_ACCESS_HTTP_HEAD_H
/*
 * The head of an HTTP/1.1 (or 1.0) request: its first line and its fields.
 *
 * Strict on purpose: what two programs could read in two ways (both Content-Length and
 * Transfer-Encoding, two Host fields, folded lines, bare LF, space before a colon) is refused, so
 * nothing can be smuggled past a proxy in front.
 *
 * Pure; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define PAL_HTTP_HEAD_BYTES_MAX 8192
#define PAL_HTTP_FIELDS_MAX     64

enum pal_http_method {
    PAL_HTTP_GET,
    PAL_HTTP_HEAD,
    PAL_HTTP_POST,
    PAL_HTTP_OPTIONS,
    PAL_HTTP_OTHER,
};

struct pal_http_field {
    const char *name; /* as sent; compared without case */
    const char *value;
};

/* A request's head. All texts are NUL-terminated, hold no controls, and live as long as the
 * parser's request. */
struct pal_http_head {
    enum pal_http_method method;
    const char *path; /* as sent, up to '?'; begins with '/' or is "*" */
    bool http_1_0;
    bool keep_alive;
    bool expect_continue;
    bool chunked;
    bool has_length;
    uint64_t content_length;
    struct pal_http_field fields[PAL_HTTP_FIELDS_MAX];
    size_t n_fields;
};

/* The value of the first field of that name, or NULL. */
const char *pal_http_field(const struct pal_http_head *head, const char *name);

/* Replaces %XX in place. PAL_ERR_PROTO for a broken escape or a decoded control byte. */
enum pal_err pal_http_percent_decode(char *text) PAL_MUST_USE;

/* The value of a hexadecimal digit, or -1. */
int pal_http_hex_value(char c);

/*
 * Cuts a head in place: raw[0..len] ends in an empty line (CR LF CR LF) and a NUL. NULL if it is
 * well formed; else what is wrong, and *status is the one to answer with.
 */
const char *pal_http_head_parse(struct pal_http_head *head, char *raw, size_t len, int *status);

#endif
