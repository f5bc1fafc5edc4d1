#include "chat/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chat/store_file.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"

#define LOG_TOPIC "memory"

#define DEFAULT_MAX_BYTES ((int64_t)64 * 1024 * 1024)
#define LEAST_MAX_BYTES   ((int64_t)1024 * 1024)
#define RETRY_NS          ((uint64_t)1000000000)
#define PRUNE_EVERY_S     600
#define PRUNE_BATCHES     256

/* Of one transaction: half, so that beyond the maximum there is always one that can be given up. */
#define BATCH_MAX (PAL_STORE_CHANGES_MAX / 2)

/* Strings of one change. */
#define TEXTS_MAX 6

enum change_kind {
    CHANGE_PUT,
    CHANGE_SENT,
    CHANGE_DROP,
    CHANGE_FORGET,
    CHANGE_FORGET_NEWEST,
};

/* What the loop wants done. */
struct change {
    enum change_kind kind;
    struct pal_store_row exchange; /* PUT; of SENT and DROP the token and reply */
    struct pal_store_match match;  /* FORGET */
    pal_store_done_fn on_done;     /* NULL = nobody waits, or it has been told */
    void *userdata;
    char *copies[TEXTS_MAX]; /* what the strings above point to */
    size_t n_copies;
    struct change *next;
};

/* What the thread tells the loop. */
struct report {
    pal_store_done_fn on_done;
    void *userdata;
    enum pal_err err;
    struct report *next;
};

struct pal_store {
    char *path;
    int64_t max_bytes;
    int64_t max_age_s;
    uint64_t last_token; /* loop */
    uv_thread_t thread;
    uv_async_t wakeup;
    pal_store_closed_fn on_closed;
    void *closed_userdata;

    /* Shared, under the lock. */
    uv_mutex_t lock;
    uv_cond_t has_work;
    struct change *first; /* waiting, oldest first */
    struct change *last;
    uint32_t n_pending; /* waiting, or with the thread */
    uint64_t n_lost;
    struct report *reports; /* oldest first */
    struct report *last_report;
    bool is_closing;

    /* The thread's own. */
    sqlite3 *db; /* NULL = it could not be opened again; tried with the next batch */
    bool is_failing;
    int64_t pruned_at_s;
    uint32_t n_batches;
};

/* A copy of the text that lives as long as the change; NULL stays NULL. */
static const char *
keep(struct change *change, const char *text)
{
    char *copy = pal_strdup(text);
    change->copies[change->n_copies++] = copy;
    return copy;
}

static void
change_destroy(struct change *change)
{
    for (size_t i = 0; i < change->n_copies; i++) {
        free(change->copies[i]);
    }
    free(change);
}

/* ---- the thread ---- */

static int
apply(sqlite3 *db, const struct change *change)
{
    switch (change->kind) {
    case CHANGE_PUT:
        return pal_store_file_put(db, &change->exchange);
    case CHANGE_SENT:
        return pal_store_file_sent(db, change->exchange.token, change->exchange.reply);
    case CHANGE_DROP:
        return pal_store_file_drop(db, change->exchange.token);
    case CHANGE_FORGET:
        return pal_store_file_forget(db, &change->match);
    case CHANGE_FORGET_NEWEST:
        return pal_store_file_forget_newest(db, change->match.key);
    }
    return SQLITE_MISUSE;
}

static int
apply_all(struct pal_store *store, const struct change *changes)
{
    int code = pal_store_file_run(store->db, "BEGIN IMMEDIATE");
    bool forgets = false;
    for (const struct change *c = changes; c != NULL && code == SQLITE_OK; c = c->next) {
        code = apply(store->db, c);
        forgets |= c->kind == CHANGE_FORGET || c->kind == CHANGE_FORGET_NEWEST;
    }
    if (code == SQLITE_OK) {
        code = pal_store_file_run(store->db, "COMMIT");
    }
    if (code != SQLITE_OK) {
        (void)pal_store_file_run(store->db, "ROLLBACK");
        return code;
    }
    if (forgets) {
        /* Else the forgotten words would stay readable in the write-ahead log. */
        (void)pal_store_file_run(store->db, "PRAGMA incremental_vacuum;"
                                            "PRAGMA wal_checkpoint(TRUNCATE);");
    }
    return SQLITE_OK;
}

