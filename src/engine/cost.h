#ifndef PAL_ENGINE_COST_H
#define PAL_ENGINE_COST_H
/*
 * What a step costs on this machine at this moment, learnt from every step that is made.
 *
 * Rows are far from equally dear: with many kernels four rows cost less than three, and the next
 * quantum begins at eight, or at thirty-two. So the cost is kept as a table over the number of rows
 * (at the sizes of pal_cost_size_down()), interpolated between them, plus so much for each token
 * that a row looks back on; one table for each number of threads. A fresh sample first corrects its
 * own size; once a size is known, what it deviates by is taken for the machine's doing and counts
 * for all of them, so the table follows the machine within a few steps.
 *
 * Pure; one owner.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAL_COST_SIZES 30

struct pal_cost_table {
    double us[PAL_COST_SIZES];      /* of rows that look back on nothing; 0 = not measured yet */
    double look_us;                 /* for a row and a token that it looks back on */
    uint8_t n_seen[PAL_COST_SIZES]; /* samples, as far as they are counted */
};

/* Some rows, which look back on `depth` tokens each, on average. */
struct pal_cost_rows {
    uint32_t n_rows;
    uint32_t depth;
};

struct pal_cost {
    struct pal_cost_table *tables; /* owned; one for each number of threads */
    uint32_t n_threads_max;
    uint32_t n_threads;             /* in use */
    struct pal_cost_rows last_rows; /* the last step's, */
    int64_t last_us;                /* and what it took */
    double last_error;              /* and what it deviated by, as a share */
    uint32_t last_size;             /* and its place in the table */
    bool was_late;                  /* far more than it should have been */
    double noise; /* by which share two steps of one size in a row differ, on average */
    struct pal_cost_table yardstick; /* a table as it once was */
    uint32_t n_noted;                /* steps, until there is one */
};

void pal_cost_init(struct pal_cost *cost, uint32_t n_threads_max);
void pal_cost_finish(struct pal_cost *cost);
/* From here on steps are made with so many threads; 1 to n_threads_max. */
void pal_cost_set_threads(struct pal_cost *cost, uint32_t n_threads);

/* A step of these rows took `us`. */
void pal_cost_note(struct pal_cost *cost, struct pal_cost_rows rows, int64_t us);
/* The same of a step that was made to be measured, on a quiet machine: it is believed at once. */
void pal_cost_set(struct pal_cost *cost, uint32_t n_rows, int64_t us);
/* A step of these rows, at some depth, took `us`: all that it took over a flat one is that depth's
 * doing. */
void pal_cost_note_look(struct pal_cost *cost, struct pal_cost_rows rows, int64_t us);
/* What such a step will take, us; 0 = nothing is known yet. */
int64_t pal_cost_predict(const struct pal_cost *cost, struct pal_cost_rows rows);

/*
 * How much work such a step is, in us of a machine that never changes: what a step took over this
 * tells how fast the machine is, whatever the steps were. 0 = there is nothing to compare by yet.
 */
double pal_cost_weigh(const struct pal_cost *cost, struct pal_cost_rows rows);

/* How long a prompt's last n_left tokens will take with the machine to itself, us; the prompt is
 * n_prompt tokens long. 0 = nothing is known yet. */
int64_t pal_cost_prompt_us(const struct pal_cost *cost, size_t n_left, size_t n_prompt);

/*
 * How many rows to add to `base` (n_rows may be 0) so that the step stays within `budget_us`: at
 * most n_max, at least 1. Sizes that were never tried are tried one after the other, because what
 * is dear at one row more may be cheap at four. `depth`: of the rows that are added.
 */
uint32_t pal_cost_rows_within(const struct pal_cost *cost, struct pal_cost_rows base,
                              uint32_t depth, int64_t budget_us, uint32_t n_max);

/* Both together, their depth weighed by their numbers. */
struct pal_cost_rows pal_cost_join(struct pal_cost_rows a, struct pal_cost_rows b);
/* The greatest size of the table that is not more than n_rows (which is 1 at least). */
uint32_t pal_cost_size_down(uint32_t n_rows);

#endif
