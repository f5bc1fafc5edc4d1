#include "commands/model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/fetch.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

/*
 * The engine's process may have another working directory one day; an absolute path holds. The
 * file's own name stays, link or not: the parts of a split model are found by it.
 */
static char *
absolute(const char *path)
{
    char *folder = pal_path_parent(path);
    char *real = realpath(folder, NULL);
    const char *slash = strrchr(path, '/');
    char *whole =
        real != NULL ? pal_path_join(real, slash != NULL ? slash + 1 : path) : pal_strdup(path);
    free(real);
    free(folder);
    return whole;
}

static enum pal_err
find_starter(char **path, struct pal_error *error)
{
    const char *named = getenv("PALABRE_STARTER");
    if (named != NULL && named[0] != '\0') {
        if (pal_path_is_file(named)) {
            *path = absolute(named);
            return PAL_OK;
        }
        return pal_error_set(error, PAL_ERR_NOT_FOUND,
                             PAL_T("PALABRE_STARTER: there is no file '%s'",
                                   "PALABRE_STARTER : il n'y a pas de fichier « %s »"),
                             named);
    }
    char *program = pal_path_program();
    char *folder = pal_path_parent(program != NULL ? program : "");
    char *places[] = {
        pal_path_join(folder, "../share/palabre/starter.gguf"),
        pal_path_join(folder, "starter.gguf"),
        pal_strdup(PALABRE_SOURCE_STARTER),
    };
    for (size_t i = 0; i < PAL_COUNT_OF(places); i++) {
        if (*path == NULL && pal_path_is_file(places[i])) {
            *path = absolute(places[i]);
        }
    }
    enum pal_err err = PAL_OK;
    if (*path == NULL) {
        err = pal_error_set(
            error, PAL_ERR_NOT_FOUND,
            PAL_T("the built-in starter model is not here (looked for '%s', '%s', '%s'): "
                  "give a model by --model FILE, or install palabre again",
                  "le petit modèle fourni n'est pas là (cherché : « %s », « %s », « %s ») : "
                  "donnez un modèle par --model FICHIER, ou réinstallez palabre"),
            places[0], places[1], places[2]);
    }
    for (size_t i = 0; i < PAL_COUNT_OF(places); i++) {
        free(places[i]);
    }
    free(folder);
    free(program);
    return err;
}

/* Written like a file, so that nothing else can be meant. */
static bool
looks_like_path(const char *wanted)
{
    size_t len = strlen(wanted);
    bool ends_so = len > 5 && strcmp(wanted + len - 5, ".gguf") == 0;
    return strncmp(wanted, "hf:", 3) != 0 && (ends_so || strchr(wanted, '/') != NULL);
}

enum pal_err
pal_model_file_find(const char *wanted, char **path, bool *starter, struct pal_error *error)
{
    *path = NULL;
    *starter = false;
    if (pal_path_is_file(wanted)) {
        *path = absolute(wanted);
        return PAL_OK;
    }
    *starter = wanted[0] == '\0' || strcmp(wanted, PAL_MODEL_FILE_STARTER) == 0;
    if (*starter) {
        return find_starter(path, error);
    }
    if (pal_path_is_dir(wanted)) {
        return pal_error_set(error, PAL_ERR_NOT_FOUND,
                             PAL_T("the model '%s' is a folder: name the .gguf file in it",
                                   "le modèle « %s » est un dossier : nommez le fichier .gguf "
                                   "dedans"),
                             wanted);
    }
    if (looks_like_path(wanted)) {
        return pal_error_set(
            error, PAL_ERR_NOT_FOUND,
            PAL_T("there is no model file '%s'", "il n'y a pas de fichier de modèle « %s »"),
            wanted);
    }
    enum pal_err err = pal_fetch_find(wanted, path, error);
    if (err != PAL_ERR_NOT_FOUND) {
        return err;
    }
    return pal_error_set(error, PAL_ERR_NOT_FOUND,
                         PAL_T("the model '%s' is not here yet: 'palabre model pull %s' gets it",
                               "le modèle « %s » n'est pas encore là : « palabre model pull %s » "
                               "va le chercher"),
                         wanted, wanted);
}
