#include "commands/llama_dir.h"

#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

struct search {
    char *out;
    size_t size;
};

static int
look_at_library(struct dl_phdr_info *info, size_t size, void *userdata)
{
    (void)size;
    static const char prefix[] = "libllama.";
    const struct search *search = userdata;
    const char *slash = info->dlpi_name == NULL ? NULL : strrchr(info->dlpi_name, '/');
    if (slash == NULL || strncmp(slash + 1, prefix, sizeof(prefix) - 1) != 0) {
        return 0;
    }
    (void)snprintf(search->out, search->size, "%s", info->dlpi_name);
    return 1;
}

void
pal_llama_dir_loaded(char *out, size_t size)
{
    struct search search = {.out = out, .size = size};
    (void)snprintf(out, size, "%s", "");
    (void)dl_iterate_phdr(look_at_library, &search);
}

enum pal_err
pal_llama_dir_resolve(const char *dir, char **lib_dir, struct pal_error *error)
{
    char library[4096];
    pal_llama_dir_loaded(library, sizeof(library));
    const char *slash = strrchr(library, '/');
    const char *name = slash == NULL ? library : slash + 1;
    char *folders[] = {pal_path_join(dir, "lib"), pal_strdup(dir)};
    *lib_dir = NULL;
    for (size_t i = 0; i < PAL_COUNT_OF(folders); i++) {
        char *file = pal_path_join(folders[i], name);
        if (*lib_dir == NULL && pal_path_is_file(file)) {
            *lib_dir = realpath(folders[i], NULL);
        }
        free(file);
        free(folders[i]);
    }
    if (*lib_dir != NULL) {
        return PAL_OK;
    }
    return pal_error_set(
        error, PAL_ERR_CONFIG,
        PAL_T("PALABRE_LLAMA_DIR: no '%s' in '%s' or its lib/: this program is "
              "linked to that version; build it again for another one",
              "PALABRE_LLAMA_DIR : pas de « %s » dans « %s » ni dans son lib/ : ce "
              "programme est lié à cette version ; recompilez-le pour une autre"),
        name, dir);
}

static bool
uses_folder(const char *lib_dir)
{
    char library[4096];
    pal_llama_dir_loaded(library, sizeof(library));
    char *folder = pal_path_parent(library);
    char *real = realpath(folder, NULL);
    bool same = real != NULL && strcmp(real, lib_dir) == 0;
    free(real);
    free(folder);
    return same;
}

enum pal_err
pal_llama_dir_apply(char **argv, char **lib_dir, struct pal_error *error)
{
    const char *wanted = getenv("PALABRE_LLAMA_DIR");
    *lib_dir = NULL;
    if (wanted == NULL || wanted[0] == '\0') {
        return PAL_OK;
    }
    enum pal_err err = pal_llama_dir_resolve(wanted, lib_dir, error);
    if (err != PAL_OK || *lib_dir == NULL || uses_folder(*lib_dir)) {
        return err;
    }
    /* The dynamic linker reads LD_LIBRARY_PATH at the start only. If the folder is in front of it
     * already and still not in use, then it is not to be had, and a second start won't help. */
    const char *before = getenv("LD_LIBRARY_PATH");
    size_t len = strlen(*lib_dir);
    bool is_in_front = before != NULL && strncmp(before, *lib_dir, len) == 0 &&
                       (before[len] == '\0' || before[len] == ':');
    char *program = pal_path_program();
    if (!is_in_front && program != NULL) {
        bool has_more = before != NULL && before[0] != '\0';
        char *path = pal_printf("%s%s%s", *lib_dir, has_more ? ":" : "", has_more ? before : "");
        (void)setenv("LD_LIBRARY_PATH", path, 1);
        (void)execv(program, argv);
        free(path);
    }
    err = pal_error_set(error, PAL_ERR_CONFIG,
                        PAL_T("PALABRE_LLAMA_DIR: the libraries in '%s' can't be used",
                              "PALABRE_LLAMA_DIR : les bibliothèques de « %s » sont inutilisables"),
                        *lib_dir);
    free(program);
    free(*lib_dir);
    *lib_dir = NULL;
    return err;
}
