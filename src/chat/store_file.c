#include "chat/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/path.h"

/* "PAL" and the schema's version: another program's database is not touched. */
#define APPLICATION_ID "1346456577"
#define VERSION        "1"
/* What one round of pruning takes away, in parts of all rows. */
#define PRUNE_PARTS "20"

static const char schema[] =
    "PRAGMA auto_vacuum = INCREMENTAL;"
    "PRAGMA journal_mode = WAL;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS exchange ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " token INTEGER NOT NULL UNIQUE,"
    " key TEXT NOT NULL,"
    " channel TEXT NOT NULL,"
    " message_id TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " said_at INTEGER NOT NULL,"
    " line TEXT NOT NULL,"
    " reply TEXT NOT NULL,"
    " is_sent INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS exchange_key ON exchange (key, id);"
    "CREATE INDEX IF NOT EXISTS exchange_message ON exchange (channel, message_id);"
    "PRAGMA application_id = " APPLICATION_ID ";"
    "PRAGMA user_version = " VERSION ";"
    "COMMIT;";

/* Every commit is on disk before it is reported: at a chat's speed that costs nothing. */
static const char settings[] = "PRAGMA synchronous = FULL;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA journal_size_limit = 4194304;";

int
pal_store_file_run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int
on_text(void *userdata, int n_columns, char **values, char **names)
{
    (void)names;
    char *text = userdata;
    if (n_columns > 0 && values[0] != NULL) {
        (void)snprintf(text, 64, "%s", values[0]);
    }
    return 0;
}

/* The first value of the statement's last row; "" if there is none. */
static int
ask(sqlite3 *db, const char *sql, char text[64])
{
    text[0] = '\0';
    return sqlite3_exec(db, sql, on_text, text, NULL);
}

static enum pal_err
refuse(sqlite3 *db, int code, const char *path, struct pal_error *error)
{
    int primary = code & 0xff;
    bool is_damaged = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
    return pal_error_set(error, is_damaged ? PAL_ERR_PROTO : PAL_ERR_IO,
                         "cannot use the memory in '%s': %s", path,
                         db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

/* A new file, or one that says it is ours and holds together. */
static enum pal_err
check(sqlite3 *db, const char *path, struct pal_error *error)
{
    char text[64];
    int code = ask(db, "PRAGMA application_id", text);
    if (code == SQLITE_OK && strcmp(text, "0") == 0) {
        code = ask(db, "SELECT count(*) FROM sqlite_master", text);
        if (code == SQLITE_OK && strcmp(text, "0") == 0) {
            return PAL_OK;
        }
    }
    if (code != SQLITE_OK) {
        return refuse(db, code, path, error);
    }
    if (strcmp(text, APPLICATION_ID) != 0) {
        return pal_error_set(error, PAL_ERR_PROTO, "'%s' is a database of another program", path);
    }
    code = ask(db, "PRAGMA user_version", text);
    if (code == SQLITE_OK && strcmp(text, VERSION) != 0) {
        return pal_error_set(error, PAL_ERR_IO,
                             "the memory in '%s' was written by another version of palabre (%s)",
                             path, text);
    }
    code = code == SQLITE_OK ? ask(db, "PRAGMA quick_check(1)", text) : code;
    if (code != SQLITE_OK) {
        return refuse(db, code, path, error);
    }
    if (strcmp(text, "ok") != 0) {
        return pal_error_set(error, PAL_ERR_PROTO, "the memory in '%s' is damaged: %s", path, text);
    }
    return PAL_OK;
}

/* SQLite would make the file readable for everybody. */
static void
make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)close(fd);
    }
}

