#include "chat/repair.h"

#include <string.h>

#include "util/buf.h"
#include "util/mem.h"
#include "util/utf8.h"

/* Deeper nesting is no chat reply's; it is then left as it is. */
#define DEPTH_MAX 64
#define ELLIPSIS  "…"

struct scan {
    char open[DEPTH_MAX]; /* what would close each bracket or quote that is open */
    size_t depth;
    bool is_code;   /* something like "name(" or a backtick stands in it */
    bool is_broken; /* brackets that don't match, or too deep */
};

static bool
is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void
push(struct scan *scan, char closing)
{
    if (scan->depth == DEPTH_MAX) {
        scan->is_broken = true;
        return;
    }
    scan->open[scan->depth++] = closing;
}

/* In prose a ' is an apostrophe: it opens a quote only inside brackets, and not behind a letter. */
static bool
opens_quote(const struct scan *scan, const char *text, size_t at)
{
    if (text[at] == '"') {
        return scan->depth > 0;
    }
    return text[at] == '\'' && scan->depth > 0 && (at == 0 || !is_name(text[at - 1]));
}

static void
scan_bracket(struct scan *scan, const char *text, size_t at)
{
    char c = text[at];
    if (c == '(' || c == '[' || c == '{') {
        scan->is_code |= at > 0 && is_name(text[at - 1]) && c != '{';
        push(scan, c == '(' ? ')' : c == '[' ? ']' : '}');
    } else if (c == ')' || c == ']' || c == '}') {
        if (scan->depth > 0 && scan->open[scan->depth - 1] == c) {
            scan->depth--;
        } else {
            scan->is_broken = true;
        }
    } else if (opens_quote(scan, text, at)) {
        push(scan, c);
    }
}

static void
scan_text(struct scan *scan, const char *text)
{
    *scan = (struct scan){.depth = 0};
    for (size_t at = 0; text[at] != '\0'; at++) {
        char top = scan->depth > 0 ? scan->open[scan->depth - 1] : '\0';
        if (top != '"' && top != '\'') {
            scan_bracket(scan, text, at);
        } else if (text[at] == '\\' && text[at + 1] != '\0') {
            at++;
        } else if (text[at] == top) {
            scan->depth--;
        }
    }
}

static bool
is_closing_sign(const char *text, size_t at)
{
    return text[at] == '"' || text[at] == ')' || text[at] == '\'' ||
           strncmp(text + at, "\xc2\xbb", 2) == 0 || strncmp(text + at, "\xe2\x80\x9d", 3) == 0;
}

/* Where the text's last whole sentence within len bytes ends; 0 = it has none. */
static size_t
sentence_end(const char *text, size_t len)
{
    size_t end = 0;
    for (size_t at = 0; at < len; at++) {
        size_t behind = at + 1;
        bool ends = text[at] == '.' || text[at] == '!' || text[at] == '?' || text[at] == '\n';
        if (strncmp(text + at, ELLIPSIS, strlen(ELLIPSIS)) == 0) {
            ends = true;
            behind = at + strlen(ELLIPSIS);
        }
        if (!ends || behind > len) {
            continue;
        }
        while (behind < len && is_closing_sign(text, behind)) {
            behind += (unsigned char)text[behind] == 0xc2   ? 2
                      : (unsigned char)text[behind] == 0xe2 ? 3
                                                            : 1;
        }
        bool is_apart = behind >= len || text[behind] == ' ' || text[behind] == '\n';
        /* "3.5" and "example.org" go on; at the very end only '.' is in doubt, and then whole. */
        if (is_apart && behind <= len) {
            end = behind;
        }
    }
    return end;
}

/* The first len bytes up to a whole word, and an ellipsis. */
static char *
cut_at_word(const char *text, size_t len)
{
    size_t end = len;
    while (end > 0 && text[end] != ' ' && text[end] != '\0') {
        end--;
    }
    end = end > 0 ? end : pal_utf8_whole(text, len);
    while (end > 0 && strchr(" ,;:-(", text[end - 1]) != NULL) {
        end--;
    }
    return pal_printf("%.*s" ELLIPSIS, (int)end, text);
}

char *
pal_repair(const char *text, bool is_cut)
{
    struct scan scan;
    scan_text(&scan, text);
    if (scan.is_code && !scan.is_broken && scan.depth > 0) {
        char closing[DEPTH_MAX + 1] = "";
        for (size_t i = 0; i < scan.depth; i++) {
            closing[i] = scan.open[scan.depth - 1 - i];
        }
        return pal_printf("%s%s", text, closing);
    }
    if (!is_cut || text[0] == '\0') {
        return pal_strdup(text);
    }
    size_t len = strlen(text);
    size_t end = sentence_end(text, len);
    if (end > 0) {
        return pal_strndup(text, end);
    }
    /* The last word may be a piece of one. */
    size_t last = len;
    while (last > 0 && text[last - 1] != ' ') {
        last--;
    }
    return last > 1 ? cut_at_word(text, last - 1) : pal_printf("%s" ELLIPSIS, text);
}

char *
pal_repair_shorten(const char *text, size_t max_code_points)
{
    size_t len = strlen(text);
    size_t at = 0;
    size_t room = 0; /* bytes of the first max_code_points - 1 */
    for (size_t n = 0; at < len && n < max_code_points; n++) {
        uint32_t c = 0;
        int step = pal_utf8_step(text + at, len - at, &c);
        room = n + 1 < max_code_points ? at + (size_t)(step > 0 ? step : 1) : room;
        at += (size_t)(step > 0 ? step : 1);
    }
    if (at >= len) {
        return pal_strdup(text);
    }
    size_t end = sentence_end(text, at);
    if (end > at / 2) {
        return pal_strndup(text, end);
    }
    return cut_at_word(text, room);
}
