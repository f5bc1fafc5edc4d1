#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/option.h"
#include "config/print.h"
#include "config/value.h"
#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

#define TEXT_COLUMN 31
#define LINE_WIDTH  88

/* Bytes up to where a line may end: the next space that French typography lets one break at. */
static size_t
unbreakable(const char *text)
{
    static const char opening[] = "«";
    static const char *const closing[] = {":", ";", "?", "!", "»"};
    size_t len = strcspn(text, " ");
    while (text[len] == ' ') {
        bool glued = len >= sizeof(opening) - 1 &&
                     strncmp(text + len - (sizeof(opening) - 1), opening, sizeof(opening) - 1) == 0;
        for (size_t i = 0; i < PAL_COUNT_OF(closing); i++) {
            glued |= strncmp(text + len + 1, closing[i], strlen(closing[i])) == 0;
        }
        if (!glued) {
            break;
        }
        len += 1 + strcspn(text + len + 1, " ");
    }
    return len;
}

/* Words of `text`, wrapped; the first line goes on at `column`. */
static enum pal_err
print_wrapped(const char *text, size_t column, struct pal_buf *out)
{
    enum pal_err err = PAL_OK;
    while (err == PAL_OK && *text != '\0') {
        size_t len = unbreakable(text);
        size_t width = pal_utf8_count(text, len);
        if (column > TEXT_COLUMN && column + 1 + width > LINE_WIDTH) {
            err = pal_buf_printf(out, "\n%*s", TEXT_COLUMN, "");
            column = TEXT_COLUMN;
        } else if (column > TEXT_COLUMN) {
            err = pal_buf_append_text(out, " ");
            column++;
        }
        err = err == PAL_OK ? pal_buf_append(out, text, len) : err;
        column += width;
        text += len + strspn(text + len, " ");
    }
    return err == PAL_OK ? pal_buf_append_text(out, "\n") : err;
}

/* "  -p, --port N" and what it does beside it, or below where there is no room. */
static enum pal_err
print_flag(char letter, const char *flag, const char *placeholder, const char *text,
           struct pal_buf *out)
{
    char head[2 * PAL_OPTION_NAME_MAX];
    char short_form[8] = "    ";
    if (letter != '\0') {
        (void)snprintf(short_form, sizeof(short_form), "-%c, ", letter);
    }
    (void)snprintf(head, sizeof(head), "  %s--%s%s%s", short_form, flag,
                   placeholder[0] != '\0' ? " " : "", placeholder);
    size_t width = pal_utf8_count(head, strlen(head));
    enum pal_err err = pal_buf_append_text(out, head);
    if (err == PAL_OK && width + 2 > TEXT_COLUMN) {
        err = pal_buf_printf(out, "\n%*s", TEXT_COLUMN, "");
    } else if (err == PAL_OK) {
        err = pal_buf_printf(out, "%*s", (int)(TEXT_COLUMN - width), "");
    }
    return err == PAL_OK ? print_wrapped(text, TEXT_COLUMN, out) : err;
}

static enum pal_err
print_option(const struct pal_option *option, struct pal_buf *out)
{
    char flag[PAL_OPTION_NAME_MAX];
    char placeholder[PAL_OPTION_NAME_MAX];
    char text[1024];
    pal_option_flag(option, flag);
    pal_value_placeholder(option, placeholder, sizeof(placeholder));
    const char *initial = option->initial;
    if (initial[0] == '\0' && option->initial_en != NULL) {
        initial = PAL_T(option->initial_en, option->initial_fr);
    }
    (void)snprintf(text, sizeof(text), "%s (%s)", PAL_T(option->en, option->fr), initial);
    return print_flag(option->letter, flag, placeholder, text, out);
}

enum pal_err
pal_config_print_help(const struct pal_config_request *request, struct pal_buf *out)
{
    enum pal_err err =
        pal_buf_printf(out,
                       PAL_T("usage: palabre %s [options]%s%s\n%s\n\n",
                             "usage : palabre %s [options]%s%s\n%s\n\n"),
                       request->command, request->arguments[0] != '\0' ? " " : "",
                       request->arguments, PAL_T(request->about_en, request->about_fr));
    for (size_t i = 0; err == PAL_OK && i < pal_n_options; i++) {
        if (!pal_options[i].hidden && (pal_options[i].group & request->groups) != 0) {
            err = print_option(&pal_options[i], out);
        }
    }
    if (err == PAL_OK) {
        err = print_flag(
            '\0', "config", PAL_T("FILE", "FICHIER"),
            PAL_T("Reads this config.yaml and no other.", "Lit ce config.yaml et aucun autre."),
            out);
    }
    if (err == PAL_OK) {
        err = print_flag('h', "help", "", PAL_T("Prints this.", "Affiche ceci."), out);
    }
    if (err == PAL_OK) {
        err = pal_buf_append_text(
            out,
            PAL_T(
                "\nIn parentheses: the default. Every option can also stand in config.yaml\n"
                "('palabre config path' says where) or in a PALABRE_... variable:\n"
                "see docs/configuration.md.\n",
                "\nEntre parenthèses : la valeur par défaut. Chaque option peut aussi être dans\n"
                "config.yaml (« palabre config path » dit où) ou dans une variable PALABRE_... :\n"
                "voyez docs/configuration.fr.md.\n"));
    }
    return err;
}
