#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "config/value.h"
#include "config/yaml.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"

#define KEY_FILE_BYTES_MAX 4096

void
pal_config_init(struct pal_config *config)
{
    *config = (struct pal_config){0};
    config->origins = pal_calloc(pal_n_options, sizeof(config->origins[0]));
    for (size_t i = 0; i < pal_n_options; i++) {
        const struct pal_option *option = &pal_options[i];
        struct pal_value_fault fault;
        pal_value_clear(config, option);
        PAL_ASSERT(pal_value_set(config, option, option->initial, strlen(option->initial), &fault));
    }
}

void
pal_config_finish(struct pal_config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < pal_n_options; i++) {
        pal_value_finish(config, &pal_options[i]);
        if (config->origins != NULL) {
            free(config->origins[i].name);
        }
    }
    free(config->origins);
    free(config->args);
    free(config->user_file);
    *config = (struct pal_config){0};
}

char *
pal_config_user_path(void)
{
    char *folder = pal_path_user_dir(PAL_USER_DIR_CONFIG);
    char *path = folder == NULL ? NULL : pal_path_join(folder, "config.yaml");
    free(folder);
    return path;
}

static void
read_file(const char *path, bool must_exist, struct pal_config *config,
          struct pal_problems *problems)
{
    char *text = NULL;
    size_t len = 0;
    struct pal_error error;
    enum pal_err err = pal_path_read(path, PAL_YAML_BYTES_MAX, &text, &len, &error);
    if (err == PAL_OK) {
        pal_yaml_read(path, text, len, config, problems);
    } else if (must_exist || err != PAL_ERR_NOT_FOUND) {
        pal_problems_add(problems, PAL_PROBLEM_ERROR, NULL, 0, 0, "%s", error.text);
    }
    free(text);
}

/* ---- environment ---- */

/* The value of NAME in the list; NULL if it is not there or empty. */
static const char *
find_variable(const char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; environment[i] != NULL; i++) {
        if (strncmp(environment[i], name, len) == 0 && environment[i][len] == '=') {
            return environment[i][len + 1] != '\0' ? environment[i] + len + 1 : NULL;
        }
    }
    return NULL;
}

static void
read_variables(const char *const *environment, struct pal_config *config,
               struct pal_problems *problems)
{
    for (size_t i = 0; i < pal_n_options; i++) {
        const struct pal_option *option = &pal_options[i];
        char name[PAL_OPTION_NAME_MAX];
        pal_option_variable(option, name);
        const char *value = find_variable(environment, name);
        struct pal_value_fault fault;
        if (value == NULL) {
            continue;
        }
        if (pal_value_set(config, option, value, strlen(value), &fault)) {
            pal_value_set_origin(config, option, PAL_ORIGIN_ENVIRONMENT, name, 0);
        } else {
            pal_problems_add(problems, PAL_PROBLEM_ERROR, name, 0, 0, "%s", fault.text);
        }
    }
}

static bool
is_variable(const char *name)
{
    for (size_t i = 0; i < pal_n_options; i++) {
        char own[PAL_OPTION_NAME_MAX];
        pal_option_variable(&pal_options[i], own);
        if (strcmp(own, name) == 0) {
            return true;
        }
    }
    return strcmp(name, "PALABRE_CONFIG") == 0;
}

/* A variable that is nearly one of ours is a slip worth telling; others may be somebody's own. */
static void
warn_of_slips(const char *const *environment, struct pal_problems *problems)
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        char name[PAL_OPTION_NAME_MAX];
        char near[PAL_OPTION_NAME_MAX];
        size_t len = strcspn(environment[i], "=");
        if (strncmp(environment[i], "PALABRE_", 8) != 0 || len >= sizeof(name)) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%.*s", (int)len, environment[i]);
        if (!is_variable(name) && pal_option_nearest_variable(name, near)) {
            pal_problems_add(problems, PAL_PROBLEM_WARNING, name, 0, 0,
                             PAL_T("unknown variable; did you mean '%s'?",
                                   "variable inconnue ; vouliez-vous dire « %s » ?"),
                             near);
        }
    }
}

/* ---- what several settings say together ---- */

static const struct pal_origin *
origin_of(const struct pal_config *config, const char *key)
{
    const struct pal_option *option = pal_option_by_key(key);
    PAL_ASSERT(option != NULL);
    return &config->origins[pal_option_index(option)];
}

/* A secret that may stand in a file of its own. */
struct secret_file {
    const char *key, *file_key; /* settings */
    const char *value, *path;   /* what they hold */
    bool has_lines;             /* the file holds a list, one a line */
};

