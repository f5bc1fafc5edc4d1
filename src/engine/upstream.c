#include "engine/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "engine/curl_loop.h"
#include "engine/engine_ops.h"
#include "engine/settings.h"
#include "engine/upstream_turn.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "upstream"
#include "util/log.h"

#define SEQUENCES_DEFAULT     4
#define CONNECT_DEFAULT_US    (3 * PAL_US_PER_S)
#define FIRST_TEXT_DEFAULT_US (30 * PAL_US_PER_S)
#define IDLE_DEFAULT_US       (20 * PAL_US_PER_S)
#define TICK_MS               50
#define PROBE_TIMEOUT_MS      5000L
#define PROBE_PAUSE_FIRST_US  PAL_US_PER_S
#define PROBE_PAUSE_MAX_US    (60 * PAL_US_PER_S)
#define MODELS_BYTES_MAX      (1u << 20)

struct upstream {
    struct pal_engine base;
    uv_loop_t *loop;
    struct pal_curl_loop *curl;
    struct pal_upstream_line line;
    uint32_t n_sequences;
    enum pal_engine_state state;
    struct pal_engine_facts facts;
    struct pal_error failure; /* why it is not READY */
    struct pal_upstream_turn *turns;
    uint32_t n_turns;

    /* GET /models, until it answers. */
    char *models_url;
    struct curl_slist *headers; /* the key alone */
    CURL *probe;                /* NULL = none is running */
    struct pal_buf models;
    int64_t pause_us;
    char probe_text[CURL_ERROR_SIZE];

    /* Everything that touches a transfer is done from here, never inside a callback of curl's. */
    uv_timer_t kick;
    uv_timer_t tick;
    uv_timer_t pause;
    unsigned n_open_timers;
    bool is_closing;
    pal_engine_closed_fn on_closed;
    void *closed_userdata;
};

static void
tell_state(struct upstream *upstream)
{
    struct pal_event event = {
        .kind = PAL_EVENT_STATE,
        .state = upstream->state,
        .facts = upstream->facts,
        .error = upstream->failure,
    };
    upstream->line.on_event(&event, upstream->line.userdata);
}

/* ---- turns ---- */

static void
take_out(struct upstream *upstream, struct pal_upstream_turn *turn)
{
    struct pal_upstream_turn **at = &upstream->turns;
    while (*at != turn) {
        at = &(*at)->next;
    }
    *at = turn->next;
    upstream->n_turns--;
    if (turn->is_started) {
        pal_curl_loop_remove(upstream->curl, turn->easy);
    }
}

/* The turn is over: away with it, then everybody is told. */
static void
conclude(struct upstream *upstream, struct pal_upstream_turn *turn)
{
    struct pal_event event = turn->final;
    take_out(upstream, turn);
    pal_upstream_turn_destroy(turn);
    if (event.kind == PAL_EVENT_FAILED) {
        /* Its text may hold what the server repeated of the chat. */
        pal_log_warn("upstream failed a turn", "server=" PAL_LOG_STR " reason=%s",
                     upstream->line.address.name, pal_err_name(event.error.code));
    }
    upstream->line.on_event(&event, upstream->line.userdata);
}

static void
on_kick(uv_timer_t *timer)
{
    struct upstream *upstream = timer->data;
    struct pal_upstream_turn *turn = upstream->turns;
    while (turn != NULL) {
        if (turn->is_over) {
            conclude(upstream, turn);
            turn = upstream->turns; /* the callback may have changed the list */
            continue;
        }
        if (!turn->is_started) {
            turn->is_started = true;
            pal_curl_loop_add(upstream->curl, turn->easy);
        }
        turn = turn->next;
    }
    if (upstream->turns == NULL) {
        (void)uv_timer_stop(&upstream->tick);
    }
}

static void
kick(struct upstream *upstream)
{
    (void)uv_timer_start(&upstream->kick, on_kick, 0, 0);
}

static void
on_tick(uv_timer_t *timer)
{
    struct upstream *upstream = timer->data;
    int64_t now_us = pal_now_us();
    for (struct pal_upstream_turn *turn = upstream->turns; turn != NULL; turn = turn->next) {
        pal_upstream_turn_tick(turn, now_us);
    }
    on_kick(&upstream->kick);
}