static void
prune_sometimes(struct pal_store *store)
{
    int64_t now_s = pal_wall_seconds();
    store->n_batches++;
    if (now_s - store->pruned_at_s < PRUNE_EVERY_S && store->n_batches % PRUNE_BATCHES != 0) {
        return;
    }
    store->pruned_at_s = now_s;
    int code = pal_store_file_prune(store->db, store->max_bytes, store->max_age_s);
    if (code != SQLITE_OK) {
        pal_log_warn("old memories can't be removed", "why=" PAL_LOG_STR, sqlite3_errstr(code));
    }
}

/* A damaged file goes aside and a new one begins. */
static enum pal_err
open_anew(struct pal_store *store, struct pal_error *error)
{
    enum pal_err err = pal_store_file_open(store->path, PAL_STORE_MAKE, &store->db, error);
    if (err != PAL_ERR_PROTO) {
        return err;
    }
    char *aside = NULL;
    struct pal_error why = *error;
    err = pal_store_file_set_aside(store->path, &aside, error);
    if (err == PAL_OK) {
        pal_log_error("the memory was damaged: it is kept aside, and a new one begins",
                      "why=" PAL_LOG_STR " kept=" PAL_LOG_STR, why.text, aside);
        err = pal_store_file_open(store->path, PAL_STORE_MAKE, &store->db, error);
    }
    free(aside);
    return err;
}

static void
tell_failing(struct pal_store *store, const char *why)
{
    if (!store->is_failing) {
        pal_log_error("conversations can't be written down; trying again every second",
                      "file=" PAL_LOG_STR " why=" PAL_LOG_STR, store->path, why);
    }
    store->is_failing = true;
}

static enum pal_err
write_down(struct pal_store *store, const struct change *changes)
{
    struct pal_error error = {.code = PAL_OK};
    if (store->db == NULL && open_anew(store, &error) != PAL_OK) {
        tell_failing(store, error.text);
        return PAL_ERR_IO;
    }
    int code = apply_all(store, changes);
    int primary = code & 0xff;
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
        (void)sqlite3_close(store->db);
        store->db = NULL;
        if (open_anew(store, &error) == PAL_OK) {
            code = apply_all(store, changes);
        }
    }
    if (code != SQLITE_OK) {
        tell_failing(store, sqlite3_errstr(code));
        return PAL_ERR_IO;
    }
    if (store->is_failing) {
        store->is_failing = false;
        pal_log_info("conversations are written down again", "file=" PAL_LOG_STR, store->path);
    }
    prune_sometimes(store);
    return PAL_OK;
}

/* Tells the loop about each change of a batch that somebody waits for. Under the lock. */
static void
report_all(struct pal_store *store, struct change *changes, enum pal_err err)
{
    for (struct change *c = changes; c != NULL; c = c->next) {
        if (c->on_done == NULL) {
            continue;
        }
        struct report *report = pal_calloc(1, sizeof(*report));
        *report = (struct report){.on_done = c->on_done, .userdata = c->userdata, .err = err};
        c->on_done = NULL;
        if (store->last_report != NULL) {
            store->last_report->next = report;
        } else {
            store->reports = report;
        }
        store->last_report = report;
    }
    (void)uv_async_send(&store->wakeup);
}

static uint32_t
destroy_all(struct change *changes)
{
    uint32_t n = 0;
    while (changes != NULL) {
        struct change *next = changes->next;
        change_destroy(changes);
        changes = next;
        n++;
    }
    return n;
}

/* What could not be written goes back to the front of the line. Under the lock. */
static void
put_back(struct pal_store *store, struct change *changes)
{
    struct change *last = changes;
    while (last->next != NULL) {
        last = last->next;
    }
    last->next = store->first;
    store->last = store->first != NULL ? store->last : last;
    store->first = changes;
}

/* Takes the oldest changes, at most BATCH_MAX, out of the line. Under the lock. */
static struct change *
take_batch(struct pal_store *store)
{
    struct change *first = store->first;
    struct change *last = first;
    for (int n = 1; n < BATCH_MAX && last->next != NULL; n++) {
        last = last->next;
    }
    store->first = last->next;
    store->last = store->first != NULL ? store->last : NULL;
    last->next = NULL;
    return first;
}

/* What could not be written while closing is lost, and what waits behind it. Under the lock. */
static void
give_up_all(struct pal_store *store)
{
    uint32_t n_lost = destroy_all(store->first);
    store->first = NULL;
    store->last = NULL;
    store->n_pending -= n_lost;
    store->n_lost += n_lost;
}

