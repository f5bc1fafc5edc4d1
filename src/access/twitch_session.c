#include "access/twitch_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/irc_message.h"
#include "access/twitch_line.h"
#include "util/clock.h"
#include "util/mem.h"

#define OUTPUT_BYTES_MAX ((size_t)64 * 1024)

#define LOGIN_WITHIN_US  (15 * PAL_US_PER_S)
#define CAPS_WITHIN_US   (5 * PAL_US_PER_S)
#define QUIET_US         (15 * PAL_US_PER_S) /* then we ask whether anybody is there */
#define ANSWER_WITHIN_US (10 * PAL_US_PER_S)
#define LEAVE_WITHIN_US  (2 * PAL_US_PER_S)

/* 20 in 10 s are allowed. */
#define JOINS_MAX         18
#define JOINS_SPAN_US     (10 * PAL_US_PER_S + 100 * PAL_US_PER_MS)
#define JOIN_AGAIN_US     (20 * PAL_US_PER_S)
#define JOIN_SELDOM_US    (300 * PAL_US_PER_S)
#define JOIN_TRIES_MAX    3
#define NICK_TRIES_MAX    3
#define LOGIN_BYTES_MAX   64
#define CHANNEL_BYTES_MAX 64

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

/* ---- names ---- */

static const char *
without_hash(const char *name)
{
    return name[0] == '#' ? name + 1 : name;
}

/* Letters, digits, '_' and '-': all that Twitch has, and enough of IRC. */
bool
pal_twitch_is_channel(const char *name)
{
    const char *bare = without_hash(name);
    size_t len = strlen(bare);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return len > 0 && len < CHANNEL_BYTES_MAX && strspn(bare, allowed) == len;
}

static void
copy_lower(char *to, size_t size, const char *from)
{
    size_t i = 0;
    for (; from[i] != '\0' && i + 1 < size; i++) {
        to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 'a' - 'A') : from[i];
    }
    to[i] = '\0';
}

static struct chan *
find_channel(struct pal_twitch_session *session, const char *name)
{
    for (size_t i = 0; i < session->n_channels; i++) {
        if (strcmp(session->channels[i].name, name) == 0) {
            return &session->channels[i];
        }
    }
    return NULL;
}

static size_t
number_of(const struct pal_twitch_session *session, const struct chan *chan)
{
    return (size_t)(chan - session->channels);
}

/* ---- birth and death ---- */

static void
on_report(uint64_t tag, enum pal_outbox_fate fate, const char *text, void *userdata)
{
    struct pal_twitch_session *session = userdata;
    session->counts.n_by_fate[fate]++;
    session->ops->said(session->self, tag, fate, text);
}

static enum pal_err
take_channels(struct pal_twitch_session *session, const char *const *channels,
              struct pal_error *error)
{
    for (; channels != NULL && *channels != NULL; channels++) {
        if (!pal_twitch_is_channel(*channels)) {
            return pal_error_set(error, PAL_ERR_CONFIG,
                                 "twitch.channels: '%s' is no channel's name", *channels);
        }
        if (session->n_channels == PAL_OUTBOX_CHANNELS_MAX) {
            return pal_error_set(error, PAL_ERR_CONFIG, "twitch.channels: at most %d channels",
                                 PAL_OUTBOX_CHANNELS_MAX);
        }
        struct chan *chan = &session->channels[session->n_channels];
        copy_lower(chan->name, sizeof(chan->name), without_hash(*channels));
        if (find_channel(session, chan->name) == NULL) {
            session->n_channels++;
        }
    }
    return PAL_OK;
}

static enum pal_err
take_account(struct pal_twitch_session *session, const struct pal_twitch_session_options *options,
             struct pal_error *error)
{
    const char *token = options->token != NULL ? options->token : "";
    if (options->login == NULL || options->login[0] == '\0') {
        session->is_read_only = true;
        (void)snprintf(session->login, sizeof(session->login), "justinfan%u",
                       10000 + options->seed % 80000);
        return PAL_OK;
    }
    if (!pal_twitch_is_channel(options->login) || options->login[0] == '#') {
        return pal_error_set(error, PAL_ERR_CONFIG, "twitch.login: '%s' is no account's name",
                             options->login);
    }
    copy_lower(session->login, sizeof(session->login), options->login);
    if (token[0] != '\0') {
        session->token =
            strncmp(token, "oauth:", 6) == 0 ? pal_strdup(token) : pal_printf("oauth:%s", token);
    }
    return PAL_OK;
}

