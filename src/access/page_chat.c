#include "access/page_chat.h"

#include <stdlib.h>
#include <string.h>

#include "access/page_transcript.h"
#include "output/performance.h"
#include "util/clock.h"
#include "util/mem.h"

/* Of a reply, what is kept for pages that come later; the rest is still streamed. */
#define REPLY_BYTES_MAX ((size_t)32 * 1024)
/* One piece, every byte escaped as \u00xx, and what stands around it. */
#define PIECE_ROOM 512

/* A line whose turn is not over. */
struct talk {
    struct pal_page_chat *chat; /* NULL = the page is closing */
    struct talk *next;          /* older ones first */
    uint64_t turn_id;
    char *line; /* owned */
    struct pal_buf reply;
    int64_t at_s;
};

struct pal_page_chat {
    struct pal_access *access; /* borrowed */
    struct pal_pages *pages;   /* borrowed */
    struct pal_transcript *transcript;
    struct talk *talks;
};

struct pal_page_chat *
pal_page_chat_create(struct pal_access *access, struct pal_pages *pages)
{
    struct pal_page_chat *chat = pal_calloc(1, sizeof(*chat));
    chat->access = access;
    chat->pages = pages;
    chat->transcript = pal_transcript_create();
    return chat;
}

void
pal_page_chat_destroy(struct pal_page_chat *chat)
{
    if (chat == NULL) {
        return;
    }
    for (struct talk *talk = chat->talks; talk != NULL; talk = talk->next) {
        talk->chat = NULL;
        pal_sched_cancel(chat->access->sched, talk->turn_id);
    }
    pal_transcript_destroy(chat->transcript);
    free(chat);
}

static void
publish(const struct pal_page_chat *chat, json_t *message)
{
    pal_pages_publish(chat->pages, PAL_PAGE_CHAT, message);
}

static void
talk_free(struct talk *talk)
{
    free(talk->line);
    pal_buf_finish(&talk->reply);
    free(talk);
}

/* The sink of a turn. */

static void
on_started(void *self, uint64_t turn_id)
{
    const struct talk *talk = self;
    if (talk->chat != NULL) {
        publish(talk->chat,
                json_pack("{s:s, s:I}", "type", "started", "turn", (json_int_t)turn_id));
    }
}

static void
on_text(void *self, const char *text, size_t len)
{
    struct talk *talk = self;
    if (talk->chat == NULL) {
        return;
    }
    if (pal_buf_append(&talk->reply, text, len) != PAL_OK) {
        talk->reply.max_bytes = talk->reply.len; /* kept up to here, without a hole */
    }
    if (!pal_pages_listen(talk->chat->pages, PAL_PAGE_CHAT)) {
        return;
    }
    struct pal_out out;
    pal_out_init(&out, 6 * len + PIECE_ROOM);
    pal_out_format(&out, "{\"type\":\"piece\",\"turn\":%llu,\"at_ms\":%.3f,\"text\":",
                   (unsigned long long)talk->turn_id, (double)pal_wall_us() / 1000.0);
    pal_out_quoted_bytes(&out, text, len);
    pal_out_raw(&out, "}");
    PAL_ASSERT(out.err == PAL_OK);
    pal_pages_publish_text(talk->chat->pages, PAL_PAGE_CHAT, out.buf.data, out.buf.len);
    pal_out_finish(&out);
}

static json_t *
describe_end(const struct pal_turn_end *ended)
{
    json_t *message = json_pack("{s:I, s:s}", "turn", (json_int_t)ended->turn_id, "type",
                                ended->outcome == PAL_OUTCOME_DONE     ? "done"
                                : ended->outcome == PAL_OUTCOME_FAILED ? "failed"
                                                                       : "cancelled");
    PAL_ASSERT(message != NULL);
    if (ended->outcome == PAL_OUTCOME_DONE) {
        (void)json_object_set_new(message, "finish", json_string(ended->finish_reason));
    } else {
        (void)json_object_set_new(message, "code", json_string(pal_err_name(ended->error.code)));
        (void)json_object_set_new(message, "message", pal_json_text(ended->error.text));
    }
    const struct pal_usage *usage = &ended->usage;
    (void)json_object_set_new(message, "usage",
                              json_pack("{s:I, s:I, s:I, s:f, s:f}", "prompt_tokens",
                                        (json_int_t)usage->prompt_tokens, "cached_tokens",
                                        (json_int_t)usage->cached_tokens, "completion_tokens",
                                        (json_int_t)usage->completion_tokens, "first_token_ms",
                                        (double)usage->first_token_us / 1000.0, "predict_ms",
                                        (double)usage->predict_us / 1000.0));
    return message;
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct talk *talk = self;
    struct pal_page_chat *chat = talk->chat;
    if (chat == NULL) {
        talk_free(talk);
        return;
    }
    struct talk **place = &chat->talks;
    while (*place != talk) {
        place = &(*place)->next;
    }
    *place = talk->next;
    bool failed = ended->outcome == PAL_OUTCOME_FAILED;
    pal_transcript_add(chat->transcript,
                       (struct pal_exchange){
                           .turn_id = talk->turn_id,
                           .line = talk->line,
                           .reply = pal_strdup(talk->reply.len > 0 ? talk->reply.data : ""),
                           .state = failed                                    ? "failed"
                                    : ended->outcome == PAL_OUTCOME_CANCELLED ? "cancelled"
                                                                              : "done",
                           .why = failed ? pal_strdup(pal_err_name(ended->error.code)) : NULL,
                           .at_s = talk->at_s,
                       });
    talk->line = NULL;
    talk_free(talk);
    publish(chat, describe_end(ended));
}

