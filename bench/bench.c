#include "bench/bench.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"

static char *
cpu_name(void)
{
    char line[512];
    char *name = NULL;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (name == NULL && file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            line[strcspn(line, "\n")] = '\0';
            name = pal_strdup(colon + 2);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return name != NULL ? name : pal_strdup("unknown CPU");
}

void
pal_bench_init(struct pal_bench *bench, const char *name)
{
    struct utsname system;
    char *cpu = cpu_name();
    *bench = (struct pal_bench){.name = name, .section = pal_strdup("")};
    bool known = uname(&system) == 0;
    bench->machine = pal_printf("%s, %ld CPUs, %s %s", cpu, sysconf(_SC_NPROCESSORS_ONLN),
                                known ? system.sysname : "?", known ? system.release : "?");
    free(cpu);
    if (getloadavg(&bench->load, 1) != 1) {
        bench->load = -1.0;
    }
    (void)printf("palabre bench %s\nmachine: %s\nload at the start: %.2f\n", name, bench->machine,
                 bench->load);
}

void
pal_bench_section(struct pal_bench *bench, const char *title)
{
    free(bench->section);
    bench->section = pal_strdup(title);
    (void)printf("\n%s\n", title);
    (void)fflush(stdout);
}

static struct pal_bench_row *
add_row(struct pal_bench *bench, const char *name, const char *unit)
{
    bench->rows = pal_realloc(bench->rows, bench->n_rows + 1, sizeof(*bench->rows));
    struct pal_bench_row *row = &bench->rows[bench->n_rows++];
    *row = (struct pal_bench_row){
        .section = pal_strdup(bench->section), .name = pal_strdup(name), .unit = pal_strdup(unit)};
    return row;
}

void
pal_bench_time(struct pal_bench *bench, const char *name, const char *unit,
               const struct pal_stats *stats)
{
    struct pal_bench_row *row = add_row(bench, name, unit);
    row->is_stats = true;
    row->stats = *stats;
    (void)printf("  %-44s mean %9.2f  median %9.2f  p95 %9.2f  p99 %9.2f %s  (n %zu)\n", name,
                 stats->mean, stats->median, stats->p95, stats->p99, unit, stats->n);
    (void)fflush(stdout);
}

void
pal_bench_value(struct pal_bench *bench, const char *name, const char *unit, double value,
                const char *note)
{
    struct pal_bench_row *row = add_row(bench, name, unit);
    row->value = value;
    row->note = pal_strdup(note);
    int digits = value >= 1000.0 || value == (double)(int64_t)value ? 0 : 3;
    (void)printf("  %-44s %.*f %s%s%s\n", name, digits, value, unit, note != NULL ? "   " : "",
                 note != NULL ? note : "");
    (void)fflush(stdout);
}

void
pal_bench_fail(struct pal_bench *bench, const char *format, ...)
{
    va_list args;
    bench->n_failures++;
    (void)fprintf(stderr, "FAILED: ");
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

const struct pal_bench_row *
pal_bench_find(const struct pal_bench *bench, const char *section, const char *name)
{
    for (size_t i = 0; i < bench->n_rows; i++) {
        if (strcmp(bench->rows[i].section, section) == 0 &&
            strcmp(bench->rows[i].name, name) == 0) {
            return &bench->rows[i];
        }
    }
    return NULL;
}

static json_t *
row_json(const struct pal_bench_row *row)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s}", "section", row->section, "name", row->name, "unit", row->unit);
    if (row->is_stats) {
        json_t *stats =
            json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "n", (json_int_t)row->stats.n, "mean",
                      row->stats.mean, "median", row->stats.median, "p95", row->stats.p95, "p99",
                      row->stats.p99, "min", row->stats.min, "max", row->stats.max);
        (void)json_object_update_new(json, stats);
    } else {
        (void)json_object_set_new(json, "value", json_real(row->value));
    }
    if (row->note != NULL) {
        (void)json_object_set_new(json, "note", json_string(row->note));
    }
    return json;
}

static void
write_json(struct pal_bench *bench, const char *path)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < bench->n_rows; i++) {
        (void)json_array_append_new(rows, row_json(&bench->rows[i]));
    }
    json_t *all =
        json_pack("{s:s, s:s, s:f, s:I, s:I, s:o}", "bench", bench->name, "machine", bench->machine,
                  "load", bench->load, "at", (json_int_t)pal_wall_seconds(), "failures",
                  (json_int_t)bench->n_failures, "rows", rows);
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (all == NULL || file == NULL || json_dumpf(all, file, JSON_INDENT(1)) < 0) {
        pal_bench_fail(bench, "cannot write '%s'", path);
    }
    if (file != NULL) {
        (void)fputc('\n', file);
        if (file != stdout && fclose(file) != 0) {
            pal_bench_fail(bench, "cannot write '%s'", path);
        }
    }
    json_decref(all);
}

int
pal_bench_finish(struct pal_bench *bench, const char *json_path)
{
    if (json_path != NULL) {
        write_json(bench, json_path);
    }
    uint64_t n_failures = bench->n_failures;
    if (n_failures > 0) {
        (void)fprintf(stderr, "%llu failures: the figures above do not count\n",
                      (unsigned long long)n_failures);
    }
    for (size_t i = 0; i < bench->n_rows; i++) {
        free(bench->rows[i].section);
        free(bench->rows[i].name);
        free(bench->rows[i].unit);
        free(bench->rows[i].note);
    }
    free(bench->rows);
    free(bench->machine);
    free(bench->section);
    *bench = (struct pal_bench){0};
    return n_failures > 0 ? 1 : 0;
}
