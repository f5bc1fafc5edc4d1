#ifndef PAL_ENGINE_REPLIES_H
#define PAL_ENGINE_REPLIES_H
/*
 * Which tokens a recent reply was made of. The same text can be cut into tokens in many ways, and a
 * model often takes another one than the tokenizer would: only the sampled ones are in the KV. So
 * when a reply comes back as a message of the next prompt, its tokens are taken from here.
 *
 * A ring in memory, never stored: oldest out first. Texts are kept as hashes only. Pure; one owner.
 */
#include <stddef.h>
#include <stdint.h>

#define PAL_REPLIES_MAX        1024
#define PAL_REPLIES_TOKENS_MAX (512u << 10)

struct pal_reply {
    uint64_t conversation; /* hash; of NULL: 0 */
    uint64_t text;         /* hash, white space around it left out */
    int32_t *tokens;       /* owned */
    size_t n_tokens;
};

struct pal_replies {
    struct pal_reply items[PAL_REPLIES_MAX]; /* a ring */
    size_t at;
    size_t n;
    size_t n_tokens;
    uint64_t seed;
};

void pal_replies_init(struct pal_replies *replies, uint64_t seed);
void pal_replies_finish(struct pal_replies *replies);

/* Copies the tokens. An empty text is not remembered. `conversation` may be NULL. */
void pal_replies_add(struct pal_replies *replies, const char *conversation, const char *text,
                     size_t len, const int32_t *tokens, size_t n_tokens);

/*
 * The tokens of this text, from the same conversation if it is there, else from any; the newest.
 * NULL: unknown. Valid until the next add.
 */
const struct pal_reply *pal_replies_find(const struct pal_replies *replies,
                                         const char *conversation, const char *text, size_t len);

#endif
