#include "access/irc_write.h"

#include <stdbool.h>
#include <string.h>

#include "util/mem.h"
#include "util/utf8.h"

#define LINE_BYTES_MAX ((size_t)16 * 1024)
#define ELLIPSIS       "…"

/* ---- one line ---- */

static bool
has_control(const char *word)
{
    for (const unsigned char *at = (const unsigned char *)word; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7F) {
            return true;
        }
    }
    return false;
}

static enum pal_err
write_reply_tag(struct pal_buf *line, const char *reply_to)
{
    enum pal_err err = pal_buf_append_text(line, "@reply-parent-msg-id=");
    for (const char *at = reply_to; *at != '\0' && err == PAL_OK; at++) {
        if (*at == ';') {
            err = pal_buf_append_text(line, "\\:");
        } else if (*at == ' ') {
            err = pal_buf_append_text(line, "\\s");
        } else if (*at == '\\') {
            err = pal_buf_append_text(line, "\\\\");
        } else {
            err = pal_buf_append(line, at, 1);
        }
    }
    return err == PAL_OK ? pal_buf_append_text(line, " ") : err;
}

static enum pal_err
write_words(struct pal_buf *line, const char *const *words)
{
    enum pal_err err = PAL_OK;
    for (size_t i = 0; words[i] != NULL && err == PAL_OK; i++) {
        bool needs_colon =
            words[i][0] == '\0' || words[i][0] == ':' || strchr(words[i], ' ') != NULL;
        bool is_last = i > 0 && words[i + 1] == NULL;
        if (has_control(words[i]) || (needs_colon && !is_last)) {
            return PAL_ERR_ARGUMENT;
        }
        err = i > 0 ? pal_buf_append_text(line, " ") : PAL_OK;
        if (err == PAL_OK && needs_colon) {
            err = pal_buf_append_text(line, ":");
        }
        err = err == PAL_OK ? pal_buf_append_text(line, words[i]) : err;
    }
    return err == PAL_OK ? pal_buf_append_text(line, "\r\n") : err;
}

enum pal_err
pal_irc_write(struct pal_buf *out, const char *reply_to, const char *const *words)
{
    struct pal_buf line;
    enum pal_err err = PAL_OK;
    PAL_ASSERT(words[0] != NULL);
    if (reply_to != NULL && has_control(reply_to)) {
        return PAL_ERR_ARGUMENT;
    }
    pal_buf_init(&line, LINE_BYTES_MAX);
    if (reply_to != NULL) {
        err = write_reply_tag(&line, reply_to);
    }
    err = err == PAL_OK ? write_words(&line, words) : err;
    err = err == PAL_OK ? pal_buf_append(out, line.data, line.len) : err;
    pal_buf_finish(&line);
    return err;
}

/* ---- a text that fits ---- */

/* C0, DEL, C1 and Unicode's own line ends. */
static bool
is_break(uint32_t c)
{
    return c <= 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029;
}

static bool
ends_sentence(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x3002 || c == 0xFF01 ||
           c == 0xFF1F;
}

/* Where a text that grows could be cut. Lengths in bytes; 0 = nowhere. */
struct cuts {
    size_t n_code_points;
    size_t hard;     /* the last place where an ellipsis still fits */
    size_t word;     /* the last end of a word up to there */
    size_t sentence; /* the last end of a sentence that fits */
    uint32_t last;   /* the code point before */
};

/* Appends one code point if it fits; the cuts before it are noted. */
static bool
append_code_point(struct pal_buf *out, struct cuts *cuts, uint32_t c, const char *bytes, size_t len,
                  struct pal_irc_fit fit)
{
    bool room_for_dots =
        cuts->n_code_points < fit.max_code_points && out->len + strlen(ELLIPSIS) <= fit.max_bytes;
    if (room_for_dots) {
        cuts->hard = out->len;
    }
    if (c == ' ' && room_for_dots) {
        cuts->word = out->len;
    }
    if (c == ' ' && ends_sentence(cuts->last)) {
        cuts->sentence = out->len;
    }
    if (cuts->n_code_points >= fit.max_code_points || out->len + len > fit.max_bytes) {
        return false;
    }
    enum pal_err err = pal_buf_append(out, bytes, len);
    PAL_ASSERT(err == PAL_OK);
    cuts->n_code_points++;
    cuts->last = c;
    return true;
}

static void
cut_back(struct pal_buf *out, const struct cuts *cuts, struct pal_irc_fit fit)
{
    size_t half = (out->len < fit.max_bytes ? out->len : fit.max_bytes) / 2;
    bool at_sentence = cuts->sentence > half;
    size_t len = at_sentence ? cuts->sentence : cuts->word > half ? cuts->word : cuts->hard;
    out->len = len;
    out->data[len] = '\0';
    if (!at_sentence && len > 0) {
        enum pal_err err = pal_buf_append_text(out, ELLIPSIS);
        PAL_ASSERT(err == PAL_OK);
    }
}

/* "/word", ".word": what Twitch and others take for commands, unlike "..." */
static bool
looks_like_command(const char *text)
{
    return text[0] == '/' || (text[0] == '.' && text[1] != '.' && text[1] != '\0');
}

void
pal_irc_fit(struct pal_buf *out, const char *text, struct pal_irc_fit fit)
{
    struct cuts cuts = {0};
    size_t len = strlen(text);
    bool wants_space = false;
    bool fits = true;
    pal_buf_clear(out);
    for (size_t at = 0; at < len && fits;) {
        uint32_t c = 0;
        int n = pal_utf8_step(text + at, len - at, &c);
        if (n <= 0) {
            at++; /* no character: left out */
            continue;
        }
        if (is_break(c)) {
            wants_space = out->len > 0;
            at += (size_t)n;
            continue;
        }
        if (out->len == 0 && looks_like_command(text + at)) {
            fits = append_code_point(out, &cuts, '>', ">", 1, fit);
            wants_space = true;
        }
        if (fits && wants_space) {
            fits = append_code_point(out, &cuts, ' ', " ", 1, fit);
            wants_space = false;
        }
        fits = fits && append_code_point(out, &cuts, c, text + at, (size_t)n, fit);
        at += (size_t)n;
    }
    if (!fits) {
        cut_back(out, &cuts, fit);
    }
}
