#ifndef PAL_GGUF_TEXT_SET_H
#define PAL_GGUF_TEXT_SET_H
/*
 * A set of texts, to find one that comes twice among a few million. The texts are borrowed. Hashed
 * with a seed of its own, so that a file can't be made to be slow. One owner, one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pal_text_set {
    struct pal_text_slot *slots; /* owned */
    size_t n_slots;              /* a power of two, at least twice what may be added */
    uint64_t seed;
};

/* Room for n texts. False if there is no memory for it. */
bool pal_text_set_init(struct pal_text_set *set, size_t n);
void pal_text_set_finish(struct pal_text_set *set);

/* Adds; false (and no change) if it is in already. Not more than n times. */
bool pal_text_set_add(struct pal_text_set *set, const char *data, size_t len);
bool pal_text_set_has(const struct pal_text_set *set, const char *data, size_t len);

#endif
