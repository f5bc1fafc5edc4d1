#ifndef PAL_OUTPUT_STAGE_ACT_H
#define PAL_OUTPUT_STAGE_ACT_H
/*
 * What an avatar does with one message: moves the puppet and writes the answer, in the dialect and
 * the encoding of the request, with the originals' words. Pure.
 */
#include "output/avatar_encode.h"
#include "output/puppet.h"

/*
 * `refused` is what pal_avatar_decode() said (PAL_OK: `message` holds commands). Appends the answer
 * to buf, or nothing where none is wanted; PAL_ERR_LIMIT if it does not fit.
 */
enum pal_err pal_stage_act(struct pal_puppet *puppet, const struct pal_avatar_message *message,
                           enum pal_err refused, const struct pal_error *error,
                           struct pal_buf *buf) PAL_MUST_USE;

/* The line that a client gets when it comes. */
enum pal_err pal_stage_greet(struct pal_buf *buf) PAL_MUST_USE;

/* An answer to something that was no message at all. */
enum pal_err pal_stage_refuse(struct pal_buf *buf, enum pal_encoding encoding,
                              const char *why) PAL_MUST_USE;

#endif
