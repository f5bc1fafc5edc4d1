/*
 * Which rows a step computes: one for every turn that decodes, and a chunk of the prompts, as large
 * as the decoding turns' readers won't notice. Costs are measured, never guessed (cost.h).
 */
#include "engine/model_worker.h"
#include "util/clock.h"
#include "util/mem.h"

/*
 * While somebody's prompt comes in, the others' next token may take 2.5 times as long as usually.
 * What steps deviate by anyway is taken off that: so many times their average deviation.
 */
#define GAP_TIMES       2.5
#define GAP_NOISE_TIMES 4
#define GAP_TIMES_LEAST 1.6
#define GAP_TIMES_MOST  2.1
/* Rows that make a step which is too long already longer by no more than this are almost free. */
#define ALMOST_FREE_TIMES 1.2
/* A newcomer's message that is read within so long is read at once: a single step that is a frame
 * late costs the streams less than several that all are a little late. */
#define AT_ONCE_US (16 * PAL_US_PER_MS)
/* With nobody decoding, a step may take so long: so long waits a newcomer with a short prompt. */
#define PREFILL_STEP_US  (500 * PAL_US_PER_MS)
#define PREFILL_ROWS_MIN 32
/* Drafts are looked for in so many of the newest replies, */
#define DRAFT_REPLIES 16
/* and a step is filled up to the kernels' quantum with at most so many rows of no use. */
#define FILLING_MAX 3

/* A token onto the turn's line and into the batch: which row. -1: there is no cell left for it. */
static int32_t
add_row(struct pal_model_worker *w, struct pal_model_turn *turn, llama_token token,
        bool wants_logits)
{
    while (pal_timelines_n_free(&w->lines) == 0) {
        if (!pal_timelines_evict(&w->lines, NULL)) {
            return -1;
        }
    }
    if (!pal_timeline_append(&w->lines, turn->line, token)) {
        return -1;
    }
    int32_t row = w->batch.n_tokens++;
    w->batch.token[row] = token;
    w->batch.pos[row] = turn->line->positions[turn->line->n_tokens - 1];
    w->batch.n_seq_id[row] = 1;
    w->batch.seq_id[row][0] = turn->line->seq;
    w->batch.logits[row] = wants_logits ? 1 : 0;
    turn->n_rows++;
    return row;
}

/* A reply that has used up what it was promised goes on only with cells that nobody else was. */
static bool
may_grow(const struct pal_model_worker *w, const struct pal_model_turn *turn)
{
    return turn->n_reply < turn->n_reply_room ||
           pal_timelines_n_available(&w->lines, NULL) > pal_model_n_promised(w);
}

static void
add_decode_rows(struct pal_model_worker *w)
{
    for (size_t i = w->n_turns; i > 0; i--) {
        struct pal_model_turn *turn = w->turns[i - 1];
        if (turn->state != PAL_MODEL_TURN_DECODE || turn->line == NULL) {
            continue;
        }
        if (turn->line->n_tokens < w->model.n_ctx_max_tokens &&
            pal_timeline_position(turn->line) < w->lines.n_positions && may_grow(w, turn)) {
            turn->logits_row = add_row(w, turn, turn->next, true);
        }
        if (turn->logits_row < 0) {
            pal_model_end_done(w, turn, PAL_FINISH_LENGTH);
            continue;
        }
        struct pal_cost_rows row = {.n_rows = 1, .depth = (uint32_t)turn->line->n_tokens};
        w->decode_rows = pal_cost_join(w->decode_rows, row);
    }
}

