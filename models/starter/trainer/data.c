// Reads the corpus file and fills batches with whole documents.
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
st_corpus_load(struct st_corpus *c, const char *path, char *err, size_t err_size)
{
    *c = (struct st_corpus){0};
    char magic[4];
    uint32_t head[4];
    FILE *f = fopen(path, "rb");
    if (!f) {
        snprintf(err, err_size, "cannot open '%s'", path);
        return false;
    }
    bool ok = fread(magic, 1, 4, f) == 4 && memcmp(magic, "PSTC", 4) == 0 &&
              fread(head, sizeof *head, 4, f) == 4 && head[0] == 1 && head[1] > 0 && head[2] > 0 &&
              head[2] < 1u << 30 && head[1] <= head[2];
    if (ok) {
        c->documents = head[1];
        c->tokens = head[2];
        c->vocab = head[3];
        c->offset = malloc(((size_t)c->documents + 1) * sizeof *c->offset);
        c->token = malloc((size_t)c->tokens * sizeof *c->token);
        c->role = malloc(c->tokens);
        ok = c->offset && c->token && c->role &&
             fread(c->offset, sizeof *c->offset, c->documents + 1u, f) == c->documents + 1u &&
             fread(c->token, sizeof *c->token, c->tokens, f) == c->tokens &&
             fread(c->role, 1, c->tokens, f) == c->tokens;
    }
    fclose(f);
    for (uint32_t i = 0; ok && i < c->documents; i++)
        ok = c->offset[i] < c->offset[i + 1] && c->offset[i + 1] <= c->tokens;
    for (uint32_t i = 0; ok && i < c->tokens; i++)
        ok = c->token[i] < c->vocab && c->role[i] <= ST_ROLE_REPLY;
    if (!ok) {
        snprintf(err, err_size, "'%s' is no corpus of this version", path);
        st_corpus_finish(c);
    }
    return ok;
}

void
st_corpus_finish(struct st_corpus *c)
{
    free(c->offset);
    free(c->token);
    free(c->role);
    *c = (struct st_corpus){0};
}

bool
st_reader_init(struct st_reader *r, const struct st_corpus *corpus, int tokens, float user_weight,
               uint64_t seed)
{
    size_t n = (size_t)tokens;
    *r = (struct st_reader){.corpus = corpus,
                            .cursor = {.seed = seed},
                            .order_epoch = UINT32_MAX,
                            .user_weight = user_weight,
                            .tokens = tokens};
    r->order = calloc(corpus->documents, sizeof *r->order);
    r->input = calloc(n, sizeof *r->input);
    r->position = calloc(n, sizeof *r->position);
    r->target = calloc(n, sizeof *r->target);
    r->weight = calloc(n, sizeof *r->weight);
    r->span = calloc(n, sizeof *r->span);
    if (r->order && r->input && r->position && r->target && r->weight && r->span)
        return true;
    st_reader_finish(r);
    return false;
}

void
st_reader_finish(struct st_reader *r)
{
    void *part[] = {r->order, r->input, r->position, r->target, r->weight, r->span};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        free(part[i]);
    *r = (struct st_reader){0};
}

static void
shuffle(struct st_reader *r)
{
    uint32_t n = r->corpus->documents;
    uint64_t s = (r->cursor.seed + 1) * 0x9e3779b97f4a7c15u ^
                 ((uint64_t)r->cursor.epoch + 1) * 0xd1b54a32d192ed03u;
    for (uint32_t i = 0; i < n; i++)
        r->order[i] = i;
    for (uint32_t i = n - 1; i > 0; i--) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        uint32_t j = (uint32_t)((s >> 16) % (i + 1u));
        uint32_t keep = r->order[i];
        r->order[i] = r->order[j];
        r->order[j] = keep;
    }
    r->order_epoch = r->cursor.epoch;
}

// Appends document `doc` at row `used`; its last token has no target, so it is left out.
static int
append(struct st_reader *r, uint32_t doc, int used, int *spans)
{
    const struct st_corpus *c = r->corpus;
    uint32_t from = c->offset[doc];
    int length = (int)(c->offset[doc + 1] - from) - 1;
    if (length > r->tokens)
        length = r->tokens;
    if (length <= 0)
        return used;
    if (used + length > r->tokens)
        return -1;
    for (int i = 0; i < length; i++) {
        uint8_t role = c->role[from + (uint32_t)i + 1];
        r->input[used + i] = c->token[from + (uint32_t)i];
        r->target[used + i] = c->token[from + (uint32_t)i + 1];
        r->position[used + i] = i;
        r->weight[used + i] = role == ST_ROLE_REPLY  ? 1.0f
                              : role == ST_ROLE_USER ? r->user_weight
                                                     : 0.0f;
    }
    r->span[(*spans)++] = (struct st_span){used, length};
    return used + length;
}

// Rows that no document filled: one-token spans without weight.
static struct st_batch
close_batch(struct st_reader *r, int used, int spans)
{
    for (int i = used; i < r->tokens; i++) {
        r->input[i] = r->target[i] = r->position[i] = 0;
        r->weight[i] = 0;
        r->span[spans++] = (struct st_span){i, 1};
    }
    return (struct st_batch){.tokens = r->tokens,
                             .input = r->input,
                             .position = r->position,
                             .target = r->target,
                             .weight = r->weight,
                             .spans = spans,
                             .span = r->span};
}

struct st_batch
st_reader_next(struct st_reader *r)
{
    int used = 0, spans = 0;
    for (;;) {
        if (r->cursor.at >= r->corpus->documents) {
            r->cursor.at = 0;
            r->cursor.epoch++;
        }
        if (r->order_epoch != r->cursor.epoch)
            shuffle(r);
        int next = append(r, r->order[r->cursor.at], used, &spans);
        if (next < 0)
            return close_batch(r, used, spans);
        used = next;
        r->cursor.at++;
    }
}

bool
st_reader_in_order(struct st_reader *r, uint32_t *at, struct st_batch *batch)
{
    int used = 0, spans = 0;
    if (*at >= r->corpus->documents)
        return false;
    while (*at < r->corpus->documents) {
        int next = append(r, *at, used, &spans);
        if (next < 0)
            break;
        used = next;
        (*at)++;
    }
    *batch = close_batch(r, used, spans);
    return true;
}
