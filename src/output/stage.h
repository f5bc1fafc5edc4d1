#ifndef PAL_OUTPUT_STAGE_H
#define PAL_OUTPUT_STAGE_H
/*
 * `palabre avatar`: the avatar's end of the link, on TCP. Both dialects and both encodings on one
 * port, several clients, one puppet. Loop thread only.
 *
 * What hostile or broken clients meet: more clients than `max_clients` are told so and closed; a
 * message that is too long or not one is answered with an error and the connection closed; a bad
 * command is answered with an error and the connection goes on; a client that doesn't read its
 * replies is not read from any more ("Queue overflow" in the log), and closed after 2 s of it; one
 * that says nothing is closed after `idle_us`.
 */
#include <uv.h>

#include "output/puppet.h"
#include "util/err.h"

#define PAL_STAGE_PORT 5555

struct pal_stage_options {
    const char *host;        /* a numeric address; default 127.0.0.1; copied */
    unsigned port;           /* 0 = any free one */
    unsigned frame_clock_hz; /* 0 = answer at once; 60 = once a frame, as Unity does */
    unsigned max_clients;    /* default 16 */
    int64_t idle_us;         /* 0 = never */
    uint64_t seed;           /* of blinking and head movement; 0 = the clock's */
};

struct pal_stage_counts {
    uint64_t n_messages;
    uint64_t n_commands;  /* understood, whether or not the face could follow */
    uint64_t n_ignored;   /* in batches, unknown */
    uint64_t n_bad;       /* messages refused */
    uint64_t n_overflows; /* times a client's replies stopped its input */
    uint64_t n_accepted;
    uint64_t n_turned_away;
    unsigned n_clients;
};

struct pal_stage;

/* PAL_ERR_CONFIG: the address can't be used (error says why). */
enum pal_err pal_stage_create(uv_loop_t *loop, const struct pal_stage_options *options,
                              struct pal_stage **stage, struct pal_error *error) PAL_MUST_USE;
unsigned pal_stage_port(const struct pal_stage *stage);
const struct pal_stage_counts *pal_stage_counts(const struct pal_stage *stage);

/* The face as of now; borrowed, valid until the loop runs on. */
const struct pal_puppet *pal_stage_puppet(struct pal_stage *stage);

/* Closes everything; the stage frees itself when the loop has let go of it. Accepts NULL. */
void pal_stage_close(struct pal_stage *stage);

#endif
