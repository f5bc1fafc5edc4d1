#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model_kv.h"
#include "engine/prompt.h"
#include "live_model.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/mem.h"

/*
 * How much a shifted window differs from a fresh context. Kept tokens have seen those that the
 * window has dropped, so it does differ, by nature; here is by how much, with a trained model, at
 * temperature 0: a conversation goes on for turns on end in one timeline whose window slides with
 * each, and each of its prompts is computed afresh as well. The shifted one's replies are what goes
 * on. `test_shift 200` takes that many turns.
 *
 * What 200 turns show is in docs/performance.md; the bounds have room for another CPU's rounding.
 */
#define WINDOW        12
#define REPLY_TOKENS  24
#define TURNS         30
#define GAP_MAX       256 /* as model_admit.c */
#define TURNS_MAX     1000
#define KL_MAX        0.02
#define LOGIT_MAX     1.5
#define KL_GAP_MAX    0.5
#define LOGIT_GAP_MAX 4.0

static size_t n_turns = TURNS;

static const char persona[] =
    "Tu es Palabre, une compagne de stream. Tu parles français, tu es drôle et brève. Tu aimes "
    "les jeux, la musique et les chats. Tu ne dis jamais de mal de personne.";
static const char *const lines[] = {
    "salut !",           "tu aimes les chats ?", "raconte une blague", "il fait beau ici",
    "tu joues à quoi ?", "je suis fatigué",      "quelle musique ?",   "bonne nuit",
    "j'ai gagné !",      "tu connais Paris ?",   "j'ai un chien",      "on mange quoi ce soir ?",
};

struct talk {
    struct pal_model model;
    struct pal_replies replies;
    struct pal_timelines timelines;
    struct llama_batch batch;
    char *texts[2 * TURNS_MAX]; /* owned; both sides */
    size_t n_texts;
};

struct reply {
    float *first; /* owned; logits of its first token */
    llama_token tokens[REPLY_TOKENS];
    size_t n_tokens;
    size_t n_shifted; /* tokens of its prompt that were moved */
};

static bool
on_progress(float progress, void *userdata)
{
    (void)userdata;
    return progress >= 0;
}

static void
open_talk(struct talk *talk, int32_t n_gap_max)
{
    struct pal_settings settings;
    const struct pal_engine_options options = {
        .model_path = live_model_starter(), .n_ctx_tokens = 2048, .n_threads = 1};
    struct pal_engine_facts facts;
    struct pal_error error;
    assert_int_equal(pal_settings_init(&settings, &options, &error), PAL_OK);
    assert_int_equal(
        pal_model_load(&talk->model, &settings, on_progress, NULL, NULL, &facts, &error), PAL_OK);
    pal_settings_finish(&settings);
    pal_replies_init(&talk->replies, 3);
    assert_true(talk->model.can_shift);
    pal_timelines_init(&talk->timelines, &pal_model_kv_ops, &talk->model, 2, talk->model.n_cells,
                       true, true);
    talk->timelines.can_share = false; /* a fresh one computes all of it */
    talk->timelines.n_gap_max = n_gap_max;
    talk->timelines.n_positions = llama_model_n_ctx_train(talk->model.model);
    talk->batch = llama_batch_init(512, 0, 1);
}

static void
close_talk(struct talk *talk)
{
    for (size_t i = 0; i < talk->n_texts; i++) {
        free(talk->texts[i]);
    }
    llama_batch_free(talk->batch);
    pal_timelines_finish(&talk->timelines);
    pal_replies_finish(&talk->replies);
    pal_model_finish(&talk->model);
}

/* Computes these tokens behind what the line holds; the logits of the last are those that
 * llama_get_logits_ith(-1) returns. */
static void
compute(struct talk *talk, struct pal_timeline *line, const llama_token *tokens, size_t n)
{
    for (size_t at = 0; at < n;) {
        struct llama_batch *batch = &talk->batch;
        batch->n_tokens = 0;
        for (; at < n && batch->n_tokens < 512; at++) {
            int32_t row = batch->n_tokens++;
            assert_true(pal_timeline_append(&talk->timelines, line, tokens[at]));
            batch->token[row] = tokens[at];
            batch->pos[row] = line->positions[line->n_tokens - 1];
            batch->n_seq_id[row] = 1;
            batch->seq_id[row][0] = line->seq;
            batch->logits[row] = at + 1 == n;
        }
        assert_int_equal(llama_decode(talk->model.context, *batch), 0);
        pal_timelines_stepped(&talk->timelines);
    }
}

