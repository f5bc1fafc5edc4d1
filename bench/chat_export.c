/* The result as JSON: the keys of the first benchmark with their meaning and two decimals, and more
 * keys beside them. */
#include "bench/chat.h"

#include <math.h>

#include "util/clock.h"
#include "util/mem.h"

static json_t *
rounded(double value)
{
    return json_real(round(value * 100.0) / 100.0);
}

/* A figure that may be unknown: null then. */
static json_t *
known(double value)
{
    return value < 0 ? json_null() : rounded(value);
}

static json_t *
config_json(const struct chat_result *result)
{
    const struct chat_options *options = result->options;
    return json_pack("{s:i, s:i, s:i, s:o, s:s, s:i, s:i, s:o, s:b, s:s, s:s, s:s?}", "max_users",
                     (int)options->n_users, "max_messages", (int)options->max_stored,
                     "messages_per_user", (int)options->n_messages, "ttl", rounded(options->ttl_s),
                     "mode", options->sequential ? "sequential" : "parallel", "runs",
                     (int)options->n_runs, "max_tokens", (int)options->max_tokens, "timeout_ms",
                     rounded(options->timeout_s * 1e3), "kv_reuse", (int)options->kv_reuse, "url",
                     result->server->base, "model", result->server->model, "engine",
                     result->server->describes);
}

static json_t *
performance_json(const struct chat_result *result)
{
    const struct pal_stats *latency = &result->latency_ms;
    json_t *json = json_pack(
        "{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "total_time", rounded(result->total_s),
        "total_messages", (json_int_t)result->n_answered, "throughput",
        rounded(chat_result_throughput(result)), "avg_latency", rounded(latency->mean),
        "min_latency", rounded(latency->min), "max_latency", rounded(latency->max), "p50_latency",
        rounded(latency->median), "p95_latency", rounded(latency->p95));
    json_t *more = json_pack(
        "{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "sent", (json_int_t)result->n_sent,
        "errors", (json_int_t)result->n_errors, "timeouts", (json_int_t)result->n_timeouts,
        "p50_first_token", rounded(result->first_ms.median), "p95_first_token",
        rounded(result->first_ms.p95), "tokens_per_second",
        rounded(result->total_s > 0 ? result->n_completion / result->total_s : 0.0),
        "prompt_tokens", known(result->has_usage ? result->n_prompt : -1.0),
        "prompt_tokens_evaluated", known(result->has_usage ? result->n_evaluated : -1.0),
        "prompt_tokens_ideal", known(result->n_ideal));
    int failed = json_object_update_new(json, more);
    PAL_ASSERT(json != NULL && failed == 0);
    return json;
}

static json_t *
memory_json(const struct chat_result *result)
{
    const struct chat_options *options = result->options;
    json_t *runs = json_array();
    for (uint32_t i = 0; i < options->n_runs; i++) {
        (void)json_array_append_new(runs, known(result->runs[i].rss_mib));
    }
    return json_pack("{s:i, s:o, s:i, s:o, s:o}", "total_messages_stored", (int)result->n_stored,
                     "avg_history_size", rounded((double)result->n_stored / options->n_users),
                     "max_history_size", (int)result->n_stored_max, "rss_mib_after_runs", runs,
                     "rss_growth_mib",
                     result->rss_known ? rounded(result->rss_growth_mib) : json_null());
}

/* How many characters, never the text itself. */
static json_t *
easter_eggs_json(const struct chat_result *result)
{
    const struct chat_options *options = result->options;
    json_t *details = json_array();
    for (uint32_t run = 0; run < options->n_runs; run++) {
        for (uint32_t i = 0; i < options->n_users; i++) {
            const struct chat_user *user = &result->runs[run].users[i];
            for (uint32_t k = 0; k < options->n_messages; k++) {
                if (user->samples[k].n_chinese > 0) {
                    (void)json_array_append_new(details,
                                                json_pack("{s:s, s:i, s:i}", "user", user->name,
                                                          "message", (int)k + 1, "characters",
                                                          (int)user->samples[k].n_chinese));
                }
            }
        }
    }
    double rate =
        result->n_answered > 0 ? (double)result->n_chinese / (double)result->n_answered : 0.0;
    return json_pack("{s:i, s:o, s:o}", "total_count", (int)result->n_chinese, "occurrence_rate",
                     rounded(100.0 * rate), "details", details);
}

static json_t *
user_json(const struct chat_user *user)
{
    static const char *const names[] = {"unsent", "answered", "late", "expired", "failed"};
    json_t *messages = json_array();
    for (uint32_t k = 0; k < user->options->n_messages; k++) {
        const struct chat_sample *sample = &user->samples[k];
        double evaluated = sample->has_usage ? sample->n_prompt - sample->n_cached : -1.0;
        (void)json_array_append_new(
            messages,
            json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "outcome", names[sample->outcome],
                      "latency", rounded(sample->total_ms), "first_token", known(sample->first_ms),
                      "prompt_tokens", known(sample->has_usage ? sample->n_prompt : -1.0),
                      "prompt_tokens_evaluated", known(evaluated), "prompt_tokens_ideal",
                      known(sample->n_new), "completion_tokens", rounded(sample->n_completion)));
    }
    return json_pack("{s:s, s:i, s:i, s:o}", "user", user->name, "messages_stored",
                     (int)user->n_stored, "max_history_size", (int)user->n_stored_max, "messages",
                     messages);
}

bool
chat_export(const struct chat_result *result, const char *path)
{
    const struct chat_options *options = result->options;
    json_t *users = json_array();
    for (uint32_t run = 0; run < options->n_runs; run++) {
        for (uint32_t i = 0; i < options->n_users; i++) {
            json_t *user = user_json(&result->runs[run].users[i]);
            (void)json_object_set_new(user, "run", json_integer((json_int_t)run + 1));
            (void)json_array_append_new(users, user);
        }
    }
    json_t *all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:I}", "config",
                            config_json(result), "performance", performance_json(result), "memory",
                            memory_json(result), "easter_eggs", easter_eggs_json(result),
                            "per_user", users, "machine", result->machine, "verdict",
                            chat_result_verdict(result), "at", (json_int_t)pal_wall_seconds());
    PAL_ASSERT(all != NULL);
    FILE *file = fopen(path, "we");
    bool written = file != NULL &&
                   json_dumpf(all, file, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) == 0 &&
                   fputc('\n', file) != EOF;
    if (file != NULL) {
        written = fclose(file) == 0 && written;
    }
    json_decref(all);
    return written;
}
