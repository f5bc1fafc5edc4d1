#include "chat/companion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chat/conv.h"
#include "chat/feed.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/utf8.h"

#define LOG_TOPIC "companion"

#define DEFAULT_MAX_MESSAGES      12
#define DEFAULT_MAX_IDLE_US       (3600 * PAL_US_PER_S)
#define DEFAULT_MAX_CONVERSATIONS 4096
#define DEFAULT_TIMEOUT_US        (10 * PAL_US_PER_S)
#define SWEEP_MAX_MS              INT64_C(60000)
#define SWEEP_MIN_MS              INT64_C(100)
/* Of a reply, what is remembered; the rest is still sent. Far above any max_tokens of a chat. */
#define REPLY_BYTES_MAX ((size_t)256 * 1024)

/* A line whose turn is not over. It is the sink of its turn and passes everything on. */
struct talk {
    struct pal_companion *companion; /* borrowed */
    char *key;                       /* owned */
    uint64_t conv_serial;            /* the conversation that was meant */
    char *line;                      /* owned */
    struct pal_buf reply;            /* as it was sent */
    struct pal_sink sink;            /* who asked */
};

struct pal_companion {
    struct pal_sched *sched; /* borrowed */
    char *persona;           /* owned; NULL = none */
    struct pal_sampling sampling;
    int64_t model_timeout_us; /* -1 = none */
    struct pal_clock clock;
    struct pal_convs *convs;
    struct pal_feed *feed; /* borrowed; NULL = nobody looks */
    size_t n_talks;
    uv_timer_t sweep;
    pal_companion_closed_fn on_closed;
    void *closed_userdata;
};

static void
talk_destroy(struct talk *talk)
{
    talk->companion->n_talks--;
    pal_buf_finish(&talk->reply);
    free(talk->key);
    free(talk->line);
    free(talk);
}

static void
talk_started(void *self, uint64_t turn_id)
{
    const struct talk *talk = self;
    if (talk->sink.ops->started != NULL) {
        talk->sink.ops->started(talk->sink.self, turn_id);
    }
}

static void
talk_text(void *self, const char *text, size_t len)
{
    struct talk *talk = self;
    if (pal_buf_append(&talk->reply, text, len) != PAL_OK) {
        talk->reply.max_bytes = talk->reply.len; /* remembered up to here, without a hole */
    }
    talk->sink.ops->text(talk->sink.self, text, len);
}

static void
remember(const struct talk *talk)
{
    struct pal_convs *convs = talk->companion->convs;
    const struct pal_conv *conv = pal_convs_find(convs, talk->key);
    if (conv != NULL && pal_conv_serial(conv) == talk->conv_serial) {
        pal_convs_add_exchange(convs, talk->key, talk->line, talk->reply.data,
                               pal_clock_now_us(&talk->companion->clock));
    }
}

static void
talk_end(void *self, const struct pal_turn_end *ended)
{
    struct talk *talk = self;
    /* Remembered before the sink is told: it may say the next line at once. */
    if (ended->outcome != PAL_OUTCOME_FAILED && talk->reply.len > 0) {
        remember(talk);
    }
    struct pal_sink sink = talk->sink;
    talk_destroy(talk);
    sink.ops->end(sink.self, ended);
}

static const struct pal_sink_ops talk_ops = {
    .started = talk_started,
    .text = talk_text,
    .end = talk_end,
};

/* The persona, what has been said so far, and the line. */
static enum pal_err
talk_prepare(void *self, struct pal_job *job, struct pal_error *error)
{
    const struct talk *talk = self;
    const struct pal_companion *companion = talk->companion;
    enum pal_err err = PAL_OK;
    if (companion->persona != NULL) {
        err = pal_job_add_message(job, PAL_ROLE_SYSTEM, companion->persona,
                                  strlen(companion->persona));
    }
    const struct pal_conv *conv = pal_convs_find(companion->convs, talk->key);
    size_t n_messages = 0;
    const struct pal_message *messages = conv != NULL ? pal_conv_messages(conv, &n_messages) : NULL;
    for (size_t i = 0; i < n_messages && err == PAL_OK; i++) {
        err =
            pal_job_add_message(job, messages[i].role, messages[i].text, strlen(messages[i].text));
    }
    if (err == PAL_OK) {
        err = pal_job_add_message(job, PAL_ROLE_USER, talk->line, strlen(talk->line));
    }
    if (err != PAL_OK) {
        return pal_error_set(error, err, "this conversation has too many messages (%d at most)",
                             PAL_JOB_MESSAGES_MAX);
    }
    return PAL_OK;
}

static enum pal_err
check_line(const char *text, struct pal_error *error)
{
    size_t len = strlen(text);
    if (text[strspn(text, " \t\r\n")] == '\0') {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the line is empty");
    }
    if (len > PAL_COMPANION_LINE_BYTES_MAX) {
        return pal_error_set(error, PAL_ERR_LIMIT, "the line is too long: %zu bytes, %d at most",
                             len, PAL_COMPANION_LINE_BYTES_MAX);
    }
    if (!pal_utf8_valid(text, len)) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the line is not valid UTF-8");
    }
    return PAL_OK;
}