enum pal_err
pal_twitch_session_create(const struct pal_twitch_session_options *options,
                          const struct pal_twitch_session_ops *ops, void *self,
                          struct pal_twitch_session **created, struct pal_error *error)
{
    struct pal_twitch_session *session = pal_calloc(1, sizeof(*session));
    session->ops = ops;
    session->self = self;
    enum pal_err err = take_account(session, options, error);
    err = err == PAL_OK ? take_channels(session, options->channels, error) : err;
    if (err != PAL_OK) {
        free(session->token);
        free(session);
        return err;
    }
    pal_buf_init(&session->output, OUTPUT_BYTES_MAX);
    pal_irc_reader_init(&session->reader);
    pal_rate_window_init(&session->joins, JOINS_MAX, JOINS_SPAN_US);
    session->fit = options->limits.fit;
    session->outbox = pal_outbox_create(&options->limits, session->n_channels, on_report, session);
    *created = session;
    return PAL_OK;
}

void
pal_twitch_session_destroy(struct pal_twitch_session *session)
{
    if (session == NULL) {
        return;
    }
    pal_outbox_destroy(session->outbox);
    pal_buf_finish(&session->output);
    if (session->token != NULL) {
        explicit_bzero(session->token, strlen(session->token));
    }
    free(session->token);
    free(session);
}

/* ---- writing ---- */

/* What doesn't fit into the output is a server that does not read; the ping will find it out. */
static bool
write_line(struct pal_twitch_session *session, const char *reply_to, const char *const *words)
{
    return pal_irc_write(&session->output, reply_to, words) == PAL_OK;
}

static void
set_state(struct pal_twitch_session *session, enum state state, int64_t now_us)
{
    session->state = state;
    session->since_us = now_us;
}

static void
write_nick(struct pal_twitch_session *session)
{
    (void)write_line(session, NULL, (const char *const[]){"NICK", session->nick, NULL});
}

static void
log_in(struct pal_twitch_session *session, int64_t now_us)
{
    set_state(session, STATE_LOGIN, now_us);
    session->counts.n_logins++;
    if (session->token != NULL) {
        (void)write_line(session, NULL, (const char *const[]){"PASS", session->token, NULL});
    }
    write_nick(session);
    (void)write_line(session, NULL,
                     (const char *const[]){"USER", session->login, "0", "*", session->login, NULL});
    (void)write_line(session, NULL, (const char *const[]){"CAP", "END", NULL});
}

void
pal_twitch_session_connected(struct pal_twitch_session *session, int64_t now_us)
{
    pal_buf_clear(&session->output);
    pal_irc_reader_init(&session->reader);
    session->is_plain = false;
    session->n_nicks = 0;
    session->heard_us = now_us;
    session->asked_us = 0;
    (void)snprintf(session->nick, sizeof(session->nick), "%s", session->login);
    pal_outbox_set_silent_server(session->outbox, false);
    pal_outbox_set_fit(session->outbox, session->fit);
    set_state(session, STATE_CAPS, now_us);
    (void)write_line(
        session, NULL,
        (const char *const[]){"CAP", "REQ", "twitch.tv/tags twitch.tv/commands", NULL});
}

void
pal_twitch_session_disconnected(struct pal_twitch_session *session, int64_t now_us)
{
    set_state(session, STATE_OFF, now_us);
    session->counts.n_dropped += session->reader.n_dropped;
    session->reader.n_dropped = 0;
    for (size_t i = 0; i < session->n_channels; i++) {
        session->channels[i].is_joined = false;
        session->channels[i].n_tries = 0;
        session->channels[i].join_due_us = 0;
    }
    pal_buf_clear(&session->output);
    pal_outbox_cut(session->outbox, now_us);
}

