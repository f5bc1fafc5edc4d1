#ifndef PAL_CONFIG_VALUE_H
#define PAL_CONFIG_VALUE_H
/*
 * One setting's value: text (of a file, a variable or a flag) to field, and back. The only place
 * that knows how a type is written. Independent of the locale: a decimal point is a point.
 */
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/option.h"
#include "util/buf.h"

/* Why a value was refused, whole sentences in the reader's language. */
struct pal_value_fault {
    char text[512];
};

/* True if the text is allowed: the field has it then. False: the field is as before and *fault
 * names the key, the value (not a secret's) and what it must be. `text` may hold any bytes. */
bool pal_value_set(struct pal_config *config, const struct pal_option *option, const char *text,
                   size_t len, struct pal_value_fault *fault);

/* The same for one more item of a list. */
bool pal_value_add_item(struct pal_config *config, const struct pal_option *option,
                        const char *text, size_t len, struct pal_value_fault *fault);

/* Notes where the value came from; `name` is copied. */
void pal_value_set_origin(struct pal_config *config, const struct pal_option *option,
                          enum pal_origin_kind kind, const char *name, size_t line);

/* Frees what the field owns: "" or an empty list afterwards for these types, else unchanged. */
void pal_value_clear(struct pal_config *config, const struct pal_option *option);
/* Frees what the field owns; it must be set again or never touched. */
void pal_value_finish(struct pal_config *config, const struct pal_option *option);

/* True if the setting holds nothing (an empty text or list). */
bool pal_value_is_empty(const struct pal_config *config, const struct pal_option *option);

/* Appends the value as YAML that reads back to the same; a secret too, so don't ask for it. */
enum pal_err pal_value_print(const struct pal_config *config, const struct pal_option *option,
                             struct pal_buf *out) PAL_MUST_USE;

/* "a whole number from 0 to 65535", in the reader's language. */
void pal_value_describe(const struct pal_option *option, char *out, size_t size);
/* What stands behind the flag in help: "N", "PATH", "auto|en|fr". */
void pal_value_placeholder(const struct pal_option *option, char *out, size_t size);

#endif