/* How many tokens of a draft the turn can take: its reply, its cells and the step's logits. */
static size_t
draft_room(const struct pal_model_worker *w, const struct pal_model_turn *turn, size_t n_outputs)
{
    size_t room = pal_model_outputs_max(w->settings);
    room = room > n_outputs ? room - n_outputs : 0;
    size_t max = turn->job.sampling.max_tokens > 0 ? (size_t)turn->job.sampling.max_tokens
                                                   : PAL_JOB_TOKENS_MAX;
    size_t limits[] = {
        max - turn->n_reply - 1,
        turn->n_reply_room > turn->n_reply + 1 ? turn->n_reply_room - turn->n_reply - 1 : 0,
        w->model.n_ctx_max_tokens - turn->line->n_tokens,
        (size_t)(w->settings->n_batch_tokens) - (size_t)w->batch.n_tokens,
        PAL_DRAFT_TOKENS_MAX,
    };
    for (size_t i = 0; i < PAL_COUNT_OF(limits); i++) {
        room = room < limits[i] ? room : limits[i];
    }
    return room;
}

/* What came after the same words in this conversation, or in somebody's recent reply. */
static void
find_draft(const struct pal_model_worker *w, struct pal_model_turn *turn)
{
    const struct pal_timeline *line = turn->line; /* `next` is its last token by now */
    size_t n_key = line->n_tokens < PAL_DRAFT_MATCH_MAX ? line->n_tokens : PAL_DRAFT_MATCH_MAX;
    const int32_t *key = line->tokens + line->n_tokens - n_key;
    pal_draft_find(&turn->draft, line->tokens, line->n_tokens, key, n_key);
    for (size_t i = 0; i < DRAFT_REPLIES && i < w->replies->n; i++) {
        size_t at = (w->replies->at + w->replies->n - 1 - i) % PAL_REPLIES_MAX;
        const struct pal_reply *reply = &w->replies->items[at];
        pal_draft_find(&turn->draft, reply->tokens, reply->n_tokens, key, n_key);
    }
}

static void
add_draft(struct pal_model_worker *w, struct pal_model_turn *turn)
{
    turn->draft_row = w->batch.n_tokens;
    for (size_t i = 0; i < turn->draft.n_tokens; i++) {
        if (add_row(w, turn, turn->draft.tokens[i], true) < 0) {
            turn->draft.n_tokens = i;
        }
    }
    w->decode_rows.n_rows += (uint32_t)turn->draft.n_tokens;
    w->has_drafts = w->has_drafts || turn->draft.n_tokens > 0;
}

/* Rows that may win tokens, or that make the step cheaper by their mere number. */
static void
add_draft_rows(struct pal_model_worker *w)
{
    size_t n_decoding = w->decode_rows.n_rows;
    for (size_t i = 0; i < w->n_turns && w->model.can_edit; i++) {
        struct pal_model_turn *turn = w->turns[i];
        size_t room = turn->logits_row >= 0 ? draft_room(w, turn, w->decode_rows.n_rows) : 0;
        if (room == 0) {
            continue;
        }
        if ((w->settings->ways & PAL_ENGINE_NO_DRAFTS) == 0) {
            find_draft(w, turn);
        }
        turn->draft.n_tokens = turn->draft.n_tokens < room ? turn->draft.n_tokens : room;
        turn->draft.n_tokens =
            pal_drafts_length(&w->drafts, &w->cost, w->decode_rows, n_decoding, &turn->draft);
        if (turn->draft.n_tokens == 0) {
            turn->draft.n_match = 0;
            turn->draft.n_tokens = pal_drafts_filling(&w->cost, w->decode_rows,
                                                      room < FILLING_MAX ? room : FILLING_MAX);
            for (size_t k = 0; k < turn->draft.n_tokens; k++) {
                turn->draft.tokens[k] = turn->next;
            }
        }
        add_draft(w, turn);
    }
}

/*
 * The prompt to go on with: the shortest, so that first tokens come early; but each microsecond of
 * waiting counts as one of work less, so that a long one is overtaken only for so long as it takes
 * itself.
 */
