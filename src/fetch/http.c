#include "fetch/http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"
#include "util/text.h"

#define CONNECT_TIMEOUT_S 15L
#define STALL_S           30L /* without a byte for so long, the line counts as cut */
#define REDIRECTS_MAX     5L

struct pal_http {
    CURL *curl;
    struct curl_slist *auth; /* owned; the Authorization header, NULL without a token */
    const atomic_bool *is_cancelled;
    /* The request that is running. */
    struct pal_http_head *head;
    struct pal_buf *body;
    const struct pal_http_sink *sink;
    bool has_begun;
    enum pal_err sink_err;
    char curl_text[CURL_ERROR_SIZE];
};

static const char *
after_prefix(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncasecmp(line, name, len) == 0 ? line + len : NULL;
}

/* What is too long counts as not there. */
static void
copy_value(char *to, size_t room, const char *from, size_t len)
{
    len = len < room ? len : 0;
    memcpy(to, from, len);
    to[len] = '\0';
}

/* An entity tag without its quotes. */
static void
copy_tag(char *to, size_t room, const char *from)
{
    if (strncmp(from, "W/", 2) == 0) {
        from += 2;
    }
    from += *from == '"';
    copy_value(to, room, from, strcspn(from, "\""));
}

static int64_t
read_number(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    return end != text && value >= 0 ? value : -1;
}

static void
clear_head(struct pal_http_head *head)
{
    *head = (struct pal_http_head){.linked_size = -1, .content_length = -1, .range_start = -1};
}

static void
read_header(struct pal_http_head *head, const char *line)
{
    const char *value;
    if ((value = after_prefix(line, "x-linked-etag: ")) != NULL) {
        copy_tag(head->linked_etag, sizeof(head->linked_etag), value);
    } else if ((value = after_prefix(line, "etag: ")) != NULL) {
        copy_tag(head->etag, sizeof(head->etag), value);
    } else if ((value = after_prefix(line, "x-repo-commit: ")) != NULL) {
        copy_value(head->commit, sizeof(head->commit), value, strlen(value));
    } else if ((value = after_prefix(line, "location: ")) != NULL) {
        copy_value(head->location, sizeof(head->location), value, strlen(value));
    } else if ((value = after_prefix(line, "x-linked-size: ")) != NULL) {
        head->linked_size = read_number(value);
    } else if ((value = after_prefix(line, "content-length: ")) != NULL) {
        head->content_length = read_number(value);
    } else if ((value = after_prefix(line, "content-range: bytes ")) != NULL) {
        head->range_start = read_number(value);
    }
}

static size_t
on_header(char *data, size_t size, size_t n, void *userdata)
{
    struct pal_http *http = userdata;
    char line[2300];
    size_t len = size * n;
    if (len < sizeof(line)) {
        memcpy(line, data, len);
        line[len] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        if (strncmp(line, "HTTP/", 5) == 0) {
            /* Each answer of a chain of redirects begins anew. */
            const char *space = strchr(line, ' ');
            clear_head(http->head);
            http->head->status = space != NULL ? strtol(space, NULL, 10) : 0;
        } else {
            read_header(http->head, line);
        }
    }
    return len;
}

static size_t
on_body(char *data, size_t size, size_t n, void *userdata)
{
    struct pal_http *http = userdata;
    size_t len = size * n;
    if (http->body != NULL) {
        http->sink_err = pal_buf_append(http->body, data, len);
    } else if (http->sink != NULL && (http->head->status == 200 || http->head->status == 206)) {
        if (!http->has_begun) {
            http->has_begun = true;
            http->sink_err = http->sink->begin(http->head, http->sink->userdata);
        }
        if (http->sink_err == PAL_OK) {
            http->sink_err = http->sink->bytes(data, len, http->sink->userdata);
        }
    }
    return http->sink_err == PAL_OK ? len : 0;
}

static int
on_tick(void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    const struct pal_http *http = userdata;
    return http->is_cancelled != NULL && atomic_load(http->is_cancelled);
}

struct pal_http *
pal_http_create(const char *token, const atomic_bool *is_cancelled)
{
    struct pal_http *http = pal_calloc(1, sizeof(*http));
    http->is_cancelled = is_cancelled;
    http->curl = curl_easy_init();
    PAL_ASSERT(http->curl != NULL);
    if (token != NULL && token[0] != '\0') {
        char *header = pal_printf("Authorization: Bearer %s", token);
        http->auth = curl_slist_append(NULL, header);
        free(header);
    }
    return http;
}

void
pal_http_destroy(struct pal_http *http)
{
    if (http != NULL) {
        curl_easy_cleanup(http->curl);
        curl_slist_free_all(http->auth);
        free(http);
    }
}

/* Everything that all requests share. curl keeps its connections over a reset. */
static void
prepare(struct pal_http *http, const char *url, bool with_token, struct pal_http_head *head)
{
    CURL *curl = http->curl;
    curl_easy_reset(curl);
    clear_head(head);
    http->head = head;
    http->body = NULL;
    http->sink = NULL;
    http->has_begun = false;
    http->sink_err = PAL_OK;
    http->curl_text[0] = '\0';
    bool is_https = strncasecmp(url, "https:", 6) == 0;
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, is_https ? "https" : "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_S);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "palabre/" PALABRE_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->curl_text);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, with_token ? http->auth : NULL);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, http);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_tick);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
}

static enum pal_err
perform(struct pal_http *http, struct pal_error *error)
{
    CURLcode code = curl_easy_perform(http->curl);
    if (code == CURLE_OK) {
        return PAL_OK;
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return pal_error_set(error, PAL_ERR_CANCELLED,
                             PAL_T("the download was cancelled", "téléchargement annulé"));
    }
    if (http->sink_err != PAL_OK) {
        return http->sink_err; /* its text is the sink's */
    }
    return pal_error_set(error, PAL_ERR_IO, "%s",
                         http->curl_text[0] != '\0' ? http->curl_text : curl_easy_strerror(code));
}

enum pal_err
pal_http_head(struct pal_http *http, const char *url, bool with_token, struct pal_http_head *head,
              struct pal_error *error)
{
    prepare(http, url, with_token, head);
    (void)curl_easy_setopt(http->curl, CURLOPT_NOBODY, 1L);
    return perform(http, error);
}

enum pal_err
pal_http_get(struct pal_http *http, const char *url, struct pal_http_head *head,
             struct pal_buf *body, struct pal_error *error)
{
    prepare(http, url, true, head);
    http->body = body;
    (void)curl_easy_setopt(http->curl, CURLOPT_FOLLOWLOCATION, 1L);
    enum pal_err err = perform(http, error);
    if (err == PAL_ERR_LIMIT) {
        return pal_error_set(error, PAL_ERR_PROTO,
                             PAL_T("the server's answer is longer than %zu bytes",
                                   "la réponse du serveur dépasse %zu octets"),
                             body->max_bytes);
    }
    return err;
}

enum pal_err
pal_http_download(struct pal_http *http, const char *url, uint64_t from,
                  const struct pal_http_sink *sink, struct pal_http_head *head,
                  struct pal_error *error)
{
    char range[40];
    prepare(http, url, true, head);
    http->sink = sink;
    (void)curl_easy_setopt(http->curl, CURLOPT_FOLLOWLOCATION, 1L);
    if (from > 0) {
        (void)snprintf(range, sizeof(range), "%" PRIu64 "-", from);
        (void)curl_easy_setopt(http->curl, CURLOPT_RANGE, range);
    }
    return perform(http, error);
}
