#ifndef PAL_CHAT_COMPANION_H
#define PAL_CHAT_COMPANION_H
/*
 * The companion: a line from a person becomes a turn with the persona and that person's history,
 * and the reply is remembered as it was sent. Used by the terminal, the page and the stream; an API
 * request brings its own messages and goes to the scheduler directly.
 *
 * One conversation for each key ("terminal:me", "twitch:#chan:login"): at most
 * max_messages_per_user messages (user and assistant counted singly, oldest dropped first), freed
 * after max_idle_time seconds without a line, and at most max_conversations in memory, the longest
 * idle dropped first. A line whose turn fails, or is cancelled before any text came, leaves no
 * trace in the history.
 *
 * Loop thread only.
 */
#include "chat/sched.h"

/* A longer line is refused with PAL_ERR_LIMIT. */
#define PAL_COMPANION_LINE_BYTES_MAX 16384

struct pal_companion;
struct pal_feed; /* chat/feed.h */

struct pal_companion_options {
    const char *persona;            /* system prompt; copied; NULL or "" = none (persona.h) */
    struct pal_sampling sampling;   /* no stops (n_stops 0) */
    uint32_t max_messages_per_user; /* default 12 */
    int64_t max_idle_us;            /* default 3600 s */
    uint32_t max_conversations;     /* default 4096 */
    int64_t
        model_timeout_us; /* deadline of a turn from its line's arrival; default 10 s; -1 = none */
    struct pal_clock clock; /* zeroed = the system's */
    struct pal_feed *feed;  /* is told the lines; borrowed; NULL = nobody looks */
};

/* `sched` is borrowed and outlives it. */
enum pal_err pal_companion_create(uv_loop_t *loop, const struct pal_companion_options *options,
                                  struct pal_sched *sched, struct pal_companion **companion,
                                  struct pal_error *error) PAL_MUST_USE;

/*
 * A person said something. `source` as in pal_turn_request; `key` names the conversation, `user`
 * the person (fairness). The lines of one conversation are answered one after the other, each in
 * the light of the reply before it. Errors: PAL_ERR_ARGUMENT and PAL_ERR_LIMIT for a line that is
 * empty, too long or no valid UTF-8, else as pal_sched_submit(); on success the sink gets the
 * reply's text and one end(), and *turn_id can be cancelled with pal_sched_cancel().
 */
enum pal_err pal_companion_say(struct pal_companion *companion, const char *source, const char *key,
                               const char *user, const char *text, struct pal_sink sink,
                               uint64_t *turn_id, struct pal_error *error) PAL_MUST_USE;

/* Forgets a conversation's history. A running turn of it goes on and is not remembered. */
void pal_companion_forget(struct pal_companion *companion, const char *key);
/*
 * Takes the conversation's newest exchange back, as if it had not been: its line, which the caller
 * frees, or NULL if there is none.
 */
char *pal_companion_take_back(struct pal_companion *companion, const char *key);

/* What the companion goes by. Both hold from the next turn that begins. */
const char *pal_companion_persona(const struct pal_companion *companion); /* "" = none */
void pal_companion_set_persona(struct pal_companion *companion, const char *persona);
struct pal_sampling pal_companion_sampling(const struct pal_companion *companion);
/* Without stops. */
void pal_companion_set_sampling(struct pal_companion *companion,
                                const struct pal_sampling *sampling);
size_t pal_companion_n_conversations(const struct pal_companion *companion);

typedef void (*pal_companion_closed_fn)(void *userdata);
/* Call after pal_sched_close(): no turn of it is running any more. Accepts NULL. */
void pal_companion_close(struct pal_companion *companion, pal_companion_closed_fn on_closed,
                         void *userdata);

#endif
