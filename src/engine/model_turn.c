#include "engine/model_turn.h"

#include <stdlib.h>
#include <string.h>

#include "engine/sampler.h"
#include "util/clock.h"
#include "util/mem.h"

/* Cells promised to a reply of unknown length; it may take more while there are some. */
#define REPLY_ROOM_TOKENS 256
#define TEXT_MAX_BYTES    (4u << 20)

static size_t
reply_room(const struct pal_model *model, const struct pal_sampling *sampling)
{
    size_t room = REPLY_ROOM_TOKENS;
    if (sampling->max_tokens > 0 && (size_t)sampling->max_tokens < room) {
        room = (size_t)sampling->max_tokens;
    }
    size_t quarter = model->n_ctx_max_tokens / 4;
    return room < quarter ? room : quarter;
}

/* Penalties look back on the prompt as well. */
static void
feed_penalties(struct pal_model_turn *turn)
{
    size_t n = (size_t)turn->job.sampling.repeat_last_n;
    n = n < turn->prompt.n_tokens ? n : turn->prompt.n_tokens;
    for (size_t i = turn->prompt.n_tokens - n; i < turn->prompt.n_tokens; i++) {
        llama_sampler_accept(turn->sampler, turn->prompt.tokens[i]);
    }
}

/* With its prompt the turn may wait for a timeline. */
static enum pal_err
get_ready(struct pal_model_turn *turn, const struct pal_model *model, struct pal_error *error)
{
    turn->state = PAL_MODEL_TURN_WAITING;
    turn->usage.prompt_tokens = (uint32_t)turn->prompt.n_tokens;
    turn->sampler = pal_sampler_create(model, &turn->job.sampling);
    if (turn->sampler == NULL) {
        return pal_error_set(error, PAL_ERR_NOMEM, "no memory for the sampler");
    }
    feed_penalties(turn);
    return PAL_OK;
}

struct pal_model_turn *
pal_model_turn_create(const struct pal_model *model, struct pal_reader *reader,
                      const struct pal_replies *replies, struct pal_job *job,
                      struct pal_error *error)
{
    struct pal_model_turn *turn = pal_calloc(1, sizeof(*turn));
    turn->job = *job;
    *job = (struct pal_job){0};
    *error = (struct pal_error){0};
    size_t n_stops = turn->job.sampling.n_stops;
    memcpy(turn->stops, turn->job.sampling.stops, n_stops * sizeof(turn->stops[0]));
    const char *own_stop = pal_template_stop(model->tmpl);
    if (own_stop != NULL) {
        turn->stops[n_stops] = pal_strdup(own_stop);
    }
    pal_hold_init(&turn->hold, turn->stops, n_stops + (own_stop != NULL ? 1 : 0));
    pal_buf_init(&turn->text, TEXT_MAX_BYTES);
    turn->n_reply_room = reply_room(model, &turn->job.sampling);
    turn->reading = pal_reader_begin(reader, replies, &turn->job, turn->n_reply_room);
    if (turn->reading == NULL && pal_prompt_make(model, replies, &turn->job, turn->n_reply_room,
                                                 &turn->prompt, error) == PAL_OK) {
        (void)get_ready(turn, model, error);
    }
    return turn;
}

enum pal_err
pal_model_turn_read(struct pal_model_turn *turn, const struct pal_model *model,
                    struct pal_error *error)
{
    enum pal_err err = PAL_OK;
    if (!pal_reading_take(turn->reading, &turn->prompt, &err, error)) {
        return PAL_ERR_AGAIN;
    }
    turn->reading = NULL;
    return err == PAL_OK ? get_ready(turn, model, error) : err;
}

void
pal_model_turn_destroy(struct pal_model_turn *turn)
{
    if (turn == NULL) {
        return;
    }
    if (turn->sampler != NULL) {
        llama_sampler_free(turn->sampler);
    }
    free(turn->stops[turn->job.sampling.n_stops]);
    pal_reading_abandon(turn->reading);
    pal_hold_finish(&turn->hold);
    pal_buf_finish(&turn->text);
    pal_prompt_finish(&turn->prompt);
    pal_job_finish(&turn->job);
    free(turn->reply);
    free(turn->reply_ends);
    free(turn);
}

