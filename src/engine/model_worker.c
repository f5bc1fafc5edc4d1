#include "engine/model_worker.h"

#include <stdlib.h>
#include <sys/random.h>

#include "engine/model_kv.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

/* More idle timelines than turns at once, so that conversations keep theirs between turns. */
#define TIMELINES_MIN 64
/* How often a turn that waits for the disk looks whether its bytes are there. */
#define DISK_POLL_US 500
/* How often an engine with nothing to do looks what others take of the processors. */
#define PACE_PAUSE_US (1 * PAL_US_PER_S)
/* And one whose long prompt is being made, if that is. */
#define READING_POLL_US 2000
/* Nobody having asked for anything for so long, there is time for what nobody asked for. */
#define QUIET_US (100 * PAL_US_PER_MS)

/* ---- loading ---- */

static bool
on_progress(float progress, void *userdata)
{
    struct pal_model_worker *w = userdata;
    pal_host_progress(w->host, progress);
    return !pal_host_is_quitting(w->host);
}

/*
 * Asked after every node of the graph: a step that only serves a turn that nobody wants any more
 * need not be finished. With others in it, it is short anyway (chunk_tokens).
 */
static bool
should_abort(void *data)
{
    struct pal_model_worker *w = data;
    if (pal_host_is_quitting(w->host)) {
        return true;
    }
    if (w->lines.has_moved) {
        return false; /* half a shift would leave keys that are neither here nor there */
    }
    if (w->warm.is_running || w->measuring.is_running) {
        return pal_host_has_news(w->host);
    }
    if (w->give_up_us != 0 && pal_now_us() >= w->give_up_us) {
        return true;
    }
    if (w->lonely == NULL) {
        return false;
    }
    int64_t deadline_us = w->lonely->job.deadline_us;
    return pal_host_is_cancelled(w->host, w->lonely->job.turn_id) ||
           (deadline_us != 0 && pal_now_us() >= deadline_us);
}

/* What stands around a new context. */
static void
surround_context(struct pal_model_worker *w)
{
    /* What can't share cells has a state for each turn at once, and refuses further sequences. */
    size_t n_lines = w->settings->n_sequences;
    if (w->model.can_edit) {
        n_lines = 2 * n_lines > TIMELINES_MIN ? 2 * n_lines : TIMELINES_MIN;
    }
    pal_timelines_init(&w->lines, &pal_model_kv_ops, &w->model, n_lines, w->model.n_cells,
                       w->model.can_edit,
                       w->model.can_shift && (w->settings->ways & PAL_ENGINE_NO_SHIFT) == 0);
    w->lines.can_share = w->model.can_edit && (w->settings->ways & PAL_ENGINE_NO_SHARING) == 0;
    int32_t n_trained = llama_model_n_ctx_train(w->model.model);
    w->lines.n_window = w->model.can_edit ? llama_model_n_swa(w->model.model) : 0;
    w->lines.n_positions = n_trained > 0 ? n_trained : INT32_MAX;
    pal_model_open_park(w);
    w->batch = llama_batch_init((int32_t)w->settings->n_batch_tokens, 0, 1);
    llama_set_abort_callback(w->model.context, should_abort, w);
    w->n_threads_now = w->model.n_threads > w->model.n_threads_batch ? w->model.n_threads
                                                                     : w->model.n_threads_batch;
    pal_pace_limit(&w->pace, w->n_threads_now);
    pal_host_set_pace(w->host, w->model.n_threads, PAL_ENGINE_PACE_PLANNED);
    pal_cost_init(&w->cost, w->n_threads_now);
    w->measuring = (struct pal_measuring){0};
    w->rest = (struct pal_rest){0};
    w->quiet_since_us = pal_now_us();
    pal_drafts_init(&w->drafts);
}

static void
on_size(uint64_t bytes, void *userdata)
{
    struct pal_model_worker *w = userdata;
    pal_host_limit_memory(w->host, bytes);
}

static uint64_t
random_seed(void)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        seed = (uint64_t)pal_now_us();
    }
    return seed;
}

static enum pal_err
load(void *worker, struct pal_engine_facts *facts, struct pal_error *error)
{
    struct pal_model_worker *w = worker;
    struct pal_pace_sample began;
    bool is_known = pal_model_look_around(&began);
    enum pal_err err =
        pal_model_load(&w->model, w->settings, on_progress, on_size, w, facts, error);
    if (err == PAL_OK) {
        pal_model_begin_pace(w, is_known ? &began : NULL);
        err = pal_model_warm_up(&w->model, error);
    }
    if (err == PAL_OK) {
        w->replies = pal_calloc(1, sizeof(*w->replies));
        pal_replies_init(w->replies, random_seed());
        w->reader = pal_reader_create(&w->model);
        surround_context(w);
        pal_model_keep_pace(w, pal_now_us());
        pal_model_warm_begin(w);
        pal_model_known_begin(w);
    }
    return err;
}

