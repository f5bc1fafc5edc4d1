/*
 * palabre twitch login|logout|status: the account that the companion speaks as.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/startup.h"
#include "commands/twitch_start.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

static const struct pal_config_request request = {
    .command = "twitch",
    .arguments = "login [ACCOUNT] | logout | status",
    .about_en = "The Twitch account: 'login' explains how to get a token and keeps it, 'logout' "
                "forgets it, 'status' tells what 'palabre run' would do.",
    .about_fr = "Le compte Twitch : « login » explique comment obtenir un jeton et le garde, "
                "« logout » l'oublie, « status » dit ce que ferait « palabre run ».",
    .groups = PAL_GROUP_GENERAL | PAL_GROUP_TWITCH,
    .n_args_max = 2,
};

static void
explain(void)
{
    (void)printf(
        "%s",
        PAL_T("The companion speaks as an account of Twitch: yours, or better one of its own.\n"
              "  1. Log into that account in a browser.\n"
              "  2. On https://dev.twitch.tv/console register an application (any name, category\n"
              "     Chat Bot, redirect URL http://localhost) and copy its client id.\n"
              "  3. Open, with that id in place of ID:\n"
              "     https://id.twitch.tv/oauth2/authorize?response_type=token&client_id=ID"
              "&redirect_uri=http://localhost&scope=chat:read+chat:edit\n"
              "  4. Allow it. The page that follows can't be shown; its address holds\n"
              "     access_token=...: those 30 letters and digits are the token.\n"
              "Whoever has the token can write in your name: it is kept in a file that only you\n"
              "can read, and never shown. (The Twitch CLI does the same: twitch token -u -s\n"
              "'chat:read chat:edit'.)\n\n",
              "Le compagnon parle avec un compte Twitch : le vôtre, ou mieux, un à lui.\n"
              "  1. Connectez-vous à ce compte dans un navigateur.\n"
              "  2. Sur https://dev.twitch.tv/console créez une application (nom libre, catégorie\n"
              "     Chat Bot, URL de redirection http://localhost) et copiez son client id.\n"
              "  3. Ouvrez, avec cet id à la place de ID :\n"
              "     https://id.twitch.tv/oauth2/authorize?response_type=token&client_id=ID"
              "&redirect_uri=http://localhost&scope=chat:read+chat:edit\n"
              "  4. Autorisez. La page qui suit ne s'affiche pas ; son adresse contient\n"
              "     access_token=... : ces 30 lettres et chiffres sont le jeton.\n"
              "Qui a le jeton peut écrire en votre nom : il est gardé dans un fichier que vous\n"
              "seul pouvez lire, et jamais montré. (La CLI de Twitch fait de même : twitch token\n"
              "-u -s 'chat:read chat:edit'.)\n\n"));
}

/* A line from the person. A token is not shown while it is typed or pasted. */
static bool
ask(const char *question, bool is_secret, char *answer, size_t size)
{
    struct termios before;
    bool is_hidden = is_secret && tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_hidden) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        is_hidden = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
    }
    (void)printf("%s", question);
    (void)fflush(stdout);
    bool is_read = fgets(answer, (int)size, stdin) != NULL;
    if (is_hidden) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)putchar('\n');
    }
    answer[is_read ? strcspn(answer, "\r\n") : 0] = '\0';
    return is_read;
}

static int
report(const struct pal_error *error)
{
    (void)fprintf(stderr, "palabre twitch: %s\n", error->text);
    return PAL_EXIT_FAILED;
}

/* Where login writes and logout deletes; the caller's. */
static char *
token_path(const struct pal_config *config)
{
    return config->twitch.token_file[0] != '\0' ? pal_strdup(config->twitch.token_file)
                                                : pal_twitch_token_path();
}

static enum pal_err
take_account(const struct pal_config *config, struct pal_twitch_account *account,
             struct pal_error *error)
{
    char typed[1024] = "";
    const char *given = config->n_args > 1 ? config->args[1] : config->twitch.login;
    if (given[0] == '\0') {
        (void)ask(PAL_T("Account (its login): ", "Compte (son identifiant) : "), false, typed,
                  sizeof(typed));
        given = typed;
    }
    if (!pal_twitch_is_channel(given) || given[0] == '#') {
        return pal_error_set(
            error, PAL_ERR_ARGUMENT,
            PAL_T("'%s' is no account's name", "« %s » n'est pas un nom de compte"), given);
    }
    memcpy(account->login, given, strlen(given) + 1); /* is_channel() holds its length */
    (void)ask(PAL_T("Token (not shown): ", "Jeton (non affiché) : "), true, typed, sizeof(typed));
    enum pal_err err = pal_twitch_token_parse(typed, account, error);
    explicit_bzero(typed, sizeof(typed));
    return err;
}

