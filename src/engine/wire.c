#include "engine/wire.h"

#include <msgpack/pack.h>
#include <string.h>

#include "engine/wire_items.h"

struct writer {
    struct pal_buf *out;
    size_t start;
    bool failed;
    msgpack_packer pk;
};

static int
write_bytes(void *data, const char *bytes, size_t len)
{
    struct writer *w = data;
    if (pal_buf_append(w->out, bytes, len) != PAL_OK) {
        w->failed = true;
        return -1;
    }
    return 0;
}

static void
put_head(struct writer *w, struct pal_buf *out, enum pal_wire_kind kind, size_t n_items)
{
    static const char room[PAL_WIRE_HEAD_BYTES];
    *w = (struct writer){.out = out, .start = out->len};
    msgpack_packer_init(&w->pk, w, write_bytes);
    (void)write_bytes(w, room, sizeof(room));
    (void)msgpack_pack_array(&w->pk, n_items + 1);
    (void)msgpack_pack_uint8(&w->pk, (uint8_t)kind);
}

static enum pal_err
put_tail(struct writer *w)
{
    size_t len = w->out->len - w->start;
    if (w->failed || len - PAL_WIRE_HEAD_BYTES > PAL_WIRE_FRAME_MAX_BYTES) {
        w->out->len = w->start;
        if (w->out->cap > 0) {
            w->out->data[w->start] = '\0';
        }
        return PAL_ERR_LIMIT;
    }
    uint32_t body = (uint32_t)(len - PAL_WIRE_HEAD_BYTES);
    for (size_t i = 0; i < PAL_WIRE_HEAD_BYTES; i++) {
        w->out->data[w->start + i] = (char)(unsigned char)(body >> (24 - 8 * i));
    }
    return PAL_OK;
}

static void
put_u64(struct writer *w, uint64_t value)
{
    (void)msgpack_pack_uint64(&w->pk, value);
}

static void
put_i64(struct writer *w, int64_t value)
{
    (void)msgpack_pack_int64(&w->pk, value);
}

static void
put_float(struct writer *w, float value)
{
    (void)msgpack_pack_float(&w->pk, value);
}

static void
put_bool(struct writer *w, bool value)
{
    (void)(value ? msgpack_pack_true(&w->pk) : msgpack_pack_false(&w->pk));
}

static void
put_bytes(struct writer *w, const char *text, size_t len)
{
    (void)msgpack_pack_str(&w->pk, len);
    (void)msgpack_pack_str_body(&w->pk, text, len);
}

static void
put_text(struct writer *w, const char *text)
{
    if (text == NULL) {
        (void)msgpack_pack_nil(&w->pk);
    } else {
        put_bytes(w, text, strlen(text));
    }
}

enum pal_err
pal_wire_put_settings(struct pal_buf *out, const struct pal_settings *settings)
{
    struct writer w;
    put_head(&w, out, PAL_WIRE_SETTINGS, PAL_WIRE_SETTINGS_ITEMS);
    put_text(&w, settings->model_path);
    put_text(&w, settings->script_path);
    put_text(&w, settings->llama_dir);
    put_u64(&w, settings->n_ctx_tokens);
    put_u64(&w, settings->n_sequences);
    put_u64(&w, settings->n_threads);
    put_u64(&w, settings->n_threads_batch);
    put_u64(&w, settings->n_threads_cpu);
    put_u64(&w, settings->n_batch_tokens);
    put_u64(&w, settings->n_ubatch_tokens);
    put_u64(&w, settings->chunk_tokens);
    put_i64(&w, settings->n_gpu_layers);
    put_u64(&w, settings->kv_type);
    put_u64(&w, settings->ways);
    put_text(&w, settings->variant);
    put_text(&w, settings->gpu_device);
    put_u64(&w, settings->priority);
    put_text(&w, settings->cpus);
    put_u64(&w, settings->park_ram_bytes);
    put_u64(&w, settings->park_disk_bytes);
    put_text(&w, settings->park_dir);
    put_text(&w, settings->persona);
    put_text(&w, settings->warm_dir);
    return put_tail(&w);
}

enum pal_err
pal_wire_put_job(struct pal_buf *out, const struct pal_job *job)
{
    const struct pal_sampling *s = &job->sampling;
    struct writer w;
    put_head(&w, out, PAL_WIRE_JOB, PAL_WIRE_JOB_ITEMS);
    put_u64(&w, job->turn_id);
    put_text(&w, job->conversation);
    put_i64(&w, job->submitted_us);
    put_i64(&w, job->deadline_us);
    put_float(&w, s->temperature);
    put_float(&w, s->top_p);
    put_float(&w, s->min_p);
    put_i64(&w, s->top_k);
    put_float(&w, s->repeat_penalty);
    put_float(&w, s->presence_penalty);
    put_float(&w, s->frequency_penalty);
    put_i64(&w, s->repeat_last_n);
    put_u64(&w, s->seed);
    put_bool(&w, s->has_seed);
    put_bool(&w, s->ignore_eos);
    put_i64(&w, s->max_tokens);
    (void)msgpack_pack_array(&w.pk, s->n_stops);
    for (size_t i = 0; i < s->n_stops; i++) {
        put_text(&w, s->stops[i]);
    }
    put_u64(&w, job->n_messages);
    (void)msgpack_pack_array(&w.pk, job->n_messages);
    for (size_t i = 0; i < job->n_messages; i++) {
        put_u64(&w, job->messages[i].role);
    }
    (void)msgpack_pack_array(&w.pk, job->n_messages);
    for (size_t i = 0; i < job->n_messages; i++) {
        put_text(&w, job->messages[i].text);
    }
    return put_tail(&w);
}

