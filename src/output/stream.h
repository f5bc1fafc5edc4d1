#ifndef PAL_OUTPUT_STREAM_H
#define PAL_OUTPUT_STREAM_H
/*
 * A companion's reply on its way from the engine to people: pieces become whole UTF-8, tags come
 * out of the text and become expressions, and each clause is looked at for what it shows as soon as
 * it ends, not when the whole reply has. A clause with a tag in it shows the tag and nothing else.
 * (Clients of the API get the raw text; theirs does not come through here.) Pure; one owner.
 */
#include "output/emotion.h"
#include "output/tags.h"

#define PAL_STREAM_CLAUSE_MAX 512

struct pal_stream_ops {
    void (*text)(void *userdata, const char *text, size_t len); /* whole characters; len > 0 */
    void (*tag)(void *userdata, const struct pal_tag *tag);
    void (*mood)(void *userdata, const struct pal_mood *mood); /* a clause that shows something */
};

struct pal_stream {
    const struct pal_stream_ops *ops; /* borrowed */
    void *userdata;
    struct pal_tags tags;
    char tail[4]; /* the beginning of a character that came in two pieces */
    size_t n_tail;
    char clause[PAL_STREAM_CLAUSE_MAX];
    size_t n_clause;
    bool is_tagged; /* the clause has had a tag */
};

void pal_stream_init(struct pal_stream *stream, const struct pal_stream_ops *ops, void *userdata);
/* Any bytes; what is not UTF-8 comes out as '?'. */
void pal_stream_feed(struct pal_stream *stream, const char *piece, size_t len);
/* The reply is over: what was held back comes out. */
void pal_stream_end(struct pal_stream *stream);

#endif
