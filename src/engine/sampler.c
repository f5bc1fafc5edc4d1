#include "engine/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "util/clock.h"
#include "util/mem.h"

static void
add_bans(struct llama_sampler *chain, const struct pal_model *model)
{
    if (model->n_eogs == 0) {
        return;
    }
    llama_logit_bias *bans = pal_calloc(model->n_eogs, sizeof(*bans));
    for (size_t i = 0; i < model->n_eogs; i++) {
        bans[i] = (llama_logit_bias){.token = model->eogs[i], .bias = -INFINITY};
    }
    llama_sampler_chain_add(chain, llama_sampler_init_logit_bias(llama_vocab_n_tokens(model->vocab),
                                                                 (int32_t)model->n_eogs, bans));
    free(bans);
}

static bool
has_penalties(const struct pal_sampling *s)
{
    return s->repeat_last_n > 0 &&
           (s->repeat_penalty < 1 || s->repeat_penalty > 1 || s->presence_penalty < 0 ||
            s->presence_penalty > 0 || s->frequency_penalty < 0 || s->frequency_penalty > 0);
}

/* To llama.cpp this number means "draw one". */
static uint32_t
given_seed(uint32_t seed)
{
    return seed == LLAMA_DEFAULT_SEED ? 0 : seed;
}

static uint32_t
draw_seed(void)
{
    uint32_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        seed = (uint32_t)pal_now_us();
    }
    return seed;
}

/* By their bits, because comparing floats is not what a compiler turns into vectors. */
bool
pal_logits_are_numbers(const float *logits, size_t n)
{
    const uint32_t exponent = 0x7f800000;
    const uint32_t minus_infinity = 0xff800000;
    uint32_t is_bad = 0;
    uint32_t is_finite = 0;
    uint32_t is_varied = n < 2;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0;
        memcpy(&bits, &logits[i], sizeof(bits));
        uint32_t is_special = (bits & exponent) == exponent;
        is_bad |= is_special & (bits != minus_infinity);
        is_finite |= !is_special;
        is_varied |= logits[i] < logits[0] || logits[i] > logits[0];
    }
    return is_bad == 0 && is_finite != 0 && is_varied != 0;
}

struct llama_sampler *
pal_sampler_create(const struct pal_model *model, const struct pal_sampling *s)
{
    struct llama_sampler_chain_params params = llama_sampler_chain_default_params();
    params.no_perf = true;
    struct llama_sampler *chain = llama_sampler_chain_init(params);
    if (chain == NULL) {
        return NULL;
    }
    if (s->ignore_eos) {
        add_bans(chain, model);
    }
    if (has_penalties(s)) {
        llama_sampler_chain_add(
            chain, llama_sampler_init_penalties(llama_vocab_n_tokens(model->vocab),
                                                s->repeat_last_n, s->repeat_penalty,
                                                s->frequency_penalty, s->presence_penalty));
    }
    if (s->temperature <= 0) {
        llama_sampler_chain_add(chain, llama_sampler_init_greedy());
        return chain;
    }
    if (s->top_k > 0) {
        llama_sampler_chain_add(chain, llama_sampler_init_top_k(s->top_k));
    }
    if (s->top_p < 1) {
        llama_sampler_chain_add(chain, llama_sampler_init_top_p(s->top_p, 1));
    }
    if (s->min_p > 0) {
        llama_sampler_chain_add(chain, llama_sampler_init_min_p(s->min_p, 1));
    }
    llama_sampler_chain_add(chain, llama_sampler_init_temp(s->temperature));
    llama_sampler_chain_add(
        chain, llama_sampler_init_dist(s->has_seed ? given_seed(s->seed) : draw_seed()));
    return chain;
}
