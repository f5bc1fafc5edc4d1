#ifndef PAL_CONFIG_NEAR_H
#define PAL_CONFIG_NEAR_H
/*
 * "Did you mean ...?": which known name a mistyped one is nearest to. Pure; any thread.
 */
#include <stddef.h>

/* The best so far; start with a zeroed one, offer every name, read `name`. */
struct pal_near {
    const char *name; /* borrowed from the offers; NULL = nothing is near enough */
    size_t distance;
};

/*
 * Letters to add, drop, change or swap with their neighbour to make one text of the other. Case
 * doesn't count, and '-' is '_'. Texts over 64 bytes are as far apart as can be (SIZE_MAX).
 */
size_t pal_near_distance(const char *a, const char *b);

/* Keeps `name` if it is nearer to `word` than the best so far, and near at all: at most a third of
 * the word wrong. */
void pal_near_offer(struct pal_near *best, const char *word, const char *name);
/* The same for dotted keys: the part behind the last dot may also stand alone or in the wrong
 * section. */
void pal_near_offer_key(struct pal_near *best, const char *word, const char *key);

#endif
