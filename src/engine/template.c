#include "engine/template.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/mem.h"

#define LOG_TOPIC "template"
#include "util/log.h"

/* Kept sets of parts; a chat's window has about twice as many orders of roles as messages. */
#define KEPT_MAX 32
/* A template adds some tens of bytes a message. */
#define RENDERED_MAX_BYTES (1u << 20)

enum kind {
    KIND_BUILTIN, /* one that llama.cpp recognises */
    KIND_CHATML,
    KIND_ZEPHYR, /* llama.cpp takes it for another one, without its end-of-text tokens */
    KIND_PLAIN,
};

struct kept {
    char *roles; /* owned; one letter a message */
    struct pal_template_part *parts;
    size_t n_parts;
};

struct pal_template {
    const struct llama_vocab *vocab;
    const char *source; /* borrowed from the model */
    enum kind kind;
    bool trims[PAL_ROLE_ASSISTANT + 1];
    struct kept kept[KEPT_MAX];
    size_t next_kept; /* to be replaced */
};

void
pal_template_tokenize(const struct llama_vocab *vocab, const char *text, size_t len,
                      bool is_template, llama_token **tokens, size_t *n_tokens)
{
    PAL_ASSERT(len <= INT_MAX);
    /* A byte is at most one token, but for the space that some vocabularies put in front. */
    size_t room = len + 8;
    *tokens = pal_realloc(*tokens, *n_tokens + room, sizeof(**tokens));
    int32_t n = llama_tokenize(vocab, text, (int32_t)len, *tokens + *n_tokens, (int32_t)room, false,
                               is_template);
    if (n < 0 && n != INT32_MIN) {
        room = (size_t)-n;
        *tokens = pal_realloc(*tokens, *n_tokens + room, sizeof(**tokens));
        n = llama_tokenize(vocab, text, (int32_t)len, *tokens + *n_tokens, (int32_t)room, false,
                           is_template);
    }
    *n_tokens += n > 0 ? (size_t)n : 0;
}

/* ---- rendering with marks in place of the texts ---- */

/* No template has STX and ETX bytes in it, and messages don't come here. */
static void
make_mark(char *mark, size_t size, size_t i)
{
    (void)snprintf(mark, size, "\x02%zu\x03", i);
}

static enum pal_err
render_builtin(const struct pal_template *tmpl, const struct llama_chat_message *chat, size_t n,
               struct pal_buf *out)
{
    const char *source = tmpl->kind == KIND_CHATML ? "chatml" : tmpl->source;
    char few[1];
    int32_t len = llama_chat_apply_template(source, chat, n, true, few, 0);
    if (len < 0 || (uint32_t)len > RENDERED_MAX_BYTES) {
        return PAL_ERR_UNSUPPORTED;
    }
    char *text = pal_calloc((size_t)len + 1, 1);
    int32_t again = llama_chat_apply_template(source, chat, n, true, text, len);
    enum pal_err err = again == len ? pal_buf_append(out, text, (size_t)len) : PAL_ERR_UNSUPPORTED;
    free(text);
    return err;
}

static enum pal_err
render_own(const struct pal_template *tmpl, const struct llama_chat_message *chat, size_t n,
           struct pal_buf *out)
{
    enum pal_err err = PAL_OK;
    llama_token eos = llama_vocab_eos(tmpl->vocab);
    const char *end = eos >= 0 ? llama_vocab_get_text(tmpl->vocab, eos) : "";
    for (size_t i = 0; i < n && err == PAL_OK; i++) {
        if (tmpl->kind == KIND_ZEPHYR) {
            err = pal_buf_printf(out, "<|%s|>\n%s%s\n", chat[i].role, chat[i].content, end);
        } else if (strcmp(chat[i].role, "system") == 0) {
            err = pal_buf_printf(out, "%s\n\n", chat[i].content);
        } else {
            err = pal_buf_printf(out, "%s: %s\n",
                                 strcmp(chat[i].role, "user") == 0 ? "User" : "Assistant",
                                 chat[i].content);
        }
    }
    return err != PAL_OK ? err
                         : pal_buf_append_text(out, tmpl->kind == KIND_ZEPHYR ? "<|assistant|>\n"
                                                                              : "Assistant:");
}

static enum pal_err
render(const struct pal_template *tmpl, const struct llama_chat_message *chat, size_t n,
       struct pal_buf *out)
{
    return tmpl->kind == KIND_BUILTIN || tmpl->kind == KIND_CHATML
               ? render_builtin(tmpl, chat, n, out)
               : render_own(tmpl, chat, n, out);
}

