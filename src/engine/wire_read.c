/*
 * A cursor of our own, because msgpack-c's unpacker allocates as many objects as an array's head
 * claims before it has seen one of them. Every take_x() sets `failed` once something does not fit,
 * so a message is read straight through and judged at its end.
 */
#include "engine/wire.h"

#include <stdlib.h>
#include <string.h>

#include "engine/wire_items.h"
#include "util/mem.h"
#include "util/utf8.h"

struct reader {
    const unsigned char *at;
    const unsigned char *end;
    bool failed;
};

/* A big-endian number of n bytes. */
static uint64_t
take_raw(struct reader *r, size_t n)
{
    if (r->failed || (size_t)(r->end - r->at) < n) {
        r->failed = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | *r->at++;
    }
    return value;
}

static uint64_t
fail(struct reader *r)
{
    r->failed = true;
    return 0;
}

static uint64_t
take_u64(struct reader *r, uint64_t max)
{
    uint64_t head = take_raw(r, 1);
    uint64_t value = head;
    if (head >= 0xcc && head <= 0xcf) {
        value = take_raw(r, (size_t)1 << (head - 0xcc));
    } else if (head > 0x7f) {
        return fail(r);
    }
    return value <= max ? value : fail(r);
}

static uint32_t
take_u32(struct reader *r)
{
    return (uint32_t)take_u64(r, UINT32_MAX);
}

static int64_t
take_i64(struct reader *r, int64_t low, int64_t high)
{
    uint64_t head = r->at < r->end ? *r->at : 0;
    int64_t value = 0;
    if (head >= 0xe0) {
        r->at++;
        value = (int64_t)head - 256;
    } else if (head >= 0xd0 && head <= 0xd3) {
        r->at++;
        size_t n = (size_t)1 << (head - 0xd0);
        uint64_t raw = take_raw(r, n);
        uint64_t sign = UINT64_C(1) << (8 * n - 1);
        /* The sign fills what is above it; the copy makes a signed number of it whatever it is. */
        uint64_t filled = (raw & sign) != 0 ? raw | ~(sign | (sign - 1)) : raw;
        memcpy(&value, &filled, sizeof(value));
    } else {
        value = (int64_t)take_u64(r, INT64_MAX);
    }
    return value >= low && value <= high ? value : (int64_t)fail(r);
}

