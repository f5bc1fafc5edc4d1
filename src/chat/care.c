#include "chat/care.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "chat/care_words.h"
#include "chat/fold.h"
#include "util/mem.h"

#define WORDS_MAX 256 /* of a line; the rest is not looked at */
#define GAP_MAX   3   /* words at a '~' */
#define BEHIND    3   /* words before a phrase where a negation counts */

struct word {
    const char *text;
    size_t len;
};

struct words {
    struct word items[WORDS_MAX];
    size_t n;
};

static void
split(const char *folded, struct words *words)
{
    words->n = 0;
    while (*folded != '\0' && words->n < WORDS_MAX) {
        size_t len = strcspn(folded, " ");
        words->items[words->n++] = (struct word){.text = folded, .len = len};
        folded += len;
        folded += strspn(folded, " ");
    }
}

static bool
is_one_of(const struct word *word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strlen(*list) == word->len && strncmp(*list, word->text, word->len) == 0) {
            return true;
        }
    }
    return false;
}

/* One place of a phrase: "want/wanna". */
static bool
fits(const struct word *word, const char *place, size_t place_len, bool may_be_misspelt)
{
    for (size_t at = 0; at < place_len;) {
        const char *wanted = place + at;
        size_t len = strcspn(wanted, "/ ");
        at += len + 1;
        bool is_exact = !may_be_misspelt;
        if (wanted[len - 1] == '!') {
            is_exact = true;
            len--;
        }
        if (word->len == len && strncmp(word->text, wanted, len) == 0) {
            return true;
        }
        unsigned max = len >= 9 ? 2 : 1;
        if (!is_exact && len >= 5 && word->len >= 4 && word->text[0] == wanted[0] &&
            pal_word_is_near(word->text, word->len, wanted, len, max)) {
            return true;
        }
    }
    return false;
}

/* True if `phrase` stands at words[at..); *end is the word behind it. */
static bool
matches_at(const char *phrase, const struct words *words, size_t at, bool may_be_misspelt,
           size_t *end)
{
    phrase += strspn(phrase, " ");
    if (*phrase == '\0') {
        *end = at;
        return true;
    }
    size_t place_len = strcspn(phrase, " ");
    const char *rest = phrase + place_len;
    if (*phrase == '^') {
        return at == 0 && matches_at(rest, words, at, may_be_misspelt, end);
    }
    if (*phrase == '~') {
        for (size_t gap = 0; gap <= GAP_MAX && at + gap <= words->n; gap++) {
            if (matches_at(rest, words, at + gap, may_be_misspelt, end)) {
                return true;
            }
            if (at + gap < words->n && is_one_of(&words->items[at + gap], pal_care_negations)) {
                return false;
            }
        }
        return false;
    }
    return at < words->n && fits(&words->items[at], phrase, place_len, may_be_misspelt) &&
           matches_at(rest, words, at + 1, may_be_misspelt, end);
}

static bool
has_behind(const struct words *words, size_t begin, const char *const *list)
{
    for (size_t back = 1; back <= BEHIND && back <= begin; back++) {
        if (is_one_of(&words->items[begin - back], list)) {
            return true;
        }
    }
    return false;
}

static bool
has_any(const char *const *phrases, const struct words *words)
{
    size_t end = 0;
    for (; *phrases != NULL; phrases++) {
        for (size_t at = 0; at < words->n; at++) {
            if (matches_at(*phrases, words, at, false, &end)) {
                return true;
            }
        }
    }
    return false;
}

/*
 * Where a phrase begins with its subject, a negation would stand inside it, and what stands before
 * belongs to something else ("no, i want to die"). Where it holds a negation itself, another one
 * before it is the same ("ne veux plus vivre").
 */
static bool
can_be_negated(const struct pal_care_phrase *phrase)
{
    static const char *const subjects[] = {"i", "je", "j", "jveux", "^", "ai", NULL};
    static const char *const own[] = {" plus ", "no/", "don t", "dont", "aucune/", NULL};
    struct word first = {.text = phrase->words, .len = strcspn(phrase->words, "/ ")};
    if (is_one_of(&first, subjects)) {
        return false;
    }
    for (const char *const *word = own; *word != NULL; word++) {
        if (strstr(phrase->words, *word) != NULL) {
            return false;
        }
    }
    return true;
}

/* "envie de vivre" is a cry only where somebody has none left. */
static bool
needs_negation(const struct pal_care_phrase *phrase)
{
    return strncmp(phrase->words, "envie/gout", strlen("envie/gout")) == 0;
}

static bool
says(const struct pal_care_phrase *phrase, const struct words *words)
{
    static const char *const none_left[] = {"plus", "pas", "aucune", NULL};
    size_t end = 0;
    for (size_t at = 0; at < words->n; at++) {
        if (!matches_at(phrase->words, words, at, true, &end)) {
            continue;
        }
        if (needs_negation(phrase)) {
            if (has_behind(words, at, none_left)) {
                return true;
            }
        } else if (!can_be_negated(phrase) || !has_behind(words, at, pal_care_negations)) {
            return true;
        }
    }
    return false;
}

static const char *
answer_in(enum pal_lang lang)
{
    return lang == PAL_LANG_FR
               ? "Merci de l'avoir dit, et je suis de tout cœur avec toi. Tu n'as pas à porter ça "
                 "sans aide : parle à quelqu'un maintenant, s'il te plaît. En France : le 3114, "
                 "gratuit, jour et nuit. États-Unis et Canada : 988. Royaume-Uni et Irlande : "
                 "Samaritans, 116 123. Ailleurs, ou en danger tout de suite : le numéro d'urgence "
                 "de ton pays. 💙"
               : "Thank you for saying it. I'm sorry it hurts this much, and I'm glad you're here. "
                 "You don't have to carry it alone: please talk to someone now. US and Canada: "
                 "call "
                 "or text 988. UK and Ireland: Samaritans, 116 123. France: 3114. Elsewhere, or in "
                 "danger right now: your local emergency number. 💙";
}

const char *
pal_care_answer(const char *text, size_t len)
{
    char *folded = pal_fold_words(text, len);
    struct words *words = pal_calloc(1, sizeof(*words));
    split(folded, words);
    const struct pal_care_phrase *found = NULL;
    for (const struct pal_care_phrase *p = pal_care_phrases; p->words != NULL && !found; p++) {
        if (says(p, words) && !has_any(pal_care_game_words, words) &&
            (p->is_plain || !has_any(pal_care_tone_words, words))) {
            found = p;
        }
    }
    const char *answer = found != NULL ? answer_in(found->lang) : NULL;
    free(words);
    free(folded);
    return answer;
}
