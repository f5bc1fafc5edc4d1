#include "engine/cost.h"

#include <stdbool.h>
#include <stdlib.h>

#include "util/mem.h"

/* Every number where kernels take few rows in a special way; then finer than half an octave. */
static const uint32_t sizes[PAL_COST_SIZES] = {
    1,  2,  3,  4,  5,   6,   7,   8,   10,  12,  14,   16,   20,   24,   28,
    32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
};

/* From where each class of depth begins. */
static const uint32_t depths[PAL_COST_DEPTHS] = {0, 512, 2048, 6144, 16384};

/* A fresh sample counts for one in so many, */
#define SMOOTHING_DIV 4
/* and for no more than so many times what was known: a hiccup of the machine is not the step. */
#define SAMPLE_MAX_TIMES 3
/* Past what was measured, a slope says something for so many times as many rows. */
#define EXPLORE_TIMES 2
/* However few its rows, a step costs at least so much of one with more. */
#define FEWER_ROWS_DIV 8

void
pal_cost_init(struct pal_cost *cost, uint32_t n_threads_max)
{
    *cost = (struct pal_cost){.n_threads_max = n_threads_max > 0 ? n_threads_max : 1};
    cost->n_threads = cost->n_threads_max;
    cost->tables = pal_calloc(cost->n_threads_max, sizeof(*cost->tables));
}

void
pal_cost_finish(struct pal_cost *cost)
{
    free(cost->tables);
    *cost = (struct pal_cost){0};
}

/* The last size that is not more than n_rows. */
static uint32_t
size_index(uint32_t n_rows)
{
    uint32_t i = 0;
    while (i + 1 < PAL_COST_SIZES && sizes[i + 1] <= n_rows) {
        i++;
    }
    return i;
}

uint32_t
pal_cost_size_down(uint32_t n_rows)
{
    return sizes[size_index(n_rows)];
}

static uint32_t
depth_index(uint32_t depth)
{
    uint32_t i = 0;
    while (i + 1 < PAL_COST_DEPTHS && depths[i + 1] <= depth) {
        i++;
    }
    return i;
}

static bool
is_empty(const int64_t *us)
{
    for (uint32_t i = 0; i < PAL_COST_SIZES; i++) {
        if (us[i] != 0) {
            return false;
        }
    }
    return true;
}

static void
scale(struct pal_cost_table *table, int64_t times, int64_t by)
{
    for (uint32_t depth = 0; depth < PAL_COST_DEPTHS; depth++) {
        for (uint32_t i = 0; i < PAL_COST_SIZES; i++) {
            int64_t us = table->us[depth][i];
            table->us[depth][i] = us == 0 ? 0 : us * times / by > 0 ? us * times / by : 1;
        }
    }
}

/* The row of the table for this depth, or the nearest that holds something; else its own. */
static const int64_t *
row_of_depth(const struct pal_cost *cost, uint32_t depth)
{
    const struct pal_cost_table *table = &cost->tables[cost->n_threads - 1];
    uint32_t own = depth_index(depth);
    for (uint32_t away = 0; away < PAL_COST_DEPTHS; away++) {
        if (own >= away && !is_empty(table->us[own - away])) {
            return table->us[own - away];
        }
        if (own + away < PAL_COST_DEPTHS && !is_empty(table->us[own + away])) {
            return table->us[own + away];
        }
    }
    return table->us[own];
}

static int64_t
on_line(uint32_t x, uint32_t x0, int64_t y0, uint32_t x1, int64_t y1)
{
    return y0 + (y1 - y0) * ((int64_t)x - x0) / ((int64_t)x1 - x0);
}

static int64_t
predict(const int64_t *us, uint32_t n_rows)
{
    int below = -1;
    int further_below = -1;
    int above = -1;
    for (int i = 0; i < PAL_COST_SIZES; i++) {
        if (us[i] == 0) {
            continue;
        }
        if (sizes[i] <= n_rows) {
            further_below = below;
            below = i;
        } else if (above < 0) {
            above = i;
        }
    }
    if (below < 0) {
        /* Rather too little: too much would let a stream wait. */
        int64_t least = above < 0 ? 0 : us[above] / FEWER_ROWS_DIV;
        int64_t by_row = above < 0 ? 0 : us[above] * n_rows / sizes[above];
        return by_row > least ? by_row : least;
    }
    if (above >= 0) {
        return on_line(n_rows, sizes[below], us[below], sizes[above], us[above]);
    }
    if (further_below < 0 || us[below] <= us[further_below]) {
        return us[below] * n_rows / sizes[below];
    }
    return on_line(n_rows, sizes[further_below], us[further_below], sizes[below], us[below]);
}

int64_t
pal_cost_predict(const struct pal_cost *cost, struct pal_cost_rows rows)
{
    return predict(row_of_depth(cost, rows.depth), rows.n_rows > 0 ? rows.n_rows : 1);
}

