#include "access/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

/* A server tells within a round trip; this long it may take before the next message follows. */
#define TOLD_WITHIN_US (5 * PAL_US_PER_S)

struct item {
    struct item *next;
    char *text;
    char *reply_to;  /* or NULL */
    char *addressee; /* or NULL */
    unsigned rank;
    uint64_t tag;
    int64_t since_us;
    bool is_unwanted; /* taken back; reported at the next chance */
    bool is_repeat;   /* it was written once, before the connection broke */
};

struct said {
    uint64_t hash;
    int64_t until_us;
};

struct channel {
    struct item *first; /* by rank, then arrival */
    size_t n_waiting;
    struct item *on_way; /* NULL = nothing */
    int64_t written_us;
    int64_t free_us; /* when the pause after the last message is over */
    struct said said[PAL_OUTBOX_SAME_MAX];
    size_t next_said;
    bool is_open;
    bool is_trusted;
};

struct pal_outbox {
    struct pal_outbox_limits limits;
    pal_outbox_report_fn report;
    void *userdata;
    struct pal_rate_window plain; /* messages where it is nobody special */
    struct pal_rate_window all;
    struct pal_buf fitted;
    size_t n_channels;
    size_t next_channel; /* whose turn it is, so that one busy channel does not hush the others */
    bool is_silent;
    struct channel channels[PAL_OUTBOX_CHANNELS_MAX];
};

struct pal_outbox_limits
pal_outbox_limits_twitch(void)
{
    return (struct pal_outbox_limits){
        .n_messages = 18,         /* of 20 */
        .n_messages_trusted = 90, /* of 100 */
        .span_us = 30 * PAL_US_PER_S + 100 * PAL_US_PER_MS,
        .gap_us = PAL_US_PER_S + 50 * PAL_US_PER_MS,
        .same_us = 30 * PAL_US_PER_S + 500 * PAL_US_PER_MS,
        .keep_us = 45 * PAL_US_PER_S, /* half a minute without a network, and the queue after it */
        .n_waiting = 32,
        .fit = {.max_code_points = 500, .max_bytes = 2000},
    };
}

const char *
pal_outbox_fate_name(enum pal_outbox_fate fate)
{
    static const char *const names[PAL_N_OUTBOX_FATES] = {"sent", "untold",     "refused", "full",
                                                          "late", "taken_back", "closed"};
    return names[fate];
}

struct pal_outbox *
pal_outbox_create(const struct pal_outbox_limits *limits, size_t n_channels,
                  pal_outbox_report_fn report, void *userdata)
{
    PAL_ASSERT(n_channels <= PAL_OUTBOX_CHANNELS_MAX);
    struct pal_outbox *outbox = pal_calloc(1, sizeof(*outbox));
    outbox->limits = *limits;
    outbox->n_channels = n_channels;
    outbox->report = report;
    outbox->userdata = userdata;
    pal_rate_window_init(&outbox->plain, limits->n_messages, limits->span_us);
    pal_rate_window_init(&outbox->all, limits->n_messages_trusted, limits->span_us);
    pal_buf_init(&outbox->fitted, limits->fit.max_bytes);
    return outbox;
}

/* ---- items ---- */

static void
item_end(struct pal_outbox *outbox, struct item *item, enum pal_outbox_fate fate)
{
    bool was_sent = fate == PAL_OUTBOX_SENT || fate == PAL_OUTBOX_UNTOLD;
    outbox->report(item->tag, fate, was_sent ? item->text : NULL, outbox->userdata);
    free(item->text);
    free(item->reply_to);
    free(item->addressee);
    free(item);
}

static void
insert(struct channel *channel, struct item *item)
{
    struct item **at = &channel->first;
    while (*at != NULL && (*at)->rank <= item->rank) {
        at = &(*at)->next;
    }
    item->next = *at;
    *at = item;
    channel->n_waiting++;
}

static struct item *
unlink_at(struct channel *channel, struct item **at)
{
    struct item *item = *at;
    *at = item->next;
    item->next = NULL;
    channel->n_waiting--;
    return item;
}

