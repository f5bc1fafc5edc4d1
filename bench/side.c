/* palabre bench side: flags, the order of things, the end. */
#include "bench/side.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/bench.h"
#include "commands/command.h"
#include "util/mem.h"
#include "util/text.h"

struct run {
    struct side_options options;
    const char *title;
    const char *json_path;
    const char *markdown_path;
    char **merged; /* JSON files of earlier runs */
    size_t n_merged;
};

static void
print_help(FILE *file)
{
    (void)fprintf(
        file, "%s",
        PAL_T(
            "Usage: palabre bench side --url LABEL=URL --url LABEL=URL [options]\n"
            "       palabre bench side --markdown FILE RUN.json ...\n\n"
            "Gives several servers of OpenAI's API the same work in turn and compares the first\n"
            "with each of the others.\n\n"
            "  --url LABEL=URL      a server; twice or more\n"
            "  --start LABEL=CMD    shell command that starts it (needed for 'restart')\n"
            "  --pin LABEL          send each user to a slot of its own there (id_slot)\n"
            "  --spinner URL        a server that decodes beside the others (for 'spin')\n"
            "  --start-spinner CMD  shell command that starts it\n"
            "  --work A,B           of: chat viewers gap quiet busy1 busy2 spin restart\n"
            "                       (default: all that can be done)\n"
            "  --rounds N           default 3\n"
            "  --users N            default 4; --messages N 10; --tokens N 40\n"
            "  --viewers N          default 20; --turns N 3; --long N 690\n"
            "  --window SECONDS     how long a speed is watched; default 8\n"
            "  --title TEXT         heads the report\n"
            "  --json FILE          the run, with every sample\n"
            "  --markdown FILE      a page of the runs named behind it, or of this one\n",
            "Usage : palabre bench side --url NOM=URL --url NOM=URL [options]\n"
            "        palabre bench side --markdown FICHIER MESURE.json ...\n\n"
            "Donne le même travail à plusieurs serveurs à l'API d'OpenAI, tour à tour, et compare\n"
            "le premier à chacun des autres.\n\n"
            "  --url NOM=URL        un serveur ; deux fois ou plus\n"
            "  --start NOM=CMD      commande qui le démarre (il la faut pour « restart »)\n"
            "  --pin NOM            y envoyer chaque personne vers sa propre place (id_slot)\n"
            "  --spinner URL        un serveur qui calcule à côté des autres (pour « spin »)\n"
            "  --start-spinner CMD  commande qui le démarre\n"
            "  --work A,B           parmi : chat viewers gap quiet busy1 busy2 spin restart\n"
            "                       (par défaut : tout ce qui est possible)\n"
            "  --rounds N           3 par défaut\n"
            "  --users N            4 par défaut ; --messages N 10 ; --tokens N 40\n"
            "  --viewers N          20 par défaut ; --turns N 3 ; --long N 690\n"
            "  --window SECONDES    durée d'observation d'une vitesse ; 8 par défaut\n"
            "  --title TEXTE        le titre du rapport\n"
            "  --json FICHIER       la mesure, avec chaque échantillon\n"
            "  --markdown FICHIER   une page des mesures nommées derrière, ou de celle-ci\n"));
}

/* ---- flags ---- */

static struct side_server *
server_named(struct side_options *options, const char *text, const char **value)
{
    const char *equals = strchr(text, '=');
    size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text);
    *value = equals != NULL ? equals + 1 : "";
    for (size_t i = 0; i < options->n_servers; i++) {
        const char *label = options->servers[i].label;
        if (strlen(label) == len && memcmp(label, text, len) == 0) {
            return &options->servers[i];
        }
    }
    return NULL;
}

static bool
add_server(struct side_options *options, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || options->n_servers == SIDE_SERVERS_MAX) {
        return false;
    }
    struct side_server *server = &options->servers[options->n_servers++];
    server->label = pal_strndup(text, (size_t)(equals - text));
    server->base = pal_strdup(equals + 1);
    return true;
}

static bool
take_works(struct side_options *options, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        bool found = false;
        for (size_t i = 0; i < SIDE_WORKS; i++) {
            bool is_it =
                strlen(side_works[i].name) == len && memcmp(side_works[i].name, text, len) == 0;
            options->wants[i] = options->wants[i] || is_it;
            found = found || is_it;
        }
        if (!found) {
            return false;
        }
        text += len + (text[len] == ',');
    }
    return true;
}

static bool
take_number(const char *text, uint32_t max, uint32_t *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *number = (uint32_t)value;
    return end != text && *end == '\0' && value >= 1 && value <= max;
}

enum flag {
    FLAG_URL = 1,
    FLAG_START,
    FLAG_PIN,
    FLAG_SPINNER,
    FLAG_START_SPINNER,
    FLAG_WORK,
    FLAG_ROUNDS,
    FLAG_USERS,
    FLAG_MESSAGES,
    FLAG_TOKENS,
    FLAG_VIEWERS,
    FLAG_TURNS,
    FLAG_LONG,
    FLAG_WINDOW,
    FLAG_TITLE,
    FLAG_JSON,
    FLAG_MARKDOWN,
};

