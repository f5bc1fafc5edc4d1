/*
 * The model as a worker: continuous batching over timelines.
 *
 * Each step computes one batch: a row for every turn that decodes, and a bounded chunk of prompts,
 * the shortest first, so that nobody's stream waits for somebody's long prompt. Cells are promised
 * to a turn when it is admitted, so that a step finds room for what it was begun for.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/fault.h"
#include "engine/model_turn.h"
#include "engine/pace.h"
#include "engine/sampler.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

/* More idle timelines than turns at once, so that conversations keep theirs between turns. */
#define TIMELINES_MIN 64
/* A beginning that a peer is just computing is waited for if it saves this much. */
#define SHARED_MIN_TOKENS 16

struct model_worker {
    struct pal_host *host;
    const struct pal_settings *settings;
    struct pal_model model;
    struct pal_timelines lines;
    struct pal_replies *replies; /* owned */
    struct llama_batch batch;
    struct pal_model_turn *turns[PAL_ENGINE_SEQUENCES_MAX]; /* owned; oldest first */
    size_t n_turns;
    const struct pal_model_turn *lonely; /* the only turn of the running step, else NULL */
    unsigned n_failed_steps;             /* one after the other */
    struct pal_pace pace;
    uint32_t n_threads_now; /* what the context was told last */
    struct pal_fault fault;
};

/* ---- the KV behind the timelines ---- */

static bool
kv_remove(void *kv, int32_t seq, int32_t p0, int32_t p1)
{
    return llama_memory_seq_rm(kv, seq, p0, p1);
}

static void
kv_copy(void *kv, int32_t from, int32_t to, int32_t p0, int32_t p1)
{
    llama_memory_seq_cp(kv, from, to, p0, p1);
}

static void
kv_shift(void *kv, int32_t seq, int32_t p0, int32_t p1, int32_t delta)
{
    llama_memory_seq_add(kv, seq, p0, p1, delta);
}

static const struct pal_kv_ops kv_ops = {
    .remove = kv_remove,
    .copy = kv_copy,
    .shift = kv_shift,
};

/* ---- loading ---- */

static bool
on_progress(float progress, void *userdata)
{
    struct model_worker *w = userdata;
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
    struct model_worker *w = data;
    if (pal_host_is_quitting(w->host)) {
        return true;
    }
    if (w->lonely == NULL) {
        return false;
    }
    int64_t deadline_us = w->lonely->job.deadline_us;
    return pal_host_is_cancelled(w->host, w->lonely->job.turn_id) ||
           (deadline_us != 0 && pal_now_us() >= deadline_us);
}

static enum pal_err
load(void *worker, struct pal_engine_facts *facts, struct pal_error *error)
{
    struct model_worker *w = worker;
    enum pal_err err = pal_model_load(&w->model, w->settings, on_progress, w, facts, error);
    if (err != PAL_OK) {
        return err;
    }
    /* What can't share cells has a state for each turn at once, and refuses further sequences. */
    size_t n_lines = w->settings->n_sequences;
    if (w->model.can_edit) {
        n_lines = 2 * n_lines > TIMELINES_MIN ? 2 * n_lines : TIMELINES_MIN;
    }
    pal_timelines_init(&w->lines, &kv_ops, w->model.memory, n_lines, w->model.n_cells,
                       w->model.can_edit, w->model.can_shift);
    w->replies = pal_calloc(1, sizeof(*w->replies));
    pal_replies_init(w->replies, (uint64_t)pal_now_us());
    w->batch = llama_batch_init((int32_t)w->settings->n_batch_tokens, 0, 1);
    llama_set_abort_callback(w->model.context, should_abort, w);
    w->n_threads_now = w->model.n_threads > w->model.n_threads_batch ? w->model.n_threads
                                                                     : w->model.n_threads_batch;
    pal_pace_init(&w->pace, w->n_threads_now);
    return PAL_OK;
}

/* ---- turns come and go ---- */

/* Emits the final event, gives the timeline back, forgets the turn. */
static void
end_turn(struct model_worker *w, struct pal_model_turn *turn, struct pal_event *event)
{
    int64_t now_us = pal_now_us();
    if (event->kind == PAL_EVENT_DONE) {
        if (!turn->hold.is_stopped) {
            pal_hold_end(&turn->hold);
        }
        pal_model_turn_send(turn, w->host);
    }
    if (turn->prompt_us != 0) {
        turn->usage.predict_us = now_us - turn->prompt_us;
    }
    event->turn_id = turn->job.turn_id;
    event->usage = turn->usage;
    pal_host_emit(w->host, event);
    pal_model_turn_remember(turn, w->replies);
    if (turn->line != NULL) {
        pal_timeline_release(&w->lines, turn->line);
    }
    size_t n = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i] != turn) {
            w->turns[n++] = w->turns[i];
        }
    }
    w->n_turns = n;
    pal_model_turn_destroy(turn);
}

