#ifndef PAL_ACCESS_TLS_H
#define PAL_ACCESS_TLS_H
/*
 * The client's side of TLS, by OpenSSL, without a socket: the peer's bytes go in, bytes for it come
 * out. The certificate and the host's name are always verified. One owner, one thread.
 */
#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

struct pal_tls;

/*
 * `host` is the name or address that the certificate must hold. ca_file: whom to trust, PEM; NULL
 * = whom the system trusts. PAL_ERR_CONFIG: ca_file can't be read.
 */
enum pal_err pal_tls_create(const char *host, const char *ca_file, struct pal_tls **tls,
                            struct pal_error *error) PAL_MUST_USE;
void pal_tls_destroy(struct pal_tls *tls); /* accepts NULL */

/*
 * Takes bytes from the peer and appends what they say to `plain`. PAL_OK; PAL_ERR_CLOSED: the peer
 * has ended the session; PAL_ERR_DENIED: its certificate is not to be trusted, *error says why;
 * PAL_ERR_PROTO; PAL_ERR_LIMIT: `plain` is full.
 */
enum pal_err pal_tls_feed(struct pal_tls *tls, const char *bytes, size_t len, struct pal_buf *plain,
                          struct pal_error *error) PAL_MUST_USE;
/* The handshake is done: the peer is who it says. */
bool pal_tls_is_up(const struct pal_tls *tls);
/* Only when it is up. PAL_ERR_LIMIT, PAL_ERR_PROTO. */
enum pal_err pal_tls_write(struct pal_tls *tls, const char *bytes, size_t len) PAL_MUST_USE;
/* Appends what is to be sent to the peer; also right after creation. PAL_ERR_LIMIT. */
enum pal_err pal_tls_output(struct pal_tls *tls, struct pal_buf *out) PAL_MUST_USE;

#endif
