#include "plan/seed_rules.h"

#include <stddef.h>

uint32_t
pal_seed_threads(uint32_t n_physical, uint32_t n_logical)
{
    if (n_logical >= 16) {
        return n_physical;
    }
    return n_logical >= 8 ? n_logical / 2 : n_logical;
}

struct pal_seed_profile
pal_seed_profile(double vram_gib, double model_gib)
{
    double room = vram_gib - 2.0;
    if (room >= model_gib * 1.2) {
        return (struct pal_seed_profile){"performance", 43, "100% GPU (optimal)"};
    }
    if (room >= model_gib * 0.8) {
        return (struct pal_seed_profile){"balanced", 35, "80% GPU + 20% CPU (équilibré)"};
    }
    return (struct pal_seed_profile){"cpu", 0, "CPU uniquement (fallback)"};
}

bool
pal_seed_is_roomy(double free_gib)
{
    return free_gib >= 4.0;
}

struct pal_seed_vram
pal_seed_vram(const struct pal_gpu *gpu)
{
    struct pal_seed_vram vram = {0, 0, 0, 0};
    if (gpu == NULL || gpu->total_bytes == 0) {
        return vram;
    }
    const double gib = (double)PAL_GIB;
    vram.total = (double)gpu->total_bytes / gib;
    vram.free = (double)gpu->free_bytes / gib;
    vram.used = vram.total - vram.free;
    vram.percent = 100.0 * vram.used / vram.total;
    return vram;
}

const char *const *
pal_seed_advice(double percent)
{
    static const char *const none[] = {NULL};
    static const char *const full[] = {
        "⚠️ VRAM saturée à 85%+",
        "💡 Recommandations :",
        "   - Fermer les applications gourmandes",
        "   - Utiliser un modèle plus petit (4B au lieu de 7B)",
        "   - Passer en mode 'balanced' (35 GPU layers)",
        NULL,
    };
    return percent > 85.0 ? full : none;
}

struct pal_seed_tier
pal_seed_tier(double vram_gib)
{
    if (vram_gib < 4.0) {
        return (struct pal_seed_tier){"cpu", "5-10", "5-7"};
    }
    if (vram_gib <= 8.0) {
        return (struct pal_seed_tier){"balanced", "2-3", "19-20"};
    }
    return (struct pal_seed_tier){"performance", "1-2", "22-23"};
}

bool
pal_seed_ladder(uint32_t *n_gpu_layers, uint32_t *n_messages)
{
    if (*n_gpu_layers > 15) {
        *n_gpu_layers = *n_gpu_layers > 25 ? 25 : *n_gpu_layers > 20 ? 20 : 15;
        return true;
    }
    if (*n_messages > 8) {
        *n_messages = *n_messages > 12 ? 12 : 8;
        return true;
    }
    return false;
}