static size_t
n_vocab(const struct talk *talk)
{
    return (size_t)llama_vocab_n_tokens(talk->model.vocab);
}

static llama_token
likeliest(const float *logits, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return (llama_token)best;
}

/* Says what follows the prompt, on the owner's timeline as far as that is of use. */
static void
say(struct talk *talk, const char *owner, const struct pal_prompt *prompt, struct reply *reply)
{
    struct pal_sync_plan plan =
        pal_timelines_plan(&talk->timelines, owner, prompt->tokens, prompt->n_tokens);
    plan.n_ahead = prompt->n_tokens + REPLY_TOKENS;
    struct pal_timeline *line = pal_timelines_apply(&talk->timelines, &plan, owner);
    *reply = (struct reply){.n_shifted = plan.n_shift};
    compute(talk, line, prompt->tokens + line->n_tokens, prompt->n_tokens - line->n_tokens);
    line->n_prompt = prompt->n_tokens;
    line->n_base = prompt->n_base;
    const float *logits = llama_get_logits_ith(talk->model.context, -1);
    reply->first = pal_calloc(n_vocab(talk), sizeof(*logits));
    memcpy(reply->first, logits, n_vocab(talk) * sizeof(*logits));
    while (reply->n_tokens < REPLY_TOKENS) {
        llama_token token = likeliest(logits, n_vocab(talk));
        if (llama_vocab_is_eog(talk->model.vocab, token)) {
            break;
        }
        reply->tokens[reply->n_tokens++] = token;
        compute(talk, line, &token, 1);
        logits = llama_get_logits_ith(talk->model.context, -1);
    }
    pal_timeline_release(&talk->timelines, line);
}

static void
keep(struct talk *talk, const struct reply *reply)
{
    struct pal_buf text;
    pal_buf_init(&text, 64 * REPLY_TOKENS);
    for (size_t i = 0; i < reply->n_tokens; i++) {
        char piece[64];
        int32_t n = llama_token_to_piece(talk->model.vocab, reply->tokens[i], piece,
                                         (int32_t)sizeof(piece), 0, false);
        assert_true(n >= 0 && pal_buf_append(&text, piece, (size_t)n) == PAL_OK);
    }
    pal_replies_add(&talk->replies, "a", text.len > 0 ? text.data : "", text.len, reply->tokens,
                    reply->n_tokens);
    talk->texts[talk->n_texts++] = pal_strdup(text.len > 0 ? text.data : "...");
    pal_buf_finish(&text);
}

static void
make_prompt(struct talk *talk, struct pal_prompt *prompt)
{
    struct pal_error error;
    struct pal_job job = {.turn_id = 1, .conversation = pal_strdup("a")};
    size_t from = talk->n_texts > WINDOW ? talk->n_texts - WINDOW : 0;
    from += from % 2; /* a window begins with a user's message */
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_SYSTEM, persona, strlen(persona)), PAL_OK);
    for (size_t i = from; i < talk->n_texts; i++) {
        enum pal_role role = i % 2 == 0 ? PAL_ROLE_USER : PAL_ROLE_ASSISTANT;
        assert_int_equal(pal_job_add_message(&job, role, talk->texts[i], strlen(talk->texts[i])),
                         PAL_OK);
    }
    assert_int_equal(
        pal_prompt_make(&talk->model, &talk->replies, &job, REPLY_TOKENS, prompt, &error), PAL_OK);
    pal_job_finish(&job);
}

/* Of softmax(a) from softmax(b), nats. */
static double
divergence(const float *a, const float *b, size_t n)
{
    double sum_a = 0;
    double sum_b = 0;
    double max_a = (double)a[likeliest(a, n)];
    double max_b = (double)b[likeliest(b, n)];
    for (size_t i = 0; i < n; i++) {
        sum_a += exp((double)a[i] - max_a);
        sum_b += exp((double)b[i] - max_b);
    }
    double kl = 0;
    for (size_t i = 0; i < n; i++) {
        double log_a = (double)a[i] - max_a - log(sum_a);
        double log_b = (double)b[i] - max_b - log(sum_b);
        kl += exp(log_a) * (log_a - log_b);
    }
    return kl;
}

