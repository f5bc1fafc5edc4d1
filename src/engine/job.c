#include "engine/job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/utf8.h"

static const char *const role_names[] = {
    [PAL_ROLE_SYSTEM] = "system",
    [PAL_ROLE_USER] = "user",
    [PAL_ROLE_ASSISTANT] = "assistant",
};

const char *
pal_role_name(enum pal_role role)
{
    return (size_t)role < PAL_COUNT_OF(role_names) ? role_names[role] : "unknown";
}

enum pal_err
pal_role_parse(const char *text, enum pal_role *role)
{
    if (strcmp(text, "developer") == 0) {
        *role = PAL_ROLE_SYSTEM;
        return PAL_OK;
    }
    for (size_t i = 0; i < PAL_COUNT_OF(role_names); i++) {
        if (strcmp(text, role_names[i]) == 0) {
            *role = (enum pal_role)i;
            return PAL_OK;
        }
    }
    return PAL_ERR_ARGUMENT;
}

const char *
pal_finish_name(enum pal_finish finish)
{
    switch (finish) {
    case PAL_FINISH_STOP:
        return "stop";
    case PAL_FINISH_LENGTH:
        return "length";
    case PAL_FINISH_DEADLINE:
        return "deadline";
    }
    return "unknown";
}

const char *
pal_engine_pace_reason_name(enum pal_engine_pace_reason reason)
{
    static const char *const names[] = {
        [PAL_ENGINE_PACE_PLANNED] = "planned",
        [PAL_ENGINE_PACE_WANTED] = "wanted",
        [PAL_ENGINE_PACE_IDLE] = "idle",
    };
    return names[reason];
}

const char *
pal_engine_state_name(enum pal_engine_state state)
{
    switch (state) {
    case PAL_ENGINE_STARTING:
        return "starting";
    case PAL_ENGINE_LOADING:
        return "loading";
    case PAL_ENGINE_READY:
        return "ready";
    case PAL_ENGINE_LEAVING:
        return "leaving";
    case PAL_ENGINE_FAILED:
        return "failed";
    case PAL_ENGINE_STOPPED:
        return "stopped";
    }
    return "unknown";
}

struct pal_sampling
pal_sampling_default(void)
{
    return (struct pal_sampling){
        .temperature = 0.8f,
        .top_p = 0.95f,
        .min_p = 0.05f,
        .top_k = 40,
        .repeat_penalty = 1.0f,
        .repeat_last_n = 64,
    };
}

void
pal_job_finish(struct pal_job *job)
{
    if (job == NULL) {
        return;
    }
    for (size_t i = 0; i < job->n_messages; i++) {
        free(job->messages[i].text);
    }
    for (size_t i = 0; i < job->sampling.n_stops; i++) {
        free(job->sampling.stops[i]);
    }
    free(job->messages);
    free(job->conversation);
    *job = (struct pal_job){0};
}

void
pal_job_copy(struct pal_job *to, const struct pal_job *from)
{
    *to = *from;
    to->conversation = pal_strdup(from->conversation);
    to->messages = NULL;
    if (from->n_messages > 0) {
        to->messages = pal_calloc(from->n_messages, sizeof(*to->messages));
    }
    for (size_t i = 0; i < from->n_messages; i++) {
        to->messages[i].role = from->messages[i].role;
        to->messages[i].text = pal_strdup(from->messages[i].text);
    }
    for (size_t i = 0; i < from->sampling.n_stops; i++) {
        to->sampling.stops[i] = pal_strdup(from->sampling.stops[i]);
    }
}

enum pal_err
pal_job_add_message(struct pal_job *job, enum pal_role role, const char *text, size_t len)
{
    size_t n = job->n_messages;
    if (n >= PAL_JOB_MESSAGES_MAX) {
        return PAL_ERR_LIMIT;
    }
    job->messages = pal_realloc(job->messages, n + 1, sizeof(*job->messages));
    job->messages[n] = (struct pal_message){.role = role, .text = pal_strndup(text, len)};
    job->n_messages = n + 1;
    return PAL_OK;
}

/* False for NaN too. */
static bool
is_within(float value, float low, float high)
{
    return value >= low && value <= high;
}

