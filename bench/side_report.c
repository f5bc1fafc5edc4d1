/* A comparison's results: as a table, as JSON, and as a page of documentation. */
#include "bench/side.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

static json_t *
server_json(const struct side_options *options, const struct side_result *result, size_t i,
            double ours)
{
    const struct side_work_facts *facts = &side_works[result->work];
    double sorted[SIDE_ROUNDS_MAX];
    size_t n = result->n_samples[i];
    memcpy(sorted, result->samples[i], n * sizeof(*sorted));
    const struct pal_stats stats = pal_stats_of(sorted, n);
    json_t *samples = json_array();
    for (size_t k = 0; k < n; k++) {
        (void)json_array_append_new(samples, json_real(result->samples[i][k]));
    }
    json_t *json = json_pack("{s:s, s:b, s:o, s:f, s:f, s:f}", "label", options->servers[i].label,
                             "pinned", options->servers[i].is_pinned, "samples", samples, "median",
                             stats.median, "min", stats.min, "max", stats.max);
    PAL_ASSERT(json != NULL);
    double target = options->servers[i].is_pinned ? facts->target_pinned : facts->target;
    if (i > 0 && n > 0 && ours >= 0 && stats.median > 0) {
        double ratio = ours / stats.median;
        (void)json_object_set_new(json, "ratio", json_real(ratio));
        if (target > 0) {
            bool is_met = facts->more_is_better ? ratio >= target : ratio <= target;
            (void)json_object_set_new(json, "target", json_real(target));
            (void)json_object_set_new(json, "met", json_boolean(is_met));
        }
    }
    return json;
}

json_t *
side_report_json(const struct side_options *options, const struct side_result *results,
                 size_t n_results, const struct pal_bench *bench, const char *title)
{
    json_t *works = json_array();
    for (size_t r = 0; r < n_results; r++) {
        const struct side_result *result = &results[r];
        const struct side_work_facts *facts = &side_works[result->work];
        double sorted[SIDE_ROUNDS_MAX];
        memcpy(sorted, result->samples[0], sizeof(sorted));
        double ours =
            result->n_samples[0] > 0 ? pal_stats_of(sorted, result->n_samples[0]).median : -1;
        json_t *servers = json_array();
        for (size_t i = 0; i < options->n_servers; i++) {
            (void)json_array_append_new(servers, server_json(options, result, i, ours));
        }
        json_t *work =
            json_pack("{s:s, s:s, s:s, s:b, s:o}", "work", facts->name, "what", facts->en, "unit",
                      facts->unit, "more_is_better", facts->more_is_better, "servers", servers);
        PAL_ASSERT(work != NULL);
        (void)json_array_append_new(works, work);
    }
    json_t *run =
        json_pack("{s:s, s:s, s:s, s:f, s:I, s:I, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:i}, s:o}",
                  "bench", "side", "title", title, "machine", bench->machine, "load", bench->load,
                  "at", (json_int_t)pal_wall_seconds(), "failures", (json_int_t)bench->n_failures,
                  "options", "users", (int)options->n_users, "messages", (int)options->n_messages,
                  "tokens", (int)options->n_tokens, "viewers", (int)options->n_viewers, "turns",
                  (int)options->n_turns, "long_tokens", (int)options->n_long_tokens, "window_s",
                  options->window_s, "rounds", (int)options->n_rounds, "works", works);
    PAL_ASSERT(run != NULL);
    return run;
}

/* ---- for people ---- */

static double
number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static const char *
word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* "0.42 (<= 0.5: met)" */
static void
describe_ratio(const json_t *work, const json_t *server, char *text, size_t size)
{
    const json_t *target = json_object_get(server, "target");
    text[0] = '\0';
    if (json_object_get(server, "ratio") == NULL) {
        return;
    }
    int n = snprintf(text, size, "%.2f ×", number(server, "ratio"));
    if (target != NULL && n > 0 && (size_t)n < size) {
        bool more = json_is_true(json_object_get(work, "more_is_better"));
        (void)snprintf(text + n, size - (size_t)n, " (%s %.2g: %s)", more ? "≥" : "≤",
                       json_number_value(target),
                       json_is_true(json_object_get(server, "met")) ? "met" : "missed");
    }
}

