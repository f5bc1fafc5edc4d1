#ifndef PAL_ACCESS_TWITCH_SESSION_PARTS_H
#define PAL_ACCESS_TWITCH_SESSION_PARTS_H
/* What the session's two files share: twitch_session.c is its life, twitch_handle.c what it does
 * about each event. For them only. */
#include "access/irc_message.h"
#include "access/twitch_line.h"
#include "access/twitch_session.h"
#include "util/clock.h"

#define LOGIN_BYTES_MAX   64
#define CHANNEL_BYTES_MAX 64
#define JOIN_AGAIN_US     (20 * PAL_US_PER_S)
#define JOIN_SELDOM_US    (300 * PAL_US_PER_S)

/* Lines whose author we know when an answer to them is to be sent. */
#define RECENT_MAX     256
#define MESSAGE_ID_MAX 64

enum state { STATE_OFF, STATE_CAPS, STATE_LOGIN, STATE_READY, STATE_LEAVING };

struct chan {
    char name[CHANNEL_BYTES_MAX]; /* without '#' */
    bool is_joined;
    unsigned n_tries;
    int64_t join_due_us;
};

struct recent {
    char message_id[MESSAGE_ID_MAX];
    char login[LOGIN_BYTES_MAX];
    unsigned rank;
};

struct pal_twitch_session {
    const struct pal_twitch_session_ops *ops;
    void *self;
    char login[LOGIN_BYTES_MAX]; /* the account's, or justinfan... */
    char nick[LOGIN_BYTES_MAX];  /* as the server calls us */
    char *token;                 /* owned; "oauth:..."; NULL = none */
    bool is_read_only;
    bool is_plain; /* not Twitch, but IRC */
    enum state state;
    unsigned n_nicks;
    int64_t since_us; /* of the state */
    int64_t heard_us;
    int64_t asked_us; /* our PING that has not been answered; 0 = none */
    struct pal_buf output;
    struct pal_irc_reader reader;
    struct pal_rate_window joins;
    struct pal_outbox *outbox;
    struct pal_irc_fit fit; /* on Twitch */
    struct chan channels[PAL_OUTBOX_CHANNELS_MAX];
    size_t n_channels;
    struct recent recent[RECENT_MAX];
    size_t next_recent;
    struct pal_twitch_counts counts;
};

/* twitch_session.c */
void session_copy_lower(char *to, size_t size, const char *from);
struct chan *session_channel(struct pal_twitch_session *session, const char *name); /* or NULL */
size_t session_number(const struct pal_twitch_session *session, const struct chan *chan);
bool session_write(struct pal_twitch_session *session, const char *reply_to,
                   const char *const *words);
void session_set_state(struct pal_twitch_session *session, enum state state, int64_t now_us);
void session_write_nick(struct pal_twitch_session *session);
void session_log_in(struct pal_twitch_session *session, int64_t now_us);
void session_become_plain(struct pal_twitch_session *session);
void session_tell(struct pal_twitch_session *session, enum pal_twitch_news news,
                  const char *channel, const char *text);

/* twitch_handle.c: PAL_OK, or why the connection is to be closed. */
enum pal_err session_handle(struct pal_twitch_session *session, struct pal_twitch_event *event,
                            int64_t now_us, struct pal_error *error);

#endif
