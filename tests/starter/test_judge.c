// The evaluation's own rules, on answers that a person has judged.
#include "judge.h"

#include <stddef.h>
#include <stdio.h>

static const struct {
    const char *text;
    enum judge_language language;
    bool repeats;
} cases[] = {
    {"Salut ! Ça fait plaisir de te voir, tu vas bien ?", JUDGE_FRENCH, false},
    {"Hey there! So happy to see you, how are you?", JUDGE_ENGLISH, false},
    {"Un tuple, c’est une liste qui ne change pas.", JUDGE_FRENCH, false},
    {"You're very welcome! That's what I'm here for.", JUDGE_ENGLISH, false},
    {"GG !", JUDGE_UNSURE, false},
    {"42", JUDGE_UNSURE, false},
    {"the cat and the dog and the cat and the dog", JUDGE_ENGLISH, true},
    {"non non non non non", JUDGE_FRENCH, true},
};

static const struct {
    const char *text, *words;
    bool mentioned;
} mentions[] = {
    {"C'est Varsovie !", "varsovie", true},
    {"C'est Bucarest !", "varsovie", false},
    {"Aucune IDÉE", "je ne sais|aucune id", true},
    {"anything", "", false},
};

int
main(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum judge_language language = judge_language(cases[i].text);
        bool repeats = judge_repeats(cases[i].text);
        if (language != cases[i].language || repeats != cases[i].repeats) {
            printf("'%s': language %d, repeats %d\n", cases[i].text, (int)language, repeats);
            failed++;
        }
    }
    for (size_t i = 0; i < sizeof mentions / sizeof *mentions; i++) {
        if (judge_mentions(mentions[i].text, mentions[i].words) != mentions[i].mentioned) {
            printf("'%s' and '%s'\n", mentions[i].text, mentions[i].words);
            failed++;
        }
    }
    return failed ? 1 : 0;
}
