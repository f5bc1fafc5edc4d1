#include "access/twitch_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/twitch_session_parts.h"
#include "util/mem.h"
#include "util/text.h"

#define OUTPUT_BYTES_MAX ((size_t)64 * 1024)

#define LOGIN_WITHIN_US  (15 * PAL_US_PER_S)
#define CAPS_WITHIN_US   (5 * PAL_US_PER_S)
#define QUIET_US         (15 * PAL_US_PER_S) /* then we ask whether anybody is there */
#define ANSWER_WITHIN_US (10 * PAL_US_PER_S)
#define LEAVE_WITHIN_US  (2 * PAL_US_PER_S)

/* 20 in 10 s are allowed. */
#define JOINS_MAX      18
#define JOINS_SPAN_US  (10 * PAL_US_PER_S + 100 * PAL_US_PER_MS)
#define JOIN_TRIES_MAX 3

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

void
session_copy_lower(char *to, size_t size, const char *from)
{
    size_t i = 0;
    for (; from[i] != '\0' && i + 1 < size; i++) {
        to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 'a' - 'A') : from[i];
    }
    to[i] = '\0';
}

struct chan *
session_channel(struct pal_twitch_session *session, const char *name)
{
    for (size_t i = 0; i < session->n_channels; i++) {
        if (strcmp(session->channels[i].name, name) == 0) {
            return &session->channels[i];
        }
    }
    return NULL;
}

size_t
session_number(const struct pal_twitch_session *session, const struct chan *chan)
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
                                 PAL_T("twitch.channels: '%s' is no channel's name",
                                       "twitch.channels : « %s » n'est pas un nom de chaîne"),
                                 *channels);
        }
        if (session->n_channels == PAL_OUTBOX_CHANNELS_MAX) {
            return pal_error_set(error, PAL_ERR_CONFIG,
                                 PAL_T("twitch.channels: at most %d channels",
                                       "twitch.channels : %d chaînes au plus"),
                                 PAL_OUTBOX_CHANNELS_MAX);
        }
        struct chan *chan = &session->channels[session->n_channels];
        session_copy_lower(chan->name, sizeof(chan->name), without_hash(*channels));
        if (session_channel(session, chan->name) == NULL) {
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
        return pal_error_set(error, PAL_ERR_CONFIG,
                             PAL_T("twitch.login: '%s' is no account's name",
                                   "twitch.login : « %s » n'est pas un nom de compte"),
                             options->login);
    }
    session_copy_lower(session->login, sizeof(session->login), options->login);
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
bool
session_write(struct pal_twitch_session *session, const char *reply_to, const char *const *words)
{
    return pal_irc_write(&session->output, reply_to, words) == PAL_OK;
}

void
session_set_state(struct pal_twitch_session *session, enum state state, int64_t now_us)
{
    session->state = state;
    session->since_us = now_us;
}

void
session_write_nick(struct pal_twitch_session *session)
{
    (void)session_write(session, NULL, (const char *const[]){"NICK", session->nick, NULL});
}

void
session_log_in(struct pal_twitch_session *session, int64_t now_us)
{
    session_set_state(session, STATE_LOGIN, now_us);
    session->counts.n_logins++;
    if (session->token != NULL) {
        (void)session_write(session, NULL, (const char *const[]){"PASS", session->token, NULL});
    }
    session_write_nick(session);
    (void)session_write(
        session, NULL,
        (const char *const[]){"USER", session->login, "0", "*", session->login, NULL});
    (void)session_write(session, NULL, (const char *const[]){"CAP", "END", NULL});
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
    session_set_state(session, STATE_CAPS, now_us);
    (void)session_write(
        session, NULL,
        (const char *const[]){"CAP", "REQ", "twitch.tv/tags twitch.tv/commands", NULL});
}

void
pal_twitch_session_disconnected(struct pal_twitch_session *session, int64_t now_us)
{
    session_set_state(session, STATE_OFF, now_us);
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

void
session_become_plain(struct pal_twitch_session *session)
{
    struct pal_irc_fit fit = {.max_code_points = 500,
                              .max_bytes = PAL_IRC_BODY_BYTES_MAX - PLAIN_PREFIX_BYTES};
    session->is_plain = true;
    pal_outbox_set_silent_server(session->outbox, true);
    pal_outbox_set_fit(session->outbox, fit);
}

void
session_tell(struct pal_twitch_session *session, enum pal_twitch_news news, const char *channel,
             const char *text)
{
    session->ops->news(session->self, news, channel, text);
}

/* ---- reading ---- */

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
        err = session_handle(session, &event, now_us, error);
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
            session_tell(session, PAL_TWITCH_NEWS_NOT_JOINED, chan->name, "no answer to JOIN");
        }
        char name[CHANNEL_BYTES_MAX + 1];
        (void)snprintf(name, sizeof(name), "#%s", chan->name);
        (void)session_write(session, NULL, (const char *const[]){"JOIN", name, NULL});
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
            !session_write(session, reply_to, (const char *const[]){"PRIVMSG", name, text, NULL})) {
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
        (void)session_write(session, NULL, (const char *const[]){"PING", "palabre", NULL});
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
            session_become_plain(session);
            session_log_in(session, now_us);
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
    const struct chan *chan = session_channel(session, channel);
    struct pal_outbox_message message = {.text = text, .reply_to = reply_to, .rank = 3, .tag = tag};
    if (chan == NULL || session->is_read_only) {
        on_report(tag, PAL_OUTBOX_CLOSED, NULL, session);
        return;
    }
    message.channel = session_number(session, chan);
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