enum pal_err
pal_companion_say(struct pal_companion *companion, const char *source, const char *key,
                  const char *user, const char *text, struct pal_sink sink, uint64_t *turn_id,
                  struct pal_error *error)
{
    enum pal_err err = check_line(text, error);
    if (err != PAL_OK) {
        return err;
    }
    int64_t now_us = pal_clock_now_us(&companion->clock);
    struct talk *talk = pal_calloc(1, sizeof(*talk));
    companion->n_talks++;
    talk->companion = companion;
    talk->key = pal_strdup(key);
    talk->line = pal_strdup(text);
    talk->sink = sink;
    pal_buf_init(&talk->reply, REPLY_BYTES_MAX);
    struct pal_turn_request request = {
        .source = source,
        .user = user,
        .job = {.conversation = pal_strdup(key),
                .sampling = companion->sampling,
                .submitted_us = now_us,
                .deadline_us =
                    companion->model_timeout_us > 0 ? now_us + companion->model_timeout_us : 0},
        .sink = {.ops = &talk_ops, .self = talk},
        .prepare = talk_prepare,
    };
    err = pal_sched_submit(companion->sched, &request, turn_id, error);
    if (err != PAL_OK) {
        pal_job_finish(&request.job);
        talk_destroy(talk);
        return err;
    }
    pal_feed_line(companion->feed, *turn_id, text);
    /* Only now: lines that are refused must not push anybody's history out of memory. */
    talk->conv_serial = pal_conv_serial(pal_convs_touch(companion->convs, key, now_us));
    return PAL_OK;
}

void
pal_companion_forget(struct pal_companion *companion, const char *key)
{
    pal_convs_forget(companion->convs, key);
}

void
pal_companion_set_persona(struct pal_companion *companion, const char *persona)
{
    free(companion->persona);
    companion->persona = persona != NULL && persona[0] != '\0' ? pal_strdup(persona) : NULL;
}

char *
pal_companion_take_back(struct pal_companion *companion, const char *key)
{
    return pal_convs_take_back(companion->convs, key);
}

const char *
pal_companion_persona(const struct pal_companion *companion)
{
    return companion->persona != NULL ? companion->persona : "";
}

struct pal_sampling
pal_companion_sampling(const struct pal_companion *companion)
{
    return companion->sampling;
}

void
pal_companion_set_sampling(struct pal_companion *companion, const struct pal_sampling *sampling)
{
    PAL_ASSERT(sampling->n_stops == 0);
    companion->sampling = *sampling;
}

size_t
pal_companion_n_conversations(const struct pal_companion *companion)
{
    return pal_convs_n(companion->convs);
}

static void
on_sweep(uv_timer_t *timer)
{
    struct pal_companion *companion = timer->data;
    size_t n = pal_convs_sweep(companion->convs, pal_clock_now_us(&companion->clock));
    if (n > 0) {
        pal_log_debug("idle conversations dropped", "n=%zu left=%zu", n,
                      pal_convs_n(companion->convs));
    }
}

enum pal_err
pal_companion_create(uv_loop_t *loop, const struct pal_companion_options *options,
                     struct pal_sched *sched, struct pal_companion **out, struct pal_error *error)
{
    if (options->sampling.n_stops > 0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "a companion has no stop strings");
    }
    struct pal_companion *companion = pal_calloc(1, sizeof(*companion));
    companion->sched = sched;
    companion->feed = options->feed;
    companion->sampling = options->sampling;
    companion->model_timeout_us =
        options->model_timeout_us != 0 ? options->model_timeout_us : DEFAULT_TIMEOUT_US;
    companion->clock = options->clock.now_us != NULL ? options->clock : pal_clock_system();
    pal_companion_set_persona(companion, options->persona);

    uint32_t max_messages = options->max_messages_per_user;
    uint32_t max_conversations = options->max_conversations;
    int64_t max_idle_us = options->max_idle_us > 0 ? options->max_idle_us : DEFAULT_MAX_IDLE_US;
    companion->convs =
        pal_convs_create(max_messages != 0 ? max_messages : DEFAULT_MAX_MESSAGES, max_idle_us,
                         max_conversations != 0 ? max_conversations : DEFAULT_MAX_CONVERSATIONS);

    int64_t sweep_ms = max_idle_us / PAL_US_PER_MS;
    sweep_ms = sweep_ms > SWEEP_MAX_MS ? SWEEP_MAX_MS : sweep_ms;
    sweep_ms = sweep_ms < SWEEP_MIN_MS ? SWEEP_MIN_MS : sweep_ms;
    (void)uv_timer_init(loop, &companion->sweep);
    companion->sweep.data = companion;
    (void)uv_timer_start(&companion->sweep, on_sweep, (uint64_t)sweep_ms, (uint64_t)sweep_ms);
    uv_unref((uv_handle_t *)&companion->sweep);
    *out = companion;
    return PAL_OK;
}

static void
on_sweep_closed(uv_handle_t *handle)
{
    struct pal_companion *companion = handle->data;
    pal_companion_closed_fn on_closed = companion->on_closed;
    void *userdata = companion->closed_userdata;
    pal_convs_destroy(companion->convs);
    free(companion->persona);
    free(companion);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

void
pal_companion_close(struct pal_companion *companion, pal_companion_closed_fn on_closed,
                    void *userdata)
{
    if (companion == NULL) {
        if (on_closed != NULL) {
            on_closed(userdata);
        }
        return;
    }
    PAL_ASSERT(companion->n_talks == 0);
    companion->on_closed = on_closed;
    companion->closed_userdata = userdata;
    uv_close((uv_handle_t *)&companion->sweep, on_sweep_closed);
}
