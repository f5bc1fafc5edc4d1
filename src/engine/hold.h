#ifndef PAL_ENGINE_HOLD_H
#define PAL_ENGINE_HOLD_H
/*
 * Holds back the end of a reply that can't be sent yet: an unfinished UTF-8 character, and bytes
 * that may be the beginning of a stop text. What is ready is valid UTF-8. Pure; one owner.
 */
#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

struct pal_hold {
    char *const *stops; /* borrowed from the job, outlives this; none is empty */
    size_t n_stops;
    struct pal_buf bytes; /* ready bytes first, then those held back */
    size_t n_ready;
    size_t n_sent;   /* taken out so far */
    bool is_stopped; /* a stop text was met: all that stood before it is ready */
};

void pal_hold_init(struct pal_hold *hold, char *const *stops, size_t n_stops);
void pal_hold_finish(struct pal_hold *hold);

/* Adds what the model said. Returns true once a stop text is complete; then nothing may be added.
 */
bool pal_hold_add(struct pal_hold *hold, const char *bytes, size_t len);
/* No more comes: everything becomes ready, an unfinished character as '?'. */
void pal_hold_end(struct pal_hold *hold);
/* hold->bytes.data[0..n) has been sent; n is n_ready at most, and no character is cut. */
void pal_hold_sent(struct pal_hold *hold, size_t n);
/* What has not been sent never will be: the reply ends before it. */
void pal_hold_drop(struct pal_hold *hold);

#endif
