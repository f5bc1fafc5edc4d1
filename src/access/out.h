#ifndef PAL_ACCESS_OUT_H
#define PAL_ACCESS_OUT_H
/*
 * Writing JSON that is made of known parts and of texts from elsewhere. The first failure (the
 * buffer's maximum) is remembered and nothing is appended after it, so that a writer of many parts
 * asks once, at the end. One owner, one thread.
 */
#include "util/buf.h"

struct pal_out {
    struct pal_buf buf;
    enum pal_err err;
};

void pal_out_init(struct pal_out *out, size_t max_bytes);
void pal_out_finish(struct pal_out *out);

/* As it is. */
void pal_out_raw(struct pal_out *out, const char *text);
void pal_out_format(struct pal_out *out, const char *format, ...) PAL_PRINTF(2, 3);
/* As a JSON text with its quotes (json.h). */
void pal_out_quoted(struct pal_out *out, const char *text);
void pal_out_quoted_bytes(struct pal_out *out, const char *text, size_t len);

#endif