static double
largest_difference(const float *a, const float *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    }
    return largest;
}

struct figures {
    double kl[TURNS_MAX];
    double logit_max;
    size_t n_slides;
    size_t n_above; /* KL_MAX */
    size_t n_other_first;
    size_t n_other_reply;
};

static void
compare(const struct talk *talk, const struct reply *fresh, const struct reply *kept,
        struct figures *f)
{
    size_t n = n_vocab(talk);
    double kl = divergence(fresh->first, kept->first, n);
    if (kept->n_shifted == 0) {
        assert_true(kl < 1e-3); /* nothing has moved yet: rounding alone */
        return;
    }
    f->kl[f->n_slides++] = kl;
    f->n_above += kl > KL_MAX;
    f->logit_max = fmax(f->logit_max, largest_difference(fresh->first, kept->first, n));
    f->n_other_first += likeliest(fresh->first, n) != likeliest(kept->first, n);
    f->n_other_reply +=
        fresh->n_tokens != kept->n_tokens ||
        memcmp(fresh->tokens, kept->tokens, kept->n_tokens * sizeof(*kept->tokens)) != 0;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
play(int32_t n_gap_max, struct figures *f)
{
    struct talk *talk = pal_calloc(1, sizeof(*talk));
    open_talk(talk, n_gap_max);
    for (size_t turn = 0; turn < n_turns; turn++) {
        struct pal_prompt prompt;
        struct reply kept, fresh;
        talk->texts[talk->n_texts++] =
            pal_printf("%s (%zu)", lines[turn % PAL_COUNT_OF(lines)], turn);
        make_prompt(talk, &prompt);
        say(talk, "a", &prompt, &kept);
        say(talk, "fresh", &prompt, &fresh);
        for (size_t i = 0; i < talk->timelines.n_items; i++) {
            struct pal_timeline *line = &talk->timelines.items[i];
            if (line->owner != NULL && strcmp(line->owner, "fresh") == 0) {
                pal_timeline_clear(&talk->timelines, line);
            }
        }
        compare(talk, &fresh, &kept, f);
        keep(talk, &kept);
        free(kept.first);
        free(fresh.first);
        pal_prompt_finish(&prompt);
    }
    close_talk(talk);
    free(talk);
    assert_true(f->n_slides + WINDOW >= n_turns);
    qsort(f->kl, f->n_slides, sizeof(*f->kl), by_value);
    print_message("gap %d, %zu slides: KL median %.4f, p90 %.4f, largest %.4f, above 0.02: %zu; "
                  "largest logit difference %.2f; other first token: %zu, other reply: %zu\n",
                  n_gap_max, f->n_slides, f->kl[f->n_slides / 2], f->kl[f->n_slides * 9 / 10],
                  f->kl[f->n_slides - 1], f->n_above, f->logit_max, f->n_other_first,
                  f->n_other_reply);
}

static void
test_a_window_that_is_moved_up_stays_near_a_fresh_context(void **state)
{
    (void)state;
    if (live_model_starter() == NULL) {
        skip();
    }
    struct figures *f = pal_calloc(1, sizeof(*f));
    play(0, f);
    assert_int_equal(f->n_above, 0);
    assert_true(f->logit_max <= LOGIT_MAX);
    free(f);
}

/* A gap between persona and talk is seen as such; how it is run. */
static void
test_a_window_behind_a_gap_stays_near_a_fresh_context(void **state)
{
    (void)state;
    if (live_model_starter() == NULL) {
        skip();
    }
    struct figures *f = pal_calloc(1, sizeof(*f));
    play(GAP_MAX, f);
    assert_true(f->kl[f->n_slides / 2] <= KL_MAX);
    assert_true(f->kl[f->n_slides - 1] <= KL_GAP_MAX);
    assert_true(f->logit_max <= LOGIT_GAP_MAX);
    free(f);
}

int
main(int argc, char **argv)
{
    pal_log_init(PAL_LOG_ERROR, 2);
    if (argc > 1) {
        n_turns = strtoul(argv[1], NULL, 10);
        n_turns = n_turns < WINDOW + 1 ? WINDOW + 1 : n_turns < TURNS_MAX ? n_turns : TURNS_MAX;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_window_that_is_moved_up_stays_near_a_fresh_context),
        cmocka_unit_test(test_a_window_behind_a_gap_stays_near_a_fresh_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
