#ifndef PAL_ACCESS_TWITCH_TOKEN_H
#define PAL_ACCESS_TWITCH_TOKEN_H
/*
 * The account's token: its form, and the file that holds it, "LOGIN TOKEN" on one line or the token
 * alone. The file is for its owner's eyes: written with mode 0600, as a whole or not at all, and
 * one that others can read is refused. Main thread; blocks on the disk.
 */
#include "util/err.h"

#define PAL_TWITCH_LOGIN_BYTES_MAX 64
#define PAL_TWITCH_TOKEN_BYTES_MAX 160

struct pal_twitch_account {
    char login[PAL_TWITCH_LOGIN_BYTES_MAX]; /* "" = the file holds the token alone */
    char token[PAL_TWITCH_TOKEN_BYTES_MAX]; /* without "oauth:" */
};

/*
 * Reads what a person pasted: spaces around it, quotes and a leading "oauth:" or "access_token=" do
 * not matter. PAL_ERR_ARGUMENT: it has not a token's form; *error says what is wrong, never what it
 * was.
 */
enum pal_err pal_twitch_token_parse(const char *text, struct pal_twitch_account *account,
                                    struct pal_error *error) PAL_MUST_USE;

/* In the user's configuration folder; owned by the caller; NULL if there is no home. */
char *pal_twitch_token_path(void);
/* PAL_ERR_NOT_FOUND, PAL_ERR_DENIED (others can read it, or it is a link), PAL_ERR_IO,
 * PAL_ERR_ARGUMENT (no token in it). */
enum pal_err pal_twitch_token_load(const char *path, struct pal_twitch_account *account,
                                   struct pal_error *error) PAL_MUST_USE;
enum pal_err pal_twitch_token_store(const char *path, const struct pal_twitch_account *account,
                                    struct pal_error *error) PAL_MUST_USE;

#endif
