/*
 * palabre doctor: is everything in order, and if not, what mends it. Exit status 1 if a check
 * fails.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/doctor.h"
#include "plan/explain.h"
#include "plan/seed_rules.h"
#include "util/mem.h"
#include "util/text.h"

static const struct pal_config_request request = {
    .command = "doctor",
    .arguments = "[--strict] " PAL_PLANNING_ARGUMENTS,
    .about_en = "Checks the machine, the model and the settings, and says what mends what is "
                "wrong. --strict holds the settings against the reference deployment.",
    .about_fr = "Vérifie la machine, le modèle et les réglages, et dit ce qui répare. --strict "
                "compare les réglages au déploiement de référence.",
    .groups = PAL_GROUP_ALL,
};

const char *
pal_health_name(enum pal_health health)
{
    static const char *const names[] = {"ok", "warn", "fail", "skip"};
    return names[health];
}

struct pal_check *
pal_checkup_add(struct pal_checkup *checkup, const char *id, enum pal_health health,
                const char *format, ...)
{
    PAL_ASSERT(checkup->n < PAL_CHECKS_MAX);
    struct pal_check *check = &checkup->checks[checkup->n++];
    *check = (struct pal_check){.id = id, .health = health};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(check->text, sizeof(check->text), format, args);
    va_end(args);
    return check;
}

void
pal_check_mend(struct pal_check *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(check->mend, sizeof(check->mend), format, args);
    va_end(args);
}

static bool
has_failed(const struct pal_checkup *checkup)
{
    for (size_t i = 0; i < checkup->n; i++) {
        if (checkup->checks[i].health == PAL_HEALTH_FAIL) {
            return true;
        }
    }
    return false;
}

/* The card that the plan uses, else the first; NULL without any. */
static const struct pal_gpu *
main_gpu(const struct pal_planning *planning)
{
    if (planning->machine.n_gpus == 0) {
        return NULL;
    }
    return &planning->machine.gpus[planning->plan.gpu >= 0 ? planning->plan.gpu : 0];
}

/* Three lines that people paste into questions; programs look for them too. */
static void
print_diagnostics(const struct pal_planning *planning)
{
    struct pal_seed_vram vram = pal_seed_vram(main_gpu(planning));
    const struct pal_plan *plan = &planning->plan;
    (void)printf(
        PAL_T("\nVRAM: %.2f GB / %.2f GB (%.1f%%)\n", "\nVRAM : %.2f GB / %.2f GB (%.1f%%)\n"),
        vram.used, vram.total, vram.percent);
    (void)printf(PAL_T("CPU threads: %u\n", "Threads CPU : %u\n"), plan->n_threads);
    (void)printf(PAL_T("GPU profile: %s (%u layers)\n", "Profil GPU : %s (%u layers)\n"),
                 pal_profile_name(plan->profile), plan->n_gpu_layers);
    for (const char *const *line = pal_seed_advice(vram.percent); *line != NULL; line++) {
        (void)printf("%s\n", *line);
    }
    struct pal_seed_tier tier = pal_seed_tier(vram.total);
    (void)printf(PAL_T("A card of this size usually does: %s, %s s a reply, %s tokens/s\n",
                       "Une carte de cette taille fait d'ordinaire : %s, %s s par réponse, %s "
                       "tokens/s\n"),
                 tier.profile, tier.latency, tier.tokens_s);
}

static void
print_checks(const struct pal_checkup *checkup)
{
    for (size_t i = 0; i < checkup->n; i++) {
        const struct pal_check *check = &checkup->checks[i];
        (void)printf("%-4s  %-17s %s\n", pal_health_name(check->health), check->id, check->text);
        if (check->mend[0] != '\0') {
            (void)printf("      %-17s -> %s\n", "", check->mend);
        }
    }
}

static json_t *
text_json(const char *text)
{
    json_t *value = json_string(text);
    return value != NULL ? value : json_string("");
}

static void
print_json(const struct pal_planning *planning, const struct pal_checkup *checkup)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < checkup->n; i++) {
        const struct pal_check *check = &checkup->checks[i];
        json_t *item = json_object();
        (void)json_object_set_new(item, "id", text_json(check->id));
        (void)json_object_set_new(item, "status", text_json(pal_health_name(check->health)));
        (void)json_object_set_new(item, "text", text_json(check->text));
        (void)json_object_set_new(item, "fix", text_json(check->mend));
        (void)json_array_append_new(checks, item);
    }
    struct pal_seed_vram vram = pal_seed_vram(main_gpu(planning));
    const struct pal_plan *plan = &planning->plan;
    const char *profile = pal_profile_name(plan->profile);
    json_t *root = json_pack("{s:b, s:o, s:{s:f, s:f, s:f, s:f}, s:i, s:{s:s, s:s, s:i}}", "ok",
                             !has_failed(checkup), "checks", checks, "vram", "total", vram.total,
                             "used", vram.used, "free", vram.free, "percent", vram.percent,
                             "n_threads", (int)plan->n_threads, "profile", "profile", profile,
                             "name", profile, "n_gpu_layers", (int)plan->n_gpu_layers);
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(root);
}

/* Takes --strict out of argv. */
static bool
take_strict(int *argc, char **argv)
{
    bool is_strict = false;
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--strict") == 0) {
            is_strict = true;
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return is_strict;
}

int
pal_command_doctor(int argc, char **argv)
{
    struct pal_planning planning;
    struct pal_checkup checkup = {.n = 0};
    struct pal_error error;
    int status;
    bool is_strict = take_strict(&argc, argv);
    if (!pal_planning_settings(&planning, &request, argc, argv, &status)) {
        return status;
    }
    pal_planning_probe(&planning, true);
    bool has_plan = pal_planning_make(&planning, &error) == PAL_OK;
    pal_check_program(&planning, &checkup);
    pal_check_machine(&planning, &checkup);
    pal_check_model(&planning, has_plan ? NULL : &error, &checkup);
    if (has_plan) {
        pal_check_deployment(&planning, is_strict, &checkup);
    } else {
        enum pal_why why;
        planning.plan.profile = PAL_PROFILE_CPU;
        planning.plan.gpu = -1;
        planning.plan.n_threads = pal_plan_threads(&planning.machine.cpu, &why);
    }
    if (planning.flags.wants_json) {
        print_json(&planning, &checkup);
    } else {
        print_checks(&checkup);
        print_diagnostics(&planning);
    }
    status = has_failed(&checkup) ? PAL_EXIT_FAILED : PAL_EXIT_OK;
    pal_planning_finish(&planning);
    return status;
}
