#include "access/api_error.h"

#include <stdio.h>
#include <string.h>

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

/* `"name":"text"`, or null. */
static enum pal_err
put_member(struct pal_buf *out, const char *name, const char *text)
{
    enum pal_err err = pal_buf_printf(out, ",\"%s\":", name);
    if (err != PAL_OK) {
        return err;
    }
    return text == NULL || *text == '\0' ? pal_buf_append_text(out, "null")
                                         : pal_json_put_text(out, text, strlen(text));
}

enum pal_err
pal_api_put_failure(struct pal_buf *out, enum pal_api_dialect dialect,
                    const struct pal_api_failure *failure)
{
    bool openai = dialect == PAL_API_OPENAI;
    enum pal_err err =
        pal_buf_append_text(out, openai ? "{\"error\":{\"message\":" : "{\"error\":");
    err = err != PAL_OK ? err : pal_json_put_text(out, failure->message, strlen(failure->message));
    if (openai) {
        err = err != PAL_OK ? err : put_member(out, "type", type_of(failure->status));
        err = err != PAL_OK ? err : put_member(out, "param", failure->field);
        err = err != PAL_OK ? err : put_member(out, "code", failure->code);
        err = err != PAL_OK ? err : pal_buf_append_text(out, "}");
    }
    return err != PAL_OK ? err : pal_buf_append_text(out, "}");
}

void
pal_api_fail(struct pal_http_conn *conn, enum pal_api_dialect dialect,
             const struct pal_api_failure *failure, const char *more_fields)
{
    struct pal_buf body;
    pal_buf_init(&body, FAILURE_BYTES_MAX);
    PAL_ASSERT(pal_api_put_failure(&body, dialect, failure) == PAL_OK);
    char retry[64] = "";
    if (failure->retry_after_s > 0) {
        (void)snprintf(retry, sizeof(retry), "Retry-After: %u\r\n",
                       (unsigned)failure->retry_after_s);
    }
    struct pal_http_answer answer = {
        .status = failure->status,
        .content_type = "application/json",
        .more_fields = more_fields != NULL ? more_fields : retry,
        .body = body.data,
        .len = body.len,
    };
    pal_http_respond(conn, &answer);
    pal_buf_finish(&body);
}
