#include "access/page_room.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/utf8.h"

#define ROOM_LINES_MAX  64
#define ROOM_BURST_MAX  20
#define ROOM_NAME_BYTES 64
#define ROOM_ID_BYTES   96
#define ROOM_TEXT_BYTES 512

struct room_line {
    uint64_t n;                     /* its number, from 1; 0 = an unused place */
    uint64_t reply_to;              /* ours: the line that is answered; 0 = none that is held */
    char platform[ROOM_NAME_BYTES]; /* this, the ids and the channel tell lines apart: one that */
    char channel[ROOM_NAME_BYTES];  /* is too long is cut, and matches no more */
    char user_id[ROOM_ID_BYTES];    /* "" = ours */
    char message_id[ROOM_ID_BYTES]; /* "" = the platform gave none */
    char name[ROOM_NAME_BYTES];
    char text[ROOM_TEXT_BYTES];
    int64_t at_s;
    bool is_for_us;
    bool is_removed;
    const char *state; /* static storage; NULL = nobody answers it */
    bool is_due;       /* has changed since it was published */
};

struct pal_page_room {
    struct pal_access *access;
    struct pal_pages *pages;
    struct pal_room *room;
    struct pal_room_watcher watcher;
    struct room_line lines[ROOM_LINES_MAX]; /* a ring: line n stands at n % ROOM_LINES_MAX */
    uint64_t last_n;
    unsigned n_sent; /* since the last flush */
};

/* Cut at a whole character. */
static void
keep(char *place, size_t size, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    len = len < size ? len : pal_utf8_whole(text, size - 1);
    memcpy(place, text != NULL ? text : "", len);
    place[len] = '\0';
    pal_utf8_scrub(place, len);
}

/* Publishing. */

static json_t *
describe(const struct room_line *line)
{
    json_t *out =
        json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:I, s:b, s:b, s:b}", "type", "room_line", "n",
                  (json_int_t)line->n, "platform", line->platform, "channel",
                  pal_json_text(line->channel), "name", pal_json_text(line->name), "text",
                  pal_json_text(line->text), "at_s", (json_int_t)line->at_s, "ours",
                  line->user_id[0] == '\0', "for_us", line->is_for_us, "removed", line->is_removed);
    PAL_ASSERT(out != NULL);
    if (line->state != NULL) {
        (void)json_object_set_new(out, "state", json_string(line->state));
    }
    if (line->reply_to != 0) {
        (void)json_object_set_new(out, "reply_to", json_integer((json_int_t)line->reply_to));
    }
    return out;
}

static void
publish(struct pal_page_room *chat, struct room_line *line)
{
    line->is_due = true;
    if (chat->n_sent < ROOM_BURST_MAX) {
        chat->n_sent++;
        line->is_due = false;
        if (pal_pages_listen(chat->pages, PAL_PAGE_ROOM)) {
            pal_pages_publish(chat->pages, PAL_PAGE_ROOM, describe(line));
        }
    }
}

static uint64_t
first_held(const struct pal_page_room *chat)
{
    return chat->last_n > ROOM_LINES_MAX ? chat->last_n - ROOM_LINES_MAX + 1 : 1;
}

void
pal_page_room_present(const struct pal_page_room *chat, struct pal_page *page)
{
    for (uint64_t n = chat != NULL ? first_held(chat) : 1; chat != NULL && n <= chat->last_n; n++) {
        pal_page_send(page, describe(&chat->lines[n % ROOM_LINES_MAX]));
    }
}

void
pal_page_room_flush(struct pal_page_room *chat)
{
    if (chat == NULL) {
        return;
    }
    chat->n_sent = 0;
    bool is_heard = pal_pages_listen(chat->pages, PAL_PAGE_ROOM);
    for (uint64_t n = first_held(chat); n <= chat->last_n; n++) {
        struct room_line *line = &chat->lines[n % ROOM_LINES_MAX];
        if (line->is_due && is_heard) {
            pal_pages_publish(chat->pages, PAL_PAGE_ROOM, describe(line));
        }
        line->is_due = false;
    }
}

/* What the room tells. */

static struct room_line *
add(struct pal_page_room *chat, const char *platform, const char *channel)
{
    struct room_line *line = &chat->lines[++chat->last_n % ROOM_LINES_MAX];
    *line = (struct room_line){.n = chat->last_n, .at_s = pal_wall_seconds()};
    keep(line->platform, sizeof(line->platform), platform);
    keep(line->channel, sizeof(line->channel), channel);
    return line;
}