static struct item **
last_of(struct channel *channel)
{
    struct item **at = &channel->first;
    while ((*at)->next != NULL) {
        at = &(*at)->next;
    }
    return at;
}

void
pal_outbox_push(struct pal_outbox *outbox, const struct pal_outbox_message *message, int64_t now_us)
{
    PAL_ASSERT(message->channel < outbox->n_channels);
    struct channel *channel = &outbox->channels[message->channel];
    struct item *item = pal_calloc(1, sizeof(*item));
    *item = (struct item){
        .text = pal_strdup(message->text),
        .reply_to = pal_strdup(message->reply_to),
        .addressee = pal_strdup(message->addressee),
        .rank = message->rank,
        .tag = message->tag,
        .since_us = now_us,
    };
    insert(channel, item);
    if (channel->n_waiting > outbox->limits.n_waiting) {
        item_end(outbox, unlink_at(channel, last_of(channel)), PAL_OUTBOX_FULL);
    }
}

void
pal_outbox_take_back(struct pal_outbox *outbox, uint64_t tag)
{
    for (size_t i = 0; i < outbox->n_channels; i++) {
        struct channel *channel = &outbox->channels[i];
        for (struct item **at = &channel->first; *at != NULL; at = &(*at)->next) {
            (*at)->is_unwanted = (*at)->is_unwanted || (*at)->tag == tag;
        }
    }
}

void
pal_outbox_take_back_replies(struct pal_outbox *outbox, size_t channel, const char *reply_to)
{
    for (struct item *item = outbox->channels[channel].first; item != NULL; item = item->next) {
        if (item->reply_to != NULL && strcmp(item->reply_to, reply_to) == 0) {
            item->is_unwanted = true;
        }
    }
}

void
pal_outbox_destroy(struct pal_outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    for (size_t i = 0; i < outbox->n_channels; i++) {
        struct channel *channel = &outbox->channels[i];
        while (channel->first != NULL) {
            item_end(outbox, unlink_at(channel, &channel->first), PAL_OUTBOX_CLOSED);
        }
        if (channel->on_way != NULL) {
            item_end(outbox, channel->on_way, PAL_OUTBOX_UNTOLD);
        }
    }
    pal_buf_finish(&outbox->fitted);
    free(outbox);
}

/* ---- the same text ---- */

static uint64_t
hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* When this text may be said; INT64_MIN if it was not said lately. */
static int64_t
same_until_us(const struct channel *channel, const char *text, int64_t now_us)
{
    uint64_t hash = hash_of(text);
    int64_t until_us = INT64_MIN;
    for (size_t i = 0; i < PAL_OUTBOX_SAME_MAX; i++) {
        const struct said *said = &channel->said[i];
        if (said->hash == hash && said->until_us > now_us && said->until_us > until_us) {
            until_us = said->until_us;
        }
    }
    return until_us;
}

/*
 * Brings the item's text into the form in which it can be said now: what another has just been told
 * word for word is addressed to this one by name. INT64_MIN = now, else when.
 */
static int64_t
make_sayable(struct pal_outbox *outbox, const struct channel *channel, const struct item *item,
             int64_t now_us)
{
    pal_irc_fit(&outbox->fitted, item->text, outbox->limits.fit);
    if (item->is_repeat) {
        return INT64_MIN; /* word for word, so that the server can tell */
    }
    int64_t until_us = same_until_us(channel, outbox->fitted.data, now_us);
    if (until_us > now_us && item->addressee != NULL && outbox->fitted.data[0] != '@') {
        char *named = pal_printf("@%s %s", item->addressee, item->text);
        pal_irc_fit(&outbox->fitted, named, outbox->limits.fit);
        free(named);
        if (same_until_us(channel, outbox->fitted.data, now_us) == INT64_MIN) {
            until_us = INT64_MIN;
        }
    }
    return until_us;
}

/* ---- going out ---- */

/* One message that nobody wants, or that is late. A report may call the outbox, so the list is
 * walked anew after each. */
