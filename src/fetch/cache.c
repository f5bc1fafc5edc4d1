#include "fetch/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/text.h"
#include "util/path.h"

#define FILES_MAX     512 /* of one snapshot that are looked at */
#define SNAPSHOTS_MAX 64

static const char *
env_or_null(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

char *
pal_cache_root(void)
{
    const char *value = env_or_null("HF_HUB_CACHE");
    if (value != NULL) {
        return pal_strdup(value);
    }
    value = env_or_null("HF_HOME");
    if (value != NULL) {
        return pal_printf("%s/hub", value);
    }
    value = env_or_null("XDG_CACHE_HOME");
    if (value != NULL) {
        return pal_printf("%s/huggingface/hub", value);
    }
    return pal_path_expand("~/.cache/huggingface/hub");
}

char *
pal_cache_blob_path(const char *root, const struct pal_fetch_spec *spec, const char *etag)
{
    return pal_printf("%s/models--%s--%s/blobs/%s", root, spec->user, spec->repo, etag);
}

char *
pal_cache_snapshot_path(const char *root, const struct pal_fetch_spec *spec, const char *commit,
                        const char *file)
{
    return pal_printf("%s/models--%s--%s/snapshots/%s/%s", root, spec->user, spec->repo, commit,
                      file);
}

/* Makes every folder of `path` before its last slash. */
static enum pal_err
make_parents(const char *path, struct pal_error *error)
{
    char *copy = pal_strdup(path);
    enum pal_err err = PAL_OK;
    for (char *slash = strchr(copy + 1, '/'); slash != NULL && err == PAL_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            err = pal_error_set(error, PAL_ERR_IO,
                                PAL_T("cannot make the folder '%s': %s",
                                      "impossible de créer le dossier « %s » : %s"),
                                copy, strerror(errno));
        }
        *slash = '/';
    }
    free(copy);
    return err;
}

static char *
lock_path(const char *root, const struct pal_fetch_spec *spec, const char *etag)
{
    return pal_printf("%s/.locks/models--%s--%s/%s.lock", root, spec->user, spec->repo, etag);
}

enum pal_err
pal_cache_prepare(const char *root, const struct pal_fetch_spec *spec, struct pal_error *error)
{
    char *blob = pal_cache_blob_path(root, spec, "x");
    char *lock = lock_path(root, spec, "x");
    enum pal_err err = make_parents(blob, error);
    if (err == PAL_OK) {
        err = make_parents(lock, error);
    }
    free(blob);
    free(lock);
    return err;
}

enum pal_err
pal_cache_lock(const char *root, const struct pal_fetch_spec *spec, const char *etag, int *fd,
               struct pal_error *error)
{
    char *path = lock_path(root, spec, etag);
    enum pal_err err = PAL_OK;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) {
        err = pal_error_set(error, PAL_ERR_IO,
                            PAL_T("cannot open '%s': %s", "impossible d'ouvrir « %s » : %s"), path,
                            strerror(errno));
    } else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        err = pal_error_set(
            error, PAL_ERR_BUSY,
            PAL_T("another program is downloading '%s/%s' right now; wait for it",
                  "un autre programme est en train de télécharger « %s/%s » ; attendez-le"),
            spec->user, spec->repo);
        (void)close(*fd);
        *fd = -1;
    }
    free(path);
    return err;
}

enum pal_err
pal_cache_link(const char *root, const struct pal_fetch_spec *spec, const char *commit,
               const char *file, const char *etag, struct pal_error *error)
{
    char *path = pal_cache_snapshot_path(root, spec, commit, file);
    /* From snapshots/<commit>/ two steps up, and one more for each folder in the name. */
    char up[PAL_FETCH_FILE_MAX * 3 / 2 + 8] = "../../";
    size_t n = strlen(up);
    for (const char *c = file; *c != '\0'; c++) {
        if (*c == '/') {
            n += (size_t)snprintf(up + n, sizeof(up) - n, "../");
        }
    }
    char *target = pal_printf("%sblobs/%s", up, etag);
    enum pal_err err = make_parents(path, error);
    if (err == PAL_OK && unlink(path) != 0 && errno != ENOENT) {
        err = pal_error_set(error, PAL_ERR_IO,
                            PAL_T("cannot replace '%s': %s", "impossible de remplacer « %s » : %s"),
                            path, strerror(errno));
    }
    if (err == PAL_OK && symlink(target, path) != 0) {
        err =
            pal_error_set(error, PAL_ERR_IO,
                          PAL_T("cannot link '%s': %s", "impossible de créer le lien « %s » : %s"),
                          path, strerror(errno));
    }
    free(target);
    free(path);
    return err;
}

