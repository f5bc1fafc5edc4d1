/*
 * palabre tune: measures which way of running the model is fastest here, and remembers it for `run`
 * and `chat`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/tune.h"
#include "commands/command.h"
#include "commands/planning.h"
#include "commands/tuning.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define BUDGET_US       (165 * PAL_US_PER_S)
#define QUICK_BUDGET_US (25 * PAL_US_PER_S)

static const struct pal_config_request request = {
    .command = "tune",
    .arguments = "[--quick] [--seconds N]",
    .about_en = "Measures which way of running the model is fastest on this machine, and "
                "remembers it. Takes up to three minutes, with --quick half a minute, with "
                "--seconds N at most so long.",
    .about_fr = "Mesure quelle façon de faire tourner le modèle est la plus rapide sur cette "
                "machine, et la retient. Trois minutes au plus, une demie avec --quick, N "
                "secondes avec --seconds N.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

void
pal_tuning_show_trial(const struct pal_tune *tune, const struct pal_candidate *candidate)
{
    char text[PAL_TUNE_TEXT_MAX];
    int64_t spent_us = pal_now_us() - tune->started_us;
    int64_t n_done = (int64_t)tune->n_candidates;
    int64_t n_left = (int64_t)tune->n_expected - n_done;
    n_left = n_left > 0 ? n_left : 0;
    int64_t eta_us = n_done > 0 ? spent_us / n_done * n_left : 0;
    int64_t rest_us = pal_tune_left_us(tune);
    eta_us = eta_us > rest_us ? rest_us : eta_us;
    (void)pal_tune_describe(&candidate->way, text, sizeof(text));
    (void)fprintf(stderr, PAL_T("[%2d/%d, %d s left] ", "[%2d/%d, reste %d s] "), (int)n_done,
                  (int)(n_done + n_left), eta_us > 0 ? (int)(eta_us / PAL_US_PER_S) : 0);
    if (candidate->failure[0] != '\0') {
        (void)fprintf(stderr, PAL_T("%s: %s\n", "%s : %s\n"), text, candidate->failure);
        return;
    }
    (void)fprintf(stderr,
                  PAL_T("%s: %.0f ms a turn (prompt %.2f ms a token, step %.1f ms, of four %.1f)\n",
                        "%s : %.0f ms par tour (invite %.2f ms par token, pas %.1f ms, à quatre "
                        "%.1f)\n"),
                  text, candidate->way.turn_ms, candidate->least.prompt_ms,
                  candidate->least.alone_ms, candidate->least.four_ms);
}

void
pal_tuning_print_table(const struct pal_tune *tune)
{
    (void)printf("%s\n", PAL_T("\n   turn, ms   faster than   samples  way of running it\n"
                               "              llama.cpp's",
                               "\n   tour, ms   plus rapide   mesures  façon de faire\n"
                               "              que llama.cpp"));
    for (size_t i = 0; i < tune->n_candidates; i++) {
        const struct pal_candidate *candidate = &tune->candidates[i];
        char text[PAL_TUNE_TEXT_MAX], ratio[16] = "-";
        (void)pal_tune_describe(&candidate->way, text, sizeof(text));
        bool is_best =
            candidate->work == PAL_TUNE_TURN && pal_tune_is_same(&candidate->way, &tune->best);
        if (candidate->failure[0] != '\0') {
            (void)printf("          -             -        -  %s: %s\n", text, candidate->failure);
            continue;
        }
        if (candidate->n_samples == 0) {
            continue; /* the time was over first */
        }
        if (candidate->ratio > 0) {
            (void)snprintf(ratio, sizeof(ratio), "%.2f", candidate->ratio);
        }
        (void)printf(
            "%c %9.1f  %12s  %7u  %s%s%s\n", is_best ? '*' : ' ', candidate->way.turn_ms, ratio,
            candidate->n_samples, text,
            candidate->work == PAL_TUNE_PROMPT   ? PAL_T(" (long prompt)", " (longue invite)")
            : candidate->work == PAL_TUNE_LAYERS ? PAL_T(" (a few layers)", " (quelques couches)")
                                                 : "",
            candidate->is_usual ? PAL_T(" (llama.cpp's own)", " (celle de llama.cpp)") : "");
    }
}