/* ---- parts ---- */

static void
finish_kept(struct kept *kept)
{
    for (size_t i = 0; i < kept->n_parts; i++) {
        free(kept->parts[i].tokens);
        free(kept->parts[i].plain);
    }
    free(kept->parts);
    free(kept->roles);
    *kept = (struct kept){0};
}

/*
 * Cuts what stands between two texts after its last control token: the rest is plain text, which
 * some vocabularies tokenise otherwise when a word follows, so it stays with the word.
 */
static void
cut_part(const struct llama_vocab *vocab, const char *text, size_t len,
         struct pal_template_part *part)
{
    llama_token *tokens = NULL;
    size_t n = 0;
    pal_template_tokenize(vocab, text, len, true, &tokens, &n);
    size_t plain_at = 0;
    for (size_t i = n; i > 0 && plain_at == 0; i--) {
        if (!llama_vocab_is_control(vocab, tokens[i - 1])) {
            continue;
        }
        const char *word = llama_vocab_get_text(vocab, tokens[i - 1]);
        size_t word_len = strlen(word);
        for (size_t at = len; at >= word_len && word_len > 0 && plain_at == 0; at--) {
            if (memcmp(text + at - word_len, word, word_len) == 0) {
                plain_at = at;
            }
        }
    }
    free(tokens);
    *part = (struct pal_template_part){.plain = pal_strndup(text + plain_at, len - plain_at)};
    if (plain_at > 0) {
        pal_template_tokenize(vocab, text, plain_at, true, &part->tokens, &part->n_tokens);
    }
}

static enum pal_err
cut_rendered(const struct pal_template *tmpl, const struct pal_buf *rendered, size_t n,
             struct kept *kept)
{
    kept->parts = pal_calloc(n + 1, sizeof(*kept->parts));
    const char *at = rendered->data;
    const char *end = rendered->data + rendered->len;
    for (size_t i = 0; i < n; i++) {
        char mark[32];
        make_mark(mark, sizeof(mark), i);
        const char *found = memmem(at, (size_t)(end - at), mark, strlen(mark));
        if (found == NULL) {
            return PAL_ERR_UNSUPPORTED;
        }
        cut_part(tmpl->vocab, at, (size_t)(found - at), &kept->parts[kept->n_parts++]);
        at = found + strlen(mark);
    }
    if (memchr(at, '\x02', (size_t)(end - at)) != NULL) {
        return PAL_ERR_UNSUPPORTED; /* it says a text twice */
    }
    cut_part(tmpl->vocab, at, (size_t)(end - at), &kept->parts[kept->n_parts++]);
    return PAL_OK;
}

static enum pal_err
make_kept(const struct pal_template *tmpl, const char *roles, struct kept *kept)
{
    size_t n = strlen(roles);
    struct llama_chat_message *chat = pal_calloc(n, sizeof(*chat));
    char(*marks)[32] = pal_calloc(n, sizeof(*marks));
    for (size_t i = 0; i < n; i++) {
        make_mark(marks[i], sizeof(marks[i]), i);
        chat[i].role = pal_role_name((enum pal_role)(roles[i] - '0'));
        chat[i].content = marks[i];
    }
    struct pal_buf rendered;
    pal_buf_init(&rendered, RENDERED_MAX_BYTES);
    *kept = (struct kept){.roles = pal_strdup(roles)};
    enum pal_err err = render(tmpl, chat, n, &rendered);
    if (err == PAL_OK) {
        err = cut_rendered(tmpl, &rendered, n, kept);
    }
    if (err != PAL_OK) {
        finish_kept(kept);
    }
    pal_buf_finish(&rendered);
    free(marks);
    free(chat);
    return err;
}

enum pal_err
pal_template_parts(struct pal_template *tmpl, const struct pal_message *messages, size_t n,
                   struct pal_template_parts *parts, struct pal_error *error)
{
    PAL_ASSERT(n > 0 && n <= PAL_JOB_MESSAGES_MAX);
    char roles[PAL_JOB_MESSAGES_MAX + 1];
    for (size_t i = 0; i < n; i++) {
        roles[i] = (char)('0' + messages[i].role);
    }
    roles[n] = '\0';
    const struct kept *found = NULL;
    for (size_t i = 0; i < KEPT_MAX && found == NULL; i++) {
        const struct kept *kept = &tmpl->kept[i];
        found = kept->roles != NULL && strcmp(kept->roles, roles) == 0 ? kept : NULL;
    }
    if (found == NULL) {
        struct kept made;
        if (make_kept(tmpl, roles, &made) != PAL_OK) {
            return pal_error_set(error, PAL_ERR_ARGUMENT,
                                 "the model's chat template can't express this order of roles");
        }
        struct kept *place = &tmpl->kept[tmpl->next_kept];
        tmpl->next_kept = (tmpl->next_kept + 1) % KEPT_MAX;
        finish_kept(place);
        *place = made;
        found = place;
    }
    *parts = (struct pal_template_parts){.parts = found->parts, .n = found->n_parts};
    return PAL_OK;
}

