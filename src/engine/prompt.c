#include "engine/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/mem.h"

#define JOINED_MAX_BYTES (PAL_JOB_BYTES_MAX + (1u << 20))

struct builder {
    const struct pal_model *model;
    const struct pal_replies *replies;
    const struct pal_job *job;
    struct pal_prompt prompt;
    size_t ends[PAL_JOB_MESSAGES_MAX]; /* tokens up to and with each rendered message */
};

static void
append_tokens(struct pal_prompt *prompt, const llama_token *tokens, size_t n)
{
    if (n == 0) {
        return;
    }
    prompt->tokens = pal_realloc(prompt->tokens, prompt->n_tokens + n, sizeof(*prompt->tokens));
    memcpy(prompt->tokens + prompt->n_tokens, tokens, n * sizeof(*tokens));
    prompt->n_tokens += n;
}

static void
append_text(struct builder *b, const char *text, size_t len)
{
    if (len > 0) {
        pal_template_tokenize(b->model->vocab, text, len, false, &b->prompt.tokens,
                              &b->prompt.n_tokens);
    }
}

static void
trim(const char **text, size_t *len)
{
    static const char white[] = " \t\r\n\v\f";
    while (*len > 0 && memchr(white, (*text)[*len - 1], sizeof(white) - 1) != NULL) {
        (*len)--;
    }
    while (*len > 0 && memchr(white, (*text)[0], sizeof(white) - 1) != NULL) {
        (*text)++;
        (*len)--;
    }
}

static void
append_message(struct builder *b, const struct pal_template_part *part,
               const struct pal_message *message)
{
    append_tokens(&b->prompt, part->tokens, part->n_tokens);
    const char *text = message->text;
    size_t len = strlen(text);
    const struct pal_reply *reply = NULL;
    if (message->role == PAL_ROLE_ASSISTANT) {
        reply = pal_replies_find(b->replies, b->job->conversation, text, len);
    }
    if (reply != NULL) {
        append_text(b, part->plain, strlen(part->plain));
        append_tokens(&b->prompt, reply->tokens, reply->n_tokens);
        return;
    }
    if (pal_template_trims(b->model->tmpl, message->role)) {
        trim(&text, &len);
    }
    struct pal_buf joined;
    pal_buf_init(&joined, JOINED_MAX_BYTES);
    if (pal_buf_append_text(&joined, part->plain) == PAL_OK &&
        pal_buf_append(&joined, text, len) == PAL_OK) {
        append_text(b, joined.data, joined.len);
    }
    pal_buf_finish(&joined);
}

static void
append_bos(struct builder *b, const struct pal_template_part *first)
{
    llama_token bos = llama_vocab_bos(b->model->vocab);
    bool has_one = first->n_tokens > 0 && first->tokens[0] == bos;
    if (llama_vocab_get_add_bos(b->model->vocab) && bos >= 0 && !has_one) {
        append_tokens(&b->prompt, &bos, 1);
    }
}

/* Renders messages[0..n_system) and then [from..n). */
static enum pal_err
build(struct builder *b, size_t n_system, size_t from, struct pal_error *error)
{
    const struct pal_job *job = b->job;
    struct pal_message window[PAL_JOB_MESSAGES_MAX]; /* the texts stay the job's */
    size_t n = 0;
    for (size_t i = 0; i < job->n_messages; i++) {
        if (i < n_system || i >= from) {
            window[n++] = job->messages[i];
        }
    }
    b->prompt.n_tokens = 0;
    struct pal_template_parts parts;
    enum pal_err err = pal_template_parts(b->model->tmpl, window, n, &parts, error);
    if (err != PAL_OK) {
        return err;
    }
    append_bos(b, &parts.parts[0]);
    for (size_t i = 0; i < n; i++) {
        append_message(b, &parts.parts[i], &window[i]);
        b->ends[i] = b->prompt.n_tokens;
    }
    const struct pal_template_part *tail = &parts.parts[n];
    append_tokens(&b->prompt, tail->tokens, tail->n_tokens);
    append_text(b, tail->plain, strlen(tail->plain));
    return PAL_OK;
}

/* The next message after `from` at which a window may begin: a user's, never past the newest. */
static size_t
next_start(const struct pal_job *job, size_t from)
{
    size_t at = from + 1;
    while (at + 1 < job->n_messages && job->messages[at].role != PAL_ROLE_USER) {
        at++;
    }
    return at;
}

/*
 * Fewer tokens than this no tokenizer makes of the text: none stands for more bytes than the
 * longest one has. White space doesn't count, because some tokens take what is around them.
 */
static size_t
n_tokens_at_least(const struct pal_model *model, const char *text)
{
    size_t n = 0;
    for (const char *c = text; *c != '\0'; c++) {
        n += *c != ' ' && *c != '\n' && *c != '\t' && *c != '\r' ? 1 : 0;
    }
    return n / model->token_max_bytes;
}