/* ---- is it there? ---- */

static void start_probe(uv_timer_t *timer);

static void
probe_later(struct upstream *upstream, int64_t pause_us)
{
    (void)uv_timer_start(&upstream->pause, start_probe, (uint64_t)(pause_us / PAL_US_PER_MS), 0);
}

static size_t
on_models(char *data, size_t size, size_t n, void *userdata)
{
    return pal_buf_append(userdata, data, size * n) == PAL_OK ? size * n : 0;
}

static void
start_probe(uv_timer_t *timer)
{
    struct upstream *upstream = timer->data;
    if (upstream->probe != NULL || upstream->is_closing) {
        return;
    }
    CURL *easy = curl_easy_init();
    PAL_ASSERT(easy != NULL);
    pal_buf_clear(&upstream->models);
    upstream->probe_text[0] = '\0';
    pal_upstream_line_prepare(&upstream->line, easy, upstream->probe_text);
    (void)curl_easy_setopt(easy, CURLOPT_URL, upstream->models_url);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, upstream->headers);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, PROBE_TIMEOUT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_models);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &upstream->models);
    upstream->probe = easy;
    pal_curl_loop_add(upstream->curl, easy);
}

/* Not every server has the list: then it will do that somebody answers and a model is named. */
static enum pal_err
read_probe(struct upstream *upstream, CURLcode code, struct pal_error *error)
{
    const struct pal_upstream_line *line = &upstream->line;
    struct pal_engine_facts *facts = &upstream->facts;
    char reason[PAL_ERROR_TEXT_MAX];
    long status = 0;
    (void)curl_easy_getinfo(upstream->probe, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        return pal_upstream_line_fault(line, code, upstream->probe_text, error);
    }
    if ((status == 404 || status == 405) && line->address.model[0] != '\0') {
        (void)snprintf(facts->model_name, sizeof(facts->model_name), "%s", line->address.model);
        return PAL_OK;
    }
    if (status != 200) {
        return pal_upstream_line_refusal(line, status, &upstream->models, error);
    }
    struct pal_error why;
    enum pal_err err = pal_upstream_read_models(
        upstream->models.data, upstream->models.len, line->address.model, facts->model_name,
        sizeof(facts->model_name), &facts->n_ctx_tokens, &why);
    if (err != PAL_OK) {
        (void)snprintf(reason, sizeof(reason), "%s", why.text);
        return pal_error_set(error, err, "%s: %.400s", line->address.name, reason);
    }
    return PAL_OK;
}

static void
be_ready(struct upstream *upstream)
{
    upstream->state = PAL_ENGINE_READY;
    upstream->pause_us = 0;
    upstream->failure = (struct pal_error){0};
    pal_log_info("upstream ready", "server=" PAL_LOG_STR " model=" PAL_LOG_STR,
                 upstream->line.address.name, upstream->facts.model_name);
    tell_state(upstream);
}

static void
be_away(struct upstream *upstream, const struct pal_error *why)
{
    int64_t pause_us = upstream->pause_us;
    if (pause_us == 0) { /* once, not with every try */
        pal_log_warn("upstream is not usable", "server=" PAL_LOG_STR " reason=" PAL_LOG_STR,
                     upstream->line.address.name, why->text);
    }
    pause_us = pause_us == 0 ? PROBE_PAUSE_FIRST_US : 2 * pause_us;
    upstream->pause_us = pause_us < PROBE_PAUSE_MAX_US ? pause_us : PROBE_PAUSE_MAX_US;
    upstream->failure = *why;
    probe_later(upstream, upstream->pause_us);
    tell_state(upstream);
}

static void
on_curl_done(CURL *easy, CURLcode code, void *userdata)
{
    struct upstream *upstream = userdata;
    if (easy != upstream->probe) {
        struct pal_upstream_turn *turn = NULL;
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &turn);
        turn->is_started = false;
        pal_upstream_turn_ended(turn, code);
        kick(upstream);
        return;
    }
    struct pal_error error = {0};
    enum pal_err err = read_probe(upstream, code, &error);
    curl_easy_cleanup(upstream->probe);
    upstream->probe = NULL;
    if (err == PAL_OK) {
        be_ready(upstream);
    } else {
        be_away(upstream, &error);
    }
}

