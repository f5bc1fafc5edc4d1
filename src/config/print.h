#ifndef PAL_CONFIG_PRINT_H
#define PAL_CONFIG_PRINT_H
/*
 * What people read about the settings, in the chosen language, all from the one table: --help, the
 * values in force, the documentation. PAL_ERR_LIMIT if `out` is too small (64 KiB is plenty).
 */
#include "config/config.h"
#include "util/buf.h"

/* --help of a command: usage, what it does, its flags. */
enum pal_err pal_config_print_help(const struct pal_config_request *request,
                                   struct pal_buf *out) PAL_MUST_USE;

/* `palabre config show`: every setting with its value and origin, as a config.yaml that reads back
 * to the same values. A secret's value is left out. */
enum pal_err pal_config_print_values(const struct pal_config *config,
                                     struct pal_buf *out) PAL_MUST_USE;

/* docs/configuration.md (or .fr.md). */
enum pal_err pal_config_print_docs(struct pal_buf *out) PAL_MUST_USE;

#endif