/* ---- choosing ---- */

static bool
has_token(const struct llama_vocab *vocab, const char *text)
{
    llama_token *tokens = NULL;
    size_t n = 0;
    pal_template_tokenize(vocab, text, strlen(text), true, &tokens, &n);
    bool found = n == 1 && llama_vocab_is_control(vocab, tokens[0]);
    free(tokens);
    return found;
}

static bool
is_zephyr(const char *source)
{
    return strstr(source, "<|user|>") != NULL && strstr(source, "<|assistant|>") != NULL &&
           strstr(source, "eos_token") != NULL && strstr(source, "<|end|>") == NULL &&
           strstr(source, "<|im_start|>") == NULL;
}

static bool
works(const struct pal_template *tmpl)
{
    struct kept kept;
    bool is_ok = make_kept(tmpl, "01", &kept) == PAL_OK;
    finish_kept(&kept);
    is_ok = is_ok && make_kept(tmpl, "0121", &kept) == PAL_OK;
    finish_kept(&kept);
    return is_ok;
}

/* Renders a text with blanks around it and looks whether they are still there. */
static void
probe_trimming(struct pal_template *tmpl)
{
    for (size_t role = 0; role < PAL_COUNT_OF(tmpl->trims); role++) {
        struct llama_chat_message chat[] = {
            {.role = "user", .content = role == PAL_ROLE_USER ? "  \x02  " : "x"},
            {.role = role == PAL_ROLE_SYSTEM ? "system" : "assistant",
             .content = role == PAL_ROLE_USER ? "x" : "  \x02  "},
        };
        struct pal_buf out;
        pal_buf_init(&out, RENDERED_MAX_BYTES);
        if (render(tmpl, chat, PAL_COUNT_OF(chat), &out) == PAL_OK) {
            tmpl->trims[role] = strstr(out.data, "  \x02  ") == NULL;
        }
        pal_buf_finish(&out);
    }
}

struct pal_template *
pal_template_create(const struct llama_model *model)
{
    struct pal_template *tmpl = pal_calloc(1, sizeof(*tmpl));
    tmpl->vocab = llama_model_get_vocab(model);
    tmpl->source = llama_model_chat_template(model, NULL);
    tmpl->kind = tmpl->source == NULL      ? KIND_PLAIN
                 : is_zephyr(tmpl->source) ? KIND_ZEPHYR
                                           : KIND_BUILTIN;
    if (tmpl->source == NULL || !works(tmpl)) {
        tmpl->kind = has_token(tmpl->vocab, "<|im_start|>") ? KIND_CHATML : KIND_PLAIN;
        pal_log_warn(tmpl->source == NULL ? "the model has no chat template"
                                          : "the model's chat template is unknown",
                     "instead=%s", pal_template_name(tmpl));
    }
    probe_trimming(tmpl);
    return tmpl;
}

void
pal_template_destroy(struct pal_template *tmpl)
{
    if (tmpl == NULL) {
        return;
    }
    for (size_t i = 0; i < KEPT_MAX; i++) {
        finish_kept(&tmpl->kept[i]);
    }
    free(tmpl);
}

const char *
pal_template_name(const struct pal_template *tmpl)
{
    switch (tmpl->kind) {
    case KIND_BUILTIN:
        return "builtin";
    case KIND_CHATML:
        return "chatml";
    case KIND_ZEPHYR:
        return "zephyr";
    case KIND_PLAIN:
        break;
    }
    return "plain";
}

bool
pal_template_trims(const struct pal_template *tmpl, enum pal_role role)
{
    return tmpl->trims[role];
}

const char *
pal_template_stop(const struct pal_template *tmpl)
{
    /* A model without a template was not taught where its turn ends. */
    return tmpl->kind == KIND_PLAIN ? "\nUser:" : NULL;
}
