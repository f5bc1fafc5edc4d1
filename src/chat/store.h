#ifndef PAL_CHAT_STORE_H
#define PAL_CHAT_STORE_H
/*
 * Conversations that survive a restart: an SQLite database (WAL) with one row for each exchange (a
 * line and its reply), ordered by id, never by a clock.
 *
 * The loop never waits for a disk: changes go to a thread of the store's own, which commits what
 * has gathered as one transaction and reports back. A reply is written down before it is sent, as
 * "sending", and marked as sent afterwards, so that a kill at any moment loses nothing that was
 * sent; a row that stayed "sending" was perhaps sent, and counts as said.
 *
 * Bounded: by bytes (the oldest rows go) and by age. A disk that is full, or a lock that stays, is
 * logged, and what could not be written is tried again every second, 1024 changes of it: a newer
 * one then pushes out the oldest that is not being tried; meanwhile memory holds what was said. A
 * damaged database is kept aside as "*.bad-TIME" and a new one begun, which the log says. Forgotten
 * texts are overwritten, not only unlinked.
 *
 * Loop thread, except where stated.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "util/buf.h"
#include "util/err.h"

#define PAL_STORE_CHANGES_MAX 1024

struct pal_store;

struct pal_store_options {
    const char *path;  /* the database; its folder is made; copied */
    int64_t max_bytes; /* of the database; default 64 MiB, at least 1 MiB */
    int64_t max_age_s; /* of an exchange; 0 = no limit */
};

/* An exchange: a line and its reply; strings are borrowed for the call. */
struct pal_store_row {
    uint64_t token;         /* pal_store_new_token(): its name until and after it is written */
    const char *key;        /* the conversation: "twitch:1234", "terminal" */
    const char *channel;    /* where it was said; "" = nowhere in particular */
    const char *message_id; /* of the line; "" = none */
    const char *name;       /* who said it, as shown; "" = nobody in particular */
    const char *line;
    const char *reply;
    int64_t said_at_s; /* seconds since 1970; 0 = now */
    bool is_sent;      /* false: about to be */
};

/* PAL_ERR_IO: the folder or file can't be made or written (the text says which and why). */
enum pal_err pal_store_open(uv_loop_t *loop, const struct pal_store_options *options,
                            struct pal_store **store, struct pal_error *error) PAL_MUST_USE;

uint64_t pal_store_new_token(struct pal_store *store);

/* Called once from the loop, never from inside pal_store_put(): PAL_OK = it is on disk. After an
 * error it is still tried again. */
typedef void (*pal_store_done_fn)(enum pal_err err, void *userdata);
/* Writes an exchange down; on_done may be NULL. */
void pal_store_put(struct pal_store *store, const struct pal_store_row *row,
                   pal_store_done_fn on_done, void *userdata);
/* It was sent, in these words. */
void pal_store_sent(struct pal_store *store, uint64_t token, const char *reply);
/* It was not sent after all. */
void pal_store_drop(struct pal_store *store, uint64_t token);

/*
 * Forgets what matches everything that is not NULL (and not older than max_age_s, if that is not
 * 0): a conversation, all of a channel, one message.
 */
struct pal_store_match {
    const char *key;
    const char *channel;
    const char *message_id;
    int64_t max_age_s;
};
void pal_store_forget(struct pal_store *store, const struct pal_store_match *match);
/* Forgets a conversation's newest exchange. */
void pal_store_forget_newest(struct pal_store *store, const char *key);

/*
 * The newest `max` exchanges of a conversation, oldest first. Reads the disk (well under a
 * millisecond); sees what has been committed. False: it could not be read, which is logged.
 */
typedef void (*pal_store_row_fn)(const struct pal_store_row *row, void *userdata);
bool pal_store_load(struct pal_store *store, const char *key, size_t max, pal_store_row_fn on_row,
                    void *userdata);

/* Changes that are not on disk yet, and those that were given up because there were too many. */
uint32_t pal_store_n_pending(struct pal_store *store);
uint64_t pal_store_n_lost(struct pal_store *store);

typedef void (*pal_store_closed_fn)(void *userdata);
/*
 * Writes what is left (waits for the disk, seconds at most), then calls back from the loop; every
 * on_done has been called by then. Accepts NULL (calls back at once).
 */
void pal_store_close(struct pal_store *store, pal_store_closed_fn on_closed, void *userdata);

/* ---- for `palabre memory`: the file alone, without loop or thread; blocks ---- */

struct pal_store_conversation {
    const char *key;
    const char *name; /* the last one that was shown */
    int64_t n_exchanges;
    int64_t first_s;
    int64_t last_s;
};
typedef void (*pal_store_conversation_fn)(const struct pal_store_conversation *conversation,
                                          void *userdata);
/* Newest first. PAL_ERR_NOT_FOUND: there is no such file; PAL_ERR_IO. */
enum pal_err pal_store_list(const char *path, pal_store_conversation_fn on_conversation,
                            void *userdata, struct pal_error *error) PAL_MUST_USE;
/* All exchanges, oldest first, of one conversation or of all (key NULL). */
enum pal_err pal_store_each(const char *path, const char *key, pal_store_row_fn on_row,
                            void *userdata, struct pal_error *error) PAL_MUST_USE;
/* Forgets one conversation, or all (key NULL); *n_exchanges were there. */
enum pal_err pal_store_erase(const char *path, const char *key, int64_t *n_exchanges,
                             struct pal_error *error) PAL_MUST_USE;

#endif
