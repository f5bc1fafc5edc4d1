#include "engine/model_worker.h"

#include <math.h>

#include "engine/sampler.h"
#include "util/clock.h"

#define LOG_TOPIC "worker"
#include "util/log.h"

/* Of the time between two steps: one in so many counts, and none for more than so many times. */
#define BETWEEN_DIV       16
#define BETWEEN_MAX_TIMES 2
/* A step may take so many times as long as expected, and so much longer, before it is given up. */
#define PATIENCE_TIMES 4
#define PATIENCE_US    (300 * PAL_US_PER_MS)

/*
 * A step failed: 1 = no room in the KV, 2 = aborted, negative = an error. llama.cpp may have kept a
 * part of the batch, so every line is cut back to where it was, and the step is tried once more.
 */
static void
handle_failed_step(struct pal_model_worker *w, int32_t status)
{
    struct pal_error error;
    (void)pal_error_set(&error, status == 1 ? PAL_ERR_CONTEXT : PAL_ERR_ENGINE,
                        "the model's step failed twice: llama_decode returned %d", status);
    bool is_second = status != 2 && w->n_failed_steps > 0;
    for (size_t i = w->n_turns; i > 0; i--) {
        struct pal_model_turn *turn = w->turns[i - 1];
        if (turn->n_rows == 0) {
            continue;
        }
        pal_timeline_cut(&w->lines, turn->line, turn->n_before);
        /* A memory that can't go back has lost the reply with its prompt. */
        bool is_lost =
            turn->state == PAL_MODEL_TURN_DECODE && turn->line->n_tokens < turn->n_before;
        if (is_second || (is_lost && status != 2)) {
            pal_model_end_failed(w, turn, &error);
        }
    }
    if (status == 2) {
        return; /* the cancel or the deadline behind it comes before the next step */
    }
    pal_log_warn("a step failed", "llama_decode=%d rows=%d", status, w->batch.n_tokens);
    w->n_failed_steps = is_second ? 0 : w->n_failed_steps + 1;
    while (!is_second && status == 1 && pal_timelines_evict(&w->lines, NULL)) {
    }
}

/* A decode step of this turn alone. */
static struct pal_cost_rows
row_of(const struct pal_model_turn *turn)
{
    return (struct pal_cost_rows){.n_rows = 1, .depth = (uint32_t)turn->line->n_tokens};
}

/* Draws the turn's next token from the logits of this row, and says it. */
static enum pal_model_turn_said
say_next(struct pal_model_worker *w, struct pal_model_turn *turn, int32_t row)
{
    const float *logits = llama_get_logits_ith(w->model.context, row);
    size_t n_vocab = (size_t)llama_vocab_n_tokens(w->model.vocab);
    if (logits == NULL || !pal_logits_are_numbers(logits, n_vocab)) {
        return PAL_MODEL_TURN_IS_LOST;
    }
    turn->next = llama_sampler_sample(turn->sampler, w->model.context, row);
    return pal_model_turn_say(turn, &w->model, w->host, turn->next);
}

/*
 * The model computed NaN. Its cells hold some now, and a NaN that is masked for others is still one
 * in some kernels: they are wiped as soon as no turn holds any.
 */
static void
lose(struct pal_model_worker *w, struct pal_model_turn *turn)
{
    struct pal_error error;
    (void)pal_error_set(&error, PAL_ERR_ENGINE,
                        "the model computed nothing that a token could be drawn from: its file may "
                        "be damaged, or a card's driver at fault");
    pal_log_error("a step gave no numbers", "turn=%llu tokens=%zu",
                  (unsigned long long)turn->job.turn_id, turn->line->n_tokens);
    pal_model_distrust(w, turn);
    pal_timeline_cut(&w->lines, turn->line, 0);
    pal_model_end_failed(w, turn, &error);
}

void
pal_model_wipe(struct pal_model_worker *w)
{
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i]->line != NULL) {
            return;
        }
    }
    pal_timelines_forget(&w->lines);
    if (w->model.memory != NULL) {
        llama_memory_clear(w->model.memory, true);
    }
    w->needs_wiping = false;
    w->lines.is_doubtful = false;
}