static bool
drop_one(struct pal_outbox *outbox, struct channel *channel, int64_t now_us)
{
    for (struct item **at = &channel->first; *at != NULL; at = &(*at)->next) {
        bool is_late = (*at)->since_us + outbox->limits.keep_us <= now_us;
        if ((*at)->is_unwanted || is_late) {
            enum pal_outbox_fate fate =
                (*at)->is_unwanted ? PAL_OUTBOX_TAKEN_BACK : PAL_OUTBOX_LATE;
            item_end(outbox, unlink_at(channel, at), fate);
            return true;
        }
    }
    return false;
}

static void
drop_useless(struct pal_outbox *outbox, int64_t now_us)
{
    for (size_t i = 0; i < outbox->n_channels; i++) {
        while (drop_one(outbox, &outbox->channels[i], now_us)) {
        }
    }
}

static size_t
count_on_way(const struct pal_outbox *outbox, bool also_trusted)
{
    size_t n = 0;
    for (size_t i = 0; i < outbox->n_channels; i++) {
        const struct channel *channel = &outbox->channels[i];
        n += channel->on_way != NULL && (also_trusted || !channel->is_trusted) ? 1 : 0;
    }
    return n;
}

/* When the limits, the same text left aside, let this channel speak. */
static int64_t
channel_due_us(const struct pal_outbox *outbox, const struct channel *channel)
{
    if (!channel->is_open || channel->on_way != NULL) {
        return INT64_MAX;
    }
    int64_t due_us = pal_rate_window_next_us(&outbox->all, count_on_way(outbox, true));
    if (!channel->is_trusted) {
        int64_t plain_us = pal_rate_window_next_us(&outbox->plain, count_on_way(outbox, false));
        due_us = plain_us > due_us ? plain_us : due_us;
    }
    return channel->free_us > due_us ? channel->free_us : due_us;
}

/* The message counts from now on, and its text can't be repeated for a while. */
static void
note_said(struct pal_outbox *outbox, struct channel *channel, const char *text, int64_t now_us)
{
    pal_rate_window_add(&outbox->all, now_us);
    if (!channel->is_trusted) {
        pal_rate_window_add(&outbox->plain, now_us);
    }
    channel->free_us = now_us + outbox->limits.gap_us;
    channel->said[channel->next_said] =
        (struct said){.hash = hash_of(text), .until_us = now_us + outbox->limits.same_us};
    channel->next_said = (channel->next_said + 1) % PAL_OUTBOX_SAME_MAX;
}

static void
end_on_way(struct pal_outbox *outbox, struct channel *channel, enum pal_outbox_fate fate,
           int64_t now_us)
{
    struct item *item = channel->on_way;
    channel->on_way = NULL;
    note_said(outbox, channel, item->text, now_us);
    item_end(outbox, item, fate);
}

/* A server that keeps silent about a message does not hold up the next. */
static void
end_untold(struct pal_outbox *outbox, int64_t now_us)
{
    for (size_t i = 0; i < outbox->n_channels; i++) {
        struct channel *channel = &outbox->channels[i];
        if (channel->on_way != NULL &&
            (outbox->is_silent || channel->written_us + TOLD_WITHIN_US <= now_us)) {
            end_on_way(outbox, channel, outbox->is_silent ? PAL_OUTBOX_SENT : PAL_OUTBOX_UNTOLD,
                       now_us);
        }
    }
}

/* The first of the channel's messages that can be said now goes on its way. */
static struct item *
take_sayable(struct pal_outbox *outbox, struct channel *channel, int64_t now_us)
{
    for (struct item **at = &channel->first; *at != NULL; at = &(*at)->next) {
        if (make_sayable(outbox, channel, *at, now_us) <= now_us) {
            struct item *item = unlink_at(channel, at);
            free(item->text);
            item->text = pal_strndup(outbox->fitted.data, outbox->fitted.len);
            channel->on_way = item;
            channel->written_us = now_us;
            return item;
        }
    }
    return NULL;
}