static enum pal_err
retune(void *worker, struct pal_engine_facts *facts, struct pal_error *error)
{
    struct pal_model_worker *w = worker;
    PAL_ASSERT(w->n_turns == 0);
    pal_timelines_park_all(&w->lines);
    pal_timelines_finish(&w->lines);
    pal_cost_finish(&w->cost);
    llama_batch_free(w->batch);
    w->batch = (struct llama_batch){0};
    enum pal_err err = pal_model_retune(&w->model, w->settings, facts, error);
    if (err == PAL_OK) {
        surround_context(w);
        pal_model_warm_begin(w);
        pal_model_known_begin(w);
    }
    return err;
}

/* ---- turns come and go ---- */

/* Emits the final event, gives the timeline back, forgets the turn. */
static void
end_turn(struct pal_model_worker *w, struct pal_model_turn *turn, struct pal_event *event)
{
    int64_t now_us = pal_now_us();
    if (event->kind == PAL_EVENT_DONE) {
        pal_model_turn_send_rest(turn, w->host, event->finish);
    }
    if (turn->prompt_us != 0) {
        turn->usage.predict_us = now_us - turn->prompt_us;
    }
    event->turn_id = turn->job.turn_id;
    event->usage = turn->usage;
    if (turn->line != NULL) {
        pal_timeline_release(&w->lines, turn->line);
    }
    if (turn->line == NULL || !pal_model_hand_on(w, turn->line, event)) {
        pal_host_emit(w->host, event);
    }
    pal_model_turn_remember(turn, w->replies);
    size_t n = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i] != turn) {
            w->turns[n++] = w->turns[i];
        }
    }
    w->n_turns = n;
    pal_model_turn_destroy(turn);
}

void
pal_model_end_done(struct pal_model_worker *w, struct pal_model_turn *turn, enum pal_finish finish)
{
    end_turn(w, turn, &(struct pal_event){.kind = PAL_EVENT_DONE, .finish = finish});
}

void
pal_model_end_failed(struct pal_model_worker *w, struct pal_model_turn *turn,
                     const struct pal_error *error)
{
    end_turn(w, turn, &(struct pal_event){.kind = PAL_EVENT_FAILED, .error = *error});
}

static void
submit(void *worker, struct pal_job *job)
{
    struct pal_model_worker *w = worker;
    struct pal_error error = {0};
    if (w->n_turns == w->settings->n_sequences) {
        (void)pal_error_set(&error, PAL_ERR_BUSY, "all sequences are in use");
        struct pal_event event = {
            .kind = PAL_EVENT_FAILED, .turn_id = job->turn_id, .error = error};
        pal_host_emit(w->host, &event);
        pal_job_finish(job);
        return;
    }
    struct pal_model_turn *turn =
        pal_model_turn_create(&w->model, w->reader, w->replies, job, &error);
    w->turns[w->n_turns++] = turn;
    if (error.code != PAL_OK) {
        pal_model_end_failed(w, turn, &error);
    }
}

static void
cancel(void *worker, uint64_t turn_id)
{
    struct pal_model_worker *w = worker;
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i]->job.turn_id == turn_id) {
            end_turn(w, w->turns[i], &(struct pal_event){.kind = PAL_EVENT_CANCELLED});
            return;
        }
    }
}

static void
end_late_turns(struct pal_model_worker *w, int64_t now_us)
{
    for (size_t i = w->n_turns; i > 0; i--) {
        struct pal_model_turn *turn = w->turns[i - 1];
        if (turn->job.deadline_us == 0 || now_us < turn->job.deadline_us) {
            continue;
        }
        if (turn->text.len > 0 || turn->hold.n_ready > 0) {
            pal_model_end_done(w, turn, PAL_FINISH_DEADLINE);
            continue;
        }
        struct pal_error error;
        (void)pal_error_set(&error, PAL_ERR_TIMEOUT,
                            "the deadline passed before there was any text");
        pal_model_end_failed(w, turn, &error);
    }
}

