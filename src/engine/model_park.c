#include <stdlib.h>

#include "engine/model_kv.h"
#include "engine/model_worker.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

/* Who hasn't spoken for so long may leave the cells to those who do, beyond so many in use. */
#define REST_US    (2 * PAL_US_PER_S)
#define REST_CELLS 1024
/* Where what looking back costs is read from the table of costs, which knows whole us. */
#define LOOK_DEPTH 65536

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
    struct pal_cost_rows flat = {.n_rows = 1};
    struct pal_cost_rows deep = {.n_rows = 1, .depth = LOOK_DEPTH};
    int64_t look_us = pal_cost_predict(&w->cost, deep) - pal_cost_predict(&w->cost, flat);
    uint64_t n_rows = pal_rest_rows(&w->rest, (double)look_us / LOOK_DEPTH);
    if (w->n_turns == 0 || w->lines.n_rows < n_rows) {
        return NULL;
    }
    return pal_timelines_resting(&w->lines, REST_CELLS, now_us - REST_US, w->lines.n_rows - n_rows);
}

/* A piece that nobody notices. True: nothing is left to be saved. */
static bool
save_piece(struct pal_model_worker *w, struct pal_timeline *line)
{
    size_t n_max = w->n_turns > 0 ? pal_rest_piece(&w->rest, usual_us(w)) : SIZE_MAX;
    int64_t began_us = pal_now_us();
    size_t n = pal_timelines_save(&w->lines, line, n_max);
    pal_rest_note(&w->rest, n, pal_now_us() - began_us);
    return line->parked_at == line->used_at;
}

/* The oldest one. Once its bytes are in its park they are written, and then its end is told. */
static void
save_departure(struct pal_model_worker *w)
{
    struct pal_departure *departure = w->departures[0];
    struct pal_timeline *line = departure->line;
    bool is_there = !line->is_busy && line->used_at == departure->used_at;
    w->lines.park = departure->park;
    bool is_saved = !is_there || line->parked_at == line->used_at || save_piece(w, line);
    w->lines.park = NULL;
    (void)pal_park_poll(departure->park);
    if (!is_saved) {
        return;
    }
    pal_park_write_all(departure->park);
    if (pal_park_is_writing(departure->park)) {
        return;
    }
    pal_park_hand_over(departure->park);
    pal_host_emit(w->host, &departure->event);
    free(departure);
    w->n_departures--;
    for (size_t i = 0; i < w->n_departures; i++) {
        w->departures[i] = w->departures[i + 1];
    }
}

/* A prompt that has just got to the end of what it shares with others (model_batch.c). */
static void
save_beginnings(struct pal_model_worker *w)
{
    for (size_t i = 0; i < w->n_turns; i++) {
        const struct pal_model_turn *turn = w->turns[i];
        if (turn->state == PAL_MODEL_TURN_PREFILL && turn->line != NULL &&
            pal_timeline_is_new_base(&w->lines, turn->line)) {
            pal_timeline_save_base(&w->lines, turn->line);
        }
    }
}

void
pal_model_save_some(struct pal_model_worker *w, int64_t now_us)
{
    struct pal_timeline *line;
    save_beginnings(w);
    if (w->n_departures > 0) {
        save_departure(w);
    } else if (w->leaving == PAL_MODEL_HANDS_OVER && w->park != NULL) {
        line = pal_timelines_unparked(&w->lines);
        if (line != NULL && save_piece(w, line)) {
            pal_park_write_all(w->park);
        }
    } else if ((line = next_to_rest(w, now_us)) != NULL && save_piece(w, line)) {
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
    bool hands_over = w->leaving == PAL_MODEL_HANDS_OVER && w->park != NULL;
    return w->n_departures > 0 || (hands_over && (pal_timelines_unparked(&w->lines) != NULL ||
                                                  pal_park_is_writing(w->park)));
}

bool
pal_model_hand_on(struct pal_model_worker *w, struct pal_timeline *line,
                  const struct pal_event *event)
{
    /* While the others are being handed over, it is with them, and nobody looks for it earlier. */
    if (w->leaving != PAL_MODEL_LEAVES || w->settings->park_disk_bytes == 0) {
        return false;
    }
    struct pal_departure *departure = pal_calloc(1, sizeof(*departure));
    *departure = (struct pal_departure){
        .event = *event,
        .line = line,
        .used_at = line->used_at,
        .park = open_park(w, w->known.key, true),
    };
    PAL_ASSERT(w->n_departures <
               PAL_ENGINE_SEQUENCES_MAX); /* the front counts each until its end */
    w->departures[w->n_departures++] = departure;
    return true;
}

void
pal_model_distrust(struct pal_model_worker *w, const struct pal_model_turn *turn)
{
    w->needs_wiping = true;
    w->lines.is_doubtful = true;
    size_t n_base = turn != NULL ? turn->prompt.n_base : 0;
    struct pal_parked *base =
        w->park != NULL && n_base > 0 ? pal_park_base(w->park, turn->prompt.tokens, n_base) : NULL;
    if (base != NULL) {
        pal_park_drop(w->park, base);
    }
}

void
pal_model_drop_departures(struct pal_model_worker *w)
{
    for (size_t i = 0; i < w->n_departures; i++) {
        pal_park_destroy(w->departures[i]->park);
        free(w->departures[i]);
    }
    w->n_departures = 0;
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
