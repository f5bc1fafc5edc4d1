#ifndef PAL_OUTPUT_FANOUT_H
#define PAL_OUTPUT_FANOUT_H
/*
 * Hands the face to every link, 60 times a second at most: the first change goes out at once, what
 * follows within the frame goes out together at its end, newest state only. Nothing is sent while
 * nothing changes. Loop thread only.
 */
#include <uv.h>

#include "output/link.h"

#define PAL_FANOUT_LINKS_MAX 16

struct pal_fanout;

struct pal_fanout *pal_fanout_create(uv_loop_t *loop);
/* Closes all links and itself; memory is freed when the loop has let go. Accepts NULL. */
void pal_fanout_close(struct pal_fanout *fanout);

/* Takes the link over and gives it the present face. False (link untouched): there are too many. */
bool pal_fanout_add(struct pal_fanout *fanout, struct pal_link link);
/* Closes one link, known by its `self`, and forgets it (a page that has gone). */
void pal_fanout_remove(struct pal_fanout *fanout, const void *self);

/* The face is copied. The same face again costs nothing. */
void pal_fanout_set(struct pal_fanout *fanout, const struct pal_face *face);
/* Hands a piece of the reply that is being said to the links that want it; len 0: it is over. */
void pal_fanout_say(struct pal_fanout *fanout, const char *text, size_t len);
/* Appends how the links are, in the text format of Prometheus; nothing if none of them knows. */
enum pal_err pal_fanout_render(const struct pal_fanout *fanout, struct pal_buf *out) PAL_MUST_USE;
const struct pal_face *pal_fanout_face(const struct pal_fanout *fanout);

#endif
