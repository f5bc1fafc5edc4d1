#ifndef PAL_ENGINE_REST_H
#define PAL_ENGINE_REST_H
/*
 * When an idle timeline leaves its cells while others speak, and how much of it is copied between
 * two steps.
 *
 * Every row of every step looks at the cells of who is silent, if only to see that they are not
 * its own; and copying them away costs once, and bringing them back once more. Nobody knows when
 * somebody speaks again. So a timeline leaves when its cells have cost the others as much as that
 * by then: at the worst that is twice of what knowing would have cost. Both grow with its length,
 * so a number of rows is all that counts. What streams notice of the copying is bounded by doing
 * it in pieces.
 *
 * Pure; one owner.
 */
#include <stddef.h>
#include <stdint.h>

struct pal_rest {
    double copy_us; /* of a token into the park, as measured; 0 = none was copied yet */
    double scan_us; /* what a token of somebody else costs a row; 0 = that could not be measured */
};

/* So many tokens were copied in one go. */
void pal_rest_note(struct pal_rest *rest, size_t n_tokens, int64_t us);
/* Who is idle leaves after so many rows of others. look_us: what a row takes for a token that it
 * looks back on, to guess by where nothing was measured; 0 = not known either. */
uint64_t pal_rest_rows(const struct pal_rest *rest, double look_us);
/* Tokens to copy before a step. usual_us: what steps take of those that stream; 0 = none does. */
size_t pal_rest_piece(const struct pal_rest *rest, int64_t usual_us);

#endif
