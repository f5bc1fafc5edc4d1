/*
 * palabre: picks the command and hands over; no logic of its own.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "commands/llama_dir.h"
#include "config/config.h"
#include "config/near.h"
#include "engine/library.h"
#include "util/mem.h"
#include "util/text.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *en, *fr; /* NULL: not for people */
};

static const struct command commands[] = {
    {"run", pal_command_run, "starts the companion and prints its address",
     "démarre le compagnon et affiche son adresse"},
    {"chat", pal_command_chat, "talks with the companion in this terminal",
     "parle avec le compagnon dans ce terminal"},
    {"model", pal_command_model, "looks into models, downloads them, makes synthetic ones",
     "regarde dans les modèles, les télécharge, en fabrique de synthétiques"},
    {"config", pal_command_config, "where the configuration is, what is in force, what is wrong",
     "où est la configuration, ce qui vaut, ce qui ne va pas"},
    {"memory", pal_command_memory, "what the companion remembers: list, show, export, forget",
     "ce que le compagnon retient : lister, montrer, exporter, oublier"},
    {"doctor", pal_command_doctor, "checks everything and says what mends what is wrong",
     "vérifie tout et dit ce qui répare ce qui ne va pas"},
    {"plan", pal_command_plan, "what would run where on this machine, and why",
     "ce qui tournerait où sur cette machine, et pourquoi"},
    {"tune", pal_command_tune, "measures the fastest way to run the model here, and keeps it",
     "mesure la façon la plus rapide de faire tourner le modèle ici, et la retient"},
    {"bench", pal_command_bench, "measures this machine", "mesure cette machine"},
    {"avatar", pal_command_avatar, "a headless avatar, to see what the companion's face does",
     "un avatar sans image, pour voir ce que fait le visage du compagnon"},
    {"twitch", pal_command_twitch, "the Twitch account that the companion speaks as",
     "le compte Twitch avec lequel le compagnon parle"},
    {"engine", pal_command_engine, NULL, NULL},
};

static void
print_help(FILE *stream)
{
    (void)fprintf(stream, "%s",
                  PAL_T("usage: palabre COMMAND [options]\n"
                        "A local AI companion.\n\n",
                        "usage : palabre COMMANDE [options]\n"
                        "Un compagnon IA local.\n\n"));
    for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
        if (commands[i].en != NULL) {
            (void)fprintf(stream, "  %-10s %s\n", commands[i].name,
                          PAL_T(commands[i].en, commands[i].fr));
        }
    }
    (void)fprintf(stream, "%s",
                  PAL_T("\n'palabre COMMAND --help' says more; 'palabre --version' the versions.\n",
                        "\n« palabre COMMANDE --help » en dit plus ; « palabre --version », les "
                        "versions.\n"));
}

static int
print_version(const char *lib_dir)
{
    char variant[64];
    char library[4096];
    struct pal_error error;
    (void)printf("palabre %s\n", PALABRE_VERSION);
    if (pal_library_init(lib_dir, NULL, false, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre: %s\n", error.text);
        return PAL_EXIT_FAILED;
    }
    pal_library_variant(variant, sizeof(variant));
    pal_llama_dir_loaded(library, sizeof(library));
    (void)printf(
        PAL_T("llama.cpp %s, CPU variant %s (%s)\n", "llama.cpp %s, variante CPU %s (%s)\n"),
        pal_library_version(), variant, library);
    return PAL_EXIT_OK;
}

static int
report_unknown(const char *name)
{
    struct pal_near best = {0};
    for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
        if (commands[i].en != NULL) {
            pal_near_offer(&best, name, commands[i].name);
        }
    }
    if (best.name != NULL) {
        (void)fprintf(
            stderr,
            PAL_T("palabre: there is no command '%s'; did you mean '%s'?\n",
                  "palabre: il n'y a pas de commande « %s » ; vouliez-vous dire « %s » ?\n"),
            name, best.name);
    } else {
        (void)fprintf(
            stderr,
            PAL_T("palabre: there is no command '%s'; see 'palabre --help'\n",
                  "palabre: il n'y a pas de commande « %s » ; voyez « palabre --help »\n"),
            name);
    }
    return PAL_EXIT_USAGE;
}

static int
run_command(int argc, char **argv, const char *lib_dir)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        return print_version(lib_dir);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help(stdout);
        return PAL_EXIT_OK;
    }
    if (name[0] == '\0') {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return report_unknown(name);
}

int
main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    pal_lang_init(pal_config_early_lang(argc, argv));
    /* The engine's process was given its folder by its front. */
    bool is_engine = argc > 1 && strcmp(argv[1], "engine") == 0;
    char *lib_dir = NULL;
    struct pal_error error;
    if (!is_engine && pal_llama_dir_apply(argv, &lib_dir, &error) != PAL_OK) {
        (void)fprintf(stderr, "palabre: %s\n", error.text);
        return PAL_EXIT_CONFIG;
    }
    int status = run_command(argc, argv, lib_dir);
    free(lib_dir);
    return status;
}