static int
log_in(const struct pal_config *config)
{
    struct pal_twitch_account account = {.login = ""};
    struct pal_error error;
    char *path = token_path(config);
    explain();
    enum pal_err err = path != NULL ? take_account(config, &account, &error)
                                    : pal_error_set(&error, PAL_ERR_IO, "%s",
                                                    PAL_T("there is no home folder to keep it in",
                                                          "pas de dossier personnel où le garder"));
    err = err == PAL_OK ? pal_twitch_token_store(path, &account, &error) : err;
    explicit_bzero(account.token, sizeof(account.token));
    if (err != PAL_OK) {
        free(path);
        return report(&error);
    }
    (void)printf(PAL_T("Kept in '%s', for %s.\n", "Gardé dans « %s », pour %s.\n"), path,
                 account.login);
    if (config->twitch.channels.n == 0) {
        (void)printf(PAL_T("Now: palabre run --twitch-channels YOUR_CHANNEL\n",
                           "Maintenant : palabre run --twitch-channels VOTRE_CHAÎNE\n"));
    }
    free(path);
    return PAL_EXIT_OK;
}

static int
log_out(const struct pal_config *config)
{
    char *path = token_path(config);
    struct pal_error error;
    int status = PAL_EXIT_OK;
    if (path == NULL || (unlink(path) != 0 && errno == ENOENT)) {
        (void)printf(PAL_T("There was no token.\n", "Il n'y avait pas de jeton.\n"));
    } else if (pal_path_is_file(path)) {
        (void)pal_error_set(&error, PAL_ERR_IO,
                            PAL_T("cannot delete '%s'", "impossible de supprimer « %s »"), path);
        status = report(&error);
    } else {
        (void)printf(PAL_T("The token is gone from here. At Twitch it is valid until you withdraw "
                           "it: https://www.twitch.tv/settings/connections\n",
                           "Le jeton n'est plus ici. Chez Twitch il vaut jusqu'à ce que vous le "
                           "retiriez : https://www.twitch.tv/settings/connections\n"));
    }
    free(path);
    return status;
}

static int
show_status(const struct pal_config *config)
{
    struct pal_twitch_account account;
    struct pal_error error;
    if (pal_twitch_account(config, &account, &error) != PAL_OK) {
        return report(&error);
    }
    if (account.login[0] == '\0') {
        (void)printf(PAL_T("account: none, read only (palabre twitch login)\n",
                           "compte : aucun, lecture seule (palabre twitch login)\n"));
    } else {
        (void)printf(PAL_T("account: %s\n", "compte : %s\n"), account.login);
    }
    explicit_bzero(&account, sizeof(account));
    (void)printf(PAL_T("server: %s:%d%s\n", "serveur : %s:%d%s\n"), config->twitch.host,
                 (int)config->twitch.port, config->twitch.tls ? " (TLS)" : "");
    (void)printf(PAL_T("channels:", "chaînes :"));
    for (size_t i = 0; i < config->twitch.channels.n; i++) {
        const char *name = config->twitch.channels.items[i];
        (void)printf(" #%s", name[0] == '#' ? name + 1 : name);
    }
    (void)printf("%s\n", config->twitch.channels.n > 0 ? ""
                                                       : PAL_T(" none (--twitch-channels NAME)",
                                                               " aucune (--twitch-channels NOM)"));
    return PAL_EXIT_OK;
}

int
pal_command_twitch(int argc, char **argv)
{
    struct pal_config config;
    int status;
    if (!pal_startup_config(&config, &request, argc, argv, &status)) {
        return status;
    }
    const char *verb = config.n_args > 0 ? config.args[0] : "";
    if (strcmp(verb, "login") == 0) {
        status = log_in(&config);
    } else if (strcmp(verb, "logout") == 0) {
        status = log_out(&config);
    } else if (strcmp(verb, "status") == 0) {
        status = show_status(&config);
    } else {
        (void)fprintf(stderr, "%s",
                      PAL_T("palabre twitch: say login, logout or status\n",
                            "palabre twitch : dites login, logout ou status\n"));
        status = PAL_EXIT_USAGE;
    }
    pal_config_finish(&config);
    return status;
}
