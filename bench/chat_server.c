/* Who is asked: a daemon of our own, which ends with the bench, or somebody's server. */
#include "bench/chat.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"
#include "util/text.h"

#define READY_LIMIT_US (600 * PAL_US_PER_S) /* a big model on a slow disk */
#define POLL_US        100000u
#define STOP_LIMIT_US  (20 * PAL_US_PER_S)
#define CHILDREN_MAX   16

/* ---- a daemon of our own ---- */

static void
become_daemon(int output, int argc, char **argv)
{
    char **all = pal_calloc((size_t)argc + 9, sizeof(*all));
    static char run[] = "run", quiet[] = "--log-level=warn", port[] = "--port=0",
                host[] = "--host=127.0.0.1", program[] = "palabre";
    size_t n = 0;
    all[n++] = program;
    all[n++] = run;
    all[n++] = quiet; /* before the person's own flags: theirs win */
    for (int i = 0; i < argc; i++) {
        all[n++] = argv[i];
    }
    all[n++] = host;
    all[n++] = port;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)dup2(output, STDOUT_FILENO);
    (void)close(output);
    (void)execv("/proc/self/exe", all);
    _exit(127);
}

static enum pal_err
start_daemon(struct chat_server *server, int argc, char **argv, struct pal_error *error)
{
    int ends[2];
    char line[512];
    if (pipe(ends) < 0) {
        return pal_error_set(error, PAL_ERR_IO, "cannot start a daemon: %s", strerror(errno));
    }
    (void)fflush(NULL);
    server->pid = fork();
    if (server->pid == 0) {
        (void)close(ends[0]);
        become_daemon(ends[1], argc, argv);
    }
    (void)close(ends[1]);
    server->output = fdopen(ends[0], "r");
    while (server->base == NULL && server->pid > 0 && server->output != NULL &&
           fgets(line, sizeof(line), server->output) != NULL) {
        const char *url = strstr(line, "http://");
        line[strcspn(line, "\n")] = '\0';
        server->base = pal_strdup(url);
    }
    if (server->base == NULL) {
        return pal_error_set(error, PAL_ERR_IO, "%s",
                             PAL_T("'palabre run' ended before it listened",
                                   "« palabre run » s'est terminé avant d'écouter"));
    }
    return PAL_OK;
}

static bool
has_ended(struct chat_server *server)
{
    if (server->pid > 0 && waitpid(server->pid, NULL, WNOHANG) == server->pid) {
        server->pid = 0;
        return true;
    }
    return false;
}

static enum pal_err
await_ready(struct chat_server *server, struct chat_client *client, struct pal_error *error)
{
    int64_t end_us = pal_now_us() + READY_LIMIT_US;
    char why[CHAT_WHY_MAX] = "";
    while (pal_now_us() < end_us) {
        json_t *health = chat_client_get(client, "/health", why, sizeof(why));
        if (health != NULL) {
            json_decref(health);
            return PAL_OK;
        }
        if (has_ended(server)) {
            return pal_error_set(error, PAL_ERR_MODEL, "%s",
                                 PAL_T("'palabre run' ended before its model was ready",
                                       "« palabre run » s'est terminé avant que son modèle soit "
                                       "prêt"));
        }
        (void)usleep(POLL_US);
    }
    return pal_error_set(error, PAL_ERR_TIMEOUT, "%s: %s",
                         PAL_T("the model is still not ready", "le modèle n'est toujours pas prêt"),
                         why);
}

/* ---- somebody's server ---- */

static char *
clean_base(const char *url)
{
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    if (len > 3 && memcmp(url + len - 3, "/v1", 3) == 0) {
        len -= 3;
    }
    return pal_strndup(url, len);
}

/* The model's name: what was asked for, else the first that the server offers. Any answer will do:
 * not every server has this page. */
static enum pal_err
find_model(struct chat_server *server, const struct chat_options *options,
           struct chat_client *client, struct pal_error *error)
{
    char why[CHAT_WHY_MAX] = "";
    json_t *page = chat_client_get(client, "/v1/models", why, sizeof(why));
    if (page == NULL && strncmp(why, "HTTP ", 5) != 0) {
        return pal_error_set(error, PAL_ERR_IO, "%s '%s': %s",
                             PAL_T("cannot reach", "impossible de joindre"), server->base, why);
    }
    const char *first =
        json_string_value(json_object_get(json_array_get(json_object_get(page, "data"), 0), "id"));
    server->model = pal_strdup(options->model_name != NULL ? options->model_name
                               : first != NULL             ? first
                                                           : "default");
    json_decref(page);
    return PAL_OK;
}

