#include "access/page.h"

#include "access/page_chat.h"
#include "access/page_room.h"
#include "access/page_status.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

#define PAGE_WRONGS_MAX   8
#define METRICS_PERIOD_US PAL_US_PER_S

struct pal_page {
    struct pal_pages *pages;
    struct pal_ws *ws;
    struct pal_page *prev;
    struct pal_page *next;
    bool admitted;   /* said hello, with the key where one is needed */
    unsigned topics; /* bits */
    unsigned n_wrong;
};

struct pal_pages {
    struct pal_access *access;
    struct pal_page *first;
    uint32_t n_pages;
    char *face;  /* the newest face's message, for whoever comes later */
    char *state; /* the state's message as it was told last */
    struct pal_page_chat *chat;
    struct pal_page_room *room; /* NULL = there is no stream */
    int64_t metrics_us;         /* when they were told last */
};

static const char *const topic_names[] = {
    [PAL_PAGE_CHAT] = "chat",   [PAL_PAGE_FEED] = "feed", [PAL_PAGE_METRICS] = "metrics",
    [PAL_PAGE_STATE] = "state", [PAL_PAGE_FACE] = "face", [PAL_PAGE_ROOM] = "room",
};

static void
on_feed(void *self, const struct pal_feed_entry *entry)
{
    struct pal_pages *pages = self;
    if (pal_pages_listen(pages, PAL_PAGE_FEED)) {
        pal_pages_publish(pages, PAL_PAGE_FEED, pal_page_turn(entry));
    }
}

struct pal_pages *
pal_pages_create(struct pal_access *access)
{
    struct pal_pages *pages = pal_calloc(1, sizeof(*pages));
    pages->access = access;
    pages->chat = pal_page_chat_create(access, pages);
    pages->room = pal_page_room_create(access, pages, access->room);
    pal_feed_watch(access->feed, on_feed, pages);
    return pages;
}

struct pal_access *
pal_page_access(const struct pal_page *page)
{
    return page->pages->access;
}

void
pal_pages_destroy(struct pal_pages *pages)
{
    if (pages == NULL) {
        return;
    }
    PAL_ASSERT(pages->first == NULL);
    pal_feed_watch(pages->access->feed, NULL, NULL);
    pal_page_chat_destroy(pages->chat);
    pal_page_room_destroy(pages->room);
    free(pages->face);
    free(pages->state);
    free(pages);
}

/* Sending. */

static void
send_text(struct pal_page *page, const char *text, size_t len)
{
    if (page->ws != NULL) {
        pal_ws_send(page->ws, text, len);
    }
}

uint32_t
pal_pages_n_listening(const struct pal_pages *pages, enum pal_page_topic topic)
{
    uint32_t n = 0;
    for (const struct pal_page *page = pages->first; page != NULL; page = page->next) {
        n += (page->topics & 1U << topic) != 0 ? 1 : 0;
    }
    return n;
}

bool
pal_pages_listen(const struct pal_pages *pages, enum pal_page_topic topic)
{
    return pal_pages_n_listening(pages, topic) > 0;
}

void
pal_pages_publish_text(struct pal_pages *pages, enum pal_page_topic topic, const char *text,
                       size_t len)
{
    struct pal_page *next = NULL;
    for (struct pal_page *page = pages->first; page != NULL; page = next) {
        next = page->next; /* a page that turns out to be lost frees itself */
        if ((page->topics & 1U << topic) != 0) {
            send_text(page, text, len);
        }
    }
}

void
pal_pages_publish_face(struct pal_pages *pages, const char *text, size_t len)
{
    free(pages->face);
    pages->face = pal_strdup(text);
    pal_pages_publish_text(pages, PAL_PAGE_FACE, text, len);
}

void
pal_pages_publish(struct pal_pages *pages, enum pal_page_topic topic, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    PAL_ASSERT(text != NULL);
    pal_pages_publish_text(pages, topic, text, strlen(text));
    free(text);
}

void
pal_page_send(struct pal_page *page, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    PAL_ASSERT(text != NULL);
    send_text(page, text, strlen(text));
    free(text);
}

