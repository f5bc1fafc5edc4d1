#ifndef PAL_ACCESS_OUTBOX_H
#define PAL_ACCESS_OUTBOX_H
/*
 * What is to be said in a chat and may not be said yet. Keeps an account within its platform's
 * limits, all its channels together: so many messages in any half minute (more where it is
 * trusted), a pause between two in one channel, and never the same text twice in half a minute.
 *
 * The limits hold at the server's end and not only at ours: of each channel one message at a time
 * is on its way, and it counts from when the server has told of it, not from when it was written.
 *
 * Each channel's queue has a maximum: the least important message gives way. A message that could
 * not go out in time is dropped, because a late answer is worse than none. Exactly one report for
 * each message. Pure; one owner; time is handed in.
 */
#include <stdbool.h>
#include <stddef.h>

#include "access/irc_write.h"
#include "access/rate_window.h"

#define PAL_OUTBOX_CHANNELS_MAX 20
#define PAL_OUTBOX_SAME_MAX     32 /* texts remembered in a channel */

struct pal_outbox_limits {
    size_t n_messages;         /* in span_us, in channels where it is nobody special */
    size_t n_messages_trusted; /* in span_us, everywhere together */
    int64_t span_us;
    int64_t gap_us;   /* between two messages of a channel; trusted or not */
    int64_t same_us;  /* before a text may be repeated in a channel */
    int64_t keep_us;  /* a message that waited so long is dropped */
    size_t n_waiting; /* in one channel */
    struct pal_irc_fit fit;
};

/* Twitch's own, with some room to spare for what its owner says by hand. */
struct pal_outbox_limits pal_outbox_limits_twitch(void);

enum pal_outbox_fate {
    PAL_OUTBOX_SENT,       /* the server told of it, or can't */
    PAL_OUTBOX_UNTOLD,     /* it was written, and the server has not told of it in time */
    PAL_OUTBOX_REFUSED,    /* by the server */
    PAL_OUTBOX_FULL,       /* the queue was */
    PAL_OUTBOX_LATE,       /* it could not go out in time */
    PAL_OUTBOX_TAKEN_BACK, /* nobody wants it any more */
    PAL_OUTBOX_CLOSED,     /* the program ends */
    PAL_N_OUTBOX_FATES,
};
/* "sent", "untold", ...: for logs and metrics. */
const char *pal_outbox_fate_name(enum pal_outbox_fate fate);

/* `text`: as it was sent, NULL if it was not; valid during the call. May call the outbox. */
typedef void (*pal_outbox_report_fn)(uint64_t tag, enum pal_outbox_fate fate, const char *text,
                                     void *userdata);

struct pal_outbox;

/* Channels are numbered 0 .. n_channels - 1, at most PAL_OUTBOX_CHANNELS_MAX. */
struct pal_outbox *pal_outbox_create(const struct pal_outbox_limits *limits, size_t n_channels,
                                     pal_outbox_report_fn report, void *userdata);
/* Reports what is left as CLOSED. Accepts NULL. */
void pal_outbox_destroy(struct pal_outbox *outbox);

struct pal_outbox_message {
    size_t channel;
    const char *text;
    const char *reply_to;  /* message id; NULL = none */
    const char *addressee; /* login of whom it answers; NULL = nobody */
    unsigned rank;         /* 0 goes first; then by arrival */
    uint64_t tag;
};
/* Copies it. A queue that is full reports the least important message, which may be this one. */
void pal_outbox_push(struct pal_outbox *outbox, const struct pal_outbox_message *message,
                     int64_t now_us);
/* Of a message that waits; one that is on its way stays on it. Reported by pal_outbox_next(). */
void pal_outbox_take_back(struct pal_outbox *outbox, uint64_t tag);
/* Messages that wait as an answer to this one. */
void pal_outbox_take_back_replies(struct pal_outbox *outbox, size_t channel, const char *reply_to);

/* What the channel is to us; starts closed and not trusted. */
void pal_outbox_set_open(struct pal_outbox *outbox, size_t channel, bool is_open);
void pal_outbox_set_trusted(struct pal_outbox *outbox, size_t channel, bool is_trusted);
/* Servers that tell of no message (plain IRC): a message is sent when it is written. */
void pal_outbox_set_silent_server(struct pal_outbox *outbox, bool is_silent);

/* At most the limits' max_bytes. */
void pal_outbox_set_fit(struct pal_outbox *outbox, struct pal_irc_fit fit);

/*
 * The next message that may go out now, ready to be written (text fits, no duplicate); it is then
 * on its way. False: none. The strings are valid until the next call of the outbox. Drops what is
 * late.
 */
bool pal_outbox_next(struct pal_outbox *outbox, int64_t now_us, size_t *channel, const char **text,
                     const char **reply_to);
/* When to call pal_outbox_next() again; INT64_MAX = after the next push or report. */
int64_t pal_outbox_due_us(struct pal_outbox *outbox, int64_t now_us);

/* The server told of our message in this channel, or refused it. Ignored if none is on its way. */
void pal_outbox_told(struct pal_outbox *outbox, size_t channel, int64_t now_us);
/* is_duplicate: because the same text has just arrived. */
void pal_outbox_refused(struct pal_outbox *outbox, size_t channel, bool is_duplicate,
                        int64_t now_us);
/*
 * The connection is gone; all channels are closed. What was on its way may have arrived or not: it
 * goes first when the channel is open again. If it had arrived, the server refuses it as a
 * duplicate and it counts as sent; but that only where such a refusal is certain (not trusted),
 * else it counts as sent now.
 */
void pal_outbox_cut(struct pal_outbox *outbox, int64_t now_us);

size_t pal_outbox_n_on_way(const struct pal_outbox *outbox);
size_t pal_outbox_n_waiting(const struct pal_outbox *outbox);

#endif
