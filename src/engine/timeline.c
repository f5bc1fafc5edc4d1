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
        t->items[i].seq = (int32_t)i;
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
        free(t->items[i].cells);
    }
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

static void
reserve(struct pal_timeline *line, size_t n)
{
    if (n <= line->n_room) {
        return;
    }
    size_t room = n + n / 2 + 64;
    line->tokens = pal_realloc(line->tokens, room, sizeof(*line->tokens));
    line->cells = pal_realloc(line->cells, room, sizeof(*line->cells));
    line->n_room = room;
}

bool
pal_timeline_append(struct pal_timelines *t, struct pal_timeline *line, int32_t token)
{
    if (t->n_free == 0) {
        return false;
    }
    reserve(line, line->n_tokens + 1);
    uint32_t cell = t->free_cells[--t->n_free];
    t->cell_users[cell] = 1;
    line->tokens[line->n_tokens] = token;
    line->cells[line->n_tokens] = cell;
    line->n_tokens++;
    return true;
}

/* Forgets tokens [from, to) in the bookkeeping; the rest moves up. */
static void
forget(struct pal_timelines *t, struct pal_timeline *line, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        drop_cell(t, line->cells[i]);
    }
    size_t rest = line->n_tokens - to;
    if (rest > 0) {
        memmove(line->tokens + from, line->tokens + to, rest * sizeof(*line->tokens));
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
    if (!t->ops->remove(t->kv, line->seq, (int32_t)n, -1)) {
        /* Only whole sequences can be removed: then nothing is left of it. */
        (void)t->ops->remove(t->kv, line->seq, -1, -1);
        n = 0;
    }
    forget(t, line, n, line->n_tokens);
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
    if (plan != NULL && plan->source != NULL) {
        size_t moved = plan->n_keep + plan->n_drop;
        n_pinned += pin(is_pinned, plan->source, 0, plan->n_keep);
        n_pinned += pin(is_pinned, plan->source, moved, moved + plan->n_shift);
    }
    free(is_pinned);
    return t->n_cells - n_pinned;
}

static struct pal_timeline *
least_recent(struct pal_timelines *t, const struct pal_timeline *spare)
{
    struct pal_timeline *oldest = NULL;
    for (size_t i = 0; i < t->n_items; i++) {
        struct pal_timeline *line = &t->items[i];
        if (line->is_busy || line == spare) {
            continue;
        }
        if (oldest == NULL || line->used_at < oldest->used_at) {
            oldest = line;
        }
    }
    return oldest;
}

static void
clear(struct pal_timelines *t, struct pal_timeline *line)
{
    pal_timeline_cut(t, line, 0);
    free(line->owner);
    line->owner = NULL;
    line->n_prompt = 0;
    line->used_at = 0;
}

