/*
 * Timelines on their way into the park: at once where their cells are needed, else a piece at a
 * time, so that nobody's stream waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/timeline.h"
#include "util/mem.h"

/* ---- piece by piece ---- */

static void
stop(struct pal_saving *saving)
{
    pal_span_finish(&saving->span);
    *saving = (struct pal_saving){0};
}

/* Tokens at its beginning that are kept apart, because others have them, too. */
static size_t
n_shared(const struct pal_timelines *t, const struct pal_timeline *line)
{
    size_t n = line->n_base;
    if (n == 0 || n > line->n_tokens || !t->can_edit || line->positions[n - 1] != (int32_t)n - 1) {
        return 0; /* a beginning with a gap is nobody else's */
    }
    bool is_there = pal_park_base(t->park, line->tokens, n) != NULL;
    return is_there || pal_timeline_is_whole(t, line, n) ? n : 0;
}

/* False: it can't be parked. */
static bool
begin(const struct pal_timelines *t, struct pal_saving *saving, struct pal_timeline *line)
{
    bool has_base = !t->can_edit || line->n_tokens >= line->n_base;
    if (t->park == NULL || t->is_doubtful || line->n_tokens < PAL_SHIFT_MIN_TOKENS || !has_base) {
        return false;
    }
    *saving = (struct pal_saving){.line = line,
                                  .used_at = line->used_at,
                                  .n_base = n_shared(t, line),
                                  .first = t->ops->first(t->kv, line->seq)};
    struct pal_parked *base =
        saving->n_base > 0 ? pal_park_base(t->park, line->tokens, saving->n_base) : NULL;
    if (base != NULL) {
        pal_park_touch(t->park, base);
        saving->n_done = saving->n_base;
    }
    return true;
}

static void
put_span(struct pal_timelines *t, struct pal_saving *saving, size_t from)
{
    const struct pal_timeline *line = saving->line;
    struct pal_span *span = &saving->span;
    size_t n = saving->n_done;
    span->n_tokens = n;
    span->n_base = from;
    span->n_prompt = line->n_prompt;
    span->is_base = from == 0 && n == saving->n_base;
    span->owner = span->is_base ? NULL : pal_strdup(line->owner);
    span->tokens = pal_calloc(n, sizeof(*span->tokens));
    memcpy(span->tokens, line->tokens, n * sizeof(*span->tokens));
    span->positions = pal_calloc(n, sizeof(*span->positions));
    memcpy(span->positions, line->positions, n * sizeof(*span->positions));
    pal_park_put(t->park, span);
}

/* Up to n_max tokens of its beginning, or of the rest. False: it can't be. */
static bool
save_piece(struct pal_timelines *t, struct pal_saving *saving, size_t n_max)
{
    const struct pal_timeline *line = saving->line;
    struct pal_span *span = &saving->span;
    size_t start = saving->n_done < saving->n_base ? 0 : saving->n_base;
    size_t end = saving->n_done < saving->n_base ? saving->n_base : line->n_tokens;
    size_t n = end - saving->n_done;
    n = n < n_max || !t->can_edit ? n : n_max;
    int32_t p0 = line->positions[saving->n_done];
    int32_t p1 = line->positions[saving->n_done + n - 1] + 1;
    bool is_first = saving->n_done == start;
    if (!t->ops->save(t->kv, line->seq, p0, p1, span)) {
        return false;
    }
    /* All the room that it will take, at once: growing is copying, or may be. */
    if (is_first && !pal_span_reserve(span, span->n_bytes / n * (end - start))) {
        return false;
    }
    saving->n_done += n;
    if (saving->n_done == end) {
        put_span(t, saving, start);
    }
    return true;
}

/* Returns the tokens that were copied. */
static size_t
go_on(struct pal_timelines *t, struct pal_saving *saving, size_t n_max)
{
    struct pal_timeline *line = saving->line;
    bool is_possible = true;
    size_t n_copied = 0;
    while (saving->n_done < line->n_tokens && n_copied < n_max && is_possible) {
        size_t n_before = saving->n_done;
        is_possible = save_piece(t, saving, n_max - n_copied);
        n_copied += saving->n_done - n_before;
    }
    if (saving->n_done == line->n_tokens || !is_possible) {
        line->parked_at = line->used_at; /* as far as it can be */
        stop(saving);
    }
    return n_copied;
}

