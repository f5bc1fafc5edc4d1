#ifndef PAL_ENGINE_PROMPT_H
#define PAL_ENGINE_PROMPT_H
/*
 * A conversation as tokens, ready to be made into a timeline. Compute thread.
 */
#include "engine/model.h"
#include "engine/replies.h"

struct pal_prompt {
    llama_token *tokens; /* owned */
    size_t n_tokens;
    size_t n_base;    /* of them, the system messages': what conversations share */
    size_t n_dropped; /* oldest messages left out, because they don't fit */
};

/*
 * Renders the job's messages. If that takes more than the model's context less `n_reply_tokens`,
 * the oldest messages after the system's are left out, once, as few as will do. PAL_ERR_CONTEXT if
 * the newest alone is too long, PAL_ERR_ARGUMENT if the template can't express the order of roles;
 * *prompt is then zeroed.
 */
enum pal_err pal_prompt_make(const struct pal_model *model, const struct pal_replies *replies,
                             const struct pal_job *job, size_t n_reply_tokens,
                             struct pal_prompt *prompt, struct pal_error *error) PAL_MUST_USE;
/*
 * The tokens that every prompt with this system message begins with; owned by the caller. NULL: the
 * template has no place for one.
 */
llama_token *pal_prompt_base(const struct pal_model *model, const char *system,
                             size_t *n_tokens) PAL_MUST_USE;
void pal_prompt_finish(struct pal_prompt *prompt);

#endif