/* Names before a text in a line that the server passes on: ":nick!user@host PRIVMSG #channel :". */
#define PLAIN_PREFIX_BYTES 160

static void
become_plain(struct pal_twitch_session *session)
{
    struct pal_irc_fit fit = {.max_code_points = 500,
                              .max_bytes = PAL_IRC_BODY_BYTES_MAX - PLAIN_PREFIX_BYTES};
    session->is_plain = true;
    pal_outbox_set_silent_server(session->outbox, true);
    pal_outbox_set_fit(session->outbox, fit);
}

/* ---- events ---- */

static void
tell(struct pal_twitch_session *session, enum pal_twitch_news news, const char *channel,
     const char *text)
{
    session->ops->news(session->self, news, channel, text);
}

static unsigned
rank_of(unsigned roles)
{
    if ((roles & PAL_LINE_ROLE_STREAMER) != 0) {
        return 0;
    }
    if ((roles & PAL_LINE_ROLE_MODERATOR) != 0) {
        return 1;
    }
    return (roles & (PAL_LINE_ROLE_VIP | PAL_LINE_ROLE_SUBSCRIBER)) != 0 ? 2 : 3;
}

static void
remember(struct pal_twitch_session *session, const struct pal_line *line)
{
    if (line->message_id == NULL || strlen(line->message_id) >= MESSAGE_ID_MAX ||
        strlen(line->login) >= LOGIN_BYTES_MAX) {
        return;
    }
    struct recent *recent = &session->recent[session->next_recent];
    session->next_recent = (session->next_recent + 1) % RECENT_MAX;
    (void)snprintf(recent->message_id, sizeof(recent->message_id), "%s", line->message_id);
    (void)snprintf(recent->login, sizeof(recent->login), "%s", line->login);
    recent->rank = rank_of(line->roles);
}

static void
hear(struct pal_twitch_session *session, struct pal_twitch_event *event, int64_t now_us)
{
    if (strcmp(event->line.login, session->nick) == 0 ||
        find_channel(session, event->channel) == NULL) {
        return; /* an echo of our own, or a channel that we left */
    }
    event->line.arrived_us = now_us;
    session->counts.n_lines++;
    remember(session, &event->line);
    session->ops->line(session->self, &event->line);
}

static void
joined(struct pal_twitch_session *session, struct chan *chan)
{
    if (!chan->is_joined) {
        chan->is_joined = true;
        chan->n_tries = 0;
        tell(session, PAL_TWITCH_NEWS_JOINED, chan->name, "");
    }
    if (session->is_plain && !session->is_read_only) {
        pal_outbox_set_open(session->outbox, number_of(session, chan), true);
    }
}

/* Comes after our JOIN, and after each message of ours. */
static void
hear_of_ourselves(struct pal_twitch_session *session, struct chan *chan, unsigned roles,
                  int64_t now_us)
{
    const unsigned trusted = PAL_LINE_ROLE_STREAMER | PAL_LINE_ROLE_MODERATOR | PAL_LINE_ROLE_VIP;
    size_t number = number_of(session, chan);
    joined(session, chan);
    pal_outbox_told(session->outbox, number, now_us);
    pal_outbox_set_trusted(session->outbox, number, (roles & trusted) != 0);
    pal_outbox_set_open(session->outbox, number, !session->is_read_only);
}

static void
not_joined(struct pal_twitch_session *session, struct chan *chan, const char *why, int64_t now_us)
{
    chan->is_joined = false;
    chan->join_due_us = now_us + JOIN_SELDOM_US;
    pal_outbox_set_open(session->outbox, number_of(session, chan), false);
    tell(session, PAL_TWITCH_NEWS_NOT_JOINED, chan->name, why);
}

static void
left(struct pal_twitch_session *session, struct chan *chan, int64_t now_us)
{
    chan->is_joined = false;
    chan->join_due_us = now_us + JOIN_AGAIN_US;
    pal_outbox_set_open(session->outbox, number_of(session, chan), false);
}

static bool
is_ban(const char *id)
{
    return strcmp(id, "msg_banned") == 0 || strcmp(id, "msg_channel_suspended") == 0 ||
           strcmp(id, "tos_ban") == 0;
}

