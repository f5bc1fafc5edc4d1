#include "chat/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/histogram.h"
#include "util/recent.h"
#include "engine/engine.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/utf8.h"

#define SOURCES_MAX 8
#define WAYS_MAX    10 /* of pal_metrics_room_answer() */
#define STATUS_MIN  100
#define STATUS_MAX  599

struct source {
    const char *name; /* static storage */
    uint64_t n_accepted;
    uint64_t n_ended[PAL_OUTCOME_CANCELLED + 1];
    uint64_t n_refused[PAL_ERR_UNSUPPORTED + 1];
};

struct pal_metrics {
    struct source sources[SOURCES_MAX]; /* the last one takes all that found no room: "other" */
    size_t n_sources;
    uint64_t n_status[STATUS_MAX - STATUS_MIN + 1];
    uint64_t n_failed[PAL_ERR_UNSUPPORTED + 1];
    uint64_t prompt_tokens;
    uint64_t cached_tokens;
    uint64_t completion_tokens;
    uint64_t draft_tokens;
    uint64_t draft_accepted;
    int64_t prompt_us;
    int64_t predict_us;
    struct {
        const char *by; /* static storage */
        uint64_t n;
    } ways[WAYS_MAX];
    struct pal_histogram turn;
    struct pal_histogram wait;
    struct pal_histogram first_token;
    struct pal_recent recent_turn;
    struct pal_recent recent_wait;
    struct pal_recent recent_first_token;
};

static const char *const outcome_names[] = {
    [PAL_OUTCOME_DONE] = "done",
    [PAL_OUTCOME_FAILED] = "failed",
    [PAL_OUTCOME_CANCELLED] = "cancelled",
};

struct pal_metrics *
pal_metrics_create(void)
{
    return pal_calloc(1, sizeof(struct pal_metrics));
}

void
pal_metrics_destroy(struct pal_metrics *metrics)
{
    free(metrics);
}

static struct source *
source_named(struct pal_metrics *metrics, const char *name)
{
    for (size_t i = 0; i < metrics->n_sources; i++) {
        if (strcmp(metrics->sources[i].name, name) == 0) {
            return &metrics->sources[i];
        }
    }
    if (metrics->n_sources == SOURCES_MAX) {
        return &metrics->sources[SOURCES_MAX - 1];
    }
    struct source *source = &metrics->sources[metrics->n_sources++];
    source->name = metrics->n_sources == SOURCES_MAX ? "other" : name;
    return source;
}

static size_t
err_index(enum pal_err err)
{
    return (unsigned)err <= PAL_ERR_UNSUPPORTED ? (size_t)err : (size_t)PAL_ERR_ENGINE;
}

void
pal_metrics_turn_accepted(struct pal_metrics *metrics, const char *source)
{
    source_named(metrics, source)->n_accepted++;
}

void
pal_metrics_turn_refused(struct pal_metrics *metrics, const char *source, enum pal_err why)
{
    source_named(metrics, source)->n_refused[err_index(why)]++;
}

void
pal_metrics_turn_ended(struct pal_metrics *metrics, const char *source,
                       const struct pal_turn_end *ended, int64_t wait_us, int64_t total_us)
{
    source_named(metrics, source)->n_ended[ended->outcome]++;
    if (ended->outcome == PAL_OUTCOME_FAILED) {
        metrics->n_failed[err_index(ended->error.code)]++;
    }
    const struct pal_usage *usage = &ended->usage;
    metrics->prompt_tokens += usage->prompt_tokens;
    metrics->cached_tokens += usage->cached_tokens;
    metrics->completion_tokens += usage->completion_tokens;
    metrics->draft_tokens += usage->draft_tokens;
    metrics->draft_accepted += usage->draft_accepted;
    metrics->prompt_us += usage->prompt_us > 0 ? usage->prompt_us : 0;
    metrics->predict_us += usage->predict_us > 0 ? usage->predict_us : 0;
    pal_histogram_add(&metrics->wait, wait_us);
    pal_recent_add(&metrics->recent_wait, wait_us);
    pal_recent_add(&metrics->recent_turn, total_us);
    pal_histogram_add(&metrics->turn, total_us);
    if (usage->first_token_us > 0) {
        pal_histogram_add(&metrics->first_token, usage->first_token_us);
        pal_recent_add(&metrics->recent_first_token, usage->first_token_us);
    }
}

