/* palabre model: looks at model files, makes them, downloads them. */
#include "commands/model.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

#define BAR_CELLS      24
#define TTY_PERIOD_US  (100 * PAL_US_PER_MS)
#define PIPE_PERIOD_US (5 * PAL_US_PER_S)

/* A signal handler has no other place to leave word. */
static atomic_bool was_interrupted;

static void
on_signal(int number)
{
    (void)number;
    atomic_store(&was_interrupted, true);
}

const atomic_bool *
pal_model_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    return &was_interrupted;
}

void
pal_model_format_bytes(uint64_t bytes, char *out, size_t room)
{
    static const char *const english[] = {"B", "KB", "MB", "GB", "TB"};
    static const char *const french[] = {"o", "ko", "Mo", "Go", "To"};
    double amount = (double)bytes;
    size_t unit = 0;
    while (amount >= 999.5 && unit + 1 < PAL_COUNT_OF(english)) {
        amount /= 1000;
        unit++;
    }
    int decimals = unit == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
    (void)snprintf(out, room, "%.*f %s", decimals, amount, PAL_T(english[unit], french[unit]));
    char *point = strchr(out, '.');
    if (point != NULL && pal_lang() == PAL_LANG_FR) {
        *point = ',';
    }
}

void
pal_model_bar_init(struct pal_model_bar *bar)
{
    int64_t now_us = pal_now_us();
    *bar = (struct pal_model_bar){
        .is_tty = isatty(STDERR_FILENO) == 1,
        .started_us = now_us,
        /* The first line of a pipe comes after one period, that of a terminal at once. */
        .shown_us = now_us,
    };
}

static void
format_left(double seconds, char *out, size_t room)
{
    long left = (long)seconds;
    if (left >= 3600) {
        (void)snprintf(out, room, "%ld h %02ld", left / 3600, left / 60 % 60);
    } else if (left >= 60) {
        (void)snprintf(out, room, "%ld min %02ld", left / 60, left % 60);
    } else {
        (void)snprintf(out, room, "%ld s", left);
    }
}

void
pal_model_bar_show(struct pal_model_bar *bar, const char *label, uint64_t done_bytes,
                   uint64_t total_bytes, uint64_t fresh_bytes)
{
    int64_t now_us = pal_now_us();
    if (total_bytes == 0 ||
        now_us - bar->shown_us < (bar->is_tty ? TTY_PERIOD_US : PIPE_PERIOD_US)) {
        return;
    }
    bar->shown_us = now_us;
    done_bytes = done_bytes < total_bytes ? done_bytes : total_bytes; /* `cells` has no more room */
    char done[32];
    char total[32];
    char speed[32];
    char left[32];
    double seconds = (double)(now_us - bar->started_us) / (double)PAL_US_PER_S;
    double rate = (double)fresh_bytes / seconds;
    pal_model_format_bytes(done_bytes, done, sizeof(done));
    pal_model_format_bytes(total_bytes, total, sizeof(total));
    pal_model_format_bytes((uint64_t)rate, speed, sizeof(speed));
    format_left(rate > 0 ? (double)(total_bytes - done_bytes) / rate : 0, left, sizeof(left));
    unsigned percent = (unsigned)((double)done_bytes * 100 / (double)total_bytes);
    if (!bar->is_tty) {
        (void)fprintf(stderr,
                      PAL_T("%s: %u %%, %s of %s, %s/s, %s left\n",
                            "%s : %u %%, %s sur %s, %s/s, reste %s\n"),
                      label, percent, done, total, speed, left);
        return;
    }
    unsigned full = percent * BAR_CELLS / 100;
    char cells[BAR_CELLS + 1];
    memset(cells, ' ', BAR_CELLS);
    memset(cells, '=', full);
    cells[full] = full < BAR_CELLS ? '>' : '\0';
    cells[BAR_CELLS] = '\0';
    (void)fprintf(stderr,
                  PAL_T("\r\033[K%s [%s] %u %%  %s of %s  %s/s  %s left",
                        "\r\033[K%s [%s] %u %%  %s sur %s  %s/s  reste %s"),
                  label, cells, percent, done, total, speed, left);
    (void)fflush(stderr);
}

void
pal_model_bar_finish(struct pal_model_bar *bar)
{
    if (bar->is_tty) {
        (void)fputs("\r\033[K", stderr);
    }
}

json_t *
pal_model_json_text(const char *text)
{
    char *copy = pal_strdup(text);
    pal_utf8_scrub(copy, strlen(copy));
    json_t *json = json_string(copy);
    free(copy);
    return json;
}

int
pal_model_fail(const struct pal_error *error)
{
    (void)fprintf(stderr, "palabre model: %s\n", error->text);
    return error->code == PAL_ERR_ARGUMENT ? PAL_EXIT_USAGE : PAL_EXIT_FAILED;
}

static void
print_help(FILE *to)
{
    (void)fputs(
        PAL_T("Usage: palabre model COMMAND ...\n"
              "\n"
              "  list                  the models that are here, and those that can be downloaded\n"
              "  pull NAME             download one of them, or hf:user/repository:QUANT\n"
              "  info FILE|NAME        what a model file holds\n"
              "  synth --like SHAPE FILE.gguf\n"
              "                        write a model of a real one's size with random weights, to\n"
              "                        measure this machine before downloading anything\n"
              "\n"
              "palabre model COMMAND --help says more.\n",
              "Usage : palabre model COMMANDE ...\n"
              "\n"
              "  list                  les modèles présents, et ceux que l'on peut télécharger\n"
              "  pull NOM              en télécharge un, ou hf:utilisateur/dépôt:QUANT\n"
              "  info FICHIER|NOM      ce que contient un fichier de modèle\n"
              "  synth --like FORME FICHIER.gguf\n"
              "                        écrit un modèle de la taille d'un vrai, aux poids "
              "aléatoires,\n"
              "                        pour mesurer cette machine avant tout téléchargement\n"
              "\n"
              "palabre model COMMANDE --help en dit plus.\n"),
        to);
}

int
pal_command_model(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {
        {"info", pal_model_info},
        {"list", pal_model_list},
        {"pull", pal_model_pull},
        {"synth", pal_model_synth},
    };
    if (argc < 2) {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return PAL_EXIT_OK;
    }
    for (size_t i = 0; i < PAL_COUNT_OF(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr,
                  PAL_T("palabre model: there is no command '%s'\n\n",
                        "palabre model : il n'y a pas de commande « %s »\n\n"),
                  argv[1]);
    print_help(stderr);
    return PAL_EXIT_USAGE;
}