void
pal_page_refuse(struct pal_page *page, const char *of, const json_t *request,
                const struct pal_error *error)
{
    json_t *message = json_pack("{s:s, s:s, s:s, s:o}", "type", "error", "of", of, "code",
                                pal_err_name(error->code), "message", pal_json_text(error->text));
    PAL_ASSERT(message != NULL);
    json_t *ref = json_object_get(request, "ref");
    if (json_is_string(ref) && json_string_length(ref) <= PAL_PAGE_REF_MAX) {
        (void)json_object_set(message, "ref", ref);
    }
    pal_page_send(page, message);
}

/* What a page asks for. */

static void
wrong(struct pal_page *page, const char *of, const json_t *request, const struct pal_error *error)
{
    if (++page->n_wrong > PAGE_WRONGS_MAX) {
        pal_ws_close(page->ws, PAL_WS_CLOSE_POLICY, "too many messages that make no sense");
        return;
    }
    pal_page_refuse(page, of, request, error);
}

static void
say_hello(struct pal_page *page, const json_t *request)
{
    const struct pal_access *access = page->pages->access;
    const char *key = json_string_value(json_object_get(request, "key"));
    struct pal_error error;
    if (!pal_guard_key_fits(&access->guard, key)) {
        (void)pal_error_set(&error, PAL_ERR_DENIED, "this server needs its API key");
        wrong(page, "hello", request, &error);
        return;
    }
    page->admitted = true;
    pal_page_send(page, json_pack("{s:s, s:s, s:i}", "type", "hello", "version", PALABRE_VERSION,
                                  "line_bytes_max", PAL_COMPANION_LINE_BYTES_MAX));
}

static void
send_turn(void *self, const struct pal_feed_entry *entry)
{
    pal_page_send(self, pal_page_turn(entry));
}

/* Whoever begins to look sees what there is. */
static void
send_present(struct pal_page *page, enum pal_page_topic topic)
{
    const struct pal_access *access = page->pages->access;
    switch (topic) {
    case PAL_PAGE_CHAT:
        pal_page_chat_history(page->pages->chat, page);
        break;
    case PAL_PAGE_FEED:
        pal_feed_each(access->feed, send_turn, page);
        break;
    case PAL_PAGE_METRICS:
        page->pages->metrics_us = 0; /* with the next tick, for all */
        break;
    case PAL_PAGE_STATE:
        pal_page_send(page, pal_page_state(access));
        pal_page_send(page, pal_page_settings(access));
        break;
    case PAL_PAGE_FACE:
        if (page->pages->face != NULL) {
            send_text(page, page->pages->face, strlen(page->pages->face));
        }
        break;
    case PAL_PAGE_ROOM:
        pal_page_room_present(page->pages->room, page);
        break;
    case PAL_PAGE_N_TOPICS:
        break;
    }
}

static void
subscribe(struct pal_page *page, const json_t *request)
{
    const json_t *topics = json_object_get(request, "topics");
    size_t i = 0;
    json_t *topic = NULL;
    unsigned wanted = 0;
    json_array_foreach(topics, i, topic)
    {
        for (int t = 0; t < PAL_PAGE_N_TOPICS; t++) {
            if (json_is_string(topic) && strcmp(json_string_value(topic), topic_names[t]) == 0) {
                wanted |= 1U << t;
            }
        }
    }
    unsigned added = wanted & ~page->topics;
    page->topics = wanted;
    for (int t = 0; t < PAL_PAGE_N_TOPICS; t++) {
        if ((added & 1U << t) != 0) {
            send_present(page, (enum pal_page_topic)t);
        }
    }
}

static void
say(struct pal_page *page, const json_t *request)
{
    pal_page_chat_say(page->pages->chat, page, request);
}

static void
retry(struct pal_page *page, const json_t *request)
{
    pal_page_chat_retry(page->pages->chat, page, request);
}

static void
stop(struct pal_page *page, const json_t *request)
{
    /* Any turn: who may open the page may also stop what a stream's viewer set off. */
    double turn_id = json_number_value(json_object_get(request, "turn"));
    if (turn_id >= 1 && turn_id < 9e15) {
        pal_sched_cancel(page->pages->access->sched, (uint64_t)turn_id);
    }
}

static void
history(struct pal_page *page, const json_t *request)
{
    (void)request;
    pal_page_chat_history(page->pages->chat, page);
}

static void
forget(struct pal_page *page, const json_t *request)
{
    const char *given = json_string_value(json_object_get(request, "conversation"));
    const char *conversation = given != NULL ? given : PAL_PAGE_CONVERSATION;
    pal_companion_forget(page->pages->access->companion, conversation);
    if (strcmp(conversation, PAL_PAGE_CONVERSATION) == 0) {
        pal_page_chat_forget(page->pages->chat);
    }
}

