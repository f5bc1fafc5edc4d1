// The tokenizer's text file: tokens and merges in the byte alphabet of GPT-2, one a line.
//
// Lines: "tokens N", N tokens, "merges M", M merges. Tokens shaped "<|...|>" are control tokens.
#ifndef STARTER_TOKENIZER_FILE_H
#define STARTER_TOKENIZER_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct st_tokenizer {
    char *text;   // owned; the whole file, lines cut by NUL
    char **token; // owned array, into text
    char **merge; // owned array, into text
    int tokens, merges;
};

bool st_tokenizer_load(struct st_tokenizer *t, const char *path);

void st_tokenizer_finish(struct st_tokenizer *t);

bool st_tokenizer_is_control(const char *token);

// -1 when there is no such token.
int st_tokenizer_find(const struct st_tokenizer *t, const char *token);

#endif
