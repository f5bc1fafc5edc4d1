#include "engine/draft.h"

#include <stdbool.h>
#include <string.h>

#define MATCH_MIN 2
/* Each step pays so much of itself into the purse, which holds so many steps at most. */
#define SAVED_SHARE     0.02
#define PURSE_STEPS_MAX 8
/* A draft is to win this much more than it costs. */
#define MARGIN 1.05
/* One judgement counts for so much; and so slowly is a bad name forgotten, by the step. */
#define JUDGE_SHARE  0.125
#define FORGET_SHARE 0.002
/* Filling pays if the step gets cheaper by this much: a little is noise. */
#define FILLING_TIMES 0.93

static const double at_first[PAL_DRAFT_MATCH_MAX + 1] = {0, 0.2, 0.45, 0.6, 0.75};

void
pal_draft_find(struct pal_draft *draft, const int32_t *tokens, size_t n, const int32_t *key,
               size_t n_key)
{
    size_t longest = n_key < PAL_DRAFT_MATCH_MAX ? n_key : PAL_DRAFT_MATCH_MAX;
    for (size_t end = n; end >= MATCH_MIN + 1 && draft->n_match < longest; end--) {
        /* tokens[..end - 1) against the key, tokens[end - 1] is what came after */
        size_t at = end - 1;
        size_t n_match = 0;
        while (n_match < longest && n_match < at &&
               tokens[at - 1 - n_match] == key[n_key - 1 - n_match]) {
            n_match++;
        }
        if (n_match >= MATCH_MIN && n_match > draft->n_match) {
            draft->n_match = n_match;
            draft->n_tokens = n - at < PAL_DRAFT_TOKENS_MAX ? n - at : PAL_DRAFT_TOKENS_MAX;
            memcpy(draft->tokens, tokens + at, draft->n_tokens * sizeof(*tokens));
        }
    }
}

void
pal_drafts_init(struct pal_drafts *drafts)
{
    *drafts = (struct pal_drafts){0};
    memcpy(drafts->came_true, at_first, sizeof(at_first));
}

static struct pal_cost_rows
more(struct pal_cost_rows rows, size_t n)
{
    rows.n_rows += (uint32_t)n;
    return rows;
}

size_t
pal_drafts_length(const struct pal_drafts *drafts, const struct pal_cost *cost,
                  struct pal_cost_rows rows, size_t n_decoding, const struct pal_draft *draft)
{
    double now = (double)pal_cost_predict(cost, rows);
    double share = drafts->came_true[draft->n_match];
    double likely = share; /* that the first k came true */
    double n_won = 0;
    double best = 0;
    size_t length = 0;
    for (size_t k = 1; k <= draft->n_tokens && n_decoding > 0; k++) {
        n_won += likely;
        likely *= share;
        double won = n_won * now / (double)n_decoding;
        double paid = (double)pal_cost_predict(cost, more(rows, k)) - now;
        bool is_covered = paid <= 0 || paid <= (double)drafts->purse_us;
        if (is_covered && won > paid * MARGIN && won - paid > best) {
            best = won - paid;
            length = k;
        }
    }
    return length;
}

size_t
pal_drafts_filling(const struct pal_cost *cost, struct pal_cost_rows rows, size_t n_max)
{
    double best = FILLING_TIMES * (double)pal_cost_predict(cost, rows);
    size_t length = 0;
    for (size_t k = 1; k <= n_max && rows.n_rows > 0; k++) {
        double us = (double)pal_cost_predict(cost, more(rows, k));
        if (us < best) {
            best = us;
            length = k;
        }
    }
    return length;
}

void
pal_drafts_judge(struct pal_drafts *drafts, size_t n_match, size_t n_tried, size_t n_right)
{
    /* The first that is wrong says something; those behind it say nothing. */
    size_t n_said = n_right < n_tried ? n_right + 1 : n_right;
    for (size_t i = 0; i < n_said; i++) {
        double right = i < n_right ? 1 : 0;
        drafts->came_true[n_match] += (right - drafts->came_true[n_match]) * JUDGE_SHARE;
    }
    drafts->n_tried += n_tried;
    drafts->n_right += n_right;
}

void
pal_drafts_settle(struct pal_drafts *drafts, int64_t us, int64_t plain_us, size_t n_decoding,
                  size_t n_right)
{
    double won = n_decoding > 0 ? (double)n_right * (double)plain_us / (double)n_decoding : 0;
    double purse = (double)drafts->purse_us + won - (double)(us - plain_us);
    purse += SAVED_SHARE * (double)plain_us;
    double most = PURSE_STEPS_MAX * (double)plain_us;
    drafts->purse_us = (int64_t)(purse > most ? most : purse < -most ? -most : purse);
    for (size_t i = MATCH_MIN; i <= PAL_DRAFT_MATCH_MAX && us == plain_us; i++) {
        if (drafts->came_true[i] < at_first[i]) {
            drafts->came_true[i] += (at_first[i] - drafts->came_true[i]) * FORGET_SHARE;
        }
    }
}
