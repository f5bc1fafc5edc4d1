#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

static const void *
field(const struct pal_config *config, const struct pal_option *option)
{
    return (const char *)config + option->offset;
}

bool
pal_value_is_empty(const struct pal_config *config, const struct pal_option *option)
{
    if (option->type == PAL_OPTION_LIST) {
        return ((const struct pal_text_list *)field(config, option))->n == 0;
    }
    return pal_option_is_text(option) && (*(char *const *)field(config, option))[0] == '\0';
}

static enum pal_err
print_quoted(const char *text, struct pal_buf *out)
{
    enum pal_err err = pal_buf_append_text(out, "\"");
    for (const char *at = text; err == PAL_OK && *at != '\0'; at++) {
        switch (*at) {
        case '"':
        case '\\':
            err = pal_buf_printf(out, "\\%c", *at);
            break;
        case '\n':
            err = pal_buf_append_text(out, "\\n");
            break;
        case '\t':
            err = pal_buf_append_text(out, "\\t");
            break;
        case '\r':
            err = pal_buf_append_text(out, "\\r");
            break;
        default:
            err = pal_buf_append(out, at, 1);
        }
    }
    return err == PAL_OK ? pal_buf_append_text(out, "\"") : err;
}

/* Up to six decimals, the fewest that are needed, with a point in every locale. */
static void
format_number(double number, char *out, size_t size)
{
    (void)snprintf(out, size, "%.6f", number);
    char *point = strpbrk(out, ".,");
    PAL_ASSERT(point != NULL);
    *point = '.';
    for (size_t n = strlen(out); out[n - 1] == '0' || out[n - 1] == '.'; n--) {
        bool whole = out[n - 1] == '.';
        out[n - 1] = '\0';
        if (whole) {
            break;
        }
    }
}

static enum pal_err
print_list(const struct pal_text_list *list, struct pal_buf *out)
{
    enum pal_err err = pal_buf_append_text(out, "[");
    for (size_t i = 0; err == PAL_OK && i < list->n; i++) {
        err = i > 0 ? pal_buf_append_text(out, ", ") : PAL_OK;
        err = err == PAL_OK ? print_quoted(list->items[i], out) : err;
    }
    return err == PAL_OK ? pal_buf_append_text(out, "]") : err;
}

enum pal_err
pal_value_print(const struct pal_config *config, const struct pal_option *option,
                struct pal_buf *out)
{
    const void *value = field(config, option);
    switch (option->type) {
    case PAL_OPTION_BOOL:
        return pal_buf_append_text(out, *(const bool *)value ? "true" : "false");
    case PAL_OPTION_INTEGER:
    case PAL_OPTION_WORD:
        for (const struct pal_option_word *at = option->words; at != NULL && at->word != NULL;
             at++) {
            if (at->value == *(const int64_t *)value) {
                return pal_buf_append_text(out, at->word);
            }
        }
        return pal_buf_printf(out, "%" PRId64, *(const int64_t *)value);
    case PAL_OPTION_NUMBER:
    case PAL_OPTION_DURATION: {
        char number[64];
        format_number(*(const double *)value, number, sizeof(number));
        return pal_buf_append_text(out, number);
    }
    case PAL_OPTION_TEXT:
    case PAL_OPTION_PROSE:
    case PAL_OPTION_PATH:
    case PAL_OPTION_SECRET:
        return print_quoted(*(char *const *)value, out);
    case PAL_OPTION_LIST:
        return print_list(value, out);
    }
    return PAL_ERR_ARGUMENT;
}

static void
list_words(const struct pal_option *option, const char *between, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (const struct pal_option_word *at = option->words;
         at != NULL && at->word != NULL && len < size; at++) {
        int n = snprintf(out + len, size - len, "%s%s", len > 0 ? between : "", at->word);
        len += n > 0 ? (size_t)n : 0;
    }
}

void
pal_value_describe(const struct pal_option *option, char *out, size_t size)
{
    char least[64];
    char most[64];
    char words[128];
    format_number(option->min, least, sizeof(least));
    format_number(option->max, most, sizeof(most));
    list_words(option, PAL_T(" or ", " ou "), words, sizeof(words));
    switch (option->type) {
    case PAL_OPTION_BOOL:
        (void)snprintf(out, size, PAL_T("true or false", "true ou false"));
        break;
    case PAL_OPTION_INTEGER:
        (void)snprintf(out, size,
                       PAL_T("a whole number from %s to %s%s%s", "un nombre entier de %s à %s%s%s"),
                       least, most, words[0] != '\0' ? PAL_T(", or ", ", ou ") : "", words);
        break;
    case PAL_OPTION_WORD:
        list_words(option, ", ", words, sizeof(words));
        (void)snprintf(out, size, PAL_T("one of %s", "un mot parmi %s"), words);
        break;
    case PAL_OPTION_NUMBER:
        (void)snprintf(out, size,
                       PAL_T("a number from %s to %s, with a decimal point",
                             "un nombre de %s à %s, avec un point décimal"),
                       least, most);
        break;
    case PAL_OPTION_DURATION:
        (void)snprintf(out, size,
                       PAL_T("a time from %s to %s seconds (10, 500ms, 2m, 1h)",
                             "une durée de %s à %s secondes (10, 500ms, 2m, 1h)"),
                       least, most);
        break;
    case PAL_OPTION_TEXT:
    case PAL_OPTION_PATH:
    case PAL_OPTION_SECRET:
        (void)snprintf(
            out, size,
            PAL_T("one line of text, %s bytes at most", "un texte d'une ligne, %s octets au plus"),
            most);
        break;
    case PAL_OPTION_PROSE:
        (void)snprintf(out, size, PAL_T("text, %s bytes at most", "un texte, %s octets au plus"),
                       most);
        break;
    case PAL_OPTION_LIST:
        (void)snprintf(out, size,
                       PAL_T("a list of words, %s bytes each at most",
                             "une liste de mots, %s octets chacun au plus"),
                       most);
        break;
    }
}

void
pal_value_placeholder(const struct pal_option *option, char *out, size_t size)
{
    switch (option->type) {
    case PAL_OPTION_BOOL:
        out[0] = '\0';
        break;
    case PAL_OPTION_WORD:
        list_words(option, "|", out, size);
        break;
    case PAL_OPTION_INTEGER:
    case PAL_OPTION_NUMBER: {
        char words[64];
        list_words(option, "|", words, sizeof(words));
        (void)snprintf(out, size, "N%s%s", words[0] != '\0' ? "|" : "", words);
        break;
    }
    case PAL_OPTION_DURATION:
        (void)snprintf(out, size, PAL_T("TIME", "DURÉE"));
        break;
    case PAL_OPTION_TEXT:
    case PAL_OPTION_PROSE:
        (void)snprintf(out, size, PAL_T("TEXT", "TEXTE"));
        break;
    case PAL_OPTION_PATH:
        (void)snprintf(out, size, PAL_T("PATH", "CHEMIN"));
        break;
    case PAL_OPTION_SECRET:
        (void)snprintf(out, size, PAL_T("KEY", "CLÉ"));
        break;
    case PAL_OPTION_LIST:
        (void)snprintf(out, size, "A,B,...");
        break;
    }
}
