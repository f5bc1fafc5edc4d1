#ifndef PAL_OUTPUT_PUPPET_VIEW_H
#define PAL_OUTPUT_PUPPET_VIEW_H
/* A puppet as data (what get_state answers) and as a drawing for a terminal. Pure. */
#include "output/puppet.h"
#include "output/wire_out.h"

/* One map; expressions at rest on 0 are left out. */
void pal_puppet_write_state(struct pal_wire_out *out, const struct pal_puppet *puppet);

/* Eleven lines of plain UTF-8 text. PAL_ERR_LIMIT if the buffer is too small. */
enum pal_err pal_puppet_draw(const struct pal_puppet *puppet, struct pal_buf *buf) PAL_MUST_USE;

#endif