static void
end_done(struct model_worker *w, struct pal_model_turn *turn, enum pal_finish finish)
{
    end_turn(w, turn, &(struct pal_event){.kind = PAL_EVENT_DONE, .finish = finish});
}

static void
end_failed(struct model_worker *w, struct pal_model_turn *turn, const struct pal_error *error)
{
    end_turn(w, turn, &(struct pal_event){.kind = PAL_EVENT_FAILED, .error = *error});
}

static void
submit(void *worker, struct pal_job *job)
{
    struct model_worker *w = worker;
    struct pal_error error = {0};
    if (w->n_turns == w->settings->n_sequences) {
        (void)pal_error_set(&error, PAL_ERR_BUSY, "all sequences are in use");
        struct pal_event event = {
            .kind = PAL_EVENT_FAILED, .turn_id = job->turn_id, .error = error};
        pal_host_emit(w->host, &event);
        pal_job_finish(job);
        return;
    }
    struct pal_model_turn *turn = pal_model_turn_create(&w->model, w->replies, job, &error);
    w->turns[w->n_turns++] = turn;
    if (error.code != PAL_OK) {
        end_failed(w, turn, &error);
    }
}

static void
cancel(void *worker, uint64_t turn_id)
{
    struct model_worker *w = worker;
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i]->job.turn_id == turn_id) {
            end_turn(w, w->turns[i], &(struct pal_event){.kind = PAL_EVENT_CANCELLED});
            return;
        }
    }
}

static void
end_late_turns(struct model_worker *w, int64_t now_us)
{
    for (size_t i = w->n_turns; i > 0; i--) {
        struct pal_model_turn *turn = w->turns[i - 1];
        if (turn->job.deadline_us == 0 || now_us < turn->job.deadline_us) {
            continue;
        }
        if (turn->text.len > 0) {
            end_done(w, turn, PAL_FINISH_DEADLINE);
            continue;
        }
        struct pal_error error;
        (void)pal_error_set(&error, PAL_ERR_TIMEOUT,
                            "the deadline passed before there was any text");
        end_failed(w, turn, &error);
    }
}

/* ---- admission ---- */

/* Cells that running turns may still take of what they were promised. */
static size_t
promised(const struct model_worker *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        const struct pal_model_turn *turn = w->turns[i];
        if (turn->state == PAL_MODEL_TURN_WAITING) {
            continue;
        }
        n += pal_model_turn_n_left(turn);
        n += turn->n_reply_room > turn->n_reply ? turn->n_reply_room - turn->n_reply : 0;
    }
    return n;
}

/* Is a peer computing a beginning that this turn could then copy? */
static bool
should_wait_for_peer(const struct model_worker *w, const struct pal_model_turn *turn,
                     size_t n_reused)
{
    for (size_t i = 0; i < w->n_turns && w->model.can_edit; i++) {
        const struct pal_model_turn *peer = w->turns[i];
        if (peer->state != PAL_MODEL_TURN_PREFILL || peer->line == NULL) {
            continue;
        }
        size_t n = pal_tokens_common(peer->prompt.tokens, peer->prompt.n_tokens,
                                     turn->prompt.tokens, turn->prompt.n_tokens - 1);
        if (n >= n_reused + SHARED_MIN_TOKENS && peer->line->n_tokens < n) {
            return true;
        }
    }
    return false;
}

static void
admit(struct model_worker *w, struct pal_model_turn *turn, int64_t now_us)
{
    struct pal_sync_plan plan = pal_timelines_plan(&w->lines, turn->job.conversation,
                                                   turn->prompt.tokens, turn->prompt.n_tokens);
    if (plan.target == NULL || should_wait_for_peer(w, turn, plan.n_keep + plan.n_shift)) {
        return;
    }
    /* Before anything is done: a turn that waits takes nobody's timeline. */
    size_t n_new = turn->prompt.n_tokens - plan.n_keep - plan.n_shift + turn->n_reply_room;
    if (pal_timelines_n_available(&w->lines, &plan) < n_new + promised(w)) {
        return;
    }
    struct pal_timeline *line = pal_timelines_apply(&w->lines, &plan, turn->job.conversation);
    turn->line = line;
    line->n_prompt = turn->prompt.n_tokens;
    turn->state = PAL_MODEL_TURN_PREFILL;
    turn->admitted_us = now_us;
    turn->usage.queue_us = now_us - turn->job.submitted_us;
    turn->usage.cached_tokens = (uint32_t)line->n_tokens;
    pal_log_debug("turn admitted",
                  "turn=%llu seq=%d prompt=%zu keep=%zu drop=%zu shift=%zu dropped_messages=%zu",
                  (unsigned long long)turn->job.turn_id, line->seq, turn->prompt.n_tokens,
                  plan.n_keep, plan.n_drop, plan.n_shift, turn->prompt.n_dropped);
}