static bool
is_saving(const struct pal_timelines *t, const struct pal_timeline *line)
{
    return t->saving.line == line && t->saving.used_at == line->used_at && !t->is_doubtful &&
           t->saving.first == t->ops->first(t->kv, line->seq);
}

size_t
pal_timelines_save(struct pal_timelines *t, struct pal_timeline *line, size_t n_max)
{
    PAL_ASSERT(!line->is_busy);
    if (line->is_moved || line->parked_at == line->used_at) {
        return 0;
    }
    if (!is_saving(t, line)) {
        stop(&t->saving);
        if (!begin(t, &t->saving, line)) {
            line->parked_at = line->used_at;
            return 0;
        }
    }
    return go_on(t, &t->saving, n_max);
}

void
pal_timeline_park(struct pal_timelines *t, struct pal_timeline *line)
{
    struct pal_saving own = {0};
    if (line->is_moved || line->parked_at == line->used_at) {
        return;
    }
    if (is_saving(t, line)) {
        (void)go_on(t, &t->saving, SIZE_MAX);
    } else if (begin(t, &own, line)) {
        (void)go_on(t, &own, SIZE_MAX);
    }
}

bool
pal_timeline_is_new_base(const struct pal_timelines *t, const struct pal_timeline *line)
{
    return !t->can_edit && t->park != NULL && !t->is_doubtful && line->n_tokens == line->n_base &&
           line->n_base >= PAL_SHIFT_MIN_TOKENS &&
           pal_park_base(t->park, line->tokens, line->n_base) == NULL;
}

void
pal_timeline_save_base(struct pal_timelines *t, struct pal_timeline *line)
{
    struct pal_saving saving = {.line = line, .n_base = line->n_base};
    PAL_ASSERT(line->n_tokens == line->n_base);
    (void)save_piece(t, &saving, SIZE_MAX);
    stop(&saving);
}

/* ---- which ---- */

/* The idle timeline that was used least recently, but not `spare`; NULL = there is none. */
static struct pal_timeline *
oldest_idle(struct pal_timelines *t, const struct pal_timeline *spare)
{
    struct pal_timeline *oldest = NULL;
    for (size_t i = 0; i < t->n_items; i++) {
        struct pal_timeline *line = &t->items[i];
        bool counts = !line->is_busy && line != spare && line->n_tokens > 0;
        if (counts && (oldest == NULL || line->used_at < oldest->used_at)) {
            oldest = line;
        }
    }
    return oldest;
}

bool
pal_timelines_evict(struct pal_timelines *t, const struct pal_timeline *spare)
{
    struct pal_timeline *oldest = oldest_idle(t, spare);
    if (oldest == NULL) {
        return false;
    }
    pal_timeline_park(t, oldest);
    pal_timeline_clear(t, oldest);
    return true;
}

struct pal_timeline *
pal_timelines_resting(struct pal_timelines *t, size_t n_cells, int64_t before_us,
                      uint64_t before_row)
{
    struct pal_timeline *oldest = oldest_idle(t, NULL);
    bool rests = oldest != NULL && t->n_cells - t->n_free > n_cells && !oldest->is_moved &&
                 oldest->idle_since_us <= before_us && oldest->idle_at_row <= before_row &&
                 pal_park_has_memory(t->park);
    return rests ? oldest : NULL;
}

struct pal_timeline *
pal_timelines_unparked(struct pal_timelines *t)
{
    for (size_t i = 0; i < t->n_items; i++) {
        struct pal_timeline *line = &t->items[i];
        if (!line->is_busy && line->n_tokens > 0 && !line->is_moved &&
            line->parked_at != line->used_at) {
            return line;
        }
    }
    return NULL;
}

void
pal_timelines_forget(struct pal_timelines *t)
{
    for (size_t i = 0; i < t->n_items; i++) {
        if (!t->items[i].is_busy) {
            pal_timeline_clear(t, &t->items[i]);
        }
    }
}

void
pal_timelines_park_all(struct pal_timelines *t)
{
    for (size_t i = 0; i < t->n_items; i++) {
        if (!t->items[i].is_busy && t->items[i].n_tokens > 0) {
            pal_timeline_park(t, &t->items[i]);
        }
    }
}