static char *
main_path(const char *root, const struct pal_fetch_spec *spec)
{
    return pal_printf("%s/models--%s--%s/refs/main", root, spec->user, spec->repo);
}

enum pal_err
pal_cache_set_main(const char *root, const struct pal_fetch_spec *spec, const char *commit,
                   struct pal_error *error)
{
    char *path = main_path(root, spec);
    char *part = pal_printf("%s.%d", path, (int)getpid());
    enum pal_err err = make_parents(path, error);
    if (err == PAL_OK) {
        FILE *file = fopen(part, "we");
        bool is_written = file != NULL && fputs(commit, file) >= 0;
        is_written = file != NULL && fclose(file) == 0 && is_written;
        if (!is_written || rename(part, path) != 0) {
            err = pal_error_set(error, PAL_ERR_IO,
                                PAL_T("cannot write '%s': %s", "impossible d'écrire « %s » : %s"),
                                path, strerror(errno));
            (void)unlink(part);
        }
    }
    free(part);
    free(path);
    return err;
}

/* The commit of refs/main; false if there is none worth believing. */
static bool
read_main(const char *root, const struct pal_fetch_spec *spec, char *commit, size_t room)
{
    char *path = main_path(root, spec);
    FILE *file = fopen(path, "re");
    free(path);
    if (file == NULL) {
        return false;
    }
    bool is_there = fgets(commit, (int)room, file) != NULL;
    (void)fclose(file);
    commit[is_there ? strcspn(commit, " \r\n") : 0] = '\0';
    return commit[0] != '\0' && strchr(commit, '/') == NULL && commit[0] != '.';
}

struct names {
    char *names[FILES_MAX]; /* owned */
    size_t n;
};

static void
names_finish(struct names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        free(names->names[i]);
    }
    names->n = 0;
}

/* Whole files (links that lead somewhere) below `dir`, two folders deep, as "a.gguf", "b/c.gguf".
 */
static void
list_files(const char *dir, const char *prefix, int depth, struct names *names)
{
    DIR *handle = opendir(dir);
    struct dirent *entry;
    while (handle != NULL && (entry = readdir(handle)) != NULL && names->n < FILES_MAX) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char *path = pal_printf("%s/%s", dir, entry->d_name);
        char *name = pal_printf("%s%s", prefix, entry->d_name);
        struct stat st;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            names->names[names->n++] = name;
            name = NULL;
        } else if (depth > 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            char *deeper = pal_printf("%s/", name);
            list_files(path, deeper, depth - 1, names);
            free(deeper);
        }
        free(name);
        free(path);
    }
    if (handle != NULL) {
        (void)closedir(handle);
    }
}

/* Bytes of all parts of a file in a snapshot; 0 if one is missing. */
static uint64_t
parts_bytes(const char *snapshot, const char *file)
{
    uint64_t bytes = 0;
    unsigned n_parts = pal_fetch_n_parts(file);
    for (unsigned i = 0; i < n_parts; i++) {
        char part[PAL_FETCH_FILE_MAX];
        struct stat st;
        if (!pal_fetch_part_name(file, i, part, sizeof(part))) {
            return 0;
        }
        char *path = pal_printf("%s/%s", snapshot, part);
        bool is_there = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
        free(path);
        if (!is_there) {
            return 0;
        }
        bytes += (uint64_t)st.st_size;
    }
    return bytes;
}

static char *
find_in_snapshot(const char *snapshot, const struct pal_fetch_spec *spec)
{
    struct names names = {.n = 0};
    list_files(snapshot, "", 1, &names);
    int chosen = pal_fetch_choose(spec, (const char *const *)names.names, names.n);
    char *path = NULL;
    if (chosen >= 0 && parts_bytes(snapshot, names.names[chosen]) > 0) {
        path = pal_printf("%s/%s", snapshot, names.names[chosen]);
    }
    names_finish(&names);
    return path;
}

