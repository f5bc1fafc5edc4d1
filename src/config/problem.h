#ifndef PAL_CONFIG_PROBLEM_H
#define PAL_CONFIG_PROBLEM_H
/*
 * What is wrong with a configuration, all of it: a list of errors and warnings with their places.
 *
 *     /home/me/.config/palabre/config.yaml:4:3: unknown key 'bot.max_token_chill'; did you mean
 *     'bot.max_tokens_chill'?
 *
 * At most PAL_PROBLEMS_MAX are kept, errors before warnings in worth: a full list drops warnings
 * first; what did not fit is counted. One owner, one thread.
 */
#include <stdio.h>

#include "util/err.h"

#define PAL_PROBLEMS_MAX 20

enum pal_problem_kind {
    PAL_PROBLEM_ERROR,
    PAL_PROBLEM_WARNING,
};

struct pal_problem {
    enum pal_problem_kind kind;
    char *where;   /* owned: a file's path, or "--port", or "PALABRE_PORT"; NULL if nowhere */
    size_t line;   /* from 1; 0 = no line */
    size_t column; /* from 1, in characters */
    char *text;    /* owned; valid UTF-8, in the reader's language, no newline */
};

struct pal_problems {
    struct pal_problem items[PAL_PROBLEMS_MAX];
    size_t n;
    size_t n_errors; /* of all, also of those that did not fit */
    size_t n_dropped;
};

/* Frees and zeroes; accepts NULL and a zeroed struct. A zeroed struct is an empty list. */
void pal_problems_finish(struct pal_problems *problems);

/* Appends one; where, line and column as in struct pal_problem (where is copied). */
void pal_problems_add(struct pal_problems *problems, enum pal_problem_kind kind, const char *where,
                      size_t line, size_t column, const char *format, ...) PAL_PRINTF(6, 7);

/* Prints "palabre: <where>:<line>:<column>: <text>", one line each, and how many did not fit. */
void pal_problems_print(const struct pal_problems *problems, FILE *stream);

#endif
