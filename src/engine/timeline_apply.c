/*
 * Does what was planned: cuts, moves, copies, and brings back from the park.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/timeline.h"
#include "util/mem.h"

#define LOG_TOPIC "timeline"
#include "util/log.h"

/* To its first n tokens, or to nothing: what is to be looked back on may have come back with the
 * end of another length only. */
static void
cut_whole(struct pal_timelines *t, struct pal_timeline *line, size_t n)
{
    n = n < line->n_tokens ? n : line->n_tokens;
    pal_timeline_cut(t, line, pal_timeline_is_whole(t, line, n) ? n : 0);
}

/* Keeps the plan's pieces of the target, which holds what they were found in. */
static void
keep_pieces(struct pal_timelines *t, struct pal_timeline *line, const struct pal_sync_plan *plan)
{
    const struct pal_sync_span *last = plan->n_spans > 0 ? &plan->spans[plan->n_spans - 1] : NULL;
    cut_whole(t, line, last != NULL ? last->from + last->n : plan->n_keep);
    if (last == NULL || line->n_tokens == 0) {
        return;
    }
    /* All gaps first: what is in them may be somebody else's as well, and must not be moved. */
    size_t end = plan->n_keep;
    for (size_t i = 0; i < plan->n_spans; i++) {
        const struct pal_sync_span *span = &plan->spans[i];
        (void)t->ops->remove(t->kv, line->seq, line->positions[end], line->positions[span->from]);
        end = span->from + span->n;
    }
    size_t n_gone = 0;
    size_t at = plan->n_keep;
    for (size_t i = 0; i < plan->n_spans; i++) {
        size_t from = plan->spans[i].from - n_gone;
        n_gone += from - at;
        pal_timeline_forget(t, line, at, from);
        at += plan->spans[i].n;
    }
}

/* A gap that is too wide, or that would take positions which the model doesn't know. */
static bool
must_close(const struct pal_timelines *t, const struct pal_timeline *line,
           const struct pal_sync_plan *plan)
{
    int32_t gap = pal_timeline_gap(line);
    size_t n_ahead = plan->n_ahead > line->n_tokens ? plan->n_ahead : line->n_tokens;
    return gap > 0 && (gap > t->n_gap_max || gap + (int64_t)n_ahead > t->n_positions);
}

/* Moves the tokens behind the line's gaps up, as far as they are its own. */
static void
close_gaps(struct pal_timelines *t, struct pal_timeline *line)
{
    size_t i = 0;
    while (i < line->n_tokens) {
        size_t from = i;
        int32_t gap = line->positions[i] - (int32_t)i;
        while (i < line->n_tokens && line->positions[i] - (int32_t)i == gap) {
            if (gap > 0 && t->cell_users[line->cells[i]] > 1) {
                return;
            }
            i++;
        }
        if (gap == 0) {
            continue;
        }
        t->ops->shift(t->kv, line->seq, line->positions[from], line->positions[i - 1] + 1, -gap);
        for (size_t k = from; k < i; k++) {
            line->positions[k] -= gap;
        }
        line->is_moved = true;
        t->has_moved = true;
    }
}

/* Tokens before its first gap. */
static size_t
n_gapless(const struct pal_timeline *line)
{
    size_t n = 0;
    while (n < line->n_tokens && line->positions[n] == (int32_t)n) {
        n++;
    }
    return n;
}

void
pal_timelines_close_gaps(struct pal_timelines *t, struct pal_timeline *line)
{
    close_gaps(t, line);
    for (size_t i = 0; i < t->n_items && line->is_moved; i++) {
        struct pal_timeline *other = &t->items[i];
        /* An idle one may have to leave its cells before the next step, and could not be parked. */
        if (other->is_busy && pal_timeline_gap(other) > t->n_gap_max / 4) {
            close_gaps(t, other);
        }
    }
}

static void
copy_beginning(struct pal_timelines *t, const struct pal_timeline *source,
               struct pal_timeline *line, size_t n)
{
    if (n == 0) {
        return;
    }
    t->ops->copy(t->kv, source->seq, line->seq, 0, source->positions[n - 1] + 1);
    pal_timeline_reserve(line, n);
    for (size_t i = 0; i < n; i++) {
        line->tokens[i] = source->tokens[i];
        line->positions[i] = source->positions[i];
        line->cells[i] = source->cells[i];
        t->cell_users[line->cells[i]]++;
    }
    line->n_tokens = n;
    line->is_moved = source->is_moved;
}

