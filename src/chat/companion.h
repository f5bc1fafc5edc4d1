#ifndef PAL_CHAT_COMPANION_H
#define PAL_CHAT_COMPANION_H
/*
 * The companion: a line from a person becomes a turn with the persona and that person's history,
 * and the reply is remembered as it was sent. Used by the terminal, the page and the stream; an API
 * request brings its own messages and goes to the scheduler directly.
 *
 * One conversation for each key ("terminal", "twitch:1234"): at most max_messages_per_user messages
 * (user and assistant counted singly, oldest dropped first), freed after max_idle_time seconds
 * without a line, and at most max_conversations in memory, the longest idle dropped first. With a
 * store, what was freed comes back with the next line, also after a restart. A line whose turn
 * fails, or is cancelled before any text came, leaves no trace in the history.
 *
 * Two kinds of line never reach the model: those that call for care (care.h) and those whose answer
 * is known by heart (heart.h).
 *
 * Loop thread only.
 */
#include "chat/sched.h"
#include "chat/store.h"
#include "util/text.h"

/* A longer line is refused with PAL_ERR_LIMIT. */
#define PAL_COMPANION_LINE_BYTES_MAX 16384

/* Those at the machine itself (terminal, page) rank with the streamer. */
#define PAL_COMPANION_HOST_RANK 3

struct pal_companion;
struct pal_feed;  /* chat/feed.h */
struct pal_heart; /* chat/heart.h */

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
    /* Both borrowed; they outlive the companion; NULL = none. */
    struct pal_store *store;
    struct pal_heart *heart;
    enum pal_lang lang; /* of an answer by heart to a line that shows no language */
    bool cares;         /* a cry for help is answered by care.h, not by the model */
};

/* `sched` is borrowed and outlives it. */
enum pal_err pal_companion_create(uv_loop_t *loop, const struct pal_companion_options *options,
                                  struct pal_sched *sched, struct pal_companion **companion,
                                  struct pal_error *error) PAL_MUST_USE;

/* Who answered a line. */
enum pal_companion_origin {
    PAL_COMPANION_MODEL,
    PAL_COMPANION_HEART,
    PAL_COMPANION_CARE,
};

struct pal_companion_line {
    const char *source; /* as in pal_turn_request; static storage */
    const char *key;    /* names the conversation */
    const char *user;   /* the person, for fairness; NULL = nobody in particular */
    const char *text;
    unsigned rank;          /* as in pal_turn_request */
    const char *channel;    /* where it was said; NULL = nowhere in particular */
    const char *message_id; /* NULL = none */
    const char *name;       /* who said it, as shown; NULL = nobody in particular */
    float more_temperature; /* on top of the usual one: the sample before was no good */
    int64_t deadline_us;    /* 0 = by model_timeout_us, from now */
    bool asks_model;        /* an answer known by heart is passed over */
    bool is_kept_back;      /* nothing is remembered until pal_companion_sent() */
};

/*
 * A person said something. The lines of one conversation are answered one after the other, each in
 * the light of the reply before it. Errors: PAL_ERR_ARGUMENT and PAL_ERR_LIMIT for a line that is
 * empty, too long or no valid UTF-8, else as pal_sched_submit(); on success the sink gets the
 * reply's text and one end(), and *turn_id can be cancelled with pal_sched_cancel(). Once end()
 * says DONE, the exchange is in the store (or the store has said that it can't be). *origin may be
 * NULL.
 */
enum pal_err pal_companion_hear(struct pal_companion *companion,
                                const struct pal_companion_line *line, struct pal_sink sink,
                                uint64_t *turn_id, enum pal_companion_origin *origin,
                                struct pal_error *error) PAL_MUST_USE;
/* The same for a line of no channel. */
enum pal_err pal_companion_say(struct pal_companion *companion, const char *source, const char *key,
                               const char *user, const char *text, struct pal_sink sink,
                               uint64_t *turn_id, struct pal_error *error) PAL_MUST_USE;

/* Ends a turn, as pal_sched_cancel() does; an answer without the model comes all the same. */
void pal_companion_cancel(struct pal_companion *companion, uint64_t turn_id);
/* True while the turn waits for the engine. */
bool pal_companion_is_waiting(const struct pal_companion *companion, uint64_t turn_id);
/* The engine can answer. */
bool pal_companion_is_ready(const struct pal_companion *companion);
bool pal_companion_has_store(const struct pal_companion *companion);

/* Says a text of our own to the sink, as if it had been computed: text(), then end(), soon and
 * never from inside this call. Nothing is remembered. Returns the turn's id. */
uint64_t pal_companion_recite(struct pal_companion *companion, const char *text,
                              struct pal_sink sink);

/*
 * A turn that waits is to answer this text instead: the same person has said something newer.
 * False: it is being computed already, or there is no such turn.
 */
bool pal_companion_amend(struct pal_companion *companion, uint64_t turn_id, const char *text,
                         const char *message_id);

/*
 * For replies that were kept back: writes the exchange down as about to be sent, under the token it
 * gives, then calls on_written (once; from inside this call where there is no store).
 */
uint64_t pal_companion_sending(struct pal_companion *companion,
                               const struct pal_store_row *exchange, pal_store_done_fn on_written,
                               void *userdata);
/* It was sent; `exchange` has that token, and the reply in the words that went out. */
void pal_companion_sent(struct pal_companion *companion, const struct pal_store_row *exchange);
void pal_companion_not_sent(struct pal_companion *companion, uint64_t token);

/* Forgets a conversation's history. A running turn of it goes on and is not remembered. */
void pal_companion_forget(struct pal_companion *companion, const char *key);
/* Forgets the exchanges that match. Turns go on. */
void pal_companion_clear(struct pal_companion *companion, const struct pal_store_match *match);

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
/* Call after pal_sched_close(): no turn of it is running any more. Waits for what the store has
 * still to write. Accepts NULL. */
void pal_companion_close(struct pal_companion *companion, pal_companion_closed_fn on_closed,
                         void *userdata);

#endif