static struct pal_model_turn *
next_prefill(struct pal_model_worker *w, int64_t now_us)
{
    struct pal_model_turn *best = NULL;
    int64_t best_us = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        struct pal_model_turn *turn = w->turns[i];
        size_t n_left = pal_model_turn_n_left(turn);
        if (turn->state != PAL_MODEL_TURN_PREFILL || turn->line == NULL || n_left == 0) {
            continue;
        }
        int64_t us = pal_cost_prompt_us(&w->cost, n_left, turn->prompt.n_tokens) -
                     (now_us - turn->job.submitted_us);
        if (best == NULL || us < best_us) {
            best = turn;
            best_us = us;
        }
    }
    return best;
}

/* What is left of the gap that streams are promised, for a step that begins now. */
static int64_t
gap_budget_us(struct pal_model_worker *w, int64_t now_us)
{
    double times = GAP_TIMES / (1 + GAP_NOISE_TIMES * w->cost.noise);
    times = times < GAP_TIMES_LEAST ? GAP_TIMES_LEAST : times;
    times = times > GAP_TIMES_MOST ? GAP_TIMES_MOST : times;
    double usual_us = (double)pal_cost_predict(&w->cost, w->decode_rows) + w->between_us;
    double passed_us = w->computed_us != 0 ? (double)(now_us - w->computed_us) : w->between_us;
    /* The newcomer was taken in meanwhile, or another ended: then the streams come first, once. */
    w->is_held_up = !w->is_held_up && passed_us > 2 * w->between_us + usual_us / 4;
    return (int64_t)(times * usual_us - passed_us);
}

/*
 * A promise to the turn goes before one to the others: in chunks of n rows its prompt is to be
 * complete in half of the time that it has left, else they are longer.
 */
static uint32_t
rows_in_time(const struct pal_model_worker *w, const struct pal_model_turn *turn, uint32_t n,
             uint32_t most, int64_t now_us)
{
    if (turn->job.deadline_us == 0) {
        return n;
    }
    size_t n_left = pal_model_turn_n_left(turn);
    int64_t left_us = (turn->job.deadline_us - now_us) / 2;
    for (;;) {
        struct pal_cost_rows chunk = {.n_rows = n, .depth = (uint32_t)turn->line->n_tokens};
        int64_t step_us = pal_cost_predict(&w->cost, pal_cost_join(w->decode_rows, chunk));
        if (n >= most || (int64_t)(n_left / n) * step_us <= left_us) {
            return n;
        }
        n = 2 * n < most ? 2 * n : most;
    }
}

/* Is all that is new of this turn's prompt, n_left tokens, to be read in this step? */
static bool
is_read_at_once(const struct pal_model_worker *w, const struct pal_model_turn *turn, size_t n_left)
{
    struct pal_cost_rows rest = {.n_rows = (uint32_t)n_left,
                                 .depth = (uint32_t)turn->line->n_tokens};
    int64_t us = pal_cost_predict(&w->cost, pal_cost_join(w->decode_rows, rest));
    return turn->line->n_tokens == turn->usage.cached_tokens && us <= AT_ONCE_US;
}

