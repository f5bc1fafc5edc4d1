#include "access/twitch_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define FILE_BYTES_MAX 1024
#define TOKEN_MIN      20 /* Twitch's have 30 */
#define SPACES         " \t\r\n\"'"

static const char *
without(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : text;
}

enum pal_err
pal_twitch_token_parse(const char *text, struct pal_twitch_account *account,
                       struct pal_error *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    text += strspn(text, SPACES "#");
    text = without(without(text, "access_token="), "oauth:");
    size_t len = strspn(text, letters);
    bool ends = text[len] == '\0' || text[len] == '&' || strchr(SPACES, text[len]) != NULL;
    if (!ends) {
        return pal_error_set(error, PAL_ERR_ARGUMENT,
                             PAL_T("a token has only letters and digits",
                                   "un jeton n'a que des lettres et des chiffres"));
    }
    if (len < TOKEN_MIN || len >= sizeof(account->token)) {
        return pal_error_set(error, PAL_ERR_ARGUMENT,
                             PAL_T("a token has 30 letters and digits, this has %zu",
                                   "un jeton a 30 lettres et chiffres, ceci en a %zu"),
                             len);
    }
    memcpy(account->token, text, len);
    account->token[len] = '\0';
    return PAL_OK;
}

char *
pal_twitch_token_path(void)
{
    char *folder = pal_path_user_dir(PAL_USER_DIR_CONFIG);
    char *path = folder != NULL ? pal_path_join(folder, "twitch-token") : NULL;
    free(folder);
    return path;
}

/* ---- reading ---- */

/* The open file's text, if it is for its owner alone. */
static enum pal_err
read_own(int fd, const char *path, char *text, struct pal_error *error)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return pal_error_set(error, PAL_ERR_IO,
                             PAL_T("'%s' is no file", "« %s » n'est pas un fichier"), path);
    }
    if ((facts.st_mode & 077) != 0) {
        return pal_error_set(error, PAL_ERR_DENIED,
                             PAL_T("others can read the token in '%s': chmod 600 '%s'",
                                   "d'autres peuvent lire le jeton dans « %s » : chmod 600 '%s'"),
                             path, path);
    }
    ssize_t n = read(fd, text, FILE_BYTES_MAX);
    if (n < 0) {
        return pal_error_set(error, PAL_ERR_IO,
                             PAL_T("cannot read '%s': %s", "impossible de lire « %s » : %s"), path,
                             strerror(errno));
    }
    text[n] = '\0';
    return PAL_OK;
}

enum pal_err
pal_twitch_token_load(const char *path, struct pal_twitch_account *account, struct pal_error *error)
{
    char text[FILE_BYTES_MAX + 1];
    *account = (struct pal_twitch_account){.login = ""};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        enum pal_err code = errno == ENOENT  ? PAL_ERR_NOT_FOUND
                            : errno == ELOOP ? PAL_ERR_DENIED
                                             : PAL_ERR_IO;
        return pal_error_set(error, code,
                             PAL_T("cannot read '%s': %s", "impossible de lire « %s » : %s"), path,
                             strerror(errno));
    }
    enum pal_err err = read_own(fd, path, text, error);
    (void)close(fd);
    if (err == PAL_OK) {
        const char *token = text + strspn(text, SPACES);
        size_t len = strcspn(token, SPACES);
        const char *second = token + len + strspn(token + len, SPACES);
        if (*second != '\0' && len < sizeof(account->login)) {
            memcpy(account->login, token, len);
            account->login[len] = '\0';
            token = second;
        }
        err = pal_twitch_token_parse(token, account, error);
    }
    explicit_bzero(text, sizeof(text));
    return err;
}

/* ---- writing ---- */

static bool
write_whole(int fd, const char *text)
{
    size_t len = strlen(text);
    return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
}

/* Beside the file, so that the old one is whole until the new one is. */
static enum pal_err
replace(const char *path, const char *text, struct pal_error *error)
{
    char *draft = pal_printf("%s.XXXXXX", path);
    int fd = mkostemp(draft, O_CLOEXEC); /* mode 0600 */
    bool is_written = fd >= 0 && write_whole(fd, text);
    if (fd >= 0) {
        is_written = close(fd) == 0 && is_written;
    }
    bool is_there = is_written && rename(draft, path) == 0;
    int why = errno;
    if (fd >= 0 && !is_there) {
        (void)unlink(draft);
    }
    free(draft);
    return is_there
               ? PAL_OK
               : pal_error_set(error, PAL_ERR_IO,
                               PAL_T("cannot write '%s': %s", "impossible d'écrire « %s » : %s"),
                               path, strerror(why));
}

enum pal_err
pal_twitch_token_store(const char *path, const struct pal_twitch_account *account,
                       struct pal_error *error)
{
    char *folder = pal_path_parent(path);
    enum pal_err err = pal_path_make_dirs(folder, error);
    free(folder);
    if (err == PAL_OK) {
        char text[FILE_BYTES_MAX];
        (void)snprintf(text, sizeof(text), "%s%s%s\n", account->login,
                       account->login[0] != '\0' ? " " : "", account->token);
        err = replace(path, text, error);
        explicit_bzero(text, sizeof(text));
    }
    return err;
}
