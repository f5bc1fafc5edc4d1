#ifndef PAL_ACCESS_PAGE_STATUS_H
#define PAL_ACCESS_PAGE_STATUS_H
/*
 * How the program is, as messages for the page, and the buttons that change it. Loop thread only.
 */
#include "access/page.h"
#include "chat/feed.h"

/* {"type":"state"}: engine, model, download, what the buttons can do. */
json_t *pal_page_state(const struct pal_access *access);
/* {"type":"settings"}: persona, temperature, length. */
json_t *pal_page_settings(const struct pal_access *access);
/* {"type":"metrics"}: what /metrics says. NULL: it is too long. */
json_t *pal_page_metrics(const struct pal_access *access);
/* {"type":"turn"}: one entry of the feed. */
json_t *pal_page_turn(const struct pal_feed_entry *entry);

/* Requests. What they change is published. */
void pal_page_set_settings(struct pal_page *page, const json_t *request);
void pal_page_set_paused(struct pal_page *page, const json_t *request);
void pal_page_switch(struct pal_page *page, const json_t *request);
void pal_page_reload(struct pal_page *page, const json_t *request);
void pal_page_pull(struct pal_page *page, const json_t *request);
void pal_page_cancel_pull(struct pal_page *page, const json_t *request);
void pal_page_plan(struct pal_page *page, const json_t *request);

#endif
