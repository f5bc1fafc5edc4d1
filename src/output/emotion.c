#include "output/emotion.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "output/emotion_text.h"
#include "output/emotion_words.h"
#include "util/mem.h"
#include "util/utf8.h"

#define TOKEN_MAX    31
#define N_TOKENS_MAX 96 /* a clause; what is longer is judged by its beginning */

/* How far back a negation or an intensity reaches. */
#define REACH 3

struct token {
    char word[TOKEN_MAX + 1];       /* folded; three or more of a letter are two */
    char short_word[TOKEN_MAX + 1]; /* three or more are one */
    uint32_t sign;                  /* an emoji; word is "" */
    bool is_loud;                   /* all capitals, two letters at least */
    bool is_long;                   /* has a letter three times or more */
    bool after_stop;                /* a comma or full stop stands before it */
};

struct clause {
    struct token tokens[N_TOKENS_MAX];
    size_t n;
    unsigned n_exclamations;
};

const char *
pal_emotion_name(enum pal_emotion emotion)
{
    static const char *const names[PAL_N_EMOTIONS] = {"joy",       "angry", "sorrow",
                                                      "surprised", "fun",   "neutral"};
    PAL_ASSERT((size_t)emotion < PAL_N_EMOTIONS);
    return names[emotion];
}

int
pal_emotion_find(const char *word, size_t len)
{
    static const struct {
        const char *word;
        enum pal_emotion emotion;
    } names[] = {
        {"joy", PAL_EMOTION_JOY},
        {"happy", PAL_EMOTION_JOY},
        {"joie", PAL_EMOTION_JOY},
        {"heureux", PAL_EMOTION_JOY},
        {"excited", PAL_EMOTION_JOY},
        {"smile", PAL_EMOTION_JOY},
        {"angry", PAL_EMOTION_ANGRY},
        {"anger", PAL_EMOTION_ANGRY},
        {"colère", PAL_EMOTION_ANGRY},
        {"colere", PAL_EMOTION_ANGRY},
        {"mad", PAL_EMOTION_ANGRY},
        {"sorrow", PAL_EMOTION_SORROW},
        {"sad", PAL_EMOTION_SORROW},
        {"triste", PAL_EMOTION_SORROW},
        {"sadness", PAL_EMOTION_SORROW},
        {"surprised", PAL_EMOTION_SURPRISED},
        {"surprise", PAL_EMOTION_SURPRISED},
        {"surpris", PAL_EMOTION_SURPRISED},
        {"shocked", PAL_EMOTION_SURPRISED},
        {"fun", PAL_EMOTION_FUN},
        {"relaxed", PAL_EMOTION_FUN},
        {"amused", PAL_EMOTION_FUN},
        {"amusé", PAL_EMOTION_FUN},
        {"laugh", PAL_EMOTION_FUN},
        {"neutral", PAL_EMOTION_NEUTRAL},
        {"neutre", PAL_EMOTION_NEUTRAL},
        {"calm", PAL_EMOTION_NEUTRAL},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(names); i++) {
        if (strlen(names[i].word) == len && strncasecmp(names[i].word, word, len) == 0) {
            return (int)names[i].emotion;
        }
    }
    return -1;
}

enum pal_expression
pal_emotion_expression(enum pal_emotion emotion)
{
    static const enum pal_expression expressions[PAL_N_EMOTIONS] = {
        PAL_EXPRESSION_JOY,       PAL_EXPRESSION_ANGRY, PAL_EXPRESSION_SORROW,
        PAL_EXPRESSION_SURPRISED, PAL_EXPRESSION_FUN,   PAL_EXPRESSION_NEUTRAL};
    PAL_ASSERT((size_t)emotion < PAL_N_EMOTIONS);
    return expressions[emotion];
}

/* --- text into tokens --- */

struct reader {
    struct clause *clause;
    struct token *token; /* the word in the making; NULL between words */
    char last;           /* its last letter, and how often it came in a row */
    unsigned n_same;
    unsigned n_letters;
    unsigned n_capitals;
    bool after_stop;
};

static void
end_word(struct reader *reader)
{
    if (reader->token != NULL) {
        reader->token->is_loud = reader->n_letters >= 3 && reader->n_capitals == reader->n_letters;
        reader->token = NULL;
    }
}

