#ifndef PAL_ENGINE_TIMELINE_H
#define PAL_ENGINE_TIMELINE_H
/*
 * Timelines: what each sequence of the KV holds, token by token, and how to make one equal to a
 * prompt by computing as little as possible.
 *
 * The KV is unified: a cell may belong to several sequences, and a persona that all share takes its
 * cells once. Cells are counted here exactly (llama.cpp doesn't tell), so that a step never finds
 * the KV full. What has to leave its cells goes to the park (park.h), if there is one.
 *
 * Where something was dropped before the end, what is behind it keeps its positions, up to
 * n_gap_max of them: attention sees how far apart two tokens are, and persona and talk may well be
 * a little further apart. Closing a gap (a shift) turns every key of the KV, used or not, so it is
 * done for many at once, and seldom.
 *
 * Decisions are made on this bookkeeping alone (timeline_plan.c); effects go through the ops table
 * (timeline_apply.c, timeline_park.c), so tests run without a model. Compute thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/park.h"

#define PAL_TIMELINES_MAX 128
/* Fewer tokens than this are computed again rather than moved: a shift touches the whole KV. */
#define PAL_SHIFT_MIN_TOKENS 16
/* Kept pieces of a timeline between which something was dropped; the rest is computed again. */
#define PAL_SYNC_SPANS_MAX 8

/* As llama_memory_seq_rm(), _cp(), _add(); p1 -1 = to the end. remove: false = it can't. With
 * can_edit false, save() and restore() are asked for whole sequences only. */
struct pal_kv_ops {
    bool (*remove)(void *kv, int32_t seq, int32_t p0, int32_t p1);
    void (*copy)(void *kv, int32_t from, int32_t to, int32_t p0, int32_t p1);
    void (*shift)(void *kv, int32_t seq, int32_t p0, int32_t p1, int32_t delta);
    /* Appends the bytes of the cells at [p0, p1) to the span's; false: it can't, and they are as
     * they were. Bytes of pieces one after the other are bytes of the whole. */
    bool (*save)(void *kv, int32_t seq, int32_t p0, int32_t p1, struct pal_span *span);
    /* Brings such bytes back into free cells of `seq`, at their old positions. False: it can't, and
     * nothing has changed. */
    bool (*restore)(void *kv, int32_t seq, const unsigned char *data, size_t n_bytes);
    /* The first position of the sequence from which on every layer holds all of it: layers that see
     * a window only may have given away what is before it. */
    int32_t (*first)(void *kv, int32_t seq);
};

struct pal_timeline {
    int32_t seq; /* constant */
    char *owner; /* owned; conversation; NULL = known by its tokens only */
    int32_t *tokens;
    int32_t *positions; /* of each token: rising, mostly by one */
    uint32_t *cells;    /* which cell holds each token */
    size_t n_tokens;
    size_t n_room;
    size_t n_prompt;       /* tokens of its last prompt; the rest is the reply to it */
    size_t n_base;         /* tokens of its beginning that other conversations share: the persona */
    uint64_t used_at;      /* a count, not a time: greater = later */
    uint64_t parked_at;    /* == used_at: what it holds was copied into the park since */
    int64_t idle_since_us; /* while no turn is on it, */
    uint64_t idle_at_row;  /* and which row was the next to be computed then */
    bool is_busy;          /* a turn is on it */
    bool is_moved; /* shifted, and no step has been computed since: its bytes aren't yet true */
};

/* A timeline that is being copied into the park, a piece at a time. */
struct pal_saving {
    struct pal_timeline *line; /* NULL = none */
    uint64_t used_at;          /* the line's when it began: if it changes, all is void */
    size_t n_base;             /* tokens of its beginning, which are a span of their own */
    int32_t first;             /* as ops->first() said when it began: if that changes, too */
    struct pal_span span;      /* its beginning, or what is behind that; so far */
    size_t n_done;             /* its tokens that are in the park, or in span */
};