bool
pal_timelines_evict(struct pal_timelines *t, const struct pal_timeline *spare)
{
    struct pal_timeline *oldest = NULL;
    for (size_t i = 0; i < t->n_items; i++) {
        struct pal_timeline *line = &t->items[i];
        bool counts = !line->is_busy && line != spare && line->n_tokens > 0;
        if (counts && (oldest == NULL || line->used_at < oldest->used_at)) {
            oldest = line;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    clear(t, oldest);
    return true;
}

/* ---- the plan ---- */

/* What the window has slid over: want continues, after `keep`, later in the timeline. */
static void
find_slide(const struct pal_timelines *t, const struct pal_timeline *line, const int32_t *want,
           size_t n_want, struct pal_sync_plan *plan)
{
    size_t keep = plan->n_keep;
    for (size_t at = keep + 1; at + PAL_SHIFT_MIN_TOKENS <= line->n_tokens; at++) {
        size_t n =
            pal_tokens_common(want + keep, n_want - keep, line->tokens + at, line->n_tokens - at);
        if (n < PAL_SHIFT_MIN_TOKENS || n <= plan->n_shift) {
            continue;
        }
        /* Moving a cell moves it for everybody who holds it. */
        size_t n_own = 0;
        while (n_own < n && t->cell_users[line->cells[at + n_own]] == 1) {
            n_own++;
        }
        if (n_own >= PAL_SHIFT_MIN_TOKENS && n_own > plan->n_shift) {
            plan->n_drop = at - keep;
            plan->n_shift = n_own;
        }
    }
}

static bool
is_owned_by(const struct pal_timeline *line, const char *owner)
{
    return owner != NULL && line->owner != NULL && strcmp(line->owner, owner) == 0;
}

/*
 * May a prompt without an owner take this timeline over? Only if it goes on from its last prompt,
 * or has slid along it: else it is somebody else's with the same persona.
 */
static bool
continues(const struct pal_timeline *line, const struct pal_sync_plan *plan)
{
    if (plan->n_shift > 0) {
        return plan->n_drop + plan->n_shift + plan->n_keep + PAL_SHIFT_MIN_TOKENS >= line->n_tokens;
    }
    return plan->n_keep > 0 && plan->n_keep + 1 >= line->n_prompt;
}

static struct pal_sync_plan
plan_in_place(const struct pal_timelines *t, struct pal_timeline *line, const int32_t *want,
              size_t n_want)
{
    struct pal_sync_plan plan = {.target = line, .source = line};
    plan.n_keep = pal_tokens_common(line->tokens, line->n_tokens, want, n_want);
    if (t->can_shift && plan.n_keep < n_want) {
        find_slide(t, line, want, n_want, &plan);
    }
    if (!t->can_edit && plan.n_keep < line->n_tokens) {
        plan.n_keep = 0;
    }
    return plan;
}

struct pal_sync_plan
pal_timelines_plan(struct pal_timelines *t, const char *owner, const int32_t *want, size_t n_want)
{
    PAL_ASSERT(n_want > 0);
    struct pal_sync_plan best = {0};
    struct pal_timeline *own = NULL;
    struct pal_timeline *source = NULL; /* longest common beginning, to be copied */
    size_t n_source = 0;
    size_t n_usable = n_want - 1; /* the last one is computed for its logits */
    for (size_t i = 0; i < t->n_items; i++) {
        struct pal_timeline *line = &t->items[i];
        size_t n = pal_tokens_common(line->tokens, line->n_tokens, want, n_usable);
        if (t->can_edit && n > n_source) {
            source = line;
            n_source = n;
        }
        if (line->is_busy) {
            continue;
        }
        if (is_owned_by(line, owner)) {
            own = line;
            best = plan_in_place(t, line, want, n_usable);
        } else if (owner == NULL && line->owner == NULL && line->n_tokens > 0) {
            struct pal_sync_plan plan = plan_in_place(t, line, want, n_usable);
            if (continues(line, &plan) && plan.n_keep + plan.n_shift > best.n_keep + best.n_shift) {
                best = plan;
            }
        }
    }
    if (best.target != NULL && best.n_keep + best.n_shift >= n_source) {
        return best;
    }
    /* A copy of somebody's beginning, into our own timeline or the least useful one. */
    best = (struct pal_sync_plan){.target = own, .source = source, .n_keep = n_source};
    if (best.target == NULL) {
        best.target = least_recent(t, source);
    }
    if (best.target == NULL && source != NULL && !source->is_busy) {
        best.target = source;
    }
    return best;
}

struct pal_timeline *
pal_timelines_apply(struct pal_timelines *t, const struct pal_sync_plan *plan, const char *owner)
{
    struct pal_timeline *line = plan->target;
    PAL_ASSERT(line != NULL && !line->is_busy);
    line->is_busy = true;
    line->used_at = ++t->clock;
    if (plan->source == line) {
        if (plan->n_shift > 0) {
            int32_t from = (int32_t)plan->n_keep;
            int32_t to = (int32_t)(plan->n_keep + plan->n_drop);
            pal_timeline_cut(t, line, plan->n_keep + plan->n_drop + plan->n_shift);
            (void)t->ops->remove(t->kv, line->seq, from, to);
            t->ops->shift(t->kv, line->seq, to, -1, from - to);
            forget(t, line, (size_t)from, (size_t)to);
        } else {
            pal_timeline_cut(t, line, plan->n_keep);
        }
    } else {
        pal_timeline_cut(t, line, 0);
        const struct pal_timeline *source = plan->source;
        if (source != NULL && plan->n_keep > 0) {
            t->ops->copy(t->kv, source->seq, line->seq, 0, (int32_t)plan->n_keep);
            reserve(line, plan->n_keep);
            for (size_t i = 0; i < plan->n_keep; i++) {
                line->tokens[i] = source->tokens[i];
                line->cells[i] = source->cells[i];
                t->cell_users[line->cells[i]]++;
            }
            line->n_tokens = plan->n_keep;
        }
    }
    char *name = pal_strdup(owner);
    free(line->owner);
    line->owner = name;
    return line;
}

void
pal_timeline_release(struct pal_timelines *t, struct pal_timeline *line)
{
    line->is_busy = false;
    line->used_at = ++t->clock;
}
