/* IPC_OPTIMIZATION.md: before (one awaited message a command, once a frame) and after. */
#include <stdio.h>
#include <string.h>

#include "bench/ipc.h"

#define TRIP     "Round trip of one message"
#define COMMANDS "Commands a second, each parsed and applied"

static double
value_of(const struct pal_bench *bench, const char *section, const char *name)
{
    const struct pal_bench_row *row = pal_bench_find(bench, section, name);
    if (row == NULL) {
        return 0.0;
    }
    return row->is_stats ? row->stats.median : row->value;
}

static void
write_rows(FILE *file, const struct pal_bench *bench)
{
    const char *section = "";
    for (size_t i = 0; i < bench->n_rows; i++) {
        const struct pal_bench_row *row = &bench->rows[i];
        if (i == 0 || row->section != section) {
            bool is_new = i == 0 || strcmp(row->section, section) != 0;
            section = row->section;
            if (is_new) {
                (void)fprintf(file,
                              "\n### %s\n\n| | median | mean | p95 | p99 | unit | |\n"
                              "|---|---:|---:|---:|---:|---|---|\n",
                              section);
            }
        }
        const char *note = row->note != NULL ? row->note : "";
        if (row->is_stats) {
            (void)fprintf(file, "| %s | %.1f | %.1f | %.1f | %.1f | %s | %s |\n", row->name,
                          row->stats.median, row->stats.mean, row->stats.p95, row->stats.p99,
                          row->unit, note);
        } else {
            (void)fprintf(file, "| %s | %.*f | | | | %s | %s |\n", row->name,
                          row->value >= 100.0 ? 0 : 2, row->value, row->unit, note);
        }
    }
}

static void
write_comparison(FILE *file, const struct pal_bench *bench)
{
    double before_us = value_of(bench, TRIP, "blocking socket, JSON, frame clock 60 Hz");
    double after_us = value_of(bench, TRIP, "link, awaited");
    double raw_us = value_of(bench, TRIP, "raw TCP ping-pong, the same bytes");
    double before_rate = before_us > 0.0 ? 1e6 / before_us : 0.0;
    double after_rate = value_of(bench, COMMANDS, "the link, encoding each batch of 100");
    (void)fprintf(file,
                  "| | before | after | change |\n|---|---:|---:|---:|\n"
                  "| round trip, median | %.2f ms | %.3f ms | %.1f %% |\n"
                  "| commands a second | %.0f | %.0f | x %.0f |\n"
                  "| bare TCP, the same bytes | | %.3f ms | |\n",
                  before_us / 1000.0, after_us / 1000.0,
                  before_us > 0.0 ? 100.0 * (after_us / before_us - 1.0) : 0.0, before_rate,
                  after_rate, before_rate > 0.0 ? after_rate / before_rate : 0.0, raw_us / 1000.0);
}

bool
ipc_write_report(const struct pal_bench *bench, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file,
                  "# The avatar link: before and after\n\n"
                  "Written by `palabre bench ipc --report`. Machine: %s; load at the start: %.2f; "
                  "failures: %llu.\n\n"
                  "*Before* is how the original link works when it waits: one message a command, "
                  "its answer given\nonce a frame of 60 Hz (`palabre avatar --frame-clock 60`). "
                  "*After* is the companion's own link to\n`palabre avatar`: answers at once, "
                  "MessagePack where offered, batches. Every command that is counted\nwas parsed "
                  "and applied by the avatar, and every round trip ends with the answer's last "
                  "byte.\n\n",
                  bench->machine, bench->load, (unsigned long long)bench->n_failures);
    write_comparison(file, bench);
    (void)fprintf(file, "\n## All figures of this run\n");
    write_rows(file, bench);
    return fclose(file) == 0;
}