/* Behind what the line holds, which is the span's n_base tokens. */
static bool
bring_back(struct pal_timelines *t, struct pal_timeline *line, const struct pal_span *span)
{
    size_t n = span->n_tokens - span->n_base;
    PAL_ASSERT(line->n_tokens == span->n_base && span->data != NULL);
    while (t->n_free < n) {
        if (!pal_timelines_evict(t, NULL)) {
            pal_log_warn("no room to bring a parked timeline back", "tokens=%zu", n);
            return false;
        }
    }
    if (!t->ops->restore(t->kv, line->seq, span->data, span->n_bytes)) {
        pal_log_warn("a parked timeline can't be brought back: it is computed again", "tokens=%zu",
                     n);
        return false;
    }
    for (size_t i = span->n_base; i < span->n_tokens; i++) {
        bool has_cell = pal_timeline_append(t, line, span->tokens[i]);
        PAL_ASSERT(has_cell);
        line->positions[i] = span->positions[i];
    }
    if (t->park != NULL) {
        t->park->counts.n_restored++;
    }
    return true;
}

/* Into the empty target. Where that fails, what is there by then is kept as far as it is wanted. */
static void
restore_plan(struct pal_timelines *t, struct pal_timeline *line, const struct pal_sync_plan *plan)
{
    bool is_whole = true;
    if (plan->source != NULL) {
        copy_beginning(t, plan->source, line, plan->n_copy);
    }
    if (plan->base != NULL) {
        is_whole = bring_back(t, line, &plan->base->span);
        if (!is_whole) {
            pal_park_drop(t->park, plan->base);
        }
    }
    if (plan->parked != NULL) {
        is_whole = is_whole && bring_back(t, line, &plan->parked->span);
        pal_park_drop(t->park, plan->parked);
    }
    if (is_whole) {
        keep_pieces(t, line, plan);
    } else if (line->n_tokens > plan->n_keep) {
        cut_whole(t, line, plan->n_keep);
    }
}

struct pal_timeline *
pal_timelines_apply(struct pal_timelines *t, const struct pal_sync_plan *plan, const char *owner)
{
    struct pal_timeline *line = plan->target;
    PAL_ASSERT(line != NULL && !line->is_busy);
    bool is_own = owner != NULL && line->owner != NULL && strcmp(owner, line->owner) == 0;
    line->is_busy = true;
    line->used_at = ++t->clock;
    if (plan->source == line) {
        keep_pieces(t, line, plan);
    } else {
        if (!is_own && line->n_tokens > 0) {
            pal_timeline_park(t, line);
        }
        pal_timeline_cut(t, line, 0);
        restore_plan(t, line, plan);
    }
    if (must_close(t, line, plan)) {
        pal_timelines_close_gaps(t, line);
    }
    if (must_close(t, line, plan)) {
        cut_whole(t, line, n_gapless(line)); /* somebody else holds what is behind it */
    }
    char *name = pal_strdup(owner);
    free(line->owner);
    line->owner = name;
    if (t->park != NULL && owner != NULL) {
        pal_park_drop_owner(t->park, owner); /* older than what is on the timeline now */
    }
    return line;
}

struct pal_timeline *
pal_timelines_load(struct pal_timelines *t, const char *owner, const struct pal_span *span)
{
    PAL_ASSERT(span->n_base == 0);
    int32_t none = -1; /* no token: nothing is reused */
    struct pal_sync_plan plan = pal_timelines_plan(t, NULL, &none, 1);
    if (plan.target == NULL || pal_timelines_n_available(t, NULL) < span->n_tokens) {
        return NULL;
    }
    struct pal_timeline *line = pal_timelines_apply(t, &plan, owner);
    bool is_back = bring_back(t, line, span);
    line->n_base = span->is_base ? span->n_tokens : 0;
    pal_timeline_release(t, line);
    if (!is_back) {
        pal_timeline_clear(t, line);
    }
    return is_back ? line : NULL;
}
