#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/twitch_start.h"
#include "util/mem.h"
#include "util/text.h"

#define TWITCH_HOST "irc.chat.twitch.tv"

/* The file that is named, else the one that `palabre twitch login` writes, if it is there. */
static enum pal_err
load_token(const struct pal_config *config, struct pal_twitch_account *account,
           struct pal_error *error)
{
    bool is_named = config->twitch.token_file[0] != '\0';
    char *path = is_named ? pal_strdup(config->twitch.token_file) : pal_twitch_token_path();
    enum pal_err err = path != NULL ? pal_twitch_token_load(path, account, error) : PAL_OK;
    free(path);
    if (err == PAL_ERR_NOT_FOUND && !is_named) {
        return PAL_OK;
    }
    return err;
}

enum pal_err
pal_twitch_account(const struct pal_config *config, struct pal_twitch_account *account,
                   struct pal_error *error)
{
    const char *token = config->twitch.token;
    const char *login = config->twitch.login;
    bool is_twitch = strcmp(config->twitch.host, TWITCH_HOST) == 0;
    *account = (struct pal_twitch_account){.login = ""};
    enum pal_err err = token[0] != '\0' ? pal_twitch_token_parse(token, account, error)
                                        : load_token(config, account, error);
    if (err != PAL_OK) {
        error->code = PAL_ERR_CONFIG;
        return PAL_ERR_CONFIG;
    }
    if (login[0] != '\0') {
        (void)snprintf(account->login, sizeof(account->login), "%s", login);
    }
    if (account->token[0] != '\0' && account->login[0] == '\0') {
        return pal_error_set(error, PAL_ERR_CONFIG,
                             PAL_T("there is a Twitch token, but not whose: set twitch.login",
                                   "il y a un jeton Twitch, mais de qui ? réglez twitch.login"));
    }
    if (account->token[0] == '\0' && account->login[0] != '\0' && is_twitch) {
        return pal_error_set(
            error, PAL_ERR_CONFIG,
            PAL_T("twitch.login is set, but there is no token: palabre twitch login %s",
                  "twitch.login est réglé, mais il n'y a pas de jeton : palabre twitch login %s"),
            account->login);
    }
    return PAL_OK;
}