static struct token *
new_token(struct reader *reader)
{
    if (reader->clause->n == N_TOKENS_MAX) {
        return NULL;
    }
    struct token *token = &reader->clause->tokens[reader->clause->n++];
    *token = (struct token){.after_stop = reader->after_stop};
    reader->after_stop = false;
    return token;
}

static void
append(char *word, char letter)
{
    size_t len = strlen(word);
    if (len < TOKEN_MAX) {
        word[len] = letter;
        word[len + 1] = '\0';
    }
}

static void
add_letter(struct reader *reader, char letter, bool is_capital)
{
    if (reader->token == NULL) {
        reader->token = new_token(reader);
        reader->last = '\0';
        reader->n_letters = 0;
        reader->n_capitals = 0;
        if (reader->token == NULL) {
            return;
        }
    }
    reader->n_same = letter == reader->last ? reader->n_same + 1 : 1;
    reader->last = letter;
    reader->n_letters++;
    reader->n_capitals += is_capital ? 1 : 0;
    size_t short_len = strlen(reader->token->short_word);
    if (reader->n_same == 3) {
        reader->token->is_long = true;
        if (short_len > 0) {
            reader->token->short_word[short_len - 1] = '\0';
        }
    } else if (reader->n_same < 3) {
        append(reader->token->word, letter);
        append(reader->token->short_word, letter);
    }
}

static bool
is_sign(uint32_t c)
{
    for (size_t i = 0; i < pal_n_emotion_signs; i++) {
        if (pal_emotion_signs[i].code_point == c) {
            return true;
        }
    }
    return false;
}

/* "isn't" is one word, "j'ai" two. */
static bool
joins_words(const struct reader *reader, const char *rest, size_t len)
{
    if (reader->token == NULL || reader->last != 'n' || reader->n_letters < 2 || len == 0 ||
        (rest[0] | 0x20) != 't') {
        return false;
    }
    char second;
    uint32_t next;
    return pal_utf8_step(rest + 1, len - 1, &next) <= 0 || pal_text_fold(next, &second) == '\0';
}

static void
tokenize(const char *text, size_t len, struct clause *clause)
{
    struct reader reader = {.clause = clause};
    clause->n = 0;
    clause->n_exclamations = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        char second;
        int n = pal_utf8_step(text + i, len - i, &c);
        i += (size_t)(n > 0 ? n : 1);
        char letter = n > 0 ? pal_text_fold(c, &second) : '\0';
        if (n > 0 && letter != '\0') {
            bool is_capital = pal_text_is_upper(c);
            add_letter(&reader, letter, is_capital);
            if (second != '\0') {
                add_letter(&reader, second, is_capital);
            }
            continue;
        }
        if (n > 0 && (c == '\'' || c == 0x2019) && joins_words(&reader, text + i, len - i)) {
            continue;
        }
        end_word(&reader);
        if (n > 0 && is_sign(c)) {
            struct token *token = new_token(&reader);
            if (token != NULL) {
                token->sign = c;
            }
        }
        clause->n_exclamations += n > 0 && c == '!' ? 1 : 0;
        if (n > 0 && (c == ',' || c == '.' || c == ';' || c == '!' || c == '?' || c == ':')) {
            reader.after_stop = true;
        }
    }
    end_word(&reader);
}

/* --- tokens into a mood --- */

static bool
word_fits(const char *word, const char *entry, size_t entry_len)
{
    if (entry_len > 0 && entry[entry_len - 1] == '*') {
        return strncmp(word, entry, entry_len - 1) == 0;
    }
    return strlen(word) == entry_len && strncmp(word, entry, entry_len) == 0;
}

/* Number of tokens from `at` on that an entry covers; 0 if it does not fit. */
static size_t
entry_fits(const struct clause *clause, size_t at, const char *entry)
{
    size_t n = 0;
    while (*entry != '\0') {
        size_t len = strcspn(entry, " ");
        if (at + n >= clause->n) {
            return 0;
        }
        const struct token *token = &clause->tokens[at + n];
        if ((n > 0 && token->after_stop) ||
            (!word_fits(token->word, entry, len) && !word_fits(token->short_word, entry, len))) {
            return 0;
        }
        n++;
        entry += len + (entry[len] == ' ' ? 1 : 0);
    }
    return n;
}

