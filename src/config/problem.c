#include "config/problem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

static void
problem_finish(struct pal_problem *problem)
{
    free(problem->where);
    free(problem->text);
    *problem = (struct pal_problem){0};
}

void
pal_problems_finish(struct pal_problems *problems)
{
    if (problems == NULL) {
        return;
    }
    for (size_t i = 0; i < problems->n; i++) {
        problem_finish(&problems->items[i]);
    }
    *problems = (struct pal_problems){0};
}

/* Room for one more: an error takes the place of the last warning if the list is full. */
static struct pal_problem *
take_room(struct pal_problems *problems, enum pal_problem_kind kind)
{
    if (problems->n < PAL_PROBLEMS_MAX) {
        return &problems->items[problems->n++];
    }
    problems->n_dropped++;
    for (size_t i = problems->n; kind == PAL_PROBLEM_ERROR && i > 0; i--) {
        if (problems->items[i - 1].kind == PAL_PROBLEM_WARNING) {
            problem_finish(&problems->items[i - 1]);
            memmove(&problems->items[i - 1], &problems->items[i],
                    (problems->n - i) * sizeof(problems->items[0]));
            return &problems->items[problems->n - 1];
        }
    }
    return NULL;
}

void
pal_problems_add(struct pal_problems *problems, enum pal_problem_kind kind, const char *where,
                 size_t line, size_t column, const char *format, ...)
{
    problems->n_errors += kind == PAL_PROBLEM_ERROR ? 1 : 0;
    struct pal_problem *problem = take_room(problems, kind);
    if (problem == NULL) {
        return;
    }
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    /* Keys and values come from a file: they must not move the reader's cursor. */
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            *at = '?';
        }
    }
    pal_utf8_scrub(text, strlen(text));
    *problem = (struct pal_problem){
        .kind = kind,
        .where = pal_strdup(where),
        .line = line,
        .column = column,
        .text = pal_strdup(text),
    };
}

void
pal_problems_print(const struct pal_problems *problems, FILE *stream)
{
    for (size_t i = 0; i < problems->n; i++) {
        const struct pal_problem *problem = &problems->items[i];
        (void)fprintf(stream, "palabre: ");
        if (problem->where != NULL) {
            (void)fprintf(stream, "%s:", problem->where);
        }
        if (problem->line > 0) {
            (void)fprintf(stream, "%zu:%zu:", problem->line, problem->column);
        }
        (void)fprintf(stream, "%s%s%s\n", problem->where != NULL ? " " : "",
                      problem->kind == PAL_PROBLEM_WARNING ? PAL_T("warning: ", "attention : ")
                                                           : "",
                      problem->text);
    }
    if (problems->n_dropped > 0) {
        (void)fprintf(stream, PAL_T("palabre: and %zu more\n", "palabre: et %zu de plus\n"),
                      problems->n_dropped);
    }
}