/* ---- one step ---- */

/* A token onto the turn's line and into the batch. False: there is no cell left for it. */
static bool
add_row(struct model_worker *w, struct pal_model_turn *turn, llama_token token, bool wants_logits)
{
    while (pal_timelines_n_free(&w->lines) == 0) {
        if (!pal_timelines_evict(&w->lines, NULL)) {
            return false;
        }
    }
    if (!pal_timeline_append(&w->lines, turn->line, token)) {
        return false;
    }
    int32_t row = w->batch.n_tokens++;
    w->batch.token[row] = token;
    w->batch.pos[row] = (llama_pos)(turn->line->n_tokens - 1);
    w->batch.n_seq_id[row] = 1;
    w->batch.seq_id[row][0] = turn->line->seq;
    w->batch.logits[row] = wants_logits ? 1 : 0;
    turn->n_rows++;
    if (wants_logits) {
        turn->logits_row = row;
    }
    return true;
}

/* A reply that has used up what it was promised goes on only with cells that nobody else was. */
static bool
may_grow(const struct model_worker *w, const struct pal_model_turn *turn)
{
    return turn->n_reply < turn->n_reply_room ||
           pal_timelines_n_available(&w->lines, NULL) > promised(w);
}

static void
add_decode_rows(struct model_worker *w)
{
    for (size_t i = w->n_turns; i > 0; i--) {
        struct pal_model_turn *turn = w->turns[i - 1];
        if (turn->state != PAL_MODEL_TURN_DECODE || turn->line == NULL) {
            continue;
        }
        if (turn->line->n_tokens >= w->model.n_ctx_max_tokens || !may_grow(w, turn) ||
            !add_row(w, turn, turn->next, true)) {
            end_done(w, turn, PAL_FINISH_LENGTH);
        }
    }
}

static struct pal_model_turn *
shortest_prefill(struct model_worker *w)
{
    struct pal_model_turn *shortest = NULL;
    for (size_t i = 0; i < w->n_turns; i++) {
        struct pal_model_turn *turn = w->turns[i];
        bool counts = turn->state == PAL_MODEL_TURN_PREFILL && turn->line != NULL &&
                      pal_model_turn_n_left(turn) > 0;
        if (counts &&
            (shortest == NULL || pal_model_turn_n_left(turn) < pal_model_turn_n_left(shortest))) {
            shortest = turn;
        }
    }
    return shortest;
}

static void
add_prefill_rows(struct model_worker *w)
{
    int32_t limit = (int32_t)w->settings->n_batch_tokens;
    if (w->batch.n_tokens > 0) {
        int32_t chunk = w->batch.n_tokens + (int32_t)w->settings->chunk_tokens;
        limit = chunk < limit ? chunk : limit;
    }
    while (w->batch.n_tokens < limit) {
        struct pal_model_turn *turn = shortest_prefill(w);
        if (turn == NULL) {
            return;
        }
        size_t left = pal_model_turn_n_left(turn);
        llama_token token = turn->prompt.tokens[turn->line->n_tokens];
        if (!add_row(w, turn, token, left == 1)) {
            /* Its cells were promised; so this is our own fault, and only its turn's. */
            struct pal_error error;
            (void)pal_error_set(&error, PAL_ERR_CONTEXT, "the context's memory is full");
            w->batch.n_tokens -= (int32_t)turn->n_rows;
            pal_timeline_cut(&w->lines, turn->line, turn->n_before);
            end_failed(w, turn, &error);
        }
    }
}

static void
build_batch(struct model_worker *w)
{
    w->batch.n_tokens = 0;
    w->lonely = NULL;
    for (size_t i = 0; i < w->n_turns; i++) {
        struct pal_model_turn *turn = w->turns[i];
        turn->n_rows = 0;
        turn->logits_row = -1;
        turn->n_before = turn->line != NULL ? turn->line->n_tokens : 0;
    }
    add_decode_rows(w);
    add_prefill_rows(w);
    size_t n_in = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i]->n_rows > 0) {
            w->lonely = n_in == 0 ? w->turns[i] : NULL;
            n_in++;
        }
    }
}

/*
 * A step failed: 1 = no room in the KV, 2 = aborted, negative = an error. llama.cpp may have kept a
 * part of the batch, so every line is cut back to where it was, and the step is tried once more.
 */
