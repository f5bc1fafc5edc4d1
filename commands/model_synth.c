/* palabre model synth: a model of a real one's exact shape, with random weights. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/command.h"
#include "commands/model.h"
#include "gguf/synth.h"
#include "util/clock.h"
#include "util/text.h"

struct arguments {
    struct pal_gguf_synth_options options;
    const char *path;
};

static void
print_names(FILE *to)
{
    (void)fputs(PAL_T("\nSHAPE: ", "\nFORME : "), to);
    const struct pal_gguf_shape *shape;
    for (size_t i = 0; (shape = pal_gguf_shape_at(i)) != NULL; i++) {
        (void)fprintf(to, "%s%s", i > 0 ? ", " : "", shape->name);
    }
    (void)fputs("\nQUANT: ", to);
    const struct pal_gguf_quant *quant;
    for (size_t i = 0; (quant = pal_gguf_quant_at(i)) != NULL; i++) {
        (void)fprintf(to, "%s%s", i > 0 ? ", " : "", quant->name);
    }
    (void)fputs("\n", to);
}

static void
print_help(FILE *to)
{
    (void)fputs(
        PAL_T(
            "Usage: palabre model synth --like SHAPE [--quant QUANT] [--seed N] FILE.gguf\n"
            "\n"
            "Writes a model that has the size, the types and the speed of a real one, and random\n"
            "weights: it talks nonsense, and says how fast the real one will be here.\n"
            "\n"
            "  --like SHAPE    which model\n"
            "  --quant QUANT   how its weights are packed (default q4_k_m)\n"
            "  --seed N        another number gives other weights (default 0)\n",
            "Usage : palabre model synth --like FORME [--quant QUANT] [--seed N] FICHIER.gguf\n"
            "\n"
            "Écrit un modèle qui a la taille, les types et la vitesse d'un vrai, et des poids\n"
            "aléatoires : il dit n'importe quoi, mais montre la vitesse qu'aura le vrai ici.\n"
            "\n"
            "  --like FORME    quel modèle\n"
            "  --quant QUANT   comment ses poids sont compressés (q4_k_m par défaut)\n"
            "  --seed N        un autre nombre donne d'autres poids (0 par défaut)\n"),
        to);
    print_names(to);
}

static int
unknown_name(const char *option, const char *value)
{
    (void)fprintf(stderr,
                  PAL_T("palabre model synth: %s does not know '%s'\n",
                        "palabre model synth : %s ne connaît pas « %s »\n"),
                  option, value);
    print_names(stderr);
    return PAL_EXIT_USAGE;
}

static int
read_seed(const char *text, uint64_t *seed)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-') {
        (void)fprintf(stderr,
                      PAL_T("palabre model synth: --seed needs a whole number, not '%s'\n",
                            "palabre model synth : --seed veut un entier, pas « %s »\n"),
                      text);
        return PAL_EXIT_USAGE;
    }
    *seed = value;
    return PAL_EXIT_OK;
}

/* PAL_EXIT_OK with a path to write, or without one if there is nothing left to do. */
static int
read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"like", required_argument, NULL, 'l'},
        {"quant", required_argument, NULL, 'q'},
        {"seed", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int status = PAL_EXIT_OK;
    int option;
    optind = 1;
    while (status == PAL_EXIT_OK &&
           (option = getopt_long(argc, argv, "l:q:s:h", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            arguments->options.shape = pal_gguf_shape_find(optarg);
            status = arguments->options.shape != NULL ? status : unknown_name("--like", optarg);
            break;
        case 'q':
            arguments->options.quant = pal_gguf_quant_find(optarg);
            status = arguments->options.quant != NULL ? status : unknown_name("--quant", optarg);
            break;
        case 's':
            status = read_seed(optarg, &arguments->options.seed);
            break;
        case 'h':
            print_help(stdout);
            return PAL_EXIT_OK;
        default:
            return PAL_EXIT_USAGE;
        }
    }
    if (status == PAL_EXIT_OK && (arguments->options.shape == NULL || optind + 1 != argc)) {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    arguments->path = status == PAL_EXIT_OK ? argv[optind] : NULL;
    return status;
}

static void
show_progress(uint64_t done_bytes, uint64_t total_bytes, void *userdata)
{
    pal_model_bar_show(userdata, PAL_T("writing", "écriture"), done_bytes, total_bytes, done_bytes);
}

int
pal_model_synth(int argc, char **argv)
{
    struct arguments arguments = {.options = {.quant = pal_gguf_quant_find("q4_k_m")}};
    int status = read_arguments(argc, argv, &arguments);
    if (arguments.path == NULL) {
        return status;
    }
    struct pal_model_bar bar;
    struct pal_error error;
    pal_model_bar_init(&bar);
    arguments.options.on_progress = show_progress;
    arguments.options.userdata = &bar;
    arguments.options.is_cancelled = pal_model_catch_signals();
    enum pal_err err = pal_gguf_synth(arguments.path, &arguments.options, &error);
    pal_model_bar_finish(&bar);
    if (err != PAL_OK) {
        return pal_model_fail(&error);
    }
    struct stat st = {0};
    char size[32];
    (void)stat(arguments.path, &st);
    pal_model_format_bytes((uint64_t)st.st_size, size, sizeof(size));
    double seconds = (double)(pal_now_us() - bar.started_us) / (double)PAL_US_PER_S;
    (void)printf(PAL_T("%s: %s %s, %s, written in %.1f s\n", "%s : %s %s, %s, écrit en %.1f s\n"),
                 arguments.path, arguments.options.shape->name, arguments.options.quant->name, size,
                 seconds);
    return PAL_EXIT_OK;
}
