#ifndef PAL_OUTPUT_WIRE_OUT_H
#define PAL_OUTPUT_WIRE_OUT_H
/*
 * Writing one message of the avatar link, JSON or MessagePack, into a buffer. JSON is ASCII only
 * (the original client dies of a UTF-8 character that is split over two reads) and its numbers
 * don't follow the locale. Pure; one owner.
 */
#include "output/avatar_command.h"
#include "util/buf.h"

struct pal_wire_out {
    struct pal_buf *buf; /* borrowed */
    enum pal_encoding encoding;
    bool is_short;  /* MessagePack: known keys and names as numbers */
    bool has_value; /* JSON: a comma comes first */
    bool failed;    /* the buffer is full; the rest is not written */
};

void pal_wire_out_map(struct pal_wire_out *out, unsigned n_entries);
void pal_wire_out_map_end(struct pal_wire_out *out);
void pal_wire_out_array(struct pal_wire_out *out, unsigned n_entries);
void pal_wire_out_array_end(struct pal_wire_out *out);
void pal_wire_out_key(struct pal_wire_out *out, enum pal_avatar_key key);
void pal_wire_out_key_text(struct pal_wire_out *out, const char *key);
/* Invalid UTF-8 is the caller's fault and comes out as '?'. */
void pal_wire_out_text(struct pal_wire_out *out, const char *text, size_t len);
void pal_wire_out_integer(struct pal_wire_out *out, int64_t number);
/* A finite number of a face, with 4 digits behind the point in JSON, float32 in MessagePack. */
void pal_wire_out_float(struct pal_wire_out *out, float number);
void pal_wire_out_bool(struct pal_wire_out *out, bool flag);

#endif