void
pal_metrics_room_answer(struct pal_metrics *metrics, const char *by)
{
    size_t at = 0;
    while (at < WAYS_MAX - 1 && metrics->ways[at].by != NULL &&
           strcmp(metrics->ways[at].by, by) != 0) {
        at++;
    }
    metrics->ways[at].by = by;
    metrics->ways[at].n++;
}

void
pal_metrics_http_request(struct pal_metrics *metrics, int status)
{
    if (status >= STATUS_MIN && status <= STATUS_MAX) {
        metrics->n_status[status - STATUS_MIN]++;
    }
}

/* Each step below is skipped once one has failed, so that render() reads as a list. */
struct page {
    struct pal_buf *out;
    enum pal_err err;
};

static void add(struct page *page, const char *format, ...) PAL_PRINTF(2, 3);

static void
add(struct page *page, const char *format, ...)
{
    if (page->err != PAL_OK) {
        return;
    }
    char line[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    PAL_ASSERT(len >= 0 && (size_t)len < sizeof(line));
    page->err = pal_buf_append(page->out, line, (size_t)len);
}

static void
add_family(struct page *page, const char *name, const char *type, const char *help)
{
    add(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
add_number(struct page *page, const char *name, const char *type, const char *help, uint64_t value)
{
    add_family(page, name, type, help);
    add(page, "%s %" PRIu64 "\n", name, value);
}

static void
add_seconds(struct page *page, const char *name, const char *help, int64_t value_us)
{
    add_family(page, name, "counter", help);
    add(page, "%s %" PRId64 ".%06" PRId64 "\n", name, value_us / PAL_US_PER_S,
        value_us % PAL_US_PER_S);
}

static void
add_histogram(struct page *page, const struct pal_histogram *histogram, const char *name,
              const char *help)
{
    if (page->err == PAL_OK) {
        page->err = pal_histogram_render(histogram, name, help, page->out);
    }
}

/* A label's value may be anything that a model file claims to be called. */
static void
add_label(struct page *page, const char *name, const char *value)
{
    char clean[2 * sizeof(((struct pal_engine_facts *)NULL)->model_name)];
    size_t n = 0;
    for (const char *c = value; *c != '\0' && n + 3 < sizeof(clean); c++) {
        if (*c == '\\' || *c == '"') {
            clean[n++] = '\\';
        }
        bool is_control = (unsigned char)*c < 0x20 || *c == 0x7f;
        clean[n++] = (char)(is_control ? '?' : *c);
    }
    clean[n] = '\0';
    pal_utf8_scrub(clean, n);
    add(page, "%s=\"%s\"", name, clean);
}

static void
add_turns(struct page *page, const struct pal_metrics *metrics)
{
    add_family(page, "palabre_turns_accepted_total", "counter", "Turns taken into the queue.");
    for (size_t i = 0; i < metrics->n_sources; i++) {
        const struct source *source = &metrics->sources[i];
        add(page, "palabre_turns_accepted_total{source=\"%s\"} %" PRIu64 "\n", source->name,
            source->n_accepted);
    }
    add_family(page, "palabre_turns_ended_total", "counter",
               "Turns that ended; with those waiting and running they make up the accepted ones.");
    for (size_t i = 0; i < metrics->n_sources; i++) {
        const struct source *source = &metrics->sources[i];
        for (size_t k = 0; k < PAL_COUNT_OF(outcome_names); k++) {
            add(page, "palabre_turns_ended_total{source=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
                source->name, outcome_names[k], source->n_ended[k]);
        }
    }
    add_family(page, "palabre_turns_failed_total", "counter", "Turns that failed, by reason.");
    for (size_t k = 0; k < PAL_COUNT_OF(metrics->n_failed); k++) {
        if (metrics->n_failed[k] > 0) {
            add(page, "palabre_turns_failed_total{reason=\"%s\"} %" PRIu64 "\n",
                pal_err_name((enum pal_err)k), metrics->n_failed[k]);
        }
    }
    add_family(page, "palabre_room_answers_total", "counter", "Lines of chats, by who answered.");
    for (size_t i = 0; i < WAYS_MAX && metrics->ways[i].by != NULL; i++) {
        add(page, "palabre_room_answers_total{by=\"%s\"} %" PRIu64 "\n", metrics->ways[i].by,
            metrics->ways[i].n);
    }
    add_family(page, "palabre_turns_refused_total", "counter", "Turns that were not taken.");
    for (size_t i = 0; i < metrics->n_sources; i++) {
        const struct source *source = &metrics->sources[i];
        for (size_t k = 0; k < PAL_COUNT_OF(source->n_refused); k++) {
            if (source->n_refused[k] > 0) {
                add(page, "palabre_turns_refused_total{source=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
                    source->name, pal_err_name((enum pal_err)k), source->n_refused[k]);
            }
        }
    }
}

static void
add_recent(struct page *page, const struct pal_recent *recent, const char *name, const char *help)
{
    if (page->err == PAL_OK) {
        page->err = pal_recent_render(recent, name, help, page->out);
    }
}

static void
add_memory(struct page *page, const struct pal_metrics_now *now)
{
    add_family(page, "palabre_memory_bytes", "gauge",
               "RAM that a process holds by itself, without mapped files.");
    add(page, "palabre_memory_bytes{owner=\"front\"} %" PRIu64 "\n", now->front_bytes);
    if (now->engine_bytes > 0) {
        add(page, "palabre_memory_bytes{owner=\"engine\"} %" PRIu64 "\n", now->engine_bytes);
    }
    add_number(page, "palabre_memory_available_bytes", "gauge",
               "RAM of the machine that could still be had.", now->available_bytes);
}

static void
add_work(struct page *page, const struct pal_metrics *metrics)
{
    add_histogram(page, &metrics->turn, "palabre_turn_duration_seconds",
                  "From a turn's acceptance to its end.");
    add_histogram(page, &metrics->wait, "palabre_turn_wait_seconds",
                  "From a turn's acceptance until the engine took it.");
    add_histogram(page, &metrics->first_token, "palabre_first_token_seconds",
                  "From a turn's submission to its first text.");
    add_recent(page, &metrics->recent_turn, "palabre_recent_turn_seconds",
               "palabre_turn_duration_seconds of the newest 256 turns.");
    add_recent(page, &metrics->recent_wait, "palabre_recent_wait_seconds",
               "palabre_turn_wait_seconds of the newest 256 turns.");
    add_recent(page, &metrics->recent_first_token, "palabre_recent_first_token_seconds",
               "palabre_first_token_seconds of the newest 256 turns.");
    add_number(page, "palabre_prompt_tokens_total", "counter",
               "Tokens of prompts, whether evaluated or found in the KV cache.",
               metrics->prompt_tokens);
    add_number(page, "palabre_prompt_tokens_cached_total", "counter",
               "Tokens of prompts that were found in the KV cache.", metrics->cached_tokens);
    add_number(page, "palabre_completion_tokens_total", "counter", "Tokens sampled for replies.",
               metrics->completion_tokens);
    add_number(page, "palabre_draft_tokens_total", "counter", "Tokens guessed by speculation.",
               metrics->draft_tokens);
    add_number(page, "palabre_draft_tokens_accepted_total", "counter",
               "Tokens guessed by speculation that were right.", metrics->draft_accepted);
    add_seconds(page, "palabre_prompt_seconds_total", "Time spent on prompts.", metrics->prompt_us);
    add_seconds(page, "palabre_predict_seconds_total", "Time spent on replies.",
                metrics->predict_us);
}

static void
add_http(struct page *page, const struct pal_metrics *metrics)
{
    add_family(page, "palabre_http_requests_total", "counter", "HTTP requests, by status.");
    for (size_t i = 0; i < PAL_COUNT_OF(metrics->n_status); i++) {
        if (metrics->n_status[i] > 0) {
            add(page, "palabre_http_requests_total{code=\"%zu\"} %" PRIu64 "\n", i + STATUS_MIN,
                metrics->n_status[i]);
        }
    }
}

static void
add_model(struct page *page, const struct pal_engine_facts *facts)
{
    add_family(page, "palabre_model_info", "gauge", "The model in use; always 1.");
    add(page, "palabre_model_info{");
    add_label(page, "model", facts->model_name);
    add(page, ",");
    add_label(page, "architecture", facts->architecture);
    add(page, ",");
    add_label(page, "quantisation", facts->quantisation);
    add(page, ",");
    add_label(page, "variant", facts->variant);
    add(page, ",");
    add_label(page, "devices", facts->devices);
    add(page, "} 1\n");
    add_number(page, "palabre_model_bytes", "gauge", "Size of the model.", facts->model_bytes);
    add_number(page, "palabre_kv_cache_bytes", "gauge", "Size of the KV cache.", facts->kv_bytes);
    add_number(page, "palabre_context_tokens", "gauge",
               "Room for tokens, all conversations together.", facts->n_ctx_tokens);
    add_number(page, "palabre_engine_threads_max", "gauge", "Threads that the engine may use.",
               facts->n_threads);
    add_number(page, "palabre_model_layers", "gauge", "Layers of the model.", facts->n_layers);
    add_number(page, "palabre_model_gpu_layers", "gauge", "Layers of the model on a GPU.",
               facts->n_layers_gpu);
}

/* One line a part, of the number that `of` picks. */
static void
add_part_family(struct page *page, const struct pal_engine *engine, const char *name,
                const char *type, const char *help,
                uint64_t (*of)(const struct pal_engine_part *part))
{
    add_family(page, name, type, help);
    for (size_t i = 0; i < pal_engine_n_parts(engine); i++) {
        struct pal_engine_part part;
        pal_engine_part(engine, i, &part);
        add(page, "%s{", name);
        add_label(page, "engine", part.name);
        add(page, "} %" PRIu64 "\n", of(&part));
    }
}

static uint64_t
part_is_up(const struct pal_engine_part *part)
{
    return part->state == PAL_ENGINE_READY;
}

static uint64_t
part_is_open(const struct pal_engine_part *part)
{
    return strcmp(part->breaker, "open") == 0;
}

static uint64_t
part_turns(const struct pal_engine_part *part)
{
    return part->n_turns;
}

static uint64_t
part_failures(const struct pal_engine_part *part)
{
    return part->n_failures;
}

static uint64_t
part_timeouts(const struct pal_engine_part *part)
{
    return part->n_timeouts;
}

static void
add_parts(struct page *page, const struct pal_engine *engine)
{
    add_part_family(page, engine, "palabre_engine_part_up", "gauge",
                    "1 if this engine of the cascade is ready.", part_is_up);
    add_part_family(page, engine, "palabre_engine_part_breaker_open", "gauge",
                    "1 while this engine is left alone after failures.", part_is_open);
    add_part_family(page, engine, "palabre_engine_part_turns_total", "counter",
                    "Turns handed to this engine.", part_turns);
    add_part_family(page, engine, "palabre_engine_part_failures_total", "counter",
                    "Turns that this engine failed.", part_failures);
    add_part_family(page, engine, "palabre_engine_part_timeouts_total", "counter",
                    "Turns that this engine was too slow for.", part_timeouts);
}

static void
add_pace(struct page *page, const struct pal_engine *engine)
{
    struct pal_engine_pace pace = pal_engine_pace(engine);
    if (pace.n_threads == 0) {
        return;
    }
    add_number(page, "palabre_engine_threads", "gauge", "Threads that a step uses at the moment.",
               pace.n_threads);
    add_family(page, "palabre_engine_pace", "gauge", "1 for why it uses so many threads.");
    for (int r = PAL_ENGINE_PACE_PLANNED; r <= PAL_ENGINE_PACE_IDLE; r++) {
        add(page, "palabre_engine_pace{reason=\"%s\"} %d\n",
            pal_engine_pace_reason_name((enum pal_engine_pace_reason)r), (int)pace.reason == r);
    }
}

static void
add_held(struct page *page, const struct pal_engine *engine)
{
    struct pal_engine_held held = pal_engine_held(engine);
    if (held.n_cells == 0) {
        return;
    }
    add_number(page, "palabre_kv_cells", "gauge", "Tokens that the KV has room for.", held.n_cells);
    add_number(page, "palabre_kv_cells_used", "gauge",
               "Of these, in use; a shared one counts once.", held.n_cells_used);
    add_family(page, "palabre_parked_bytes", "gauge", "Timelines that wait outside the KV.");
    add(page, "palabre_parked_bytes{place=\"ram\"} %llu\n",
        (unsigned long long)held.parked_ram_bytes);
    add(page, "palabre_parked_bytes{place=\"disk\"} %llu\n",
        (unsigned long long)held.parked_disk_bytes);
}

static void
add_engine(struct page *page, const struct pal_engine *engine)
{
    enum pal_engine_state state = pal_engine_state(engine);
    add_family(page, "palabre_engine_state", "gauge", "1 for the state that the engine is in.");
    for (int s = PAL_ENGINE_STARTING; s <= PAL_ENGINE_STOPPED; s++) {
        add(page, "palabre_engine_state{state=\"%s\"} %d\n",
            pal_engine_state_name((enum pal_engine_state)s), (int)state == s);
    }
    add_family(page, "palabre_engine_load_ratio", "gauge", "How much of the model is loaded.");
    add(page, "palabre_engine_load_ratio %.3f\n",
        state == PAL_ENGINE_READY ? 1.0 : (double)pal_engine_progress(engine));
    add_number(page, "palabre_engine_restarts_total", "counter",
               "How often the engine died and was started again.", pal_engine_n_restarts(engine));
    const struct pal_engine_facts *facts = pal_engine_facts(engine);
    if (facts->model_name[0] != '\0') {
        add_model(page, facts);
    }
    add_pace(page, engine);
    add_held(page, engine);
    if (pal_engine_n_parts(engine) > 0) {
        add_parts(page, engine);
    }
}

enum pal_err
pal_metrics_render(const struct pal_metrics *metrics, const struct pal_metrics_now *now,
                   struct pal_buf *out)
{
    struct page page = {.out = out, .err = PAL_OK};
    add_family(&page, "palabre_build_info", "gauge", "The program's version; always 1.");
    add(&page, "palabre_build_info{version=\"%s\"} 1\n", PALABRE_VERSION);
    add_turns(&page, metrics);
    add_number(&page, "palabre_turns_waiting", "gauge", "Turns in the queue.", now->n_waiting);
    add_number(&page, "palabre_turns_running", "gauge", "Turns in the engine.", now->n_running);
    add_number(&page, "palabre_paused", "gauge", "1 while no turn is given to the engine.",
               now->is_paused);
    add_work(&page, metrics);
    add_number(&page, "palabre_conversations", "gauge", "Conversations remembered.",
               now->n_conversations);
    add_number(&page, "palabre_connections", "gauge", "Connections open.", now->n_connections);
    add_memory(&page, now);
    add_http(&page, metrics);
    if (now->engine != NULL) {
        add_engine(&page, now->engine);
    }
    return page.err;
}