struct pal_timelines {
    const struct pal_kv_ops *ops;
    void *kv;              /* borrowed */
    struct pal_park *park; /* borrowed; NULL = what leaves its cells is forgotten */
    bool can_edit;         /* parts of a sequence can be dropped and copied */
    bool can_shift;
    int32_t n_window; /* tokens that the layers which see least look back on; 0 = all */
    bool can_share;   /* a beginning is copied; true, but where its worth is measured */
    struct pal_timeline items[PAL_TIMELINES_MAX];
    size_t n_items;
    uint16_t *cell_users; /* owned; how many timelines hold each cell */
    uint32_t *free_cells; /* owned; a stack */
    size_t n_free;
    size_t n_cells;
    int32_t n_gap_max;   /* positions; 0 = what was dropped is closed at once */
    int32_t n_positions; /* that the model knows; INT32_MAX = no limit */
    bool has_moved;      /* some timeline is_moved */
    bool is_doubtful;    /* cells may hold no numbers: nothing is parked */
    uint64_t clock;
    int64_t now_us;  /* told by the owner before each step, */
    uint64_t n_rows; /* and so many rows were computed by then */
    struct pal_saving saving;
};

/* With can_edit, sequence 0 is left to ops->save and ->restore, and the timelines have 1 and up. */
void pal_timelines_init(struct pal_timelines *t, const struct pal_kv_ops *ops, void *kv,
                        size_t n_items, size_t n_cells, bool can_edit, bool can_shift);
void pal_timelines_finish(struct pal_timelines *t);

/* A piece of a timeline that is kept. */
struct pal_sync_span {
    size_t from; /* where it is now */
    size_t n;
};

/* How a prompt can be had. Plain data, for tests and the log. */
struct pal_sync_plan {
    struct pal_timeline *target; /* never busy; NULL = every timeline is busy */
    struct pal_timeline *source; /* whose beginning is used; == target mostly; NULL = nobody's */
    size_t n_copy;               /* with source != target: so many tokens of it */
    struct pal_parked *base;     /* brought back first; NULL = none */
    struct pal_parked *parked;   /* brought back behind that, or behind the copy; NULL = none */
    size_t n_keep;               /* of what is there then: tokens from the beginning, */
    struct pal_sync_span spans[PAL_SYNC_SPANS_MAX]; /* and these, moved up behind them */
    size_t n_spans;
    size_t n_shift; /* tokens in spans */
    size_t n_ahead; /* set by the caller: positions that the prompt and its reply will take */
};

/*
 * Finds the cheapest way; changes nothing. At least the last wanted token is left to be computed,
 * because its logits are needed. `owner` may be NULL.
 */
struct pal_sync_plan pal_timelines_plan(struct pal_timelines *t, const char *owner,
                                        const int32_t *want, size_t n_want);

/* Is all that the plan needs in RAM? If not it is being read: plan again later. */
bool pal_timelines_fetch(struct pal_timelines *t, const struct pal_sync_plan *plan);

/* Cells that the plan takes in all, on its way or at its end, for a prompt of n_want tokens and a
 * reply of n_room. */
size_t pal_sync_plan_n_cells(const struct pal_sync_plan *plan, size_t n_want, size_t n_room);

/*
 * Does it. The target is busy afterwards and holds n_keep + n_shift of the wanted tokens; or fewer,
 * if what is parked could not be brought back. Drives idle timelines out for the cells that it
 * needs at once.
 */
struct pal_timeline *pal_timelines_apply(struct pal_timelines *t, const struct pal_sync_plan *plan,
                                         const char *owner);

/*
 * Brings a span that begins at token 0 back on an idle timeline of its own. NULL: it can't be, and
 * nothing is there.
 */
struct pal_timeline *pal_timelines_load(struct pal_timelines *t, const char *owner,
                                        const struct pal_span *span);