enum pal_err
pal_store_file_open(const char *path, enum pal_store_mode mode, sqlite3 **out,
                    struct pal_error *error)
{
    if (mode != PAL_STORE_MAKE && access(path, F_OK) != 0) {
        return pal_error_set(error, PAL_ERR_NOT_FOUND, "there is no memory yet ('%s')", path);
    }
    if (mode == PAL_STORE_MAKE) {
        make_private(path);
    }
    sqlite3 *db = NULL;
    /* WAL needs to write beside the file even to read it. */
    int flags = SQLITE_OPEN_READWRITE | (mode == PAL_STORE_MAKE ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    enum pal_err err = PAL_OK;
    if (code != SQLITE_OK) {
        err = refuse(db, code, path, error);
    } else {
        (void)sqlite3_busy_timeout(db, PAL_STORE_BUSY_MS);
        err = mode == PAL_STORE_MAKE ? check(db, path, error) : PAL_OK;
    }
    if (err == PAL_OK) {
        code = mode == PAL_STORE_MAKE ? pal_store_file_run(db, schema) : SQLITE_OK;
        code = code == SQLITE_OK ? pal_store_file_run(db, settings) : code;
        err = code == SQLITE_OK ? PAL_OK : refuse(db, code, path, error);
    }
    if (err != PAL_OK) {
        (void)sqlite3_close(db);
        return err;
    }
    *out = db;
    return PAL_OK;
}

enum pal_err
pal_store_file_set_aside(const char *path, char **aside, struct pal_error *error)
{
    static const char *const endings[] = {"-wal", "-shm"};
    time_t now = time(NULL);
    struct tm parts;
    char stamp[32];
    (void)gmtime_r(&now, &parts);
    (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%S", &parts);
    *aside = pal_printf("%s.bad-%s", path, stamp);
    for (int n = 2; access(*aside, F_OK) == 0; n++) {
        free(*aside);
        *aside = pal_printf("%s.bad-%s-%d", path, stamp, n);
    }
    if (rename(path, *aside) != 0) {
        return pal_error_set(error, PAL_ERR_IO, "cannot keep '%s' aside: %s", path,
                             strerror(errno));
    }
    for (size_t i = 0; i < PAL_COUNT_OF(endings); i++) {
        char *from = pal_printf("%s%s", path, endings[i]);
        char *to = pal_printf("%s%s", *aside, endings[i]);
        (void)rename(from, to);
        free(from);
        free(to);
    }
    return PAL_OK;
}

/* ---- statements ---- */

static int
bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    return sqlite3_bind_text(statement, at, text != NULL ? text : "", -1, SQLITE_TRANSIENT);
}

/* Runs a statement to its end; prepared anew each time, as chats are slow. */
static int
finish(sqlite3_stmt *statement, int code)
{
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    int final = sqlite3_finalize(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK
           : final != SQLITE_OK                      ? final
                                                     : code;
}

int
pal_store_file_put(sqlite3 *db, const struct pal_store_row *exchange)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        db,
        "INSERT INTO exchange (token, key, channel, message_id, name, said_at, line, reply,"
        " is_sent) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (token) DO NOTHING",
        -1, &statement, NULL);
    const char *const texts[] = {exchange->key, exchange->channel, exchange->message_id,
                                 exchange->name};
    code = code == SQLITE_OK ? sqlite3_bind_int64(statement, 1, (int64_t)exchange->token) : code;
    for (size_t i = 0; i < PAL_COUNT_OF(texts) && code == SQLITE_OK; i++) {
        code = bind_text(statement, (int)i + 2, texts[i]);
    }
    int64_t said_at = exchange->said_at_s != 0 ? exchange->said_at_s : pal_wall_seconds();
    code = code == SQLITE_OK ? sqlite3_bind_int64(statement, 6, said_at) : code;
    code = code == SQLITE_OK ? bind_text(statement, 7, exchange->line) : code;
    code = code == SQLITE_OK ? bind_text(statement, 8, exchange->reply) : code;
    code = code == SQLITE_OK ? sqlite3_bind_int(statement, 9, exchange->is_sent ? 1 : 0) : code;
    return finish(statement, code);
}

int
pal_store_file_sent(sqlite3 *db, uint64_t token, const char *reply)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "UPDATE exchange SET is_sent = 1, reply = ? WHERE token = ?",
                                  -1, &statement, NULL);
    code = code == SQLITE_OK ? bind_text(statement, 1, reply) : code;
    code = code == SQLITE_OK ? sqlite3_bind_int64(statement, 2, (int64_t)token) : code;
    return finish(statement, code);
}

int
pal_store_file_drop(sqlite3 *db, uint64_t token)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "DELETE FROM exchange WHERE token = ?", -1, &statement, NULL);
    code = code == SQLITE_OK ? sqlite3_bind_int64(statement, 1, (int64_t)token) : code;
    return finish(statement, code);
}

