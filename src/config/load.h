#ifndef PAL_CONFIG_LOAD_H
#define PAL_CONFIG_LOAD_H
/*
 * The steps of pal_config_load(), for itself and for tests that bring their own files and
 * environment.
 */
#include "config/config.h"

#define PAL_CONFIG_SYSTEM_PATH "/etc/palabre/config.yaml"

/* Where to read; borrowed. */
struct pal_config_sources {
    const char *system_path;        /* below the user's; NULL = none */
    const char *user_path;          /* NULL = none */
    const char *const *environment; /* "NAME=value" strings, ends with NULL */
};

/* As pal_config_load(). A file that isn't there is no error, except one named by --config or
 * PALABRE_CONFIG, which takes the place of both. */
enum pal_err pal_config_load_from(const struct pal_config_request *request,
                                  const struct pal_config_sources *sources, int argc, char **argv,
                                  struct pal_config *config,
                                  struct pal_problems *problems) PAL_MUST_USE;

/* $XDG_CONFIG_HOME/palabre/config.yaml or ~/.config/palabre/config.yaml; owned by the caller; NULL
 * if there is no home. */
char *pal_config_user_path(void);

/* Every setting at its default. `config` is not initialised before. */
void pal_config_init(struct pal_config *config);

/* flags.c: what the command line says, without doing it yet. */
struct pal_config_flags {
    const struct pal_config_request *request;
    int argc;
    char **argv;
    struct pal_config *config; /* NULL: look for --config and --help only, report nothing */
    struct pal_problems *problems;
    const char *config_path; /* borrowed from argv; NULL = no --config */
    bool wants_help;
};
void pal_config_flags_read(struct pal_config_flags *flags);

#endif