/* The next token's. */
int32_t pal_timeline_position(const struct pal_timeline *line);
/* Positions that no token has before the last one that has. */
int32_t pal_timeline_gap(const struct pal_timeline *line);

/* Is all there that a token behind the first n of them would look back on? */
bool pal_timeline_is_whole(const struct pal_timelines *t, const struct pal_timeline *line,
                           size_t n);
/* Appends a token that is to be computed next. False: no cell is free. */
bool pal_timeline_append(struct pal_timelines *t, struct pal_timeline *line, int32_t token);
/* Cuts it to its first n tokens. */
void pal_timeline_cut(struct pal_timelines *t, struct pal_timeline *line, size_t n);
/* The turn on it is over; what it holds stays for the next. */
void pal_timeline_release(struct pal_timelines *t, struct pal_timeline *line);
/* A step has been computed: pending shifts are done. */
void pal_timelines_stepped(struct pal_timelines *t);

size_t pal_timelines_n_free(const struct pal_timelines *t);
/* Free cells, and those that would be if all idle timelines were driven out, but for what the plan
 * (NULL = none) uses of one. */
size_t pal_timelines_n_available(const struct pal_timelines *t, const struct pal_sync_plan *plan);
/* Drives out the idle timeline that was used least recently, but not `spare`. False: there is
 * none. */
bool pal_timelines_evict(struct pal_timelines *t, const struct pal_timeline *spare);
/* Empties every idle timeline; nothing of them is parked. */
void pal_timelines_forget(struct pal_timelines *t);
/*
 * The timeline that has been idle longest, if that is since `before_us` and row `before_row` at
 * least and more than n_cells are in use: a step looks at every cell up to the last one that is
 * used, whoever has it. NULL: there is none, or the park has no memory left for it.
 */
struct pal_timeline *pal_timelines_resting(struct pal_timelines *t, size_t n_cells,
                                           int64_t before_us, uint64_t before_row);
/* An idle timeline whose tokens are not in the park as they are now; NULL = there is none. */
struct pal_timeline *pal_timelines_unparked(struct pal_timelines *t);
/*
 * Copies up to n_max tokens of an idle timeline into the park, from where the last call has got to
 * if that was for this one; a turn that takes it meanwhile makes that void. Returns how many; 0 =
 * the timeline is all there, or can't be parked, or is to be asked for after the next step. What is
 * all there is not in its cells alone any more.
 */
size_t pal_timelines_save(struct pal_timelines *t, struct pal_timeline *line, size_t n_max);
/* What is on the timeline, and it may be busy, is its shared beginning and nothing else: puts a
 * copy into the park. For what can't be cut, of which that is the only time. */
void pal_timeline_save_base(struct pal_timelines *t, struct pal_timeline *line);
/* It is worth doing: it is just that, and the park has none. */
bool pal_timeline_is_new_base(const struct pal_timelines *t, const struct pal_timeline *line);
/* Puts a copy of every idle timeline into the park, for another engine. */
void pal_timelines_park_all(struct pal_timelines *t);

/* Length of the common beginning. */
size_t pal_tokens_common(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b);

/* ---- for timeline_*.c only ---- */

/* Room for n tokens. */
void pal_timeline_reserve(struct pal_timeline *line, size_t n);
/* Forgets tokens [from, to) in the books; the rest moves up. */
void pal_timeline_forget(struct pal_timelines *t, struct pal_timeline *line, size_t from,
                         size_t to);
/* Copies its state into the park at once: what is shared, and the rest. */
void pal_timeline_park(struct pal_timelines *t, struct pal_timeline *line);
/*
 * Closes the gaps of this timeline, and of all busy ones where it is worth it, since the next
 * step's shift then costs no more. What somebody else holds as well stays where it is, with all
 * behind it.
 */
void pal_timelines_close_gaps(struct pal_timelines *t, struct pal_timeline *line);
/* Empties an idle timeline; what it held is gone. */
void pal_timeline_clear(struct pal_timelines *t, struct pal_timeline *line);

#endif
