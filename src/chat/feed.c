#include "chat/feed.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct pal_feed {
    struct pal_feed_entry entries[PAL_FEED_ENTRIES_MAX]; /* a ring */
    size_t first;
    size_t n;
    pal_feed_watch_fn changed;
    void *self;
};

const char *
pal_feed_state_name(enum pal_feed_state state)
{
    static const char *const names[] = {
        [PAL_FEED_WAITING] = "waiting",     [PAL_FEED_RUNNING] = "running",
        [PAL_FEED_DONE] = "done",           [PAL_FEED_FAILED] = "failed",
        [PAL_FEED_CANCELLED] = "cancelled",
    };
    return names[state];
}

struct pal_feed *
pal_feed_create(void)
{
    return pal_calloc(1, sizeof(struct pal_feed));
}

void
pal_feed_destroy(struct pal_feed *feed)
{
    free(feed);
}

void
pal_feed_watch(struct pal_feed *feed, pal_feed_watch_fn changed, void *self)
{
    if (feed != NULL) {
        feed->changed = changed;
        feed->self = self;
    }
}

void
pal_feed_each(const struct pal_feed *feed, pal_feed_watch_fn look, void *self)
{
    for (size_t i = 0; feed != NULL && i < feed->n; i++) {
        look(self, &feed->entries[(feed->first + i) % PAL_FEED_ENTRIES_MAX]);
    }
}

/* As much of the text as fits, up to a whole character. */
static void
copy_text(char *to, size_t room, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len >= room) {
        len = room - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(to, text != NULL ? text : "", len);
    to[len] = '\0';
}

static void
tell(const struct pal_feed *feed, const struct pal_feed_entry *entry)
{
    if (feed->changed != NULL) {
        feed->changed(feed->self, entry);
    }
}

/* The newest are asked for most. */
static struct pal_feed_entry *
find(struct pal_feed *feed, uint64_t turn_id)
{
    for (size_t i = feed != NULL ? feed->n : 0; i > 0; i--) {
        struct pal_feed_entry *entry = &feed->entries[(feed->first + i - 1) % PAL_FEED_ENTRIES_MAX];
        if (entry->turn_id == turn_id) {
            return entry;
        }
    }
    return NULL;
}

void
pal_feed_accepted(struct pal_feed *feed, uint64_t turn_id, const char *source,
                  const char *conversation, const char *user, int64_t now_us)
{
    if (feed == NULL) {
        return;
    }
    if (feed->n == PAL_FEED_ENTRIES_MAX) {
        feed->first = (feed->first + 1) % PAL_FEED_ENTRIES_MAX;
        feed->n--;
    }
    struct pal_feed_entry *entry = &feed->entries[(feed->first + feed->n) % PAL_FEED_ENTRIES_MAX];
    feed->n++;
    *entry = (struct pal_feed_entry){
        .turn_id = turn_id, .source = source, .accepted_us = now_us, .state = PAL_FEED_WAITING};
    copy_text(entry->conversation, sizeof(entry->conversation), conversation);
    copy_text(entry->user, sizeof(entry->user), user);
    tell(feed, entry);
}

void
pal_feed_taken(struct pal_feed *feed, uint64_t turn_id, int64_t now_us)
{
    struct pal_feed_entry *entry = find(feed, turn_id);
    if (entry != NULL) {
        entry->state = PAL_FEED_RUNNING;
        entry->taken_us = now_us;
        tell(feed, entry);
    }
}

void
pal_feed_ended(struct pal_feed *feed, const struct pal_turn_end *ended, int64_t now_us)
{
    struct pal_feed_entry *entry = find(feed, ended->turn_id);
    if (entry == NULL) {
        return;
    }
    entry->state = ended->outcome == PAL_OUTCOME_DONE     ? PAL_FEED_DONE
                   : ended->outcome == PAL_OUTCOME_FAILED ? PAL_FEED_FAILED
                                                          : PAL_FEED_CANCELLED;
    entry->why = ended->outcome == PAL_OUTCOME_DONE ? PAL_OK : ended->error.code;
    entry->ended_us = now_us;
    tell(feed, entry);
}

void
pal_feed_line(struct pal_feed *feed, uint64_t turn_id, const char *line)
{
    struct pal_feed_entry *entry = find(feed, turn_id);
    if (entry != NULL) {
        copy_text(entry->line, sizeof(entry->line), line);
        tell(feed, entry);
    }
}
