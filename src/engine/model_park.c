#include "engine/model_kv.h"
#include "engine/model_worker.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

void
pal_model_open_park(struct pal_model_worker *w)
{
    const struct pal_settings *settings = w->settings;
    uint64_t key = pal_model_kv_key(&w->model, settings);
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
        const struct pal_park_options options = {
            .ram_max_bytes = settings->park_ram_bytes,
            .disk_max_bytes = settings->park_disk_bytes,
            .dir = settings->park_dir,
            .key = key,
        };
        w->park = pal_park_create(&options);
    }
    w->lines.park = w->park;
}

void
pal_model_poll_park(struct pal_model_worker *w)
{
    if (w->park != NULL) {
        (void)pal_park_poll(w->park);
    }
}

bool
pal_model_waits_for_disk(const struct pal_model_worker *w)
{
    return w->park != NULL && w->n_turns > 0 && pal_park_is_reading(w->park);
}
