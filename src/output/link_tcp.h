#ifndef PAL_OUTPUT_LINK_TCP_H
#define PAL_OUTPUT_LINK_TCP_H
/*
 * The link to an avatar on TCP: the Unity application of the original, `palabre avatar`, or any
 * program that speaks docs/avatar-protocol.md. Connects by itself, again and again (50 ms, doubling
 * to 250 ms), and then sends the whole face. Loop thread only; nothing here waits.
 *
 * An avatar that doesn't read costs nothing but its own socket: while one write is stuck, states
 * merge and other commands are refused once 512 KiB wait ("Queue overflow" in the log).
 */
#include <uv.h>

#include "output/dialogue.h"
#include "output/link.h"

struct pal_link_tcp_options {
    const char *host; /* a numeric address, or "localhost"; NULL = 127.0.0.1; copied */
    unsigned port;    /* default 5555 */
    bool plain;       /* never negotiate, as if it were a real Unity */
    /* The connection is up and it is known what the avatar can (true), or it is gone (false). May
       be NULL. */
    void (*on_change)(bool is_up, void *userdata);
    void *userdata;
};

struct pal_link_tcp;

/* PAL_ERR_CONFIG: not an address. That nobody listens there is no error. */
enum pal_err pal_link_tcp_create(uv_loop_t *loop, const struct pal_link_tcp_options *options,
                                 struct pal_link_tcp **link, struct pal_error *error) PAL_MUST_USE;
/* To be handed to a fan-out, which then owns it; or close it with link.ops->close(). */
struct pal_link pal_link_tcp_link(struct pal_link_tcp *link);

/* As the functions of dialogue.h, and the bytes leave at once if nothing is on its way. */
enum pal_err pal_link_tcp_post(struct pal_link_tcp *link,
                               const struct pal_avatar_command *command) PAL_MUST_USE;
enum pal_err pal_link_tcp_request(struct pal_link_tcp *link,
                                  const struct pal_avatar_command *command, int64_t timeout_us,
                                  pal_dialogue_reply_fn reply_fn, void *userdata) PAL_MUST_USE;
enum pal_err pal_link_tcp_batch(struct pal_link_tcp *link,
                                const struct pal_avatar_command *commands, size_t n_commands,
                                int64_t timeout_us, pal_dialogue_reply_fn reply_fn,
                                void *userdata) PAL_MUST_USE;

bool pal_link_tcp_is_up(const struct pal_link_tcp *link);
bool pal_link_tcp_is_modern(const struct pal_link_tcp *link);
const struct pal_dialogue_counts *pal_link_tcp_counts(const struct pal_link_tcp *link);
/* Connections that were made so far. */
uint64_t pal_link_tcp_n_connects(const struct pal_link_tcp *link);

#endif
