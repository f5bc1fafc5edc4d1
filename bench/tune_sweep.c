#include "bench/tune_sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/type.h"
#include "util/mem.h"

#define N_WAITS      4 /* spinning or asleep, pinned or not */
#define N_ATTENTIONS 3 /* flash with F16, flash with Q8_0, neither */
#define FORMAT       "palabre sweep 1"

void
pal_tune_sweep_init(struct pal_tune_sweep *sweep, const struct pal_tune *tune, bool is_whole)
{
    *sweep = (struct pal_tune_sweep){.is_whole = is_whole};
    sweep->n_variants = pal_variants_find(tune->llama_dir, sweep->variants);
    sweep->n_counts = pal_tune_thread_counts(tune, sweep->counts);
    size_t n_kinds = tune->plan.n_gpu_layers > 0 ? 1 : 2; /* with a card nothing is rearranged */
    size_t n_each = sweep->n_counts * sweep->n_counts * (is_whole ? N_WAITS * N_ATTENTIONS : 1);
    sweep->n_ways = (sweep->n_variants > 0 ? sweep->n_variants : 1) * n_kinds * n_each;
    sweep->ratios = pal_calloc(sweep->n_ways, sizeof(*sweep->ratios));
}

void
pal_tune_sweep_finish(struct pal_tune_sweep *sweep)
{
    free(sweep->ratios);
    *sweep = (struct pal_tune_sweep){0};
}

/* One dimension's value; the rest of n is left for the next. */
static uint32_t
digit(size_t *n, size_t base)
{
    uint32_t value = (uint32_t)(*n % base);
    *n /= base;
    return value;
}

struct pal_tuned
pal_tune_sweep_way(const struct pal_tune_sweep *sweep, const struct pal_tune *tune, size_t n)
{
    struct pal_tuned way = pal_tune_usual(tune);
    way.n_threads = sweep->counts[digit(&n, sweep->n_counts)];
    way.n_threads_batch = sweep->counts[digit(&n, sweep->n_counts)];
    if (sweep->is_whole) {
        uint32_t wait = digit(&n, N_WAITS);
        way.sleeps = wait % 2 != 0;
        way.is_pinned = wait / 2 != 0;
        uint32_t attention = digit(&n, N_ATTENTIONS);
        way.has_flash_attn = attention != 2;
        way.kv_type = attention == 1 ? PAL_GGUF_TYPE_Q8_0 : PAL_GGUF_TYPE_F16;
    }
    if (tune->plan.n_gpu_layers == 0) {
        way.has_extra_bufts = digit(&n, 2) == 0;
    }
    if (n > 0 && n < sweep->n_variants) { /* the first is ggml's own choice */
        memcpy(way.variant, sweep->variants[n].name, sizeof(way.variant));
    }
    return way;
}

/* What earlier runs have found. A line that makes no sense ends the reading. */
static enum pal_err
read_file(struct pal_tune_sweep *sweep, const char *path, const char *key, struct pal_error *error)
{
    char line[1024], head[1024];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return PAL_OK; /* the first run */
    }
    (void)snprintf(head, sizeof(head), FORMAT " %zu %s\n", sweep->n_ways, key);
    bool is_ours = fgets(line, sizeof(line), file) != NULL && strcmp(line, head) == 0;
    size_t n = 0;
    double ratio = 0;
    while (is_ours && fgets(line, sizeof(line), file) != NULL &&
           sscanf(line, "%zu %lf", &n, &ratio) == 2 && n < sweep->n_ways) {
        sweep->ratios[n] = ratio;
    }
    (void)fclose(file);
    return is_ours ? PAL_OK
                   : pal_error_set(error, PAL_ERR_PROTO,
                                   "'%s' is no sweep of this model on this machine", path);
}

static enum pal_err
open_file(const struct pal_tune_sweep *sweep, const char *path, const char *key, FILE **file,
          struct pal_error *error)
{
    *file = path != NULL ? fopen(path, "ae") : NULL;
    if (path != NULL && *file == NULL) {
        return pal_error_set(error, PAL_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
    }
    if (*file != NULL && ftell(*file) == 0) {
        (void)fprintf(*file, FORMAT " %zu %s\n", sweep->n_ways, key);
    }
    return PAL_OK;
}

static void
measure(struct pal_tune_sweep *sweep, struct pal_tune *tune, size_t n, FILE *file)
{
    struct pal_tuned way = pal_tune_sweep_way(sweep, tune, n);
    struct pal_tuned usual = pal_tune_usual(tune);
    struct pal_sample sample;
    pal_tune_refresh_usual(tune);
    if (!pal_tune_is_same(&way, &usual)) {
        tune->n_candidates = 1; /* the first row is llama.cpp's own choice, and stays */
    }
    struct pal_candidate *candidate = pal_tune_candidate(tune, &way, PAL_TUNE_TURN);
    bool is_there = pal_tune_sample(tune, candidate, &sample);
    if (!is_there && candidate->failure[0] == '\0') {
        return; /* the time is over */
    }
    sweep->ratios[n] = is_there && sample.turn_ms > 0 ? tune->usual_ms / sample.turn_ms : -1;
    if (file != NULL) {
        (void)fprintf(file, "%zu %.4f\n", n, sweep->ratios[n]);
        (void)fflush(file);
    }
}

enum pal_err
pal_tune_sweep_run(struct pal_tune_sweep *sweep, struct pal_tune *tune, const char *path,
                   const char *key, struct pal_error *error)
{
    FILE *file = NULL;
    enum pal_err err = path != NULL ? read_file(sweep, path, key, error) : PAL_OK;
    if (err == PAL_OK) {
        err = open_file(sweep, path, key, &file, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    for (size_t n = 0; n < sweep->n_ways; n++) {
        if (sweep->ratios[n] == 0 && pal_tune_left_us(tune) > 0) {
            tune->n_expected = tune->n_candidates + sweep->n_ways - n;
            measure(sweep, tune, n, file);
        }
        sweep->n_done += sweep->ratios[n] != 0 ? 1 : 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return PAL_OK;
}

size_t
pal_tune_sweep_best(const struct pal_tune_sweep *sweep, size_t *best, size_t n)
{
    size_t n_best = 0;
    for (size_t i = 0; i < sweep->n_ways; i++) {
        if (sweep->ratios[i] <= 0) {
            continue;
        }
        size_t at = n_best < n ? n_best++ : n_best;
        for (; at > 0 && sweep->ratios[best[at - 1]] < sweep->ratios[i]; at--) {
            if (at < n) {
                best[at] = best[at - 1];
            }
        }
        if (at < n) {
            best[at] = i;
        }
    }
    return n_best;
}