void
pal_upstream_suspect(struct pal_engine *engine, int64_t pause_us)
{
    struct upstream *upstream = (struct upstream *)engine;
    if (upstream->state != PAL_ENGINE_READY) {
        return;
    }
    upstream->state = PAL_ENGINE_STARTING;
    (void)pal_error_set(&upstream->failure, PAL_ERR_ENGINE, "%s failed too often",
                        upstream->line.address.name);
    probe_later(upstream, pause_us);
    tell_state(upstream);
}

const char *
pal_upstream_name(const struct pal_engine *engine)
{
    return ((const struct upstream *)engine)->line.address.name;
}

/* ---- the boundary ---- */

static enum pal_err
upstream_submit(struct pal_engine *base, struct pal_job *job, struct pal_error *error)
{
    struct upstream *upstream = (struct upstream *)base;
    if (upstream->state != PAL_ENGINE_READY) {
        return pal_error_set(error, PAL_ERR_BUSY, "%s is not usable now",
                             upstream->line.address.name);
    }
    if (upstream->n_turns >= upstream->n_sequences) {
        return pal_error_set(error, PAL_ERR_BUSY, "%s has %u turns already",
                             upstream->line.address.name, upstream->n_turns);
    }
    enum pal_err err = pal_job_check(job, error);
    struct pal_upstream_turn *turn = NULL;
    if (err == PAL_OK) {
        err = pal_upstream_turn_create(&upstream->line, upstream->facts.model_name, job, &turn,
                                       error);
    }
    if (err != PAL_OK) {
        return err;
    }
    turn->next = upstream->turns;
    upstream->turns = turn;
    upstream->n_turns++;
    (void)uv_timer_start(&upstream->tick, on_tick, TICK_MS, TICK_MS);
    kick(upstream);
    return PAL_OK;
}

static void
upstream_cancel(struct pal_engine *base, uint64_t turn_id)
{
    struct upstream *upstream = (struct upstream *)base;
    for (struct pal_upstream_turn *turn = upstream->turns; turn != NULL; turn = turn->next) {
        if (turn->job.turn_id == turn_id) {
            pal_upstream_turn_cancel(turn);
            kick(upstream);
        }
    }
}

static enum pal_engine_state
upstream_state(const struct pal_engine *base)
{
    return ((const struct upstream *)base)->state;
}

static const struct pal_engine_facts *
upstream_facts(const struct pal_engine *base)
{
    return &((const struct upstream *)base)->facts;
}

static float
upstream_progress(const struct pal_engine *base)
{
    return upstream_state(base) == PAL_ENGINE_READY ? 1 : 0;
}

static const struct pal_error *
upstream_failure(const struct pal_engine *base)
{
    return &((const struct upstream *)base)->failure;
}

/* ---- closing ---- */

static void
free_upstream(struct upstream *upstream)
{
    curl_slist_free_all(upstream->line.headers);
    curl_slist_free_all(upstream->headers);
    if (upstream->line.key != NULL) {
        explicit_bzero(upstream->line.key, strlen(upstream->line.key));
    }
    free(upstream->line.key);
    free(upstream->line.chat_url);
    free(upstream->models_url);
    pal_buf_finish(&upstream->models);
    free(upstream);
}

