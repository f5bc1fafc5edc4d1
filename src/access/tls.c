#include "access/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <uv.h>

#include "util/mem.h"

#define READ_BYTES ((size_t)16 * 1024)

struct pal_tls {
    SSL_CTX *context;
    SSL *ssl; /* owns both ends below */
    BIO *in;
    BIO *out;
    bool is_up;
};

static bool
is_address(const char *host)
{
    unsigned char bytes[16];
    return uv_inet_pton(AF_INET, host, bytes) == 0 || uv_inet_pton(AF_INET6, host, bytes) == 0;
}

/* Numbers are no names: they are not told to the server, and stand elsewhere in a certificate. */
static bool
set_peer(SSL *ssl, const char *host)
{
    if (is_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    char *name = pal_strdup(host); /* OpenSSL's macro takes no const text */
    bool is_set = SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
    free(name);
    return is_set;
}

enum pal_err
pal_tls_create(const char *host, const char *ca_file, struct pal_tls **created,
               struct pal_error *error)
{
    struct pal_tls *tls = pal_calloc(1, sizeof(*tls));
    tls->context = SSL_CTX_new(TLS_client_method());
    PAL_ASSERT(tls->context != NULL);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    bool is_set = SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) == 1;
    int trusts = ca_file != NULL ? SSL_CTX_load_verify_locations(tls->context, ca_file, NULL)
                                 : SSL_CTX_set_default_verify_paths(tls->context);
    ERR_clear_error();
    if (trusts != 1) {
        pal_tls_destroy(tls);
        return pal_error_set(error, PAL_ERR_CONFIG, "cannot read the certificates in '%s'",
                             ca_file != NULL ? ca_file : "the system's folder");
    }
    tls->ssl = SSL_new(tls->context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    PAL_ASSERT(tls->ssl != NULL && tls->in != NULL && tls->out != NULL);
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_connect_state(tls->ssl);
    is_set = is_set && set_peer(tls->ssl, host);
    if (!is_set) {
        pal_tls_destroy(tls);
        return pal_error_set(error, PAL_ERR_CONFIG, "'%s' is no host's name", host);
    }
    (void)SSL_do_handshake(tls->ssl); /* its first bytes are for pal_tls_output() */
    ERR_clear_error();
    *created = tls;
    return PAL_OK;
}

void
pal_tls_destroy(struct pal_tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        SSL_CTX_free(tls->context);
        free(tls);
    }
}

/* What a failed call of OpenSSL means; empties its list of errors. */
static enum pal_err
failure(const struct pal_tls *tls, int result, struct pal_error *error)
{
    int why = SSL_get_error(tls->ssl, result);
    unsigned long code = ERR_peek_last_error();
    long verdict = SSL_get_verify_result(tls->ssl);
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        return PAL_ERR_AGAIN;
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
        return pal_error_set(error, PAL_ERR_CLOSED, "the server ended the connection");
    }
    if (verdict != X509_V_OK) {
        return pal_error_set(error, PAL_ERR_DENIED,
                             "the server's certificate is not to be trusted: %s",
                             X509_verify_cert_error_string(verdict));
    }
    return pal_error_set(error, PAL_ERR_PROTO, "TLS: %s",
                         reason != NULL ? reason : "the connection broke");
}

static enum pal_err
read_plain(struct pal_tls *tls, struct pal_buf *plain, struct pal_error *error)
{
    char bytes[READ_BYTES];
    for (;;) {
        int n = SSL_read(tls->ssl, bytes, (int)sizeof(bytes));
        if (n <= 0) {
            enum pal_err err = failure(tls, n, error);
            return err == PAL_ERR_AGAIN ? PAL_OK : err;
        }
        if (pal_buf_append(plain, bytes, (size_t)n) != PAL_OK) {
            return pal_error_set(error, PAL_ERR_LIMIT, "the server sends too much at once");
        }
    }
}

enum pal_err
pal_tls_feed(struct pal_tls *tls, const char *bytes, size_t len, struct pal_buf *plain,
             struct pal_error *error)
{
    PAL_ASSERT(len <= INT32_MAX);
    if (len > 0 && BIO_write(tls->in, bytes, (int)len) != (int)len) {
        return pal_error_set(error, PAL_ERR_NOMEM, "no memory for TLS");
    }
    if (!tls->is_up) {
        int result = SSL_do_handshake(tls->ssl);
        if (result != 1) {
            enum pal_err err = failure(tls, result, error);
            return err == PAL_ERR_AGAIN ? PAL_OK : err;
        }
        tls->is_up = true;
    }
    return read_plain(tls, plain, error);
}

bool
pal_tls_is_up(const struct pal_tls *tls)
{
    return tls->is_up;
}

enum pal_err
pal_tls_write(struct pal_tls *tls, const char *bytes, size_t len)
{
    PAL_ASSERT(tls->is_up && len <= INT32_MAX);
    if (len == 0) {
        return PAL_OK;
    }
    int n = SSL_write(tls->ssl, bytes, (int)len); /* into memory: all or an error */
    ERR_clear_error();
    return n == (int)len ? PAL_OK : PAL_ERR_PROTO;
}

enum pal_err
pal_tls_output(struct pal_tls *tls, struct pal_buf *out)
{
    char bytes[READ_BYTES];
    enum pal_err err = PAL_OK;
    while (err == PAL_OK && BIO_pending(tls->out) > 0) {
        int n = BIO_read(tls->out, bytes, (int)sizeof(bytes));
        err = n > 0 ? pal_buf_append(out, bytes, (size_t)n) : PAL_ERR_PROTO;
    }
    return err;
}
