#ifndef PAL_ACCESS_API_ERROR_H
#define PAL_ACCESS_API_ERROR_H
/*
 * How a failure is told: OpenAI's `{"error":{message,type,param,code}}` or Ollama's
 * `{"error":"text"}`, with a status that says what the client should do. English only.
 */
#include "access/api_request.h"
#include "access/http_server.h"
#include "access/out.h"

struct pal_api_failure {
    int status;
    const char *message;
    const char *field;      /* NULL or "" = about no field */
    const char *code;       /* a word for programs; NULL = none */
    uint32_t retry_after_s; /* 0 = not said */
};

/* What to tell of an error that a turn ended with, or that refused it. Borrows error's text. */
struct pal_api_failure pal_api_failure_of(const struct pal_error *error);

/* Appends the JSON object, without a line's end. */
void pal_api_put_failure(struct pal_out *out, enum pal_api_dialect dialect,
                         const struct pal_api_failure *failure);

/* Answers the request with it. `more_fields`: header lines with CR LF, or NULL. */
void pal_api_fail(struct pal_http_conn *conn, enum pal_api_dialect dialect,
                  const struct pal_api_failure *failure, const char *more_fields);

#endif
