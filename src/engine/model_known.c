/*
 * System messages that clients send: their KV is kept in files beside the persona's own
 * (model_warm.c), and is there after the next start, parked, for the first prompt that begins with
 * it. Some clients put the time into theirs: after the first few of a run, only those that are sent
 * again are worth a file.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/model_kv.h"
#include "engine/model_worker.h"
#include "util/mem.h"
#include "util/path.h"

#define LOG_TOPIC "warm"
#include "util/log.h"

/* So many of a run are kept at once; after that, what is sent so often. */
#define FIRST_MAX 4
#define USES_MIN  2
/* Files that are read at the start, the newest ones. */
#define READ_MAX 4

void
pal_known_finish(struct pal_known *known)
{
    for (size_t i = 0; i < known->n_items; i++) {
        free(known->items[i].tokens);
    }
    known->n_items = 0;
}

static bool
can_keep(const struct pal_model_worker *w)
{
    return w->settings->warm_dir != NULL && w->model.can_edit;
}

static char *
path_of(const struct pal_model_worker *w, uint64_t hash)
{
    return pal_printf("%s/%016" PRIx64 ".kv", w->settings->warm_dir, hash);
}

/* ---- at the start ---- */

struct file {
    char *path; /* owned */
    struct timespec used;
};

/* Puts it among the newest, which are sorted, newest first. */
static void
add_file(struct file files[READ_MAX], char *path, const struct stat *st)
{
    struct file one = {.path = path, .used = st->st_mtim};
    for (size_t i = 0; i < READ_MAX; i++) {
        bool is_newer =
            files[i].path == NULL || one.used.tv_sec > files[i].used.tv_sec ||
            (one.used.tv_sec == files[i].used.tv_sec && one.used.tv_nsec > files[i].used.tv_nsec);
        if (is_newer) {
            struct file next = files[i];
            files[i] = one;
            one = next;
        }
        if (one.path == NULL) {
            return;
        }
    }
    free(one.path);
}

static void
find_files(const char *dir, struct file files[READ_MAX])
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *path = pal_path_join(dir, entry->d_name);
        struct stat st;
        if (entry->d_name[0] != '.' && lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            add_file(files, path, &st);
        } else {
            free(path);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

void
pal_model_known_begin(struct pal_model_worker *w)
{
    struct file files[READ_MAX] = {{.path = NULL}};
    pal_known_finish(&w->known);
    if (!can_keep(w) || w->park == NULL) {
        return;
    }
    char *persona = path_of(w, w->known.persona);
    find_files(w->settings->warm_dir, files);
    for (size_t i = 0; i < READ_MAX && files[i].path != NULL; i++) {
        struct pal_span span = {.owner = NULL};
        struct pal_error error;
        bool has_cells = strcmp(files[i].path, persona) == 0;
        /* Another model's are left alone; what is damaged is not used, and goes when it is old. */
        if (!has_cells &&
            pal_park_file_read(files[i].path, w->known.key, true, &span, &error) == PAL_OK) {
            if (span.is_base && span.n_tokens <= w->lines.n_cells / 2) {
                pal_park_put(w->park, &span);
            }
            pal_span_finish(&span);
        }
        free(files[i].path);
    }
    free(persona);
}

/* ---- while prompts come in ---- */

static struct pal_known_base *
find(struct pal_known *known, uint64_t hash)
{
    for (size_t i = 0; i < known->n_items; i++) {
        if (known->items[i].hash == hash) {
            return &known->items[i];
        }
    }
    return NULL;
}

static void
forget_oldest(struct pal_known *known)
{
    free(known->items[0].tokens);
    known->n_items--;
    memmove(known->items, known->items + 1, known->n_items * sizeof(*known->items));
}

void
pal_model_known_note(struct pal_model_worker *w, const int32_t *tokens, size_t n)
{
    struct pal_known *known = &w->known;
    if (!can_keep(w) || n < PAL_SHIFT_MIN_TOKENS || n > w->lines.n_cells / 2) {
        return;
    }
    uint64_t hash = pal_park_hash(known->key, tokens, n * sizeof(*tokens));
    struct pal_known_base *base = find(known, hash);
    if (base != NULL) {
        base->n_uses++;
        return;
    }
    if (known->n_items == PAL_KNOWN_MAX) {
        forget_oldest(known);
    }
    base = &known->items[known->n_items++];
    *base = (struct pal_known_base){.hash = hash, .n_uses = 1};
    char *path = path_of(w, hash);
    base->is_kept = utimensat(AT_FDCWD, path, NULL, 0) == 0; /* it is there, and in use */
    free(path);
    if (!base->is_kept) {
        base->n_tokens = n;
        base->tokens = pal_calloc(n, sizeof(*tokens));
        memcpy(base->tokens, tokens, n * sizeof(*tokens));
    }
}

/* ---- while nobody waits ---- */

static const struct pal_timeline *
who_holds(const struct pal_timelines *t, const struct pal_known_base *base)
{
    for (size_t i = 0; i < t->n_items; i++) {
        const struct pal_timeline *line = &t->items[i];
        if (pal_tokens_common(line->tokens, line->n_tokens, base->tokens, base->n_tokens) ==
                base->n_tokens &&
            line->positions[base->n_tokens - 1] == (int32_t)base->n_tokens - 1 && !line->is_moved) {
            return line;
        }
    }
    return NULL;
}

static void
write_base(struct pal_model_worker *w, const struct pal_known_base *base)
{
    const struct pal_timeline *line = who_holds(&w->lines, base);
    if (line == NULL) {
        return; /* it has left its cells meanwhile: another time */
    }
    struct pal_span span = {
        .tokens = base->tokens,
        .n_tokens = base->n_tokens,
        .n_prompt = base->n_tokens,
        .is_base = true,
    };
    pal_model_warm_write(w, line, &span, base->hash);
}

bool
pal_model_known_step(struct pal_model_worker *w)
{
    for (size_t i = 0; i < w->known.n_items; i++) {
        struct pal_known_base *base = &w->known.items[i];
        bool is_worth_it = w->known.n_written < FIRST_MAX || base->n_uses >= USES_MIN;
        if (!base->is_kept && is_worth_it) {
            write_base(w, base);
            w->known.n_written++;
            base->is_kept = true;
            free(base->tokens);
            base->tokens = NULL;
            return true;
        }
    }
    return false;
}
