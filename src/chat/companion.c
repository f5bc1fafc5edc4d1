#include "chat/companion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chat/care.h"
#include "chat/conv.h"
#include "chat/feed.h"
#include "chat/heart.h"
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

/* Ids of answers that no scheduler has seen: far above its own. */
#define FIRST_INSTANT_ID (UINT64_C(1) << 62)

/* A line whose turn is not over. It is the sink of its turn and passes everything on. */
struct talk {
    struct pal_companion *companion; /* borrowed */
    struct talk *next;
    uint64_t turn_id;
    const char *source; /* static storage; so is the next */
    const char *by;     /* who answers: "model", "heart", "care" */
    int64_t heard_us;
    char *key;            /* owned, as all strings here */
    uint64_t conv_serial; /* the conversation that was meant */
    char *line;
    char *channel; /* NULL = none; so are the next two */
    char *message_id;
    char *name;
    struct pal_buf reply; /* as it was sent */
    struct pal_sink sink; /* who asked */
    bool is_kept_back;
    bool is_taken;             /* the engine has it */
    const char *instant;       /* the whole reply, if no model is needed; static or copied below */
    char *instant_copy;        /* owned */
    struct pal_turn_end ended; /* while the store writes */
};

struct pal_companion {
    struct pal_sched *sched; /* borrowed */
    struct pal_companion_options options;
    char *persona; /* owned; NULL = none */
    struct pal_convs *convs;
    size_t max_messages;
    struct talk *talks;
    uint64_t last_instant_id;
    uv_timer_t instants; /* runs while some are due */
    uv_timer_t sweep;
    bool is_closing;
    int n_open_handles;
    pal_companion_closed_fn on_closed;
    void *closed_userdata;
};

static void close_handles(struct pal_companion *companion);

static void
talk_destroy(struct talk *talk)
{
    struct pal_companion *companion = talk->companion;
    struct talk **place = &companion->talks;
    while (*place != talk) {
        PAL_ASSERT(*place != NULL);
        place = &(*place)->next;
    }
    *place = talk->next;
    pal_buf_finish(&talk->reply);
    free(talk->key);
    free(talk->line);
    free(talk->channel);
    free(talk->message_id);
    free(talk->name);
    free(talk->instant_copy);
    free(talk);
    if (companion->is_closing && companion->talks == NULL) {
        close_handles(companion);
    }
}

