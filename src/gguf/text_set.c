#include "gguf/text_set.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct pal_text_slot {
    const char *data; /* NULL = free */
    uint32_t len;
    uint32_t hash;
};

bool
pal_text_set_init(struct pal_text_set *set, size_t n)
{
    *set = (struct pal_text_set){.n_slots = 16};
    while (set->n_slots < n * 2) {
        set->n_slots *= 2;
    }
    if (getrandom(&set->seed, sizeof(set->seed), GRND_NONBLOCK) < 0) {
        set->seed = (uint64_t)(uintptr_t)set;
    }
    set->slots = calloc(set->n_slots, sizeof(*set->slots));
    return set->slots != NULL;
}

void
pal_text_set_finish(struct pal_text_set *set)
{
    if (set != NULL) {
        free(set->slots);
        *set = (struct pal_text_set){0};
    }
}

/* Eight bytes a step, mixed so that the secret seed decides where each text goes. */
static uint32_t
hash_text(uint64_t seed, const char *data, size_t len)
{
    uint64_t h = seed ^ (len * UINT64_C(0x9e3779b97f4a7c15));
    while (len > 0) {
        uint64_t word = 0;
        size_t n = len < sizeof(word) ? len : sizeof(word);
        memcpy(&word, data, n);
        h = (h ^ word) * UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 32;
        h = (h ^ seed) * UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 29;
        data += n;
        len -= n;
    }
    return (uint32_t)(h ^ h >> 32);
}

/* The text's slot, or the free one where it belongs. */
static struct pal_text_slot *
find_slot(const struct pal_text_set *set, const char *data, size_t len, uint32_t hash)
{
    size_t at = hash & (set->n_slots - 1);
    for (;;) {
        struct pal_text_slot *slot = &set->slots[at];
        if (slot->data == NULL || (slot->hash == hash && slot->len == len &&
                                   (len == 0 || memcmp(slot->data, data, len) == 0))) {
            return slot;
        }
        at = (at + 1) & (set->n_slots - 1);
    }
}

bool
pal_text_set_add(struct pal_text_set *set, const char *data, size_t len)
{
    uint32_t hash = hash_text(set->seed, data, len);
    struct pal_text_slot *slot = find_slot(set, data, len, hash);
    if (slot->data != NULL) {
        return false;
    }
    *slot = (struct pal_text_slot){.data = data, .len = (uint32_t)len, .hash = hash};
    return true;
}

bool
pal_text_set_has(const struct pal_text_set *set, const char *data, size_t len)
{
    return find_slot(set, data, len, hash_text(set->seed, data, len))->data != NULL;
}
