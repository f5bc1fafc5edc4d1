#include "access/twitch_line.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"
#include "util/utf8.h"

#define ACTION_BEGIN "\001ACTION "

/* ---- plain strings ---- */

/* The parser's strings lie in a line that the caller may write to; const is what it promises us. */
static char *
writable(const char *text)
{
    union {
        const char *in;
        char *out;
    } same = {.in = text};
    return same.out;
}

/* Valid UTF-8, and a space for each control character. */
static const char *
plain(const char *text)
{
    size_t len = strlen(text);
    char *bytes = writable(text);
    pal_utf8_scrub(bytes, len);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        bool is_c1 = c == 0xC2 && (unsigned char)bytes[i + 1] < 0xA0;
        if (c < 0x20 || c == 0x7F || is_c1) {
            bytes[i] = ' ';
        }
        if (is_c1) {
            bytes[++i] = ' ';
        }
    }
    return text;
}

static const char *
lower(const char *text)
{
    for (char *at = writable(plain(text)); *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at + 'a' - 'A');
        }
    }
    return text;
}

/* A tag that is there and not empty, made plain; else NULL. */
static const char *
tag(const struct pal_irc_message *message, const char *key)
{
    const char *value = pal_irc_tag(message, key);
    return value != NULL && *value != '\0' ? plain(value) : NULL;
}

static const char *
channel_of(const struct pal_irc_message *message, size_t i)
{
    const char *param = pal_irc_param(message, i);
    return param[0] == '#' ? lower(param + 1) : "";
}

/* ---- roles ---- */

static bool
has_badge(const char *badges, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = badges; at != NULL && *at != '\0';) {
        if (strncmp(at, name, len) == 0 && at[len] == '/') {
            return true;
        }
        at = strchr(at, ',');
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}

static bool
is_one(const char *value)
{
    return value != NULL && strcmp(value, "1") == 0;
}

static unsigned
roles_of(const struct pal_irc_message *message)
{
    const char *badges = tag(message, "badges");
    unsigned roles = 0;
    if (has_badge(badges, "broadcaster")) {
        roles |= PAL_LINE_ROLE_STREAMER;
    }
    if (has_badge(badges, "moderator") || is_one(tag(message, "mod"))) {
        roles |= PAL_LINE_ROLE_MODERATOR;
    }
    if (has_badge(badges, "vip") || tag(message, "vip") != NULL) {
        roles |= PAL_LINE_ROLE_VIP;
    }
    if (has_badge(badges, "subscriber") || has_badge(badges, "founder") ||
        is_one(tag(message, "subscriber"))) {
        roles |= PAL_LINE_ROLE_SUBSCRIBER;
    }
    return roles;
}

/* ---- one reader for each command ---- */

/* "\1ACTION waves\1": the text alone. */
static const char *
take_action(const char *text, bool *is_action)
{
    *is_action = strncmp(text, ACTION_BEGIN, strlen(ACTION_BEGIN)) == 0;
    if (*is_action) {
        text += strlen(ACTION_BEGIN);
        size_t len = strlen(text);
        if (len > 0 && text[len - 1] == '\001') {
            writable(text)[len - 1] = '\0';
        }
    }
    return text;
}

static void
read_line(struct pal_irc_message *message, const char *login, struct pal_twitch_event *event)
{
    bool is_action = false;
    const char *text = take_action(pal_irc_param(message, 1), &is_action);
    const char *user_id = tag(message, "user-id");
    const char *reply_to_login = tag(message, "reply-parent-user-login");
    event->channel = channel_of(message, 0);
    if (event->channel[0] == '\0' || login[0] == '\0' || text[0] == '\0') {
        return; /* a whisper, a server's notice */
    }
    event->kind = PAL_TWITCH_LINE;
    event->line = (struct pal_line){
        .platform = "twitch",
        .channel = event->channel,
        .user_id = user_id != NULL ? user_id : login,
        .login = login,
        .name = tag(message, "display-name"),
        .text = plain(text),
        .message_id = tag(message, "id"),
        .reply_to_message_id = tag(message, "reply-parent-msg-id"),
        .reply_to_login = reply_to_login != NULL ? lower(reply_to_login) : NULL,
        .roles = roles_of(message),
        .is_action = is_action,
    };
}

static void
read_user_notice(struct pal_irc_message *message, struct pal_twitch_event *event)
{
    const char *what = tag(message, "msg-id");
    const char *login = tag(message, "login");
    if (what != NULL && strcmp(what, "raid") == 0) {
        const char *viewers = tag(message, "msg-param-viewerCount");
        event->kind = PAL_TWITCH_RAID;
        event->channel = channel_of(message, 0);
        event->n_viewers = viewers != NULL ? (uint32_t)strtoul(viewers, NULL, 10) : 0;
    } else if (login != NULL) {
        read_line(message, lower(login), event); /* what a subscriber says with the good news */
    }
}

static void
read_clear_chat(struct pal_irc_message *message, struct pal_twitch_event *event)
{
    const char *user_id = tag(message, "target-user-id");
    const char *login = lower(pal_irc_param(message, 1));
    event->channel = channel_of(message, 0);
    if (user_id == NULL && login[0] == '\0') {
        event->kind = PAL_TWITCH_CLEAR_ALL;
    } else {
        event->kind = PAL_TWITCH_CLEAR_USER;
        event->user_id = user_id != NULL ? user_id : login;
    }
}

static void
read_clear_message(struct pal_irc_message *message, struct pal_twitch_event *event)
{
    event->message_id = tag(message, "target-msg-id");
    event->channel = channel_of(message, 0);
    if (event->message_id != NULL) {
        event->kind = PAL_TWITCH_CLEAR_MESSAGE;
    }
}

