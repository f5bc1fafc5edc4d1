#include "access/http_guard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 255

/* A Host field, or an Origin without its scheme, taken apart. */
struct authority {
    char host[HOST_MAX + 1]; /* lower case, without brackets */
    bool has_port;
    uint16_t port;
};

static bool
parse_port(const char *text, uint16_t *port)
{
    size_t len = strlen(text);
    if (len == 0 || len > 5 || strspn(text, "0123456789") != len) {
        return false;
    }
    unsigned long value = strtoul(text, NULL, 10);
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* "name", "name:port", "1.2.3.4:port", "[::1]:port". */
static bool
parse_authority(const char *text, struct authority *out)
{
    *out = (struct authority){0};
    const char *end = NULL;
    if (*text == '[') {
        text++;
        end = strchr(text, ']');
    } else {
        end = text + strcspn(text, ":");
    }
    if (end == NULL || end == text || (size_t)(end - text) > HOST_MAX) {
        return false;
    }
    for (const char *c = text; c < end; c++) {
        bool letter = (*c | 0x20) >= 'a' && (*c | 0x20) <= 'z';
        if (!letter && strchr("0123456789-._:", *c) == NULL) {
            return false;
        }
        out->host[c - text] = (char)(letter ? *c | 0x20 : *c);
    }
    if (*end == ']') {
        end++;
    }
    out->has_port = *end == ':';
    return out->has_port ? parse_port(end + 1, &out->port) : *end == '\0';
}

static bool
is_ip_literal(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool
pal_host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return strcasecmp(host, "localhost") == 0;
}

static bool
is_listed(const struct pal_guard *guard, const char *host)
{
    for (const char *const *name = guard->allowed_hosts; name != NULL && *name != NULL; name++) {
        if (strcasecmp(*name, host) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Does this authority name us? The three loopback spellings with our port do. An address written as
 * a number can't be rebound, so where we listen to a network any such address with our port does.
 */
static bool
names_us(const struct pal_guard *guard, const struct authority *authority)
{
    if (is_listed(guard, authority->host)) {
        return true;
    }
    uint16_t port = authority->has_port ? authority->port : 80;
    if (port != guard->port) {
        return false;
    }
    return strcmp(authority->host, "127.0.0.1") == 0 || strcmp(authority->host, "localhost") == 0 ||
           strcmp(authority->host, "::1") == 0 ||
           (!guard->on_loopback && is_ip_literal(authority->host));
}

static bool
origin_is_ours(const struct pal_guard *guard, const char *origin)
{
    struct authority authority;
    if (strncasecmp(origin, "http://", 7) == 0) {
        return parse_authority(origin + 7, &authority) && names_us(guard, &authority);
    }
    /* Only a proxy in front can have given us TLS, and its name is in the list. */
    return strncasecmp(origin, "https://", 8) == 0 && parse_authority(origin + 8, &authority) &&
           is_listed(guard, authority.host);
}

static int
refuse(struct pal_error *error, int status, enum pal_err code, const char *why)
{
    (void)pal_error_set(error, code, "%s", why);
    return status;
}

int
pal_guard_check_origin(const struct pal_guard *guard, const struct pal_http_head *head,
                       struct pal_error *error)
{
    const char *host = pal_http_field(head, "host");
    if (host == NULL || *host == '\0') {
        return refuse(error, 400, PAL_ERR_PROTO, "the Host header is missing or empty");
    }
    struct authority authority;
    if (!parse_authority(host, &authority)) {
        return refuse(error, 400, PAL_ERR_PROTO, "the Host header is malformed");
    }
    if (!names_us(guard, &authority)) {
        return refuse(error, 421, PAL_ERR_DENIED,
                      "the Host header does not name this server; use its address as printed at "
                      "start, or add the name to the allowed hosts");
    }
    const char *origin = pal_http_field(head, "origin");
    if (origin != NULL && !origin_is_ours(guard, origin)) {
        return refuse(error, 403, PAL_ERR_DENIED,
                      "requests from web pages of another origin are refused");
    }
    const char *site = pal_http_field(head, "sec-fetch-site");
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
        return refuse(error, 403, PAL_ERR_DENIED,
                      "requests that another web site started are refused; type the address into "
                      "the address bar instead of following a link");
    }
    return 0;
}

/* The time does not depend on where the texts differ. */
static bool
equal_in_constant_time(const char *key, const char *given)
{
    size_t key_len = strlen(key);
    size_t given_len = strlen(given);
    unsigned char differs = key_len != given_len;
    for (size_t i = 0; i < given_len; i++) {
        differs |= (unsigned char)(given[i] ^ key[key_len > 0 ? i % key_len : 0]);
    }
    return differs == 0;
}

bool
pal_guard_key_fits(const struct pal_guard *guard, const char *given)
{
    return guard->api_key == NULL ||
           (given != NULL && equal_in_constant_time(guard->api_key, given));
}

int
pal_guard_check_key(const struct pal_guard *guard, const struct pal_http_head *head,
                    struct pal_error *error)
{
    if (guard->api_key == NULL) {
        return 0;
    }
    const char *given = pal_http_field(head, "authorization");
    if (given != NULL && strncasecmp(given, "bearer ", 7) == 0) {
        given += 7 + strspn(given + 7, " ");
    } else {
        given = pal_http_field(head, "x-api-key");
    }
    if (given == NULL) {
        return refuse(error, 401, PAL_ERR_DENIED,
                      "this server needs its API key: send 'Authorization: Bearer KEY'");
    }
    if (!equal_in_constant_time(guard->api_key, given)) {
        return refuse(error, 401, PAL_ERR_DENIED, "the API key is not the right one");
    }
    return 0;
}

int
pal_guard_check_body_type(const struct pal_http_head *head, struct pal_error *error)
{
    if (pal_http_field(head, "content-encoding") != NULL) {
        return refuse(error, 415, PAL_ERR_UNSUPPORTED,
                      "compressed request bodies are not taken: send it without "
                      "Content-Encoding");
    }
    const char *type = pal_http_field(head, "content-type");
    if (type == NULL) {
        bool browser = pal_http_field(head, "origin") != NULL ||
                       pal_http_field(head, "sec-fetch-site") != NULL ||
                       pal_http_field(head, "sec-fetch-mode") != NULL;
        if (!browser) {
            return 0;
        }
    } else {
        static const char json[] = "application/json";
        size_t len = sizeof(json) - 1;
        if (strncasecmp(type, json, len) == 0 &&
            (type[len] == '\0' || strchr("; \t", type[len]) != NULL)) {
            return 0;
        }
    }
    return refuse(error, 415, PAL_ERR_UNSUPPORTED,
                  "the body must be JSON: send 'Content-Type: application/json'");
}
