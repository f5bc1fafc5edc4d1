#ifndef PAL_ENGINE_TEMPLATE_H
#define PAL_ENGINE_TEMPLATE_H
/*
 * The model's chat template, taken apart: what stands before each message's text, and what stands
 * before the reply. Texts themselves never pass through it, so nothing in them can become
 * structure, and its parts depend on the roles alone and are kept. Compute thread.
 */
#include <llama.h>

#include "engine/job.h"

struct pal_template;

/* What stands in front of one message's text (or of the reply). */
struct pal_template_part {
    llama_token *tokens; /* owned; up to and including the last control token */
    size_t n_tokens;
    char *plain; /* owned; text after it, to be tokenised together with the message's own */
};

/* Borrowed from the template; valid until the next call. */
struct pal_template_parts {
    const struct pal_template_part *parts; /* n + 1: one a message, then the reply's */
    size_t n;
};

/* Never NULL: an unknown template becomes ChatML if the vocabulary has its tokens, else plain. */
struct pal_template *pal_template_create(const struct llama_model *model);
void pal_template_destroy(struct pal_template *tmpl);

/* "builtin", "chatml", "zephyr", "plain": what is in use, for the log. */
const char *pal_template_name(const struct pal_template *tmpl);
/* Does it strip white space around the texts of this role? */
bool pal_template_trims(const struct pal_template *tmpl, enum pal_role role);
/* A text that ends a reply beside the model's own tokens; NULL mostly. */
const char *pal_template_stop(const struct pal_template *tmpl);

/* PAL_ERR_ARGUMENT: the template can't express this order of roles. */
enum pal_err pal_template_parts(struct pal_template *tmpl, const struct pal_message *messages,
                                size_t n, struct pal_template_parts *parts,
                                struct pal_error *error) PAL_MUST_USE;

/*
 * Tokens of a text, appended to *tokens (grown). `is_template`: control tokens in it count as such;
 * never for texts that people wrote.
 */
void pal_template_tokenize(const struct llama_vocab *vocab, const char *text, size_t len,
                           bool is_template, llama_token **tokens, size_t *n_tokens);

#endif
