/* palabre model pull: downloads a model and says how to use it. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/model.h"
#include "fetch/fetch.h"
#include "util/clock.h"
#include "util/text.h"

#define JSON_PERIOD_US (500 * PAL_US_PER_MS)

struct screen {
    bool as_json;
    struct pal_model_bar bar;
    enum pal_fetch_stage stage;
    bool has_stage; /* `stage` was announced */
    int64_t shown_us;
};

static void
print_help(FILE *to)
{
    (void)fputs(
        PAL_T(
            "Usage: palabre model pull [--json] NAME\n"
            "\n"
            "Downloads a model into the shared Hugging Face cache. NAME is one of 'palabre model\n"
            "list', or hf:user/repository:QUANT (without :QUANT it is Q4_K_M). A download that\n"
            "was cut goes on where it stopped; size and checksum are verified.\n"
            "\n"
            "  --json    one JSON object a line, for programs\n"
            "\n"
            "HF_TOKEN: an access token, for models that are not for everybody.\n"
            "HF_ENDPOINT: another server. HF_HUB_CACHE or HF_HOME: another folder.\n",
            "Usage : palabre model pull [--json] NOM\n"
            "\n"
            "Télécharge un modèle dans le cache partagé de Hugging Face. NOM est l'un de ceux de\n"
            "« palabre model list », ou hf:utilisateur/dépôt:QUANT (sans :QUANT, c'est Q4_K_M).\n"
            "Un téléchargement coupé reprend où il en était ; taille et somme sont vérifiées.\n"
            "\n"
            "  --json    un objet JSON par ligne, pour les programmes\n"
            "\n"
            "HF_TOKEN : un jeton d'accès, pour les modèles qui ne sont pas à tout le monde.\n"
            "HF_ENDPOINT : un autre serveur. HF_HUB_CACHE ou HF_HOME : un autre dossier.\n"),
        to);
}

static const char *
stage_name(enum pal_fetch_stage stage)
{
    switch (stage) {
    case PAL_FETCH_STAGE_ASKING:
        return "asking";
    case PAL_FETCH_STAGE_CHECKING:
        return "checking";
    case PAL_FETCH_STAGE_DOWNLOADING:
        return "downloading";
    case PAL_FETCH_STAGE_WAITING:
        return "waiting";
    }
    return "";
}

static const char *
stage_text(enum pal_fetch_stage stage)
{
    switch (stage) {
    case PAL_FETCH_STAGE_ASKING:
        return PAL_T("asking the server", "question au serveur");
    case PAL_FETCH_STAGE_CHECKING:
        return PAL_T("checking what is there", "vérification de ce qui est là");
    case PAL_FETCH_STAGE_DOWNLOADING:
        return PAL_T("downloading", "téléchargement");
    case PAL_FETCH_STAGE_WAITING:
        return PAL_T("the line was cut, trying again", "ligne coupée, nouvel essai");
    }
    return "";
}

static void
print_json_line(json_t *object)
{
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    (void)printf("\n");
    (void)fflush(stdout);
    json_decref(object);
}

static void
show_progress(const struct pal_fetch_progress *progress, void *userdata)
{
    struct screen *screen = userdata;
    bool is_new = !screen->has_stage || screen->stage != progress->stage;
    screen->has_stage = true;
    screen->stage = progress->stage;
    int64_t now_us = pal_now_us();
    if (screen->as_json) {
        bool is_last = progress->total_bytes > 0 && progress->done_bytes == progress->total_bytes;
        if (is_new || is_last || now_us - screen->shown_us >= JSON_PERIOD_US) {
            screen->shown_us = now_us;
            print_json_line(json_pack("{s:s, s:s, s:o, s:I, s:I}", "event", "progress", "stage",
                                      stage_name(progress->stage), "file",
                                      pal_model_json_text(progress->file), "done_bytes",
                                      (json_int_t)progress->done_bytes, "total_bytes",
                                      (json_int_t)progress->total_bytes));
        }
        return;
    }
    if (is_new && !screen->bar.is_tty && progress->stage != PAL_FETCH_STAGE_ASKING) {
        (void)fprintf(stderr, "%s: %s\n", progress->file, stage_text(progress->stage));
    }
    pal_model_bar_show(&screen->bar, stage_text(progress->stage), progress->done_bytes,
                       progress->total_bytes, progress->fresh_bytes);
}

static int
report_failure(const struct screen *screen, const struct pal_error *error)
{
    if (screen->as_json) {
        print_json_line(json_pack("{s:s, s:s, s:o}", "event", "error", "code",
                                  pal_err_name(error->code), "message",
                                  pal_model_json_text(error->text)));
    }
    return pal_model_fail(error);
}

static void
report_success(const struct screen *screen, const char *name, const char *path, bool was_here)
{
    if (screen->as_json) {
        print_json_line(json_pack("{s:s, s:o, s:b}", "event", "done", "path",
                                  pal_model_json_text(path), "already_there", was_here));
        return;
    }
    (void)printf(was_here ? PAL_T("'%s' is here already: %s\n", "« %s » est déjà là : %s\n")
                          : PAL_T("'%s' is here, size and checksum are right: %s\n",
                                  "« %s » est là, taille et somme sont justes : %s\n"),
                 name, path);
    (void)printf(PAL_T("Talk with it: palabre run --model %s\n",
                       "Pour lui parler : palabre run --model %s\n"),
                 name);
}

static int
pull(const char *name, struct screen *screen)
{
    struct pal_fetch_options options = {
        .on_progress = show_progress,
        .userdata = screen,
        .is_cancelled = pal_model_catch_signals(),
    };
    struct pal_error error;
    char *path;
    pal_model_bar_init(&screen->bar);
    enum pal_err err = pal_fetch_pull(name, &options, &path, &error);
    if (!screen->as_json) {
        pal_model_bar_finish(&screen->bar);
    }
    if (err != PAL_OK) {
        return report_failure(screen, &error);
    }
    report_success(screen, name, path, !screen->has_stage);
    free(path);
    return PAL_EXIT_OK;
}

int
pal_model_pull(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct screen screen = {0};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
        switch (option) {
        case 'j':
            screen.as_json = true;
            break;
        case 'h':
            print_help(stdout);
            return PAL_EXIT_OK;
        default:
            return PAL_EXIT_USAGE;
        }
    }
    if (optind + 1 != argc) {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    return pull(argv[optind], &screen);
}
