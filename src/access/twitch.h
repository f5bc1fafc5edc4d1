#ifndef PAL_ACCESS_TWITCH_H
#define PAL_ACCESS_TWITCH_H
/*
 * Twitch chat: keeps a connection to its IRC server, hands what is said there to a room and says
 * what the room wants said, within the platform's limits. Without an account it only reads.
 *
 * A connection that breaks is made again: half a second later the first times, then after a fifth
 * of the time that it has been gone, up to once a minute; each time somewhat early or late, so that
 * not everybody comes back at once. A login that the server refuses is never tried again.
 *
 * Loop thread only; nothing blocks.
 */
#include <uv.h>

#include "access/twitch_session.h"

struct pal_twitch;
struct pal_room; /* chat/room.h */

struct pal_twitch_options {
    const char *host; /* "irc.chat.twitch.tv" */
    uint16_t port;    /* 6697; 6667 without TLS */
    bool tls;
    const char *ca_file; /* NULL = whom the system trusts */
    const char *login;   /* NULL or "" = read only */
    const char *token;
    const char *const *channels; /* NULL-terminated */
    /* For the person who started it; may be NULL. */
    void (*news)(void *userdata, enum pal_twitch_news news, const char *channel, const char *text);
    void *userdata;
};

/* Begins to connect. `room` is borrowed and outlives it. PAL_ERR_CONFIG: a name is none. */
enum pal_err pal_twitch_open(uv_loop_t *loop, const struct pal_twitch_options *options,
                             struct pal_room *room, struct pal_twitch **twitch,
                             struct pal_error *error) PAL_MUST_USE;

struct pal_twitch_status {
    bool is_ready; /* logged in */
    bool is_read_only;
    bool is_refused; /* the login was; it stays away */
    size_t n_channels_joined;
    uint64_t n_connects; /* tries */
    uint64_t n_lost;     /* connections that had been logged in */
    struct pal_twitch_counts counts;
};
struct pal_twitch_status pal_twitch_status(const struct pal_twitch *twitch);

typedef void (*pal_twitch_closed_fn)(void *userdata);
/* Reports what has not been said, disconnects, frees, calls back from the loop. Accepts NULL
 * (on_closed is called at once). */
void pal_twitch_close(struct pal_twitch *twitch, pal_twitch_closed_fn on_closed, void *userdata);

#endif