/* Prompts that the reader has made. True: it is at others still. */
static bool
take_readings(struct pal_model_worker *w)
{
    bool is_reading = false;
    for (size_t i = w->n_turns; i > 0; i--) {
        struct pal_model_turn *turn = w->turns[i - 1];
        struct pal_error error = {0};
        if (turn->state != PAL_MODEL_TURN_READING) {
            continue;
        }
        enum pal_err err = pal_model_turn_read(turn, &w->model, &error);
        is_reading = is_reading || err == PAL_ERR_AGAIN;
        if (err != PAL_OK && err != PAL_ERR_AGAIN) {
            pal_model_end_failed(w, turn, &error);
        }
    }
    return is_reading;
}

/* A short pause between two turns is not for measuring. */
static int64_t
measure(struct pal_model_worker *w, int64_t now_us)
{
    if (w->measuring.is_over) {
        return PACE_PAUSE_US;
    }
    /* Nor is the time in which another engine answers. */
    if (w->batch.n_tokens > 0 || (w->settings->ways & PAL_ENGINE_BESIDE) != 0) {
        w->quiet_since_us = now_us;
    }
    int64_t left_us = w->quiet_since_us + QUIET_US - now_us;
    if (left_us > 0) {
        return left_us;
    }
    return pal_model_measure_step(w) ? 0 : PACE_PAUSE_US;
}

static void
tell_held(struct pal_model_worker *w)
{
    const struct pal_engine_held held = {
        .n_cells = (uint32_t)w->lines.n_cells,
        .n_cells_used = (uint32_t)(w->lines.n_cells - pal_timelines_n_free(&w->lines)),
        .parked_ram_bytes = w->park != NULL ? w->park->n_ram_bytes : 0,
        .parked_disk_bytes = w->park != NULL ? w->park->n_disk_bytes : 0,
    };
    pal_host_set_held(w->host, &held);
}

static int64_t
step(void *worker)
{
    struct pal_model_worker *w = worker;
    int64_t now_us = pal_now_us();
    w->lines.now_us = now_us;
    end_late_turns(w, now_us);
    pal_model_poll_park(w);
    if (w->needs_wiping) {
        pal_model_wipe(w);
    }
    pal_model_save_some(w, now_us);
    bool is_reading = take_readings(w);
    pal_model_admit(w, now_us);
    pal_model_batch(w, now_us);
    if (w->batch.n_tokens > 0) {
        pal_model_step(w);
        w->lines.n_rows += (uint64_t)w->batch.n_tokens;
    } else if (pal_model_waits_for_disk(w) || pal_model_waits_to_leave(w)) {
        return DISK_POLL_US;
    } else if (is_reading) {
        return READING_POLL_US;
    }
    tell_held(w);
    if (w->n_turns > 0) {
        return 0;
    }
    w->computed_us = 0;
    if (w->leaving != PAL_MODEL_STAYS) {
        return pal_model_waits_to_leave(w) ? DISK_POLL_US : -1;
    }
    /* What has been computed is written down before more is computed. */
    if (pal_model_known_step(w) || pal_model_warm_step(w)) {
        return 0;
    }
    /* The next turn is to begin with as many threads as others leave room for. */
    pal_model_keep_pace(w, now_us);
    return measure(w, now_us);
}

static void
hand_over(void *worker)
{
    pal_model_hand_over(worker);
}

static void
adopt(void *worker)
{
    pal_model_adopt(worker);
}

static void
destroy(void *worker)
{
    struct pal_model_worker *w = worker;
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->n_turns; i++) {
        pal_model_turn_destroy(w->turns[i]);
    }
    pal_reader_destroy(w->reader);
    pal_model_drop_departures(w);
    pal_timelines_finish(&w->lines);
    pal_park_destroy(w->park);
    pal_warm_finish(&w->warm);
    pal_known_finish(&w->known);
    pal_replies_finish(w->replies);
    free(w->replies);
    if (w->batch.token != NULL) {
        llama_batch_free(w->batch);
    }
    pal_cost_finish(&w->cost);
    pal_model_finish(&w->model);
    free(w);
}

struct pal_worker
pal_model_worker_create(struct pal_host *host, const struct pal_settings *settings)
{
    static const struct pal_worker_ops ops = {
        .load = load,
        .retune = retune,
        .hand_over = hand_over,
        .adopt = adopt,
        .submit = submit,
        .cancel = cancel,
        .step = step,
        .destroy = destroy,
    };
    struct pal_model_worker *w = pal_calloc(1, sizeof(*w));
    w->host = host;
    w->settings = settings;
    w->fault = pal_fault_from_environment();
    return (struct pal_worker){.ops = &ops, .self = w};
}