/* Calls `visit` for each snapshot folder of a repository until it gives something. */
static char *
find_in_any_snapshot(const char *snapshots, const struct pal_fetch_spec *spec)
{
    char *found = NULL;
    DIR *handle = opendir(snapshots);
    struct dirent *entry;
    for (int i = 0; handle != NULL && found == NULL && i < SNAPSHOTS_MAX; i++) {
        entry = readdir(handle);
        if (entry == NULL) {
            break;
        }
        if (entry->d_name[0] != '.') {
            char *snapshot = pal_printf("%s/%s", snapshots, entry->d_name);
            found = find_in_snapshot(snapshot, spec);
            free(snapshot);
        }
    }
    if (handle != NULL) {
        (void)closedir(handle);
    }
    return found;
}

char *
pal_cache_find(const char *root, const struct pal_fetch_spec *spec)
{
    char commit[128];
    char *found = NULL;
    char *snapshots = pal_printf("%s/models--%s--%s/snapshots", root, spec->user, spec->repo);
    if (read_main(root, spec, commit, sizeof(commit))) {
        char *snapshot = pal_printf("%s/%s", snapshots, commit);
        found = find_in_snapshot(snapshot, spec);
        free(snapshot);
    }
    if (found == NULL) {
        found = find_in_any_snapshot(snapshots, spec);
    }
    free(snapshots);
    return found;
}

/* The models of one snapshot: every first (or only) part that is whole. */
static void
list_snapshot(const char *snapshot, struct pal_cache_model *model,
              void (*on_model)(const struct pal_cache_model *model, void *userdata), void *userdata)
{
    struct names names = {.n = 0};
    list_files(snapshot, "", 1, &names);
    for (size_t i = 0; i < names.n; i++) {
        struct pal_fetch_spec exact = {0};
        int len = snprintf(exact.file, sizeof(exact.file), "%s", names.names[i]);
        char first[PAL_FETCH_FILE_MAX];
        if (len < 0 || (size_t)len >= sizeof(exact.file) ||
            pal_fetch_choose(&exact, (const char *const *)&names.names[i], 1) != 0 ||
            !pal_fetch_part_name(exact.file, 0, first, sizeof(first)) ||
            strcmp(first, exact.file) != 0) {
            continue;
        }
        model->bytes = parts_bytes(snapshot, exact.file);
        len = snprintf(model->path, sizeof(model->path), "%s/%s", snapshot, exact.file);
        if (model->bytes > 0 && len > 0 && (size_t)len < sizeof(model->path)) {
            (void)snprintf(model->file, sizeof(model->file), "%s", exact.file);
            on_model(model, userdata);
        }
    }
    names_finish(&names);
}

static void
list_repository(const char *root, const char *folder,
                void (*on_model)(const struct pal_cache_model *model, void *userdata),
                void *userdata)
{
    const char *user = folder + strlen("models--");
    const char *repo = strstr(user, "--");
    struct pal_cache_model model = {0};
    if (repo == NULL || (size_t)(repo - user) >= sizeof(model.user) ||
        strlen(repo + 2) >= sizeof(model.repo)) {
        return;
    }
    (void)snprintf(model.user, sizeof(model.user), "%.*s", (int)(repo - user), user);
    (void)snprintf(model.repo, sizeof(model.repo), "%s", repo + 2);
    char *snapshots = pal_printf("%s/%s/snapshots", root, folder);
    DIR *handle = opendir(snapshots);
    struct dirent *entry;
    while (handle != NULL && (entry = readdir(handle)) != NULL) {
        if (entry->d_name[0] != '.') {
            char *snapshot = pal_printf("%s/%s", snapshots, entry->d_name);
            list_snapshot(snapshot, &model, on_model, userdata);
            free(snapshot);
        }
    }
    if (handle != NULL) {
        (void)closedir(handle);
    }
    free(snapshots);
}

void
pal_cache_list(const char *root,
               void (*on_model)(const struct pal_cache_model *model, void *userdata),
               void *userdata)
{
    DIR *handle = opendir(root);
    struct dirent *entry;
    while (handle != NULL && (entry = readdir(handle)) != NULL) {
        if (strncmp(entry->d_name, "models--", strlen("models--")) == 0) {
            list_repository(root, entry->d_name, on_model, userdata);
        }
    }
    if (handle != NULL) {
        (void)closedir(handle);
    }
}