/* How many rows of prompts this step takes, `turn`'s first. */
static int32_t
chunk_rows(struct pal_model_worker *w, const struct pal_model_turn *turn, int64_t now_us)
{
    int32_t room = (int32_t)w->settings->n_batch_tokens - w->batch.n_tokens;
    if (room <= 0) {
        return 0;
    }
    uint32_t depth = (uint32_t)turn->line->n_tokens;
    if (w->decode_rows.n_rows == 0) {
        uint32_t n =
            pal_cost_rows_within(&w->cost, w->decode_rows, depth, PREFILL_STEP_US, (uint32_t)room);
        n = n > PREFILL_ROWS_MIN ? n : PREFILL_ROWS_MIN;
        return (int32_t)n < room ? (int32_t)n : room;
    }
    uint32_t most =
        w->settings->chunk_tokens < (uint32_t)room ? w->settings->chunk_tokens : (uint32_t)room;
    /* Where one row more is dear already, those that come almost free with it are taken as well:
     * the streams are held up less by few long steps than by many that are hardly shorter. */
    struct pal_cost_rows one = {.n_rows = 1, .depth = depth};
    int64_t least_us = pal_cost_predict(&w->cost, pal_cost_join(w->decode_rows, one));
    int64_t budget_us = gap_budget_us(w, now_us);
    if (budget_us < least_us && w->is_held_up) {
        return 0;
    }
    int64_t most_us = (int64_t)(ALMOST_FREE_TIMES * (double)least_us);
    budget_us = budget_us > most_us ? budget_us : most_us;
    uint32_t n = pal_cost_rows_within(&w->cost, w->decode_rows, depth, budget_us, most);
    size_t n_left = pal_model_turn_n_left(turn);
    if (n_left > n && n_left <= most && is_read_at_once(w, turn, n_left)) {
        return (int32_t)n_left;
    }
    return (int32_t)rows_in_time(w, turn, n, most, now_us);
}

/* False: nobody's prompt waits. */
static bool
add_prefill_rows(struct pal_model_worker *w, int64_t now_us)
{
    struct pal_model_turn *turn = next_prefill(w, now_us);
    bool has_some = turn != NULL;
    int32_t limit = turn != NULL ? w->batch.n_tokens + chunk_rows(w, turn, now_us) : 0;
    while (turn != NULL && w->batch.n_tokens < limit) {
        size_t left = pal_model_turn_n_left(turn);
        llama_token token = turn->prompt.tokens[turn->line->n_tokens];
        int32_t row = add_row(w, turn, token, left == 1);
        turn->logits_row = left == 1 ? row : -1;
        if (row < 0) {
            /* Its cells were promised; so this is our own fault, and only its turn's. */
            struct pal_error error;
            (void)pal_error_set(&error, PAL_ERR_CONTEXT, "the context's memory is full");
            w->batch.n_tokens -= (int32_t)turn->n_rows;
            turn->n_rows = 0;
            pal_timeline_cut(&w->lines, turn->line, turn->n_before);
            pal_model_end_failed(w, turn, &error);
            turn = next_prefill(w, now_us);
            continue;
        }
        if (left == 1) {
            turn = next_prefill(w, now_us);
        } else if (pal_timeline_is_new_base(&w->lines, turn->line)) {
            break; /* a state is kept for others as it is now */
        }
    }
    return has_some;
}

void
pal_model_batch(struct pal_model_worker *w, int64_t now_us)
{
    w->batch.n_tokens = 0;
    w->lonely = NULL;
    w->has_drafts = false;
    w->decode_rows = (struct pal_cost_rows){0};
    w->prefill_rows = (struct pal_cost_rows){0};
    for (size_t i = 0; i < w->n_turns; i++) {
        struct pal_model_turn *turn = w->turns[i];
        turn->n_rows = 0;
        turn->logits_row = -1;
        turn->draft = (struct pal_draft){0};
        turn->n_before = turn->line != NULL ? turn->line->n_tokens : 0;
    }
    add_decode_rows(w);
    if (!add_prefill_rows(w, now_us) && w->batch.n_tokens > 0) {
        add_draft_rows(w);
    }
    size_t n_in = 0;
    for (size_t i = 0; i < w->n_turns; i++) {
        const struct pal_model_turn *turn = w->turns[i];
        if (turn->n_rows == 0) {
            continue;
        }
        w->lonely = n_in == 0 ? turn : NULL;
        n_in++;
        if (turn->state == PAL_MODEL_TURN_PREFILL) {
            struct pal_cost_rows rows = {
                .n_rows = (uint32_t)turn->n_rows,
                .depth = (uint32_t)(turn->line->n_tokens - turn->n_rows / 2),
            };
            w->prefill_rows = pal_cost_join(w->prefill_rows, rows);
        }
    }
}