bool
pal_tuning_take_seconds(int *argc, char **argv, int64_t *limit_us)
{
    int kept = 1;
    for (int i = 1; i < *argc && argv[i] != NULL; i++) {
        const char *value = i + 1 < *argc ? argv[i + 1] : NULL;
        if (value == NULL || strcmp(argv[i], "--seconds") != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        char *end = NULL;
        long seconds = strtol(value, &end, 10);
        if (*end != '\0' || seconds < 1 || seconds > 86400) {
            (void)fprintf(stderr,
                          PAL_T("palabre: --seconds: '%s' is no number from 1 to 86400\n",
                                "palabre: --seconds : « %s » n'est pas un nombre de 1 à 86400\n"),
                          value);
            return false;
        }
        *limit_us = seconds * PAL_US_PER_S;
        i++;
    }
    *argc = kept;
    argv[kept] = NULL;
    return true;
}

bool
pal_tuning_init(struct pal_tuning *tuning, struct pal_tune *tune,
                const struct pal_planning *planning)
{
    *tuning = (struct pal_tuning){.program = pal_path_program()};
    if (tuning->program == NULL) {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre: cannot find this program's own file in /proc\n",
                            "palabre: impossible de trouver ce programme dans /proc\n"));
        return false;
    }
    if (!pal_log_enabled(PAL_LOG_DEBUG)) {
        pal_log_init(PAL_LOG_ERROR, STDERR_FILENO); /* each trial's engine would tell its life */
    }
    if (planning->plan.n_gpu_layers == 0) { /* on a card the build matters little */
        (void)pal_stand_in_make(&tuning->layers, &planning->shape);
    }
    enum pal_why why;
    struct pal_cpu quiet = planning->machine.cpu;
    quiet.busy_cpus = 0;
    *tune = (struct pal_tune){
        .program = tuning->program,
        .model_path = planning->model_path,
        .layers_path = tuning->layers.path,
        .llama_dir = planning->llama_dir,
        .gpu_device =
            planning->plan.gpu >= 0 ? planning->machine.gpus[planning->plan.gpu].device : NULL,
        .cpus = planning->config.engine.cpus,
        .plan = planning->plan,
        .n_cores = pal_plan_threads(&quiet, &why),
        .n_free_cores = pal_plan_threads(&planning->machine.cpu, &why),
        .n_logical = quiet.quota_cpus > 0 ? pal_plan_threads(&quiet, &why) : quiet.n_logical_usable,
        .n_engines = pal_tune_engines_that_fit(&planning->plan),
        .is_quick = planning->flags.wants_quick,
        .budget_us = planning->flags.wants_quick ? QUICK_BUDGET_US : BUDGET_US,
        .on_trial = pal_tuning_show_trial,
    };
    return true;
}

void
pal_tuning_finish(struct pal_tuning *tuning)
{
    pal_stand_in_remove(&tuning->layers);
    free(tuning->program);
    *tuning = (struct pal_tuning){0};
}

static void
print_result(const struct pal_tune *tune, const char *path)
{
    char text[PAL_TUNE_TEXT_MAX];
    const struct pal_tuned *best = &tune->best;
    pal_tuning_print_table(tune);
    (void)printf(PAL_T("\nfastest here: %s\n", "\nle plus rapide ici : %s\n"),
                 pal_tune_describe(best, text, sizeof(text)));
    if (tune->usual_turn_ms > 0 && best->turn_ms > 0) {
        (void)printf(PAL_T("a turn takes %.0f ms; llama.cpp's own choice: %.0f ms (%.2f times)\n",
                           "un tour prend %.0f ms ; le choix de llama.cpp : %.0f ms (%.2f fois)\n"),
                     best->turn_ms, tune->usual_turn_ms, tune->usual_turn_ms / best->turn_ms);
    }
    (void)printf(PAL_T("kept in %s\n", "retenu dans %s\n"), path);
}

/* limit_us: of all; 0 = as long as it takes. */
static int
search_and_keep(const struct pal_planning *planning, int64_t limit_us)
{
    struct pal_error error;
    struct pal_tune *tune = pal_calloc(1, sizeof(*tune));
    struct pal_tuning tuning = {0};
    char *path = pal_tuned_path(&planning->machine, &planning->shape);
    int status = PAL_EXIT_FAILED;
    if (path == NULL) {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre: there is no home folder to keep the result in\n",
                            "palabre: pas de dossier personnel où garder le résultat\n"));
    } else if (pal_tuning_init(&tuning, tune, planning)) {
        tune->budget_us = limit_us > 0 ? limit_us : tune->budget_us;
        if (pal_tune_search(tune, &error) != PAL_OK ||
            pal_tuned_save(path, &tune->best, &error) != PAL_OK) {
            (void)fprintf(stderr, "palabre: %s\n", error.text);
        } else {
            print_result(tune, path);
            status = PAL_EXIT_OK;
        }
    }
    pal_tuning_finish(&tuning);
    free(path);
    free(tune);
    return status;
}

int
pal_command_tune(int argc, char **argv)
{
    struct pal_planning planning;
    struct pal_error error;
    int status;
    int64_t limit_us = 0;
    if (!pal_tuning_take_seconds(&argc, argv, &limit_us)) {
        return PAL_EXIT_USAGE;
    }
    if (!pal_planning_settings(&planning, &request, argc, argv, &status)) {
        return status;
    }
    pal_planning_probe(&planning, true);
    if (pal_planning_make(&planning, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre: %s\n", error.text);
        status = PAL_EXIT_CONFIG;
    } else {
        if (planning.machine.cpu.busy_cpus > 0.5) {
            (void)fprintf(stderr,
                          PAL_T("other programs keep %.1f processors busy: the result will be "
                                "less sure\n",
                                "d'autres programmes occupent %.1f processeurs : le résultat sera "
                                "moins sûr\n"),
                          planning.machine.cpu.busy_cpus);
        }
        /* From the guesses, not from the last result. */
        struct pal_plan_options options = pal_planning_options(&planning.config);
        planning.plan = pal_plan_make(&planning.machine, &planning.shape, &options);
        status = search_and_keep(&planning, limit_us);
    }
    pal_planning_finish(&planning);
    return status;
}