/* The turn's next token, and those after it that its draft foretold: returns how many. */
static size_t
sample(struct pal_model_worker *w, struct pal_model_turn *turn)
{
    if (turn->state == PAL_MODEL_TURN_PREFILL) {
        turn->state = PAL_MODEL_TURN_DECODE;
        turn->prompt_us = pal_now_us();
        turn->usage.prompt_us = turn->prompt_us - turn->admitted_us;
        pal_ending_begin(&turn->ending, turn->job.deadline_us, turn->prompt_us,
                         pal_cost_predict(&w->cost, row_of(turn)));
    }
    size_t n_right = 0;
    enum pal_model_turn_said said = say_next(w, turn, turn->logits_row);
    while (said == PAL_MODEL_TURN_GOES_ON && n_right < turn->draft.n_tokens &&
           turn->next == turn->draft.tokens[n_right]) {
        said = say_next(w, turn, turn->draft_row + (int32_t)n_right);
        n_right++;
    }
    if (turn->draft.n_tokens > 0) {
        pal_timeline_cut(&w->lines, turn->line, turn->n_before + 1 + n_right);
        pal_drafts_judge(&w->drafts, turn->draft.n_match, turn->draft.n_tokens, n_right);
        if (turn->draft.n_match > 0) {
            turn->usage.draft_tokens += (uint32_t)turn->draft.n_tokens;
            turn->usage.draft_accepted += (uint32_t)n_right;
        }
    }
    if (said == PAL_MODEL_TURN_STOPS) {
        pal_model_end_done(w, turn, PAL_FINISH_STOP);
    } else if (said == PAL_MODEL_TURN_IS_FULL) {
        pal_model_end_done(w, turn, PAL_FINISH_LENGTH);
    } else if (said == PAL_MODEL_TURN_IS_LOST) {
        lose(w, turn);
    } else if (said == PAL_MODEL_TURN_IS_LATE) {
        pal_hold_drop(&turn->hold);
        pal_model_end_done(w, turn, PAL_FINISH_DEADLINE);
    }
    return n_right;
}

/* What the step's drafts cost and won. `us`: its time. */
static void
settle_drafts(struct pal_model_worker *w, size_t n_decoding, size_t n_right, int64_t us)
{
    int64_t plain_us = us;
    if (w->has_drafts) {
        struct pal_cost_rows plain = {.n_rows = (uint32_t)n_decoding,
                                      .depth = w->decode_rows.depth};
        plain_us = pal_cost_predict(&w->cost, plain);
    }
    pal_drafts_settle(&w->drafts, us, plain_us, n_decoding, n_right);
}

static bool
is_paced(const struct pal_model_worker *w)
{
    return w->settings->n_threads == 0 || (w->settings->ways & PAL_ENGINE_PACED) != 0;
}

void
pal_model_keep_pace(struct pal_model_worker *w, int64_t now_us)
{
    struct pal_pace_sample now;
    if (!is_paced(w)) {
        return;
    }
    if (now_us - w->pace.last.now_us >= PAL_PACE_WINDOW_US &&
        pal_pace_read(&w->model.pools.cpus, &now)) {
        (void)pal_pace_update(&w->pace, &now);
    }
    uint32_t n = w->pace.n_threads;
    if (n == w->n_threads_now) {
        return;
    }
    bool is_fewer = n < w->n_threads_now;
    w->n_threads_now = n;
    uint32_t decode = w->model.n_threads < n ? w->model.n_threads : n;
    uint32_t batch = w->model.n_threads_batch < n ? w->model.n_threads_batch : n;
    pal_pools_use(&w->model.pools, decode, batch);
    pal_cost_set_threads(&w->cost, n);
    pal_host_set_pace(w->host, decode, is_fewer ? PAL_ENGINE_PACE_WANTED : PAL_ENGINE_PACE_IDLE);
    pal_log_debug("pace", "threads=%u", n);
}

bool
pal_model_look_around(struct pal_pace_sample *sample)
{
    cpu_set_t cpus;
    return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && pal_pace_read(&cpus, sample);
}

