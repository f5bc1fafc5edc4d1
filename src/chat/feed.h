#ifndef PAL_CHAT_FEED_H
#define PAL_CHAT_FEED_H
/*
 * Who waits, who is being answered, and what became of the last ones: the newest turns in the order
 * in which they came, from wherever they came. For the dashboard; nothing depends on it.
 *
 * Holds PAL_FEED_ENTRIES_MAX turns and the beginning of each line; older ones fall out. Every
 * function accepts NULL for the feed: then nobody looks. Loop thread only.
 */
#include <stddef.h>
#include <stdint.h>

#include "output/sink.h"

#define PAL_FEED_ENTRIES_MAX 64
#define PAL_FEED_USER_BYTES  64
#define PAL_FEED_LINE_BYTES  280
#define PAL_FEED_NAME_BYTES  96

struct pal_feed;

enum pal_feed_state {
    PAL_FEED_WAITING,
    PAL_FEED_RUNNING,
    PAL_FEED_DONE,
    PAL_FEED_FAILED,
    PAL_FEED_CANCELLED,
};
/* "waiting", "running", "done", "failed", "cancelled". */
const char *pal_feed_state_name(enum pal_feed_state state);

/* Texts are cut at a whole character. */
struct pal_feed_entry {
    uint64_t turn_id;
    const char *source;                     /* static storage: "page", "api", "twitch" */
    char conversation[PAL_FEED_NAME_BYTES]; /* "" = none */
    char user[PAL_FEED_USER_BYTES];         /* "" = without a name */
    char line[PAL_FEED_LINE_BYTES];         /* "" = not known (yet) */
    enum pal_feed_state state;
    enum pal_err why; /* FAILED, CANCELLED */
    int64_t accepted_us;
    int64_t taken_us; /* 0 = not yet, or never */
    int64_t ended_us;
};

struct pal_feed *pal_feed_create(void);
void pal_feed_destroy(struct pal_feed *feed);

/* Told of every change, from inside the calls below; must not submit or cancel turns. NULL = none.
 */
typedef void (*pal_feed_watch_fn)(void *self, const struct pal_feed_entry *entry);
void pal_feed_watch(struct pal_feed *feed, pal_feed_watch_fn changed, void *self);
/* Calls for each entry, oldest first. */
void pal_feed_each(const struct pal_feed *feed, pal_feed_watch_fn look, void *self);

/* The scheduler tells these. `conversation` and `user` may be NULL. */
void pal_feed_accepted(struct pal_feed *feed, uint64_t turn_id, const char *source,
                       const char *conversation, const char *user, int64_t now_us);
void pal_feed_taken(struct pal_feed *feed, uint64_t turn_id, int64_t now_us);
void pal_feed_ended(struct pal_feed *feed, const struct pal_turn_end *ended, int64_t now_us);
/* Whoever knows the line of a turn says it; valid UTF-8. */
void pal_feed_line(struct pal_feed *feed, uint64_t turn_id, const char *line);

#endif
