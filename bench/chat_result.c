/* Every user's samples become one result, and the result a verdict. */
#include "bench/chat.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

/* The hardware table's own limits (docs/performance.md). */
#define IDEAL_MS     5000.0
#define LIMIT_MS     6000.0
#define EXCELLENT_MS 2000.0

/* What the allocators of two processes may still settle between two runs; a leak is more. */
#define RSS_SLACK_MIB  16.0
#define RSS_SLACK_PART 0.05

static bool
is_reply(const struct chat_sample *sample)
{
    return sample->outcome == CHAT_ANSWERED || sample->outcome == CHAT_LATE;
}

static void
add_sample(struct chat_result *result, const struct chat_sample *sample, double *latency,
           double *first)
{
    result->n_sent += sample->outcome != CHAT_UNSENT;
    result->n_errors += sample->outcome == CHAT_FAILED;
    result->n_timeouts += sample->outcome == CHAT_LATE || sample->outcome == CHAT_EXPIRED;
    if (!is_reply(sample)) {
        return;
    }
    latency[result->n_answered] = sample->total_ms;
    first[result->n_answered] = sample->first_ms;
    result->n_answered++;
    result->n_completion += sample->n_completion;
    result->has_usage = result->has_usage && sample->has_usage;
    result->n_prompt += sample->n_prompt;
    result->n_evaluated += sample->n_prompt - sample->n_cached;
    result->n_chinese += sample->n_chinese > 0;
    if (sample->n_new < 0) {
        result->n_ideal = -1.0;
    } else if (result->n_ideal >= 0) {
        result->n_ideal += sample->n_new;
    }
}

static void
add_memory(struct chat_result *result, const struct chat_run *runs)
{
    const struct chat_options *options = result->options;
    const struct chat_run *last = &runs[options->n_runs - 1];
    for (uint32_t i = 0; i < options->n_users; i++) {
        result->n_stored += last->users[i].n_stored;
    }
    for (uint32_t run = 0; run < options->n_runs; run++) {
        for (uint32_t i = 0; i < options->n_users; i++) {
            uint32_t n = runs[run].users[i].n_stored_max;
            result->n_stored_max = n > result->n_stored_max ? n : result->n_stored_max;
        }
    }
    result->rss_known = options->n_runs > 1 && runs[0].rss_mib >= 0 && last->rss_mib >= 0;
    if (result->rss_known) {
        double slack = runs[0].rss_mib * RSS_SLACK_PART;
        result->rss_growth_mib = last->rss_mib - runs[0].rss_mib;
        result->rss_grows =
            result->rss_growth_mib > (slack > RSS_SLACK_MIB ? slack : RSS_SLACK_MIB);
    }
}

void
chat_result_of(struct chat_result *result, const struct chat_options *options,
               const struct chat_server *server, const struct chat_run *runs, const char *machine)
{
    size_t room = (size_t)options->n_runs * options->n_users * options->n_messages;
    double *latency = pal_calloc(room, sizeof(*latency));
    double *first = pal_calloc(room, sizeof(*first));
    *result =
        (struct chat_result){.options = options, .server = server, .runs = runs, .has_usage = true};
    (void)snprintf(result->machine, sizeof(result->machine), "%s", machine);
    for (uint32_t run = 0; run < options->n_runs; run++) {
        result->total_s += runs[run].total_s;
        for (uint32_t i = 0; i < options->n_users; i++) {
            for (uint32_t k = 0; k < options->n_messages; k++) {
                add_sample(result, &runs[run].users[i].samples[k], latency, first);
            }
        }
    }
    result->has_usage = result->has_usage && result->n_answered > 0;
    if (!result->has_usage) {
        result->n_ideal = -1.0;
    }
    result->latency_ms = pal_stats_of(latency, result->n_answered);
    result->first_ms = pal_stats_of(first, result->n_answered);
    add_memory(result, runs);
    free(latency);
    free(first);
}

double
chat_result_throughput(const struct chat_result *result)
{
    return result->total_s > 0 ? (double)result->n_answered / result->total_s : 0.0;
}

const char *
chat_result_verdict(const struct chat_result *result)
{
    double average = result->latency_ms.mean;
    if (result->n_answered == 0 || result->n_errors > 0 || result->n_timeouts > 0 ||
        average >= LIMIT_MS) {
        return "💀 Non viable";
    }
    return average < EXCELLENT_MS ? "✅ Excellent"
           : average < IDEAL_MS   ? "✅ Viable"
                                  : "⚠️ Acceptable";
}

void
chat_result_judge(const struct chat_result *result, struct pal_bench *bench)
{
    const struct chat_options *options = result->options;
    if (result->n_answered == 0) {
        pal_bench_fail(bench, "%s", PAL_T("no reply at all", "aucune réponse"));
        return;
    }
    if (result->n_errors > 0) {
        pal_bench_fail(bench, PAL_T("%zu of %zu messages failed", "%zu messages sur %zu en échec"),
                       result->n_errors, result->n_sent);
    }
    if (result->n_timeouts > 0) {
        pal_bench_fail(
            bench,
            PAL_T("%zu of %zu messages took over %.1f s", "%zu messages sur %zu au-delà de %.1f s"),
            result->n_timeouts, result->n_sent, options->timeout_s);
    }
    if (result->latency_ms.mean >= LIMIT_MS) {
        pal_bench_fail(bench,
                       PAL_T("the average is %.2f s, not under %.0f s",
                             "la moyenne est de %.2f s, pas sous %.0f s"),
                       result->latency_ms.mean / 1e3, LIMIT_MS / 1e3);
    }
    if (result->n_stored_max > options->max_stored) {
        pal_bench_fail(bench,
                       PAL_T("a history held %u messages of %u allowed",
                             "un historique tenait %u messages sur %u permis"),
                       result->n_stored_max, options->max_stored);
    }
    if (result->rss_grows) {
        pal_bench_fail(bench,
                       PAL_T("the daemon's memory grew by %.1f MiB over %u runs",
                             "la mémoire du démon a grandi de %.1f Mio en %u passages"),
                       result->rss_growth_mib, options->n_runs);
    }
}