static bool
is_in(const struct room_line *line, const char *platform, const char *channel)
{
    return strcmp(line->platform, platform) == 0 && strcmp(line->channel, channel) == 0;
}

/* The newest line that is for us, by its message or, where there is none, by who said it. */
static struct room_line *
find(struct pal_page_room *chat, const char *platform, const char *channel, const char *user_id,
     const char *message_id)
{
    for (uint64_t n = chat->last_n; n >= first_held(chat); n--) {
        struct room_line *line = &chat->lines[n % ROOM_LINES_MAX];
        bool is_it = message_id != NULL
                         ? strcmp(line->message_id, message_id) == 0
                         : user_id != NULL && line->user_id[0] != '\0' && line->is_for_us &&
                               strcmp(line->user_id, user_id) == 0;
        if (is_it && is_in(line, platform, channel)) {
            return line;
        }
    }
    return NULL;
}

static void
on_heard(void *self, const struct pal_line *heard, bool is_for_us)
{
    struct pal_page_room *chat = self;
    struct room_line *line = add(chat, heard->platform, heard->channel);
    bool has_name = heard->name != NULL && heard->name[0] != '\0';
    keep(line->user_id, sizeof(line->user_id), heard->user_id);
    keep(line->message_id, sizeof(line->message_id), heard->message_id);
    keep(line->name, sizeof(line->name), has_name ? heard->name : heard->login);
    keep(line->text, sizeof(line->text), heard->text);
    line->is_for_us = is_for_us;
    publish(chat, line);
}

static void
on_said(void *self, const char *platform, const char *channel, const char *reply_to_message_id,
        const char *text)
{
    struct pal_page_room *chat = self;
    const struct room_line *answered =
        reply_to_message_id != NULL ? find(chat, platform, channel, NULL, reply_to_message_id)
                                    : NULL;
    uint64_t reply_to = answered != NULL ? answered->n : 0;
    struct room_line *line = add(chat, platform, channel);
    line->reply_to = reply_to;
    keep(line->name, sizeof(line->name), chat->access->name);
    keep(line->text, sizeof(line->text), text);
    publish(chat, line);
}

static void
on_cleared(void *self, const char *platform, const char *channel, const char *user_id,
           const char *message_id)
{
    struct pal_page_room *chat = self;
    for (uint64_t n = first_held(chat); n <= chat->last_n; n++) {
        struct room_line *line = &chat->lines[n % ROOM_LINES_MAX];
        bool is_meant = message_id != NULL ? strcmp(line->message_id, message_id) == 0
                                           : user_id == NULL || strcmp(line->user_id, user_id) == 0;
        if (is_meant && !line->is_removed && is_in(line, platform, channel)) {
            line->is_removed = true;
            memset(line->text, 0, sizeof(line->text));
            publish(chat, line);
        }
    }
}

static void
on_answer(void *self, const struct pal_room_progress *progress)
{
    static const char *const names[] = {
        [PAL_ROOM_ANSWER_WAITING] = "waiting",     [PAL_ROOM_ANSWER_RUNNING] = "running",
        [PAL_ROOM_ANSWER_DONE] = "done",           [PAL_ROOM_ANSWER_FAILED] = "failed",
        [PAL_ROOM_ANSWER_CANCELLED] = "cancelled",
    };
    struct pal_page_room *chat = self;
    struct room_line *line =
        find(chat, progress->platform, progress->channel, progress->user_id, progress->message_id);
    if (line != NULL) {
        line->state = names[progress->state];
        publish(chat, line);
    }
}

struct pal_page_room *
pal_page_room_create(struct pal_access *access, struct pal_pages *pages, struct pal_room *room)
{
    if (room == NULL) {
        return NULL;
    }
    struct pal_page_room *chat = pal_calloc(1, sizeof(*chat));
    chat->access = access;
    chat->pages = pages;
    chat->room = room;
    chat->watcher = (struct pal_room_watcher){.heard = on_heard,
                                              .said = on_said,
                                              .cleared = on_cleared,
                                              .answer = on_answer,
                                              .self = chat};
    pal_room_watch(room, &chat->watcher);
    return chat;
}

void
pal_page_room_destroy(struct pal_page_room *chat)
{
    if (chat != NULL) {
        pal_room_unwatch(chat->room, &chat->watcher);
        free(chat);
    }
}
