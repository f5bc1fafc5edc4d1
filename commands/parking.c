#include "commands/parking.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/path.h"

#define LOG_TOPIC "parking"
#include "util/log.h"

#define MIB              ((uint64_t)1 << 20)
#define RAM_AUTO_MAX     (1024 * MIB)
#define RAM_AUTO_UNKNOWN (256 * MIB)
#define DISK_AUTO_MAX    (4096 * MIB)
#define RUN_PREFIX       "run-"
#define LOCK_NAME        "lock"

/* ---- folders ---- */

/* -1: its run is alive. */
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

/* A run's folder holds the engines' folders, and those hold files. */
static void
remove_tree(const char *dir, unsigned depth)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        bool is_link = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        char *path = pal_path_join(dir, entry->d_name);
        if (!is_link && unlink(path) != 0 && depth > 0) {
            remove_tree(path, depth - 1);
        }
        free(path);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    (void)rmdir(dir);
}

static void
remove_dead_runs(const char *root)
{
    DIR *folder = opendir(root);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) != 0) {
            continue;
        }
        char *dir = pal_path_join(root, entry->d_name);
        int fd = lock(dir, 0);
        if (fd >= 0) {
            remove_tree(dir, 1);
            (void)close(fd);
        }
        free(dir);
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

/* A folder of the cache, made if need be; NULL with a line in the log. */
static char *
cache_folder(const char *name)
{
    struct pal_error error;
    char *cache = pal_path_user_dir(PAL_USER_DIR_CACHE);
    char *dir = cache != NULL ? pal_path_join(cache, name) : NULL;
    if (dir != NULL && pal_path_make_dirs(dir, &error) != PAL_OK) {
        pal_log_warn("no folder to keep computed tokens in", "reason=" PAL_LOG_STR, error.text);
        free(dir);
        dir = NULL;
    }
    free(cache);
    return dir;
}

static void
make_run_dir(struct pal_parking *parking)
{
    char *root = cache_folder("kv");
    if (root == NULL) {
        return;
    }
    remove_dead_runs(root);
    parking->run_dir = pal_path_join(root, RUN_PREFIX "XXXXXX");
    if (mkdtemp(parking->run_dir) == NULL ||
        (parking->lock_fd = lock(parking->run_dir, O_CREAT)) < 0) {
        pal_log_warn("no folder to park timelines in", "dir=" PAL_LOG_STR " reason=" PAL_LOG_STR,
                     root, strerror(errno));
        free(parking->run_dir);
        parking->run_dir = NULL;
    }
    free(root);
}

/* ---- how much ---- */

static uint64_t
ram_bytes(int64_t mib, const struct pal_plan *plan)
{
    if (mib != PAL_CONFIG_PARK_AUTO) {
        return (uint64_t)mib * MIB;
    }
    if (plan == NULL || plan->ram_available_bytes == 0) {
        return RAM_AUTO_UNKNOWN;
    }
    uint64_t used = pal_sizes_ram(&plan->sizes) + plan->sizes.ram_mapped;
    uint64_t left = plan->ram_available_bytes > used ? plan->ram_available_bytes - used : 0;
    return left / 4 < RAM_AUTO_MAX ? left / 4 : RAM_AUTO_MAX;
}

static uint64_t
disk_bytes(int64_t mib, const char *dir)
{
    struct statvfs st;
    if (mib != PAL_CONFIG_PARK_AUTO) {
        return (uint64_t)mib * MIB;
    }
    if (statvfs(dir, &st) != 0) {
        return 0;
    }
    uint64_t tenth = (uint64_t)st.f_bavail * st.f_frsize / 10;
    return tenth < DISK_AUTO_MAX ? tenth : DISK_AUTO_MAX;
}

void
pal_parking_open(struct pal_parking *parking, const struct pal_config *config,
                 const struct pal_plan *plan, struct pal_engine_options *options)
{
    *parking = (struct pal_parking){.lock_fd = -1};
    options->park_ram_bytes = ram_bytes(config->engine.park_ram, plan);
    if (config->engine.park_disk != 0) {
        make_run_dir(parking);
    }
    if (parking->run_dir != NULL) {
        options->park_disk_bytes = disk_bytes(config->engine.park_disk, parking->run_dir);
        options->park_dir = parking->run_dir;
    }
    if (config->engine.warm) {
        parking->warm_dir = cache_folder("warm");
        options->warm_dir = parking->warm_dir;
    }
}

void
pal_parking_close(struct pal_parking *parking)
{
    if (parking == NULL) {
        return;
    }
    if (parking->run_dir != NULL) {
        remove_tree(parking->run_dir, 1);
        (void)close(parking->lock_fd);
    }
    free(parking->run_dir);
    free(parking->warm_dir);
    *parking = (struct pal_parking){.lock_fd = -1};
}