enum pal_err
pal_wire_put_cancel(struct pal_buf *out, uint64_t turn_id)
{
    struct writer w;
    put_head(&w, out, PAL_WIRE_CANCEL, 1);
    put_u64(&w, turn_id);
    return put_tail(&w);
}

enum pal_err
pal_wire_put_ping(struct pal_buf *out, uint64_t serial)
{
    struct writer w;
    put_head(&w, out, PAL_WIRE_PING, 1);
    put_u64(&w, serial);
    return put_tail(&w);
}

/* A message that is nothing but its kind. */
static enum pal_err
put_bare(struct pal_buf *out, enum pal_wire_kind kind)
{
    struct writer w;
    put_head(&w, out, kind, 0);
    return put_tail(&w);
}

enum pal_err
pal_wire_put_quit(struct pal_buf *out)
{
    return put_bare(out, PAL_WIRE_QUIT);
}

enum pal_err
pal_wire_put_hand_over(struct pal_buf *out)
{
    return put_bare(out, PAL_WIRE_HAND_OVER);
}

enum pal_err
pal_wire_put_adopt(struct pal_buf *out)
{
    return put_bare(out, PAL_WIRE_ADOPT);
}

enum pal_err
pal_wire_put_pong(struct pal_buf *out, uint64_t serial, int64_t busy_us,
                  const struct pal_engine_pace *pace, const struct pal_engine_held *held)
{
    struct writer w;
    put_head(&w, out, PAL_WIRE_PONG, 8);
    put_u64(&w, serial);
    put_i64(&w, busy_us);
    put_u64(&w, pace->n_threads);
    put_u64(&w, (uint64_t)pace->reason);
    put_u64(&w, held->n_cells);
    put_u64(&w, held->n_cells_used);
    put_u64(&w, held->parked_ram_bytes);
    put_u64(&w, held->parked_disk_bytes);
    return put_tail(&w);
}

static void
put_usage(struct writer *w, const struct pal_usage *usage)
{
    put_u64(w, usage->prompt_tokens);
    put_u64(w, usage->cached_tokens);
    put_u64(w, usage->completion_tokens);
    put_u64(w, usage->draft_tokens);
    put_u64(w, usage->draft_accepted);
    put_i64(w, usage->queue_us);
    put_i64(w, usage->prompt_us);
    put_i64(w, usage->predict_us);
    put_i64(w, usage->first_token_us);
}

static void
put_facts(struct writer *w, const struct pal_engine_facts *facts)
{
    put_text(w, facts->model_name);
    put_text(w, facts->architecture);
    put_text(w, facts->quantisation);
    put_text(w, facts->variant);
    put_text(w, facts->devices);
    put_u64(w, facts->n_params);
    put_u64(w, facts->model_bytes);
    put_u64(w, facts->kv_bytes);
    put_u64(w, facts->n_ctx_tokens);
    put_u64(w, facts->n_ctx_train_tokens);
    put_u64(w, facts->n_sequences);
    put_u64(w, facts->n_layers);
    put_u64(w, facts->n_layers_gpu);
    put_u64(w, facts->n_threads);
    put_i64(w, facts->load_us);
}

enum pal_err
pal_wire_put_event(struct pal_buf *out, const struct pal_event *event)
{
    struct writer w;
    put_head(&w, out, PAL_WIRE_EVENT, 2 + pal_wire_event_items(event->kind));
    put_u64(&w, event->kind);
    put_u64(&w, event->turn_id);
    switch (event->kind) {
    case PAL_EVENT_PIECE:
        put_bytes(&w, event->text, event->len);
        put_i64(&w, event->left_us);
        break;
    case PAL_EVENT_DONE:
        put_u64(&w, event->finish);
        put_usage(&w, &event->usage);
        break;
    case PAL_EVENT_FAILED:
        put_u64(&w, event->error.code);
        put_text(&w, event->error.text);
        put_usage(&w, &event->usage);
        break;
    case PAL_EVENT_CANCELLED:
        put_usage(&w, &event->usage);
        break;
    case PAL_EVENT_STATE:
        put_u64(&w, event->state);
        put_float(&w, event->progress);
        put_u64(&w, event->error.code);
        put_text(&w, event->error.text);
        put_facts(&w, &event->facts);
        break;
    }
    return put_tail(&w);
}
