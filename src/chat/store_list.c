/* The store's file for `palabre memory`: no loop, no thread. */
#include "chat/store_file.h"

static enum pal_err
conclude(sqlite3 *db, int code, const char *path, struct pal_error *error)
{
    enum pal_err err = PAL_OK;
    if (code != SQLITE_OK) {
        err = pal_error_set(error, PAL_ERR_IO, "cannot read the memory in '%s': %s", path,
                            sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db);
    return err;
}

enum pal_err
pal_store_list(const char *path, pal_store_conversation_fn on_conversation, void *userdata,
               struct pal_error *error)
{
    sqlite3 *db = NULL;
    enum pal_err err = pal_store_file_open(path, PAL_STORE_READ, &db, error);
    if (err != PAL_OK) {
        return err;
    }
    /* max(id) makes SQLite take the bare column `name` from that very row. */
    static const char sql[] = "SELECT key, name, count(*), min(said_at), max(said_at), max(id)"
                              " FROM exchange GROUP BY key ORDER BY max(id) DESC";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const unsigned char *key = sqlite3_column_text(statement, 0);
        const unsigned char *name = sqlite3_column_text(statement, 1);
        struct pal_store_conversation conversation = {
            .key = key != NULL ? (const char *)key : "",
            .name = name != NULL ? (const char *)name : "",
            .n_exchanges = sqlite3_column_int64(statement, 2),
            .first_s = sqlite3_column_int64(statement, 3),
            .last_s = sqlite3_column_int64(statement, 4),
        };
        on_conversation(&conversation, userdata);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    return conclude(db, code == SQLITE_DONE ? SQLITE_OK : code, path, error);
}

enum pal_err
pal_store_each(const char *path, const char *key, pal_store_row_fn on_row, void *userdata,
               struct pal_error *error)
{
    sqlite3 *db = NULL;
    enum pal_err err = pal_store_file_open(path, PAL_STORE_READ, &db, error);
    if (err != PAL_OK) {
        return err;
    }
    return conclude(db, pal_store_file_each(db, key, 0, on_row, userdata), path, error);
}

enum pal_err
pal_store_erase(const char *path, const char *key, int64_t *n_exchanges, struct pal_error *error)
{
    sqlite3 *db = NULL;
    enum pal_err err = pal_store_file_open(path, PAL_STORE_WRITE, &db, error);
    if (err != PAL_OK) {
        return err;
    }
    const struct pal_store_match match = {.key = key};
    int code = pal_store_file_forget(db, &match);
    *n_exchanges = sqlite3_changes(db);
    if (code == SQLITE_OK) {
        (void)pal_store_file_run(db, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);");
    }
    return conclude(db, code, path, error);
}
