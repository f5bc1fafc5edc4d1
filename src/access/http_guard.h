#ifndef PAL_ACCESS_HTTP_GUARD_H
#define PAL_ACCESS_HTTP_GUARD_H
/*
 * Who may ask at all: decided from a request's head alone, before its body is read.
 *
 * A server on 127.0.0.1 is reached by every web page that the same person has open. Such a page
 * can't forge the Host, Origin and Sec-Fetch-Site fields that its browser sends, so these decide:
 * Host must name this server (else a foreign name was rebound to this address), Origin must be
 * absent or this server's own, Sec-Fetch-Site must not tell of another site. No CORS field is ever
 * sent. A key, where one is set, is compared in constant time.
 *
 * Pure; any thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "access/http_parse.h"

struct pal_guard {
    uint16_t port;
    bool on_loopback;                 /* the bound address is a loopback address */
    const char *const *allowed_hosts; /* further names, any port; NULL-terminated, or NULL */
    const char *api_key;              /* NULL = none needed */
};

/* 0 if the request may pass, else the status to answer with, and *error says why. */
int pal_guard_check_origin(const struct pal_guard *guard, const struct pal_http_head *head,
                           struct pal_error *error);
/* Is this the key, where one is needed? NULL = none was given. */
bool pal_guard_key_fits(const struct pal_guard *guard, const char *given);
/* The same for the key: `Authorization: Bearer KEY` or `X-Api-Key: KEY`. */
int pal_guard_check_key(const struct pal_guard *guard, const struct pal_http_head *head,
                        struct pal_error *error);
/*
 * A POST's body must be JSON by its own word: a page of another site can send forms and plain text
 * without asking, but not this. No Content-Type at all is let through for programs, which send no
 * Origin and no Sec-Fetch fields.
 */
int pal_guard_check_body_type(const struct pal_http_head *head, struct pal_error *error);

/* True for "127.0.0.0/8" and "::1" written as numbers, and for "localhost". */
bool pal_host_is_loopback(const char *host);

#endif