void
pal_cost_set_threads(struct pal_cost *cost, uint32_t n_threads)
{
    PAL_ASSERT(n_threads >= 1 && n_threads <= cost->n_threads_max);
    struct pal_cost_table *table = &cost->tables[n_threads - 1];
    bool is_new = true;
    for (uint32_t i = 0; i < PAL_COST_DEPTHS; i++) {
        is_new = is_new && is_empty(table->us[i]);
    }
    if (is_new) {
        /* Wrong, but in about the right proportions, and soon corrected. */
        *table = cost->tables[cost->n_threads - 1];
    }
    cost->n_threads = n_threads;
    /* The number changes for the better; what is known of it may be from a worse moment. */
    int64_t us = pal_cost_predict(cost, cost->last_rows);
    if (cost->last_us > 0 && us > cost->last_us) {
        scale(table, cost->last_us, us);
    }
}

void
pal_cost_note(struct pal_cost *cost, struct pal_cost_rows rows, int64_t us)
{
    if (rows.n_rows == 0 || us <= 0) {
        return;
    }
    int64_t *row = cost->tables[cost->n_threads - 1].us[depth_index(rows.depth)];
    uint32_t at = size_index(rows.n_rows);
    if (at + 1 < PAL_COST_SIZES && sizes[at + 1] - rows.n_rows < rows.n_rows - sizes[at]) {
        at++;
    }
    if (sizes[at] != rows.n_rows) {
        /* Between two sizes: what it says of the nearer one. */
        int64_t here = predict(row, rows.n_rows);
        int64_t there = predict(row, sizes[at]);
        us = here > 0 && there > 0 ? us * there / here : us * sizes[at] / rows.n_rows;
        us = us > 0 ? us : 1;
    }
    cost->last_rows = rows;
    cost->last_us = us;
    if (row[at] == 0) {
        row[at] = us;
        return;
    }
    us = us < SAMPLE_MAX_TIMES * row[at] ? us : SAMPLE_MAX_TIMES * row[at];
    int64_t div = 2 * us < row[at] ? SMOOTHING_DIV / 2 : SMOOTHING_DIV;
    /* What makes one size dearer, a game or a busy disk, makes all of them so. */
    scale(&cost->tables[cost->n_threads - 1], row[at] + (us - row[at]) / div, row[at]);
}

struct pal_cost_rows
pal_cost_join(struct pal_cost_rows a, struct pal_cost_rows b)
{
    uint64_t n = (uint64_t)a.n_rows + b.n_rows;
    uint64_t looks = (uint64_t)a.n_rows * a.depth + (uint64_t)b.n_rows * b.depth;
    return (struct pal_cost_rows){
        .n_rows = (uint32_t)n,
        .depth = n > 0 ? (uint32_t)(looks / n) : 0,
    };
}

/* The greatest size that has been measured; 0 = none. */
static uint32_t
largest_known(const int64_t *us)
{
    uint32_t largest = 0;
    for (uint32_t i = 0; i < PAL_COST_SIZES; i++) {
        largest = us[i] != 0 ? sizes[i] : largest;
    }
    return largest;
}

uint32_t
pal_cost_rows_within(const struct pal_cost *cost, struct pal_cost_rows base, uint32_t depth,
                     int64_t budget_us, uint32_t n_max)
{
    uint32_t best = 0;
    for (uint32_t i = size_index(base.n_rows + 1); i < PAL_COST_SIZES; i++) {
        uint32_t n = sizes[i] > base.n_rows ? sizes[i] - base.n_rows : 0;
        if (n == 0) {
            continue;
        }
        if (n > n_max) {
            break;
        }
        struct pal_cost_rows added = {.n_rows = n, .depth = depth};
        struct pal_cost_rows all = pal_cost_join(base, added);
        const int64_t *row = row_of_depth(cost, all.depth);
        int64_t us = predict(row, all.n_rows);
        if (us == 0 || sizes[i] > EXPLORE_TIMES * largest_known(row)) {
            break;
        }
        if (us <= budget_us) {
            best = n;
        } else if (row[i] == 0) {
            /* Past what is known the guess may be far too high: one size is tried. */
            uint32_t before = i > 0 ? i - 1 : 0;
            bool is_next = row[before] != 0 && row[before] <= budget_us;
            return is_next && best > 0 ? n : best > 0 ? best : 1;
        } else if (us > 2 * budget_us) {
            break; /* dearer ones may lie before a cheap quantum, but not so far */
        }
    }
    /* All of it, if that fits as well and is no size of the table. */
    struct pal_cost_rows most = {.n_rows = n_max, .depth = depth};
    struct pal_cost_rows all = pal_cost_join(base, most);
    const int64_t *row = row_of_depth(cost, all.depth);
    if (best > 0 && best < n_max && predict(row, all.n_rows) <= budget_us &&
        all.n_rows <= EXPLORE_TIMES * largest_known(row)) {
        best = n_max;
    }
    return best > 0 ? best : 1;
}
