/*
 * The cheapest way to a prompt: on the timeline that holds it, behind a copy of somebody's
 * beginning, or out of the park. Changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/timeline.h"
#include "util/mem.h"

/* A timeline's tokens, whether they have cells or are parked. */
struct view {
    const int32_t *tokens;
    size_t n_tokens;
    const uint32_t *cells;      /* NULL = parked: nobody else holds what comes back */
    const uint16_t *cell_users; /* by cell */
};

static bool
is_private(const struct view *view, size_t at)
{
    return view->cells == NULL || view->cell_users[view->cells[at]] == 1;
}

/*
 * z[i]: how many tokens of a and then b, from i on, are equal to the beginning (of a). By its own
 * earlier results, each token is looked at about twice.
 */
static void
match_lengths(const int32_t *tokens, size_t n, size_t *z)
{
    size_t left = 0;
    size_t right = 0; /* tokens[left..right) equals tokens[0..right-left) */
    z[0] = n;
    for (size_t i = 1; i < n; i++) {
        size_t len = 0;
        if (i < right) {
            len = z[i - left] < right - i ? z[i - left] : right - i;
        }
        while (i + len < n && tokens[len] == tokens[i + len]) {
            len++;
        }
        z[i] = len;
        if (i + len > right) {
            left = i;
            right = i + len;
        }
    }
}

/* The longest piece of view[from..] that goes on as want does; n 0 = none that is worth moving. */
static struct pal_sync_span
find_piece(const struct view *view, size_t from, const int32_t *want, size_t n_want)
{
    struct pal_sync_span best = {0};
    size_t n_view = view->n_tokens > from ? view->n_tokens - from : 0;
    if (n_want < PAL_SHIFT_MIN_TOKENS || n_view < PAL_SHIFT_MIN_TOKENS) {
        return best;
    }
    int32_t *joined = pal_calloc(n_want + n_view, sizeof(*joined));
    size_t *z = pal_calloc(n_want + n_view, sizeof(*z));
    memcpy(joined, want, n_want * sizeof(*want));
    memcpy(joined + n_want, view->tokens + from, n_view * sizeof(*want));
    match_lengths(joined, n_want + n_view, z);
    size_t n_own = 0; /* Moving a cell moves it for everybody who holds it. */
    for (size_t i = n_view; i > 0; i--) {
        n_own = is_private(view, from + i - 1) ? n_own + 1 : 0;
        size_t n = z[n_want + i - 1];
        n = n < n_want ? n : n_want;
        n = n < n_own ? n : n_own;
        if (n >= PAL_SHIFT_MIN_TOKENS && n > best.n) {
            best = (struct pal_sync_span){.from = from + i - 1, .n = n};
        }
    }
    free(z);
    free(joined);
    return best;
}

/*
 * What the window has slid over, and what was taken out of the middle. Nothing behind a message
 * that was replaced: its tokens have seen the former one, and who edits wants the edit to be seen.
 * So a piece must go on just where the one before it has ended.
 */
static void
find_spans(const struct view *view, const int32_t *want, size_t n_want, struct pal_sync_plan *plan)
{
    size_t from = plan->n_keep + 1;
    while (plan->n_spans < PAL_SYNC_SPANS_MAX && plan->n_keep + plan->n_shift < n_want) {
        size_t have = plan->n_keep + plan->n_shift;
        struct pal_sync_span span = find_piece(view, from, want + have, n_want - have);
        if (span.n == 0) {
            return;
        }
        plan->spans[plan->n_spans++] = span;
        plan->n_shift += span.n;
        from = span.from + span.n + 1;
    }
}

static void
keep_what_fits(const struct pal_timelines *t, const struct view *view, const int32_t *want,
               size_t n_want, struct pal_sync_plan *plan)
{
    plan->n_keep = pal_tokens_common(view->tokens, view->n_tokens, want, n_want);
    if (t->can_shift && plan->n_keep < n_want) {
        find_spans(view, want, n_want, plan);
    }
    if (!t->can_edit && plan->n_keep < view->n_tokens) {
        plan->n_keep = 0;
    }
}

