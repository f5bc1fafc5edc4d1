#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/load.h"
#include "config/option.h"
#include "config/value.h"
#include "util/mem.h"
#include "util/text.h"

/* One argument taken apart: "--port=7", "-p7", "-p", "--no-avatar". */
struct word {
    char shown[PAL_OPTION_NAME_MAX]; /* "--port": how messages call it */
    char name[PAL_OPTION_NAME_MAX];  /* "port"; "" for a letter */
    char letter;
    const char *value; /* behind '=' or the letter; NULL = none */
};

static void
complain(struct pal_config_flags *flags, const char *where, const char *text)
{
    if (flags->config != NULL) {
        pal_problems_add(flags->problems, PAL_PROBLEM_ERROR, where, 0, 0, "%s", text);
    }
}

static struct word
take_apart(const char *argument)
{
    struct word word = {0};
    if (argument[1] != '-') {
        word.letter = argument[1];
        word.value = argument[2] != '\0' ? argument + 2 : NULL;
        (void)snprintf(word.shown, sizeof(word.shown), "-%c", argument[1]);
        return word;
    }
    const char *equals = strchr(argument, '=');
    size_t len = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    word.value = equals == NULL ? NULL : equals + 1;
    (void)snprintf(word.shown, sizeof(word.shown), "%.*s", (int)len, argument);
    (void)snprintf(word.name, sizeof(word.name), "%.*s", (int)len - 2, argument + 2);
    return word;
}

/* The value of a flag that needs one: its own, or the next argument, which is then used up. */
static const char *
take_value(struct pal_config_flags *flags, const struct word *word, int *at)
{
    if (word->value != NULL) {
        return word->value;
    }
    if (*at + 1 < flags->argc) {
        return flags->argv[++*at];
    }
    complain(flags, word->shown, PAL_T("needs a value behind it", "il lui faut une valeur"));
    return NULL;
}

static void
report_unknown(struct pal_config_flags *flags, const struct word *word)
{
    char text[512];
    char near[PAL_OPTION_NAME_MAX];
    if (word->name[0] != '\0' &&
        pal_option_nearest_flag(word->name, flags->request->groups, near)) {
        (void)snprintf(text, sizeof(text),
                       PAL_T("unknown option; did you mean '--%s'?",
                             "option inconnue ; vouliez-vous dire « --%s » ?"),
                       near);
    } else {
        (void)snprintf(text, sizeof(text),
                       PAL_T("unknown option; see 'palabre %s --help'",
                             "option inconnue ; voyez « palabre %s --help »"),
                       flags->request->command);
    }
    complain(flags, word->shown, text);
}

static void
set_option(struct pal_config_flags *flags, const struct pal_option *option, const struct word *word,
           const char *value)
{
    if (flags->config == NULL) {
        return;
    }
    char where[PAL_OPTION_NAME_MAX + 2];
    char name[PAL_OPTION_NAME_MAX];
    pal_option_flag(option, name);
    (void)snprintf(where, sizeof(where), "--%s", name);
    struct pal_value_fault fault;
    if (pal_value_set(flags->config, option, value, strlen(value), &fault)) {
        pal_value_set_origin(flags->config, option, PAL_ORIGIN_FLAG, where, 0);
    } else {
        complain(flags, word->shown, fault.text);
    }
}

static const struct pal_option *
find_option(const struct word *word, bool *negated)
{
    *negated = false;
    if (word->name[0] == '\0') {
        return pal_option_by_letter(word->letter);
    }
    const struct pal_option *option = pal_option_by_flag(word->name);
    if (option == NULL && strncmp(word->name, "no-", 3) == 0) {
        option = pal_option_by_flag(word->name + 3);
        option = option != NULL && option->type == PAL_OPTION_BOOL ? option : NULL;
        *negated = option != NULL;
    }
    return option;
}

static void
read_option(struct pal_config_flags *flags, const struct word *word, int *at)
{
    bool negated = false;
    const struct pal_option *option = find_option(word, &negated);
    if (option == NULL) {
        report_unknown(flags, word);
        /* What stands behind it is most likely its value: one report is enough. */
        bool has_more = word->value == NULL && *at + 1 < flags->argc;
        *at += has_more && flags->argv[*at + 1][0] != '-' ? 1 : 0;
        return;
    }
    if ((option->group & flags->request->groups) == 0) {
        char text[256];
        (void)snprintf(text, sizeof(text),
                       PAL_T("'palabre %s' has no use for it", "« palabre %s » n'en fait rien"),
                       flags->request->command);
        complain(flags, word->shown, text);
        /* Its value must not be taken for a word. */
        *at += option->type != PAL_OPTION_BOOL && word->value == NULL ? 1 : 0;
        return;
    }
    if (negated && word->value != NULL) {
        complain(flags, word->shown, PAL_T("takes no value", "ne prend pas de valeur"));
    } else if (option->type == PAL_OPTION_BOOL) {
        const char *plain = negated ? "false" : "true";
        set_option(flags, option, word, word->value != NULL ? word->value : plain);
    } else {
        const char *value = take_value(flags, word, at);
        if (value != NULL) {
            set_option(flags, option, word, value);
        }
    }
}

static void
take_argument(struct pal_config_flags *flags, const char *argument)
{
    struct pal_config *config = flags->config;
    if (config == NULL) {
        return;
    }
    if (config->n_args >= flags->request->n_args_max) {
        char text[256];
        (void)snprintf(text, sizeof(text),
                       PAL_T("unexpected '%s'; see 'palabre %s --help'",
                             "« %s » est de trop ; voyez « palabre %s --help »"),
                       argument, flags->request->command);
        complain(flags, NULL, text);
        return;
    }
    config->args = pal_realloc(config->args, config->n_args + 1, sizeof(config->args[0]));
    config->args[config->n_args++] = argument;
}

void
pal_config_flags_read(struct pal_config_flags *flags)
{
    bool only_words = false;
    for (int at = 1; at < flags->argc; at++) {
        const char *argument = flags->argv[at];
        if (only_words || argument[0] != '-' || argument[1] == '\0') {
            take_argument(flags, argument);
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            only_words = true;
            continue;
        }
        struct word word = take_apart(argument);
        if (strcmp(word.name, "config") == 0) {
            flags->config_path = take_value(flags, &word, &at);
        } else if (strcmp(word.name, "help") == 0 || word.letter == 'h') {
            flags->wants_help = true;
        } else {
            read_option(flags, &word, &at);
        }
    }
}