/* A notice to a channel says that our last message there was refused, if its id begins so. */
static void
read_notice(struct pal_irc_message *message, struct pal_twitch_event *event)
{
    static const char *const failures[] = {"Login authentication failed", "Improperly formatted",
                                           "Login unsuccessful", "Invalid NICK",
                                           "Password incorrect"};
    const char *id = tag(message, "msg-id");
    event->channel = channel_of(message, 0);
    event->text = plain(pal_irc_param(message, 1));
    if (event->channel[0] == '\0') {
        for (size_t i = 0; i < PAL_COUNT_OF(failures); i++) {
            if (strncmp(event->text, failures[i], strlen(failures[i])) == 0) {
                event->kind = PAL_TWITCH_LOGIN_FAILED;
            }
        }
    } else if (id != NULL && (strcmp(id, "msg_channel_suspended") == 0 ||
                              strcmp(id, "msg_banned") == 0 || strcmp(id, "tos_ban") == 0)) {
        /* To a JOIN or to a message; either way nothing gets through there. */
        event->kind = PAL_TWITCH_REFUSED;
        event->text = id;
    } else if (id != NULL && strncmp(id, "msg_", 4) == 0) {
        event->kind = PAL_TWITCH_REFUSED;
        event->text = id;
    }
}

static void
read_membership(struct pal_irc_message *message, bool is_join, const char *own_nick,
                struct pal_twitch_event *event)
{
    event->channel = channel_of(message, 0);
    if (event->channel[0] != '\0' && strcasecmp(message->nick, own_nick) == 0) {
        event->kind = is_join ? PAL_TWITCH_JOINED : PAL_TWITCH_LEFT;
    }
}

static void
read_kick(struct pal_irc_message *message, const char *own_nick, struct pal_twitch_event *event)
{
    event->channel = channel_of(message, 0);
    if (strcasecmp(pal_irc_param(message, 1), own_nick) == 0) {
        event->kind = PAL_TWITCH_LEFT;
    }
}

/* ---- numerics, and the rest ---- */

static bool
read_numeric(struct pal_irc_message *message, struct pal_twitch_event *event)
{
    static const struct {
        const char *command;
        enum pal_twitch_kind kind;
    } numerics[] = {
        {"001", PAL_TWITCH_WELCOME},      {"433", PAL_TWITCH_NICK_TAKEN},
        {"432", PAL_TWITCH_LOGIN_FAILED}, {"464", PAL_TWITCH_LOGIN_FAILED},
        {"465", PAL_TWITCH_LOGIN_FAILED}, {"403", PAL_TWITCH_JOIN_REFUSED},
        {"405", PAL_TWITCH_JOIN_REFUSED}, {"471", PAL_TWITCH_JOIN_REFUSED},
        {"473", PAL_TWITCH_JOIN_REFUSED}, {"474", PAL_TWITCH_JOIN_REFUSED},
        {"475", PAL_TWITCH_JOIN_REFUSED}, {"404", PAL_TWITCH_REFUSED},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(numerics); i++) {
        if (strcmp(message->command, numerics[i].command) == 0) {
            event->kind = numerics[i].kind;
            event->login = plain(pal_irc_param(message, 0));
            event->channel = channel_of(message, 1);
            event->text =
                message->n_params > 0 ? plain(pal_irc_param(message, message->n_params - 1)) : "";
            return true;
        }
    }
    return false;
}

static void
read_server_command(struct pal_irc_message *message, struct pal_twitch_event *event)
{
    const char *command = message->command;
    if (strcmp(command, "PING") == 0) {
        event->kind = PAL_TWITCH_PING;
        event->text = plain(pal_irc_param(message, 0));
    } else if (strcmp(command, "PONG") == 0) {
        event->kind = PAL_TWITCH_PONG;
    } else if (strcmp(command, "CAP") == 0) {
        event->kind = PAL_TWITCH_CAP;
        event->text = pal_irc_param(message, 1);
    } else if (strcmp(command, "RECONNECT") == 0) {
        event->kind = PAL_TWITCH_RECONNECT;
    } else if (strcmp(command, "ERROR") == 0) {
        event->kind = PAL_TWITCH_ERROR;
        event->text = plain(pal_irc_param(message, 0));
    }
}

void
pal_twitch_read(struct pal_irc_message *message, const char *own_nick,
                struct pal_twitch_event *event)
{
    const char *command = message->command;
    *event = (struct pal_twitch_event){.kind = PAL_TWITCH_OTHER, .channel = "", .text = ""};
    if (strcmp(command, "PRIVMSG") == 0) {
        read_line(message, lower(message->nick), event);
    } else if (strcmp(command, "USERNOTICE") == 0) {
        read_user_notice(message, event);
    } else if (strcmp(command, "CLEARCHAT") == 0) {
        read_clear_chat(message, event);
    } else if (strcmp(command, "CLEARMSG") == 0) {
        read_clear_message(message, event);
    } else if (strcmp(command, "NOTICE") == 0) {
        read_notice(message, event);
    } else if (strcmp(command, "USERSTATE") == 0) {
        event->kind = PAL_TWITCH_OURSELVES;
        event->channel = channel_of(message, 0);
        event->roles = roles_of(message);
    } else if (strcmp(command, "JOIN") == 0 || strcmp(command, "PART") == 0) {
        read_membership(message, command[0] == 'J', own_nick, event);
    } else if (strcmp(command, "KICK") == 0) {
        read_kick(message, own_nick, event);
    } else if (!read_numeric(message, event)) {
        read_server_command(message, event);
    }
}
