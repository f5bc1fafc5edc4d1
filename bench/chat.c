#include "bench/chat.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "commands/bench.h"
#include "commands/command.h"
#include "commands/startup.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

static const struct pal_config_request request = {
    .command = "bench chat",
    .arguments = "[--users N] [--messages N] [--runs N] [--max-tokens N] [--sequential] "
                 "[--kv-reuse on|off] [--timeout S] [--url BASE] [--model-name NAME] "
                 "[--export FILE] [--quiet]",
    .about_en =
        "Measures conversations: users who each say something, wait for the reply, and go on. "
        "Without --url against a 'palabre run' of its own, with the flags below. With --url "
        "against any server with OpenAI's API. Ends with 1 if a message failed, took over "
        "--timeout (10 s), the average is 6 s or more, or the memory grows from run to run.",
    .about_fr =
        "Mesure des conversations : chacun dit quelque chose, attend la réponse, continue. Sans "
        "--url, contre un « palabre run » à lui, avec les options ci-dessous. Avec --url, contre "
        "tout serveur à l'API d'OpenAI. Finit par 1 si un message échoue ou dépasse --timeout "
        "(10 s), si la moyenne atteint 6 s, ou si la mémoire grandit d'un passage à l'autre.",
    .groups = PAL_GROUP_ALL,
};

/* ---- flags: ours are taken out, the rest is for `palabre run` ---- */

enum flag_kind { FLAG_SWITCH, FLAG_TEXT, FLAG_COUNT, FLAG_SECONDS, FLAG_ON_OFF };

struct flag {
    const char *name;
    enum flag_kind kind;
    void *value; /* bool, const char *, uint32_t, double, bool */
    double max;  /* COUNT, SECONDS; the least is 1 */
};

static bool
set_flag(const struct flag *flag, const char *text)
{
    char *end = NULL;
    double number = text != NULL ? strtod(text, &end) : 0.0;
    bool is_number = end != NULL && end != text && *end == '\0';
    switch (flag->kind) {
    case FLAG_SWITCH:
        *(bool *)flag->value = true;
        return text == NULL;
    case FLAG_TEXT:
        *(const char **)flag->value = text;
        return text != NULL && text[0] != '\0';
    case FLAG_ON_OFF:
        *(bool *)flag->value = text != NULL && strcmp(text, "on") == 0;
        return text != NULL && (strcmp(text, "on") == 0 || strcmp(text, "off") == 0);
    case FLAG_COUNT:
        if (!is_number || !(number >= 1 && number <= flag->max) ||
            number != (double)(uint32_t)number) {
            return false;
        }
        *(uint32_t *)flag->value = (uint32_t)number;
        return true;
    case FLAG_SECONDS:
        *(double *)flag->value = number;
        return is_number && number > 0 && number <= flag->max;
    }
    return false;
}

/* How many words of argv this flag took: 1 or 2; 0 = it is none of ours; -1 = it is wrong. */
static int
take_flag(const struct flag *flags, size_t n_flags, int n_left, char **argv)
{
    if (strncmp(argv[0], "--", 2) != 0) {
        return 0;
    }
    const char *name = argv[0] + 2;
    size_t len = strcspn(name, "=");
    for (size_t i = 0; i < n_flags; i++) {
        const struct flag *flag = &flags[i];
        if (strlen(flag->name) != len || memcmp(flag->name, name, len) != 0) {
            continue;
        }
        bool is_joined = name[len] == '=';
        bool takes_next = !is_joined && flag->kind != FLAG_SWITCH && n_left > 1;
        const char *text = is_joined ? name + len + 1 : takes_next ? argv[1] : NULL;
        if (set_flag(flag, text)) {
            return takes_next ? 2 : 1;
        }
        (void)fprintf(stderr,
                      PAL_T("palabre bench chat: '%s' is no value for --%s\n",
                            "palabre bench chat : « %s » n'est pas une valeur pour --%s\n"),
                      text != NULL ? text : "", flag->name);
        if (flag->max > 0) {
            (void)fprintf(
                stderr,
                PAL_T("it takes a number up to %.0f\n", "il faut un nombre, %.0f au plus\n"),
                flag->max);
        }
        return -1;
    }
    return 0;
}

/* Moves what is not ours to the front of argv; its new count, or -1. */
static int
take_flags(struct chat_options *options, int argc, char **argv)
{
    const struct flag flags[] = {
        {"users", FLAG_COUNT, &options->n_users, CHAT_USERS_MAX},
        {"messages", FLAG_COUNT, &options->n_messages, CHAT_MESSAGES_MAX},
        {"runs", FLAG_COUNT, &options->n_runs, CHAT_RUNS_MAX},
        {"max-tokens", FLAG_COUNT, &options->max_tokens, 4096},
        {"timeout", FLAG_SECONDS, &options->timeout_s, 600},
        {"sequential", FLAG_SWITCH, &options->sequential, 0},
        {"quiet", FLAG_SWITCH, &options->quiet, 0},
        {"kv-reuse", FLAG_ON_OFF, &options->kv_reuse, 0},
        {"url", FLAG_TEXT, &options->url, 0},
        {"model-name", FLAG_TEXT, &options->model_name, 0},
        {"export", FLAG_TEXT, &options->export_path, 0},
    };
    int n_kept = 1;
    for (int i = 1; i < argc;) {
        int n = take_flag(flags, PAL_COUNT_OF(flags), argc - i, argv + i);
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            argv[n_kept++] = argv[i++];
        }
        i += n;
    }
    return n_kept;
}