size_t
pal_model_turn_n_left(const struct pal_model_turn *turn)
{
    size_t done = turn->line != NULL ? turn->line->n_tokens : 0;
    return turn->prompt.n_tokens > done ? turn->prompt.n_tokens - done : 0;
}

static void
note_token(struct pal_model_turn *turn, llama_token token, size_t n_bytes)
{
    size_t n = turn->n_reply;
    if (n % 64 == 0) {
        turn->reply = pal_realloc(turn->reply, n + 64, sizeof(*turn->reply));
        turn->reply_ends = pal_realloc(turn->reply_ends, n + 64, sizeof(*turn->reply_ends));
    }
    turn->n_reply_bytes += n_bytes;
    turn->reply[n] = token;
    turn->reply_ends[n] = turn->n_reply_bytes;
    turn->n_reply = n + 1;
}

static void
send_ready(struct pal_model_turn *turn, struct pal_host *host, size_t len)
{
    if (len == 0) {
        return;
    }
    if (turn->usage.first_token_us == 0) {
        turn->usage.first_token_us = pal_now_us() - turn->job.submitted_us;
    }
    struct pal_event event = {
        .kind = PAL_EVENT_PIECE,
        .turn_id = turn->job.turn_id,
        .text = turn->hold.bytes.data,
        .len = len,
        .left_us = pal_now_us(),
    };
    pal_host_emit(host, &event);
    /* Longer than its bound, the reply is only not remembered. */
    (void)!pal_buf_append(&turn->text, event.text, event.len);
    pal_hold_sent(&turn->hold, len);
}

/* Takes the token's text. True: a stop text is complete. */
static bool
add_piece(struct pal_model_turn *turn, const struct pal_model *model, llama_token token)
{
    char few[64];
    char *piece = few;
    int32_t n = llama_token_to_piece(model->vocab, token, few, sizeof(few), 0, false);
    if (n < 0) {
        piece = pal_calloc((size_t)-n, 1);
        n = llama_token_to_piece(model->vocab, token, piece, -n, 0, false);
    }
    size_t len = n > 0 ? (size_t)n : 0;
    note_token(turn, token, len);
    bool is_stopped = pal_hold_add(&turn->hold, piece, len);
    if (piece != few) {
        free(piece);
    }
    return is_stopped;
}

enum pal_model_turn_said
pal_model_turn_say(struct pal_model_turn *turn, const struct pal_model *model,
                   struct pal_host *host, llama_token token)
{
    if (llama_vocab_is_eog(model->vocab, token)) {
        return PAL_MODEL_TURN_STOPS;
    }
    turn->usage.completion_tokens++;
    if (add_piece(turn, model, token)) {
        return PAL_MODEL_TURN_STOPS;
    }
    bool is_last = false;
    size_t len = pal_ending_sendable(&turn->ending, turn->hold.bytes.data, turn->hold.n_ready,
                                     pal_now_us(), &is_last);
    send_ready(turn, host, len);
    if (is_last) {
        return PAL_MODEL_TURN_IS_LATE;
    }
    int32_t max = turn->job.sampling.max_tokens;
    max = max > 0 ? max : PAL_JOB_TOKENS_MAX;
    return turn->usage.completion_tokens >= (uint32_t)max ? PAL_MODEL_TURN_IS_FULL
                                                          : PAL_MODEL_TURN_GOES_ON;
}

void
pal_model_turn_send_rest(struct pal_model_turn *turn, struct pal_host *host, enum pal_finish finish)
{
    bool is_cut = finish == PAL_FINISH_DEADLINE && turn->ending.is_whole_only;
    if (is_cut && turn->text.len > 0) {
        pal_hold_drop(&turn->hold);
    } else if (!turn->hold.is_stopped) {
        pal_hold_end(&turn->hold);
    }
    send_ready(turn, host, turn->hold.n_ready);
}

void
pal_model_turn_remember(const struct pal_model_turn *turn, struct pal_replies *replies)
{
    /* Where the text was cut (a stop text, a cancel), it must be between two tokens. */
    size_t n = turn->n_reply;
    while (n > 0 && turn->reply_ends[n - 1] > turn->hold.n_sent) {
        n--;
    }
    if (n == 0 || turn->reply_ends[n - 1] != turn->hold.n_sent ||
        turn->text.len != turn->hold.n_sent) {
        return;
    }
    pal_replies_add(replies, turn->job.conversation, turn->text.data, turn->text.len, turn->reply,
                    n);
}
