#ifndef PAL_ACCESS_OLLAMA_REQUEST_H
#define PAL_ACCESS_OLLAMA_REQUEST_H
/*
 * The bodies of Ollama's POST /api/chat and /api/generate, read into a job. Sampling stands in
 * `options`; streaming is on unless it is turned off; no message or prompt means "load the model".
 *
 * Pure; any thread.
 */
#include "access/api_request.h"

/* On an error *request is empty. */
enum pal_err pal_ollama_read_chat(const char *body, size_t len, struct pal_api_request *request,
                                  struct pal_api_error *error) PAL_MUST_USE;
enum pal_err pal_ollama_read_generate(const char *body, size_t len, struct pal_api_request *request,
                                      struct pal_api_error *error) PAL_MUST_USE;

#endif
