#ifndef PAL_ACCESS_IRC_MESSAGE_H
#define PAL_ACCESS_IRC_MESSAGE_H
/*
 * IRC as it comes in: bytes become lines, a line becomes a message with tags, prefix, command and
 * parameters (RFC 1459 with IRCv3 message tags). Pure; any thread.
 *
 * Nothing that a server sends is trusted: a line with a NUL, without a command or longer than
 * allowed is dropped and counted, and the next one is read as if nothing had been.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define PAL_IRC_TAG_BYTES_MAX  8191 /* with the '@' and the space behind them */
#define PAL_IRC_BODY_BYTES_MAX 512  /* the rest, with its CR LF; Twitch's are longer, see below */
#define PAL_IRC_TAGS_MAX       64   /* further ones are not looked at */
#define PAL_IRC_PARAMS_MAX     15

/* Twitch's body holds 500 characters of text, each of up to 4 bytes, and names before it. */
#define PAL_IRC_LINE_BYTES_MAX (PAL_IRC_TAG_BYTES_MAX + 4096)

/* ---- lines ---- */

struct pal_irc_reader {
    char line[PAL_IRC_LINE_BYTES_MAX + 1];
    size_t len;
    bool is_whole;      /* the line has been handed over; the next byte begins another */
    bool is_skipping;   /* this line is too long or holds a NUL: its rest is passed over */
    uint64_t n_dropped; /* lines that were */
};

void pal_irc_reader_init(struct pal_irc_reader *reader);
/*
 * Takes bytes up to the end of one line (CR or LF, each alone will do); *taken says how many.
 * PAL_OK: reader->line holds a line of reader->len bytes without its end, NUL-terminated, which may
 * be written to, until the next call. PAL_ERR_AGAIN: all bytes were taken and no line is whole yet.
 * Empty lines are passed over.
 */
enum pal_err pal_irc_reader_feed(struct pal_irc_reader *reader, const char *bytes, size_t len,
                                 size_t *taken) PAL_MUST_USE;

/* ---- one message ---- */

struct pal_irc_tag {
    const char *key;
    const char *value; /* unescaped; "" if it has none */
};

/* All strings lie in the line that was parsed. */
struct pal_irc_message {
    struct pal_irc_tag tags[PAL_IRC_TAGS_MAX];
    size_t n_tags;
    const char *nick; /* of the prefix, up to '!' or '@'; "" if there is none */
    const char *command;
    const char *params[PAL_IRC_PARAMS_MAX];
    size_t n_params;
};

/*
 * Parses a NUL-terminated line in place. Bad escapes in tags lose their backslash, as IRCv3 says.
 * PAL_ERR_PROTO: there is no command.
 */
enum pal_err pal_irc_parse(char *line, struct pal_irc_message *message) PAL_MUST_USE;

/* The last one of that key, as IRCv3 says; NULL if there is none. */
const char *pal_irc_tag(const struct pal_irc_message *message, const char *key);
/* "" if there are not so many. */
const char *pal_irc_param(const struct pal_irc_message *message, size_t i);

#endif
