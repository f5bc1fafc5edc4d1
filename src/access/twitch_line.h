#ifndef PAL_ACCESS_TWITCH_LINE_H
#define PAL_ACCESS_TWITCH_LINE_H
/*
 * What a message of Twitch's chat means: the commands that IRC has, and Twitch's own. Of plain IRC
 * the same, with the nick in place of the ids. Pure.
 */
#include "access/irc_message.h"
#include "chat/line.h"

enum pal_twitch_kind {
    PAL_TWITCH_OTHER,        /* nothing that we act upon */
    PAL_TWITCH_CAP,          /* text: "ACK" or "NAK" */
    PAL_TWITCH_WELCOME,      /* logged in; login: as whom */
    PAL_TWITCH_LOGIN_FAILED, /* text: the server's words */
    PAL_TWITCH_NICK_TAKEN,   /* plain IRC: somebody has that name */
    PAL_TWITCH_PING,         /* text: to be sent back */
    PAL_TWITCH_PONG,
    PAL_TWITCH_RECONNECT,     /* the server is about to go */
    PAL_TWITCH_LINE,          /* `line` */
    PAL_TWITCH_CLEAR_ALL,     /* of `channel` */
    PAL_TWITCH_CLEAR_USER,    /* user_id */
    PAL_TWITCH_CLEAR_MESSAGE, /* message_id */
    PAL_TWITCH_JOINED,        /* we are in `channel` */
    PAL_TWITCH_LEFT,          /* we are not any more */
    PAL_TWITCH_JOIN_REFUSED,  /* text: why */
    PAL_TWITCH_OURSELVES,     /* roles: what we are in `channel`; also tells of our message */
    PAL_TWITCH_REFUSED,       /* our message in `channel` was; text: the msg-id */
    PAL_TWITCH_RAID,          /* n_viewers come into `channel` */
    PAL_TWITCH_ERROR,         /* the server closes; text: its words */
};

/* Strings lie in the message; channel without its '#'. */
struct pal_twitch_event {
    enum pal_twitch_kind kind;
    const char *channel; /* "" = none */
    const char *text;
    const char *login;
    const char *user_id;
    const char *message_id;
    unsigned roles;
    uint32_t n_viewers;
    struct pal_line line; /* arrived_us is the caller's */
};

/*
 * `own_nick`: to know our own JOIN and PART from others'. The message's strings are made plain: no
 * control characters, valid UTF-8; names and channels in lower case where they are compared.
 */
void pal_twitch_read(struct pal_irc_message *message, const char *own_nick,
                     struct pal_twitch_event *event);

#endif
