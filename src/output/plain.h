#ifndef PAL_OUTPUT_PLAIN_H
#define PAL_OUTPUT_PLAIN_H
/*
 * Text that a terminal only shows. A model may say anything, also ESC: left in, it could move the
 * cursor, rename the window or answer the shell in the person's name. Pure; any thread.
 */
#include <stddef.h>

#include "util/buf.h"

/*
 * Appends text[0..len) without control characters (C0 but tab and newline, DEL, C1); a byte that is
 * no UTF-8 becomes '?'. `text` holds whole characters, so pieces may be given one by one. Never
 * appends more than len bytes. On an error nothing is appended.
 */
enum pal_err pal_plain_append(struct pal_buf *out, const char *text, size_t len) PAL_MUST_USE;

#endif
