#ifndef PAL_ENGINE_DRAFT_H
#define PAL_ENGINE_DRAFT_H
/*
 * Self-speculation: a reply often says again what was said before (a name, a phrase, a line of the
 * persona). The tokens that came after the same ones earlier are put into the step as a draft; the
 * step gives the logits behind each of them, and as long as the token that is drawn is the drafted
 * one, the next comes for nothing. What is drawn is drawn as ever, so the reply is the same.
 *
 * Whether that pays depends on what a row more costs here and now (cost.h) and on how often drafts
 * came true. Both are measured; and what drafts have cost in all is kept below a fiftieth of the
 * time: each step pays a little into a purse, drafts are paid for out of it, and what they win goes
 * back in. Pure; one owner.
 */
#include <stddef.h>

#include "engine/cost.h"

#define PAL_DRAFT_TOKENS_MAX 7
/* Longer agreement is no better sign than this one. */
#define PAL_DRAFT_MATCH_MAX 4

struct pal_draft {
    int32_t tokens[PAL_DRAFT_TOKENS_MAX];
    size_t n_tokens;
    size_t n_match; /* tokens before it that agree; 0 = nothing was found */
};

/*
 * Looks in tokens[0..n) for the end of key[0..n_key): the newest of the longest agreements, if
 * better than what *draft holds already, gives what came after it. Tokens of at least 2 agree.
 */
void pal_draft_find(struct pal_draft *draft, const int32_t *tokens, size_t n, const int32_t *key,
                    size_t n_key);

struct pal_drafts {
    double came_true[PAL_DRAFT_MATCH_MAX + 1]; /* share of drafted tokens, by agreement */
    int64_t purse_us;
    uint64_t n_tried; /* tokens drafted, */
    uint64_t n_right; /* and drawn */
};

void pal_drafts_init(struct pal_drafts *drafts);

/*
 * How many of the draft's tokens to put into a step that has `rows` so far, among them those of
 * n_decoding turns. 0 = it doesn't pay.
 */
size_t pal_drafts_length(const struct pal_drafts *drafts, const struct pal_cost *cost,
                         struct pal_cost_rows rows, size_t n_decoding,
                         const struct pal_draft *draft);
/* How many rows of no use make the step cheaper; mostly 0. At most n_max. */
size_t pal_drafts_filling(const struct pal_cost *cost, struct pal_cost_rows rows, size_t n_max);

/* Of a draft's n_tried tokens, the first n_right were drawn. */
void pal_drafts_judge(struct pal_drafts *drafts, size_t n_match, size_t n_tried, size_t n_right);
/*
 * A step took `us` that would have taken `plain_us` without its drafts; they gave n_right tokens
 * on top of those of n_decoding turns. For steps without drafts us == plain_us and n_right == 0.
 */
void pal_drafts_settle(struct pal_drafts *drafts, int64_t us, int64_t plain_us, size_t n_decoding,
                       size_t n_right);

#endif