/* The key itself or its file: whichever was said nearer to the command line. */
static void
read_key_file(struct pal_config *config, const struct secret_file *secret,
              struct pal_problems *problems)
{
    const struct pal_origin *of_key = origin_of(config, secret->key);
    const struct pal_origin *of_file = origin_of(config, secret->file_key);
    bool has_key = secret->value[0] != '\0';
    if (secret->path[0] == '\0' || (has_key && of_key->kind > of_file->kind)) {
        return;
    }
    if (has_key && of_key->kind == of_file->kind) {
        pal_problems_add(problems, PAL_PROBLEM_ERROR, of_file->name, of_file->line, 1,
                         PAL_T("both '%s' and '%s' are set: keep one",
                               "« %s » et « %s » sont donnés : gardez-en un"),
                         secret->key, secret->file_key);
        return;
    }
    char *text = NULL;
    size_t len = 0;
    struct pal_error error;
    struct pal_value_fault fault = {.text = ""};
    const struct pal_option *option = pal_option_by_key(secret->key);
    if (pal_path_read(secret->path, KEY_FILE_BYTES_MAX, &text, &len, &error) != PAL_OK) {
        pal_problems_add(problems, PAL_PROBLEM_ERROR, secret->file_key, 0, 0, "%s", error.text);
        return;
    }
    for (; len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL; len--) {
    }
    for (size_t i = 0; secret->has_lines && i < len; i++) {
        text[i] = (char)(text[i] == '\n' || text[i] == '\r' ? ',' : text[i]);
    }
    if (len == 0) {
        pal_problems_add(problems, PAL_PROBLEM_ERROR, secret->file_key, 0, 0,
                         PAL_T("'%s' is empty", "« %s » est vide"), secret->path);
    } else if (!pal_value_set(config, option, text, len, &fault)) {
        pal_problems_add(problems, PAL_PROBLEM_ERROR, secret->path, 0, 0, "%s", fault.text);
    } else {
        pal_value_set_origin(config, option, of_file->kind, secret->path, 1);
    }
    free(text);
}

/* ---- all of it ---- */

static void
read_files(const struct pal_config_sources *sources, const char *named, struct pal_config *config,
           struct pal_problems *problems)
{
    if (named != NULL) {
        read_file(named, true, config, problems);
        return;
    }
    if (sources->system_path != NULL) {
        read_file(sources->system_path, false, config, problems);
    }
    if (sources->user_path != NULL) {
        read_file(sources->user_path, false, config, problems);
    }
}

enum pal_err
pal_config_load_from(const struct pal_config_request *request,
                     const struct pal_config_sources *sources, int argc, char **argv,
                     struct pal_config *config, struct pal_problems *problems)
{
    pal_config_init(config);
    struct pal_config_flags flags = {
        .request = request,
        .argc = argc,
        .argv = argv,
        .problems = problems,
    };
    pal_config_flags_read(&flags);
    config->wants_help = flags.wants_help;
    if (flags.wants_help) {
        return PAL_OK;
    }
    const char *named = flags.config_path != NULL
                            ? flags.config_path
                            : find_variable(sources->environment, "PALABRE_CONFIG");
    config->user_file = pal_strdup(named != NULL ? named : sources->user_path);
    read_files(sources, named, config, problems);
    read_variables(sources->environment, config, problems);
    warn_of_slips(sources->environment, problems);
    size_t n_before = problems->n_errors;
    flags.config = config;
    pal_config_flags_read(&flags);
    size_t n_after = problems->n_errors;
    const struct secret_file secrets[] = {
        {
            .key = "server.api_key",
            .file_key = "server.api_key_file",
            .value = config->server.api_key,
            .path = config->server.api_key_file,
        },
        {
            .key = "engine.upstream_keys",
            .file_key = "engine.upstream_keys_file",
            .value = config->engine.upstream_keys,
            .path = config->engine.upstream_keys_file,
            .has_lines = true,
        },
    };
    for (size_t i = 0; i < PAL_COUNT_OF(secrets); i++) {
        read_key_file(config, &secrets[i], problems);
    }
    if (n_after > n_before) {
        return PAL_ERR_ARGUMENT;
    }
    return problems->n_errors > 0 ? PAL_ERR_CONFIG : PAL_OK;
}

enum pal_err
pal_config_load(const struct pal_config_request *request, int argc, char **argv,
                struct pal_config *config, struct pal_problems *problems)
{
    char *user_path = pal_config_user_path();
    struct pal_config_sources sources = {
        .system_path = PAL_CONFIG_SYSTEM_PATH,
        .user_path = user_path,
        .environment = (const char *const *)environ,
    };
    enum pal_err err = pal_config_load_from(request, &sources, argc, argv, config, problems);
    free(user_path);
    return err;
}

const char *
pal_config_early_lang(int argc, char **argv)
{
    const char *lang = getenv("PALABRE_LANG");
    for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (strncmp(argv[at], "--lang=", 7) == 0) {
            lang = argv[at] + 7;
        } else if (strcmp(argv[at], "--lang") == 0 && at + 1 < argc) {
            lang = argv[at + 1];
        }
    }
    bool known = lang != NULL && (strcmp(lang, "en") == 0 || strcmp(lang, "fr") == 0);
    return known ? lang : NULL;
}
