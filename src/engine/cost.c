#include "engine/cost.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* Every number where kernels take few rows in a special way; then finer than half an octave. */
static const uint32_t sizes[PAL_COST_SIZES] = {
    1,  2,  3,  4,  5,   6,   7,   8,   10,  12,  14,   16,   20,   24,   28,
    32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
};

/* A size that was measured so often is known: what it deviates by then is the machine's doing, */
#define KNOWN_SAMPLES 8
/* and counts for one in so many; */
#define SMOOTHING_DIV 4
/* what makes one size dearer, a game or a busy disk, makes the others so, nearly as much. */
#define SHARED_DIV 5
/* One step that is late by this much is a hiccup of the machine; the next one in a row counts, */
#define LATE_TIMES 1.5
/* but for no more than so many times what was known. */
#define SAMPLE_MAX_TIMES 3
/* At this depth, half of a deviation is put down to what a token looked back on costs, as one in so
 * many. */
#define HALF_DEPTH 256
#define LOOK_DIV   32
#define NOISE_DIV  32
#define NOISE_MAX  0.5
/* Past what was measured, a slope says something for so many times as many rows. */
#define EXPLORE_TIMES 2
/* From here on a row more costs always the same. */
#define LARGE_CHUNK 64
/* However few its rows, a step costs at least so much of one with more. */
#define FEWER_ROWS_DIV 8
/* Where nothing was measured, so many steps make the yardstick. */
#define YARDSTICK_STEPS 64

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

static bool
is_empty(const struct pal_cost_table *table)
{
    for (uint32_t i = 0; i < PAL_COST_SIZES; i++) {
        if (table->us[i] != 0) {
            return false;
        }
    }
    return true;
}

static void
scale(struct pal_cost_table *table, double times)
{
    for (uint32_t i = 0; i < PAL_COST_SIZES; i++) {
        table->us[i] *= times;
    }
    table->look_us *= times;
}

static double
on_line(uint32_t x, uint32_t x0, double y0, uint32_t x1, double y1)
{
    return y0 + (y1 - y0) * ((double)x - x0) / ((double)x1 - x0);
}