static const struct {
    const char *type;
    void (*act)(struct pal_page *page, const json_t *request);
} requests[] = {
    {"hello", say_hello},
    {"subscribe", subscribe},
    {"say", say},
    {"stop", stop},
    {"retry", retry},
    {"history", history},
    {"forget", forget},
    {"settings", pal_page_set_settings},
    {"pause", pal_page_set_paused},
    {"switch", pal_page_switch},
    {"reload", pal_page_reload},
    {"pull", pal_page_pull},
    {"cancel_pull", pal_page_cancel_pull},
    {"plan", pal_page_plan},
};

static void
act_on(struct pal_page *page, const json_t *request)
{
    const char *type = json_string_value(json_object_get(request, "type"));
    struct pal_error error;
    for (size_t i = 0; type != NULL && i < PAL_COUNT_OF(requests); i++) {
        if (strcmp(type, requests[i].type) == 0) {
            if (i > 0 && !page->admitted) {
                (void)pal_error_set(&error, PAL_ERR_DENIED, "the first message must be a hello");
                wrong(page, requests[i].type, request, &error);
                return;
            }
            requests[i].act(page, request);
            return;
        }
    }
    (void)pal_error_set(&error, PAL_ERR_ARGUMENT,
                        "there is no such type of message; see docs/page-protocol.md");
    wrong(page, "", request, &error);
}

static void
on_text(void *self, const char *text, size_t len)
{
    struct pal_page *page = self;
    json_t *request = NULL;
    struct pal_error error;
    if (pal_json_read_object(text, len, &request, &error) != PAL_OK) {
        wrong(page, "", NULL, &error);
        return;
    }
    act_on(page, request);
    json_decref(request);
}

/* What changes without anybody telling. Each page's tick comes here; the first one acts. */
static void
look_around(struct pal_pages *pages, int64_t now_us)
{
    const struct pal_access *access = pages->access;
    if (now_us - pages->metrics_us < METRICS_PERIOD_US) {
        return;
    }
    pages->metrics_us = now_us;
    pal_page_room_flush(pages->room);
    json_t *metrics = pal_pages_listen(pages, PAL_PAGE_METRICS) ? pal_page_metrics(access) : NULL;
    if (metrics != NULL) {
        pal_pages_publish(pages, PAL_PAGE_METRICS, metrics);
    }
    json_t *state = pal_page_state(access);
    char *text = json_dumps(state, JSON_COMPACT);
    json_decref(state);
    PAL_ASSERT(text != NULL);
    if (pages->state == NULL || strcmp(pages->state, text) != 0) {
        free(pages->state);
        pages->state = text;
        pal_pages_publish_text(pages, PAL_PAGE_STATE, text, strlen(text));
    } else {
        free(text);
    }
}

static void
on_tick(void *self, int64_t now_us)
{
    struct pal_page *page = self;
    look_around(page->pages, now_us);
}

static void
on_gone(void *self)
{
    struct pal_page *page = self;
    struct pal_pages *pages = page->pages;
    if (page->prev != NULL) {
        page->prev->next = page->next;
    } else {
        pages->first = page->next;
    }
    if (page->next != NULL) {
        page->next->prev = page->prev;
    }
    pages->n_pages--;
    free(page);
}

static const struct pal_ws_handlers page_handlers = {
    .text = on_text, .tick = on_tick, .gone = on_gone};

void
pal_answer_ws(const struct pal_call *call)
{
    struct pal_pages *pages = call->access->pages;
    if (pages->n_pages == PAL_PAGES_MAX) {
        struct pal_api_failure failure = {
            .status = 503, .code = "too_many_pages", .message = "too many pages are open"};
        pal_api_fail(call->conn, PAL_API_OPENAI, &failure, NULL);
        return;
    }
    struct pal_page *page = pal_calloc(1, sizeof(*page));
    page->pages = pages;
    page->ws = pal_ws_accept(call, &page_handlers, page);
    if (page->ws == NULL) {
        free(page);
        return;
    }
    page->next = pages->first;
    if (pages->first != NULL) {
        pages->first->prev = page;
    }
    pages->first = page;
    pages->n_pages++;
}
