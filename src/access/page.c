#include "access/page.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define PAGE_WRONGS_MAX 8
#define WORD_MAX        64

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
    char *face; /* the newest face's message, for whoever comes later */
};

static const char *const topic_names[] = {
    [PAL_PAGE_CHAT] = "chat",   [PAL_PAGE_FEED] = "feed", [PAL_PAGE_METRICS] = "metrics",
    [PAL_PAGE_STATE] = "state", [PAL_PAGE_FACE] = "face",
};

struct pal_pages *
pal_pages_create(struct pal_access *access)
{
    struct pal_pages *pages = pal_calloc(1, sizeof(*pages));
    pages->access = access;
    return pages;
}

void
pal_pages_destroy(struct pal_pages *pages)
{
    if (pages == NULL) {
        return;
    }
    PAL_ASSERT(pages->first == NULL);
    free(pages->face);
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

bool
pal_pages_listen(const struct pal_pages *pages, enum pal_page_topic topic)
{
    for (const struct pal_page *page = pages->first; page != NULL; page = page->next) {
        if ((page->topics & 1U << topic) != 0) {
            return true;
        }
    }
    return false;
}

void
pal_pages_publish_text(struct pal_pages *pages, enum pal_page_topic topic, const char *text,
                       size_t len)
{
    if (topic == PAL_PAGE_FACE) {
        free(pages->face);
        pages->face = pal_strdup(text);
    }
    struct pal_page *next = NULL;
    for (struct pal_page *page = pages->first; page != NULL; page = next) {
        next = page->next; /* a page that turns out to be lost frees itself */
        if ((page->topics & 1U << topic) != 0) {
            send_text(page, text, len);
        }
    }
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
    if (json_is_string(ref) && json_string_length(ref) <= WORD_MAX) {
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
    json_t *message =
        json_pack("{s:s, s:s, s:o, s:b}", "type", "hello", "version", PALABRE_VERSION, "model",
                  pal_json_text(pal_access_model(access)), "starter", access->starter);
    PAL_ASSERT(message != NULL);
    pal_page_send(page, message);
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
    if ((added & 1U << PAL_PAGE_FACE) != 0 && page->pages->face != NULL) {
        send_text(page, page->pages->face, strlen(page->pages->face));
    }
}

static const struct {
    const char *type;
    void (*act)(struct pal_page *page, const json_t *request);
} requests[] = {
    {"hello", say_hello},
    {"subscribe", subscribe},
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

static const struct pal_ws_handlers page_handlers = {.text = on_text, .gone = on_gone};

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
