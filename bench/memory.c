/*
 * palabre bench memory: a daemon of our own that answers message after message, and what it holds
 * meanwhile: resident and anonymous memory, KV, open files, of the front and of the engine. What
 * grows with the messages is a leak: from message 100 on it may be 2 MiB. The KV is told apart: it
 * takes memory as its cells are first used, and never more than it was made for.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/chat.h"
#include "commands/bench.h"
#include "commands/command.h"
#include "util/mem.h"
#include "util/text.h"

#define MESSAGES_DEFAULT 10000u
#define SETTLED_AT       100u
#define GROWTH_MAX_MIB   2.0
#define USERS            4u
#define STORED_MAX       12u
#define REPLY_TOKENS     8u
#define LOOKS            20u

#define METRICS_MAX_BYTES (256u << 10)

/* Of the front and its engine together. */
struct look {
    double rss_mib;
    double anon_mib;
    double huge_mib; /* of that, in huge pages, of which the kernel may give more than is used */
    double kv_mib;   /* of that, KV that has been used; 0 where the system does not tell */
    double kv_max_mib;
    uint32_t n_files;
    double n_cells; /* of the KV, in use; < 0 = not known */
    double parked_mib;
};

/* What this file of the process says. */
static double
proc_mib(long pid, const char *about, const char *name)
{
    char path[64], line[256];
    double kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", pid, about);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        size_t len = strlen(name);
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            kib = strtod(line + len + 1, NULL);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib / 1024.0;
}

/* The engine's KV is what it has asked to have in small pages (engine/clear.h). */
static void
add_kv(struct look *look, long pid)
{
    char path[64], line[512];
    double size_kib = 0;
    double rss_kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/smaps", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "Size:", 5) == 0) {
            size_kib = strtod(line + 5, NULL);
        } else if (strncmp(line, "Rss:", 4) == 0) {
            rss_kib = strtod(line + 4, NULL);
        } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " nh") != NULL) {
            look->kv_mib += rss_kib / 1024.0;
            look->kv_max_mib += size_kib / 1024.0;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static uint32_t
count_files(long pid)
{
    char path[64];
    uint32_t n = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        n += entry->d_name[0] != '.';
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return n;
}

static void
add_process(struct look *look, long pid)
{
    look->rss_mib += proc_mib(pid, "status", "VmRSS");
    look->anon_mib += proc_mib(pid, "status", "RssAnon");
    look->huge_mib += proc_mib(pid, "smaps_rollup", "AnonHugePages");
    add_kv(look, pid);
    look->n_files += count_files(pid);
}

static struct look
look_at(const struct chat_server *server)
{
    char path[96], text[256];
    struct look look = {0};
    add_process(&look, server->pid);
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", server->pid, server->pid);
    FILE *file = fopen(path, "re");
    size_t len = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[len] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
    for (char *at = text, *end;; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at) {
            return look;
        }
        add_process(&look, child);
    }
}

static void
add(json_t *messages, const char *role, const char *text)
{
    json_t *one = json_pack("{s:s, s:s}", "role", role, "content", text);
    PAL_ASSERT(one != NULL);
    (void)json_array_append_new(messages, one);
}

/* One exchange of this user. False: it failed, and why has been said. */
static bool
exchange(struct chat_client *client, json_t *messages, uint32_t user, uint32_t number,
         struct pal_bench *bench)
{
    char name[32], text[400];
    struct chat_answer answer = {0};
    (void)snprintf(name, sizeof(name), "memory-%u", user);
    (void)snprintf(text, sizeof(text), "[%u] %s", number, chat_message(number));
    while (json_array_size(messages) > STORED_MAX) {
        (void)json_array_remove(messages, 0);
        (void)json_array_remove(messages, 0);
    }
    add(messages, "user", text);
    chat_client_ask(client, name, messages, &answer);
    bool ok = answer.outcome == CHAT_ANSWERED || answer.outcome == CHAT_LATE;
    if (ok) {
        add(messages, "assistant", answer.text.data);
    } else {
        pal_bench_fail(bench, "message %u: %s", number, answer.why);
    }
    pal_buf_finish(&answer.text);
    return ok;
}