static void
refused(struct pal_twitch_session *session, struct chan *chan, const char *id, int64_t now_us)
{
    size_t number = number_of(session, chan);
    pal_outbox_refused(session->outbox, number, strcmp(id, "msg_duplicate") == 0, now_us);
    if (is_ban(id)) {
        pal_outbox_set_open(session->outbox, number, false);
        chan->is_joined = false;
        chan->join_due_us = now_us + JOIN_SELDOM_US;
        tell(session, PAL_TWITCH_NEWS_BANNED, chan->name, id);
    }
}

static void
handle_in_channel(struct pal_twitch_session *session, struct pal_twitch_event *event,
                  int64_t now_us)
{
    struct chan *chan = find_channel(session, event->channel);
    if (chan == NULL) {
        return;
    }
    switch (event->kind) {
    case PAL_TWITCH_CLEAR_ALL:
    case PAL_TWITCH_CLEAR_USER:
        session->counts.n_cleared++;
        session->ops->clear_user(session->self, chan->name, event->user_id);
        break;
    case PAL_TWITCH_CLEAR_MESSAGE:
        session->counts.n_cleared++;
        pal_outbox_take_back_replies(session->outbox, number_of(session, chan), event->message_id);
        session->ops->clear_message(session->self, chan->name, event->message_id);
        break;
    case PAL_TWITCH_JOINED:
        joined(session, chan);
        break;
    case PAL_TWITCH_LEFT:
        left(session, chan, now_us);
        break;
    case PAL_TWITCH_JOIN_REFUSED:
        not_joined(session, chan, event->text, now_us);
        break;
    case PAL_TWITCH_OURSELVES:
        hear_of_ourselves(session, chan, event->roles, now_us);
        break;
    case PAL_TWITCH_REFUSED:
        refused(session, chan, event->text, now_us);
        break;
    case PAL_TWITCH_RAID:
        session->counts.n_raids++;
        break;
    default:
        break;
    }
}

static void
handle_cap(struct pal_twitch_session *session, const char *answer, int64_t now_us)
{
    if (session->state == STATE_CAPS) {
        if (strcmp(answer, "ACK") != 0) {
            become_plain(session);
        }
        log_in(session, now_us);
    }
}

static void
welcome(struct pal_twitch_session *session, const char *login, int64_t now_us)
{
    if (session->state != STATE_LOGIN) {
        return;
    }
    if (login[0] != '\0') {
        copy_lower(session->nick, sizeof(session->nick), login);
    }
    set_state(session, STATE_READY, now_us);
    tell(session, PAL_TWITCH_NEWS_LOGGED_IN, "", session->nick);
}

static enum pal_err
login_failed(struct pal_twitch_session *session, const char *words, struct pal_error *error)
{
    tell(session, PAL_TWITCH_NEWS_LOGIN_FAILED, "", words);
    return pal_error_set(error, PAL_ERR_DENIED, "the login failed: %s", words);
}

static enum pal_err
nick_taken(struct pal_twitch_session *session, struct pal_error *error)
{
    size_t len = strlen(session->nick);
    if (session->n_nicks++ == NICK_TRIES_MAX || len + 1 >= sizeof(session->nick)) {
        return login_failed(session, "the name is taken", error);
    }
    session->nick[len] = '_';
    session->nick[len + 1] = '\0';
    write_nick(session);
    return PAL_OK;
}

static enum pal_err
handle(struct pal_twitch_session *session, struct pal_twitch_event *event, int64_t now_us,
       struct pal_error *error)
{
    switch (event->kind) {
    case PAL_TWITCH_LINE:
        hear(session, event, now_us);
        break;
    case PAL_TWITCH_PING:
        (void)write_line(session, NULL, (const char *const[]){"PONG", event->text, NULL});
        break;
    case PAL_TWITCH_CAP:
        handle_cap(session, event->text, now_us);
        break;
    case PAL_TWITCH_WELCOME:
        welcome(session, event->login, now_us);
        break;
    case PAL_TWITCH_LOGIN_FAILED:
        return session->state == STATE_LOGIN || session->state == STATE_CAPS
                   ? login_failed(session, event->text, error)
                   : PAL_OK;
    case PAL_TWITCH_NICK_TAKEN:
        return session->state == STATE_LOGIN ? nick_taken(session, error) : PAL_OK;
    case PAL_TWITCH_RECONNECT:
        if (session->state == STATE_READY) {
            set_state(session, STATE_LEAVING, now_us);
        }
        break;
    case PAL_TWITCH_ERROR:
        return pal_error_set(error, PAL_ERR_CLOSED, "the server said: %s", event->text);
    default:
        handle_in_channel(session, event, now_us);
    }
    return PAL_OK;
}

