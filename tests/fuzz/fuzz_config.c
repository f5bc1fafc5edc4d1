/*
 * Any bytes as a config.yaml: refused with places and reasons, or read into values within their
 * ranges, which read back from `config show` to the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_case.h"
#include "config/print.h"
#include "util/mem.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max_len);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed);

/* "~/" must mean the same on every machine that runs this. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return setenv("HOME", "/home/fuzz", 1);
}

/* One of eight times a line of a setting by its real name is put in, to get past the keys. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed)
{
    const struct pal_option *option = &pal_options[(seed / 8) % pal_n_options];
    char line[2 * PAL_OPTION_NAME_MAX];
    size_t section = pal_option_section_len(option->key);
    const char *name = option->key + (section > 0 ? section + 1 : 0);
    int n = section > 0 ? snprintf(line, sizeof(line), "\n%.*s: {%s: %s}\n", (int)section,
                                   option->key, name, option->initial)
                        : snprintf(line, sizeof(line), "\n%s: %s\n", name, option->initial);
    if (seed % 8 == 0 && len + (size_t)n <= max_len) {
        memcpy(data + len, line, (size_t)n);
        len += (size_t)n;
    }
    return LLVMFuzzerMutate(data, len, max_len);
}

static void
check_problems(const struct pal_problems *problems)
{
    PAL_ASSERT(problems->n <= PAL_PROBLEMS_MAX);
    for (size_t i = 0; i < problems->n; i++) {
        const struct pal_problem *problem = &problems->items[i];
        PAL_ASSERT(problem->line > 0 && problem->column > 0);
        PAL_ASSERT(problem->text[0] != '\0' && strchr(problem->text, '\n') == NULL);
        PAL_ASSERT(pal_utf8_valid(problem->text, strlen(problem->text)));
    }
}

static void
check_reads_back(const struct pal_config *config)
{
    struct pal_buf first;
    struct pal_buf second;
    struct config_case again;
    pal_buf_init(&first, 1u << 20);
    pal_buf_init(&second, 1u << 20);
    enum pal_err err = pal_config_print_values(config, &first);
    PAL_ASSERT(err == PAL_OK);
    case_read(&again, first.data, first.len);
    PAL_ASSERT(again.problems.n == 0);
    for (size_t i = 0; i < pal_n_options; i++) {
        if (!pal_options[i].hidden && pal_options[i].type != PAL_OPTION_SECRET) {
            pal_buf_clear(&first);
            pal_buf_clear(&second);
            err = pal_value_print(config, &pal_options[i], &first);
            PAL_ASSERT(err == PAL_OK);
            err = pal_value_print(&again.config, &pal_options[i], &second);
            PAL_ASSERT(err == PAL_OK);
            PAL_ASSERT(strcmp(first.data, second.data) == 0);
        }
    }
    case_finish(&again);
    pal_buf_finish(&first);
    pal_buf_finish(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > PAL_YAML_BYTES_MAX) {
        return 0;
    }
    struct config_case it;
    case_read(&it, (const char *)data, len);
    check_problems(&it.problems);
    check_reads_back(&it.config);
    case_finish(&it);
    return 0;
}
