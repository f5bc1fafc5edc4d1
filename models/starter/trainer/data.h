// The corpus as the trainer sees it: documents of token numbers, each token with a role.
//
// File: "PSTC", u32 version 1, u32 documents, u32 tokens, u32 vocab, u32 offset[documents + 1],
// u16 token[tokens], u8 role[tokens]; little endian. Written by models/starter/build.py.
#ifndef STARTER_DATA_H
#define STARTER_DATA_H

#include "model.h"

#include <stdbool.h>
#include <stdint.h>

enum st_role {
    ST_ROLE_FRAME, // headers and the system prompt: never predicted
    ST_ROLE_USER,
    ST_ROLE_REPLY,
};

struct st_corpus {
    uint32_t documents, tokens, vocab;
    uint32_t *offset; // owned
    uint16_t *token;  // owned
    uint8_t *role;    // owned
};

// Where the reader stands; part of a checkpoint.
struct st_cursor {
    uint64_t seed;
    uint32_t epoch;
    uint32_t at; // index into the epoch's order
};

// Fills batches of a fixed number of tokens with whole documents.
struct st_reader {
    const struct st_corpus *corpus; // borrowed
    struct st_cursor cursor;
    uint32_t *order;      // owned
    uint32_t order_epoch; // which epoch `order` is for; UINT32_MAX: none
    float user_weight;
    int tokens;
    int *input, *position, *target; // owned
    float *weight;                  // owned
    struct st_span *span;           // owned
};

bool st_corpus_load(struct st_corpus *c, const char *path, char *err, size_t err_size);

void st_corpus_finish(struct st_corpus *c);

bool st_reader_init(struct st_reader *r, const struct st_corpus *corpus, int tokens,
                    float user_weight, uint64_t seed);

void st_reader_finish(struct st_reader *r);

// The next batch, shuffled anew each epoch. It stays valid until the next call.
struct st_batch st_reader_next(struct st_reader *r);

// Documents in file order, for validation; *at starts at 0. False when none is left.
bool st_reader_in_order(struct st_reader *r, uint32_t *at, struct st_batch *batch);

#endif
