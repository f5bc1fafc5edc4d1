#ifndef PAL_ACCESS_DIAL_H
#define PAL_ACCESS_DIAL_H
/*
 * One connection that we make: a host is looked up, its addresses are tried one after the other,
 * TLS is spoken if wanted, and bytes flow. One object is one try; whoever wants another makes
 * another. Loop thread only; nothing blocks (names are looked up by libuv's threads).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "util/err.h"

struct pal_dial;

/* All from the loop, never from inside a call of these functions. */
struct pal_dial_ops {
    void (*connected)(void *self); /* with TLS: and the server is who it says */
    void (*bytes)(void *self, const char *bytes, size_t len);
    /* The end, by the other side or a failure: PAL_ERR_DENIED for a certificate, PAL_ERR_CLOSED,
     * PAL_ERR_TIMEOUT, PAL_ERR_IO, ... The object frees itself afterwards; don't close it. */
    void (*ended)(void *self, const struct pal_error *why);
};

struct pal_dial_options {
    const char *host;
    uint16_t port;
    bool tls;
    const char *ca_file; /* NULL = whom the system trusts */
    uint64_t within_ms;  /* until connected(), all addresses together */
    size_t max_unsent_bytes;
};

/* Begins. The strings are copied. PAL_ERR_CONFIG: ca_file can't be read. */
enum pal_err pal_dial_open(uv_loop_t *loop, const struct pal_dial_options *options,
                           const struct pal_dial_ops *ops, void *self, struct pal_dial **dial,
                           struct pal_error *error) PAL_MUST_USE;
/* Once connected. PAL_ERR_LIMIT: more than max_unsent_bytes wait; PAL_ERR_IO: ended() is coming. */
enum pal_err pal_dial_send(struct pal_dial *dial, const char *bytes, size_t len) PAL_MUST_USE;
/* No callback comes any more; what was sent still leaves if it can at once. Accepts NULL. */
void pal_dial_close(struct pal_dial *dial);

#endif
