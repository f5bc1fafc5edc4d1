#ifndef PAL_ACCESS_PAGE_CHAT_H
#define PAL_ACCESS_PAGE_CHAT_H
/*
 * The page's conversation: one for all pages that are open, so that a second tab shows the same.
 * What happens in it is published to the topic "chat". Loop thread only.
 */
#include "access/page.h"

/* Names the conversation, and the person to the scheduler: all pages wait in one lane. */
#define PAL_PAGE_CONVERSATION "page"

struct pal_page_chat;

struct pal_page_chat *pal_page_chat_create(struct pal_access *access, struct pal_pages *pages);
/* Its turns are cancelled; their sinks end by themselves. Accepts NULL. */
void pal_page_chat_destroy(struct pal_page_chat *chat);

/* Requests; `page` is who asks. */
void pal_page_chat_say(struct pal_page_chat *chat, struct pal_page *page, const json_t *request);
void pal_page_chat_retry(struct pal_page_chat *chat, struct pal_page *page, const json_t *request);
void pal_page_chat_history(struct pal_page_chat *chat, struct pal_page *page);
/* The page's own conversation is forgotten. */
void pal_page_chat_forget(struct pal_page_chat *chat);

#endif