static void
run_thread(void *userdata)
{
    struct pal_store *store = userdata;
    uv_mutex_lock(&store->lock);
    for (;;) {
        while (store->first == NULL && !store->is_closing) {
            uv_cond_wait(&store->has_work, &store->lock);
        }
        if (store->first == NULL) {
            break;
        }
        struct change *changes = take_batch(store);
        bool is_last_try = store->is_closing;
        uv_mutex_unlock(&store->lock);
        enum pal_err err = write_down(store, changes);
        uv_mutex_lock(&store->lock);
        report_all(store, changes, err);
        if (err == PAL_OK) {
            store->n_pending -= destroy_all(changes);
            continue;
        }
        put_back(store, changes);
        if (is_last_try) {
            give_up_all(store);
        } else if (!store->is_closing) {
            (void)uv_cond_timedwait(&store->has_work, &store->lock, RETRY_NS);
        }
    }
    uv_mutex_unlock(&store->lock);
    (void)sqlite3_close(store->db);
    store->db = NULL;
}

/* ---- the loop ---- */

static void
on_wakeup(uv_async_t *handle)
{
    struct pal_store *store = handle->data;
    uv_mutex_lock(&store->lock);
    struct report *reports = store->reports;
    store->reports = NULL;
    store->last_report = NULL;
    uv_mutex_unlock(&store->lock);
    while (reports != NULL) {
        struct report *next = reports->next;
        reports->on_done(reports->err, reports->userdata);
        free(reports);
        reports = next;
    }
}

/* Beyond the maximum the oldest waiting change is given up; who waits for it is told. */
static void
enqueue(struct pal_store *store, struct change *change)
{
    uv_mutex_lock(&store->lock);
    if (store->n_pending >= PAL_STORE_CHANGES_MAX) {
        struct change *oldest = store->first;
        store->first = oldest->next;
        store->last = store->first != NULL ? store->last : NULL;
        oldest->next = NULL;
        report_all(store, oldest, PAL_ERR_LIMIT);
        change_destroy(oldest);
        store->n_pending--;
        store->n_lost++;
    }
    if (store->last != NULL) {
        store->last->next = change;
    } else {
        store->first = change;
    }
    store->last = change;
    store->n_pending++;
    uv_cond_signal(&store->has_work);
    uv_mutex_unlock(&store->lock);
}

uint64_t
pal_store_new_token(struct pal_store *store)
{
    /* A sequence from a random start: unique over restarts and over two processes of one file. */
    store->last_token = (store->last_token + 1) & (uint64_t)INT64_MAX;
    return store->last_token;
}

void
pal_store_put(struct pal_store *store, const struct pal_store_row *exchange,
              pal_store_done_fn on_done, void *userdata)
{
    struct change *change = pal_calloc(1, sizeof(*change));
    *change = (struct change){
        .kind = CHANGE_PUT,
        .exchange = *exchange,
        .on_done = on_done,
        .userdata = userdata,
    };
    struct pal_store_row *copy = &change->exchange;
    copy->key = keep(change, exchange->key);
    copy->channel = keep(change, exchange->channel);
    copy->message_id = keep(change, exchange->message_id);
    copy->name = keep(change, exchange->name);
    copy->line = keep(change, exchange->line);
    copy->reply = keep(change, exchange->reply);
    copy->said_at_s = exchange->said_at_s != 0 ? exchange->said_at_s : pal_wall_seconds();
    enqueue(store, change);
}

void
pal_store_sent(struct pal_store *store, uint64_t token, const char *reply)
{
    struct change *change = pal_calloc(1, sizeof(*change));
    change->kind = CHANGE_SENT;
    change->exchange.token = token;
    change->exchange.reply = keep(change, reply);
    enqueue(store, change);
}

void
pal_store_drop(struct pal_store *store, uint64_t token)
{
    struct change *change = pal_calloc(1, sizeof(*change));
    change->kind = CHANGE_DROP;
    change->exchange.token = token;
    enqueue(store, change);
}

void
pal_store_forget(struct pal_store *store, const struct pal_store_match *match)
{
    struct change *change = pal_calloc(1, sizeof(*change));
    change->kind = CHANGE_FORGET;
    change->match = *match;
    change->match.key = keep(change, match->key);
    change->match.channel = keep(change, match->channel);
    change->match.message_id = keep(change, match->message_id);
    enqueue(store, change);
}

