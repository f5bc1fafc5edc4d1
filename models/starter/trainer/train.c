// palabre-starter-train: trains the starter model and writes it as GGUF.
//
//   palabre-starter-train --data DIR --out DIR --steps 6000     train, or go on from DIR/checkpoint
//   palabre-starter-train --data DIR --out DIR --export FILE    write DIR/checkpoint as GGUF
//
// DIR of --data holds train.bin, valid.bin and tokenizer.txt, as build.py writes them.
#define _POSIX_C_SOURCE 200809L
#include "checkpoint.h"
#include "gguf_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    const char *data, *out, *export;
    int steps, warmup, batch, layers, dim, heads, ff;
    double rate, save_seconds;
    uint64_t seed;
};

struct run {
    struct options o;
    struct st_gemm *gemm;
    struct st_model *model;
    struct st_adam adam;
    struct st_corpus train, valid;
    struct st_reader reader, valid_reader;
    struct st_progress progress;
    char checkpoint[4096], csv[4096], tokenizer[4096];
};

static double
seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int
usage(void)
{
    fputs("usage: palabre-starter-train --data DIR --out DIR [--steps N] [--export FILE]\n"
          "  [--batch TOKENS] [--layers N] [--dim N] [--heads N] [--ff N] [--rate R]\n"
          "  [--warmup N] [--seed N] [--save-seconds S]\n",
          stderr);
    return 2;
}

static bool
parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){.steps = 6000,
                          .warmup = 100,
                          .batch = 2048,
                          .layers = 7,
                          .dim = 320,
                          .heads = 5,
                          .ff = 864,
                          .rate = 1.6e-3,
                          .save_seconds = 180,
                          .seed = 7};
    const struct {
        const char *name;
        int *value;
    } ints[] = {{"--steps", &o->steps},   {"--warmup", &o->warmup}, {"--batch", &o->batch},
                {"--layers", &o->layers}, {"--dim", &o->dim},       {"--heads", &o->heads},
                {"--ff", &o->ff}};
    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool known = false;
        if (!value)
            return false;
        for (size_t k = 0; k < sizeof ints / sizeof *ints; k++) {
            if (strcmp(name, ints[k].name) == 0) {
                *ints[k].value = (int)strtol(value, NULL, 10);
                known = *ints[k].value > 0;
            }
        }
        if (known)
            continue;
        if (strcmp(name, "--data") == 0)
            o->data = value;
        else if (strcmp(name, "--out") == 0)
            o->out = value;
        else if (strcmp(name, "--export") == 0)
            o->export = value;
        else if (strcmp(name, "--rate") == 0)
            o->rate = strtod(value, NULL);
        else if (strcmp(name, "--save-seconds") == 0)
            o->save_seconds = strtod(value, NULL);
        else if (strcmp(name, "--seed") == 0)
            o->seed = strtoull(value, NULL, 10);
        else
            return false;
    }
    return o->data && o->out && o->rate > 0;
}

static bool
set_up(struct run *r, char *err, size_t err_size)
{
    const struct options *o = &r->o;
    char path[4096];
    snprintf(r->checkpoint, sizeof r->checkpoint, "%s/checkpoint", o->out);
    snprintf(r->csv, sizeof r->csv, "%s/loss.csv", o->out);
    snprintf(r->tokenizer, sizeof r->tokenizer, "%s/tokenizer.txt", o->data);
    snprintf(path, sizeof path, "%s/train.bin", o->data);
    if (!st_corpus_load(&r->train, path, err, err_size))
        return false;
    snprintf(path, sizeof path, "%s/valid.bin", o->data);
    if (!st_corpus_load(&r->valid, path, err, err_size))
        return false;
    struct st_config config = {.vocab = (int32_t)r->train.vocab,
                               .dim = o->dim,
                               .layers = o->layers,
                               .heads = o->heads,
                               .ff = o->ff,
                               .rope_base = 10000.0f,
                               .norm_eps = 1e-5f};
    bool resume = st_checkpoint_config(r->checkpoint, &config);
    snprintf(err, err_size, "not enough memory, or a shape that cannot be");
    r->gemm = st_gemm_create(ST_BF16);
    if (!r->gemm)
        return false;
    r->model = st_model_create(&config, o->batch, r->gemm, o->seed);
    if (!r->model || !st_adam_init(&r->adam, st_model_size(r->model)) ||
        !st_reader_init(&r->reader, &r->train, o->batch, 0.1f, o->seed) ||
        !st_reader_init(&r->valid_reader, &r->valid, o->batch, 0.0f, o->seed))
        return false;
    r->progress.cursor = r->reader.cursor;
    if (!resume)
        return true;
    if (!st_checkpoint_load(r->checkpoint, r->model, &r->adam, &r->progress, err, err_size))
        return false;
    r->reader.cursor = r->progress.cursor;
    printf("going on from step %u\n", r->progress.step);
    return true;
}