/* Leaves out the oldest messages that can't fit, before megabytes are made into tokens in vain.
 * PAL_ERR_CONTEXT: the newest can't. */
static enum pal_err
skip_hopeless(const struct builder *b, size_t n_system, size_t n_max, size_t *from,
              struct pal_error *error)
{
    const struct pal_job *job = b->job;
    size_t n_before = 0;
    size_t n_after = 0;
    for (size_t i = 0; i < n_system; i++) {
        n_before += n_tokens_at_least(b->model, job->messages[i].text);
    }
    size_t last = job->n_messages - 1;
    size_t fits_from = job->n_messages;
    for (size_t i = job->n_messages; i > n_system; i--) {
        n_after += n_tokens_at_least(b->model, job->messages[i - 1].text);
        if (n_before + n_after > n_max) {
            break;
        }
        fits_from = i - 1;
    }
    if (fits_from > last && last >= n_system) {
        return pal_error_set(error, PAL_ERR_CONTEXT,
                             "the newest message needs more than %zu tokens with its "
                             "instructions, but the context has room for %zu: shorten it or raise "
                             "the context",
                             n_before + n_after, n_max);
    }
    while (*from < fits_from && *from < last) {
        *from = next_start(job, *from);
    }
    return PAL_OK;
}

static enum pal_err
build_to_fit(struct builder *b, size_t n_max, struct pal_error *error)
{
    const struct pal_job *job = b->job;
    size_t n_system = 0;
    while (n_system + 1 < job->n_messages && job->messages[n_system].role == PAL_ROLE_SYSTEM) {
        n_system++;
    }
    size_t from = n_system;
    enum pal_err hopeless = skip_hopeless(b, n_system, n_max, &from, error);
    if (hopeless != PAL_OK) {
        return hopeless;
    }
    for (;;) {
        enum pal_err err = build(b, n_system, from, error);
        if (err != PAL_OK || b->prompt.n_tokens <= n_max) {
            b->prompt.n_dropped = from - n_system;
            b->prompt.n_base = n_system > 0 && err == PAL_OK ? b->ends[n_system - 1] : 0;
            return err;
        }
        size_t too_many = b->prompt.n_tokens - n_max;
        if (from + 1 >= job->n_messages) {
            return pal_error_set(error, PAL_ERR_CONTEXT,
                                 "the newest message needs %zu tokens with its instructions, but "
                                 "the context has room for %zu: shorten it or raise the context",
                                 b->prompt.n_tokens, n_max);
        }
        /* As many at once as it takes; rendered again, because a template may put things
         * differently at the beginning. */
        size_t before = n_system > 0 ? b->ends[n_system - 1] : 0;
        size_t next = next_start(job, from);
        while (next + 1 < job->n_messages &&
               b->ends[n_system + (next - 1 - from)] - before < too_many) {
            next = next_start(job, next);
        }
        from = next;
    }
}

enum pal_err
pal_prompt_make(const struct pal_model *model, const struct pal_replies *replies,
                const struct pal_job *job, size_t n_reply_tokens, struct pal_prompt *prompt,
                struct pal_error *error)
{
    *prompt = (struct pal_prompt){0};
    PAL_ASSERT(n_reply_tokens < model->n_ctx_max_tokens);
    struct builder *b = pal_calloc(1, sizeof(*b));
    *b = (struct builder){.model = model, .replies = replies, .job = job};
    enum pal_err err = build_to_fit(b, model->n_ctx_max_tokens - n_reply_tokens, error);
    if (err == PAL_OK && b->prompt.n_tokens == 0) {
        err = pal_error_set(error, PAL_ERR_ARGUMENT, "there is nothing to answer");
    }
    if (err == PAL_OK) {
        *prompt = b->prompt;
    } else {
        free(b->prompt.tokens);
    }
    free(b);
    return err;
}

llama_token *
pal_prompt_base(const struct pal_model *model, const char *system, size_t *n_tokens)
{
    struct pal_replies *none = pal_calloc(1, sizeof(*none));
    struct pal_job job = {.turn_id = 1};
    struct builder *b = pal_calloc(1, sizeof(*b));
    *b = (struct builder){.model = model, .replies = none, .job = &job};
    llama_token *tokens = NULL;
    *n_tokens = 0;
    if (pal_job_add_message(&job, PAL_ROLE_SYSTEM, system, strlen(system)) == PAL_OK &&
        pal_job_add_message(&job, PAL_ROLE_USER, "?", 1) == PAL_OK &&
        build(b, 1, 1, NULL) == PAL_OK) {
        tokens = b->prompt.tokens;
        *n_tokens = b->ends[0];
    } else {
        free(b->prompt.tokens);
    }
    pal_job_finish(&job);
    free(b);
    free(none);
    return tokens;
}

void
pal_prompt_finish(struct pal_prompt *prompt)
{
    if (prompt == NULL) {
        return;
    }
    free(prompt->tokens);
    *prompt = (struct pal_prompt){0};
}