static float
take_float(struct reader *r)
{
    if (take_raw(r, 1) != 0xca) {
        r->failed = true;
        return 0;
    }
    uint32_t bits = (uint32_t)take_raw(r, 4);
    float value = 0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static bool
take_bool(struct reader *r)
{
    uint64_t head = take_raw(r, 1);
    if (head != 0xc2 && head != 0xc3) {
        r->failed = true;
    }
    return head == 0xc3;
}

static size_t
take_array(struct reader *r, size_t max)
{
    uint64_t head = take_raw(r, 1);
    uint64_t n = 0;
    if (head >= 0x90 && head <= 0x9f) {
        n = head & 0x0f;
    } else if (head == 0xdc) {
        n = take_raw(r, 2);
    } else if (head == 0xdd) {
        n = take_raw(r, 4);
    } else {
        r->failed = true;
    }
    return (size_t)(n <= max ? n : fail(r));
}

/* Borrowed bytes of a valid UTF-8 text of at most `max` bytes; "" after a failure. */
static const char *
take_bytes(struct reader *r, size_t max, size_t *len)
{
    uint64_t head = take_raw(r, 1);
    uint64_t n = 0;
    if (head >= 0xa0 && head <= 0xbf) {
        n = head & 0x1f;
    } else if (head >= 0xd9 && head <= 0xdb) {
        n = take_raw(r, (size_t)1 << (head - 0xd9));
    } else {
        r->failed = true;
    }
    const char *text = (const char *)r->at;
    if (r->failed || n > max || n > (size_t)(r->end - r->at) || !pal_utf8_valid(text, (size_t)n)) {
        r->failed = true;
        *len = 0;
        return "";
    }
    r->at += n;
    *len = (size_t)n;
    return text;
}

/* An owned copy; NULL for nil (if allowed) or after a failure. A text with a NUL inside fails. */
static char *
take_text(struct reader *r, size_t max, bool may_be_nil)
{
    if (may_be_nil && r->at < r->end && *r->at == 0xc0) {
        r->at++;
        return NULL;
    }
    size_t len = 0;
    const char *text = take_bytes(r, max, &len);
    if (r->failed || memchr(text, '\0', len) != NULL) {
        r->failed = true;
        return NULL;
    }
    return pal_strndup(text, len);
}

static void
take_text_into(struct reader *r, char *to, size_t size)
{
    size_t len = 0;
    const char *text = take_bytes(r, size - 1, &len);
    memcpy(to, text, len);
    to[len] = '\0';
}

static void
take_settings(struct reader *r, struct pal_settings *s)
{
    s->model_path = take_text(r, PAL_ENGINE_PATH_MAX_BYTES, true);
    s->script_path = take_text(r, PAL_ENGINE_PATH_MAX_BYTES, true);
    s->llama_dir = take_text(r, PAL_ENGINE_PATH_MAX_BYTES, true);
    s->n_ctx_tokens = take_u32(r);
    s->n_sequences = take_u32(r);
    s->n_threads = take_u32(r);
    s->n_threads_batch = take_u32(r);
    s->n_threads_cpu = take_u32(r);
    s->n_batch_tokens = take_u32(r);
    s->n_ubatch_tokens = take_u32(r);
    s->chunk_tokens = take_u32(r);
    s->n_gpu_layers = (int32_t)take_i64(r, INT32_MIN, INT32_MAX);
    s->kv_type = take_u32(r);
    s->ways = take_u32(r);
    s->variant = take_text(r, PAL_ENGINE_NAME_MAX_BYTES, true);
    s->gpu_device = take_text(r, PAL_ENGINE_NAME_MAX_BYTES, true);
    s->priority = take_u32(r);
    s->cpus = take_text(r, PAL_ENGINE_CPUS_MAX_BYTES, true);
    s->park_ram_bytes = take_u64(r, PAL_ENGINE_PARK_MAX_BYTES);
    s->park_disk_bytes = take_u64(r, PAL_ENGINE_PARK_MAX_BYTES);
    s->park_dir = take_text(r, PAL_ENGINE_PATH_MAX_BYTES, true);
    s->persona = take_text(r, PAL_ENGINE_PERSONA_MAX_BYTES, true);
    s->warm_dir = take_text(r, PAL_ENGINE_PATH_MAX_BYTES, true);
    if (!r->failed && pal_settings_check(s, NULL) != PAL_OK) {
        r->failed = true;
    }
}

static void
take_messages(struct reader *r, struct pal_job *job)
{
    size_t n = (size_t)take_u64(r, PAL_JOB_MESSAGES_MAX);
    if (take_array(r, n) != n || r->failed) {
        r->failed = true;
        return;
    }
    job->messages = pal_calloc(n > 0 ? n : 1, sizeof(*job->messages));
    for (size_t i = 0; i < n; i++) {
        job->messages[i].role = (enum pal_role)take_u64(r, PAL_ROLE_ASSISTANT);
    }
    if (take_array(r, n) != n) {
        r->failed = true;
    }
    for (size_t i = 0; i < n && !r->failed; i++) {
        job->messages[i].text = take_text(r, PAL_JOB_BYTES_MAX, false);
        job->n_messages += r->failed ? 0 : 1;
    }
}

static void
take_job(struct reader *r, struct pal_job *job)
{
    struct pal_sampling *s = &job->sampling;
    job->turn_id = take_u64(r, UINT64_MAX);
    job->conversation = take_text(r, PAL_JOB_BYTES_MAX, true);
    job->submitted_us = take_i64(r, INT64_MIN, INT64_MAX);
    job->deadline_us = take_i64(r, INT64_MIN, INT64_MAX);
    s->temperature = take_float(r);
    s->top_p = take_float(r);
    s->min_p = take_float(r);
    s->top_k = (int32_t)take_i64(r, INT32_MIN, INT32_MAX);
    s->repeat_penalty = take_float(r);
    s->presence_penalty = take_float(r);
    s->frequency_penalty = take_float(r);
    s->repeat_last_n = (int32_t)take_i64(r, INT32_MIN, INT32_MAX);
    s->seed = take_u32(r);
    s->has_seed = take_bool(r);
    s->ignore_eos = take_bool(r);
    s->max_tokens = (int32_t)take_i64(r, INT32_MIN, INT32_MAX);
    size_t n_stops = take_array(r, PAL_JOB_STOPS_MAX);
    for (size_t i = 0; i < n_stops && !r->failed; i++) {
        s->stops[i] = take_text(r, PAL_JOB_STOP_BYTES_MAX, false);
        s->n_stops += r->failed ? 0 : 1;
    }
    take_messages(r, job);
}

static void
take_usage(struct reader *r, struct pal_usage *usage)
{
    usage->prompt_tokens = take_u32(r);
    usage->cached_tokens = take_u32(r);
    usage->completion_tokens = take_u32(r);
    usage->draft_tokens = take_u32(r);
    usage->draft_accepted = take_u32(r);
    usage->queue_us = take_i64(r, INT64_MIN, INT64_MAX);
    usage->prompt_us = take_i64(r, INT64_MIN, INT64_MAX);
    usage->predict_us = take_i64(r, INT64_MIN, INT64_MAX);
    usage->first_token_us = take_i64(r, INT64_MIN, INT64_MAX);
}

static void
take_facts(struct reader *r, struct pal_engine_facts *facts)
{
    take_text_into(r, facts->model_name, sizeof(facts->model_name));
    take_text_into(r, facts->architecture, sizeof(facts->architecture));
    take_text_into(r, facts->quantisation, sizeof(facts->quantisation));
    take_text_into(r, facts->variant, sizeof(facts->variant));
    take_text_into(r, facts->devices, sizeof(facts->devices));
    facts->n_params = take_u64(r, UINT64_MAX);
    facts->model_bytes = take_u64(r, UINT64_MAX);
    facts->kv_bytes = take_u64(r, UINT64_MAX);
    facts->n_ctx_tokens = take_u32(r);
    facts->n_ctx_train_tokens = take_u32(r);
    facts->n_sequences = take_u32(r);
    facts->n_layers = take_u32(r);
    facts->n_layers_gpu = take_u32(r);
    facts->n_threads = take_u32(r);
    facts->load_us = take_i64(r, INT64_MIN, INT64_MAX);
}

static void
take_error(struct reader *r, struct pal_error *error)
{
    error->code = (enum pal_err)take_u64(r, PAL_ERR_UNSUPPORTED);
    take_text_into(r, error->text, sizeof(error->text));
}

static void
take_event(struct reader *r, struct pal_event *event, size_t n_items)
{
    event->kind = (enum pal_event_kind)take_u64(r, PAL_EVENT_STATE);
    event->turn_id = take_u64(r, UINT64_MAX);
    if (r->failed || n_items != 2 + pal_wire_event_items(event->kind) ||
        (event->turn_id == 0) != (event->kind == PAL_EVENT_STATE)) {
        r->failed = true;
        return;
    }
    switch (event->kind) {
    case PAL_EVENT_PIECE:
        event->text = take_bytes(r, PAL_WIRE_FRAME_MAX_BYTES, &event->len);
        event->left_us = take_i64(r, INT64_MIN, INT64_MAX);
        break;
    case PAL_EVENT_DONE:
        event->finish = (enum pal_finish)take_u64(r, PAL_FINISH_DEADLINE);
        take_usage(r, &event->usage);
        break;
    case PAL_EVENT_FAILED:
        take_error(r, &event->error);
        take_usage(r, &event->usage);
        break;
    case PAL_EVENT_CANCELLED:
        take_usage(r, &event->usage);
        break;
    case PAL_EVENT_STATE:
        event->state = (enum pal_engine_state)take_u64(r, PAL_ENGINE_STOPPED);
        event->progress = take_float(r);
        /* Also false for NaN. */
        if (!(event->progress >= 0 && event->progress <= 1)) {
            r->failed = true;
        }
        take_error(r, &event->error);
        take_facts(r, &event->facts);
        break;
    }
}

static void
take_message(struct reader *r, struct pal_wire_message *message)
{
    size_t n = take_array(r, 64);
    uint64_t kind = take_u64(r, 0x7f);
    if (r->failed || n == 0) {
        r->failed = true;
        return;
    }
    size_t n_expected = n;
    message->kind = (enum pal_wire_kind)kind;
    switch (kind) {
    case PAL_WIRE_SETTINGS:
        n_expected = 1 + PAL_WIRE_SETTINGS_ITEMS;
        take_settings(r, &message->settings);
        break;
    case PAL_WIRE_JOB:
        n_expected = 1 + PAL_WIRE_JOB_ITEMS;
        take_job(r, &message->job);
        break;
    case PAL_WIRE_CANCEL:
        n_expected = 2;
        message->turn_id = take_u64(r, UINT64_MAX);
        break;
    case PAL_WIRE_PING:
        n_expected = 2;
        message->serial = take_u64(r, UINT64_MAX);
        break;
    case PAL_WIRE_QUIT:
    case PAL_WIRE_HAND_OVER:
    case PAL_WIRE_ADOPT:
        n_expected = 1;
        break;
    case PAL_WIRE_EVENT:
        take_event(r, &message->event, n - 1);
        break;
    case PAL_WIRE_PONG:
        n_expected = 9;
        message->serial = take_u64(r, UINT64_MAX);
        message->busy_us = take_i64(r, 0, INT64_MAX);
        message->pace.n_threads = (uint32_t)take_u64(r, UINT32_MAX);
        message->pace.reason = (enum pal_engine_pace_reason)take_u64(r, PAL_ENGINE_PACE_IDLE);
        message->held.n_cells = (uint32_t)take_u64(r, UINT32_MAX);
        message->held.n_cells_used = (uint32_t)take_u64(r, UINT32_MAX);
        message->held.parked_ram_bytes = take_u64(r, UINT64_MAX);
        message->held.parked_disk_bytes = take_u64(r, UINT64_MAX);
        break;
    default:
        r->failed = true;
        break;
    }
    if (n != n_expected || r->at != r->end) {
        r->failed = true;
    }
}

enum pal_err
pal_wire_read(const void *data, size_t len, struct pal_wire_message *message, size_t *used)
{
    *message = (struct pal_wire_message){0};
    *used = 0;
    struct reader head = {.at = data, .end = (const unsigned char *)data + len};
    if (len < PAL_WIRE_HEAD_BYTES) {
        return PAL_ERR_AGAIN;
    }
    size_t body = (size_t)take_raw(&head, PAL_WIRE_HEAD_BYTES);
    if (body > PAL_WIRE_FRAME_MAX_BYTES) {
        return PAL_ERR_LIMIT;
    }
    if (len - PAL_WIRE_HEAD_BYTES < body) {
        return PAL_ERR_AGAIN;
    }
    struct reader r = {.at = head.at, .end = head.at + body};
    take_message(&r, message);
    if (r.failed) {
        pal_wire_message_finish(message);
        return PAL_ERR_PROTO;
    }
    *used = PAL_WIRE_HEAD_BYTES + body;
    return PAL_OK;
}

void
pal_wire_message_finish(struct pal_wire_message *message)
{
    if (message == NULL) {
        return;
    }
    pal_settings_finish(&message->settings);
    pal_job_finish(&message->job);
    *message = (struct pal_wire_message){0};
}