/* ---- measuring ---- */

static void
talk_all(struct chat_run *run, const struct chat_options *options, struct pal_bench *bench)
{
    bool started[CHAT_USERS_MAX] = {false};
    int64_t start_us = pal_now_us();
    for (uint32_t i = 0; i < options->n_users; i++) {
        struct chat_user *user = &run->users[i];
        started[i] = pthread_create(&user->thread, NULL, chat_user_talk, user) == 0;
        if (!started[i]) {
            pal_bench_fail(bench, PAL_T("no thread for %s", "pas de fil pour %s"), user->name);
        } else if (options->sequential) {
            (void)pthread_join(user->thread, NULL);
        }
    }
    for (uint32_t i = 0; i < options->n_users && !options->sequential; i++) {
        if (started[i]) {
            (void)pthread_join(run->users[i].thread, NULL);
        }
    }
    run->total_s = (double)(pal_now_us() - start_us) / (double)PAL_US_PER_S;
}

static void
measure_run(struct chat_run *run, const struct chat_options *options,
            const struct chat_server *server, struct pal_bench *bench)
{
    run->users = pal_calloc(options->n_users, sizeof(*run->users));
    for (uint32_t i = 0; i < options->n_users; i++) {
        struct chat_user *user = &run->users[i];
        user->server = server;
        user->options = options;
        user->index = i;
        user->samples = pal_calloc(options->n_messages, sizeof(*user->samples));
        (void)snprintf(user->name, sizeof(user->name), "user%u", i);
    }
    talk_all(run, options, bench);
    run->rss_mib = chat_server_rss_mib(server);
}

static void
show_run(const struct chat_run *run, uint32_t number, const struct chat_options *options)
{
    (void)fprintf(stderr, PAL_T("run %u of %u: %.2f s", "passage %u sur %u : %.2f s"), number,
                  options->n_runs, run->total_s);
    if (run->rss_mib >= 0) {
        (void)fprintf(stderr, ", %.1f %s", run->rss_mib, PAL_T("MiB", "Mio"));
    }
    (void)fputc('\n', stderr);
}

static void
free_runs(struct chat_run *runs, const struct chat_options *options)
{
    for (uint32_t run = 0; run < options->n_runs; run++) {
        for (uint32_t i = 0; i < options->n_users; i++) {
            free(runs[run].users[i].samples);
        }
        free(runs[run].users);
    }
    free(runs);
}

static void
measure(const struct chat_options *options, struct chat_server *server, struct pal_bench *bench)
{
    struct chat_run *runs = pal_calloc(options->n_runs, sizeof(*runs));
    struct chat_result result;
    chat_user_greet(server, options);
    for (uint32_t i = 0; i < options->n_runs; i++) {
        measure_run(&runs[i], options, server, bench);
        if (!options->quiet) {
            show_run(&runs[i], i + 1, options);
        }
    }
    chat_result_of(&result, options, server, runs, bench->machine);
    chat_report(&result);
    if (options->export_path != NULL) {
        if (!chat_export(&result, options->export_path)) {
            pal_bench_fail(bench, PAL_T("cannot write '%s': %s", "impossible d'écrire « %s » : %s"),
                           options->export_path, strerror(errno));
        } else {
            (void)printf(PAL_T("💾 Results exported: %s\n", "💾 Résultats exportés: %s\n"),
                         options->export_path);
        }
    }
    (void)fflush(stdout);
    chat_result_judge(&result, bench);
    free_runs(runs, options);
}

int
pal_bench_chat(int argc, char **argv)
{
    struct chat_options options = {
        .n_messages = 10, .n_runs = 1, .max_tokens = 40, .timeout_s = 10.0, .kv_reuse = true};
    struct pal_config config;
    struct pal_bench bench;
    struct chat_server server = {0};
    struct pal_error error;
    int status;
    int n_left = take_flags(&options, argc, argv);
    if (n_left < 0) {
        return PAL_EXIT_USAGE;
    }
    if (!pal_startup_config(&config, &request, n_left, argv, &status)) {
        return status;
    }
    if (options.n_users == 0) {
        int64_t n = config.rate_limiting.max_concurrent_users;
        options.n_users = n < CHAT_USERS_MAX ? (uint32_t)n : CHAT_USERS_MAX;
    }
    options.max_stored = (uint32_t)config.rate_limiting.max_messages_per_user;
    options.ttl_s = config.rate_limiting.max_idle_time;
    if (options.url == NULL && config.server.api_key[0] != '\0') {
        server.api_key = pal_strdup(config.server.api_key);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    CURLcode curl_code = curl_global_init(CURL_GLOBAL_DEFAULT);
    PAL_ASSERT(curl_code == CURLE_OK);
    pal_bench_init(&bench, "chat");
    (void)fflush(stdout);
    if (chat_server_start(&server, &options, n_left - 1, argv + 1, &error) == PAL_OK) {
        measure(&options, &server, &bench);
    } else {
        pal_bench_fail(&bench, "%s", error.text);
    }
    chat_server_stop(&server);
    curl_global_cleanup();
    pal_config_finish(&config);
    return pal_bench_finish(&bench, NULL);
}
