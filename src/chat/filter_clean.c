/* What a model's habits leave in a text, and a chat should not see. */
#include <stdlib.h>
#include <string.h>

#include "chat/filter.h"
#include "chat/fold.h"
#include "util/mem.h"

struct out {
    char *text; /* never longer than what was read */
    size_t len;
};

static void
put(struct out *out, const char *text, size_t len)
{
    memmove(out->text + out->len, text, len);
    out->len += len;
}

/* Bytes of the template mark that the text begins with; 0 = none. */
static size_t
mark_len(const char *text)
{
    static const char *const marks[] = {
        "<s>",           "</s>",  "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<start_of_turn>",
        "<end_of_turn>", "<eos>", "<bos>",  "<pad>",   "<unk>",   "<think>",  "</think>",
        "<|endoftext|>",
    };
    for (size_t i = 0; i < PAL_COUNT_OF(marks); i++) {
        if (strncmp(text, marks[i], strlen(marks[i])) == 0) {
            return strlen(marks[i]);
        }
    }
    if (text[0] == '<' && text[1] == '|') {
        const char *end = strstr(text, "|>");
        size_t len = end != NULL ? (size_t)(end + 2 - text) : 0;
        return len <= 40 ? len : 0;
    }
    return 0;
}

static bool
equals_folded(const char *text, const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char a = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 0x20) : text[i];
        char b = word[i] >= 'A' && word[i] <= 'Z' ? (char)(word[i] + 0x20) : word[i];
        if (a != b) {
            return false;
        }
    }
    return true;
}

/* Bytes of "word:" or "word :" that the text begins with. */
static size_t
head_len(const char *text, const char *word)
{
    size_t len = strlen(word);
    if (len == 0 || strlen(text) < len || !equals_folded(text, word, len)) {
        return 0;
    }
    size_t spaces = strspn(text + len, " ");
    return text[len + spaces] == ':' ? len + spaces + 1 : 0;
}

static size_t
any_head_len(const char *text, const char *const *words)
{
    for (; words != NULL && *words != NULL; words++) {
        size_t len = head_len(text, *words);
        if (len > 0) {
            return len;
        }
    }
    return 0;
}

/* The other side of the talk, as models play it. */
static const char *const other_heads[] = {"user", "utilisateur", "human", "humain", "system", NULL};
static const char *const own_heads[] = {"assistant", "model",    "bot", "ai",
                                        "réponse",   "response", NULL};

/* Marks out; the text ends where the model begins to speak for somebody else. */
static char *
without_marks(const char *text)
{
    struct out out = {.text = pal_calloc(strlen(text) + 1, 1)};
    bool at_line = true;
    while (*text != '\0') {
        size_t mark = mark_len(text);
        if (mark > 0) {
            text += mark;
            continue;
        }
        if (at_line && out.len > 0 && any_head_len(text, other_heads) > 0) {
            break;
        }
        at_line = *text == '\n' || (at_line && *text == ' ');
        put(&out, text, 1);
        text++;
    }
    return out.text;
}

/* "[text](address)": only the text stays. Returns the bytes read, 0 = no such link. */
static size_t
put_link(struct out *out, const char *text)
{
    const char *middle = strstr(text, "](");
    const char *end = middle != NULL ? strchr(middle, ')') : NULL;
    const char *inner = middle != NULL ? memchr(text + 1, '[', (size_t)(middle - text - 1)) : NULL;
    if (end == NULL || inner != NULL || memchr(text, '\n', (size_t)(end - text)) != NULL) {
        return 0;
    }
    bool is_code =
        out->len > 0 && out->text[out->len - 1] != ' ' && out->text[out->len - 1] != '\n';
    if (is_code) {
        return 0; /* a[i](x) */
    }
    put(out, text + 1, (size_t)(middle - text - 1));
    return (size_t)(end + 1 - text);
}

/* "# ", "- ", "* ", "> " and "1. " at the beginning of a line. */
static size_t
bullet_len(const char *text)
{
    size_t hashes = strspn(text, "#");
    if (hashes > 0 && hashes <= 6 && text[hashes] == ' ') {
        return hashes + 1;
    }
    if ((text[0] == '-' || text[0] == '*' || text[0] == '>') && text[1] == ' ') {
        return 2;
    }
    return 0;
}

static size_t
fence_len(const char *text)
{
    if (strncmp(text, "```", 3) != 0) {
        return 0;
    }
    size_t len = 3;
    while ((text[len] >= 'a' && text[len] <= 'z') || text[len] == '+' || text[len] == '#') {
        len++;
    }
    return text[len] == '\n' || text[len] == '\0' ? len : 3;
}

static char *
without_markdown(const char *text)
{
    struct out out = {.text = pal_calloc(strlen(text) + 1, 1)};
    bool at_line = true;
    while (*text != '\0') {
        size_t skipped = at_line ? bullet_len(text) : 0;
        skipped = skipped > 0 ? skipped : fence_len(text);
        if (skipped == 0 && (strncmp(text, "**", 2) == 0 || strncmp(text, "__", 2) == 0)) {
            bool is_name = text[0] == '_' && out.len > 0 && out.text[out.len - 1] != ' ';
            skipped = is_name ? 0 : 2; /* __init__ within code keeps its end at most */
        }
        if (skipped == 0 && *text == '`') {
            skipped = 1;
        }
        if (skipped == 0 && *text == '[') {
            skipped = put_link(&out, text);
        }
        if (skipped > 0) {
            text += skipped;
            at_line = false;
            continue;
        }
        at_line = *text == '\n' || (at_line && *text == ' ');
        put(&out, text, 1);
        text++;
    }
    return out.text;
}

char *
pal_filter_clean(const char *text, const char *const *names)
{
    char *plain = without_marks(text);
    const char *rest = plain + strspn(plain, " \n\r\t");
    for (size_t head = 1; head > 0;) {
        head = any_head_len(rest, own_heads);
        head = head > 0 ? head : any_head_len(rest, names);
        rest += head;
        rest += strspn(rest, " \n\r\t");
    }
    char *prose = without_markdown(rest);
    char *tidied = pal_tidy(prose, strlen(prose));
    free(prose);
    free(plain);
    return tidied;
}