static void
tear_down(struct run *r)
{
    st_reader_finish(&r->reader);
    st_reader_finish(&r->valid_reader);
    st_corpus_finish(&r->train);
    st_corpus_finish(&r->valid);
    st_adam_finish(&r->adam);
    st_model_destroy(r->model);
    st_gemm_destroy(r->gemm);
}

// Mean loss on at most `limit` batches of the held-out documents, weighted by predicted tokens.
static double
validate(struct run *r, int limit)
{
    struct st_batch batch;
    uint32_t at = 0;
    double sum = 0, weight = 0;
    for (int i = 0; i < limit && st_reader_in_order(&r->valid_reader, &at, &batch); i++) {
        double w = 0;
        for (int t = 0; t < batch.tokens; t++)
            w += (double)batch.weight[t];
        if (w == 0)
            continue;
        sum += st_model_step(r->model, &batch, false) * w;
        weight += w;
    }
    return weight > 0 ? sum / weight : 0;
}

static bool
save(struct run *r)
{
    r->progress.cursor = r->reader.cursor;
    if (st_checkpoint_save(r->checkpoint, r->model, &r->adam, &r->progress))
        return true;
    fprintf(stderr, "cannot write '%s'\n", r->checkpoint);
    return false;
}

static bool
train(struct run *r)
{
    const struct options *o = &r->o;
    FILE *csv = fopen(r->csv, r->progress.step ? "a" : "w");
    if (!csv) {
        fprintf(stderr, "cannot write '%s'\n", r->csv);
        return false;
    }
    if (!r->progress.step)
        fputs("step,seconds,epoch,rate,loss,valid\n", csv);
    double start = seconds(), saved = start, smooth = 0;
    uint32_t first = r->progress.step;
    bool ok = true;
    while (ok && r->progress.step < (uint32_t)o->steps) {
        int step = (int)r->progress.step;
        float rate = st_schedule(step, o->warmup, o->steps, (float)o->rate);
        struct st_batch batch = st_reader_next(&r->reader);
        double loss = st_model_step(r->model, &batch, true);
        if (!(loss >= 0)) { // also NaN
            fprintf(stderr, "step %d failed (loss %g)\n", step, loss);
            ok = false;
            break;
        }
        double norm = st_adam_update(&r->adam, r->model, step + 1, rate);
        r->progress.step++;
        smooth = smooth == 0 ? loss : 0.95 * smooth + 0.05 * loss;
        double now = seconds();
        bool last = r->progress.step == (uint32_t)o->steps;
        if (r->progress.step % 20 == 0 || last) {
            double each = (now - start) / (r->progress.step - first);
            double valid = r->progress.step % 200 == 0 || last ? validate(r, 12) : 0;
            printf("step %u/%d epoch %u loss %.4f norm %.2f rate %.2e %.0f tok/s "
                   "eta %.1f min",
                   r->progress.step, o->steps, r->reader.cursor.epoch, smooth, norm, (double)rate,
                   o->batch / each, each * (o->steps - (int)r->progress.step) / 60);
            if (valid > 0)
                printf(" valid %.4f (perplexity %.3f)", valid, exp(valid));
            putchar('\n');
            fflush(stdout);
            fprintf(csv, "%u,%.1f,%u,%.6f,%.5f,", r->progress.step, now - start,
                    r->reader.cursor.epoch, (double)rate, smooth);
            if (valid > 0)
                fprintf(csv, "%.5f", valid);
            fputc('\n', csv);
            fflush(csv);
        }
        if (now - saved > o->save_seconds || last) {
            ok = save(r);
            saved = now;
        }
    }
    fclose(csv);
    return ok;
}

int
main(int argc, char **argv)
{
    struct run r = {0};
    char err[256] = "";
    int status = 1;
    if (!parse(&r.o, argc, argv))
        return usage();
    if (!set_up(&r, err, sizeof err)) {
        fprintf(stderr, "cannot start: %s\n", err);
    } else if (r.o.export) {
        if (st_gguf_write(r.o.export, r.model, r.tokenizer, err, sizeof err)) {
            double loss = validate(&r, 1000000);
            printf("wrote '%s': %zu parameters, step %u, valid loss %.4f, perplexity %.3f\n",
                   r.o.export, st_model_size(r.model), r.progress.step, loss, exp(loss));
            status = 0;
        } else {
            fprintf(stderr, "%s\n", err);
        }
    } else {
        printf("%zu parameters, %u documents, %u tokens\n", st_model_size(r.model),
               r.train.documents, r.train.tokens);
        status = train(&r) ? 0 : 1;
    }
    tear_down(&r);
    return status;
}
