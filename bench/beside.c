/*
 * palabre bench beside: does the engine use a quiet machine as well as the best fixed number of
 * threads, how soon does it answer to a program that starts and stops, what does it still say
 * beside others, and what does a game lose beside it? Everything by turns in one run.
 */
#include "bench/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/bench.h"
#include "commands/command.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

static const char *const part_names[BESIDE_PARTS] = {"quiet", "loop", "busy",
                                                     "spin",  "game", "spinner"};

static const struct pal_config_request request = {
    .command = "bench beside",
    .arguments = "[--part quiet|loop|busy|spin|game] [--rounds N] [--window SECONDS] "
                 "[--sleep] [--json FILE]",
    .about_en = "Measures the engine beside other programs, and a game beside the engine.",
    .about_fr = "Mesure le moteur à côté d'autres programmes, et un jeu à côté du moteur.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_MODEL | PAL_GROUP_AI,
};

/* ---- flags ---- */

static bool
take_part(struct beside_session *session, const char *name)
{
    for (int part = 0; part < BESIDE_PARTS; part++) {
        if (strcmp(part_names[part], name) == 0) {
            session->wants[part] = true;
            return true;
        }
    }
    return false;
}

/* Takes the bench's own flags out of argv; --json is the sweep's. */
static bool
take_flags(struct beside_session *session, int *argc, char **argv)
{
    int n_kept = 1;
    bool ok = true;
    for (int i = 1; i < *argc && ok; i++) {
        const char *flag = argv[i] != NULL ? argv[i] : "";
        const char *value = i + 1 < *argc ? argv[i + 1] : NULL;
        char *end = NULL;
        if (strcmp(flag, "--sleep") == 0) {
            session->wants_sleep = true;
        } else if (value != NULL && strcmp(flag, "--part") == 0) {
            ok = take_part(session, value);
            i++;
        } else if (value != NULL && strcmp(flag, "--rounds") == 0) {
            unsigned long n = strtoul(value, &end, 10);
            i++;
            ok = end != value && *end == '\0' && n >= 1 && n <= BESIDE_ROUNDS_MAX;
            session->n_rounds = (uint32_t)n;
        } else if (value != NULL && strcmp(flag, "--window") == 0) {
            double s = strtod(value, &end);
            i++;
            ok = end != value && *end == '\0' && s >= 0.5 && s <= 60;
            session->window_us = ok ? (int64_t)(s * (double)PAL_US_PER_S) : 0;
        } else {
            argv[n_kept++] = argv[i];
        }
    }
    *argc = n_kept;
    argv[n_kept] = NULL;
    return ok;
}

/* This program with the same flags, as another engine that decodes and does nothing else; [0] is
 * still to be filled. */
static char **
make_spinner_argv(int argc, char **argv)
{
    static const char *const head[] = {"palabre", "bench", "beside", "--part", "spinner"};
    char **copy = pal_calloc((size_t)argc + PAL_COUNT_OF(head) + 1, sizeof(*copy));
    size_t n = 1;
    for (size_t i = 1; i < PAL_COUNT_OF(head); i++) {
        copy[n++] = pal_strdup(head[i]);
    }
    for (int i = 1; i < argc; i++) {
        bool is_report = strcmp(argv[i], "--json") == 0;
        i += is_report;
        if (!is_report) {
            copy[n++] = pal_strdup(argv[i]);
        }
    }
    return copy;
}

static void
free_argv(char **argv)
{
    free(argv[0]);
    for (size_t i = 1; argv[i] != NULL; i++) {
        free(argv[i]);
    }
    free(argv);
}

/* ---- all of it ---- */

static void
measure(struct beside_session *session)
{
    if (session->wants[BESIDE_PART_SPINNER]) {
        beside_be_spinner(session);
        return;
    }
    if (session->wants[BESIDE_PART_QUIET]) {
        beside_measure(session, PAL_T("Nothing beside it", "Rien à côté"), BESIDE_NOTHING, 0,
                       ">= 0.97");
    }
    if (session->wants[BESIDE_PART_LOOP]) {
        beside_measure_loop(session);
    }
    if (session->wants[BESIDE_PART_BUSY]) {
        beside_measure(session, PAL_T("One busy loop beside it", "Une boucle à côté"), BESIDE_LOOP,
                       1, NULL);
        beside_measure(session, PAL_T("Two busy loops beside it", "Deux boucles à côté"),
                       BESIDE_LOOP, 2, NULL);
        beside_measure(session,
                       PAL_T("Bursts beside it: 150 ms of work, 350 ms of pause",
                             "Des à-coups à côté : 150 ms de travail, 350 ms de pause"),
                       BESIDE_BURSTS, 1, NULL);
    }
    if (session->wants[BESIDE_PART_SPIN]) {
        beside_measure_spin(session);
    }
    if (session->wants[BESIDE_PART_GAME]) {
        beside_measure_game(session);
    }
}

static int
run(struct beside_session *session, int argc, char **argv)
{
    struct pal_error error = {0};
    int status;
    char **own_argv = make_spinner_argv(argc, argv);
    if (!pal_sweep_init(&session->sweep, &request, argc, argv, &status)) {
        free_argv(own_argv);
        return status;
    }
    own_argv[0] = pal_strdup(session->sweep.program);
    session->spinner_argv = own_argv;
    session->planned = pal_sweep_options(&session->sweep);
    beside_choose_variants(session);
    pal_bench_init(&session->bench, "beside");
    const struct pal_engine_options options = beside_options_of(session, &session->variants[0]);
    if (pal_trial_open(&session->trial, &options, BESIDE_OPEN_TIMEOUT_US, &error) == PAL_OK) {
        const struct pal_engine_facts *facts = pal_engine_facts(session->trial.engine);
        (void)printf("model: %s, %s\n", facts->model_name, facts->variant);
        measure(session);
    } else {
        pal_bench_fail(&session->bench, "%s", error.text);
    }
    pal_trial_close(&session->trial);
    status = pal_bench_finish(&session->bench, session->sweep.json_path);
    pal_sweep_finish(&session->sweep);
    free_argv(own_argv);
    return status;
}

int
pal_bench_beside(int argc, char **argv)
{
    struct beside_session *session = pal_calloc(1, sizeof(*session));
    session->n_rounds = 3;
    session->window_us = 4 * PAL_US_PER_S;
    int status = PAL_EXIT_USAGE;
    bool is_asked = false;
    bool ok = take_flags(session, &argc, argv);
    for (int part = 0; part < BESIDE_PARTS; part++) {
        is_asked = is_asked || session->wants[part];
    }
    for (int part = 0; part < BESIDE_PART_SPINNER && !is_asked; part++) {
        session->wants[part] = true;
    }
    if (ok) {
        status = run(session, argc, argv);
    } else {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre bench beside: --part is quiet, loop, busy, spin or game; "
                            "--rounds 1 to 20; --window 0.5 to 60 seconds\n",
                            "palabre bench beside : --part vaut quiet, loop, busy, spin ou game ; "
                            "--rounds 1 à 20 ; --window 0.5 à 60 secondes\n"));
    }
    free(session);
    return status;
}
