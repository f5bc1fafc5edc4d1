#ifndef PAL_CHAT_LINE_H
#define PAL_CHAT_LINE_H
/*
 * A line as a room hears it: who said what, where, and in answer to whom. Plain data; the strings
 * are borrowed for the call that it is handed to, and whoever keeps a line copies it.
 *
 * Nothing in it is trusted: names and texts may hold anything. A text is cleaned and
 * bounded by the room; a line without a user_id or with an empty channel is dropped.
 */
#include <stdbool.h>
#include <stdint.h>

/* Longer fields are refused (ids, names) or cut at a whole character (text). */
#define PAL_LINE_NAME_BYTES_MAX 256
#define PAL_LINE_TEXT_BYTES_MAX 2048

enum pal_line_role {
    PAL_LINE_ROLE_STREAMER = 1 << 0, /* the channel is theirs */
    PAL_LINE_ROLE_MODERATOR = 1 << 1,
    PAL_LINE_ROLE_VIP = 1 << 2,
    PAL_LINE_ROLE_SUBSCRIBER = 1 << 3,
};

struct pal_line {
    const char *platform; /* "twitch" */
    const char *channel;  /* its login: lower case, without '#' */
    const char *user_id;  /* never changes on this platform; where it has none, the login */
    const char *login;    /* lower case */
    const char *name;     /* as the platform shows it; NULL or "" = the login */
    const char *text;
    const char *message_id;          /* NULL = the platform gave none */
    const char *reply_to_message_id; /* the message that is answered; NULL = none */
    const char *reply_to_login;      /* who wrote that one; NULL = nobody */
    unsigned roles;                  /* enum pal_line_role */
    bool is_action;                  /* "/me ..." */
    int64_t arrived_us;              /* monotonic */
};

#endif