/* The entry that covers most tokens from `at` on; NULL if none. */
static const struct pal_emotion_word *
find_entry(const struct clause *clause, size_t at, size_t *n_tokens)
{
    const struct pal_emotion_word *best = NULL;
    *n_tokens = 0;
    for (size_t i = 0; i < pal_n_emotion_words; i++) {
        const struct pal_emotion_word *entry = &pal_emotion_words[i];
        if (entry->text[0] != clause->tokens[at].word[0]) {
            continue;
        }
        size_t n = entry_fits(clause, at, entry->text);
        if (n > *n_tokens) {
            *n_tokens = n;
            best = entry;
        }
    }
    return best;
}

static const struct pal_emotion_factor *
find_factor(const struct token *token)
{
    for (size_t i = 0; i < pal_n_emotion_factors; i++) {
        const char *text = pal_emotion_factors[i].text;
        if (strcmp(text, token->word) == 0 || strcmp(text, token->short_word) == 0) {
            return &pal_emotion_factors[i];
        }
    }
    return NULL;
}

/* "ne ... plus": no longer. A bare "plus" is "more". */
static bool
is_no_longer(const struct clause *clause, size_t at)
{
    if (strcmp(clause->tokens[at].word, "plus") != 0) {
        return false;
    }
    for (size_t back = 1; back <= REACH && back <= at; back++) {
        const char *word = clause->tokens[at - back].word;
        if (strcmp(word, "ne") == 0 || strcmp(word, "n") == 0) {
            return true;
        }
    }
    return false;
}

/* What stands before the word at `at`: *factor, and whether it is denied. */
static bool
is_denied(const struct clause *clause, size_t at, float *factor)
{
    bool denied = false;
    *factor = 1.0F;
    for (size_t back = 1; back <= REACH && back <= at; back++) {
        if (clause->tokens[at - back + 1].after_stop) {
            break;
        }
        const struct pal_emotion_factor *found = find_factor(&clause->tokens[at - back]);
        if ((found != NULL && found->factor == 0.0F) || is_no_longer(clause, at - back)) {
            denied = true;
        } else if (found != NULL && back <= 2) {
            *factor *= found->factor;
        }
    }
    return denied;
}

static void
add_weight(float weights[PAL_N_EMOTIONS], const struct clause *clause, size_t at,
           const struct pal_emotion_word *entry)
{
    float factor;
    bool denied = is_denied(clause, at, &factor);
    const struct token *token = &clause->tokens[at];
    factor *= token->is_loud ? 1.3F : 1.0F;
    factor *= token->is_long ? 1.2F : 1.0F;
    if (!denied) {
        weights[entry->emotion] += entry->weight * factor;
    } else if (entry->emotion == PAL_EMOTION_JOY) {
        weights[PAL_EMOTION_SORROW] += entry->weight * 0.5F; /* "not happy" is a little sad */
    }
}

bool
pal_emotion_read(const char *text, size_t len, struct pal_mood *mood)
{
    struct clause clause;
    float weights[PAL_N_EMOTIONS] = {0};
    tokenize(text, len, &clause);
    for (size_t i = 0; i < clause.n;) {
        size_t n_tokens = 1;
        if (clause.tokens[i].sign != 0) {
            for (size_t s = 0; s < pal_n_emotion_signs; s++) {
                if (pal_emotion_signs[s].code_point == clause.tokens[i].sign) {
                    weights[pal_emotion_signs[s].emotion] += pal_emotion_signs[s].weight;
                }
            }
        } else {
            const struct pal_emotion_word *entry = find_entry(&clause, i, &n_tokens);
            if (entry != NULL) {
                add_weight(weights, &clause, i, entry);
            }
            n_tokens = n_tokens > 0 ? n_tokens : 1;
        }
        i += n_tokens;
    }
    *mood = (struct pal_mood){0};
    float louder = 1.0F + 0.15F * (float)(clause.n_exclamations < 3 ? clause.n_exclamations : 3);
    bool shows = false;
    for (size_t i = 0; i < PAL_EMOTION_NEUTRAL; i++) {
        /* 1 -> 0.37, 2 -> 0.60, 3 -> 0.74, 6 -> 0.93: it fills up, and never overflows. */
        mood->levels[i] = 1.0F - expf(-weights[i] * louder / 2.2F);
        shows = shows || weights[i] > 0.0F;
    }
    return shows;
}
