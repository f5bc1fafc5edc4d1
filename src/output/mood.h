#ifndef PAL_OUTPUT_MOOD_H
#define PAL_OUTPUT_MOOD_H
/*
 * Moods that last: what the companion felt in each conversation, and how a mixture becomes weights
 * of a face. Pure (time is handed in); one owner.
 */
#include <stdint.h>

#include "output/emotion.h"

/* Conversations that are remembered; the longest idle is forgotten first. */
#define PAL_MOODS_MAX 64

struct pal_moods_entry {
    uint64_t key; /* 0 = free */
    int64_t used_us;
    struct pal_mood own; /* what the companion last said */
    struct pal_classic_history classic;
};

/* Zeroed = nothing felt yet. */
struct pal_moods {
    struct pal_moods_entry entries[PAL_MOODS_MAX];
};

/* Never 0. */
uint64_t pal_moods_key(const char *conversation);

/* The companion's clause shows `mood`: the smoothed one to wear. What was felt before counts by a
   third where it is the same emotion, and lets go where it is another. */
struct pal_mood pal_moods_feel(struct pal_moods *moods, uint64_t key, const struct pal_mood *mood,
                               int64_t now_us);
/* The companion's history of the compatible mode; borrowed until the next call. */
struct pal_classic_history *pal_moods_classic(struct pal_moods *moods, uint64_t key,
                                              int64_t now_us);

/* What a listener shows of a person's mood. It is worn for the moment and not remembered: only what
   the companion says smooths what it says next. */
struct pal_mood pal_mood_listening(const struct pal_mood *mood);

/* The strongest emotion whole (0.35 at least, so that it is seen), the second by half, no others.
 */
void pal_mood_weights(const struct pal_mood *mood, float weights[PAL_N_MOOD_EXPRESSIONS]);

#endif