/* What Palabre's own /health says; other servers say less or nothing. */
static void
describe(struct chat_server *server, struct chat_client *client)
{
    char why[CHAT_WHY_MAX];
    json_t *health = chat_client_get(client, "/health", why, sizeof(why));
    const char *model = json_string_value(json_object_get(health, "model"));
    const char *kind = json_string_value(json_object_get(health, "quantisation"));
    const char *devices = json_string_value(json_object_get(health, "devices"));
    const char *variant = json_string_value(json_object_get(health, "variant"));
    if (model != NULL && kind != NULL && variant != NULL) {
        server->describes = pal_printf("%s, %s, %s, %.0f tokens", model, kind, variant,
                                       json_number_value(json_object_get(health, "n_ctx_tokens")));
        server->devices = pal_strdup(devices);
        server->n_layers = (int)json_integer_value(json_object_get(health, "n_layers"));
        server->n_gpu_layers = (int)json_integer_value(json_object_get(health, "n_gpu_layers"));
        const char *kv_place = json_string_value(json_object_get(health, "kv_place"));
        server->has_kv_on_gpu = kv_place != NULL && strcmp(kv_place, "gpu") == 0;
    }
    json_decref(health);
}

enum pal_err
chat_server_start(struct chat_server *server, const struct chat_options *options, int argc,
                  char **argv, struct pal_error *error)
{
    enum pal_err err = PAL_OK;
    if (options->url != NULL) {
        server->base = clean_base(options->url);
    } else {
        err = start_daemon(server, argc, argv, error);
    }
    if (err != PAL_OK) {
        return err;
    }
    struct chat_client *client = chat_client_create(server, options);
    if (server->pid > 0) {
        err = await_ready(server, client, error);
    }
    if (err == PAL_OK) {
        err = find_model(server, options, client, error);
    }
    if (err == PAL_OK) {
        describe(server, client);
    }
    chat_client_destroy(client);
    return err;
}

void
chat_server_stop(struct chat_server *server)
{
    if (server->pid > 0) {
        int64_t end_us = pal_now_us() + STOP_LIMIT_US;
        pid_t pid = server->pid;
        (void)kill(pid, SIGTERM);
        while (!has_ended(server) && pal_now_us() < end_us) {
            (void)usleep(POLL_US / 10);
        }
        if (server->pid > 0) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
        }
    }
    if (server->output != NULL) {
        (void)fclose(server->output);
    }
    free(server->base);
    free(server->model);
    free(server->api_key);
    free(server->describes);
    free(server->devices);
    *server = (struct chat_server){0};
}

/* ---- its memory ---- */

static double
process_rss_mib(long pid)
{
    char path[64];
    char line[256];
    double kib = -1.0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && kib < 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtod(line + 6, NULL);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib < 0 ? -1.0 : kib / 1024.0;
}

static size_t
children_of(long pid, long *children, size_t room)
{
    char path[96];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/task", pid);
    DIR *tasks = opendir(path);
    struct dirent *task;
    while (tasks != NULL && (task = readdir(tasks)) != NULL) {
        (void)snprintf(path, sizeof(path), "/proc/%ld/task/%.20s/children", pid, task->d_name);
        FILE *file = fopen(path, "re");
        char text[512];
        size_t len = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
        text[len] = '\0';
        for (char *at = text, *end; n < room; at = end) {
            long child = strtol(at, &end, 10);
            if (end == at) {
                break;
            }
            children[n++] = child;
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    if (tasks != NULL) {
        (void)closedir(tasks);
    }
    return n;
}

double
chat_server_rss_mib(const struct chat_server *server)
{
    long children[CHILDREN_MAX];
    if (server->pid <= 0) {
        return -1.0;
    }
    double sum = process_rss_mib(server->pid);
    size_t n = children_of(server->pid, children, CHILDREN_MAX);
    for (size_t i = 0; i < n && sum >= 0; i++) {
        double rss = process_rss_mib(children[i]);
        sum += rss > 0 ? rss : 0;
    }
    return sum;
}