enum pal_err
pal_twitch_session_input(struct pal_twitch_session *session, const char *bytes, size_t len,
                         int64_t now_us, struct pal_error *error)
{
    enum pal_err err = PAL_OK;
    session->heard_us = now_us;
    session->asked_us = 0;
    while (len > 0 && err == PAL_OK) {
        struct pal_irc_message message;
        struct pal_twitch_event event;
        size_t taken = 0;
        enum pal_err whole = pal_irc_reader_feed(&session->reader, bytes, len, &taken);
        bytes += taken;
        len -= taken;
        if (whole != PAL_OK) {
            break;
        }
        if (pal_irc_parse(session->reader.line, &message) != PAL_OK) {
            session->counts.n_dropped++;
            continue;
        }
        pal_twitch_read(&message, session->nick, &event);
        err = handle(session, &event, now_us, error);
    }
    return err == PAL_OK ? pal_twitch_session_tick(session, now_us, error) : err;
}

/* ---- time ---- */

static void
join_channels(struct pal_twitch_session *session, int64_t now_us)
{
    for (size_t i = 0; i < session->n_channels; i++) {
        struct chan *chan = &session->channels[i];
        if (chan->is_joined || chan->join_due_us > now_us ||
            pal_rate_window_next_us(&session->joins, 0) > now_us) {
            continue;
        }
        if (++chan->n_tries == JOIN_TRIES_MAX) {
            tell(session, PAL_TWITCH_NEWS_NOT_JOINED, chan->name, "no answer to JOIN");
        }
        char name[CHANNEL_BYTES_MAX + 1];
        (void)snprintf(name, sizeof(name), "#%s", chan->name);
        (void)write_line(session, NULL, (const char *const[]){"JOIN", name, NULL});
        pal_rate_window_add(&session->joins, now_us);
        session->counts.n_joins++;
        chan->join_due_us =
            now_us + (chan->n_tries < JOIN_TRIES_MAX ? JOIN_AGAIN_US : JOIN_SELDOM_US);
    }
}

static void
send_messages(struct pal_twitch_session *session, int64_t now_us)
{
    size_t number;
    const char *text;
    const char *reply_to;
    while (pal_outbox_next(session->outbox, now_us, &number, &text, &reply_to)) {
        char name[CHANNEL_BYTES_MAX + 1];
        (void)snprintf(name, sizeof(name), "#%s", session->channels[number].name);
        if (session->is_plain) {
            reply_to = NULL;
        }
        if (text[0] == '\0' ||
            !write_line(session, reply_to, (const char *const[]){"PRIVMSG", name, text, NULL})) {
            pal_outbox_refused(session->outbox, number, false, now_us);
        }
    }
}

static enum pal_err
check_life(struct pal_twitch_session *session, int64_t now_us, struct pal_error *error)
{
    if (session->asked_us != 0) {
        if (session->asked_us + ANSWER_WITHIN_US <= now_us) {
            return pal_error_set(error, PAL_ERR_TIMEOUT, "no answer to PING in 10 s");
        }
    } else if (session->heard_us + QUIET_US <= now_us) {
        session->asked_us = now_us;
        (void)write_line(session, NULL, (const char *const[]){"PING", "palabre", NULL});
    }
    return PAL_OK;
}

