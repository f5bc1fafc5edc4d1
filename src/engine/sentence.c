#include "engine/sentence.h"

#include <string.h>
#include <strings.h>

#include "util/utf8.h"

/* Before one is known: a short sentence of chat. */
#define FIRST_SENTENCE_TOKENS 16
/* So much longer than usual may the next one be and still be in time. */
#define SENTENCE_TIMES_NEXT 1.25
/* With fewer sentences' time left than these, only whole ones are sent. */
#define WHOLE_ONLY_SENTENCES 3

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool
is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Does the dot at text[at] belong to the word before it? */
static bool
is_dot_of_word(const char *text, size_t at)
{
    static const char *const words[] = {"mr", "mrs", "ms", "dr", "st", "mme",
                                        "mm", "etc", "cf", "vs", "ex", "no"};
    if (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') {
        return true;
    }
    size_t from = at;
    while (from > 0 && is_letter(text[from - 1])) {
        from--;
    }
    size_t n = at - from;
    if (n == 1) {
        return true;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == n && strncasecmp(words[i], text + from, n) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_closer(uint32_t c)
{
    return c == '"' || c == '\'' || c == ')' || c == ']' || c == '*' || c == 0xbb || c == 0x201d ||
           c == 0x2019;
}

size_t
pal_sentence_end(const char *text, size_t len)
{
    size_t end = 0;
    bool is_ended = false; /* text[..at) ends a sentence if white space comes next */
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        int n = pal_utf8_step(text + at, len - at, &c);
        size_t next = at + (n > 0 ? (size_t)n : 1);
        if (c == '\n' || c == 0x3002 || c == 0xff01 || c == 0xff1f) {
            end = next; /* a line's end, and the full-width marks, need nothing behind them */
            is_ended = false;
        } else if (c == '!' || c == '?' || c == 0x2026 || (c == '.' && !is_dot_of_word(text, at))) {
            is_ended = true;
        } else if (is_ended && n == 1 && is_white(text[at])) {
            end = at;
            is_ended = false;
        } else if (!is_closer(c)) {
            is_ended = false;
        }
        at = next;
    }
    return is_ended ? len : end;
}

void
pal_ending_begin(struct pal_ending *ending, int64_t deadline_us, int64_t now_us, int64_t token_us)
{
    *ending = (struct pal_ending){
        .deadline_us = deadline_us,
        .began_us = now_us,
        .sentence_us = FIRST_SENTENCE_TOKENS * token_us,
    };
    int64_t left_us = deadline_us - now_us;
    ending->is_whole_only =
        deadline_us != 0 && left_us < WHOLE_ONLY_SENTENCES * ending->sentence_us;
}

size_t
pal_ending_sendable(struct pal_ending *ending, const char *unsent, size_t len, int64_t now_us,
                    bool *is_last)
{
    *is_last = false;
    if (ending->deadline_us == 0) {
        return len;
    }
    size_t end = pal_sentence_end(unsent, len);
    if (end > 0) {
        ending->sentence_us = (ending->sentence_us + (now_us - ending->began_us)) / 2;
        ending->began_us = now_us;
        int64_t left_us = ending->deadline_us - now_us;
        *is_last = (double)left_us < SENTENCE_TIMES_NEXT * (double)ending->sentence_us;
        ending->is_whole_only =
            ending->is_whole_only || left_us < WHOLE_ONLY_SENTENCES * ending->sentence_us;
    }
    return *is_last || ending->is_whole_only ? end : len;
}