static enum pal_err
check_range(const char *name, float value, float low, float high, struct pal_error *error)
{
    if (is_within(value, low, high)) {
        return PAL_OK;
    }
    return pal_error_set(error, PAL_ERR_ARGUMENT, "%s must be a number from %g to %g", name,
                         (double)low, (double)high);
}

static enum pal_err
check_sampling(const struct pal_sampling *s, struct pal_error *error)
{
    const struct {
        const char *name;
        float value, low, high;
    } ranges[] = {
        {"temperature", s->temperature, 0, 2},
        {"top_p", s->top_p, 0, 1},
        {"min_p", s->min_p, 0, 1},
        {"repeat_penalty", s->repeat_penalty, 0.5f, 2},
        {"presence_penalty", s->presence_penalty, -2, 2},
        {"frequency_penalty", s->frequency_penalty, -2, 2},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(ranges); i++) {
        enum pal_err err =
            check_range(ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high, error);
        if (err != PAL_OK) {
            return err;
        }
    }
    if (s->top_k < 0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "top_k must be 0 (off) or more");
    }
    if (s->repeat_last_n < 0 || s->repeat_last_n > PAL_JOB_TOKENS_MAX) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "repeat_last_n must be from 0 to %d",
                             PAL_JOB_TOKENS_MAX);
    }
    if (s->max_tokens < 0 || s->max_tokens > PAL_JOB_TOKENS_MAX) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "max_tokens must be from 1 to %d",
                             PAL_JOB_TOKENS_MAX);
    }
    if (s->n_stops > PAL_JOB_STOPS_MAX) {
        return pal_error_set(error, PAL_ERR_LIMIT, "at most %d stop texts are allowed",
                             PAL_JOB_STOPS_MAX);
    }
    for (size_t i = 0; i < s->n_stops; i++) {
        size_t len = strlen(s->stops[i]);
        if (len == 0 || !pal_utf8_valid(s->stops[i], len)) {
            return pal_error_set(error, PAL_ERR_ARGUMENT,
                                 "stop text %zu must be valid UTF-8 and not empty", i + 1);
        }
        if (len > PAL_JOB_STOP_BYTES_MAX) {
            return pal_error_set(error, PAL_ERR_LIMIT, "stop text %zu is longer than %d bytes",
                                 i + 1, PAL_JOB_STOP_BYTES_MAX);
        }
    }
    return PAL_OK;
}

static enum pal_err
check_messages(const struct pal_job *job, struct pal_error *error)
{
    if (job->n_messages == 0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "there must be at least one message");
    }
    if (job->n_messages > PAL_JOB_MESSAGES_MAX) {
        return pal_error_set(error, PAL_ERR_LIMIT, "at most %d messages are allowed, here are %zu",
                             PAL_JOB_MESSAGES_MAX, job->n_messages);
    }
    size_t bytes = job->conversation != NULL ? strlen(job->conversation) : 0;
    for (size_t i = 0; i < job->n_messages; i++) {
        const struct pal_message *message = &job->messages[i];
        size_t len = strlen(message->text);
        bytes += len;
        if ((size_t)message->role >= PAL_COUNT_OF(role_names)) {
            return pal_error_set(error, PAL_ERR_ARGUMENT, "message %zu has an unknown role", i + 1);
        }
        if (!pal_utf8_valid(message->text, len)) {
            return pal_error_set(error, PAL_ERR_ARGUMENT, "message %zu is not valid UTF-8", i + 1);
        }
    }
    if (bytes > PAL_JOB_BYTES_MAX) {
        return pal_error_set(error, PAL_ERR_LIMIT,
                             "the messages take %zu bytes together, at most %u are allowed", bytes,
                             PAL_JOB_BYTES_MAX);
    }
    return PAL_OK;
}

enum pal_err
pal_job_check(const struct pal_job *job, struct pal_error *error)
{
    if (job->turn_id == 0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "turn id 0 is not a turn");
    }
    if (job->deadline_us < 0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the deadline is before the clock began");
    }
    enum pal_err err = check_messages(job, error);
    return err != PAL_OK ? err : check_sampling(&job->sampling, error);
}