static int
digits_for(double value)
{
    return value >= 100 ? 0 : value >= 10 ? 1 : 2;
}

static void
print_server(const json_t *work, const json_t *server)
{
    char ratio[96];
    describe_ratio(work, server, ratio, sizeof(ratio));
    if (json_array_size(json_object_get(server, "samples")) == 0) {
        (void)printf("  %-20s failed\n", word(server, "label"));
        return;
    }
    double median = number(server, "median");
    int digits = digits_for(median);
    (void)printf("  %-20s %10.*f %s  (%.*f to %.*f, n %zu)  %s\n", word(server, "label"), digits,
                 median, word(work, "unit"), digits, number(server, "min"), digits,
                 number(server, "max"), json_array_size(json_object_get(server, "samples")), ratio);
}

void
side_report_print(const json_t *run)
{
    size_t i;
    json_t *work;
    json_array_foreach(json_object_get(run, "works"), i, work)
    {
        size_t k;
        json_t *server;
        (void)printf("\n%s: %s\n", word(work, "work"), word(work, "what"));
        json_array_foreach(json_object_get(work, "servers"), k, server)
        {
            print_server(work, server);
        }
    }
}

static void
write_work(FILE *file, const json_t *work)
{
    size_t k;
    json_t *server;
    json_array_foreach(json_object_get(work, "servers"), k, server)
    {
        char ratio[96];
        double median = number(server, "median");
        int digits = digits_for(median);
        describe_ratio(work, server, ratio, sizeof(ratio));
        (void)fprintf(file, "| %s | %s | ", k == 0 ? word(work, "what") : "",
                      word(server, "label"));
        if (json_array_size(json_object_get(server, "samples")) == 0) {
            (void)fprintf(file, "failed | | |\n");
            continue;
        }
        (void)fprintf(file, "%.*f %s | %.*f to %.*f | %s |\n", digits, median, word(work, "unit"),
                      digits, number(server, "min"), digits, number(server, "max"), ratio);
    }
}

static void
write_run(FILE *file, const json_t *run)
{
    const json_t *options = json_object_get(run, "options");
    char at[40];
    time_t seconds = (time_t)number(run, "at");
    struct tm parts;
    (void)strftime(at, sizeof(at), "%Y-%m-%d %H:%M UTC", gmtime_r(&seconds, &parts));
    (void)fprintf(file,
                  "## %s\n\n%s, load %.2f at the start, %s. %.0f rounds in turn; %.0f users × %.0f "
                  "messages × %.0f tokens; %.0f viewers × %.0f turns; long prompt %.0f tokens; "
                  "windows of %.0f s. Failures: %.0f.\n\n",
                  word(run, "title"), word(run, "machine"), number(run, "load"), at,
                  number(options, "rounds"), number(options, "users"), number(options, "messages"),
                  number(options, "tokens"), number(options, "viewers"), number(options, "turns"),
                  number(options, "long_tokens"), number(options, "window_s"),
                  number(run, "failures"));
    (void)fprintf(file, "| work | server | median | range | ours over it (target) |\n"
                        "|---|---|---|---|---|\n");
    size_t i;
    json_t *work;
    json_array_foreach(json_object_get(run, "works"), i, work)
    {
        write_work(file, work);
    }
    (void)fputc('\n', file);
}

bool
side_report_markdown(const json_t *runs, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(
        file,
        "# Side by side\n\n"
        "Palabre and llama-server of the same llama.cpp release, on the same machine, with the "
        "same "
        "model file and the very same prebuilt libraries (the kernels are identical; only the "
        "server around them differs), given the same work in turn. Written by `./dev peers`; "
        "`palabre bench side --help` compares any servers of OpenAI's API.\n\n"
        "*default*: `llama-server -c 8192`. *best*: `-np 4 -c 8192 --cache-reuse 32`, each user "
        "pinned to a slot by the client (`id_slot`), which Palabre's clients need not do. The "
        "persona has about 150 tokens; windows are of 12 messages; replies are greedy and of full "
        "length. \"Prompt tokens evaluated\" is what each server reports. A ratio is our median "
        "over theirs.\n\n");
    size_t i;
    json_t *run;
    json_array_foreach(runs, i, run)
    {
        write_run(file, run);
    }
    return fclose(file) == 0;
}
