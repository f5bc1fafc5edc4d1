#include "engine/park_home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/path.h"

#define LOCK_NAME  "lock"
#define DIR_PREFIX "engine-"

/* -1: somebody alive has it, or there is no such folder. */
static int
lock(const char *dir, int flags)
{
    char *path = pal_path_join(dir, LOCK_NAME);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    free(path);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

enum pal_err
pal_park_home_open(struct pal_park_home *home, const char *root, struct pal_error *error)
{
    *home = (struct pal_park_home){.lock_fd = -1};
    char *dir = pal_path_join(root, DIR_PREFIX "XXXXXX");
    if (mkdtemp(dir) == NULL || (home->lock_fd = lock(dir, O_CREAT)) < 0) {
        (void)pal_error_set(error, PAL_ERR_IO, "cannot make a folder in '%s': %s", root,
                            strerror(errno));
        free(dir);
        return PAL_ERR_IO;
    }
    home->root = pal_strdup(root);
    home->dir = dir;
    return PAL_OK;
}

static void
remove_dir(const char *dir)
{
    char *path = pal_path_join(dir, LOCK_NAME);
    /* With files in it, it stays for the next to find; without a lock file it could not be found.
     */
    bool has_files = false;
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        has_files = has_files || (entry->d_name[0] != '.' && strcmp(entry->d_name, LOCK_NAME) != 0);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    if (!has_files) {
        (void)unlink(path);
        (void)rmdir(dir);
    }
    free(path);
}

void
pal_park_home_close(struct pal_park_home *home)
{
    if (home->dir == NULL) {
        return;
    }
    remove_dir(home->dir);
    (void)close(home->lock_fd);
    free(home->dir);
    free(home->root);
    *home = (struct pal_park_home){.lock_fd = -1};
}

static void
adopt_dir(const char *dir, void (*take)(const char *path, void *userdata), void *userdata)
{
    int fd = lock(dir, 0);
    DIR *folder = fd >= 0 ? opendir(dir) : NULL;
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, LOCK_NAME) != 0) {
            char *path = pal_path_join(dir, entry->d_name);
            take(path, userdata);
            free(path);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    if (fd >= 0) {
        remove_dir(dir);
        (void)close(fd);
    }
}

void
pal_park_home_adopt(const struct pal_park_home *home,
                    void (*take)(const char *path, void *userdata), void *userdata)
{
    DIR *folder = home->root != NULL ? opendir(home->root) : NULL;
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *dir = pal_path_join(home->root, entry->d_name);
        if (strncmp(entry->d_name, DIR_PREFIX, strlen(DIR_PREFIX)) == 0 &&
            strcmp(dir, home->dir) != 0) {
            adopt_dir(dir, take, userdata);
        }
        free(dir);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}
