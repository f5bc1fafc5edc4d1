#ifndef PAL_TESTS_MUTANT_H
#define PAL_TESTS_MUTANT_H
/*
 * Damaged copies of a model's file: as a disk or a download damages it, and as somebody would who
 * means harm. Those of the first two kinds are mostly refused; the rest is made to load, and to go
 * wrong where it is used.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"

enum mutant_kind {
    MUTANT_HEADER,      /* bytes of the header, most of them */
    MUTANT_CUT,         /* cut short */
    MUTANT_NOISE,       /* a tensor's bytes are random */
    MUTANT_FLIPS,       /* 64 bytes of the tensors are */
    MUTANT_NAN,         /* a tensor's bytes are 0xff: NaN in every float format */
    MUTANT_ZERO,        /* a tensor is zero */
    MUTANT_HUGE,        /* a tensor's bytes are 0x7b: the largest halves and floats */
    MUTANT_ROPE,        /* how positions are told apart */
    MUTANT_NORM,        /* the norms' epsilon */
    MUTANT_HEADS,       /* how many, and how wide */
    MUTANT_CONTEXT,     /* how long it was trained for */
    MUTANT_SPECIALS,    /* which tokens begin and end a text */
    MUTANT_TOKEN_TYPES, /* which are text, control, bytes */
    MUTANT_TOKENS,      /* what they say */
    MUTANT_MERGES,      /* how they are found */
    MUTANT_SPLITTER,    /* and what text is split into before that */
    MUTANT_TEMPLATE,    /* how a conversation is written */
    MUTANT_N_KINDS,
};
const char *mutant_name(enum mutant_kind kind);

struct mutant_source {
    uint8_t *bytes; /* owned */
    size_t len;
    struct pal_gguf *gguf; /* owned */
};

bool mutant_source_read(struct mutant_source *source, const char *path);
void mutant_source_finish(struct mutant_source *source);
/* Writes one, over what is there. */
bool mutant_write(const struct mutant_source *source, enum mutant_kind kind, uint32_t *seed,
                  const char *path);
/* An undamaged copy but for one whole number of 32 bits; `key` as in the file, or from the dot
 * behind the architecture's name on. */
bool mutant_write_u32(const struct mutant_source *source, const char *key, uint32_t value,
                      const char *path);

#endif
