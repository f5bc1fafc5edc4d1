/*
 * Any head before the guard of a server on 127.0.0.1:7252 with one allowed name: who passes has one
 * of the few right values, compared here in another way.
 */
#include <string.h>
#include <strings.h>

#include "access/http_guard.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcasecmp(text, *list) == 0) {
            return true;
        }
    }
    return false;
}

/* "ok.test", with any port. */
static bool
is_allowed_name(const char *text)
{
    size_t len = strlen("ok.test");
    return strncasecmp(text, "ok.test", len) == 0 &&
           (text[len] == '\0' ||
            (text[len] == ':' && strspn(text + len + 1, "0123456789") == strlen(text + len + 1)));
}

static void
check_passed(const struct pal_http_head *head)
{
    static const char *const hosts[] = {"127.0.0.1:7252", "localhost:7252", "[::1]:7252", NULL};
    const char *host = pal_http_field(head, "host");
    PAL_ASSERT(host != NULL);
    /* Leading zeros of the port, and the address without its brackets, are the same authority. */
    bool plain = strstr(host, ":0") == NULL && host[0] != '[' && strchr(host, ':') != NULL;
    PAL_ASSERT(!plain || is_one_of(host, hosts) || is_allowed_name(host));
    const char *origin = pal_http_field(head, "origin");
    PAL_ASSERT(origin == NULL || strncasecmp(origin, "http", 4) == 0);
    const char *site = pal_http_field(head, "sec-fetch-site");
    PAL_ASSERT(site == NULL || strcmp(site, "none") == 0 || strcmp(site, "same-origin") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const allowed[] = {"ok.test", NULL};
    struct pal_guard guard = {
        .port = 7252, .on_loopback = true, .allowed_hosts = allowed, .api_key = "sesame"};
    struct pal_http_parser parser;
    pal_http_parser_init(&parser, 16);
    size_t taken = 0;
    static const char line[] = "POST / HTTP/1.1\r\n";
    (void)pal_http_parser_feed(&parser, line, sizeof(line) - 1, &taken);
    if (pal_http_parser_feed(&parser, (const char *)data, len, &taken) == PAL_HTTP_HEAD_DONE) {
        struct pal_error error = {0};
        if (pal_guard_check_origin(&guard, &parser.head, &error) == 0) {
            check_passed(&parser.head);
        }
        if (pal_guard_check_key(&guard, &parser.head, &error) == 0) {
            const char *bearer = pal_http_field(&parser.head, "authorization");
            const char *key = pal_http_field(&parser.head, "x-api-key");
            PAL_ASSERT((bearer != NULL && strstr(bearer, "sesame") != NULL) ||
                       (key != NULL && strcmp(key, "sesame") == 0));
        }
        (void)pal_guard_check_body_type(&parser.head, &error);
    }
    pal_http_parser_finish(&parser);
    return 0;
}
