#include "engine/replies.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* FNV-1a from a seed of this process, so that texts can't be made to collide from outside. */
static uint64_t
hash(uint64_t seed, const char *bytes, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037) ^ seed;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    }
    return h ^ h >> 32;
}

static uint64_t
hash_text(uint64_t seed, const char *text, size_t len)
{
    static const char white[] = " \t\r\n";
    while (len > 0 && memchr(white, text[len - 1], sizeof(white) - 1) != NULL) {
        len--;
    }
    size_t from = 0;
    while (from < len && memchr(white, text[from], sizeof(white) - 1) != NULL) {
        from++;
    }
    return len > from ? hash(seed, text + from, len - from) : 0;
}

static uint64_t
hash_name(uint64_t seed, const char *name)
{
    return name != NULL ? hash(seed, name, strlen(name)) : 0;
}

void
pal_replies_init(struct pal_replies *replies, uint64_t seed)
{
    *replies = (struct pal_replies){.seed = seed};
}

static void
drop_oldest(struct pal_replies *replies)
{
    struct pal_reply *oldest = &replies->items[replies->at];
    replies->n_tokens -= oldest->n_tokens;
    free(oldest->tokens);
    *oldest = (struct pal_reply){0};
    replies->at = (replies->at + 1) % PAL_REPLIES_MAX;
    replies->n--;
}

void
pal_replies_finish(struct pal_replies *replies)
{
    if (replies == NULL) {
        return;
    }
    while (replies->n > 0) {
        drop_oldest(replies);
    }
}

void
pal_replies_add(struct pal_replies *replies, const char *conversation, const char *text, size_t len,
                const int32_t *tokens, size_t n_tokens)
{
    uint64_t text_hash = hash_text(replies->seed, text, len);
    if (text_hash == 0 || n_tokens == 0 || n_tokens > PAL_REPLIES_TOKENS_MAX) {
        return;
    }
    while (replies->n == PAL_REPLIES_MAX ||
           (replies->n > 0 && replies->n_tokens + n_tokens > PAL_REPLIES_TOKENS_MAX)) {
        drop_oldest(replies);
    }
    struct pal_reply *reply = &replies->items[(replies->at + replies->n) % PAL_REPLIES_MAX];
    *reply = (struct pal_reply){
        .conversation = hash_name(replies->seed, conversation),
        .text = text_hash,
        .tokens = pal_calloc(n_tokens, sizeof(*tokens)),
        .n_tokens = n_tokens,
    };
    memcpy(reply->tokens, tokens, n_tokens * sizeof(*tokens));
    replies->n++;
    replies->n_tokens += n_tokens;
}

const struct pal_reply *
pal_replies_find(const struct pal_replies *replies, const char *conversation, const char *text,
                 size_t len)
{
    uint64_t wanted = hash_text(replies->seed, text, len);
    uint64_t name = hash_name(replies->seed, conversation);
    const struct pal_reply *any = NULL;
    for (size_t i = replies->n; i > 0 && wanted != 0; i--) {
        const struct pal_reply *reply = &replies->items[(replies->at + i - 1) % PAL_REPLIES_MAX];
        if (reply->text != wanted) {
            continue;
        }
        if (reply->conversation == name) {
            return reply;
        }
        any = any == NULL ? reply : any;
    }
    return any;
}
