#include "access/api_error.h"

#include <stdio.h>

#include "util/mem.h"

#define FAILURE_BYTES_MAX 8192

static const char *
type_of(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 403:
        return "permission_error";
    case 429:
        return "rate_limit_error";
    case 503:
        return "unavailable_error";
    case 504:
        return "timeout_error";
    default:
        return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

struct pal_api_failure
pal_api_failure_of(const struct pal_error *error)
{
    static const struct {
        enum pal_err code;
        int status;
        const char *word;
    } table[] = {
        {PAL_ERR_ARGUMENT, 400, NULL},
        {PAL_ERR_LIMIT, 400, NULL},
        {PAL_ERR_CONTEXT, 400, "context_length_exceeded"},
        {PAL_ERR_UNSUPPORTED, 400, NULL},
        {PAL_ERR_BUSY, 429, "queue_full"},
        {PAL_ERR_MODEL, 503, "no_model"},
        {PAL_ERR_CANCELLED, 503, "cancelled"},
        {PAL_ERR_CLOSED, 503, "shutting_down"},
        {PAL_ERR_TIMEOUT, 504, "deadline_passed"},
        {PAL_ERR_ENGINE, 500, "engine_failed"},
    };
    struct pal_api_failure failure = {.status = 500, .message = error->text};
    for (size_t i = 0; i < PAL_COUNT_OF(table); i++) {
        if (table[i].code == error->code) {
            failure.status = table[i].status;
            failure.code = table[i].word;
        }
    }
    if (failure.message[0] == '\0') {
        failure.message = pal_err_name(error->code);
    }
    return failure;
}

/* `,"name":"text"`, or null. */
static void
put_member(struct pal_out *out, const char *name, const char *text)
{
    pal_out_format(out, ",\"%s\":", name);
    if (text == NULL || *text == '\0') {
        pal_out_raw(out, "null");
    } else {
        pal_out_quoted(out, text);
    }
}

void
pal_api_put_failure(struct pal_out *out, enum pal_api_dialect dialect,
                    const struct pal_api_failure *failure)
{
    if (dialect == PAL_API_OLLAMA) {
        pal_out_raw(out, "{\"error\":");
        pal_out_quoted(out, failure->message);
        pal_out_raw(out, "}");
        return;
    }
    pal_out_raw(out, "{\"error\":{\"message\":");
    pal_out_quoted(out, failure->message);
    put_member(out, "type", type_of(failure->status));
    put_member(out, "param", failure->field);
    put_member(out, "code", failure->code);
    pal_out_raw(out, "}}");
}

void
pal_api_fail(struct pal_http_conn *conn, enum pal_api_dialect dialect,
             const struct pal_api_failure *failure, const char *more_fields)
{
    struct pal_out body;
    pal_out_init(&body, FAILURE_BYTES_MAX);
    pal_api_put_failure(&body, dialect, failure);
    PAL_ASSERT(body.err == PAL_OK);
    char retry[64] = "";
    if (failure->retry_after_s > 0) {
        (void)snprintf(retry, sizeof(retry), "Retry-After: %u\r\n",
                       (unsigned)failure->retry_after_s);
    }
    struct pal_http_answer answer = {
        .status = failure->status,
        .content_type = "application/json",
        .more_fields = more_fields != NULL ? more_fields : retry,
        .body = body.buf.data,
        .len = body.buf.len,
    };
    pal_http_respond(conn, &answer);
    pal_out_finish(&body);
}