static void
handle_failed_step(struct model_worker *w, int32_t status)
{
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i]->n_rows > 0) {
            pal_timeline_cut(&w->lines, w->turns[i]->line, w->turns[i]->n_before);
        }
    }
    if (status == 2) {
        return; /* the cancel or the deadline behind it comes before the next step */
    }
    pal_log_warn("a step failed", "llama_decode=%d rows=%d", status, w->batch.n_tokens);
    if (w->n_failed_steps++ == 0) {
        while (status == 1 && pal_timelines_evict(&w->lines, NULL)) {
        }
        return;
    }
    w->n_failed_steps = 0;
    struct pal_error error;
    (void)pal_error_set(&error, status == 1 ? PAL_ERR_CONTEXT : PAL_ERR_ENGINE,
                        "the model's step failed twice: llama_decode returned %d", status);
    for (size_t i = w->n_turns; i > 0; i--) {
        if (w->turns[i - 1]->n_rows > 0) {
            end_failed(w, w->turns[i - 1], &error);
        }
    }
}

/* Draws the turn's next token from the step's logits. */
static void
sample(struct model_worker *w, struct pal_model_turn *turn)
{
    if (turn->state == PAL_MODEL_TURN_PREFILL) {
        turn->state = PAL_MODEL_TURN_DECODE;
        turn->prompt_us = pal_now_us();
        turn->usage.prompt_us = turn->prompt_us - turn->admitted_us;
    }
    llama_token token = llama_sampler_sample(turn->sampler, w->model.context, turn->logits_row);
    turn->next = token;
    enum pal_model_turn_said said = pal_model_turn_say(turn, &w->model, token);
    pal_model_turn_send(turn, w->host);
    if (said == PAL_MODEL_TURN_STOPS) {
        end_done(w, turn, PAL_FINISH_STOP);
    } else if (said == PAL_MODEL_TURN_IS_FULL) {
        end_done(w, turn, PAL_FINISH_LENGTH);
    }
}

/*
 * Leaves the cores to whoever else wants them, and takes them back (pace.h). A number of threads
 * that a person has set is kept.
 */
static void
keep_pace(struct model_worker *w, int64_t now_us)
{
    struct pal_pace_sample sample;
    bool is_paced = w->settings->n_threads == 0 || (w->settings->ways & PAL_ENGINE_PACED) != 0;
    if (!is_paced || now_us - w->pace.last.now_us < PAL_PACE_WINDOW_US || !pal_pace_read(&sample)) {
        return;
    }
    uint32_t n = pal_pace_update(&w->pace, &sample);
    if (n == w->n_threads_now) {
        return;
    }
    w->n_threads_now = n;
    uint32_t decode = w->model.n_threads < n ? w->model.n_threads : n;
    uint32_t batch = w->model.n_threads_batch < n ? w->model.n_threads_batch : n;
    llama_set_n_threads(w->model.context, (int32_t)decode, (int32_t)batch);
    pal_log_debug("pace", "threads=%u", n);
}

static int64_t
step(void *worker)
{
    struct model_worker *w = worker;
    int64_t now_us = pal_now_us();
    end_late_turns(w, now_us);
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i]->state == PAL_MODEL_TURN_WAITING) {
            admit(w, w->turns[i], now_us);
        }
    }
    build_batch(w);
    if (w->batch.n_tokens == 0) {
        return w->n_turns > 0 ? 0 : -1;
    }
    keep_pace(w, now_us);
    int32_t status = 0;
    if (!pal_fault_hit(&w->fault, &status)) {
        status = llama_decode(w->model.context, w->batch);
    }
    w->lonely = NULL;
    if (status != 0) {
        handle_failed_step(w, status);
        return 0;
    }
    w->n_failed_steps = 0;
    for (size_t i = w->n_turns; i > 0; i--) {
        if (w->turns[i - 1]->logits_row >= 0) {
            sample(w, w->turns[i - 1]);
        }
    }
    return w->n_turns > 0 ? 0 : -1;
}

static void
destroy(void *worker)
{
    struct model_worker *w = worker;
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->n_turns; i++) {
        pal_model_turn_destroy(w->turns[i]);
    }
    pal_timelines_finish(&w->lines);
    pal_replies_finish(w->replies);
    free(w->replies);
    if (w->batch.token != NULL) {
        llama_batch_free(w->batch);
    }
    pal_model_finish(&w->model);
    free(w);
}

struct pal_worker
pal_model_worker_create(struct pal_host *host, const struct pal_settings *settings)
{
    static const struct pal_worker_ops ops = {
        .load = load,
        .submit = submit,
        .cancel = cancel,
        .step = step,
        .destroy = destroy,
    };
    struct model_worker *w = pal_calloc(1, sizeof(*w));
    w->host = host;
    w->settings = settings;
    w->fault = pal_fault_from_environment();
    return (struct pal_worker){.ops = &ops, .self = w};
}
