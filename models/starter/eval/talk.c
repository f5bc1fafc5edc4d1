// Prompts in ChatML by the model's own template, generation token by token.
#include "talk.h"

#include <ggml-backend.h>
#include <llama.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 2048, PROMPT_BYTES = 32768 };

struct talk {
    struct llama_model *model;
    struct llama_context *context;
    const struct llama_vocab *vocab;
    const char *template; // borrowed from the model
    char *prompt;
    llama_token *tokens;
    long decoded;
    double seconds;
};

static void
only_errors(enum ggml_log_level level, const char *text, void *data)
{
    (void)data;
    if (level == GGML_LOG_LEVEL_ERROR)
        fputs(text, stderr);
}

struct talk *
talk_open(const char *model, const char *libraries, int threads)
{
    struct talk *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    llama_log_set(only_errors, NULL);
    if (libraries)
        ggml_backend_load_all_from_path(libraries);
    else
        ggml_backend_load_all();
    llama_backend_init();
    t->model = llama_model_load_from_file(model, llama_model_default_params());
    t->prompt = malloc(PROMPT_BYTES);
    t->tokens = calloc(CONTEXT, sizeof *t->tokens);
    if (!t->model || !t->prompt || !t->tokens)
        goto fail;
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = CONTEXT;
    params.n_batch = CONTEXT;
    params.n_threads = threads;
    params.n_threads_batch = threads;
    t->context = llama_init_from_model(t->model, params);
    t->vocab = llama_model_get_vocab(t->model);
    t->template = llama_model_chat_template(t->model, NULL);
    if (!t->context || !t->template)
        goto fail;
    return t;
fail:
    talk_close(t);
    return NULL;
}

void
talk_close(struct talk *t)
{
    if (!t)
        return;
    if (t->context)
        llama_free(t->context);
    if (t->model)
        llama_model_free(t->model);
    llama_backend_free();
    free(t->prompt);
    free(t->tokens);
    free(t);
}

// The prompt's tokens in t->tokens; 0 when it does not fit.
static int
prepare(struct talk *t, const struct talk_message *messages, int count)
{
    struct llama_chat_message chat[TALK_MESSAGES];
    if (count > TALK_MESSAGES)
        return 0;
    for (int i = 0; i < count; i++)
        chat[i] = (struct llama_chat_message){messages[i].role, messages[i].text};
    int length =
        llama_chat_apply_template(t->template, chat, (size_t)count, true, t->prompt, PROMPT_BYTES);
    if (length <= 0 || length > PROMPT_BYTES)
        return 0;
    int n = llama_tokenize(t->vocab, t->prompt, length, t->tokens, CONTEXT, false, true);
    return n > 0 ? n : 0;
}

static double
now(void)
{
    return (double)llama_time_us() / 1e6;
}

bool
talk_answer(struct talk *t, const struct talk_message *messages, int count, float temperature,
            uint32_t seed, int limit, struct talk_result *result)
{
    *result = (struct talk_result){0};
    int n = prepare(t, messages, count);
    if (n == 0 || n + limit > CONTEXT)
        return false;
    llama_memory_clear(llama_get_memory(t->context), true);
    struct llama_sampler *sampler = llama_sampler_chain_init(llama_sampler_chain_default_params());
    if (temperature > 0) {
        llama_sampler_chain_add(sampler, llama_sampler_init_temp(temperature));
        llama_sampler_chain_add(sampler, llama_sampler_init_dist(seed));
    } else {
        llama_sampler_chain_add(sampler, llama_sampler_init_greedy());
    }
    bool ok = llama_decode(t->context, llama_batch_get_one(t->tokens, n)) == 0;
    size_t used = 0;
    while (ok && result->tokens < limit) {
        double start = now();
        llama_token token = llama_sampler_sample(sampler, t->context, -1);
        if (llama_vocab_is_eog(t->vocab, token)) {
            result->ended = true;
            break;
        }
        int bytes = llama_token_to_piece(t->vocab, token, result->text + used,
                                         (int32_t)(sizeof result->text - 1 - used), 0, true);
        if (bytes < 0)
            break;
        used += (size_t)bytes;
        result->text[used] = '\0';
        result->tokens++;
        ok = llama_decode(t->context, llama_batch_get_one(&token, 1)) == 0;
        t->seconds += now() - start;
        t->decoded++;
    }
    llama_sampler_free(sampler);
    return ok;
}

bool
talk_score(struct talk *t, const struct talk_message *messages, int count, const char *reference,
           double *nll, long *tokens)
{
    int n = prepare(t, messages, count);
    if (n == 0)
        return false;
    int more = llama_tokenize(t->vocab, reference, (int32_t)strlen(reference), t->tokens + n,
                              CONTEXT - n - 1, false, false);
    if (more <= 0)
        return false;
    t->tokens[n + more] = llama_vocab_eos(t->vocab);
    llama_memory_clear(llama_get_memory(t->context), true);
    int vocab = llama_vocab_n_tokens(t->vocab), all = n + more;
    struct llama_batch batch = llama_batch_init(all, 0, 1);
    batch.n_tokens = all;
    for (int i = 0; i < all; i++) {
        batch.token[i] = t->tokens[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = i >= n - 1;
    }
    bool ok = llama_decode(t->context, batch) == 0;
    for (int i = n - 1; ok && i < all; i++) {
        const float *logits = llama_get_logits_ith(t->context, i);
        float top = logits[0];
        for (int k = 1; k < vocab; k++)
            top = logits[k] > top ? logits[k] : top;
        double sum = 0;
        for (int k = 0; k < vocab; k++)
            sum += exp((double)(logits[k] - top));
        *nll += log(sum) - (double)(logits[t->tokens[i + 1]] - top);
        (*tokens)++;
    }
    llama_batch_free(batch);
    return ok;
}

int
talk_tokenize(struct talk *t, const char *text, int *tokens, int max)
{
    int n = llama_tokenize(t->vocab, text, (int32_t)strlen(text), tokens, max, false, false);
    return n < 0 ? 0 : n;
}

void
talk_speed(const struct talk *t, long *tokens, double *seconds)
{
    *tokens = t->decoded;
    *seconds = t->seconds;
}