void
pal_model_begin_pace(struct pal_model_worker *w, const struct pal_pace_sample *before)
{
    struct pal_model *model = &w->model;
    struct pal_pace_sample now;
    uint32_t n_max =
        model->n_threads > model->n_threads_batch ? model->n_threads : model->n_threads_batch;
    pal_pace_init(&w->pace, n_max);
    if (!is_paced(w) || before == NULL || !pal_pace_read(&model->pools.cpus, &now)) {
        return;
    }
    uint32_t n = pal_pace_begin(&w->pace, before, &now);
    if (n < n_max) {
        pal_pools_use(&model->pools, model->n_threads < n ? model->n_threads : n,
                      model->n_threads_batch < n ? model->n_threads_batch : n);
    }
}

static void
spoil_logits(struct pal_model_worker *w)
{
    for (int32_t row = 0; row < w->batch.n_tokens; row++) {
        if (w->batch.logits[row] != 0) {
            llama_get_logits_ith(w->model.context, row)[0] = NAN;
        }
    }
}

/* Computes the batch, or does what the test wants in its place. */
static int32_t
decode(struct pal_model_worker *w)
{
    enum pal_fault_step fault = pal_fault_next_step(&w->fault);
    if (fault == PAL_FAULT_STEP_HANGS) {
        for (;;) {
        }
    }
    if (fault == PAL_FAULT_STEP_FAILS) {
        return w->fault.status;
    }
    int32_t status = llama_decode(w->model.context, w->batch);
    llama_synchronize(w->model.context); /* a card may still be at it */
    if (fault == PAL_FAULT_STEP_NAN && status == 0) {
        spoil_logits(w);
    }
    return status;
}

/* Sampling, sending, and what else lies between two steps of streams that nobody disturbs. */
static void
note_between(struct pal_model_worker *w, int64_t began_us)
{
    if (w->computed_us == 0 || w->prefill_rows.n_rows > 0) {
        return;
    }
    double us = (double)(began_us - w->computed_us);
    double most = BETWEEN_MAX_TIMES * (w->between_us > 0 ? w->between_us : us);
    us = us < most ? us : most;
    w->between_us += (us - w->between_us) / (w->between_us > 0 ? BETWEEN_DIV : 1);
}

/*
 * Several threads that have just lost their cores can need a minute for a prompt's chunk: from then
 * on it is quicker to begin again with one. 0: as long as it takes.
 */
static int64_t
patience(const struct pal_model_worker *w, int64_t began_us)
{
    int64_t us = pal_cost_predict(&w->cost, pal_cost_join(w->decode_rows, w->prefill_rows));
    bool may_retry = is_paced(w) && w->n_threads_now > 1 && w->model.can_edit;
    return may_retry && us > 0 ? began_us + PATIENCE_TIMES * us + PATIENCE_US : 0;
}

void
pal_model_step(struct pal_model_worker *w)
{
    pal_model_keep_pace(w, pal_now_us());
    int64_t began_us = pal_now_us();
    w->give_up_us = patience(w, began_us);
    int32_t status = decode(w);
    int64_t computed_us = pal_now_us();
    if (status == 2 && w->give_up_us != 0 && computed_us >= w->give_up_us) {
        pal_pace_lost(&w->pace, computed_us);
    }
    w->give_up_us = 0;
    int64_t us = computed_us - began_us;
    note_between(w, began_us);
    w->computed_us = computed_us;
    w->lonely = NULL;
    if (status != 0) {
        handle_failed_step(w, status);
        return;
    }
    w->n_failed_steps = 0;
    pal_pools_stepped(&w->model.pools);
    pal_timelines_stepped(&w->lines);
    size_t n_decoding = 0;
    size_t n_right = 0;
    for (size_t i = w->n_turns; i > 0; i--) {
        struct pal_model_turn *turn = w->turns[i - 1];
        if (turn->logits_row >= 0) {
            n_decoding += turn->state == PAL_MODEL_TURN_DECODE ? 1 : 0;
            n_right += sample(w, turn);
        }
    }
    if (w->prefill_rows.n_rows == 0) {
        settle_drafts(w, n_decoding, n_right, us);
    }
    struct pal_cost_rows rows = pal_cost_join(w->decode_rows, w->prefill_rows);
    pal_pace_step(&w->pace, pal_cost_weigh(&w->cost, rows), us);
    pal_cost_note(&w->cost, rows, us);
}