static const struct option flags[] = {
    {"url", required_argument, NULL, FLAG_URL},
    {"start", required_argument, NULL, FLAG_START},
    {"pin", required_argument, NULL, FLAG_PIN},
    {"spinner", required_argument, NULL, FLAG_SPINNER},
    {"start-spinner", required_argument, NULL, FLAG_START_SPINNER},
    {"work", required_argument, NULL, FLAG_WORK},
    {"rounds", required_argument, NULL, FLAG_ROUNDS},
    {"users", required_argument, NULL, FLAG_USERS},
    {"messages", required_argument, NULL, FLAG_MESSAGES},
    {"tokens", required_argument, NULL, FLAG_TOKENS},
    {"viewers", required_argument, NULL, FLAG_VIEWERS},
    {"turns", required_argument, NULL, FLAG_TURNS},
    {"long", required_argument, NULL, FLAG_LONG},
    {"window", required_argument, NULL, FLAG_WINDOW},
    {"title", required_argument, NULL, FLAG_TITLE},
    {"json", required_argument, NULL, FLAG_JSON},
    {"markdown", required_argument, NULL, FLAG_MARKDOWN},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool
take_server_flag(struct side_options *options, int flag, const char *text)
{
    const char *value = "";
    struct side_server *server = NULL;
    switch (flag) {
    case FLAG_URL:
        return add_server(options, text);
    case FLAG_SPINNER:
        options->spinner.base = pal_strdup(text);
        return true;
    case FLAG_START_SPINNER:
        options->spinner.command = pal_strdup(text);
        return true;
    default:
        server = server_named(options, text, &value);
    }
    if (server != NULL && flag == FLAG_PIN) {
        server->is_pinned = true;
    } else if (server != NULL) {
        server->command = pal_strdup(value);
    }
    return server != NULL;
}

static bool
take_flag(struct run *run, int flag, const char *text)
{
    struct side_options *options = &run->options;
    char *end = NULL;
    switch (flag) {
    case FLAG_WORK:
        return take_works(options, text);
    case FLAG_ROUNDS:
        return take_number(text, SIDE_ROUNDS_MAX, &options->n_rounds);
    case FLAG_USERS:
        return take_number(text, SIDE_USERS_MAX, &options->n_users);
    case FLAG_MESSAGES:
        return take_number(text, 1000, &options->n_messages);
    case FLAG_TOKENS:
        return take_number(text, 4096, &options->n_tokens);
    case FLAG_VIEWERS:
        return take_number(text, 1000, &options->n_viewers);
    case FLAG_TURNS:
        return take_number(text, 100, &options->n_turns);
    case FLAG_LONG:
        return take_number(text, 100000, &options->n_long_tokens);
    case FLAG_WINDOW:
        options->window_s = strtod(text, &end);
        return *end == '\0' && options->window_s >= 1 && options->window_s <= 120;
    case FLAG_TITLE:
        run->title = text;
        return true;
    case FLAG_JSON:
        run->json_path = text;
        return true;
    case FLAG_MARKDOWN:
        run->markdown_path = text;
        return true;
    default:
        return take_server_flag(options, flag, text);
    }
}

/* Nobody asked for anything special: all that can be done with these servers. */
static void
want_what_can_be_done(struct side_options *options)
{
    bool wants_any = false;
    bool can_restart = true;
    for (size_t i = 0; i < SIDE_WORKS; i++) {
        wants_any = wants_any || options->wants[i];
    }
    for (size_t i = 0; i < options->n_servers; i++) {
        can_restart = can_restart && options->servers[i].command != NULL;
    }
    for (size_t i = 0; i < SIDE_WORKS && !wants_any; i++) {
        options->wants[i] =
            (i != SIDE_SPIN || options->spinner.base != NULL) && (i != SIDE_RESTART || can_restart);
    }
}

/* ---- measuring ---- */

static bool
start_all(struct side_options *options, struct pal_bench *bench)
{
    struct pal_error error = {0};
    bool ok = true;
    for (size_t i = 0; ok && i <= options->n_servers; i++) {
        bool is_spinner = i == options->n_servers;
        struct side_server *server = is_spinner ? &options->spinner : &options->servers[i];
        if (server->base == NULL || (is_spinner && !options->wants[SIDE_SPIN])) {
            continue;
        }
        ok = side_server_spawn(server, &error) == PAL_OK &&
             side_server_await(server, &error) == PAL_OK;
    }
    if (!ok) {
        pal_bench_fail(bench, "%s", error.text);
    }
    return ok;
}

/* A B A B: a machine's moods fall on all of them. */
static void
measure(const struct side_options *options, struct side_server *servers, enum side_work work,
        struct side_result *result, struct pal_bench *bench)
{
    *result = (struct side_result){.work = work};
    for (uint32_t round = 1; round <= options->n_rounds; round++) {
        for (size_t i = 0; i < options->n_servers; i++) {
            double sample = side_measure(work, options, &servers[i], round, bench);
            if (sample >= 0) {
                result->samples[i][result->n_samples[i]++] = sample;
            }
            (void)printf("  %-8s round %u  %-20s %.2f %s\n", side_works[work].name, round,
                         servers[i].label, sample, side_works[work].unit);
            (void)fflush(stdout);
        }
    }
}

static void
write_outputs(const struct run *run, json_t *report, struct pal_bench *bench)
{
    if (run->json_path != NULL && json_dump_file(report, run->json_path, JSON_INDENT(1)) != 0) {
        pal_bench_fail(bench, "cannot write '%s'", run->json_path);
    }
    if (run->markdown_path != NULL) {
        json_t *runs = json_pack("[O]", report);
        if (!side_report_markdown(runs, run->markdown_path)) {
            pal_bench_fail(bench, "cannot write '%s'", run->markdown_path);
        }
        json_decref(runs);
    }
}

static int
compare(struct run *run)
{
    struct side_options *options = &run->options;
    struct side_result *results = pal_calloc(SIDE_WORKS, sizeof(*results));
    size_t n_results = 0;
    struct pal_bench bench;
    pal_bench_init(&bench, "side");
    want_what_can_be_done(options);
    if (start_all(options, &bench)) {
        for (size_t i = 0; i < SIDE_WORKS; i++) {
            if (options->wants[i]) {
                measure(options, options->servers, (enum side_work)i, &results[n_results++],
                        &bench);
            }
        }
    }
    json_t *report = side_report_json(options, results, n_results, &bench, run->title);
    side_report_print(report);
    write_outputs(run, report, &bench);
    json_decref(report);
    free(results);
    for (size_t i = 0; i < options->n_servers; i++) {
        side_server_stop(&options->servers[i]);
    }
    side_server_stop(&options->spinner);
    return pal_bench_finish(&bench, NULL);
}

/* A page of runs that were measured before. */
static int
merge(const struct run *run)
{
    json_t *runs = json_array();
    int status = PAL_EXIT_OK;
    for (size_t i = 0; i < run->n_merged; i++) {
        json_t *one = json_load_file(run->merged[i], 0, NULL);
        if (!json_is_array(json_object_get(one, "works"))) {
            (void)fprintf(stderr,
                          PAL_T("palabre bench side: '%s' is not a run of this bench\n",
                                "palabre bench side : « %s » n'est pas une mesure d'ici\n"),
                          run->merged[i]);
            status = PAL_EXIT_FAILED;
        }
        (void)json_array_append_new(runs, one != NULL ? one : json_object());
    }
    if (status == PAL_EXIT_OK && !side_report_markdown(runs, run->markdown_path)) {
        (void)fprintf(stderr,
                      PAL_T("palabre bench side: cannot write '%s'\n",
                            "palabre bench side : impossible d'écrire « %s »\n"),
                      run->markdown_path);
        status = PAL_EXIT_FAILED;
    }
    json_decref(runs);
    return status;
}

static void
free_server(struct side_server *server)
{
    free(server->label);
    free(server->base);
    free(server->command);
}

int
pal_bench_side(int argc, char **argv)
{
    struct run run = {
        .options = {.n_rounds = 3,
                    .n_users = 4,
                    .n_messages = 10,
                    .n_tokens = 40,
                    .n_viewers = 20,
                    .n_turns = 3,
                    .n_long_tokens = 690,
                    .window_s = 8},
        .title = "side by side",
    };
    int status = PAL_EXIT_OK;
    int flag = 0;
    bool is_done = false;
    run.options.spinner.label = pal_strdup("spinner");
    while (!is_done && (flag = getopt_long(argc, argv, "h", flags, NULL)) != -1) {
        if (flag == 'h') {
            print_help(stdout);
            is_done = true;
        } else if (flag == '?' || !take_flag(&run, flag, optarg)) {
            print_help(stderr);
            status = PAL_EXIT_USAGE;
            is_done = true;
        }
    }
    run.merged = argv + optind;
    run.n_merged = (size_t)(argc - optind);
    bool merges = run.n_merged > 0 && run.markdown_path != NULL && run.options.n_servers == 0;
    if (!is_done && !merges && (run.options.n_servers < 2 || run.n_merged > 0)) {
        print_help(stderr);
        status = PAL_EXIT_USAGE;
    } else if (!is_done) {
        status = merges ? merge(&run) : compare(&run);
    }
    for (size_t i = 0; i < run.options.n_servers; i++) {
        free_server(&run.options.servers[i]);
    }
    free_server(&run.options.spinner);
    return status;
}