enum pal_err
pal_twitch_session_tick(struct pal_twitch_session *session, int64_t now_us, struct pal_error *error)
{
    switch (session->state) {
    case STATE_OFF:
        send_messages(session, now_us); /* all are closed: drops what is late */
        break;
    case STATE_CAPS:
        if (session->since_us + CAPS_WITHIN_US <= now_us) {
            become_plain(session);
            log_in(session, now_us);
        }
        break;
    case STATE_LOGIN:
        if (session->since_us + LOGIN_WITHIN_US <= now_us) {
            return pal_error_set(error, PAL_ERR_TIMEOUT, "no answer to the login in 15 s");
        }
        break;
    case STATE_READY:
        join_channels(session, now_us);
        send_messages(session, now_us);
        return check_life(session, now_us, error);
    case STATE_LEAVING:
        if (pal_outbox_n_on_way(session->outbox) == 0 ||
            session->since_us + LEAVE_WITHIN_US <= now_us) {
            return pal_error_set(error, PAL_ERR_CLOSED, "the server asked for a new connection");
        }
        break;
    }
    return PAL_OK;
}

static int64_t
earlier(int64_t a_us, int64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

static int64_t
joins_due_us(const struct pal_twitch_session *session)
{
    int64_t due_us = INT64_MAX;
    int64_t room_us = pal_rate_window_next_us(&session->joins, 0);
    for (size_t i = 0; i < session->n_channels; i++) {
        const struct chan *chan = &session->channels[i];
        if (!chan->is_joined) {
            due_us = earlier(due_us, chan->join_due_us > room_us ? chan->join_due_us : room_us);
        }
    }
    return due_us;
}

int64_t
pal_twitch_session_due_us(struct pal_twitch_session *session, int64_t now_us)
{
    int64_t life_us = session->asked_us != 0 ? session->asked_us + ANSWER_WITHIN_US
                                             : session->heard_us + QUIET_US;
    switch (session->state) {
    case STATE_CAPS:
        return session->since_us + CAPS_WITHIN_US;
    case STATE_LOGIN:
        return session->since_us + LOGIN_WITHIN_US;
    case STATE_READY:
        life_us = earlier(life_us, joins_due_us(session));
        return earlier(life_us, pal_outbox_due_us(session->outbox, now_us));
    case STATE_LEAVING:
        return session->since_us + LEAVE_WITHIN_US;
    default:
        return pal_outbox_due_us(session->outbox, now_us);
    }
}

struct pal_buf *
pal_twitch_session_output(struct pal_twitch_session *session)
{
    return &session->output;
}

/* ---- saying ---- */

void
pal_twitch_session_say(struct pal_twitch_session *session, const char *channel,
                       const char *reply_to, const char *text, uint64_t tag, int64_t now_us)
{
    const struct chan *chan = find_channel(session, channel);
    struct pal_outbox_message message = {.text = text, .reply_to = reply_to, .rank = 3, .tag = tag};
    if (chan == NULL || session->is_read_only) {
        on_report(tag, PAL_OUTBOX_CLOSED, NULL, session);
        return;
    }
    message.channel = number_of(session, chan);
    for (size_t i = 0; i < RECENT_MAX && reply_to != NULL; i++) {
        if (strcmp(session->recent[i].message_id, reply_to) == 0) {
            message.addressee = session->recent[i].login;
            message.rank = session->recent[i].rank;
        }
    }
    pal_outbox_push(session->outbox, &message, now_us);
}

void
pal_twitch_session_take_back(struct pal_twitch_session *session, uint64_t tag)
{
    pal_outbox_take_back(session->outbox, tag);
}

bool
pal_twitch_session_is_ready(const struct pal_twitch_session *session)
{
    return session->state == STATE_READY;
}

bool
pal_twitch_session_is_read_only(const struct pal_twitch_session *session)
{
    return session->is_read_only;
}

size_t
pal_twitch_session_n_joined(const struct pal_twitch_session *session)
{
    size_t n = 0;
    for (size_t i = 0; i < session->n_channels; i++) {
        n += session->channels[i].is_joined ? 1 : 0;
    }
    return n;
}

struct pal_twitch_counts
pal_twitch_session_counts(const struct pal_twitch_session *session)
{
    struct pal_twitch_counts counts = session->counts;
    counts.n_dropped += session->reader.n_dropped;
    return counts;
}
