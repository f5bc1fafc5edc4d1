#ifndef PAL_PLAN_SEED_RULES_H
#define PAL_PLAN_SEED_RULES_H
/*
 * The rules of thumb that this program grew out of, kept word for word: their tables are tests, and
 * `palabre doctor` shows what they say beside what the plan says. The plan itself measures the file
 * and the machine instead (docs/plan.md tells where they part). Pure; any thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

/* Threads from core counts: 16 and more logical: the physical; 8 and more: half; else all. */
uint32_t pal_seed_threads(uint32_t n_physical, uint32_t n_logical);

struct pal_seed_profile {
    const char *name; /* "performance", "balanced", "cpu" */
    uint32_t n_gpu_layers;
    const char *description; /* French, as people know it */
};

/* By the card's total memory and the model's size, both in GiB; 2 GiB are left to others. */
struct pal_seed_profile pal_seed_profile(double vram_gib, double model_gib);

/* By free memory alone, one limit at 4 GiB: true = performance. */
bool pal_seed_is_roomy(double free_gib);

struct pal_seed_vram {
    double total, used, free; /* GiB */
    double percent;
};
struct pal_seed_vram pal_seed_vram(const struct pal_gpu *gpu); /* NULL: all 0 */

/* Lines of advice for a card that is this full, NULL-terminated; none up to 85 %. */
const char *const *pal_seed_advice(double percent);

/* What to expect of a card of this size. */
struct pal_seed_tier {
    const char *profile;
    const char *latency; /* seconds */
    const char *tokens_s;
};
struct pal_seed_tier pal_seed_tier(double vram_gib);

/* The next rung when a card ran out of memory: 25, 20, 15 layers, then 12, 8 messages. */
bool pal_seed_ladder(uint32_t *n_gpu_layers, uint32_t *n_messages);

#endif
