#ifndef PAL_OUTPUT_PERFORMANCE_H
#define PAL_OUTPUT_PERFORMANCE_H
/*
 * The companion's face while it talks: the one entry for whoever runs a conversation.
 *
 *     performance = pal_performance_create(loop, &options);
 *     ...
 *     struct pal_sink sink = pal_performance_wrap(performance, key, line, strlen(line), inner);
 *     if (pal_companion_say(..., sink, &turn_id, &error) != PAL_OK) {
 *         pal_performance_unwrap(sink);
 *     }
 *     ...
 *     pal_performance_close(performance);
 *
 * wrap() says that a line has arrived: the face begins to think. The sink that it gives takes the
 * reply's raw pieces, hands clean text to `inner` (tags out), and moves the face at each clause. A
 * new expression comes together with the end of the old ones; after hold_us without another the
 * face goes back to rest. One face for all conversations: who speaks last shows. What a person
 * writes is judged apart from what the companion says, and each conversation apart from others.
 *
 * A link with a say() also gets the words: of one reply at a time, the one whose first word came
 * while nobody spoke.
 *
 * An API's reply must stay as the model wrote it: observe() moves the face and leaves the text
 * alone. Loop thread only; nothing waits.
 */
#include <uv.h>

#include "output/link.h"
#include "output/sink.h"

enum pal_emotion_mode {
    PAL_EMOTION_DEFAULT,
    PAL_EMOTION_COMPATIBLE, /* the original's numbers, once a reply, nothing is ever released */
};

struct pal_performance_options {
    enum pal_emotion_mode mode;
    float speed;      /* easing asked of the avatars, 1/s; 0 = 3.0 */
    int64_t hold_us;  /* how long an expression stays; 0 = 5 s */
    bool still_mouth; /* the mouth does not move with the text */
    bool auto_blink;
    bool auto_head;
};

struct pal_performance;

struct pal_performance *pal_performance_create(uv_loop_t *loop,
                                               const struct pal_performance_options *options);
/* Closes the links too. Call when no wrapped sink is in use any more. Accepts NULL. */
void pal_performance_close(struct pal_performance *performance);

/* The link is the performance's from now on. False (still the caller's): there are too many. */
bool pal_performance_add_link(struct pal_performance *performance, struct pal_link link);
void pal_performance_remove_link(struct pal_performance *performance, const void *self);

/* Appends how the links are, in the text format of Prometheus; nothing if none of them knows. */
enum pal_err pal_performance_render(const struct pal_performance *performance,
                                    struct pal_buf *out) PAL_MUST_USE;

/* `key` and `line` are read during the call. The sink frees itself after end(). */
struct pal_sink pal_performance_wrap(struct pal_performance *performance, const char *key,
                                     const char *line, size_t line_len, struct pal_sink inner);
/* As wrap(), but `inner` gets every piece as it came, tags included. */
struct pal_sink pal_performance_observe(struct pal_performance *performance, const char *key,
                                        const char *line, size_t line_len, struct pal_sink inner);
/* The turn never began: the sink will get no end(). `inner` is not called. */
void pal_performance_unwrap(struct pal_sink sink);

const struct pal_face *pal_performance_face(const struct pal_performance *performance);

#endif
