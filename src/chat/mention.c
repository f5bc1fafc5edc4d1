#include "chat/mention.h"

#include <stdlib.h>
#include <string.h>

#include "chat/fold.h"
#include "output/emotion_text.h"
#include "util/mem.h"
#include "util/utf8.h"

/* A byte that can be part of a name; every byte of a letter beyond ASCII counts. */
static bool
is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* Like that, but of typographic signs and emoji only the letters: "salut pal…", "pal❤️". */
static bool
is_word_at(const char *text, size_t len)
{
    uint32_t c = 0;
    if (len == 0 || (unsigned char)text[0] < 0x80) {
        return len > 0 && is_word_byte(text[0]);
    }
    (void)pal_utf8_step(text, len, &c);
    return c >= 0xaa && c != 0xab && c != 0xbb && c != 0xbf && (c < 0x2000 || c > 0x2bff) &&
           c < 0xfe00 && !(c >= 0x3000 && c <= 0x303f);
}

static size_t
before(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[--at] & 0xc0) == 0x80) {
    }
    return at;
}

/* Where `name` stands as a word in `text` (both in small letters) from `from` on; -1 = nowhere. */
static long
find_word(const char *text, const char *name, size_t from)
{
    size_t len = strlen(text);
    size_t name_len = strlen(name);
    for (const char *at = text + from; name_len > 0 && (at = strstr(at, name)) != NULL; at++) {
        size_t begin = (size_t)(at - text);
        size_t end = begin + name_len;
        bool is_free = begin == 0 || !is_word_at(text + before(text, begin), begin);
        if (is_free && !is_word_at(text + end, len - end)) {
            return (long)begin;
        }
    }
    return -1;
}

bool
pal_mention_is_in(const char *text, const char *const *names)
{
    char *tidied = pal_tidy(text, strlen(text));
    char *small = pal_text_lower(tidied, strlen(tidied));
    bool is_in = false;
    for (; *names != NULL && !is_in; names++) {
        char *name = pal_text_lower(*names, strlen(*names));
        is_in = find_word(small, name, 0) >= 0;
        free(name);
    }
    free(small);
    free(tidied);
    return is_in;
}

static bool
is_joint(char c)
{
    return c == ' ' || c == ',' || c == ':' || c == ';' || c == '-';
}

static void
strip_one(char *text, const char *name)
{
    size_t len = strlen(text);
    char *small = pal_text_lower(text, len);
    size_t at = small[0] == '@' ? 1 : 0;
    if (find_word(small, name, 0) == (long)at) {
        size_t end = at + strlen(name);
        while (is_joint(text[end]) || text[end] == '!') {
            end++;
        }
        memmove(text, text + end, len - end + 1);
        len -= end;
    }
    free(small);
    small = pal_text_lower(text, len);
    long last = -1;
    for (long found = find_word(small, name, 0); found >= 0;
         found = find_word(small, name, (size_t)found + 1)) {
        last = found;
    }
    if (last > 0) {
        size_t behind = (size_t)last + strlen(name);
        size_t begin = (size_t)last - (small[last - 1] == '@' ? 1 : 0);
        if (text[behind + strspn(text + behind, " !.?")] == '\0') {
            while (begin > 0 && is_joint(text[begin - 1])) {
                begin--;
            }
            memmove(text + begin, text + behind, strlen(text + behind) + 1);
        }
    }
    free(small);
}

char *
pal_mention_strip(const char *text, const char *const *names)
{
    char *out = pal_tidy(text, strlen(text));
    for (; *names != NULL; names++) {
        char *name = pal_text_lower(*names, strlen(*names));
        strip_one(out, name);
        free(name);
    }
    char *tidied = pal_tidy(out, strlen(out));
    free(out);
    return tidied;
}

const char *
pal_command_argument(const char *text, const char *prefix, const char *name)
{
    size_t prefix_len = strlen(prefix);
    size_t name_len = strlen(name);
    if (name_len == 0 || strncmp(text, prefix, prefix_len) != 0) {
        return NULL;
    }
    text += prefix_len;
    for (size_t i = 0; i < name_len; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 0x20) : text[i];
        if (c != name[i]) {
            return NULL;
        }
    }
    text += name_len;
    return *text == ' ' || *text == '\0' ? text + strspn(text, " ") : NULL;
}
