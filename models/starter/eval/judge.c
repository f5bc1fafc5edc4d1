// Judging by simple rules that a person can check by eye.
#include "judge.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WORDS = 256, WORD_BYTES = 48, TEXT_BYTES = 4096 };

struct words {
    int count;
    char word[MAX_WORDS][WORD_BYTES];
};

static const char *const french[] = {
    "le",     "la",       "les",      "un",      "une",     "des",    "du",  "de",  "je",   "tu",
    "il",     "elle",     "on",       "nous",    "vous",    "est",    "et",  "ou",  "que",  "qui",
    "quoi",   "pas",      "pour",     "dans",    "avec",    "sur",    "c",   "d",   "j",    "l",
    "qu",     "n",        "mon",      "ma",      "mes",     "ton",    "ta",  "tes", "ce",   "cette",
    "ces",    "suis",     "es",       "sont",    "ai",      "as",     "moi", "toi", "bien", "trop",
    "merci",  "salut",    "bravo",    "par",     "plus",    "ça",     "ne",  "si",  "oui",  "non",
    "sert",   "voici",    "coucou",   "bonjour", "bientôt", "revoir", "au",  "aux", "font", "alors",
    "encore", "toujours", "vraiment", "peu",
};
static const char *const english[] = {
    "the",      "a",    "an",   "of",    "to",  "and",     "or",   "is",      "are",    "i",
    "you",      "he",   "she",  "it",    "we",  "they",    "that", "this",    "what",   "who",
    "not",      "for",  "in",   "with",  "on",  "my",      "your", "me",      "am",     "do",
    "don",      "t",    "s",    "m",     "ll",  "re",      "so",   "very",    "thanks", "hello",
    "hi",       "hey",  "from", "more",  "yes", "no",      "be",   "can",     "have",   "has",
    "was",      "were", "at",   "by",    "one", "goodbye", "see",  "welcome", "any",    "my",
    "pleasure", "its",  "let",  "about", "how", "why",
};

static void
cut(struct words *w, const char *text)
{
    w->count = 0;
    size_t used = 0;
    for (const unsigned char *p = (const unsigned char *)text;; p++) {
        bool part = isalnum(*p) || *p >= 0x80;
        // Typographic apostrophes and dots split words as their ASCII forms do.
        if (*p == 0xe2 && (p[1] == 0x80)) {
            part = false;
            if (p[1] && p[2])
                p += 2;
        }
        if (part && used + 1 < WORD_BYTES && w->count < MAX_WORDS) {
            w->word[w->count][used++] = (char)(*p < 0x80 ? tolower(*p) : *p);
        } else if (!part && used) {
            w->word[w->count++][used] = '\0';
            used = 0;
            if (w->count == MAX_WORDS)
                return;
        }
        if (!*p)
            return;
    }
}

static int
hits(const struct words *w, const char *const *list, size_t n)
{
    int found = 0;
    for (int i = 0; i < w->count; i++)
        for (size_t k = 0; k < n; k++)
            found += strcmp(w->word[i], list[k]) == 0;
    return found;
}

enum judge_language
judge_language(const char *text)
{
    struct words w;
    cut(&w, text);
    int fr = hits(&w, french, sizeof french / sizeof *french);
    int en = hits(&w, english, sizeof english / sizeof *english);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        fr += *p == 0xc3; // é, è, à, ç and their kin
    return fr > en ? JUDGE_FRENCH : en > fr ? JUDGE_ENGLISH : JUDGE_UNSURE;
}

bool
judge_repeats(const char *text)
{
    struct words w;
    cut(&w, text);
    for (int i = 0; i + 4 <= w.count; i++) {
        for (int k = i + 1; k + 4 <= w.count; k++) {
            int same = 0;
            while (same < 4 && strcmp(w.word[i + same], w.word[k + same]) == 0)
                same++;
            if (same == 4)
                return true;
        }
    }
    return false;
}

bool
judge_mentions(const char *text, const char *words)
{
    char low[TEXT_BYTES], list[TEXT_BYTES];
    size_t n = 0;
    for (; text[n] && n + 1 < sizeof low; n++)
        low[n] = (char)tolower((unsigned char)text[n]);
    low[n] = '\0';
    snprintf(list, sizeof list, "%s", words);
    for (char *rest = list, *word; rest && (word = rest);) {
        rest = strchr(word, '|');
        if (rest)
            *rest++ = '\0';
        for (char *p = word; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        if (*word && strstr(low, word))
            return true;
    }
    return false;
}
