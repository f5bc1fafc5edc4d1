#include <string.h>

#include "config/option.h"
#include "config/print.h"
#include "config/value.h"
#include "util/text.h"
#include "util/utf8.h"

#define ORIGIN_COLUMN 44

static enum pal_err
print_origin(const struct pal_origin *origin, struct pal_buf *out)
{
    switch (origin->kind) {
    case PAL_ORIGIN_DEFAULT:
        return pal_buf_append_text(out, PAL_T("default", "par défaut"));
    case PAL_ORIGIN_FILE:
        return pal_buf_printf(out, "%s:%zu", origin->name, origin->line);
    case PAL_ORIGIN_ENVIRONMENT:
    case PAL_ORIGIN_FLAG:
        return pal_buf_append_text(out, origin->name);
    }
    return PAL_ERR_ARGUMENT;
}

static enum pal_err
print_setting(const struct pal_config *config, const struct pal_option *option, struct pal_buf *out)
{
    size_t start = out->len;
    size_t section = pal_option_section_len(option->key);
    bool is_secret = option->type == PAL_OPTION_SECRET && !pal_value_is_empty(config, option);
    enum pal_err err =
        pal_buf_printf(out, "%s%s%s: ", section > 0 ? "  " : "", is_secret ? "# " : "",
                       option->key + (section > 0 ? section + 1 : 0));
    if (err == PAL_OK) {
        err = is_secret ? pal_buf_append_text(out, PAL_T("(set, not shown)", "(donnée, cachée)"))
                        : pal_value_print(config, option, out);
    }
    size_t width = pal_utf8_count(out->data + start, out->len - start);
    size_t pad = width < ORIGIN_COLUMN ? ORIGIN_COLUMN - width : 1;
    err = err == PAL_OK ? pal_buf_printf(out, "%*s# ", (int)pad, "") : err;
    err = err == PAL_OK ? print_origin(&config->origins[pal_option_index(option)], out) : err;
    return err == PAL_OK ? pal_buf_append_text(out, "\n") : err;
}

enum pal_err
pal_config_print_values(const struct pal_config *config, struct pal_buf *out)
{
    enum pal_err err = PAL_OK;
    const char *current = "";
    for (size_t i = 0; err == PAL_OK && i < pal_n_options; i++) {
        const struct pal_option *option = &pal_options[i];
        size_t len = pal_option_section_len(option->key);
        if (option->hidden) {
            continue;
        }
        if (len > 0 && (strncmp(current, option->key, len) != 0 || current[len] != '.')) {
            err = pal_buf_printf(out, "%.*s:\n", (int)len, option->key);
            current = option->key;
        }
        err = err == PAL_OK ? print_setting(config, option, out) : err;
    }
    return err;
}
