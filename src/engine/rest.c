#include "engine/rest.h"

#include "util/clock.h"

/* A pause between two steps: so much of the usual time from token to token, */
#define PAUSE_DIV 4
/* and never more than what nobody sees; nor so little that it is all beginning and ending. */
#define PAUSE_MAX_US (8 * PAL_US_PER_MS)
#define PIECE_MIN    32
/* Before anything was measured. */
#define PIECE_FIRST 64
/* New samples count for one in so many. */
#define NOTE_DIV 8
/* Out, and in again. */
#define COPIES 2
/* A token that is passed over is at least so much of one that is looked at: between a half and a
 * quarter, as measured. */
#define LOOK_DIV 4
/* A small model's second; with a large one, to which it matters less, some minutes. */
#define ROWS_UNKNOWN 1000

void
pal_rest_note(struct pal_rest *rest, size_t n_tokens, int64_t us)
{
    if (n_tokens < PIECE_MIN || us <= 0) {
        return; /* an end of a timeline says little of how long its middle takes */
    }
    double one = (double)us / (double)n_tokens;
    rest->copy_us += (one - rest->copy_us) / (rest->copy_us > 0 ? NOTE_DIV : 1);
}

uint64_t
pal_rest_rows(const struct pal_rest *rest, double look_us)
{
    double scan_us = rest->scan_us > 0 ? rest->scan_us : look_us / LOOK_DIV;
    double rows = scan_us > 0 ? COPIES * rest->copy_us / scan_us : ROWS_UNKNOWN;
    return rows < (double)INT64_MAX ? (uint64_t)rows : UINT64_MAX;
}

size_t
pal_rest_piece(const struct pal_rest *rest, int64_t usual_us)
{
    if (rest->copy_us <= 0) {
        return PIECE_FIRST;
    }
    double pause_us = usual_us > 0 ? (double)usual_us / PAUSE_DIV : (double)PAUSE_MAX_US;
    pause_us = pause_us < PAUSE_MAX_US ? pause_us : PAUSE_MAX_US;
    double n = pause_us / rest->copy_us;
    return n > PIECE_MIN ? (size_t)n : PIECE_MIN;
}
