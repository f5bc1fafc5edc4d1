#ifndef PAL_CHAT_STORE_FILE_H
#define PAL_CHAT_STORE_FILE_H
/* The store's database as SQL sees it. For store*.c only; one connection, one thread. */
#include <sqlite3.h>

#include "chat/store.h"

/* How long a statement waits for another process's lock. */
#define PAL_STORE_BUSY_MS 2000

enum pal_store_mode {
    PAL_STORE_READ,  /* PAL_ERR_NOT_FOUND if there is no file */
    PAL_STORE_WRITE, /* as READ, to change it */
    PAL_STORE_MAKE,  /* made if it is not there; checked whole */
};

/*
 * PAL_ERR_PROTO: it is there, but damaged or no database of ours; PAL_ERR_IO: anything else. *db is
 * the caller's (sqlite3_close()).
 */
enum pal_err pal_store_file_open(const char *path, enum pal_store_mode mode, sqlite3 **db,
                                 struct pal_error *error) PAL_MUST_USE;
/* Renames the database and its companions to "*.bad-TIME"; *aside names it, owned by the caller. */
enum pal_err pal_store_file_set_aside(const char *path, char **aside,
                                      struct pal_error *error) PAL_MUST_USE;

/* Each returns SQLite's result code. */
int pal_store_file_run(sqlite3 *db, const char *sql);
int pal_store_file_put(sqlite3 *db, const struct pal_store_row *exchange);
int pal_store_file_sent(sqlite3 *db, uint64_t token, const char *reply);
int pal_store_file_drop(sqlite3 *db, uint64_t token);
int pal_store_file_forget(sqlite3 *db, const struct pal_store_match *match);
int pal_store_file_forget_newest(sqlite3 *db, const char *key);
/* Deletes rows beyond the age, and the oldest ones while the file is longer than max_bytes. */
int pal_store_file_prune(sqlite3 *db, int64_t max_bytes, int64_t max_age_s);
/* key NULL = of all; max 0 = no limit, else the newest; oldest first in any case. */
int pal_store_file_each(sqlite3 *db, const char *key, size_t max, pal_store_row_fn on_row,
                        void *userdata);

#endif