bool
pal_outbox_next(struct pal_outbox *outbox, int64_t now_us, size_t *channel, const char **text,
                const char **reply_to)
{
    end_untold(outbox, now_us);
    drop_useless(outbox, now_us);
    for (size_t i = 0; i < outbox->n_channels; i++) {
        size_t number = (outbox->next_channel + i) % outbox->n_channels;
        struct channel *candidate = &outbox->channels[number];
        if (channel_due_us(outbox, candidate) > now_us) {
            continue;
        }
        const struct item *item = take_sayable(outbox, candidate, now_us);
        if (item != NULL) {
            outbox->next_channel = (number + 1) % outbox->n_channels;
            *channel = number;
            *text = item->text;
            *reply_to = item->reply_to;
            return true;
        }
    }
    return false;
}

static int64_t
earlier(int64_t a_us, int64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

int64_t
pal_outbox_due_us(struct pal_outbox *outbox, int64_t now_us)
{
    int64_t due_us = INT64_MAX;
    for (size_t i = 0; i < outbox->n_channels; i++) {
        const struct channel *channel = &outbox->channels[i];
        if (channel->on_way != NULL) {
            due_us =
                earlier(due_us, outbox->is_silent ? now_us : channel->written_us + TOLD_WITHIN_US);
        }
        int64_t open_us = channel_due_us(outbox, channel);
        for (const struct item *item = channel->first; item != NULL; item = item->next) {
            due_us = earlier(due_us,
                             item->is_unwanted ? now_us : item->since_us + outbox->limits.keep_us);
            if (open_us < due_us) {
                int64_t sayable_us = make_sayable(outbox, channel, item, now_us);
                due_us = earlier(due_us, open_us > sayable_us ? open_us : sayable_us);
            }
        }
    }
    return due_us;
}

/* ---- what the server says ---- */

void
pal_outbox_set_open(struct pal_outbox *outbox, size_t channel, bool is_open)
{
    outbox->channels[channel].is_open = is_open;
}

void
pal_outbox_set_trusted(struct pal_outbox *outbox, size_t channel, bool is_trusted)
{
    outbox->channels[channel].is_trusted = is_trusted;
}

void
pal_outbox_set_silent_server(struct pal_outbox *outbox, bool is_silent)
{
    outbox->is_silent = is_silent;
}

void
pal_outbox_set_fit(struct pal_outbox *outbox, struct pal_irc_fit fit)
{
    PAL_ASSERT(fit.max_bytes <= outbox->fitted.max_bytes);
    outbox->limits.fit = fit;
}

void
pal_outbox_told(struct pal_outbox *outbox, size_t channel, int64_t now_us)
{
    if (outbox->channels[channel].on_way != NULL) {
        end_on_way(outbox, &outbox->channels[channel], PAL_OUTBOX_SENT, now_us);
    }
}

void
pal_outbox_refused(struct pal_outbox *outbox, size_t channel, bool is_duplicate, int64_t now_us)
{
    struct channel *refused = &outbox->channels[channel];
    if (refused->on_way != NULL) {
        bool had_arrived = is_duplicate && refused->on_way->is_repeat;
        end_on_way(outbox, refused, had_arrived ? PAL_OUTBOX_SENT : PAL_OUTBOX_REFUSED, now_us);
    }
}

void
pal_outbox_cut(struct pal_outbox *outbox, int64_t now_us)
{
    for (size_t i = 0; i < outbox->n_channels; i++) {
        struct channel *channel = &outbox->channels[i];
        channel->is_open = false;
        if (channel->on_way == NULL) {
            continue;
        }
        if (channel->is_trusted || outbox->is_silent || channel->on_way->is_repeat) {
            end_on_way(outbox, channel, PAL_OUTBOX_UNTOLD, now_us);
            continue;
        }
        struct item *item = channel->on_way;
        channel->on_way = NULL;
        note_said(outbox, channel, item->text, now_us); /* it may have counted there */
        item->is_repeat = true;
        item->rank = 0;
        item->next = channel->first;
        channel->first = item;
        channel->n_waiting++;
    }
}

size_t
pal_outbox_n_on_way(const struct pal_outbox *outbox)
{
    return count_on_way(outbox, true);
}

size_t
pal_outbox_n_waiting(const struct pal_outbox *outbox)
{
    size_t n = 0;
    for (size_t i = 0; i < outbox->n_channels; i++) {
        n += outbox->channels[i].n_waiting;
    }
    return n;
}
