/* palabre memory: what the companion remembers, for the person whose machine it is. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/command.h"
#include "commands/remember.h"
#include "commands/startup.h"
#include "output/plain.h"
#include "util/mem.h"
#include "util/text.h"

#define SHOWN_BYTES_MAX ((size_t)1 << 20)

static const struct pal_config_request request = {
    .command = "memory",
    .arguments = "list|show KEY|export [KEY]|forget KEY|forget all",
    .about_en =
        "list: the conversations that are remembered. show: one of them. export: all, or one, "
        "as JSON lines.\nforget: a conversation, or all; what was forgotten is overwritten.",
    .about_fr =
        "list : les conversations retenues. show : l'une d'elles. export : toutes, ou une, en "
        "lignes JSON.\nforget : une conversation, ou toutes (all) ; l'oublié est écrasé.",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_BOT,
    .n_args_max = 2,
};

static void
format_time(int64_t at_s, char *out, size_t size)
{
    time_t at = (time_t)at_s;
    struct tm parts;
    if (localtime_r(&at, &parts) == NULL || strftime(out, size, "%Y-%m-%d %H:%M", &parts) == 0) {
        (void)snprintf(out, size, "?");
    }
}

/* People's words on a terminal: without what could steer it. */
static void
print_plain(const char *text)
{
    struct pal_buf out;
    pal_buf_init(&out, SHOWN_BYTES_MAX);
    if (pal_plain_append(&out, text, strlen(text)) == PAL_OK) {
        (void)fwrite(out.data, 1, out.len, stdout);
    }
    pal_buf_finish(&out);
}

static void
list_one(const struct pal_store_conversation *conversation, void *userdata)
{
    size_t *n = userdata;
    char last[32];
    format_time(conversation->last_s, last, sizeof(last));
    (void)printf(PAL_T("%s  %4" PRId64 " exchanges  ", "%s  %4" PRId64 " échanges  "), last,
                 conversation->n_exchanges);
    print_plain(conversation->key);
    if (conversation->name[0] != '\0') {
        (void)fputs("  ", stdout);
        print_plain(conversation->name);
    }
    (void)putchar('\n');
    ++*n;
}

static void
show_one(const struct pal_store_row *row, void *userdata)
{
    size_t *n = userdata;
    char at[32];
    format_time(row->said_at_s, at, sizeof(at));
    (void)printf("%s  ", at);
    if (row->channel[0] != '\0') {
        (void)putchar('#');
        print_plain(row->channel);
        (void)fputs("  ", stdout);
    }
    print_plain(row->name[0] != '\0' ? row->name : PAL_T("you", "vous"));
    (void)fputs(" : ", stdout);
    print_plain(row->line);
    (void)fputs("\n                  > ", stdout);
    print_plain(row->reply);
    (void)puts(row->is_sent ? "" : PAL_T("  (perhaps not sent)", "  (peut-être pas envoyé)"));
    ++*n;
}

static void
export_one(const struct pal_store_row *row, void *userdata)
{
    size_t *n = userdata;
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:b}", "key", row->key,
                               "channel", row->channel, "message_id", row->message_id, "name",
                               row->name, "said_at", (json_int_t)row->said_at_s, "line", row->line,
                               "reply", row->reply, "is_sent", row->is_sent);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text != NULL) {
        (void)puts(text);
        ++*n;
    }
    free(text);
    json_decref(object);
}

static int
fail(const struct pal_error *error)
{
    (void)fprintf(stderr, "palabre: %s\n", error->text);
    return PAL_EXIT_FAILED;
}

static int
forget(const char *path, const char *key)
{
    struct pal_error error;
    int64_t n = 0;
    if (pal_store_erase(path, strcmp(key, "all") == 0 ? NULL : key, &n, &error) != PAL_OK) {
        return fail(&error);
    }
    if (n == 0) {
        (void)fprintf(stderr,
                      PAL_T("palabre: nothing is remembered of '%s' (see 'palabre memory list')\n",
                            "palabre : rien n'est retenu de « %s » (voyez « palabre memory list "
                            "»)\n"),
                      key);
        return PAL_EXIT_FAILED;
    }
    (void)printf(PAL_T("%" PRId64 " exchanges forgotten\n", "%" PRId64 " échanges oubliés\n"), n);
    return PAL_EXIT_OK;
}

static int
run(const char *path, const char *what, const char *key)
{
    struct pal_error error = {.code = PAL_OK};
    size_t n = 0;
    enum pal_err err = PAL_OK;
    if (strcmp(what, "list") == 0 && key == NULL) {
        err = pal_store_list(path, list_one, &n, &error);
    } else if (strcmp(what, "show") == 0 && key != NULL) {
        err = pal_store_each(path, key, show_one, &n, &error);
    } else if (strcmp(what, "export") == 0) {
        err = pal_store_each(path, key, export_one, &n, &error);
    } else if (strcmp(what, "forget") == 0 && key != NULL) {
        return forget(path, key);
    } else {
        (void)fprintf(stderr, PAL_T("usage: palabre memory %s\n", "usage : palabre memory %s\n"),
                      request.arguments);
        return PAL_EXIT_USAGE;
    }
    if (err != PAL_OK && err != PAL_ERR_NOT_FOUND) {
        return fail(&error);
    }
    if (n == 0 && strcmp(what, "export") != 0) {
        (void)fputs(PAL_T("nothing is remembered\n", "rien n'est retenu\n"), stderr);
    }
    return fflush(stdout) == 0 ? PAL_EXIT_OK : PAL_EXIT_FAILED;
}

int
pal_command_memory(int argc, char **argv)
{
    struct pal_config config;
    int status = 0;
    if (!pal_startup_config(&config, &request, argc, argv, &status)) {
        return status;
    }
    char *path = pal_remember_path(&config);
    if (path == NULL) {
        (void)fputs(PAL_T("palabre: no home folder: set HOME or memory.file\n",
                          "palabre : pas de dossier personnel : donnez HOME ou memory.file\n"),
                    stderr);
        status = PAL_EXIT_CONFIG;
    } else {
        status = run(path, config.n_args > 0 ? config.args[0] : "",
                     config.n_args > 1 ? config.args[1] : NULL);
    }
    free(path);
    pal_config_finish(&config);
    return status;
}
