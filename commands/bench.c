/* palabre bench: picks the bench and hands over. */
#include "commands/bench.h"

#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "util/mem.h"
#include "util/text.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *en, *fr;
} benches[] = {
    {"chat", pal_bench_chat, "conversations with a companion, or with any server of OpenAI's API",
     "des conversations avec un compagnon, ou avec tout serveur à l'API d'OpenAI"},
    {"engine", pal_bench_engine, "prefill and decode by depth and sequences, first token, cancel",
     "requête et réponse selon la profondeur et le nombre, premier jeton, annulation"},
    {"beside", pal_bench_beside, "the engine beside other programs, and a game beside the engine",
     "le moteur à côté d'autres programmes, et un jeu à côté du moteur"},
    {"memory", pal_bench_memory, "10,000 messages, and what grows with them",
     "10 000 messages, et ce qui grossit avec eux"},
    {"park", pal_bench_park, "conversations that leave the KV and come back; a change of engine",
     "des conversations qui quittent le KV et reviennent ; un changement de moteur"},
    {"side", pal_bench_side, "several servers given the same work in turn, side by side",
     "plusieurs serveurs au même travail, tour à tour, côte à côte"},
    {"ipc", pal_bench_ipc, "the avatar link: latency, rate, bytes",
     "le lien avec l'avatar : latence, débit, octets"},
    {"threads", pal_bench_threads, "replies with 1 to 16 threads", "réponses avec 1 à 16 fils"},
    {"gpu", pal_bench_gpu, "replies with 0 to all layers on the card",
     "réponses avec 0 à toutes les couches sur la carte"},
    {"tune", pal_bench_tune, "what 'palabre tune' picks, against a sweep of everything",
     "le choix de « palabre tune », contre un balayage de tout"},
    {"warmup", pal_bench_warmup, "the first line: cold, warm, after a restart",
     "la première ligne : à froid, à chaud, après un redémarrage"},
};

static void
print_help(FILE *file)
{
    (void)fprintf(file, "%s",
                  PAL_T("usage: palabre bench NAME [options]\n"
                        "Measures this machine. Figures come with the machine's name and load.\n\n",
                        "usage : palabre bench NOM [options]\n"
                        "Mesure cette machine. Les chiffres portent son nom et sa charge.\n\n"));
    for (size_t i = 0; i < PAL_COUNT_OF(benches); i++) {
        (void)fprintf(file, "  %-8s %s\n", benches[i].name, PAL_T(benches[i].en, benches[i].fr));
    }
}

int
pal_command_bench(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return PAL_EXIT_OK;
    }
    for (size_t i = 0; i < PAL_COUNT_OF(benches); i++) {
        if (strcmp(argv[1], benches[i].name) == 0) {
            return benches[i].run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr,
                  PAL_T("palabre bench: there is no bench '%s'\n",
                        "palabre bench : il n'y a pas de mesure « %s »\n"),
                  argv[1]);
    print_help(stderr);
    return PAL_EXIT_USAGE;
}
