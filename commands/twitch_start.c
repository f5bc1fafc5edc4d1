#include "commands/twitch_start.h"

#include <stdio.h>
#include <string.h>

#include "util/text.h"

/* ---- what a person is told ---- */

static void
print_login_failed(const char *words)
{
    (void)fprintf(
        stderr,
        PAL_T("palabre: Twitch refuses the login: %s\n"
              "palabre: it is not tried again; a new token: palabre twitch login\n",
              "palabre : Twitch refuse la connexion : %s\n"
              "palabre : pas de nouvel essai ; un nouveau jeton : palabre twitch login\n"),
        words);
}

static void
print_news(void *userdata, enum pal_twitch_news news, const char *channel, const char *text)
{
    (void)userdata;
    switch (news) {
    case PAL_TWITCH_NEWS_LOGGED_IN:
        (void)printf(PAL_T("palabre: on the chat server as %s\n",
                           "palabre : sur le serveur de chat en tant que %s\n"),
                     text);
        break;
    case PAL_TWITCH_NEWS_JOINED:
        (void)printf(PAL_T("palabre: joined #%s\n", "palabre : entré dans #%s\n"), channel);
        break;
    case PAL_TWITCH_NEWS_NOT_JOINED:
        (void)fprintf(stderr,
                      PAL_T("palabre: cannot join #%s: %s\n",
                            "palabre : impossible d'entrer dans #%s : %s\n"),
                      channel, text);
        break;
    case PAL_TWITCH_NEWS_BANNED:
        (void)fprintf(stderr,
                      PAL_T("palabre: #%s takes no messages from this account (%s)\n",
                            "palabre : #%s ne prend pas de messages de ce compte (%s)\n"),
                      channel, text);
        break;
    case PAL_TWITCH_NEWS_LOGIN_FAILED:
        print_login_failed(text);
        break;
    case PAL_TWITCH_NEWS_LOST:
        (void)fprintf(stderr,
                      PAL_T("palabre: no connection to the chat, trying again: %s\n",
                            "palabre : pas de connexion au chat, nouvel essai : %s\n"),
                      text);
        break;
    }
    (void)fflush(stdout);
}

enum pal_err
pal_twitch_start(uv_loop_t *loop, const struct pal_config *config, struct pal_room *room,
                 struct pal_twitch **twitch, struct pal_error *error)
{
    struct pal_twitch_account account;
    *twitch = NULL;
    if (config->twitch.channels.n == 0) {
        return PAL_OK;
    }
    enum pal_err err = pal_twitch_account(config, &account, error);
    if (err != PAL_OK) {
        return err;
    }
    if (account.login[0] == '\0') {
        (void)printf(PAL_T("palabre: no Twitch account: I read along and say nothing; for answers: "
                           "palabre twitch login\n",
                           "palabre : pas de compte Twitch : je lis sans rien dire ; pour des "
                           "réponses : palabre twitch login\n"));
    }
    const struct pal_twitch_options options = {
        .host = config->twitch.host,
        .port = (uint16_t)config->twitch.port,
        .tls = config->twitch.tls,
        .ca_file = config->twitch.ca_file[0] != '\0' ? config->twitch.ca_file : NULL,
        .login = account.login,
        .token = account.token,
        .channels = (const char *const *)config->twitch.channels.items,
        .news = print_news,
    };
    err = pal_twitch_open(loop, &options, room, twitch, error);
    explicit_bzero(&account, sizeof(account));
    return err;
}
