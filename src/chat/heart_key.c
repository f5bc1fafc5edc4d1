/* What a question is about. The French openings are tried once each, in this order, as the first
 * companion did, so that its keys stay the same; then the English ones. */
#include <stdlib.h>
#include <string.h>

#include "chat/fold.h"
#include "chat/heart.h"
#include "output/emotion_text.h"
#include "util/mem.h"
#include "util/utf8.h"

struct opening {
    const char *text; /* words, without the space behind */
    enum pal_lang lang;
    bool takes_article; /* one more article may follow at once */
};

static const struct opening openings[] = {
    {"c'est quoi", PAL_LANG_FR, false},     {"c quoi", PAL_LANG_FR, false},
    {"c'est qui", PAL_LANG_FR, false},      {"c qui", PAL_LANG_FR, false},
    {"tu connais", PAL_LANG_FR, true},      {"connais tu", PAL_LANG_FR, true},
    {"connais-tu", PAL_LANG_FR, true},      {"explique moi", PAL_LANG_FR, false},
    {"explique-moi", PAL_LANG_FR, false},   {"explique nous", PAL_LANG_FR, false},
    {"explique-nous", PAL_LANG_FR, false},  {"explique leur", PAL_LANG_FR, false},
    {"explique lui", PAL_LANG_FR, false},   {"explique", PAL_LANG_FR, false},
    {"parle moi de", PAL_LANG_FR, false},   {"parle moi des", PAL_LANG_FR, false},
    {"parle moi du", PAL_LANG_FR, false},   {"parle-moi de", PAL_LANG_FR, false},
    {"parle-moi des", PAL_LANG_FR, false},  {"parle-moi du", PAL_LANG_FR, false},
    {"parle nous de", PAL_LANG_FR, false},  {"parle nous des", PAL_LANG_FR, false},
    {"parle nous du", PAL_LANG_FR, false},  {"parle-nous de", PAL_LANG_FR, false},
    {"parle-nous des", PAL_LANG_FR, false}, {"parle-nous du", PAL_LANG_FR, false},
    {"parle de", PAL_LANG_FR, false},       {"parle des", PAL_LANG_FR, false},
    {"parle du", PAL_LANG_FR, false},       {"qu'est-ce que", PAL_LANG_FR, true},
    {"quest-ce que", PAL_LANG_FR, true},    {"qu'est ce que", PAL_LANG_FR, true},
    {"qui est", PAL_LANG_FR, false},        {"qui sont", PAL_LANG_FR, false},
    {"définis", PAL_LANG_FR, false},        {"défini", PAL_LANG_FR, false},
    {"what is", PAL_LANG_EN, true},         {"what's", PAL_LANG_EN, true},
    {"whats", PAL_LANG_EN, true},           {"what are", PAL_LANG_EN, true},
    {"who is", PAL_LANG_EN, true},          {"who's", PAL_LANG_EN, true},
    {"who are", PAL_LANG_EN, false},        {"do you know", PAL_LANG_EN, true},
    {"explain", PAL_LANG_EN, true},         {"tell me about", PAL_LANG_EN, true},
    {"define", PAL_LANG_EN, true},
};

/* Those that end with an apostrophe take no space behind. */
static const char *const articles_fr[] = {"le", "la", "les", "une", "un", "des", "l'", NULL};
static const char *const articles_en[] = {"the", "an", "a", NULL};

/* One space between words, plain apostrophes, nothing unseen. */
static char *
tidy(const char *text, size_t len)
{
    char *out = pal_calloc(len + 1, 1);
    size_t n_out = 0;
    for (size_t at = 0; at < len;) {
        uint32_t c = 0;
        int n = pal_utf8_step(text + at, len - at, &c);
        size_t step = n > 0 ? (size_t)n : 1;
        if (c == ' ' || c == '\t' || c == '\n' || c == 0xa0 || c == 0x202f || c == 0x2009) {
            if (n_out > 0 && out[n_out - 1] != ' ') {
                out[n_out++] = ' ';
            }
        } else if (c == 0x2019 || c == 0x2bc) {
            out[n_out++] = '\'';
        } else if (n > 0 && !pal_is_unseen(c)) {
            memcpy(out + n_out, text + at, step);
            n_out += step;
        }
        at += step;
    }
    out[n_out] = '\0';
    return out;
}

static void
drop_end(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && strchr("?!. ", text[len - 1]) != NULL) {
        text[--len] = '\0';
    }
}

/* What follows `word` at the beginning of the text; NULL if it does not stand there. */
static const char *
behind(const char *text, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(text, word, len) != 0) {
        return NULL;
    }
    if (word[len - 1] == '\'') {
        return text + len;
    }
    if (text[len] != ' ') {
        return text[len] == '\0' ? text + len : NULL;
    }
    return text + len + 1;
}

static const char *
without_article(const char *text, const char *const *articles)
{
    for (; *articles != NULL; articles++) {
        const char *rest = behind(text, *articles);
        if (rest != NULL && *rest != '\0') {
            return rest;
        }
    }
    return text;
}

char *
pal_heart_key(const char *line, bool *has_lang, enum pal_lang *lang)
{
    char *tidied = tidy(line, strlen(line));
    char *text = pal_text_lower(tidied, strlen(tidied));
    free(tidied);
    const char *rest = text + strspn(text, " ");
    drop_end(text);
    *has_lang = false;
    for (size_t i = 0; i < PAL_COUNT_OF(openings); i++) {
        const struct opening *opening = &openings[i];
        const char *after = behind(rest, opening->text);
        if (after == NULL) {
            continue;
        }
        *has_lang = true;
        *lang = opening->lang;
        rest = after;
        if (opening->takes_article) {
            rest = without_article(rest, opening->lang == PAL_LANG_FR ? articles_fr : articles_en);
        }
    }
    rest = without_article(rest, articles_fr);
    rest = without_article(rest, articles_en);
    const char *first = text + strspn(text, " ");
    char *key = pal_strdup(*rest != '\0' ? rest : first);
    free(text);
    return key;
}
