#ifndef PAL_ACCESS_JSON_H
#define PAL_ACCESS_JSON_H
/*
 * JSON at the API's edge: hostile text in, correct text out. Pure; any thread.
 */
#include <stddef.h>

#include <jansson.h>

#include "util/buf.h"
#include "util/err.h"

#define PAL_JSON_DEPTH_MAX  32
#define PAL_JSON_VALUES_MAX 100000

/*
 * Reads a whole object; the caller frees *root with json_decref(). Depth and number of values are
 * bounded by one look over the text before anything is built. All numbers become reals. Errors:
 * PAL_ERR_ARGUMENT, and what and where.
 */
enum pal_err pal_json_read_object(const char *text, size_t len, json_t **root,
                                  struct pal_error *error) PAL_MUST_USE;

/* A JSON text for jansson; bytes that are not UTF-8 (a model file's names) become '?'. Never NULL.
 */
json_t *pal_json_text(const char *text);

/* Appends "text" with its quotes. Bytes that are not UTF-8 become U+FFFD. */
enum pal_err pal_json_put_text(struct pal_buf *out, const char *text, size_t len) PAL_MUST_USE;

#endif
