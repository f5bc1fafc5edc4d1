#ifndef PAL_OUTPUT_DIALOGUE_H
#define PAL_OUTPUT_DIALOGUE_H
/*
 * The client's side of the avatar link without its socket: commands in, bytes out; bytes in,
 * replies out. The companion's link (libuv) and the public C client (a thread) are thin shells
 * around it.
 *
 * What is a state (each expression, the head, speed, blinking, head movement) is remembered: the
 * newest value wins, only what differs from what the avatar has is sent, and all of it is sent
 * again after a new connection or a new model. Everything else is sent in order. Whatever has
 * gathered while the last write was on its way leaves as one write: batching costs no delay.
 *
 * An avatar that answers `hello` gets batch messages and MessagePack's
 * short form, echoes ids, and must show signs of life. Any other, and each until it has
 * answered, gets what a real Unity
 * understands: one JSON line a command, no answer needed, `{}` taken for one.
 *
 * No I/O, no clock (`now_us` is handed in), no log; one owner, not thread-safe. Memory is bounded.
 */
#include "output/avatar_encode.h"

#define PAL_DIALOGUE_HELLO_US (200 * 1000) /* then it counts as plain, until it answers */
#define PAL_DIALOGUE_PING_US  1000000      /* silence after which a pinged avatar is asked */
#define PAL_DIALOGUE_DEAD_US  2500000      /* silence after which it is given up */
#define PAL_DIALOGUE_OUT_MAX  ((size_t)512 * 1024)

/* Requests that may wait for their answers at a time. */
#define PAL_DIALOGUE_WAITING_MAX 64

/* Custom expression names that it keeps the state of. */
#define PAL_DIALOGUE_CUSTOM_MAX 32

/*
 * A request's end, exactly once. PAL_OK: `reply` is the avatar's answer, which may say error.
 * PAL_ERR_TIMEOUT, PAL_ERR_CLOSED: reply is NULL. `reply` is valid during the call.
 */
typedef void (*pal_dialogue_reply_fn)(enum pal_err err, const struct pal_avatar_reply *reply,
                                      void *userdata);

struct pal_dialogue_counts {
    uint64_t n_commands; /* sent, states and others */
    uint64_t n_merged;   /* states replaced before they were sent */
    uint64_t n_writes;   /* times pal_dialogue_output() gave bytes */
    uint64_t n_replies;
    uint64_t n_overflows; /* commands refused because too much waits */
    uint64_t n_timeouts;
    uint64_t n_round_trips; /* pings that were answered */
    int64_t round_trip_us;  /* of the newest of them */
};

struct pal_dialogue;

/* `plain` = never ask for more than a real Unity has (no hello). */
struct pal_dialogue *pal_dialogue_create(bool plain);
/* Waiting requests end with PAL_ERR_CLOSED first. Accepts NULL. */
void pal_dialogue_destroy(struct pal_dialogue *dialogue);

/* A connection is there: the whole state is due again. */
void pal_dialogue_connected(struct pal_dialogue *dialogue, int64_t now_us);
/* It is gone: what was not a state and not sent is dropped, waiting requests end. */
void pal_dialogue_disconnected(struct pal_dialogue *dialogue);
bool pal_dialogue_is_connected(const struct pal_dialogue *dialogue);
/* True once the avatar has answered hello in time. */
bool pal_dialogue_is_modern(const struct pal_dialogue *dialogue);
/* True once it is known whether it is: the answer came, or its time has passed. */
bool pal_dialogue_is_settled(const struct pal_dialogue *dialogue);

/*
 * Fire and forget. A state is always taken, also without a connection. PAL_ERR_CLOSED: another
 * command, and no connection. PAL_ERR_BUSY: the queue is full (the log's `Queue overflow` is the
 * caller's). PAL_ERR_ARGUMENT: a text that this avatar would misread. Texts are copied.
 */
enum pal_err pal_dialogue_post(struct pal_dialogue *dialogue,
                               const struct pal_avatar_command *command) PAL_MUST_USE;

/*
 * The same as one message, in order, nothing merged; reply_fn may be NULL. An avatar that knows no
 * batches gets lines, and the answer is that to the last one. Errors as pal_dialogue_post(), then
 * reply_fn is not called.
 */
enum pal_err pal_dialogue_batch(struct pal_dialogue *dialogue,
                                const struct pal_avatar_command *commands, size_t n_commands,
                                int64_t deadline_us, pal_dialogue_reply_fn reply_fn,
                                void *userdata) PAL_MUST_USE;

/*
 * One critical command, whose answer is waited for. PAL_ERR_UNSUPPORTED: this avatar never answers
 * it, so don't wait. PAL_ERR_AGAIN: it is not known yet what the avatar can (not settled).
 */
enum pal_err pal_dialogue_request(struct pal_dialogue *dialogue,
                                  const struct pal_avatar_command *command, int64_t deadline_us,
                                  pal_dialogue_reply_fn reply_fn, void *userdata) PAL_MUST_USE;

/* True if pal_dialogue_output() has something. */
bool pal_dialogue_has_output(const struct pal_dialogue *dialogue);
/* Everything that is due, as one write: *buf (emptied by the caller) is swapped for it. */
void pal_dialogue_output(struct pal_dialogue *dialogue, struct pal_buf *buf);

/* Room for the next read, then how much was read. PAL_ERR_PROTO: not an avatar; disconnect. */
void pal_dialogue_room(struct pal_dialogue *dialogue, unsigned char **bytes, size_t *len);
enum pal_err pal_dialogue_input(struct pal_dialogue *dialogue, size_t n,
                                int64_t now_us) PAL_MUST_USE;

/* When pal_dialogue_tick() is due next; INT64_MAX = not before something happens. */
int64_t pal_dialogue_tick_due_us(const struct pal_dialogue *dialogue);
/* Ends requests that are too late. PAL_ERR_CLOSED: the avatar is silent for too long; disconnect.
 */
enum pal_err pal_dialogue_tick(struct pal_dialogue *dialogue, int64_t now_us) PAL_MUST_USE;

const struct pal_dialogue_counts *pal_dialogue_counts(const struct pal_dialogue *dialogue);

#endif
