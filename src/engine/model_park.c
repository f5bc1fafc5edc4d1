#include "engine/model_kv.h"
#include "engine/model_worker.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

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
        if (!pal_model_can_park(&w->model)) {
            pal_log_info("timelines of this model can't be parked", "swa=%d edit=%d",
                         llama_model_n_swa(w->model.model), w->model.can_edit);
            return;
        }
        w->park = open_park(w, key, false);
    }
    w->lines.park = w->park;
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
        pal_timelines_park_all(&w->lines);
        pal_park_write_all(w->park);
    }
}

bool
pal_model_waits_to_leave(const struct pal_model_worker *w)
{
    return w->leaving == PAL_MODEL_HANDS_OVER && w->park != NULL && pal_park_is_writing(w->park);
}

void
pal_model_hand_on(struct pal_model_worker *w, const struct pal_timeline *line)
{
    const struct pal_settings *settings = w->settings;
    if (w->leaving == PAL_MODEL_STAYS || settings->park_disk_bytes == 0 ||
        !pal_model_can_park(&w->model)) {
        return;
    }
    if (w->leaving == PAL_MODEL_HANDS_OVER) {
        pal_timeline_park(&w->lines, line); /* with the others, which are not whole yet */
        pal_park_write_all(w->park);
        return;
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
