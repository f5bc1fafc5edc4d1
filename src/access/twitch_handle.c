/* What the session does about each event. */
#include <stdio.h>
#include <string.h>

#include "access/twitch_session_parts.h"

#define NICK_TRIES_MAX 3

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
        session_channel(session, event->channel) == NULL) {
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
        session_tell(session, PAL_TWITCH_NEWS_JOINED, chan->name, "");
    }
    if (session->is_plain && !session->is_read_only) {
        pal_outbox_set_open(session->outbox, session_number(session, chan), true);
    }
}

/* Comes after our JOIN, and after each message of ours. */
static void
hear_of_ourselves(struct pal_twitch_session *session, struct chan *chan, unsigned roles,
                  int64_t now_us)
{
    const unsigned trusted = PAL_LINE_ROLE_STREAMER | PAL_LINE_ROLE_MODERATOR | PAL_LINE_ROLE_VIP;
    size_t number = session_number(session, chan);
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
    pal_outbox_set_open(session->outbox, session_number(session, chan), false);
    session_tell(session, PAL_TWITCH_NEWS_NOT_JOINED, chan->name, why);
}

static void
left(struct pal_twitch_session *session, struct chan *chan, int64_t now_us)
{
    chan->is_joined = false;
    chan->join_due_us = now_us + JOIN_AGAIN_US;
    pal_outbox_set_open(session->outbox, session_number(session, chan), false);
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
    size_t number = session_number(session, chan);
    pal_outbox_refused(session->outbox, number, strcmp(id, "msg_duplicate") == 0, now_us);
    if (is_ban(id)) {
        pal_outbox_set_open(session->outbox, number, false);
        chan->is_joined = false;
        chan->join_due_us = now_us + JOIN_SELDOM_US;
        session_tell(session, PAL_TWITCH_NEWS_BANNED, chan->name, id);
    }
}

static void
handle_in_channel(struct pal_twitch_session *session, struct pal_twitch_event *event,
                  int64_t now_us)
{
    struct chan *chan = session_channel(session, event->channel);
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
        pal_outbox_take_back_replies(session->outbox, session_number(session, chan),
                                     event->message_id);
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
            session_become_plain(session);
        }
        session_log_in(session, now_us);
    }
}

static void
welcome(struct pal_twitch_session *session, const char *login, int64_t now_us)
{
    if (session->state != STATE_LOGIN) {
        return;
    }
    if (login[0] != '\0') {
        session_copy_lower(session->nick, sizeof(session->nick), login);
    }
    session_set_state(session, STATE_READY, now_us);
    session_tell(session, PAL_TWITCH_NEWS_LOGGED_IN, "", session->nick);
}

static enum pal_err
login_failed(struct pal_twitch_session *session, const char *words, struct pal_error *error)
{
    session_tell(session, PAL_TWITCH_NEWS_LOGIN_FAILED, "", words);
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
    session_write_nick(session);
    return PAL_OK;
}

enum pal_err
session_handle(struct pal_twitch_session *session, struct pal_twitch_event *event, int64_t now_us,
               struct pal_error *error)
{
    switch (event->kind) {
    case PAL_TWITCH_LINE:
        hear(session, event, now_us);
        break;
    case PAL_TWITCH_PING:
        (void)session_write(session, NULL, (const char *const[]){"PONG", event->text, NULL});
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
            session_set_state(session, STATE_LEAVING, now_us);
        }
        break;
    case PAL_TWITCH_ERROR:
        return pal_error_set(error, PAL_ERR_CLOSED, "the server said: %s", event->text);
    default:
        handle_in_channel(session, event, now_us);
    }
    return PAL_OK;
}
