#ifndef PAL_ENGINE_MODEL_TURN_H
#define PAL_ENGINE_MODEL_TURN_H
/*
 * One turn inside the model worker: its prompt, its place on a timeline, and the reply as it grows.
 * Compute thread.
 */
#include "engine/draft.h"
#include "engine/hold.h"
#include "engine/prompt.h"
#include "engine/reading.h"
#include "engine/sentence.h"
#include "engine/timeline.h"
#include "engine/worker.h"

enum pal_model_turn_state {
    PAL_MODEL_TURN_READING, /* its prompt is being made (reading.h) */
    PAL_MODEL_TURN_WAITING, /* for a timeline, for cells, or for a beginning that a peer computes */
    PAL_MODEL_TURN_PREFILL,
    PAL_MODEL_TURN_DECODE, /* `next` is to be computed */
};

struct pal_model_turn {
    struct pal_job job; /* owned */
    enum pal_model_turn_state state;
    struct pal_reading *reading; /* owned; in READING */
    struct pal_prompt prompt;
    size_t n_reply_room;           /* cells promised to the reply */
    struct pal_timeline *line;     /* from PREFILL on */
    struct llama_sampler *sampler; /* owned */
    llama_token next;

    struct pal_hold hold;
    struct pal_ending ending;           /* from the first token on */
    char *stops[PAL_JOB_STOPS_MAX + 1]; /* borrowed: the job's, and the template's */
    struct pal_buf text;                /* all that was sent */
    llama_token *reply;                 /* owned; sampled tokens, */
    size_t *reply_ends;                 /* owned; and where in the reply's bytes each one ends */
    size_t n_reply;
    size_t n_reply_bytes;

    struct pal_usage usage;
    int64_t admitted_us; /* 0 while waiting */
    int64_t prompt_us;   /* when the prompt was complete; 0 before */

    /* The step that is running */
    size_t n_before; /* tokens on the line before it */
    size_t n_rows;
    int32_t logits_row;     /* -1: none asked for */
    struct pal_draft draft; /* what comes after `next`, if it comes true */
    int32_t draft_row;      /* where in the batch its rows begin */
};

/*
 * Takes the job (emptied). Its prompt is made, or begun to be made by the reader: what
 * pal_prompt_make() refuses is refused here, or by pal_model_turn_read(). The turn is created in
 * any case, so that it can be told of.
 */
struct pal_model_turn *pal_model_turn_create(const struct pal_model *model,
                                             struct pal_reader *reader,
                                             const struct pal_replies *replies, struct pal_job *job,
                                             struct pal_error *error);
/* Of a turn in READING: PAL_ERR_AGAIN: not yet. PAL_OK: it is WAITING now. */
enum pal_err pal_model_turn_read(struct pal_model_turn *turn, const struct pal_model *model,
                                 struct pal_error *error) PAL_MUST_USE;
void pal_model_turn_destroy(struct pal_model_turn *turn);

/* Prompt tokens that are still to be computed. */
size_t pal_model_turn_n_left(const struct pal_model_turn *turn);

/* What came of a sampled token. */
enum pal_model_turn_said {
    PAL_MODEL_TURN_GOES_ON,
    PAL_MODEL_TURN_STOPS,   /* end of turn, or a stop text */
    PAL_MODEL_TURN_IS_FULL, /* max_tokens */
    PAL_MODEL_TURN_IS_LATE, /* a sentence is whole, and another would come too late */
    PAL_MODEL_TURN_IS_LOST, /* nothing could be sampled */
};
/* Takes a sampled token into the reply, and sends what may be sent as one PIECE. */
enum pal_model_turn_said pal_model_turn_say(struct pal_model_turn *turn,
                                            const struct pal_model *model, struct pal_host *host,
                                            llama_token token);
/* Sends what is left of a reply that ends here. After a deadline that is whole sentences only,
 * where there was one. */
void pal_model_turn_send_rest(struct pal_model_turn *turn, struct pal_host *host,
                              enum pal_finish finish);
/* Notes the reply's tokens for when it comes back in a prompt. */
void pal_model_turn_remember(const struct pal_model_turn *turn, struct pal_replies *replies);

#endif
