#include "access/route.h"

#include <stdlib.h>
#include <string.h>

#define LOG_TOPIC "api"
#include "util/log.h"
#include "util/mem.h"

static const struct pal_route routes[] = {
    {"/v1/chat/completions", false, false, PAL_HTTP_POST, PAL_API_OPENAI, pal_answer_openai_chat},
    {"/v1/models", false, false, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_openai_models},
    {"/v1/models/", true, false, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_openai_model},
    {"/api/chat", false, false, PAL_HTTP_POST, PAL_API_OLLAMA, pal_answer_ollama_chat},
    {"/api/generate", false, false, PAL_HTTP_POST, PAL_API_OLLAMA, pal_answer_ollama_generate},
    {"/api/tags", false, false, PAL_HTTP_GET, PAL_API_OLLAMA, pal_answer_ollama_tags},
    {"/api/ps", false, false, PAL_HTTP_GET, PAL_API_OLLAMA, pal_answer_ollama_ps},
    {"/api/show", false, false, PAL_HTTP_POST, PAL_API_OLLAMA, pal_answer_ollama_show},
    {"/api/version", false, false, PAL_HTTP_GET, PAL_API_OLLAMA, pal_answer_ollama_version},
    {"/api/profile", false, false, PAL_HTTP_POST, PAL_API_OLLAMA, pal_answer_profile},
    {"/api/reload", false, false, PAL_HTTP_POST, PAL_API_OLLAMA, pal_answer_reload},
    {"/health", false, true, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_health},
    {"/healthz", false, true, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_health},
    {"/metrics", false, false, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_metrics},
    {"/", false, true, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_page},
    {"/overlay", false, true, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_overlay},
    {"/assets/", true, true, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_asset_path},
    {"/ws", false, true, PAL_HTTP_GET, PAL_API_OPENAI, pal_answer_ws}, /* asks for the key itself */
};

static const struct pal_route *
find_route(const char *path)
{
    for (size_t i = 0; i < PAL_COUNT_OF(routes); i++) {
        const struct pal_route *route = &routes[i];
        size_t len = strlen(route->path);
        if (strncmp(path, route->path, len) == 0 &&
            (route->prefix ? path[len] != '\0' : path[len] == '\0')) {
            return route;
        }
    }
    return NULL;
}

static bool
method_fits(const struct pal_route *route, enum pal_http_method method)
{
    return method == route->method || (method == PAL_HTTP_HEAD && route->method == PAL_HTTP_GET);
}

static enum pal_api_dialect
dialect_of(const struct pal_http_head *head)
{
    bool ollama = head->path != NULL && strncmp(head->path, "/api/", 5) == 0;
    return ollama ? PAL_API_OLLAMA : PAL_API_OPENAI;
}

static bool
refuse(struct pal_http_conn *conn, const struct pal_http_head *head, int status, const char *code,
       const char *message, const char *more_fields)
{
    struct pal_api_failure failure = {.status = status, .message = message, .code = code};
    pal_api_fail(conn, dialect_of(head), &failure, more_fields);
    return false;
}

static const char *
allow_field(const struct pal_route *route)
{
    return route->method == PAL_HTTP_POST ? "Allow: POST, OPTIONS\r\n"
                                          : "Allow: GET, HEAD, OPTIONS\r\n";
}

/* OPTIONS from our own origin: what may be done here. It grants nothing to other origins. */
static bool
answer_options(struct pal_http_conn *conn, const struct pal_route *route)
{
    struct pal_http_answer answer = {
        .status = 204,
        .more_fields = route != NULL ? allow_field(route) : "Allow: GET, HEAD, POST, OPTIONS\r\n",
        .body = "",
    };
    pal_http_respond(conn, &answer);
    return false;
}

/* All that can be refused without the body is refused before it is read. */
static bool
on_head(void *userdata, struct pal_http_conn *conn, const struct pal_http_head *head)
{
    struct pal_access *access = userdata;
    struct pal_error error = {0};
    int status = pal_guard_check_origin(&access->guard, head, &error);
    if (status != 0) {
        return refuse(conn, head, status, "not_from_here", error.text, NULL);
    }
    const struct pal_route *route = find_route(head->path);
    if (head->method == PAL_HTTP_OPTIONS) {
        return answer_options(conn, route);
    }
    if (route == NULL || !route->open) {
        status = pal_guard_check_key(&access->guard, head, &error);
        if (status != 0) {
            return refuse(conn, head, status, "invalid_api_key", error.text,
                          "WWW-Authenticate: Bearer\r\n");
        }
    }
    if (route == NULL) {
        return refuse(conn, head, 404, "unknown_path",
                      "there is nothing at this path; see docs/http-api.md", NULL);
    }
    if (!method_fits(route, head->method)) {
        return refuse(conn, head, 405, "wrong_method", "this path does not take this method",
                      allow_field(route));
    }
    if (head->method == PAL_HTTP_POST) {
        status = pal_guard_check_body_type(head, &error);
        if (status != 0) {
            return refuse(conn, head, status, "wrong_body_type", error.text, NULL);
        }
    }
    return true;
}

static void
on_request(void *userdata, struct pal_http_conn *conn, const struct pal_http_head *head,
           const struct pal_buf *body)
{
    struct pal_access *access = userdata;
    const struct pal_route *route = find_route(head->path);
    PAL_ASSERT(route != NULL); /* on_head() let it pass */
    pal_log_debug("request", "path=" PAL_LOG_STR " body_bytes=%zu", route->path, body->len);
    struct pal_call call = {
        .access = access,
        .conn = conn,
        .head = head,
        .body = body,
        .rest = pal_strdup(head->path + strlen(route->path)),
    };
    if (pal_http_percent_decode(call.rest) != PAL_OK) {
        (void)refuse(conn, head, 400, NULL, "the path holds a malformed %XX", NULL);
    } else {
        route->answer(&call);
    }
    free(call.rest);
}

static void
on_bad(void *userdata, struct pal_http_conn *conn, int status, const struct pal_error *error)
{
    (void)userdata;
    /* The head may be half read: its dialect is not known. */
    struct pal_api_failure failure = {
        .status = status,
        .message = error->text,
        .retry_after_s = status == 503 ? 1 : 0,
    };
    pal_api_fail(conn, PAL_API_OPENAI, &failure, NULL);
}

static void
on_answer(void *userdata, int status)
{
    struct pal_access *access = userdata;
    pal_metrics_http_request(access->metrics, status);
}

const struct pal_http_handlers pal_route_handlers = {
    .on_head = on_head,
    .on_request = on_request,
    .on_bad = on_bad,
    .on_answer = on_answer,
};

void
pal_call_answer(const struct pal_call *call, int status, const char *content_type, const char *body,
                size_t len)
{
    struct pal_http_answer answer = {
        .status = status,
        .content_type = content_type,
        .body = body,
        .len = len,
    };
    pal_http_respond(call->conn, &answer);
}

void
pal_call_answer_json(const struct pal_call *call, int status, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    PAL_ASSERT(text != NULL);
    pal_call_answer(call, status, "application/json", text, strlen(text));
    free(text);
}
