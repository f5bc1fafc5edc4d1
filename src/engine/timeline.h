#ifndef PAL_ENGINE_TIMELINE_H
#define PAL_ENGINE_TIMELINE_H
/*
 * Timelines: what each sequence of the KV holds, token by token, and how to make one equal to a
 * prompt by computing as little as possible.
 *
 * The KV is unified: a cell may belong to several sequences, and a persona that all share takes its
 * cells once. Cells are counted here exactly (llama.cpp doesn't tell), so that a step never finds
 * the KV full. Position i of a timeline holds tokens[i]; there are no gaps.
 *
 * Decisions are made on this bookkeeping alone; effects go through the ops table, so tests run
 * without a model. Compute thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAL_TIMELINES_MAX 128
/* Fewer tokens than this are computed again rather than shifted: a shift touches the whole KV. */
#define PAL_SHIFT_MIN_TOKENS 16

/* As llama_memory_seq_rm(), _cp(), _add(); p1 -1 = to the end. rm: false = it can't. */
struct pal_kv_ops {
    bool (*remove)(void *kv, int32_t seq, int32_t p0, int32_t p1);
    void (*copy)(void *kv, int32_t from, int32_t to, int32_t p0, int32_t p1);
    void (*shift)(void *kv, int32_t seq, int32_t p0, int32_t p1, int32_t delta);
};

struct pal_timeline {
    int32_t seq; /* constant: its place in the table */
    char *owner; /* owned; conversation; NULL = known by its tokens only */
    int32_t *tokens;
    uint32_t *cells; /* which cell holds each token */
    size_t n_tokens;
    size_t n_room;
    size_t n_prompt;  /* tokens of its last prompt; the rest is the reply to it */
    uint64_t used_at; /* a count, not a time: greater = later */
    bool is_busy;     /* a turn is on it */
};

struct pal_timelines {
    const struct pal_kv_ops *ops;
    void *kv;      /* borrowed */
    bool can_edit; /* parts of a sequence can be dropped and copied */
    bool can_shift;
    struct pal_timeline items[PAL_TIMELINES_MAX];
    size_t n_items;
    uint16_t *cell_users; /* owned; how many timelines hold each cell */
    uint32_t *free_cells; /* owned; a stack */
    size_t n_free;
    size_t n_cells;
    uint64_t clock;
};

void pal_timelines_init(struct pal_timelines *t, const struct pal_kv_ops *ops, void *kv,
                        size_t n_items, size_t n_cells, bool can_edit, bool can_shift);
void pal_timelines_finish(struct pal_timelines *t);

/* How a prompt can be had. Plain data, for tests and the log. */
struct pal_sync_plan {
    struct pal_timeline *target; /* never busy; NULL = every timeline is busy */
    struct pal_timeline *source; /* whose beginning is used; == target mostly; NULL = nothing */
    size_t n_keep;               /* tokens from the beginning */
    size_t n_drop;               /* then so many are dropped from the target's middle ... */
    size_t n_shift;              /* ... and so many after them moved up */
};

/*
 * Finds the cheapest way; changes nothing. At least the last wanted token is left to be computed,
 * because its logits are needed. `owner` may be NULL.
 */
struct pal_sync_plan pal_timelines_plan(struct pal_timelines *t, const char *owner,
                                        const int32_t *want, size_t n_want);

/* Does it. The target is busy afterwards and holds n_keep + n_shift of the wanted tokens. */
struct pal_timeline *pal_timelines_apply(struct pal_timelines *t, const struct pal_sync_plan *plan,
                                         const char *owner);

/* Appends a token that is to be computed next. False: no cell is free. */
bool pal_timeline_append(struct pal_timelines *t, struct pal_timeline *line, int32_t token);
/* Cuts it to its first n tokens. */
void pal_timeline_cut(struct pal_timelines *t, struct pal_timeline *line, size_t n);
/* The turn on it is over; what it holds stays for the next. */
void pal_timeline_release(struct pal_timelines *t, struct pal_timeline *line);

size_t pal_timelines_n_free(const struct pal_timelines *t);
/* Free cells, and those that would be if all idle timelines were dropped, but for what the plan
 * (NULL = none) uses of one. */
size_t pal_timelines_n_available(const struct pal_timelines *t, const struct pal_sync_plan *plan);
/* Drops the idle timeline that was used least recently, but not `spare`. False: there is none. */
bool pal_timelines_evict(struct pal_timelines *t, const struct pal_timeline *spare);

/* Length of the common beginning. */
size_t pal_tokens_common(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b);

#endif
