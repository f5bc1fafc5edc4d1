#include "output/mood.h"

#include <string.h>

#include "util/mem.h"

/* Part of the mood before that stays in a new one of the same kind. */
#define KEPT 0.33F

/* A feeling older than this has passed. */
#define MEMORY_US (INT64_C(60) * 1000 * 1000)

/* How much of a person's mood shows in who listens. */
#define EMPATHY 0.3F

uint64_t
pal_moods_key(const char *conversation)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (const char *at = conversation; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    return hash != 0 ? hash : 1;
}

static struct pal_moods_entry *
entry_of(struct pal_moods *moods, uint64_t key, int64_t now_us)
{
    struct pal_moods_entry *oldest = &moods->entries[0];
    for (size_t i = 0; i < PAL_MOODS_MAX; i++) {
        struct pal_moods_entry *entry = &moods->entries[i];
        if (entry->key == key) {
            if (now_us - entry->used_us > MEMORY_US) {
                entry->own = (struct pal_mood){0};
            }
            entry->used_us = now_us;
            return entry;
        }
        if (oldest->key != 0 && (entry->key == 0 || entry->used_us < oldest->used_us)) {
            oldest = entry;
        }
    }
    *oldest = (struct pal_moods_entry){.key = key, .used_us = now_us};
    return oldest;
}

struct pal_mood
pal_moods_feel(struct pal_moods *moods, uint64_t key, const struct pal_mood *mood, int64_t now_us)
{
    struct pal_moods_entry *entry = entry_of(moods, key, now_us);
    for (size_t i = 0; i < PAL_EMOTION_NEUTRAL; i++) {
        float before = entry->own.levels[i];
        float now = mood->levels[i];
        /* It only ever adds up: a second weak clause does not undo a strong one at once. */
        entry->own.levels[i] =
            now > 0.0F ? now + KEPT * (before > now ? before - now : 0.0F) : 0.0F;
    }
    return entry->own;
}

struct pal_mood
pal_mood_listening(const struct pal_mood *mood)
{
    struct pal_mood shade = *mood;
    /* Anger is met with concern, not with anger. */
    shade.levels[PAL_EMOTION_SORROW] += shade.levels[PAL_EMOTION_ANGRY];
    shade.levels[PAL_EMOTION_ANGRY] = 0.0F;
    for (size_t i = 0; i < PAL_EMOTION_NEUTRAL; i++) {
        shade.levels[i] *= EMPATHY;
    }
    return shade;
}

struct pal_classic_history *
pal_moods_classic(struct pal_moods *moods, uint64_t key, int64_t now_us)
{
    return &entry_of(moods, key, now_us)->classic;
}

void
pal_mood_weights(const struct pal_mood *mood, float weights[PAL_N_MOOD_EXPRESSIONS])
{
    size_t first = PAL_EMOTION_NEUTRAL;
    size_t second = PAL_EMOTION_NEUTRAL;
    for (size_t i = 0; i < PAL_EMOTION_NEUTRAL; i++) {
        float level = mood->levels[i];
        if (level > 0.0F && (first == PAL_EMOTION_NEUTRAL || level > mood->levels[first])) {
            second = first;
            first = i;
        } else if (level > 0.0F &&
                   (second == PAL_EMOTION_NEUTRAL || level > mood->levels[second])) {
            second = i;
        }
    }
    memset(weights, 0, PAL_N_MOOD_EXPRESSIONS * sizeof(*weights));
    if (first != PAL_EMOTION_NEUTRAL) {
        float level = mood->levels[first];
        weights[pal_emotion_expression((enum pal_emotion)first)] = level > 1.0F    ? 1.0F
                                                                   : level > 0.35F ? level
                                                                                   : 0.35F;
    }
    if (second != PAL_EMOTION_NEUTRAL) {
        weights[pal_emotion_expression((enum pal_emotion)second)] = 0.5F * mood->levels[second];
    }
}