void
pal_store_forget_newest(struct pal_store *store, const char *key)
{
    struct change *change = pal_calloc(1, sizeof(*change));
    change->kind = CHANGE_FORGET_NEWEST;
    change->match.key = keep(change, key);
    enqueue(store, change);
}

bool
pal_store_load(struct pal_store *store, const char *key, size_t max, pal_store_row_fn on_row,
               void *userdata)
{
    /* A connection of its own for each of these rare reads: the thread's may be replaced. */
    sqlite3 *db = NULL;
    struct pal_error error;
    if (pal_store_file_open(store->path, PAL_STORE_READ, &db, &error) != PAL_OK) {
        pal_log_warn("a conversation can't be remembered", "why=" PAL_LOG_STR, error.text);
        return false;
    }
    (void)sqlite3_busy_timeout(db,
                               0); /* readers don't wait for writers in WAL, nor does the loop */
    int code = pal_store_file_each(db, key, max, on_row, userdata);
    (void)sqlite3_close(db);
    if (code != SQLITE_OK) {
        pal_log_warn("a conversation can't be remembered", "why=" PAL_LOG_STR,
                     sqlite3_errstr(code));
    }
    return code == SQLITE_OK;
}

uint32_t
pal_store_n_pending(struct pal_store *store)
{
    uv_mutex_lock(&store->lock);
    uint32_t n = store->n_pending;
    uv_mutex_unlock(&store->lock);
    return n;
}

uint64_t
pal_store_n_lost(struct pal_store *store)
{
    uv_mutex_lock(&store->lock);
    uint64_t n = store->n_lost;
    uv_mutex_unlock(&store->lock);
    return n;
}

enum pal_err
pal_store_open(uv_loop_t *loop, const struct pal_store_options *options, struct pal_store **out,
               struct pal_error *error)
{
    struct pal_store *store = pal_calloc(1, sizeof(*store));
    store->path = pal_strdup(options->path);
    store->max_bytes = options->max_bytes > 0 ? options->max_bytes : DEFAULT_MAX_BYTES;
    store->max_bytes = store->max_bytes < LEAST_MAX_BYTES ? LEAST_MAX_BYTES : store->max_bytes;
    store->max_age_s = options->max_age_s;
    char *folder = pal_path_parent(store->path);
    enum pal_err err = pal_path_make_dirs(folder, error);
    free(folder);
    err = err == PAL_OK ? open_anew(store, error) : err;
    if (err != PAL_OK) {
        free(store->path);
        free(store);
        return PAL_ERR_IO;
    }
    sqlite3_randomness((int)sizeof(store->last_token), &store->last_token);
    (void)pal_store_file_prune(store->db, store->max_bytes, store->max_age_s);
    store->pruned_at_s = pal_wall_seconds();
    (void)uv_async_init(loop, &store->wakeup, on_wakeup);
    store->wakeup.data = store;
    PAL_ASSERT(uv_mutex_init(&store->lock) == 0);
    PAL_ASSERT(uv_cond_init(&store->has_work) == 0);
    PAL_ASSERT(uv_thread_create(&store->thread, run_thread, store) == 0);
    *out = store;
    return PAL_OK;
}

static void
on_wakeup_closed(uv_handle_t *handle)
{
    struct pal_store *store = handle->data;
    pal_store_closed_fn on_closed = store->on_closed;
    void *userdata = store->closed_userdata;
    uv_mutex_destroy(&store->lock);
    uv_cond_destroy(&store->has_work);
    free(store->path);
    free(store);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

void
pal_store_close(struct pal_store *store, pal_store_closed_fn on_closed, void *userdata)
{
    if (store == NULL) {
        if (on_closed != NULL) {
            on_closed(userdata);
        }
        return;
    }
    uv_mutex_lock(&store->lock);
    store->is_closing = true;
    uv_cond_signal(&store->has_work);
    uv_mutex_unlock(&store->lock);
    (void)uv_thread_join(&store->thread);
    on_wakeup(&store->wakeup);
    if (store->n_lost > 0) {
        pal_log_warn("some of what was said could not be written down", "n=%" PRIu64,
                     store->n_lost);
    }
    store->on_closed = on_closed;
    store->closed_userdata = userdata;
    uv_close((uv_handle_t *)&store->wakeup, on_wakeup_closed);
}
