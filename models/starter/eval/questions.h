// The held-out questions that build.py writes.
//
// Blocks with an empty line between: "I set lang kind", then "S system", "U user", "A reply",
// "K word|word", "R reference answer". The last U is the question, what precedes it is context.
#ifndef STARTER_QUESTIONS_H
#define STARTER_QUESTIONS_H

#include "talk.h"

struct question {
    char set[16];  // "single" or "follow"
    char lang[4];  // of the expected answer
    char kind[16]; // answer, follow, unknown, name, memory
    struct talk_message message[TALK_MESSAGES];
    int messages;
    const char *words;
    const char *reference;
};

struct questions {
    char *text; // owned; everything below points into it
    struct question *list;
    int count;
};

bool questions_load(struct questions *q, const char *path);

void questions_finish(struct questions *q);

#endif
