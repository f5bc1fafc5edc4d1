#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/mem.h"
#include "util/text.h"

static char *
home_dir(void)
{
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/') {
        return pal_strdup(home);
    }
    struct passwd entry;
    struct passwd *found = NULL;
    char room[4096];
    if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) == 0 && found != NULL &&
        entry.pw_dir != NULL && entry.pw_dir[0] == '/') {
        return pal_strdup(entry.pw_dir);
    }
    return NULL;
}

char *
pal_path_user_dir(enum pal_user_dir which)
{
    static const struct {
        const char *variable;
        const char *below_home;
    } dirs[] = {
        [PAL_USER_DIR_CONFIG] = {"XDG_CONFIG_HOME", ".config"},
        [PAL_USER_DIR_CACHE] = {"XDG_CACHE_HOME", ".cache"},
        [PAL_USER_DIR_DATA] = {"XDG_DATA_HOME", ".local/share"},
        [PAL_USER_DIR_STATE] = {"XDG_STATE_HOME", ".local/state"},
    };
    const char *base = getenv(dirs[which].variable);
    if (base != NULL && base[0] == '/') {
        return pal_path_join(base, "palabre");
    }
    char *home = home_dir();
    if (home == NULL) {
        return NULL;
    }
    char *path =
        pal_printf("%s/%s/palabre", strcmp(home, "/") == 0 ? "" : home, dirs[which].below_home);
    free(home);
    return path;
}

char *
pal_path_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);
    while (len > 0 && folder[len - 1] == '/') {
        len--;
    }
    return pal_printf("%.*s/%s", (int)len, folder, name);
}

char *
pal_path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return pal_strdup(".");
    }
    return slash == path ? pal_strdup("/") : pal_strndup(path, (size_t)(slash - path));
}

char *
pal_path_expand(const char *path)
{
    if (strncmp(path, "~/", 2) != 0) {
        return pal_strdup(path);
    }
    char *home = home_dir();
    char *expanded = home == NULL ? pal_strdup(path) : pal_path_join(home, path + 2);
    free(home);
    return expanded;
}

char *
pal_path_program(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
    return len > 0 && (size_t)len < sizeof(path) ? pal_strndup(path, (size_t)len) : NULL;
}

bool
pal_path_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

bool
pal_path_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

enum pal_err
pal_path_make_dirs(const char *path, struct pal_error *error)
{
    char *part = pal_strdup(path);
    enum pal_err err = PAL_OK;
    for (char *at = part; err == PAL_OK && *at != '\0';) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char kept = *at;
        *at = '\0';
        if (part[0] != '\0' && mkdir(part, 0700) != 0 && errno != EEXIST) {
            err = pal_error_set(error, PAL_ERR_IO,
                                PAL_T("cannot make the folder '%s': %s",
                                      "impossible de créer le dossier '%s' : %s"),
                                part, strerror(errno));
        }
        *at = kept;
    }
    free(part);
    if (err == PAL_OK && !pal_path_is_dir(path)) {
        err = pal_error_set(
            error, PAL_ERR_IO,
            PAL_T("'%s' is in the way: it is no folder", "'%s' gêne : ce n'est pas un dossier"),
            path);
    }
    return err;
}

static enum pal_err
read_all(int fd, const char *path, struct pal_buf *buf, struct pal_error *error)
{
    char chunk[16384];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return pal_error_set(error, PAL_ERR_IO,
                                 PAL_T("cannot read '%s': %s", "impossible de lire '%s' : %s"),
                                 path, strerror(errno));
        }
        if (n == 0) {
            return PAL_OK;
        }
        if (pal_buf_append(buf, chunk, (size_t)n) != PAL_OK) {
            return pal_error_set(error, PAL_ERR_LIMIT,
                                 PAL_T("'%s' is longer than %zu bytes", "'%s' dépasse %zu octets"),
                                 path, buf->max_bytes);
        }
    }
}

enum pal_err
pal_path_read(const char *path, size_t max_bytes, char **text, size_t *len, struct pal_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return pal_error_set(error, errno == ENOENT ? PAL_ERR_NOT_FOUND : PAL_ERR_IO,
                             PAL_T("cannot open '%s': %s", "impossible d'ouvrir '%s' : %s"), path,
                             strerror(errno));
    }
    struct pal_buf buf;
    pal_buf_init(&buf, max_bytes);
    struct stat info;
    enum pal_err err = PAL_OK;
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        err = pal_error_set(
            error, PAL_ERR_IO,
            PAL_T("cannot read '%s': it is a folder", "impossible de lire '%s' : c'est un dossier"),
            path);
    } else {
        err = read_all(fd, path, &buf, error);
    }
    (void)close(fd);
    if (err == PAL_OK) {
        *len = buf.len;
        *text = pal_buf_take(&buf);
    }
    pal_buf_finish(&buf);
    return err;
}
