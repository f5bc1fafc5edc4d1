#ifndef PAL_ACCESS_TWITCH_SESSION_H
#define PAL_ACCESS_TWITCH_SESSION_H
/*
 * The conversation with Twitch's chat server, without its socket: bytes and time go in, bytes and
 * events come out. Outlives connections: after a break it logs in and joins again by itself, and
 * what was to be said is still there.
 *
 *     OFF --connected--> CAPS --ACK, NAK--> LOGIN --001--> READY --RECONNECT--> LEAVING
 *
 * A plain IRC server refuses Twitch's capabilities: then lines hold 512 bytes, there are no ids,
 * and nobody tells whether a message arrived. Pure; one owner; its callbacks come from inside its
 * calls and may call pal_twitch_session_say() and _take_back(), nothing else.
 */
#include "access/outbox.h"
#include "chat/line.h"

struct pal_twitch_session;

enum pal_twitch_news {
    PAL_TWITCH_NEWS_LOGGED_IN,    /* text: as whom */
    PAL_TWITCH_NEWS_JOINED,       /* channel */
    PAL_TWITCH_NEWS_NOT_JOINED,   /* channel; text: why; it is tried again, seldom */
    PAL_TWITCH_NEWS_BANNED,       /* channel: what we say there is refused */
    PAL_TWITCH_NEWS_LOGIN_FAILED, /* text: the server's words; never tried again */
    PAL_TWITCH_NEWS_LOST,         /* text: why the connection was lost */
};

struct pal_twitch_session_ops {
    void (*line)(void *self, const struct pal_line *line);
    void (*clear_user)(void *self, const char *channel, const char *user_id); /* NULL = all */
    void (*clear_message)(void *self, const char *channel, const char *message_id);
    void (*said)(void *self, uint64_t tag, enum pal_outbox_fate fate, const char *text);
    void (*news)(void *self, enum pal_twitch_news news, const char *channel, const char *text);
};

struct pal_twitch_session_options {
    const char *login;           /* "" or NULL = without an account: read only */
    const char *token;           /* with or without "oauth:"; "" or NULL = none; copied */
    const char *const *channels; /* with or without '#'; NULL-terminated; copied */
    struct pal_outbox_limits limits;
    uint32_t seed; /* of the number in a name without an account */
};

/* Counters since the start. */
struct pal_twitch_counts {
    uint64_t n_lines;
    uint64_t n_dropped; /* lines that were no IRC, or too long */
    uint64_t n_logins;
    uint64_t n_joins; /* that were asked for */
    uint64_t n_raids;
    uint64_t n_cleared; /* CLEARCHAT and CLEARMSG */
    uint64_t n_by_fate[PAL_N_OUTBOX_FATES];
};

/* PAL_ERR_CONFIG: a channel or login is no such name, or there are too many channels. */
enum pal_err pal_twitch_session_create(const struct pal_twitch_session_options *options,
                                       const struct pal_twitch_session_ops *ops, void *self,
                                       struct pal_twitch_session **session,
                                       struct pal_error *error) PAL_MUST_USE;
/* Reports what has not been said. Accepts NULL. */
void pal_twitch_session_destroy(struct pal_twitch_session *session);

void pal_twitch_session_connected(struct pal_twitch_session *session, int64_t now_us);
/*
 * PAL_OK, or the connection is to be closed: PAL_ERR_CLOSED (the server asked for it: connect
 * again), PAL_ERR_DENIED (the login failed: don't). *error says why.
 */
enum pal_err pal_twitch_session_input(struct pal_twitch_session *session, const char *bytes,
                                      size_t len, int64_t now_us,
                                      struct pal_error *error) PAL_MUST_USE;
/* The time that pal_twitch_session_due_us() named has come. PAL_ERR_TIMEOUT: no sign of life. */
enum pal_err pal_twitch_session_tick(struct pal_twitch_session *session, int64_t now_us,
                                     struct pal_error *error) PAL_MUST_USE;
int64_t pal_twitch_session_due_us(struct pal_twitch_session *session, int64_t now_us);
/* Bytes to send; the caller consumes them. */
struct pal_buf *pal_twitch_session_output(struct pal_twitch_session *session);
void pal_twitch_session_disconnected(struct pal_twitch_session *session, int64_t now_us);

/* Reports each message once, at once if it can never be said. */
void pal_twitch_session_say(struct pal_twitch_session *session, const char *channel,
                            const char *reply_to, const char *text, uint64_t tag, int64_t now_us);
void pal_twitch_session_take_back(struct pal_twitch_session *session, uint64_t tag);

/* Logged in. */
bool pal_twitch_session_is_ready(const struct pal_twitch_session *session);
bool pal_twitch_session_is_read_only(const struct pal_twitch_session *session);
size_t pal_twitch_session_n_joined(const struct pal_twitch_session *session);
struct pal_twitch_counts pal_twitch_session_counts(const struct pal_twitch_session *session);

/* True for a name that Twitch or an IRC server could know; with or without '#'. */
bool pal_twitch_is_channel(const char *name);

#endif