static size_t
worth(const struct pal_sync_plan *plan)
{
    return plan->n_keep + plan->n_shift;
}

/*
 * May a prompt without an owner take this timeline over? Only if it goes on from its last prompt,
 * or has slid along it: else it is somebody else's with the same persona.
 */
static bool
continues(const struct pal_sync_plan *plan, size_t n_tokens, size_t n_prompt)
{
    if (plan->n_spans > 0) {
        const struct pal_sync_span *last = &plan->spans[plan->n_spans - 1];
        return last->from + last->n + PAL_SHIFT_MIN_TOKENS >= n_tokens;
    }
    return plan->n_keep > 0 && plan->n_keep + 1 >= n_prompt;
}

static bool
is_of(const char *owner, const char *whose)
{
    return owner != NULL && whose != NULL && strcmp(owner, whose) == 0;
}

static struct pal_sync_plan
plan_in_place(const struct pal_timelines *t, struct pal_timeline *line, const int32_t *want,
              size_t n_want)
{
    struct pal_sync_plan plan = {.target = line, .source = line};
    struct view view = {line->tokens, line->n_tokens, line->cells, t->cell_users};
    keep_what_fits(t, &view, want, n_want, &plan);
    const struct pal_sync_span *last = plan.n_spans > 0 ? &plan.spans[plan.n_spans - 1] : NULL;
    if (!pal_timeline_is_whole(t, line, last != NULL ? last->from + last->n : plan.n_keep)) {
        plan = (struct pal_sync_plan){.target = line, .source = line};
    }
    return plan;
}

/* The wanted prompt, and who has something of it. */
struct search {
    const char *owner;
    const int32_t *want;
    size_t n_want; /* without the last token, which is computed for its logits */
    struct pal_timeline *own;
    struct pal_timeline *source; /* longest common beginning, to be copied */
    size_t n_source;
    struct pal_sync_plan best; /* in place, or out of the park */
};

static void
look_at_lines(struct pal_timelines *t, struct search *s)
{
    for (size_t i = 0; i < t->n_items; i++) {
        struct pal_timeline *line = &t->items[i];
        size_t n = pal_tokens_common(line->tokens, line->n_tokens, s->want, s->n_want);
        if (t->can_share && n > s->n_source && pal_timeline_is_whole(t, line, n)) {
            s->source = line;
            s->n_source = n;
        }
        if (line->is_busy) {
            continue;
        }
        if (is_of(s->owner, line->owner)) {
            s->own = line;
            s->best = plan_in_place(t, line, s->want, s->n_want);
        } else if (s->owner == NULL && line->owner == NULL && line->n_tokens > 0) {
            struct pal_sync_plan plan = plan_in_place(t, line, s->want, s->n_want);
            if (continues(&plan, line->n_tokens, line->n_prompt) &&
                worth(&plan) > worth(&s->best)) {
                s->best = plan;
            }
        }
    }
}

/* The longest parked beginning of the wanted prompt. */
static struct pal_parked *
longest_base(const struct pal_park *park, const struct search *s)
{
    /* What is wanted fits in the cells, and so does its beginning. */
    struct pal_parked *best = NULL;
    for (size_t i = 0; i < park->n_items; i++) {
        const struct pal_span *span = &park->items[i]->span;
        if (span->is_base && span->n_tokens <= s->n_want &&
            (best == NULL || span->n_tokens > best->span.n_tokens) &&
            memcmp(span->tokens, s->want, span->n_tokens * sizeof(*span->tokens)) == 0) {
            best = park->items[i];
        }
    }
    return best;
}

