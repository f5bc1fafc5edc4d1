#include "engine/model_kv.h"
#include "engine/model_worker.h"
#include "util/clock.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

/* Who hasn't spoken for so long may leave the cells to those who do, beyond so many in use. */
#define REST_US    (2 * PAL_US_PER_S)
#define REST_CELLS 1024

static struct pal_park *
open_park(const struct pal_model_worker *w, uint64_t key, bool is_for_others)
{
    const struct pal_park_options options = {
        .ram_max_bytes = w->settings->park_ram_bytes,
        .disk_max_bytes = w->settings->park_disk_bytes,
        .dir = w->settings->park_dir,
        .key = key,
        .is_for_others = is_for_others,
    };
    return pal_park_create(&options);
}

void
pal_model_open_park(struct pal_model_worker *w)
{
    const struct pal_settings *settings = w->settings;
    uint64_t key = pal_model_kv_key(&w->model, settings);
    w->known.key = key;
    if (w->park != NULL && w->park->options.key != key) {
        pal_park_destroy(w->park);
        w->park = NULL;
    }
    if (w->park == NULL && settings->park_ram_bytes + settings->park_disk_bytes > 0) {
        w->park = open_park(w, key, false);
    }
    w->lines.park = w->park;
}

/* What a token takes of those that stream; 0 = nobody does. */
static int64_t
usual_us(const struct pal_model_worker *w)
{
    bool is_streaming = w->n_turns > 0 && w->decode_rows.n_rows > 0;
    return is_streaming ? pal_cost_predict(&w->cost, w->decode_rows) : 0;
}

/* Who hasn't spoken for so long, and while others have computed as much as that is worth. */
static struct pal_timeline *
next_to_rest(struct pal_model_worker *w, int64_t now_us)
{
    uint64_t n_rows = pal_rest_rows(&w->rest);
    if (w->n_turns == 0 || w->lines.n_rows < n_rows) {
        return NULL;
    }
    return pal_timelines_resting(&w->lines, REST_CELLS, now_us - REST_US, w->lines.n_rows - n_rows);
}

void
pal_model_save_some(struct pal_model_worker *w, int64_t now_us)
{
    bool hands_over = w->leaving == PAL_MODEL_HANDS_OVER && w->park != NULL;
    struct pal_timeline *line =
        hands_over ? pal_timelines_unparked(&w->lines) : next_to_rest(w, now_us);
    if (line == NULL) {
        return;
    }
    size_t n_max = w->n_turns > 0 ? pal_rest_piece(&w->rest, usual_us(w)) : SIZE_MAX;
    int64_t began_us = pal_now_us();
    size_t n = pal_timelines_save(&w->lines, line, n_max);
    pal_rest_note(&w->rest, n, pal_now_us() - began_us);
    if (line->parked_at != line->used_at) {
        return;
    }
    if (hands_over) {
        pal_park_write_all(w->park);
    } else {
        pal_timeline_clear(&w->lines, line);
    }
}

void
pal_model_poll_park(struct pal_model_worker *w)
{
    if (w->park != NULL) {
        (void)pal_park_poll(w->park);
    }
    if (w->leaving == PAL_MODEL_HANDS_OVER && !pal_model_waits_to_leave(w)) {
        if (w->park != NULL) {
            pal_park_hand_over(w->park);
            w->park = NULL;
            w->lines.park = NULL;
        }
        w->leaving = PAL_MODEL_LEAVES;
        pal_host_leave(w->host);
    }
}

/* ---- to another engine, and from one ---- */

void
pal_model_hand_over(struct pal_model_worker *w)
{
    if (w->leaving != PAL_MODEL_STAYS) {
        return;
    }
    w->leaving = PAL_MODEL_HANDS_OVER;
    if (w->park != NULL) {
        pal_park_write_all(w->park);
    }
}

bool
pal_model_waits_to_leave(struct pal_model_worker *w)
{
    return w->leaving == PAL_MODEL_HANDS_OVER && w->park != NULL &&
           (pal_timelines_unparked(&w->lines) != NULL || pal_park_is_writing(w->park));
}

void
pal_model_hand_on(struct pal_model_worker *w, struct pal_timeline *line)
{
    const struct pal_settings *settings = w->settings;
    if (w->leaving != PAL_MODEL_LEAVES || settings->park_disk_bytes == 0) {
        return; /* while others are being handed over, it is, too */
    }
    w->lines.park = open_park(w, w->known.key, true);
    pal_timeline_park(&w->lines, line);
    pal_park_hand_over(w->lines.park);
    w->lines.park = NULL;
}

void
pal_model_adopt(struct pal_model_worker *w)
{
    if (w->park != NULL) {
        pal_park_adopt(w->park);
    }
}

bool
pal_model_waits_for_disk(const struct pal_model_worker *w)
{
    return w->park != NULL && w->n_turns > 0 && pal_park_is_reading(w->park);
}
