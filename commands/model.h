#ifndef PAL_COMMANDS_MODEL_H
#define PAL_COMMANDS_MODEL_H
/*
 * What the files of `palabre model` share.
 */
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

int pal_model_info(int argc, char **argv);
int pal_model_synth(int argc, char **argv);
int pal_model_pull(int argc, char **argv);
int pal_model_list(int argc, char **argv);

/* "1.93 GB", in French "1,93 Go"; decimal units, as disks and download pages have them. */
void pal_model_format_bytes(uint64_t bytes, char *out, size_t room);

/* One line that overwrites itself on a terminal: a bar, the amounts, the speed, the time left. */
struct pal_model_bar {
    bool is_tty;
    int64_t started_us;
    int64_t shown_us;
};
void pal_model_bar_init(struct pal_model_bar *bar);
/* On a terminal ten times a second, else a line every five seconds. fresh_bytes count for speed. */
void pal_model_bar_show(struct pal_model_bar *bar, const char *label, uint64_t done_bytes,
                        uint64_t total_bytes, uint64_t fresh_bytes);
/* Clears the line on a terminal. */
void pal_model_bar_finish(struct pal_model_bar *bar);

/* SIGINT and SIGTERM set the flag once; a second one ends the process as usual. */
const atomic_bool *pal_model_catch_signals(void);

/* A JSON text of what may not be UTF-8, as paths need not be: with '?' for each wrong byte. */
json_t *pal_model_json_text(const char *text);

/* Prints the error's text to standard error and returns the exit status that fits it. */
int pal_model_fail(const struct pal_error *error);

#endif