/* Rows that look back on nothing. */
static double
predict_flat(const struct pal_cost_table *table, uint32_t n_rows)
{
    const double *us = table->us;
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
        double least = above < 0 ? 0 : us[above] / FEWER_ROWS_DIV;
        double by_row = above < 0 ? 0 : us[above] * n_rows / sizes[above];
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

static double
predict(const struct pal_cost_table *table, struct pal_cost_rows rows)
{
    uint32_t n = rows.n_rows > 0 ? rows.n_rows : 1;
    double flat = predict_flat(table, n);
    return flat > 0 ? flat + table->look_us * n * rows.depth : 0;
}

int64_t
pal_cost_predict(const struct pal_cost *cost, struct pal_cost_rows rows)
{
    return (int64_t)(predict(&cost->tables[cost->n_threads - 1], rows) + 0.5);
}

double
pal_cost_weigh(const struct pal_cost *cost, struct pal_cost_rows rows)
{
    return predict(&cost->yardstick, rows);
}

int64_t
pal_cost_prompt_us(const struct pal_cost *cost, size_t n_left, size_t n_prompt)
{
    size_t depth = n_prompt - n_left / 2;
    struct pal_cost_rows chunk = {.n_rows = (uint32_t)(n_left < LARGE_CHUNK ? n_left : LARGE_CHUNK),
                                  .depth = (uint32_t)depth};
    double us = predict(&cost->tables[cost->n_threads - 1], chunk);
    return n_left > 0 ? (int64_t)(us * (double)n_left / chunk.n_rows) : 0;
}

void
pal_cost_set_threads(struct pal_cost *cost, uint32_t n_threads)
{
    PAL_ASSERT(n_threads >= 1 && n_threads <= cost->n_threads_max);
    struct pal_cost_table *table = &cost->tables[n_threads - 1];
    if (is_empty(table)) {
        /* Wrong, but in about the right proportions, and soon corrected. */
        *table = cost->tables[cost->n_threads - 1];
        memset(table->n_seen, 0, sizeof(table->n_seen));
    }
    cost->n_threads = n_threads;
    /* The number changes for the better; what is known of it may be from a worse moment. */
    double us = predict(table, cost->last_rows);
    if (cost->last_us > 0 && us > (double)cost->last_us) {
        scale(table, (double)cost->last_us / us);
    }
}

/* The first sample of a size, `us` of these rows. */
static void
learn_new(struct pal_cost_table *table, uint32_t at, struct pal_cost_rows rows, double us)
{
    double flat = us - table->look_us * rows.n_rows * rows.depth;
    flat = flat > us / 4 ? flat : us / 4;
    double here = predict_flat(table, rows.n_rows);
    double there = predict_flat(table, sizes[at]);
    /* Between two sizes: what it says of the nearer one. */
    table->us[at] = here > 0 && there > 0 ? flat * there / here : flat * sizes[at] / rows.n_rows;
    table->n_seen[at] = 1;
}

/* How a size that is known deviates; `error`: of what was predicted, 1 = twice as dear. */
static void
correct(struct pal_cost_table *table, uint32_t at, struct pal_cost_rows rows, double us,
        double error)
{
    /* Slowly, because most of what a step deviates by has other reasons than its depth. */
    double by_depth = (double)rows.depth / (double)(rows.depth + HALF_DEPTH);
    double looks = (double)rows.n_rows * rows.depth;
    if (looks > 0) {
        double look_us = table->look_us + by_depth * error * us / looks / LOOK_DIV;
        table->look_us = look_us > 0 ? look_us : 0;
    }
    /* Down is believed sooner: what was too slow once need not be so again. */
    double own = 1 + error / (error < -0.5 ? SMOOTHING_DIV / 2 : SMOOTHING_DIV);
    table->us[at] *= own;
    if (table->n_seen[at] < KNOWN_SAMPLES) {
        table->n_seen[at]++;
        return;
    }
    double times = 1 + error / SHARED_DIV;
    own = table->us[at];
    scale(table, times);
    table->us[at] = own;
}

/* What two steps of one size, one after the other, differ by. */
static void
note_noise(struct pal_cost *cost, uint32_t at, double error)
{
    double off = error - cost->last_error;
    off = off < 0 ? -off : off;
    if (at == cost->last_size) {
        cost->noise += ((off < NOISE_MAX ? off : NOISE_MAX) - cost->noise) / NOISE_DIV;
    }
    cost->last_size = at;
    cost->last_error = error;
}

void
pal_cost_note(struct pal_cost *cost, struct pal_cost_rows rows, int64_t us)
{
    if (rows.n_rows == 0 || us <= 0) {
        return;
    }
    struct pal_cost_table *table = &cost->tables[cost->n_threads - 1];
    if (cost->n_noted < YARDSTICK_STEPS && ++cost->n_noted == YARDSTICK_STEPS) {
        cost->yardstick = *table;
    }
    uint32_t at = size_index(rows.n_rows);
    if (at + 1 < PAL_COST_SIZES && sizes[at + 1] - rows.n_rows < rows.n_rows - sizes[at]) {
        at++;
    }
    cost->last_rows = rows;
    cost->last_us = us;
    double known_us = predict(table, rows);
    if (table->us[at] == 0 || known_us <= 0) {
        learn_new(table, at, rows, (double)us);
        return;
    }
    double error = (double)us / known_us - 1;
    error = error < SAMPLE_MAX_TIMES - 1 ? error : SAMPLE_MAX_TIMES - 1;
    note_noise(cost, at, error);
    bool is_hiccup = error > LATE_TIMES - 1 && !cost->was_late;
    cost->was_late = error > LATE_TIMES - 1;
    if (!is_hiccup) {
        correct(table, at, rows, known_us, error);
    }
}

void
pal_cost_set(struct pal_cost *cost, uint32_t n_rows, int64_t us)
{
    struct pal_cost_table *table = &cost->tables[cost->n_threads - 1];
    uint32_t at = size_index(n_rows);
    table->us[at] = (double)us;
    table->n_seen[at] = KNOWN_SAMPLES;
    cost->n_noted = YARDSTICK_STEPS;
    cost->yardstick = *table;
}

void
pal_cost_note_look(struct pal_cost *cost, struct pal_cost_rows rows, int64_t us)
{
    struct pal_cost_table *table = &cost->tables[cost->n_threads - 1];
    double flat = predict_flat(table, rows.n_rows);
    double looks = (double)rows.n_rows * rows.depth;
    if (looks > 0 && flat > 0) {
        table->look_us = (double)us > flat ? ((double)us - flat) / looks : 0;
    }
    cost->yardstick = *table;
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
largest_known(const struct pal_cost_table *table)
{
    uint32_t largest = 0;
    for (uint32_t i = 0; i < PAL_COST_SIZES; i++) {
        largest = table->us[i] != 0 ? sizes[i] : largest;
    }
    return largest;
}

uint32_t
pal_cost_rows_within(const struct pal_cost *cost, struct pal_cost_rows base, uint32_t depth,
                     int64_t budget_us, uint32_t n_max)
{
    const struct pal_cost_table *table = &cost->tables[cost->n_threads - 1];
    uint32_t most_known = largest_known(table);
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
        double us = predict(table, all);
        if (us <= 0 || sizes[i] > EXPLORE_TIMES * most_known) {
            break;
        }
        if (us <= (double)budget_us) {
            best = n;
        } else if (table->us[i] == 0) {
            /* Past what is known the guess may be far too high: one size is tried. */
            uint32_t before = i > 0 ? i - 1 : 0;
            bool is_next = table->us[before] != 0 && table->us[before] <= (double)budget_us;
            return is_next && best > 0 ? n : best > 0 ? best : 1;
        } else if (us > 2 * (double)budget_us) {
            break; /* dearer ones may lie before a cheap quantum, but not so far */
        }
    }
    /* All of it, if that fits as well and is no size of the table. */
    struct pal_cost_rows most = {.n_rows = n_max, .depth = depth};
    struct pal_cost_rows all = pal_cost_join(base, most);
    if (best > 0 && best < n_max && predict(table, all) <= (double)budget_us &&
        all.n_rows <= EXPLORE_TIMES * most_known) {
        best = n_max;
    }
    return best > 0 ? best : 1;
}
