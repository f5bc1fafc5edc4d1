#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands/doctor.h"
#include "plan/explain.h"
#include "plan/tuned.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define TUNE_OLD_DAYS 180

static void
check_fit(const struct pal_plan *plan, struct pal_checkup *checkup)
{
    char needed[24], available[24];
    uint64_t ram = pal_sizes_ram(&plan->sizes) + plan->sizes.ram_mapped;
    (void)pal_bytes_text(ram, needed, sizeof(needed));
    (void)pal_bytes_text(plan->ram_available_bytes, available, sizeof(available));
    if (!plan->fits) {
        struct pal_check *check = pal_checkup_add(
            checkup, "fit", PAL_HEALTH_FAIL,
            PAL_T("the model needs %s of memory, %s are free: it would read the disk at each word",
                  "le modèle demande %s de mémoire, %s sont libres : il lirait le disque à chaque "
                  "mot"),
            needed, available);
        pal_check_mend(check, "%s",
                       PAL_T("take a smaller model: palabre model list",
                             "prenez un modèle plus petit : palabre model list"));
        return;
    }
    if (plan->why_ctx == PAL_WHY_MEMORY) {
        (void)pal_checkup_add(checkup, "fit", PAL_HEALTH_WARN,
                              PAL_T("only a context of %u tokens fits in the %s that are free",
                                    "seul un contexte de %u tokens tient dans les %s libres"),
                              plan->n_ctx_tokens, available);
        return;
    }
    (void)pal_checkup_add(
        checkup, "fit", PAL_HEALTH_OK,
        PAL_T("needs %s of memory, %s are free", "demande %s de mémoire, %s libres"), needed,
        available);
}

static const char *
build_name(const struct pal_tuned *tuned)
{
    return tuned->variant[0] != '\0'
               ? tuned->variant
               : PAL_T("ggml's own choice of build", "variante choisie par ggml");
}

static void
check_tuned(const struct pal_planning *planning, struct pal_checkup *checkup)
{
    struct pal_tuned tuned;
    struct pal_error error;
    char *path = pal_tuned_path(&planning->machine, &planning->shape);
    enum pal_err err = path != NULL ? pal_tuned_load(path, &tuned, &error) : PAL_ERR_NOT_FOUND;
    free(path);
    if (err != PAL_OK) {
        struct pal_check *check =
            pal_checkup_add(checkup, "tune", PAL_HEALTH_SKIP, "%s",
                            PAL_T("this model was never tuned on this machine: guesses are used",
                                  "ce modèle n'a jamais été réglé sur cette machine : on devine"));
        pal_check_mend(check, "palabre tune");
        return;
    }
    int days = (int)((pal_wall_seconds() - tuned.made_s) / 86400);
    bool is_old = days > TUNE_OLD_DAYS || days < 0;
    if (tuned.profile != planning->plan.profile) {
        struct pal_check *check = pal_checkup_add(
            checkup, "tune", PAL_HEALTH_SKIP,
            PAL_T("tuned %d days ago for the profile %s, not for %s: guesses are used",
                  "réglé il y a %d jours pour le profil %s, pas pour %s : on devine"),
            days, pal_profile_name(tuned.profile), pal_profile_name(planning->plan.profile));
        pal_check_mend(check, "palabre tune");
        return;
    }
    if (tuned.is_quick) {
        struct pal_check *check = pal_checkup_add(
            checkup, "tune", PAL_HEALTH_OK,
            PAL_T("measured for three seconds at the first start, %d days ago: %s, %s",
                  "mesuré trois secondes au premier démarrage, il y a %d jours : %s, %s"),
            days, build_name(&tuned),
            tuned.has_extra_bufts ? PAL_T("weights rearranged", "poids réarrangés")
                                  : PAL_T("weights mapped", "poids mappés"));
        pal_check_mend(check, "palabre tune");
        return;
    }
    struct pal_check *check =
        pal_checkup_add(checkup, "tune", is_old ? PAL_HEALTH_WARN : PAL_HEALTH_OK,
                        PAL_T("tuned %d days ago: %s, %u and %u threads",
                              "réglé il y a %d jours : %s, %u et %u fils"),
                        days, build_name(&tuned), tuned.n_threads, tuned.n_threads_batch);
    if (is_old) {
        pal_check_mend(check, "palabre tune");
    }
}

void
pal_check_model(const struct pal_planning *planning, const struct pal_error *error,
                struct pal_checkup *checkup)
{
    if (error != NULL) {
        struct pal_check *check =
            pal_checkup_add(checkup, "model", PAL_HEALTH_FAIL, "%s", error->text);
        pal_check_mend(check, "palabre model list");
        return;
    }
    char size[24];
    const struct pal_shape *shape = &planning->shape;
    const struct pal_plan *plan = &planning->plan;
    (void)pal_checkup_add(checkup, "model", PAL_HEALTH_OK,
                          PAL_T("%s, %s, %s, %u layers", "%s, %s, %s, %u couches"),
                          shape->name[0] != '\0' ? shape->name : shape->architecture, shape->quant,
                          pal_bytes_text(shape->file_bytes, size, sizeof(size)), shape->n_layers);
    bool is_heavy = strstr(shape->quant, "Q5") != NULL || strstr(shape->quant, "Q6") != NULL;
    if (is_heavy && plan->profile == PAL_PROFILE_CPU) {
        struct pal_check *check =
            pal_checkup_add(checkup, "quant", PAL_HEALTH_WARN,
                            PAL_T("%s is slow on a CPU", "%s est lent sur CPU"), shape->quant);
        pal_check_mend(check, "%s",
                       PAL_T("take the same model as Q4_K_M", "prenez le même modèle en Q4_K_M"));
    }
    check_fit(plan, checkup);
    check_tuned(planning, checkup);
    (void)pal_checkup_add(checkup, "plan", PAL_HEALTH_OK,
                          PAL_T("profile %s, %u of %u layers on the card: %s",
                                "profil %s, %u couches sur %u sur la carte : %s"),
                          pal_profile_name(plan->profile), plan->n_gpu_layers, plan->n_layers + 1,
                          pal_why_text(plan->why_layers));
}