static void
talk_started(void *self, uint64_t turn_id)
{
    struct talk *talk = self;
    talk->is_taken = true;
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

/* One line for each answer, in the words that the first companion's users grep for; a room logs its
 * own, as it knows when they were sent. */
static void
log_answer(const struct talk *talk, const struct pal_turn_end *ended)
{
    if (talk->is_kept_back || talk->reply.len == 0) {
        return;
    }
    int64_t total_us = pal_clock_now_us(&talk->companion->options.clock) - talk->heard_us;
    pal_log_info("[METRICS] ⏱️  Total",
                 "total_ms=%" PRId64 " llm_ms=%" PRId64 " queue_ms=%" PRId64
                 " first_token_ms=%" PRId64 " by=%s source=%s",
                 total_us / PAL_US_PER_MS,
                 (ended->usage.prompt_us + ended->usage.predict_us) / PAL_US_PER_MS,
                 ended->usage.queue_us / PAL_US_PER_MS, ended->usage.first_token_us / PAL_US_PER_MS,
                 talk->by, talk->source);
}

static void
talk_finish(struct talk *talk, const struct pal_turn_end *ended)
{
    log_answer(talk, ended);
    struct pal_sink sink = talk->sink;
    struct pal_turn_end copy = *ended; /* may be the talk's own */
    talk_destroy(talk);
    sink.ops->end(sink.self, &copy);
}

static void
on_written(enum pal_err err, void *userdata)
{
    (void)err; /* the store has said so, and tries again */
    struct talk *talk = userdata;
    talk_finish(talk, &talk->ended);
}

/* False if the conversation was forgotten meanwhile. */
static bool
remember(const struct talk *talk)
{
    struct pal_convs *convs = talk->companion->convs;
    const struct pal_conv *conv = pal_convs_find(convs, talk->key);
    if (conv == NULL || pal_conv_serial(conv) != talk->conv_serial) {
        return false;
    }
    pal_convs_add_exchange(convs, talk->key, talk->line, talk->reply.data, talk->channel,
                           talk->message_id, pal_clock_now_us(&talk->companion->options.clock));
    return true;
}

static void
write_down(struct talk *talk, pal_store_done_fn on_done)
{
    struct pal_store *store = talk->companion->options.store;
    const struct pal_store_row exchange = {
        .token = pal_store_new_token(store),
        .key = talk->key,
        .channel = talk->channel,
        .message_id = talk->message_id,
        .name = talk->name,
        .line = talk->line,
        .reply = talk->reply.data,
        .is_sent = true,
    };
    pal_store_put(store, &exchange, on_done, talk);
}

static void
talk_end(void *self, const struct pal_turn_end *ended)
{
    struct talk *talk = self;
    /* Remembered before the sink is told: it may say the next line at once. */
    bool is_said = !talk->is_kept_back && ended->outcome != PAL_OUTCOME_FAILED &&
                   talk->reply.len > 0 && remember(talk);
    if (!is_said || talk->companion->options.store == NULL) {
        talk_finish(talk, ended);
    } else if (ended->outcome == PAL_OUTCOME_DONE) {
        talk->ended = *ended;
        write_down(talk, on_written); /* who is told that it is over finds it on disk */
    } else {
        write_down(talk, NULL);
        talk_finish(talk, ended); /* whoever cancels wants no more waiting */
    }
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

/* ---- answers without the model ---- */

static void
end_instant(struct talk *talk)
{
    const char *reply = talk->instant;
    struct pal_turn_end ended = {
        .turn_id = talk->turn_id,
        .outcome = PAL_OUTCOME_DONE,
        .finish_reason = "stop",
    };
    talk->instant = NULL;
    talk_started(talk, talk->turn_id);
    talk_text(talk, reply, strlen(reply));
    talk_end(talk, &ended);
}

static struct talk *
first_instant(const struct pal_companion *companion)
{
    struct talk *talk = companion->talks;
    /* The analyser loses sight of talk_destroy()'s unlinking. */
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    while (talk != NULL && talk->instant == NULL) {
        talk = talk->next;
    }
    return talk;
}

static void
on_instants(uv_timer_t *timer)
{
    struct pal_companion *companion = timer->data;
    struct talk *talk = NULL;
    while ((talk = first_instant(companion)) != NULL) {
        end_instant(talk); /* whose sink may say more */
    }
}

static void
begin_instant(struct talk *talk, const char *reply)
{
    struct pal_companion *companion = talk->companion;
    talk->turn_id = FIRST_INSTANT_ID + ++companion->last_instant_id;
    talk->instant_copy = pal_strdup(reply);
    talk->instant = talk->instant_copy;
    (void)uv_timer_start(&companion->instants, on_instants, 0, 0);
}

static const char *
answer_at_once(struct pal_companion *companion, const struct pal_companion_line *line,
               enum pal_companion_origin *origin)
{
    const struct pal_companion_options *options = &companion->options;
    const char *answer = options->cares ? pal_care_answer(line->text, strlen(line->text)) : NULL;
    *origin = PAL_COMPANION_CARE;
    if (answer == NULL && options->heart != NULL && !line->asks_model) {
        answer = pal_heart_find(options->heart, line->text, options->lang);
        *origin = PAL_COMPANION_HEART;
    }
    if (answer == NULL) {
        *origin = PAL_COMPANION_MODEL;
    }
    return answer;
}

/* ---- lines ---- */

static void
load_row(const struct pal_store_row *exchange, void *userdata)
{
    struct pal_companion *companion = userdata;
    pal_convs_add_exchange(companion->convs, exchange->key, exchange->line, exchange->reply,
                           exchange->channel, exchange->message_id,
                           pal_clock_now_us(&companion->options.clock));
}

/* The conversation, as memory or the store has it. */
static const struct pal_conv *
recall(struct pal_companion *companion, const char *key)
{
    bool is_new = pal_convs_find(companion->convs, key) == NULL;
    if (is_new && companion->options.store != NULL) {
        (void)pal_store_load(companion->options.store, key, companion->max_messages / 2, load_row,
                             companion);
    }
    return pal_convs_touch(companion->convs, key, pal_clock_now_us(&companion->options.clock));
}

static struct talk *
talk_create(struct pal_companion *companion, const struct pal_companion_line *line,
            struct pal_sink sink)
{
    struct talk *talk = pal_calloc(1, sizeof(*talk));
    talk->companion = companion;
    talk->next = companion->talks;
    companion->talks = talk;
    talk->source = line->source;
    talk->by = "model";
    talk->heard_us = pal_clock_now_us(&companion->options.clock);
    talk->key = pal_strdup(line->key);
    talk->line = pal_strdup(line->text);
    talk->channel = pal_strdup(line->channel);
    talk->message_id = pal_strdup(line->message_id);
    talk->name = pal_strdup(line->name);
    talk->is_kept_back = line->is_kept_back;
    talk->sink = sink;
    pal_buf_init(&talk->reply, REPLY_BYTES_MAX);
    return talk;
}

static enum pal_err
submit(struct pal_companion *companion, const struct pal_companion_line *line, struct talk *talk,
       struct pal_error *error)
{
    int64_t now_us = pal_clock_now_us(&companion->options.clock);
    int64_t timeout_us = companion->options.model_timeout_us;
    struct pal_turn_request request = {
        .source = line->source,
        .user = line->user,
        .rank = line->rank,
        .job = {.conversation = pal_strdup(line->key),
                .sampling = companion->options.sampling,
                .submitted_us = now_us,
                .deadline_us = line->deadline_us != 0 ? line->deadline_us
                               : timeout_us > 0       ? now_us + timeout_us
                                                      : 0},
        .sink = {.ops = &talk_ops, .self = talk},
        .prepare = talk_prepare,
    };
    float temperature = request.job.sampling.temperature + line->more_temperature;
    request.job.sampling.temperature = temperature < 2 ? temperature : 2;
    enum pal_err err = pal_sched_submit(companion->sched, &request, &talk->turn_id, error);
    if (err != PAL_OK) {
        pal_job_finish(&request.job);
    }
    return err;
}

enum pal_err
pal_companion_hear(struct pal_companion *companion, const struct pal_companion_line *line,
                   struct pal_sink sink, uint64_t *turn_id, enum pal_companion_origin *origin,
                   struct pal_error *error)
{
    enum pal_companion_origin by = PAL_COMPANION_MODEL;
    enum pal_err err = check_line(line->text, error);
    if (err == PAL_OK && companion->is_closing) {
        err = pal_error_set(error, PAL_ERR_CLOSED, "palabre is stopping");
    }
    if (err != PAL_OK) {
        return err;
    }
    struct talk *talk = talk_create(companion, line, sink);
    const char *answer = answer_at_once(companion, line, &by);
    if (answer != NULL) {
        talk->by = by == PAL_COMPANION_CARE ? "care" : "heart";
        begin_instant(talk, answer);
    } else {
        err = submit(companion, line, talk, error);
    }
    if (err != PAL_OK) {
        talk_destroy(talk);
        return err;
    }
    pal_feed_line(companion->options.feed, talk->turn_id, line->text);
    /* Only now: lines that are refused must not push anybody's history out of memory. */
    talk->conv_serial = pal_conv_serial(recall(companion, line->key));
    *turn_id = talk->turn_id;
    if (origin != NULL) {
        *origin = by;
    }
    return PAL_OK;
}

uint64_t
pal_companion_recite(struct pal_companion *companion, const char *text, struct pal_sink sink)
{
    const struct pal_companion_line line = {.key = "", .text = "", .is_kept_back = true};
    struct talk *talk = talk_create(companion, &line, sink);
    begin_instant(talk, text);
    return talk->turn_id;
}

enum pal_err
pal_companion_say(struct pal_companion *companion, const char *source, const char *key,
                  const char *user, const char *text, struct pal_sink sink, uint64_t *turn_id,
                  struct pal_error *error)
{
    const struct pal_companion_line line = {
        .source = source, .key = key, .user = user, .text = text, .rank = PAL_COMPANION_HOST_RANK};
    return pal_companion_hear(companion, &line, sink, turn_id, NULL, error);
}

void
pal_companion_cancel(struct pal_companion *companion, uint64_t turn_id)
{
    pal_sched_cancel(companion->sched, turn_id);
}

static struct talk *
find_talk(const struct pal_companion *companion, uint64_t turn_id)
{
    struct talk *talk = companion->talks;
    while (talk != NULL && talk->turn_id != turn_id) {
        talk = talk->next;
    }
    return talk;
}

bool
pal_companion_is_waiting(const struct pal_companion *companion, uint64_t turn_id)
{
    const struct talk *talk = find_talk(companion, turn_id);
    return talk != NULL && !talk->is_taken && talk->instant == NULL;
}

bool
pal_companion_is_ready(const struct pal_companion *companion)
{
    return pal_sched_is_ready(companion->sched);
}

bool
pal_companion_has_store(const struct pal_companion *companion)
{
    return companion->options.store != NULL;
}

bool
pal_companion_amend(struct pal_companion *companion, uint64_t turn_id, const char *text,
                    const char *message_id)
{
    struct talk *talk = find_talk(companion, turn_id);
    if (talk == NULL || talk->is_taken || talk->instant != NULL ||
        check_line(text, NULL) != PAL_OK) {
        return false;
    }
    free(talk->line);
    free(talk->message_id);
    talk->line = pal_strdup(text);
    talk->message_id = pal_strdup(message_id);
    return true;
}

/* ---- what is remembered ---- */

uint64_t
pal_companion_sending(struct pal_companion *companion, const struct pal_store_row *exchange,
                      pal_store_done_fn on_done, void *userdata)
{
    struct pal_store_row copy = *exchange;
    if (companion->options.store == NULL) {
        copy.token = ++companion->last_instant_id;
        on_done(PAL_OK, userdata);
    } else {
        copy.token = pal_store_new_token(companion->options.store);
        copy.is_sent = false;
        pal_store_put(companion->options.store, &copy, on_done, userdata);
    }
    return copy.token;
}

void
pal_companion_sent(struct pal_companion *companion, const struct pal_store_row *exchange)
{
    (void)recall(companion, exchange->key);
    pal_convs_add_exchange(companion->convs, exchange->key, exchange->line, exchange->reply,
                           exchange->channel, exchange->message_id,
                           pal_clock_now_us(&companion->options.clock));
    if (companion->options.store != NULL) {
        pal_store_sent(companion->options.store, exchange->token, exchange->reply);
    }
}

void
pal_companion_not_sent(struct pal_companion *companion, uint64_t token)
{
    if (companion->options.store != NULL) {
        pal_store_drop(companion->options.store, token);
    }
}

void
pal_companion_forget(struct pal_companion *companion, const char *key)
{
    pal_convs_forget(companion->convs, key);
    if (companion->options.store != NULL) {
        /* Known and empty, so that nothing is loaded before the store has forgotten it as well. */
        (void)pal_convs_touch(companion->convs, key, pal_clock_now_us(&companion->options.clock));
        pal_store_forget(companion->options.store, &(struct pal_store_match){.key = key});
    }
}

void
pal_companion_clear(struct pal_companion *companion, const struct pal_store_match *match)
{
    (void)pal_convs_clear(companion->convs, match->key, match->channel, match->message_id);
    if (companion->options.store != NULL) {
        pal_store_forget(companion->options.store, match);
    }
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
    char *line = pal_convs_take_back(companion->convs, key);
    if (line != NULL && companion->options.store != NULL) {
        pal_store_forget_newest(companion->options.store, key);
    }
    return line;
}

const char *
pal_companion_persona(const struct pal_companion *companion)
{
    return companion->persona != NULL ? companion->persona : "";
}

struct pal_sampling
pal_companion_sampling(const struct pal_companion *companion)
{
    return companion->options.sampling;
}

void
pal_companion_set_sampling(struct pal_companion *companion, const struct pal_sampling *sampling)
{
    PAL_ASSERT(sampling->n_stops == 0);
    companion->options.sampling = *sampling;
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
    size_t n = pal_convs_sweep(companion->convs, pal_clock_now_us(&companion->options.clock));
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
    companion->options = *options;
    struct pal_companion_options *o = &companion->options;
    o->model_timeout_us = o->model_timeout_us != 0 ? o->model_timeout_us : DEFAULT_TIMEOUT_US;
    o->clock = o->clock.now_us != NULL ? o->clock : pal_clock_system();
    pal_companion_set_persona(companion, options->persona);
    o->persona = NULL;

    uint32_t max_messages = options->max_messages_per_user;
    uint32_t max_conversations = options->max_conversations;
    int64_t max_idle_us = options->max_idle_us > 0 ? options->max_idle_us : DEFAULT_MAX_IDLE_US;
    companion->max_messages = max_messages != 0 ? max_messages : DEFAULT_MAX_MESSAGES;
    companion->convs =
        pal_convs_create((uint32_t)companion->max_messages, max_idle_us,
                         max_conversations != 0 ? max_conversations : DEFAULT_MAX_CONVERSATIONS);

    int64_t sweep_ms = max_idle_us / PAL_US_PER_MS;
    sweep_ms = sweep_ms > SWEEP_MAX_MS ? SWEEP_MAX_MS : sweep_ms;
    sweep_ms = sweep_ms < SWEEP_MIN_MS ? SWEEP_MIN_MS : sweep_ms;
    (void)uv_timer_init(loop, &companion->instants);
    companion->instants.data = companion;
    (void)uv_timer_init(loop, &companion->sweep);
    companion->sweep.data = companion;
    (void)uv_timer_start(&companion->sweep, on_sweep, (uint64_t)sweep_ms, (uint64_t)sweep_ms);
    uv_unref((uv_handle_t *)&companion->sweep);
    companion->n_open_handles = 2;
    *out = companion;
    return PAL_OK;
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct pal_companion *companion = handle->data;
    if (--companion->n_open_handles > 0) {
        return;
    }
    pal_companion_closed_fn on_closed = companion->on_closed;
    void *userdata = companion->closed_userdata;
    pal_convs_destroy(companion->convs);
    free(companion->persona);
    free(companion);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

static void
close_handles(struct pal_companion *companion)
{
    uv_close((uv_handle_t *)&companion->instants, on_handle_closed);
    uv_close((uv_handle_t *)&companion->sweep, on_handle_closed);
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
    companion->is_closing = true;
    companion->on_closed = on_closed;
    companion->closed_userdata = userdata;
    on_instants(&companion->instants);
    if (companion->talks == NULL) {
        close_handles(companion);
    } /* else the last talk to end does: the store is writing it down */
}
