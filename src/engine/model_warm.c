#include "engine/model_warm.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/model_kv.h"
#include "engine/model_worker.h"
#include "engine/sampler.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/path.h"

#define LOG_TOPIC "warm"
#include "util/log.h"

/* No conversation has this name: the front's are valid UTF-8. */
#define OWNER "\xFFpersona"
/* Computed before the inbox is looked into again; a job that comes meanwhile ends the step. */
#define ROWS_MAX 64
/* Personas and models that are remembered; the longest unused goes first. */
#define FILES_MAX 16
/* In place of llama_decode()'s. */
#define STATUS_NO_NUMBERS (-100)

void
pal_warm_finish(struct pal_warm *warm)
{
    free(warm->tokens);
    free(warm->path);
    *warm = (struct pal_warm){0};
}

/* ---- the file ---- */

/* Keeps the folder within FILES_MAX. */
static void
remove_oldest(const char *dir)
{
    size_t n = 0;
    char *oldest = NULL;
    struct timespec when = {0};
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *path = pal_path_join(dir, entry->d_name);
        struct stat st;
        if (entry->d_name[0] == '.' || lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
            free(path);
            continue;
        }
        n++;
        bool is_older = oldest == NULL || st.st_mtim.tv_sec < when.tv_sec ||
                        (st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec);
        if (is_older) {
            free(oldest);
            oldest = path;
            when = st.st_mtim;
        } else {
            free(path);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    if (n > FILES_MAX) {
        (void)unlink(oldest);
    }
    free(oldest);
}

static bool
load_file(struct pal_model_worker *w, uint64_t key)
{
    struct pal_span span;
    struct pal_error error;
    enum pal_err err = pal_park_file_read(w->warm.path, key, true, &span, &error);
    if (err != PAL_OK) {
        if (err != PAL_ERR_NOT_FOUND) {
            pal_log_warn("the persona's file is not used, and removed", "reason=" PAL_LOG_STR,
                         error.text);
            (void)unlink(w->warm.path);
        }
        return false;
    }
    bool is_it = span.is_base && span.n_tokens == w->warm.n_tokens &&
                 memcmp(span.tokens, w->warm.tokens, span.n_tokens * sizeof(*span.tokens)) == 0;
    bool is_there = is_it && pal_timelines_load(&w->lines, OWNER, &span) != NULL;
    pal_span_finish(&span);
    if (is_there) {
        (void)utimensat(AT_FDCWD, w->warm.path, NULL, 0); /* it is in use */
    } else {
        (void)unlink(w->warm.path);
    }
    return is_there;
}

void
pal_model_warm_write(struct pal_model_worker *w, const struct pal_timeline *line,
                     struct pal_span *span, uint64_t name)
{
    struct pal_error error;
    char *path = pal_printf("%s/%016" PRIx64 ".kv", w->settings->warm_dir, name);
    span->positions = line->positions;
    bool is_saved = pal_timeline_is_whole(&w->lines, line, span->n_tokens) &&
                    w->lines.ops->save(w->lines.kv, line->seq, 0, (int32_t)span->n_tokens, span);
    if (is_saved && pal_park_file_write(path, w->known.key, span, &error) != PAL_OK) {
        pal_log_warn("the persona is not kept for the next start", "reason=" PAL_LOG_STR,
                     error.text);
    }
    free(span->data);
    span->data = NULL;
    span->n_bytes = 0;
    span->n_room = 0;
    free(path);
    remove_oldest(w->settings->warm_dir);
}

static void
save_file(struct pal_model_worker *w, const struct pal_timeline *line)
{
    if (w->warm.path == NULL) {
        return;
    }
    struct pal_span span = {
        .tokens = w->warm.tokens,
        .n_tokens = w->warm.n_tokens,
        .n_prompt = w->warm.n_tokens,
        .is_base = true,
    };
    pal_model_warm_write(w, line, &span, w->warm.name);
}

/* ---- computing ---- */

void
pal_model_warm_begin(struct pal_model_worker *w)
{
    struct pal_warm *warm = &w->warm;
    const char *persona = w->settings->persona;
    pal_warm_finish(warm);
    if (persona == NULL || persona[0] == '\0' || !w->model.can_edit) {
        return;
    }
    int64_t began_us = pal_now_us();
    warm->tokens = pal_prompt_base(&w->model, persona, &warm->n_tokens);
    /* What takes more than half of the cells is better computed with the turn that needs it. */
    if (warm->n_tokens < PAL_SHIFT_MIN_TOKENS || warm->n_tokens > w->model.n_cells / 2) {
        pal_warm_finish(warm);
        return;
    }
    uint64_t key = w->known.key;
    if (w->settings->warm_dir != NULL) {
        warm->name = pal_park_hash(key, warm->tokens, warm->n_tokens * sizeof(*warm->tokens));
        warm->path = pal_printf("%s/%016" PRIx64 ".kv", w->settings->warm_dir, warm->name);
        w->known.persona = warm->name;
    }
    if (warm->path != NULL && load_file(w, key)) {
        pal_log_info("persona warm", "from=file tokens=%zu ms=%.1f", warm->n_tokens,
                     (double)(pal_now_us() - began_us) / 1000);
        pal_warm_finish(warm);
    }
}

/* The last row's logits show whether numbers came out; for nothing else. */
static bool
is_lost(const struct pal_model_worker *w)
{
    const float *logits = llama_get_logits_ith(w->model.context, w->batch.n_tokens - 1);
    return logits == NULL ||
           !pal_logits_are_numbers(logits, (size_t)llama_vocab_n_tokens(w->model.vocab));
}

/* Rows of the persona from where the line is. */
static int32_t
compute_rows(struct pal_model_worker *w, struct pal_timeline *line)
{
    struct llama_batch *batch = &w->batch;
    size_t n_before = line->n_tokens;
    size_t n_max = w->settings->n_batch_tokens < ROWS_MAX ? w->settings->n_batch_tokens : ROWS_MAX;
    batch->n_tokens = 0;
    while ((size_t)batch->n_tokens < n_max && line->n_tokens < w->warm.n_tokens &&
           pal_timeline_append(&w->lines, line, w->warm.tokens[line->n_tokens])) {
        int32_t row = batch->n_tokens++;
        batch->token[row] = line->tokens[line->n_tokens - 1];
        batch->pos[row] = line->positions[line->n_tokens - 1];
        batch->n_seq_id[row] = 1;
        batch->seq_id[row][0] = line->seq;
        batch->logits[row] = line->n_tokens == w->warm.n_tokens ? 1 : 0;
    }
    if (batch->n_tokens == 0) {
        return 1; /* no cell is free: this is no time for working ahead */
    }
    w->warm.is_running = true;
    int32_t status = llama_decode(w->model.context, *batch);
    w->warm.is_running = false;
    if (status == 0 && line->n_tokens == w->warm.n_tokens && is_lost(w)) {
        pal_model_distrust(w, NULL);
        pal_timeline_cut(&w->lines, line, 0);
        return STATUS_NO_NUMBERS;
    }
    if (status != 0) {
        pal_timeline_cut(&w->lines, line, n_before);
    }
    return status;
}

bool
pal_model_warm_step(struct pal_model_worker *w)
{
    struct pal_warm *warm = &w->warm;
    if (warm->tokens == NULL) {
        return false;
    }
    int64_t began_us = pal_now_us();
    struct pal_sync_plan plan = pal_timelines_plan(&w->lines, OWNER, warm->tokens, warm->n_tokens);
    if (plan.target == NULL || !pal_timelines_fetch(&w->lines, &plan)) {
        return false;
    }
    struct pal_timeline *line = pal_timelines_apply(&w->lines, &plan, OWNER);
    line->n_prompt = warm->n_tokens;
    line->n_base = warm->n_tokens;
    int32_t status = compute_rows(w, line);
    pal_timeline_release(&w->lines, line);
    warm->us += pal_now_us() - began_us;
    if (status == 0) {
        pal_timelines_stepped(&w->lines);
    }
    if (status == 0 && line->n_tokens == warm->n_tokens) {
        save_file(w, line);
        pal_log_info("persona warm", "from=computing tokens=%zu ms=%.1f", warm->n_tokens,
                     (double)warm->us / 1000);
        pal_warm_finish(warm);
        return false;
    }
    if (status != 0 && status != 2) {
        pal_log_warn("the persona is not warmed", "llama_decode=%d", status);
        pal_warm_finish(warm);
    }
    return warm->tokens != NULL;
}
