#ifndef PAL_ACCESS_PAGE_ROOM_H
#define PAL_ACCESS_PAGE_ROOM_H
/*
 * A stream's chat as the page shows it live: who said what, who waits for an answer, who has it,
 * and what moderators removed. Watches the room and publishes to the topic "room".
 *
 * Holds the newest ROOM_LINES_MAX lines and the beginning of each. However fast the chat is, a page
 * gets ROOM_BURST_MAX lines a second at once and the rest with the next flush, newest state only.
 * A text that a moderator removed is not kept. Loop thread only.
 */
#include "access/page.h"
#include "chat/room.h"

struct pal_page_room;

/* `room` is borrowed and outlives it; NULL gives NULL, and every function accepts that. */
struct pal_page_room *pal_page_room_create(struct pal_access *access, struct pal_pages *pages,
                                           struct pal_room *room);
void pal_page_room_destroy(struct pal_page_room *chat);

/* All that is held, to one page, oldest first. */
void pal_page_room_present(const struct pal_page_room *chat, struct pal_page *page);
/* Once a second: publishes what the burst held back. */
void pal_page_room_flush(struct pal_page_room *chat);

#endif