int
pal_store_file_forget(sqlite3 *db, const struct pal_store_match *match)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db,
                                  "DELETE FROM exchange WHERE (?1 IS NULL OR key = ?1)"
                                  " AND (?2 IS NULL OR channel = ?2)"
                                  " AND (?3 IS NULL OR message_id = ?3) AND said_at >= ?4",
                                  -1, &statement, NULL);
    const char *const texts[] = {match->key, match->channel, match->message_id};
    for (size_t i = 0; i < PAL_COUNT_OF(texts) && code == SQLITE_OK; i++) {
        if (texts[i] != NULL) {
            code = bind_text(statement, (int)i + 1, texts[i]);
        }
    }
    int64_t since = match->max_age_s > 0 ? pal_wall_seconds() - match->max_age_s : 0;
    code = code == SQLITE_OK ? sqlite3_bind_int64(statement, 4, since) : code;
    return finish(statement, code);
}

int
pal_store_file_forget_newest(sqlite3 *db, const char *key)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        db, "DELETE FROM exchange WHERE id = (SELECT max(id) FROM exchange WHERE key = ?)", -1,
        &statement, NULL);
    code = code == SQLITE_OK ? bind_text(statement, 1, key) : code;
    return finish(statement, code);
}

static int64_t
bytes_used(sqlite3 *db)
{
    char pages[64];
    char unused[64];
    char page[64];
    if (ask(db, "PRAGMA page_count", pages) != SQLITE_OK ||
        ask(db, "PRAGMA freelist_count", unused) != SQLITE_OK ||
        ask(db, "PRAGMA page_size", page) != SQLITE_OK) {
        return 0;
    }
    int64_t n_used = strtoll(pages, NULL, 10) - strtoll(unused, NULL, 10);
    return n_used * strtoll(page, NULL, 10);
}

int
pal_store_file_prune(sqlite3 *db, int64_t max_bytes, int64_t max_age_s)
{
    int code = SQLITE_OK;
    bool has_pruned = false;
    if (max_age_s > 0) {
        char *sql = pal_printf("DELETE FROM exchange WHERE said_at < %lld",
                               (long long)(pal_wall_seconds() - max_age_s));
        code = pal_store_file_run(db, sql);
        has_pruned = sqlite3_changes(db) > 0;
        free(sql);
    }
    while (code == SQLITE_OK && bytes_used(db) > max_bytes) {
        code = pal_store_file_run(
            db, "DELETE FROM exchange WHERE id IN (SELECT id FROM exchange ORDER BY id LIMIT"
                " 1 + (SELECT count(*) FROM exchange) / " PRUNE_PARTS ")");
        has_pruned = true;
        if (sqlite3_changes(db) == 0) {
            break;
        }
    }
    if (code == SQLITE_OK && has_pruned) {
        code = pal_store_file_run(db, "PRAGMA incremental_vacuum");
    }
    return code;
}

static const char *
column(sqlite3_stmt *statement, int at)
{
    const unsigned char *text = sqlite3_column_text(statement, at);
    return text != NULL ? (const char *)text : "";
}

int
pal_store_file_each(sqlite3 *db, const char *key, size_t max, pal_store_row_fn on_row,
                    void *userdata)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        db,
        "SELECT token, key, channel, message_id, name, said_at, line, reply, is_sent FROM"
        " (SELECT * FROM exchange WHERE ?1 IS NULL OR key = ?1 ORDER BY id DESC LIMIT ?2)"
        " ORDER BY id",
        -1, &statement, NULL);
    if (code == SQLITE_OK && key != NULL) {
        code = bind_text(statement, 1, key);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_bind_int64(statement, 2, max > 0 ? (int64_t)max : -1);
    }
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct pal_store_row exchange = {
            .token = (uint64_t)sqlite3_column_int64(statement, 0),
            .key = column(statement, 1),
            .channel = column(statement, 2),
            .message_id = column(statement, 3),
            .name = column(statement, 4),
            .said_at_s = sqlite3_column_int64(statement, 5),
            .line = column(statement, 6),
            .reply = column(statement, 7),
            .is_sent = sqlite3_column_int(statement, 8) != 0,
        };
        on_row(&exchange, userdata);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}
