#include "chat/words.h"

#include <stdlib.h>
#include <string.h>

#include "chat/fold.h"
#include "util/mem.h"

#define OPENING_WORDS   3
#define OPENINGS_BEHIND 4

static bool
is_listed(const char *word, size_t len, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strlen(*list) == len && memcmp(*list, word, len) == 0) {
            return true;
        }
    }
    return false;
}

enum pal_lang
pal_words_lang(const char *text, enum pal_lang otherwise)
{
    static const char *const english[] = {
        "the",  "is",   "are", "you",   "what",    "who",  "how",    "why",    "when", "where",
        "do",   "does", "can", "hello", "hi",      "hey",  "thanks", "my",     "your", "it",
        "this", "that", "and", "of",    "to",      "i",    "im",     "with",   "for",  "have",
        "know", "tell", "me",  "about", "explain", "good", "not",    "please", NULL,
    };
    static const char *const french[] = {
        "le",  "la",    "les",     "un",       "une",    "des",     "est",      "es",
        "tu",  "je",    "que",     "qui",      "quoi",   "comment", "pourquoi", "quand",
        "ou",  "salut", "bonjour", "merci",    "mon",    "ma",      "ton",      "ta",
        "c",   "ca",    "et",      "de",       "du",     "pas",     "avec",     "pour",
        "sur", "moi",   "toi",     "explique", "coucou", "bonsoir", "sais",     "qu",
        "ce",  "cest",  "jai",     "suis",     "vous",   NULL,
    };
    char *folded = pal_fold_words(text, strlen(text));
    int score = 0;
    for (const char *word = folded; *word != '\0';) {
        size_t len = strcspn(word, " ");
        score += is_listed(word, len, french) ? 1 : 0;
        score -= is_listed(word, len, english) ? 1 : 0;
        word += len;
        word += strspn(word, " ");
    }
    free(folded);
    return score == 0 ? otherwise : score > 0 ? PAL_LANG_FR : PAL_LANG_EN;
}

size_t
pal_words_pick(size_t n, size_t last, uint64_t random)
{
    if (last >= n || n == 1) {
        return (size_t)(random % n);
    }
    size_t picked = (size_t)(random % (n - 1));
    return picked >= last ? picked + 1 : picked;
}

/* What follows the stock opening that the reply begins with; NULL = it begins otherwise. */
static const char *
behind_stock(const char *reply, const char *const *stock)
{
    for (; *stock != NULL; stock++) {
        size_t len = strlen(*stock);
        if (strncmp(reply, *stock, len) != 0) {
            continue;
        }
        size_t joint = strspn(reply + len, " ,:;!.");
        if (joint > 0 && reply[len + joint] != '\0') {
            return reply + len + joint;
        }
    }
    return NULL;
}

char *
pal_words_open(const char *reply, const char *prefix, const char *const *stock, bool only_swaps)
{
    const char *rest = behind_stock(reply, stock);
    if (rest == NULL && only_swaps) {
        return pal_strdup(reply);
    }
    return pal_printf("%s : %s", prefix, rest != NULL ? rest : reply);
}

static uint64_t
hash(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    }
    return hash != 0 ? hash : 1;
}

static void
measure(const char *reply, uint64_t *text, uint64_t *opening)
{
    char *folded = pal_fold_words(reply, strlen(reply));
    size_t len = strlen(folded);
    *text = hash(folded, len);
    *opening = 0;
    size_t n_words = 0;
    for (size_t at = 0; at < len && *opening == 0; at++) {
        if (folded[at] == ' ' && ++n_words == OPENING_WORDS) {
            *opening = hash(folded, at);
        }
    }
    free(folded);
}

enum pal_words_repeat
pal_words_repeats(const struct pal_words_said *said, const char *reply)
{
    uint64_t text = 0;
    uint64_t opening = 0;
    measure(reply, &text, &opening);
    enum pal_words_repeat repeat = PAL_WORDS_NEW;
    for (size_t back = 1; back <= PAL_WORDS_SAID_MAX && back <= said->n; back++) {
        size_t at = (said->n - back) % PAL_WORDS_SAID_MAX;
        if (said->texts[at] == text) {
            return PAL_WORDS_SAME_TEXT;
        }
        if (back <= OPENINGS_BEHIND && opening != 0 && said->openings[at] == opening) {
            repeat = PAL_WORDS_SAME_OPENING;
        }
    }
    return repeat;
}

void
pal_words_remember(struct pal_words_said *said, const char *reply)
{
    size_t at = said->n++ % PAL_WORDS_SAID_MAX;
    measure(reply, &said->texts[at], &said->openings[at]);
}
