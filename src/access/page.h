#ifndef PAL_ACCESS_PAGE_H
#define PAL_ACCESS_PAGE_H
/*
 * The page's side of the program: every open page is a WebSocket that speaks JSON messages
 * (docs/page-protocol.md). A page says hello, subscribes to topics, and asks for things; what
 * happens is published to all that subscribed.
 *
 * Bounded: pages PAL_PAGES_MAX, what a page may be wrong PAGE_WRONGS_MAX times (then it is closed),
 * and ws.h's limits. Loop thread only.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "access/route.h"
#include "access/ws.h"

#define PAL_PAGES_MAX    96
#define PAL_PAGE_REF_MAX 64 /* bytes of a request's own name for itself */

enum pal_page_topic {
    PAL_PAGE_CHAT,    /* lines and pieces of the page's conversation */
    PAL_PAGE_FEED,    /* who waits, who is answered, from wherever they came */
    PAL_PAGE_METRICS, /* /metrics, once a second */
    PAL_PAGE_STATE,   /* the engine, a download, settings */
    PAL_PAGE_FACE,    /* the avatar's face */
    PAL_PAGE_ROOM,    /* a stream's chat */
    PAL_PAGE_N_TOPICS,
};

struct pal_pages; /* all of them */
struct pal_page;  /* one */

struct pal_pages *pal_pages_create(struct pal_access *access);
/* Every page must be gone (the server is closed); accepts NULL. */
void pal_pages_destroy(struct pal_pages *pages);

struct pal_access *pal_page_access(const struct pal_page *page);
/* True if anybody would be told. */
bool pal_pages_listen(const struct pal_pages *pages, enum pal_page_topic topic);
/* How many would be told. */
uint32_t pal_pages_n_listening(const struct pal_pages *pages, enum pal_page_topic topic);
/* Sends a message's text to all that subscribed to the topic. */
void pal_pages_publish_text(struct pal_pages *pages, enum pal_page_topic topic, const char *text,
                            size_t len);
/* A face: kept too, for whoever comes later. */
void pal_pages_publish_face(struct pal_pages *pages, const char *text, size_t len);
/* The same; takes the value's last reference over. */
void pal_pages_publish(struct pal_pages *pages, enum pal_page_topic topic, json_t *message);
/* To one page; takes the value's last reference over. */
void pal_page_send(struct pal_page *page, json_t *message);
/* {"type":"error"}: what a page asked for can't be had. `of`: the type that it sent. */
void pal_page_refuse(struct pal_page *page, const char *of, const json_t *request,
                     const struct pal_error *error);

#endif