static void
on_timer_closed(uv_handle_t *handle)
{
    struct upstream *upstream = handle->data;
    if (--upstream->n_open_timers > 0) {
        return;
    }
    pal_engine_closed_fn on_closed = upstream->on_closed;
    void *userdata = upstream->closed_userdata;
    free_upstream(upstream);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

static void
on_curl_closed(void *userdata)
{
    struct upstream *upstream = userdata;
    upstream->n_open_timers = 3;
    uv_close((uv_handle_t *)&upstream->kick, on_timer_closed);
    uv_close((uv_handle_t *)&upstream->tick, on_timer_closed);
    uv_close((uv_handle_t *)&upstream->pause, on_timer_closed);
}

static void
upstream_close(struct pal_engine *base, pal_engine_closed_fn on_closed, void *userdata)
{
    struct upstream *upstream = (struct upstream *)base;
    PAL_ASSERT(!upstream->is_closing);
    upstream->is_closing = true;
    upstream->state = PAL_ENGINE_STOPPED;
    upstream->on_closed = on_closed;
    upstream->closed_userdata = userdata;
    while (upstream->turns != NULL) {
        pal_upstream_turn_cancel(upstream->turns);
        conclude(upstream, upstream->turns);
    }
    if (upstream->probe != NULL) {
        pal_curl_loop_remove(upstream->curl, upstream->probe);
        curl_easy_cleanup(upstream->probe);
    }
    (void)uv_timer_stop(&upstream->kick);
    (void)uv_timer_stop(&upstream->tick);
    (void)uv_timer_stop(&upstream->pause);
    pal_curl_loop_close(upstream->curl, on_curl_closed, upstream);
}

static const struct pal_engine_ops upstream_ops = {
    .submit = upstream_submit,
    .cancel = upstream_cancel,
    .state = upstream_state,
    .facts = upstream_facts,
    .progress = upstream_progress,
    .failure = upstream_failure,
    .close = upstream_close,
};

/* ---- opening ---- */

static void
make_headers(struct upstream *upstream, const char *key)
{
    struct pal_upstream_line *line = &upstream->line;
    line->headers = curl_slist_append(line->headers, "Content-Type: application/json");
    line->headers = curl_slist_append(line->headers, "Accept: text/event-stream");
    line->headers = curl_slist_append(line->headers, "Expect:");
    if (key != NULL && key[0] != '\0') {
        line->key = pal_strdup(key);
        char *header = pal_printf("Authorization: Bearer %s", key);
        line->headers = curl_slist_append(line->headers, header);
        upstream->headers = curl_slist_append(NULL, header);
        explicit_bzero(header, strlen(header));
        free(header);
        if (!line->address.is_https && !line->address.is_loopback) {
            pal_log_warn("the key goes over the network in the clear", "server=" PAL_LOG_STR,
                         line->address.name);
        }
    }
}

enum pal_err
pal_upstream_open(uv_loop_t *loop, const struct pal_upstream_options *options,
                  pal_engine_event_fn on_event, void *userdata, struct pal_engine **out,
                  struct pal_error *error)
{
    *out = NULL;
    struct pal_upstream_address address;
    enum pal_err err = pal_upstream_address_parse(options->url, &address, error);
    if (err != PAL_OK) {
        return err;
    }
    struct upstream *upstream = pal_calloc(1, sizeof(*upstream));
    struct pal_upstream_line *line = &upstream->line;
    upstream->base.ops = &upstream_ops;
    upstream->loop = loop;
    line->address = address;
    line->on_event = on_event;
    line->userdata = userdata;
    line->connect_timeout_us =
        options->connect_timeout_us > 0 ? options->connect_timeout_us : CONNECT_DEFAULT_US;
    line->first_text_us =
        options->first_text_us > 0 ? options->first_text_us : FIRST_TEXT_DEFAULT_US;
    line->idle_us = options->idle_us > 0 ? options->idle_us : IDLE_DEFAULT_US;
    line->chat_url = pal_printf("%s/chat/completions", address.base);
    upstream->models_url = pal_printf("%s/models", address.base);
    upstream->n_sequences = options->n_sequences > 0 ? options->n_sequences : SEQUENCES_DEFAULT;
    make_headers(upstream, options->key);
    pal_buf_init(&upstream->models, MODELS_BYTES_MAX);
    upstream->state = PAL_ENGINE_STARTING;
    upstream->facts.is_remote = true;
    upstream->facts.n_sequences = upstream->n_sequences;
    (void)snprintf(upstream->facts.devices, sizeof(upstream->facts.devices), "%s", address.name);
    (void)snprintf(upstream->facts.variant, sizeof(upstream->facts.variant), "upstream");
    upstream->curl = pal_curl_loop_create(loop, on_curl_done, upstream);
    (void)uv_timer_init(loop, &upstream->kick);
    (void)uv_timer_init(loop, &upstream->tick);
    (void)uv_timer_init(loop, &upstream->pause);
    upstream->kick.data = upstream;
    upstream->tick.data = upstream;
    upstream->pause.data = upstream;
    probe_later(upstream, 0);
    *out = &upstream->base;
    return PAL_OK;
}