/* Saying. */

static void
append(struct pal_page_chat *chat, struct talk *talk)
{
    struct talk **place = &chat->talks;
    while (*place != NULL) {
        place = &(*place)->next;
    }
    *place = talk;
}

static enum pal_err
say(struct pal_page_chat *chat, const char *text, const json_t *ref, struct pal_error *error)
{
    static const struct pal_sink_ops ops = {.started = on_started, .text = on_text, .end = on_end};
    const struct pal_access *access = chat->access;
    struct talk *talk = pal_calloc(1, sizeof(*talk));
    talk->chat = chat;
    talk->line = pal_strdup(text);
    talk->at_s = pal_wall_seconds();
    pal_buf_init(&talk->reply, REPLY_BYTES_MAX);
    struct pal_sink sink = {.ops = &ops, .self = talk};
    if (access->performance != NULL) {
        sink = pal_performance_wrap(access->performance, PAL_PAGE_CONVERSATION, text, strlen(text),
                                    sink);
    }
    enum pal_err err = pal_companion_say(access->companion, "page", PAL_PAGE_CONVERSATION,
                                         PAL_PAGE_CONVERSATION, text, sink, &talk->turn_id, error);
    if (err != PAL_OK) {
        if (access->performance != NULL) {
            pal_performance_unwrap(sink);
        }
        talk_free(talk);
        return err;
    }
    append(chat, talk);
    json_t *message =
        json_pack("{s:s, s:I, s:o, s:I}", "type", "line", "turn", (json_int_t)talk->turn_id, "text",
                  pal_json_text(text), "at_s", (json_int_t)talk->at_s);
    PAL_ASSERT(message != NULL);
    if (json_is_string(ref) && json_string_length(ref) <= PAL_PAGE_REF_MAX) {
        (void)json_object_set_new(message, "ref", json_string(json_string_value(ref)));
    }
    publish(chat, message);
    return PAL_OK;
}

void
pal_page_chat_say(struct pal_page_chat *chat, struct pal_page *page, const json_t *request)
{
    const char *text = json_string_value(json_object_get(request, "text"));
    struct pal_error error;
    enum pal_err err = text != NULL
                           ? say(chat, text, json_object_get(request, "ref"), &error)
                           : pal_error_set(&error, PAL_ERR_ARGUMENT, "there is no text to say");
    if (err != PAL_OK) {
        error.code = err;
        pal_page_refuse(page, "say", request, &error);
    }
}

void
pal_page_chat_retry(struct pal_page_chat *chat, struct pal_page *page, const json_t *request)
{
    struct pal_error error;
    size_t n = pal_transcript_n(chat->transcript);
    if (chat->talks != NULL || n == 0) {
        (void)pal_error_set(&error, PAL_ERR_BUSY, "there is no answer to try again");
        pal_page_refuse(page, "retry", request, &error);
        return;
    }
    const struct pal_exchange *newest = pal_transcript_at(chat->transcript, n - 1);
    /* What was answered is in the model's memory, what failed before any text came is not. */
    bool was_remembered = strcmp(newest->state, "failed") != 0 && newest->reply[0] != '\0';
    char *line = pal_strdup(newest->line);
    enum pal_err err = say(chat, line, json_object_get(request, "ref"), &error);
    if (err == PAL_OK) {
        /* In time: the turn reads its conversation when it begins, never from inside the call. */
        if (was_remembered) {
            free(pal_companion_take_back(chat->access->companion, PAL_PAGE_CONVERSATION));
        }
        uint64_t turn_id = pal_transcript_drop_newest(chat->transcript);
        publish(chat, json_pack("{s:s, s:I}", "type", "taken_back", "turn", (json_int_t)turn_id));
    } else {
        error.code = err;
        pal_page_refuse(page, "retry", request, &error);
    }
    free(line);
}

/* What there is to show. */

static json_t *
describe_exchange(const struct pal_exchange *exchange)
{
    json_t *out =
        json_pack("{s:I, s:I, s:o, s:o, s:s}", "turn", (json_int_t)exchange->turn_id, "at_s",
                  (json_int_t)exchange->at_s, "line", pal_json_text(exchange->line), "reply",
                  pal_json_text(exchange->reply), "state", exchange->state);
    PAL_ASSERT(out != NULL);
    if (exchange->why != NULL) {
        (void)json_object_set_new(out, "code", json_string(exchange->why));
    }
    return out;
}

void
pal_page_chat_history(struct pal_page_chat *chat, struct pal_page *page)
{
    json_t *list = json_array();
    for (size_t i = 0; i < pal_transcript_n(chat->transcript); i++) {
        (void)json_array_append_new(list,
                                    describe_exchange(pal_transcript_at(chat->transcript, i)));
    }
    for (const struct talk *talk = chat->talks; talk != NULL; talk = talk->next) {
        char empty[] = "";
        const struct pal_exchange live = {
            .turn_id = talk->turn_id,
            .line = talk->line,
            .reply = talk->reply.len > 0 ? talk->reply.data : empty,
            .state = "live",
            .at_s = talk->at_s,
        };
        (void)json_array_append_new(list, describe_exchange(&live));
    }
    pal_page_send(page, json_pack("{s:s, s:o}", "type", "history", "exchanges", list));
}

void
pal_page_chat_forget(struct pal_page_chat *chat)
{
    pal_transcript_clear(chat->transcript);
    publish(chat, json_pack("{s:s}", "type", "forgotten"));
}