/* The value of this line of /metrics; < 0 = there is none. */
static double
metric(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = text; at != NULL && *at != '\0';) {
        if (strncmp(at, name, len) == 0 && at[len] == ' ') {
            return strtod(at + len, NULL);
        }
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return -1;
}

/* Of the engine's own account, which is a second old at most. */
static void
look_at_kv(struct chat_client *client, struct look *look)
{
    struct pal_buf text;
    look->n_cells = -1;
    pal_buf_init(&text, METRICS_MAX_BYTES);
    if (chat_client_get_text(client, "/metrics", &text)) {
        double ram = metric(text.data, "palabre_parked_bytes{place=\"ram\"}");
        double disk = metric(text.data, "palabre_parked_bytes{place=\"disk\"}");
        look->n_cells = metric(text.data, "palabre_kv_cells_used");
        look->parked_mib = (ram > 0 ? ram : 0) + (disk > 0 ? disk : 0);
        look->parked_mib /= 1024.0 * 1024.0;
    }
    pal_buf_finish(&text);
}

static void
show(uint32_t number, const struct look *look)
{
    (void)printf("  %6u messages: %8.2f MiB resident, %8.2f MiB anonymous (%.0f in huge pages, "
                 "%.2f of KV), %5.0f cells of KV, %.2f MiB parked, %u files\n",
                 number, look->rss_mib, look->anon_mib, look->huge_mib, look->kv_mib, look->n_cells,
                 look->parked_mib, look->n_files);
    (void)fflush(stdout);
}

static void
report(struct pal_bench *bench, const struct look *settled, const struct look *last)
{
    double kv_growth = last->kv_mib - settled->kv_mib;
    double growth = last->anon_mib - settled->anon_mib - kv_growth;
    double rss_growth = last->rss_mib - settled->rss_mib - kv_growth;
    pal_bench_section(bench, PAL_T("Memory", "Mémoire"));
    pal_bench_value(bench, "resident at the end", "MiB", last->rss_mib, NULL);
    pal_bench_value(bench, "anonymous at message 100", "MiB", settled->anon_mib, NULL);
    pal_bench_value(bench, "anonymous at the end", "MiB", last->anon_mib, NULL);
    pal_bench_value(bench, "of that in huge pages at message 100", "MiB", settled->huge_mib, NULL);
    pal_bench_value(bench, "of that in huge pages at the end", "MiB", last->huge_mib, NULL);
    pal_bench_value(bench, "KV that has been used, at message 100", "MiB", settled->kv_mib, NULL);
    pal_bench_value(bench, "KV that has been used, at the end", "MiB", last->kv_mib, NULL);
    pal_bench_value(bench, "what the KV was made for", "MiB", last->kv_max_mib, NULL);
    pal_bench_value(bench, "growth from message 100 on, with KV", "MiB",
                    last->anon_mib - settled->anon_mib, NULL);
    pal_bench_value(bench, "growth from message 100 on", "MiB", growth, "<= 2");
    pal_bench_value(bench, "resident: growth from message 100 on", "MiB", rss_growth, "<= 2");
    pal_bench_value(bench, "KV cells in use at message 100", "", settled->n_cells, NULL);
    pal_bench_value(bench, "KV cells in use at the end", "", last->n_cells, NULL);
    pal_bench_value(bench, "parked at the end", "MiB", last->parked_mib, NULL);
    pal_bench_value(bench, "files at message 100", "", settled->n_files, NULL);
    pal_bench_value(bench, "files at the end", "", last->n_files, "no more than before");
    if (growth > GROWTH_MAX_MIB || rss_growth > GROWTH_MAX_MIB) {
        pal_bench_fail(bench, "it grew by %.2f MiB", rss_growth > growth ? rss_growth : growth);
    }
    if (last->n_files > settled->n_files) {
        pal_bench_fail(bench, "%u files were left open", last->n_files - settled->n_files);
    }
}

