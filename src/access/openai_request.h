#ifndef PAL_ACCESS_OPENAI_REQUEST_H
#define PAL_ACCESS_OPENAI_REQUEST_H
/*
 * The body of POST /v1/chat/completions, read into a job. Pure; any thread.
 *
 * Unknown fields are ignored, as clients expect. Known ones that would be a promise which this
 * server can't keep (a JSON schema, a forced tool call, pictures, several answers) are refused
 * rather than ignored.
 */
#include "access/api_request.h"

/* On an error *request is empty. */
enum pal_err pal_openai_read_chat(const char *body, size_t len, struct pal_api_request *request,
                                  struct pal_api_error *error) PAL_MUST_USE;

/* A `messages` list; both APIs have the same, but for where a message's pictures stand. */
enum pal_err pal_openai_read_messages(const json_t *root, struct pal_job *job,
                                      struct pal_api_error *error) PAL_MUST_USE;

#endif
