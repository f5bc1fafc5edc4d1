#include "commands/remember.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define BYTES_OF_MB   ((int64_t)1024 * 1024)
#define SECONDS_A_DAY 86400

char *
pal_remember_path(const struct pal_config *config)
{
    if (config->memory.file[0] != '\0') {
        return pal_strdup(config->memory.file);
    }
    char *folder = pal_path_user_dir(PAL_USER_DIR_DATA);
    char *path = folder != NULL ? pal_path_join(folder, "memory.db") : NULL;
    free(folder);
    return path;
}

static struct pal_store *
open_store(uv_loop_t *loop, const struct pal_config *config)
{
    char *path = pal_remember_path(config);
    struct pal_store *store = NULL;
    struct pal_error error = {.code = PAL_ERR_IO};
    if (path != NULL) {
        const struct pal_store_options options = {
            .path = path,
            .max_bytes = config->memory.max_size_mb * BYTES_OF_MB,
            .max_age_s = config->memory.max_age_days * SECONDS_A_DAY,
        };
        if (pal_store_open(loop, &options, &store, &error) != PAL_OK) {
            (void)fprintf(stderr,
                          PAL_T("palabre: conversations will not survive a restart: %s\n",
                                "palabre : les conversations ne survivront pas à un redémarrage : "
                                "%s\n"),
                          error.text);
        }
    }
    free(path);
    return store;
}

static char *
answers_path(const struct pal_config *config)
{
    if (config->bot.answers_file[0] != '\0') {
        return pal_strdup(config->bot.answers_file);
    }
    if (config->user_file == NULL) {
        return NULL;
    }
    char *folder = pal_path_parent(config->user_file);
    char *path = pal_path_join(folder, "answers.yaml");
    free(folder);
    return path;
}

enum pal_err
pal_remember_open(uv_loop_t *loop, const struct pal_config *config, struct pal_store **store,
                  struct pal_heart **heart, struct pal_error *error)
{
    *store = NULL;
    *heart = NULL;
    if (config->bot.known_by_heart) {
        char *path = answers_path(config);
        enum pal_err err = pal_heart_create(path, heart, error);
        free(path);
        if (err != PAL_OK) {
            return err;
        }
    }
    if (config->memory.enabled) {
        *store = open_store(loop, config);
    }
    return PAL_OK;
}
