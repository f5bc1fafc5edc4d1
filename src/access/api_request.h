#ifndef PAL_ACCESS_API_REQUEST_H
#define PAL_ACCESS_API_REQUEST_H
/*
 * What both APIs' requests have in common: a conversation, how to sample, and one table that says
 * which values every number may have. openai_request.h and ollama_request.h fill it in.
 *
 * Pure; any thread.
 */
#include "access/json.h"
#include "chat/sched.h"

#define PAL_API_NAME_MAX  256 /* bytes of `model` and `user` */
#define PAL_API_FIELD_MAX 64

struct pal_api_request {
    struct pal_job job; /* turn_id, submitted_us and deadline_us are the caller's to set */
    char *user;         /* owned; the fairness key, also the conversation's name; NULL = nobody's */
    char *model;        /* owned; the name that the client used; NULL = none */
    bool stream;
    bool include_usage;  /* OpenAI: a last chunk with `usage` */
    bool only_load;      /* Ollama: no message; the client wants the model ready, no answer */
    int64_t deadline_ms; /* 0 = none */
};

void pal_api_request_finish(struct pal_api_request *request);

/* An error with the name of the request's field that it is about ("" = none). */
struct pal_api_error {
    struct pal_error error;
    char field[PAL_API_FIELD_MAX];
};

enum pal_err pal_api_refuse(struct pal_api_error *error, const char *field, const char *format, ...)
    PAL_PRINTF(3, 4);

/* One number that a request may carry. */
struct pal_api_number {
    const char *openai; /* its name there; NULL = not there */
    const char *ollama; /* its name in `options`; NULL = not there */
    double min;
    double max;
    bool integer;
    bool minus_one; /* -1 is let in below min and means: the default */
    const char *what;
    enum pal_api_number_id {
        PAL_NUMBER_MAX_TOKENS,
        PAL_NUMBER_TEMPERATURE,
        PAL_NUMBER_TOP_P,
        PAL_NUMBER_TOP_K,
        PAL_NUMBER_MIN_P,
        PAL_NUMBER_SEED,
        PAL_NUMBER_REPEAT_PENALTY,
        PAL_NUMBER_REPEAT_LAST_N,
        PAL_NUMBER_PRESENCE_PENALTY,
        PAL_NUMBER_FREQUENCY_PENALTY,
        PAL_NUMBER_N,
        PAL_NUMBER_DEADLINE_MS,
    } id;
};

/* The table, in the order of the documentation; `max_completion_tokens` stands after `max_tokens`
 * and wins. */
extern const struct pal_api_number pal_api_numbers[];
extern const size_t pal_api_n_numbers;

enum pal_api_dialect {
    PAL_API_OPENAI,
    PAL_API_OLLAMA,
};

/* Reads every number of the table that `object` has; null is as good as absent. */
enum pal_err pal_api_read_numbers(const json_t *object, enum pal_api_dialect dialect,
                                  struct pal_api_request *request,
                                  struct pal_api_error *error) PAL_MUST_USE;
/* true, false, null or absent (= *value stays). */
enum pal_err pal_api_read_bool(const json_t *object, const char *name, bool *value,
                               struct pal_api_error *error) PAL_MUST_USE;
/* A text of at most PAL_API_NAME_MAX bytes; null, absent and "" give NULL. */
enum pal_err pal_api_read_name(const json_t *object, const char *name, char **value,
                               struct pal_api_error *error) PAL_MUST_USE;
/* A text or a list of texts; empty ones are skipped. */
enum pal_err pal_api_read_stops(const json_t *object, const char *name,
                                struct pal_sampling *sampling,
                                struct pal_api_error *error) PAL_MUST_USE;
/* Names the conversation and the fairness key after `user` (taken over; may be NULL). */
void pal_api_name_user(struct pal_api_request *request, const char *user);

#endif
