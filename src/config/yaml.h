#ifndef PAL_CONFIG_YAML_H
#define PAL_CONFIG_YAML_H
/*
 * config.yaml: text to settings, by libyaml's events and the table of settings. Hostile text is
 * fine: size, depth and the number of reports are bounded, nothing is expanded (anchors, aliases
 * and tags are refused, with a reason).
 */
#include <stddef.h>

#include "config/config.h"

#define PAL_YAML_BYTES_MAX ((size_t)256 * 1024)

/*
 * Reads the text of a file into *config, where every setting already holds a value: what the text
 * names is set, with `path` and the line as its origin. What is wrong goes to *problems with line
 * and column, and reading goes on behind it where YAML allows.
 */
void pal_yaml_read(const char *path, const char *text, size_t len, struct pal_config *config,
                   struct pal_problems *problems);

#endif
