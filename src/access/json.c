#include "access/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/utf8.h"

/*
 * Brackets and commas outside of strings, counted without a stack: enough to know how deep a parser
 * would have to go and how much it would have to build. A text that is no JSON may be counted
 * wrongly; the parser refuses it afterwards.
 */
static enum pal_err
check_shape(const char *text, size_t len, struct pal_error *error)
{
    size_t depth = 0;
    size_t n_values = 1;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            depth++;
            n_values++;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        } else if (c == ',') {
            n_values++;
        }
        if (depth > PAL_JSON_DEPTH_MAX) {
            return pal_error_set(error, PAL_ERR_ARGUMENT,
                                 "the JSON body is nested deeper than %d levels",
                                 PAL_JSON_DEPTH_MAX);
        }
    }
    if (n_values > PAL_JSON_VALUES_MAX) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the JSON body holds more than %d values",
                             PAL_JSON_VALUES_MAX);
    }
    return PAL_OK;
}

enum pal_err
pal_json_read_object(const char *text, size_t len, json_t **root, struct pal_error *error)
{
    enum pal_err err = check_shape(text, len, error);
    if (err != PAL_OK) {
        return err;
    }
    json_error_t where;
    json_t *read = json_loadb(text, len, JSON_DECODE_INT_AS_REAL, &where);
    if (read == NULL) {
        return pal_error_set(error, PAL_ERR_ARGUMENT,
                             "the body is not valid JSON (line %d, column %d): %s", where.line,
                             where.column, where.text);
    }
    if (!json_is_object(read)) {
        json_decref(read);
        return pal_error_set(error, PAL_ERR_ARGUMENT, "the body must be a JSON object");
    }
    *root = read;
    return PAL_OK;
}

json_t *
pal_json_text(const char *text)
{
    char *copy = pal_strdup(text);
    pal_utf8_scrub(copy, strlen(copy));
    json_t *made = json_string(copy);
    free(copy);
    PAL_ASSERT(made != NULL);
    return made;
}

static enum pal_err
put_escaped(struct pal_buf *out, unsigned char c)
{
    switch (c) {
    case '"':
        return pal_buf_append(out, "\\\"", 2);
    case '\\':
        return pal_buf_append(out, "\\\\", 2);
    case '\n':
        return pal_buf_append(out, "\\n", 2);
    case '\r':
        return pal_buf_append(out, "\\r", 2);
    case '\t':
        return pal_buf_append(out, "\\t", 2);
    default:
        return pal_buf_printf(out, "\\u%04x", c);
    }
}

/* Bytes that can be copied as they are: printable ASCII but for two. */
static size_t
plain_run(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && (unsigned char)text[n] >= 0x20 && (unsigned char)text[n] < 0x7f &&
           text[n] != '"' && text[n] != '\\') {
        n++;
    }
    return n;
}

enum pal_err
pal_json_put_text(struct pal_buf *out, const char *text, size_t len)
{
    enum pal_err err = pal_buf_append(out, "\"", 1);
    size_t at = 0;
    while (err == PAL_OK && at < len) {
        size_t n = plain_run(text + at, len - at);
        if (n > 0) {
            err = pal_buf_append(out, text + at, n);
            at += n;
            continue;
        }
        unsigned char c = (unsigned char)text[at];
        if (c < 0x80) {
            err = put_escaped(out, c);
            at++;
            continue;
        }
        uint32_t code_point = 0;
        int step = pal_utf8_step(text + at, len - at, &code_point);
        err = step > 0 ? pal_buf_append(out, text + at, (size_t)step)
                       : pal_buf_append_text(out, "\xEF\xBF\xBD");
        at += step > 0 ? (size_t)step : 1;
    }
    return err == PAL_OK ? pal_buf_append(out, "\"", 1) : err;
}
