#ifndef PAL_CHAT_HEART_FILE_H
#define PAL_CHAT_HEART_FILE_H
/* Files of answers known by heart: a YAML mapping of questions to answers. For heart.c only. */
#include <stddef.h>

#include "util/err.h"

struct pal_heart_pair {
    const char *question;
    const char *answer;
};

/* Anything but PAL_OK ends the reading with that error. */
typedef enum pal_err (*pal_heart_pair_fn)(const struct pal_heart_pair *pair, void *userdata,
                                          struct pal_error *error);

/*
 * PAL_ERR_NOT_FOUND: there is no such file. Else an error's text names the file, the line and what
 * is wrong; the pairs before it have been handed over. An empty file holds none.
 */
enum pal_err pal_heart_file_read(const char *path, pal_heart_pair_fn on_pair, void *userdata,
                                 struct pal_error *error) PAL_MUST_USE;
/* The same from memory; `path` is for the messages. */
enum pal_err pal_heart_text_read(const char *path, const char *text, size_t len,
                                 pal_heart_pair_fn on_pair, void *userdata,
                                 struct pal_error *error) PAL_MUST_USE;
/* All or nothing: a reader, or the next start, finds the old file or the new one. PAL_ERR_IO. */
enum pal_err pal_heart_file_write(const char *path, const struct pal_heart_pair *pairs,
                                  size_t n_pairs, struct pal_error *error) PAL_MUST_USE;
/* "x.added.yaml" for "x.yaml"; owned by the caller. */
char *pal_heart_file_beside(const char *path);
/* Renames it to "*.bad". */
void pal_heart_file_set_aside(const char *path);

#endif
