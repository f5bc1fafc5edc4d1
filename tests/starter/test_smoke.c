// Fifty updates on a tiny corpus: the loss must fall, and a resumed run must equal an unbroken one.
#include "checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DOCUMENTS = 200, LENGTH = 24, BATCH = 512, STEPS = 50, VOCAB = 96 };

// Documents that repeat a short motif: learnable in a few updates.
static void
fill(struct st_corpus *c)
{
    c->documents = DOCUMENTS;
    c->tokens = DOCUMENTS * LENGTH;
    c->vocab = VOCAB;
    c->offset = calloc(DOCUMENTS + 1, sizeof *c->offset);
    c->token = calloc(c->tokens, sizeof *c->token);
    c->role = calloc(c->tokens, 1);
    if (!c->offset || !c->token || !c->role)
        exit(1);
    for (uint32_t d = 0; d <= DOCUMENTS; d++)
        c->offset[d] = d * LENGTH;
    for (uint32_t i = 0; i < c->tokens; i++) {
        uint32_t d = i / LENGTH;
        c->token[i] = (uint16_t)((d * 7 + i % 3 * 11) % VOCAB);
        c->role[i] = i % LENGTH < 4 ? ST_ROLE_FRAME : ST_ROLE_REPLY;
    }
}

struct session {
    struct st_gemm *gemm;
    struct st_model *model;
    struct st_adam adam;
    struct st_reader reader;
};

static void
begin(struct session *s, const struct st_corpus *corpus)
{
    struct st_config c = {.vocab = VOCAB,
                          .dim = 64,
                          .layers = 2,
                          .heads = 2,
                          .ff = 96,
                          .rope_base = 10000.0f,
                          .norm_eps = 1e-5f};
    s->gemm = st_gemm_create(ST_BF16);
    s->model = s->gemm ? st_model_create(&c, BATCH, s->gemm, 5) : NULL;
    if (!s->model || !st_adam_init(&s->adam, st_model_size(s->model)) ||
        !st_reader_init(&s->reader, corpus, BATCH, 0.1f, 5))
        exit(1);
}

static void
end(struct session *s)
{
    st_reader_finish(&s->reader);
    st_adam_finish(&s->adam);
    st_model_destroy(s->model);
    st_gemm_destroy(s->gemm);
}

static double
advance(struct session *s, int from, int to)
{
    double loss = 0;
    for (int i = from; i < to; i++) {
        struct st_batch b = st_reader_next(&s->reader);
        loss = st_model_step(s->model, &b, true);
        st_adam_update(&s->adam, s->model, i + 1, st_schedule(i, 5, STEPS, 3e-3f));
    }
    return loss;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "starter-smoke.checkpoint";
    char err[200] = "";
    struct st_corpus corpus = {0};
    struct session a, b;
    fill(&corpus);
    begin(&a, &corpus);
    double first = advance(&a, 0, 1);
    advance(&a, 1, STEPS / 2);
    struct st_progress half = {.step = STEPS / 2, .cursor = a.reader.cursor};
    if (!st_checkpoint_save(path, a.model, &a.adam, &half))
        return 1;
    double last = advance(&a, STEPS / 2, STEPS);

    begin(&b, &corpus);
    struct st_progress back = {0};
    if (!st_checkpoint_load(path, b.model, &b.adam, &back, err, sizeof err)) {
        fprintf(stderr, "%s\n", err);
        return 1;
    }
    b.reader.cursor = back.cursor;
    double resumed = advance(&b, (int)back.step, STEPS);
    remove(path);
    printf("loss %.4f -> %.4f, resumed %.4f\n", first, last, resumed);
    end(&a);
    end(&b);
    st_corpus_finish(&corpus);
    return last < 0.6 * first && fabs(last - resumed) < 0.02 ? 0 : 1;
}
