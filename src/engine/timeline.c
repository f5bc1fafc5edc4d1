#include "engine/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

void
pal_timelines_init(struct pal_timelines *t, const struct pal_kv_ops *ops, void *kv, size_t n_items,
                   size_t n_cells, bool can_edit, bool can_shift)
{
    PAL_ASSERT(n_items > 0 && n_items <= PAL_TIMELINES_MAX);
    *t = (struct pal_timelines){
        .ops = ops,
        .kv = kv,
        .can_edit = can_edit,
        .can_shift = can_edit && can_shift,
        .can_share = can_edit,
        .n_positions = INT32_MAX,
        .n_items = n_items,
        .cell_users = pal_calloc(n_cells, sizeof(*t->cell_users)),
        .free_cells = pal_calloc(n_cells, sizeof(*t->free_cells)),
        .n_free = n_cells,
        .n_cells = n_cells,
    };
    for (size_t i = 0; i < n_cells; i++) {
        t->free_cells[i] = (uint32_t)(n_cells - 1 - i);
    }
    for (size_t i = 0; i < n_items; i++) {
        t->items[i].seq = (int32_t)i + (can_edit ? 1 : 0);
    }
}

void
pal_timelines_finish(struct pal_timelines *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->n_items; i++) {
        free(t->items[i].owner);
        free(t->items[i].tokens);
        free(t->items[i].positions);
        free(t->items[i].cells);
    }
    pal_span_finish(&t->saving.span);
    free(t->cell_users);
    free(t->free_cells);
    *t = (struct pal_timelines){0};
}

size_t
pal_tokens_common(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b)
{
    size_t n = n_a < n_b ? n_a : n_b;
    size_t i = 0;
    while (i < n && a[i] == b[i]) {
        i++;
    }
    return i;
}

/* ---- cells ---- */

static void
drop_cell(struct pal_timelines *t, uint32_t cell)
{
    PAL_ASSERT(t->cell_users[cell] > 0);
    if (--t->cell_users[cell] == 0) {
        t->free_cells[t->n_free++] = cell;
    }
}

void
pal_timeline_reserve(struct pal_timeline *line, size_t n)
{
    if (n <= line->n_room) {
        return;
    }
    size_t room = n + n / 2 + 64;
    line->tokens = pal_realloc(line->tokens, room, sizeof(*line->tokens));
    line->positions = pal_realloc(line->positions, room, sizeof(*line->positions));
    line->cells = pal_realloc(line->cells, room, sizeof(*line->cells));
    line->n_room = room;
}

int32_t
pal_timeline_position(const struct pal_timeline *line)
{
    return line->n_tokens > 0 ? line->positions[line->n_tokens - 1] + 1 : 0;
}

int32_t
pal_timeline_gap(const struct pal_timeline *line)
{
    return pal_timeline_position(line) - (int32_t)line->n_tokens;
}

bool
pal_timeline_is_whole(const struct pal_timelines *t, const struct pal_timeline *line, size_t n)
{
    if (t->n_window == 0 || n == 0 || n == line->n_tokens) {
        return true; /* what its own last token sees is never given away */
    }
    int32_t from = line->positions[n - 1] + 1 - t->n_window;
    from = from > line->positions[0] ? from : line->positions[0];
    return t->ops->first(t->kv, line->seq) <= from;
}

bool
pal_timeline_append(struct pal_timelines *t, struct pal_timeline *line, int32_t token)
{
    if (t->n_free == 0) {
        return false;
    }
    pal_timeline_reserve(line, line->n_tokens + 1);
    uint32_t cell = t->free_cells[--t->n_free];
    t->cell_users[cell] = 1;
    line->tokens[line->n_tokens] = token;
    line->positions[line->n_tokens] = pal_timeline_position(line);
    line->cells[line->n_tokens] = cell;
    line->n_tokens++;
    return true;
}

void
pal_timeline_forget(struct pal_timelines *t, struct pal_timeline *line, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        drop_cell(t, line->cells[i]);
    }
    size_t rest = line->n_tokens - to;
    if (rest > 0) {
        memmove(line->tokens + from, line->tokens + to, rest * sizeof(*line->tokens));
        memmove(line->positions + from, line->positions + to, rest * sizeof(*line->positions));
        memmove(line->cells + from, line->cells + to, rest * sizeof(*line->cells));
    }
    line->n_tokens = from + rest;
}

void
pal_timeline_cut(struct pal_timelines *t, struct pal_timeline *line, size_t n)
{
    if (n >= line->n_tokens) {
        return;
    }
    if (!t->ops->remove(t->kv, line->seq, n > 0 ? line->positions[n] : 0, -1)) {
        /* Only whole sequences can be removed: then nothing is left of it. */
        (void)t->ops->remove(t->kv, line->seq, -1, -1);
        n = 0;
    }
    pal_timeline_forget(t, line, n, line->n_tokens);
}

size_t
pal_timelines_n_free(const struct pal_timelines *t)
{
    return t->n_free;
}

/* Marks the cells of tokens [from, to); returns how many were not marked yet: many have several
 * holders. */
static size_t
pin(unsigned char *is_pinned, const struct pal_timeline *line, size_t from, size_t to)
{
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        n += is_pinned[line->cells[i]] == 0 ? 1 : 0;
        is_pinned[line->cells[i]] = 1;
    }
    return n;
}

size_t
pal_timelines_n_available(const struct pal_timelines *t, const struct pal_sync_plan *plan)
{
    unsigned char *is_pinned = pal_calloc(t->n_cells, 1);
    size_t n_pinned = 0;
    for (size_t i = 0; i < t->n_items; i++) {
        if (t->items[i].is_busy) {
            n_pinned += pin(is_pinned, &t->items[i], 0, t->items[i].n_tokens);
        }
    }
    if (plan != NULL && plan->source != NULL && plan->source != plan->target) {
        n_pinned += pin(is_pinned, plan->source, 0, plan->n_copy);
    } else if (plan != NULL && plan->source != NULL) {
        n_pinned += pin(is_pinned, plan->source, 0, plan->n_keep);
        for (size_t i = 0; i < plan->n_spans; i++) {
            size_t from = plan->spans[i].from;
            n_pinned += pin(is_pinned, plan->source, from, from + plan->spans[i].n);
        }
    }
    free(is_pinned);
    return t->n_cells - n_pinned;
}

void
pal_timeline_clear(struct pal_timelines *t, struct pal_timeline *line)
{
    pal_timeline_cut(t, line, 0);
    free(line->owner);
    line->owner = NULL;
    line->n_prompt = 0;
    line->n_base = 0;
    line->used_at = 0;
    line->parked_at = 0;
}

void
pal_timeline_release(struct pal_timelines *t, struct pal_timeline *line)
{
    line->is_busy = false;
    line->used_at = ++t->clock;
    line->idle_since_us = t->now_us;
    line->idle_at_row = t->n_rows;
}

void
pal_timelines_stepped(struct pal_timelines *t)
{
    for (size_t i = 0; i < t->n_items; i++) {
        t->items[i].is_moved = false;
    }
    t->has_moved = false;
}