static void
measure(const struct chat_options *options, struct chat_server *server, uint32_t n_messages,
        struct pal_bench *bench)
{
    json_t *histories[USERS];
    struct look settled = {0}, last = {0};
    bool ok = true;
    struct chat_client *client = chat_client_create(server, options);
    for (uint32_t i = 0; i < USERS; i++) {
        histories[i] = json_array();
    }
    uint32_t every = n_messages / LOOKS > 0 ? n_messages / LOOKS : 1;
    for (uint32_t i = 1; i <= n_messages && ok; i++) {
        ok = exchange(client, histories[i % USERS], i % USERS, i, bench);
        if (i == SETTLED_AT || i == n_messages || i % every == 0) {
            last = look_at(server);
            look_at_kv(client, &last);
            settled = i <= SETTLED_AT ? last : settled;
            show(i, &last);
        }
    }
    char why[CHAT_WHY_MAX];
    json_t *health = chat_client_get(client, "/health", why, sizeof(why));
    if (ok && health == NULL) {
        pal_bench_fail(bench, "/health: %s", why);
    }
    json_decref(health);
    chat_client_destroy(client);
    for (uint32_t i = 0; i < USERS; i++) {
        json_decref(histories[i]);
    }
    if (ok) {
        report(bench, &settled, &last);
    }
}

static void
print_help(FILE *file)
{
    (void)fprintf(
        file, "%s",
        PAL_T("Usage: palabre bench memory [--messages N] [--json FILE] [options of run]\n"
              "Talks with a daemon of its own for N messages (default 10000) and watches\n"
              "its memory and open files. Growth of more than 2 MiB from message 100 on is\n"
              "a failure; the KV, which takes memory as it is first used, counts apart.\n",
              "Usage : palabre bench memory [--messages N] [--json FICHIER] [options de "
              "run]\n"
              "Parle à un démon à lui pendant N messages (10000 par défaut) et surveille\n"
              "sa mémoire et ses fichiers ouverts. Plus de 2 Mio de croissance à partir du\n"
              "message 100 est un échec ; le KV, qui prend de la mémoire à mesure qu'il sert\n"
              "pour la première fois, compte à part.\n"));
}

/* The value of "--name VALUE" or "--name=VALUE" at argv[*i], which moves on; NULL: it is another.
 */
static const char *
take_value(const char *name, int argc, char **argv, int *i)
{
    size_t len = strlen(name);
    if (strncmp(argv[*i], name, len) != 0) {
        return NULL;
    }
    if (argv[*i][len] == '=') {
        return argv[*i] + len + 1;
    }
    bool is_apart = argv[*i][len] == '\0' && *i + 1 < argc && argv[*i + 1] != NULL;
    return is_apart ? argv[++*i] : NULL;
}

int
pal_bench_memory(int argc, char **argv)
{
    uint32_t n_messages = MESSAGES_DEFAULT;
    const char *json_path = NULL;
    int n_kept = 0;
    for (int i = 1; i < argc && argv[i] != NULL; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(stdout);
            return PAL_EXIT_OK;
        }
        const char *value;
        if ((value = take_value("--messages", argc, argv, &i)) != NULL) {
            n_messages = (uint32_t)strtoul(value, NULL, 10);
        } else if ((value = take_value("--json", argc, argv, &i)) != NULL) {
            json_path = value;
        } else {
            argv[n_kept++] = argv[i];
        }
    }
    if (n_messages <= SETTLED_AT || n_messages > 10000000) {
        print_help(stderr);
        return PAL_EXIT_USAGE;
    }
    const struct chat_options options = {.n_users = USERS,
                                         .n_messages = n_messages,
                                         .n_runs = 1,
                                         .max_tokens = REPLY_TOKENS,
                                         .max_stored = STORED_MAX,
                                         .timeout_s = 60,
                                         .kv_reuse = true};
    struct chat_server server = {0};
    struct pal_bench bench;
    struct pal_error error = {0};
    pal_bench_init(&bench, "memory");
    if (chat_server_start(&server, &options, n_kept, argv, &error) == PAL_OK) {
        measure(&options, &server, n_messages, &bench);
    } else {
        pal_bench_fail(&bench, "%s", error.text);
    }
    chat_server_stop(&server);
    return pal_bench_finish(&bench, json_path);
}
