#ifndef PAL_TESTS_CONFIG_CASE_H
#define PAL_TESTS_CONFIG_CASE_H
/* A configuration read from a text in memory, for the tests of the reader. Included after test.h.
 */
#include <stdlib.h>
#include <string.h>

#include "config/load.h"
#include "config/option.h"
#include "config/value.h"
#include "config/yaml.h"

struct config_case {
    struct pal_config config;
    struct pal_problems problems;
};

static inline void
case_read(struct config_case *it, const char *text, size_t len)
{
    *it = (struct config_case){0};
    pal_config_init(&it->config);
    pal_yaml_read("t.yaml", text, len, &it->config, &it->problems);
}

static inline void
case_finish(struct config_case *it)
{
    pal_config_finish(&it->config);
    pal_problems_finish(&it->problems);
}

#endif