/* A conversation out of the park, behind its beginning, which must be had from somewhere. */
static bool
plan_parked(struct pal_timelines *t, struct search *s, struct pal_parked *parked,
            struct pal_sync_plan *plan)
{
    const struct pal_span *span = &parked->span;
    *plan = (struct pal_sync_plan){.parked = parked};
    if (span->n_tokens > t->n_cells) {
        return false; /* another engine had more room */
    }
    if (span->n_base > 0) {
        bool is_there = s->n_source >= span->n_base &&
                        s->source->positions[span->n_base - 1] == (int32_t)span->n_base - 1;
        if (is_there &&
            pal_tokens_common(span->tokens, span->n_base, s->want, s->n_want) == span->n_base) {
            plan->source = s->source;
            plan->n_copy = span->n_base;
        } else {
            plan->base = pal_park_base(t->park, span->tokens, span->n_base);
            if (plan->base == NULL) {
                return false;
            }
        }
    }
    struct view view = {.tokens = span->tokens, .n_tokens = span->n_tokens};
    keep_what_fits(t, &view, s->want, s->n_want, plan);
    return is_of(s->owner, span->owner) || continues(plan, span->n_tokens, span->n_prompt);
}

static void
look_into_park(struct pal_timelines *t, struct search *s)
{
    for (size_t i = 0; i < t->park->n_items; i++) {
        struct pal_parked *parked = t->park->items[i];
        bool may_be =
            s->owner == NULL ? parked->span.owner == NULL : is_of(s->owner, parked->span.owner);
        struct pal_sync_plan plan;
        if (may_be && !parked->span.is_base && plan_parked(t, s, parked, &plan) &&
            worth(&plan) > worth(&s->best) && worth(&plan) > s->n_source) {
            s->best = plan;
        }
    }
    struct pal_parked *base = longest_base(t->park, s);
    if (base != NULL && base->span.n_tokens > worth(&s->best) &&
        base->span.n_tokens > s->n_source) {
        s->best = (struct pal_sync_plan){.base = base, .n_keep = base->span.n_tokens};
    }
}

/* The idle timeline that is missed least: an empty one, else the least recently used. */
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

struct pal_sync_plan
pal_timelines_plan(struct pal_timelines *t, const char *owner, const int32_t *want, size_t n_want)
{
    PAL_ASSERT(n_want > 0);
    struct search s = {.owner = owner, .want = want, .n_want = n_want - 1};
    look_at_lines(t, &s);
    if (t->park != NULL) {
        look_into_park(t, &s);
    }
    if (s.best.target != NULL && worth(&s.best) >= s.n_source) {
        return s.best;
    }
    struct pal_sync_plan plan = s.best;
    if (plan.base == NULL && plan.parked == NULL) {
        /* A copy of somebody's beginning, into our own timeline or the least useful one. */
        plan =
            (struct pal_sync_plan){.source = s.source, .n_copy = s.n_source, .n_keep = s.n_source};
    }
    plan.target = s.own != NULL ? s.own : least_recent(t, plan.source);
    if (plan.target == NULL && plan.source != NULL && !plan.source->is_busy) {
        plan.target = plan.source;
    }
    if (plan.target != NULL && plan.target == plan.source && plan.parked != NULL) {
        /* Its beginning stays where it is, and all behind it goes. */
        plan.parked = NULL;
        plan.n_keep = plan.n_copy;
        plan.n_spans = 0;
        plan.n_shift = 0;
    }
    return plan;
}

bool
pal_timelines_fetch(struct pal_timelines *t, const struct pal_sync_plan *plan)
{
    bool is_here = plan->base == NULL || pal_park_fetch(t->park, plan->base);
    return (plan->parked == NULL || pal_park_fetch(t->park, plan->parked)) && is_here;
}

static size_t
n_restored(const struct pal_sync_plan *plan)
{
    size_t n = plan->base != NULL ? plan->base->span.n_tokens : 0;
    return plan->parked != NULL ? n + plan->parked->span.n_tokens - plan->parked->span.n_base : n;
}

size_t
pal_sync_plan_n_cells(const struct pal_sync_plan *plan, size_t n_want, size_t n_room)
{
    size_t n_live = plan->source == NULL           ? 0
                    : plan->source == plan->target ? plan->n_keep + plan->n_shift
                                                   : plan->n_copy;
    size_t n_end = n_want + n_room - (n_live < n_want ? n_live : n_want);
    size_t n_way = n_restored(plan);
    return n_end > n_way ? n_end : n_way;
}
