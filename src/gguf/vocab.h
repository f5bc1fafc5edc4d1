#ifndef PAL_GGUF_VOCAB_H
#define PAL_GGUF_VOCAB_H
/*
 * A made-up byte-level vocabulary of a real model's size: the 256 bytes, a few hundred common
 * English and French words with the merges that lead to them (so that a chat line becomes about as
 * many tokens as with the real one), pronounceable filler, and the family's special tokens under
 * their real numbers. One owner, one thread.
 */
#include <stddef.h>
#include <stdint.h>

#include "gguf/shape.h"
#include "util/buf.h"

struct pal_gguf_vocab {
    struct pal_buf tokens; /* NUL after each */
    struct pal_buf merges; /* likewise: "left right" */
    int32_t *kinds;        /* owned; n_tokens of them, as tokenizer.ggml.token_type */
    size_t n_tokens;
    size_t n_merges;
    uint32_t bos;
    uint32_t eos;
    uint32_t padding;
    const char *pre;           /* tokenizer.ggml.pre */
    const char *chat_template; /* static */
};

void pal_gguf_vocab_init(struct pal_gguf_vocab *vocab, const struct pal_gguf_shape *shape);
void pal_gguf_vocab_finish(struct pal_gguf_vocab *vocab);

#endif
