#ifndef PAL_BENCH_BENCH_H
#define PAL_BENCH_BENCH_H
/*
 * What every bench shares: the machine's name, timing, results as a table for people and as JSON
 * for programs. A bench counts its failures and ends with an error when there is one: a figure from
 * a run with failures is not a figure.
 *
 *     struct pal_bench bench;
 *     pal_bench_init(&bench, "ipc");
 *     pal_bench_section(&bench, "Round trip");
 *     pal_bench_time(&bench, "awaited", "us", &stats);
 *     pal_bench_value(&bench, "rate", "1/s", 512000, ">= 500000");
 *     return pal_bench_finish(&bench, json_path);
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/stats.h"
#include "util/err.h"

struct pal_bench_row {
    char *section;
    char *name;
    char *unit;
    bool is_stats;
    struct pal_stats stats; /* is_stats */
    double value;           /* otherwise */
    char *note;             /* may be NULL */
};

struct pal_bench {
    const char *name;
    char *machine; /* "Intel Xeon ..., 2 CPUs, Linux 6.1.0" */
    char *section;
    struct pal_bench_row *rows; /* owned */
    size_t n_rows;
    uint64_t n_failures;
    double load; /* the machine's load average at the start: what else was running */
};

/* Reads the machine and prints the head line. */
void pal_bench_init(struct pal_bench *bench, const char *name);
void pal_bench_section(struct pal_bench *bench, const char *title);
void pal_bench_time(struct pal_bench *bench, const char *name, const char *unit,
                    const struct pal_stats *stats);
/* `note` may be NULL: what the figure should be, or what it was made of. */
void pal_bench_value(struct pal_bench *bench, const char *name, const char *unit, double value,
                     const char *note);
/* Something did not work: said at once, counted, fatal in the end. */
void pal_bench_fail(struct pal_bench *bench, const char *format, ...) PAL_PRINTF(2, 3);

/* The row of that section and name; NULL if it was not measured. */
const struct pal_bench_row *pal_bench_find(const struct pal_bench *bench, const char *section,
                                           const char *name);

/*
 * Writes JSON to json_path ("-" = standard output, NULL = none), frees, and returns the exit
 * status: 0, or 1 if anything failed.
 */
int pal_bench_finish(struct pal_bench *bench, const char *json_path);

#endif
