/* Addresses and keys of servers (upstream_text.h). */
#include "engine/upstream_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "util/mem.h"
#include "util/text.h"

#define HOST_BYTES_MAX  255
#define ITEM_SEPARATORS ", \t\r\n"

static enum pal_err
refuse(struct pal_error *error, const char *url, const char *why)
{
    return pal_error_set(
        error, PAL_ERR_CONFIG,
        PAL_T("engine.upstreams: '%.200s': %s", "engine.upstreams : « %.200s » : %s"), url, why);
}

static bool
copy(char *to, size_t room, const char *from)
{
    size_t len = strlen(from);
    if (len >= room) {
        return false;
    }
    memcpy(to, from, len + 1);
    return true;
}

/* One part of the URL, or "". Freed with curl_free(). */
static char *
part_of(CURLU *url, CURLUPart what)
{
    char *text = NULL;
    return curl_url_get(url, what, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool
is_loopback(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0 || strcmp(host, "::1") == 0;
}

/* base = scheme://host[:port]path; the endings that people paste are taken off. */
static bool
write_base(struct pal_upstream_address *address, const char *path)
{
    static const char chat[] = "/chat/completions";
    char clean[PAL_UPSTREAM_URL_BYTES_MAX];
    if (!copy(clean, sizeof(clean), path)) {
        return false;
    }
    size_t len = strlen(clean);
    for (; len > 0 && clean[len - 1] == '/'; len--) {
    }
    size_t n_chat = sizeof(chat) - 1;
    if (len >= n_chat && memcmp(clean + len - n_chat, chat, n_chat) == 0) {
        len -= n_chat;
    }
    clean[len] = '\0';
    int n = snprintf(address->base, sizeof(address->base), "%s://%s%s",
                     address->is_https ? "https" : "http", address->name, len > 0 ? clean : "/v1");
    return n > 0 && (size_t)n < sizeof(address->base);
}

static enum pal_err
read_parts(CURLU *parts, const char *url, struct pal_upstream_address *address,
           struct pal_error *error)
{
    char *scheme = part_of(parts, CURLUPART_SCHEME);
    char *user = part_of(parts, CURLUPART_USER);
    char *host = part_of(parts, CURLUPART_HOST);
    char *port = part_of(parts, CURLUPART_PORT);
    char *path = part_of(parts, CURLUPART_PATH);
    char *query = part_of(parts, CURLUPART_QUERY);
    enum pal_err err = PAL_OK;
    address->is_https = scheme != NULL && strcasecmp(scheme, "https") == 0;
    if (scheme == NULL || (!address->is_https && strcasecmp(scheme, "http") != 0)) {
        err = refuse(
            error, url,
            PAL_T("must begin with http:// or https://", "doit commencer par http:// ou https://"));
    } else if (user != NULL) {
        err = pal_error_set(error, PAL_ERR_CONFIG, "%s",
                            PAL_T("engine.upstreams: a key does not belong in an address: see "
                                  "engine.upstream_keys",
                                  "engine.upstreams : une clé n'a rien à faire dans une adresse : "
                                  "voir engine.upstream_keys"));
    } else if (query != NULL || host == NULL) {
        err = refuse(error, url,
                     PAL_T("not an address like http://127.0.0.1:1234/v1",
                           "ce n'est pas une adresse comme http://127.0.0.1:1234/v1"));
    } else {
        address->is_loopback = is_loopback(host);
        int n = snprintf(address->name, sizeof(address->name), "%s%s%s", host,
                         port != NULL ? ":" : "", port != NULL ? port : "");
        if (n < 0 || (size_t)n >= sizeof(address->name) ||
            !write_base(address, path != NULL ? path : "")) {
            err = refuse(error, url, PAL_T("too long", "trop longue"));
        }
    }
    curl_free(scheme);
    curl_free(user);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    return err;
}

enum pal_err
pal_upstream_address_parse(const char *url, struct pal_upstream_address *address,
                           struct pal_error *error)
{
    *address = (struct pal_upstream_address){0};
    const char *hash = strchr(url, '#');
    size_t len = hash != NULL ? (size_t)(hash - url) : strlen(url);
    if (hash != NULL && !copy(address->model, sizeof(address->model), hash + 1)) {
        return refuse(error, url,
                      PAL_T("the model's name is too long", "le nom du modèle est trop long"));
    }
    char *bare = pal_strndup(url, len);
    CURLU *parts = curl_url();
    PAL_ASSERT(parts != NULL);
    enum pal_err err = PAL_OK;
    if (curl_url_set(parts, CURLUPART_URL, bare, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        err = refuse(error, url,
                     PAL_T("not an address like http://127.0.0.1:1234/v1",
                           "ce n'est pas une adresse comme http://127.0.0.1:1234/v1"));
    } else {
        err = read_parts(parts, url, address, error);
    }
    curl_url_cleanup(parts);
    free(bare);
    return err;
}

/* ---- keys ---- */

/* The next HOST=KEY; false at the end. */
static bool
next_item(const char **keys, const char **item, size_t *len)
{
    *item = *keys + strspn(*keys, ITEM_SEPARATORS);
    *len = strcspn(*item, ITEM_SEPARATORS);
    *keys = *item + *len;
    return *len > 0;
}

char *
pal_upstream_key_for(const char *keys, const struct pal_upstream_address *address)
{
    const char *item;
    size_t len;
    const char *port = strrchr(address->name, ':');
    size_t n_name = strlen(address->name);
    size_t n_host =
        port != NULL && strchr(port, ']') == NULL ? (size_t)(port - address->name) : n_name;
    while (next_item(&keys, &item, &len)) {
        const char *equals = memchr(item, '=', len);
        size_t n = equals != NULL ? (size_t)(equals - item) : 0;
        if ((n == n_name || n == n_host) && n > 0 && strncasecmp(item, address->name, n) == 0) {
            return pal_strndup(equals + 1, len - n - 1);
        }
    }
    return NULL;
}

enum pal_err
pal_upstream_keys_check(const char *keys, struct pal_error *error)
{
    const char *item;
    size_t len;
    for (unsigned i = 1; next_item(&keys, &item, &len); i++) {
        const char *equals = memchr(item, '=', len);
        if (equals == NULL || equals == item || equals + 1 == item + len ||
            equals - item > HOST_BYTES_MAX) {
            return pal_error_set(error, PAL_ERR_CONFIG,
                                 PAL_T("engine.upstream_keys: number %u is not HOST=KEY",
                                       "engine.upstream_keys : le n° %u n'est pas HÔTE=CLÉ"),
                                 i);
        }
    }
    return PAL_OK;
}