/* ---- the ten points ---- */

/* One point: holds, or is missed; then what the point asks for. */
static void
point(struct pal_checkup *checkup, const char *id, bool holds, bool is_strict, const char *found,
      const char *wanted, const char *mend)
{
    enum pal_health miss = is_strict ? PAL_HEALTH_FAIL : PAL_HEALTH_WARN;
    struct pal_check *check =
        pal_checkup_add(checkup, id, holds ? PAL_HEALTH_OK : miss,
                        holds ? PAL_T("%s (asked: %s)", "%s (demandé : %s)")
                              : PAL_T("%s, but %s is asked", "%s, mais %s est demandé"),
                        found, wanted);
    if (!holds) {
        pal_check_mend(check, "%s", mend);
    }
}

static void
check_engine_points(const struct pal_planning *planning, bool is_strict,
                    struct pal_checkup *checkup)
{
    const struct pal_shape *shape = &planning->shape;
    const struct pal_plan *plan = &planning->plan;
    char found[160];
    bool is_model = strcasestr(planning->model_path, "qwen2.5-3b") != NULL &&
                    strcasestr(shape->quant, "Q4_K_M") != NULL;
    (void)snprintf(found, sizeof(found), "%.90s %s", shape->name, shape->quant);
    point(checkup, "point.model", is_model || !is_strict, is_strict, found,
          is_strict ? "Qwen2.5-3B-Instruct Q4_K_M" : PAL_T("any model", "tout modèle"),
          "palabre model pull qwen2.5-3b-instruct");
    if (plan->gpu < 0) {
        (void)pal_checkup_add(checkup, "point.layers", PAL_HEALTH_SKIP, "%s",
                              PAL_T("no card: 0 layers instead of 20 to 25",
                                    "pas de carte : 0 couche au lieu de 20 à 25"));
        (void)pal_checkup_add(checkup, "point.kv", PAL_HEALTH_SKIP, "%s",
                              PAL_T("no card: the KV cache is in RAM, and on",
                                    "pas de carte : le cache KV est en RAM, et actif"));
    } else {
        uint32_t least = plan->n_layers < 20 ? plan->n_layers : 20;
        (void)snprintf(found, sizeof(found), "%u", plan->n_gpu_layers);
        point(checkup, "point.layers", plan->n_gpu_layers >= least, is_strict, found,
              PAL_T("20 to 25 or more", "20 à 25 ou plus"), "--gpu-layers 22");
        point(checkup, "point.kv", plan->has_kv_on_gpu, is_strict,
              plan->has_kv_on_gpu ? PAL_T("on the card", "sur la carte")
                                  : PAL_T("in RAM", "en RAM"),
              PAL_T("KV cache on the card", "cache KV sur la carte"), "--kv-offload on");
    }
    (void)snprintf(found, sizeof(found), "%u", plan->n_ctx_tokens);
    point(checkup, "point.context",
          is_strict ? plan->n_ctx_tokens == 2048 : plan->n_ctx_tokens >= 2048, is_strict, found,
          is_strict ? "2048" : PAL_T("2048 or more", "2048 ou plus"), "--context 2048");
    bool is_kepler = plan->why_flash == PAL_WHY_OLD_GPU;
    bool is_right = is_strict ? !plan->has_flash_attn : plan->has_flash_attn != is_kepler;
    point(checkup, "point.flash", is_right, is_strict,
          plan->has_flash_attn ? PAL_T("flash attention on", "flash attention active")
                               : PAL_T("flash attention off", "flash attention inactive"),
          is_strict ? PAL_T("off", "inactive")
                    : PAL_T("off on old cards only", "inactive sur vieilles cartes seulement"),
          is_strict || is_kepler ? "--flash-attn off" : "--flash-attn auto");
}

static void
check_bot_point(struct pal_checkup *checkup, const char *id, double found, double wanted,
                bool is_strict, const char *key)
{
    char found_text[48], wanted_text[48], mend[96];
    (void)snprintf(found_text, sizeof(found_text), "%g", found);
    (void)snprintf(wanted_text, sizeof(wanted_text), "%g", wanted);
    (void)snprintf(mend, sizeof(mend), "config.yaml: %s: %g", key, wanted);
    double gap = found - wanted;
    point(checkup, id, gap > -1e-9 && gap < 1e-9, is_strict, found_text, wanted_text, mend);
}

void
pal_check_deployment(const struct pal_planning *planning, bool is_strict,
                     struct pal_checkup *checkup)
{
    const struct pal_config *config = &planning->config;
    check_engine_points(planning, is_strict, checkup);
    check_bot_point(checkup, "point.max_tokens", (double)config->bot.max_tokens_chill, 100,
                    is_strict, "bot.max_tokens_chill");
    check_bot_point(checkup, "point.temperature", config->bot.temperature_chill, 0.8, is_strict,
                    "bot.temperature_chill");
    check_bot_point(checkup, "point.timeout", config->bot.model_timeout, 10, is_strict,
                    "bot.model_timeout");
    check_bot_point(checkup, "point.users", (double)config->rate_limiting.max_concurrent_users, 4,
                    is_strict, "rate_limiting.max_concurrent_users");
    check_bot_point(checkup, "point.messages", (double)config->rate_limiting.max_messages_per_user,
                    12, is_strict, "rate_limiting.max_messages_per_user");
}
