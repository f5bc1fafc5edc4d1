#include "chat/fold.h"

#include <stdlib.h>
#include <string.h>

#include "output/emotion_text.h"
#include "util/mem.h"
#include "util/utf8.h"

/* Longer words are never taken for misspelt ones. */
#define NEAR_WORD_MAX 24

bool
pal_is_unseen(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f || c == 0x61c ||
           c == 0x115f || c == 0x1160 || (c >= 0x17b4 && c <= 0x17b5) ||
           (c >= 0x180b && c <= 0x180f) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0x3164 ||
           c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

struct folding {
    char *out;
    size_t len;
    size_t n_same; /* how often the last byte stands there already */
};

static void
put(struct folding *folding, char c)
{
    if (folding->len > 0 && folding->out[folding->len - 1] == c && c >= 'a') {
        folding->n_same++;
    } else {
        folding->n_same = 1;
    }
    if (folding->n_same == 3) {
        folding->len--; /* the second one goes as well: "siii" is "si" */
        return;
    }
    if (folding->n_same < 3) {
        folding->out[folding->len++] = c;
    }
}

static void
put_space(struct folding *folding)
{
    if (folding->len > 0 && folding->out[folding->len - 1] != ' ') {
        folding->out[folding->len++] = ' ';
    }
    folding->n_same = 0;
}

/* Letters of scripts that are not folded: everything beyond Latin that is no punctuation. */
static bool
is_foreign_letter(uint32_t c)
{
    return (c >= 0x100 && c < 0x300) || (c >= 0x370 && c < 0x2000) || (c >= 0x3040 && c < 0xd7a4) ||
           (c >= 0xf900 && c < 0xfb50);
}

char *
pal_fold_words(const char *text, size_t len)
{
    struct folding folding = {.out = pal_calloc(2 * len + 1, 1)};
    char *small = pal_text_lower(text, len);
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        int n = pal_utf8_step(small + at, len - at, &c);
        const char *bytes = small + at;
        at += n > 0 ? (size_t)n : 1;
        if (n > 0 && c >= 0xff01 && c <= 0xff5e) {
            c -= 0xfee0;
        }
        char second = '\0';
        char letter = n > 0 ? pal_text_fold(c, &second) : '\0';
        if (letter != '\0') {
            put(&folding, letter);
            if (second != '\0') {
                put(&folding, second);
            }
        } else if (c >= '0' && c <= '9') {
            put(&folding, (char)c);
        } else if (n > 0 && pal_is_unseen(c) && c >= 0x80) {
            continue;
        } else if (n > 1 && is_foreign_letter(c)) {
            memcpy(folding.out + folding.len, bytes, (size_t)n);
            folding.len += (size_t)n;
        } else if (c < 0x300 || c > 0x36f) { /* an accent of its own belongs to its letter */
            put_space(&folding);
        }
    }
    free(small);
    while (folding.len > 0 && folding.out[folding.len - 1] == ' ') {
        folding.len--;
    }
    folding.out[folding.len] = '\0';
    return folding.out;
}

#define JOINER    0x200d
#define MARKS_MAX 2
#define EMOJI_FIRST                                                              \
    0x2190 /* arrows, signs and pictures begin here; letters that join are below \
            */

static bool
is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool
is_mark(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x483 && c <= 0x489) ||
           (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x1dc0 && c <= 0x1dff) ||
           (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe20 && c <= 0xfe2f);
}

char *
pal_tidy(const char *text, size_t len)
{
    char *out = pal_calloc(len + 1, 1);
    size_t n_out = 0;
    size_t n_marks = 0;
    uint32_t before = 0; /* the last character that was kept */
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        int n = pal_utf8_step(text + at, len - at, &c);
        const char *bytes = text + at;
        at += n > 0 ? (size_t)n : 1;
        if (n <= 0) {
            continue;
        }
        if (is_space(c)) {
            if (n_out > 0 && out[n_out - 1] != ' ') {
                out[n_out++] = ' ';
            }
            before = ' ';
            continue;
        }
        n_marks = is_mark(c) ? n_marks + 1 : 0;
        bool joins = c == JOINER && before >= EMOJI_FIRST;
        if ((pal_is_unseen(c) && !joins) || n_marks > MARKS_MAX) {
            continue;
        }
        memcpy(out + n_out, bytes, (size_t)n);
        n_out += (size_t)n;
        before = c;
    }
    while (n_out > 0 && out[n_out - 1] == ' ') {
        n_out--;
    }
    out[n_out] = '\0';
    return out;
}

bool
pal_word_is_near(const char *a, size_t a_len, const char *b, size_t b_len, unsigned max)
{
    size_t differ = a_len > b_len ? a_len - b_len : b_len - a_len;
    if (differ > max || a_len > NEAR_WORD_MAX || b_len > NEAR_WORD_MAX) {
        return false;
    }
    /* Edits with swaps of neighbours: three rows of the table are enough. */
    unsigned rows[3][NEAR_WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[a_len % 3][b_len] <= max;
}
