#ifndef PAL_PLAN_EXPLAIN_H
#define PAL_PLAN_EXPLAIN_H
/*
 * A plan for people (both languages) and for programs (JSON). Main thread.
 */
#include <stdio.h>

#include "plan/plan.h"

/* The sentence behind a number, in the chosen language. Static storage. */
const char *pal_why_text(enum pal_why why);
/* The same as a word for JSON: "all_fit". */
const char *pal_why_name(enum pal_why why);

/* The machine in a few lines, with everything that could not be read. */
void pal_machine_print(FILE *out, const struct pal_machine *machine);
/* A table: each number with its reason, then the memory of card and machine. */
void pal_plan_print(FILE *out, const struct pal_machine *machine, const struct pal_shape *shape,
                    const struct pal_plan *plan);
/* One JSON object, one line. */
void pal_plan_print_json(FILE *out, const struct pal_machine *machine,
                         const struct pal_shape *shape, const struct pal_plan *plan);

#endif
