// Reads the tokenizer's text file.
#include "tokenizer_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
next_line(char **at)
{
    char *line = *at;
    if (!line || !*line)
        return NULL;
    char *end = strchr(line, '\n');
    if (end)
        *end++ = '\0';
    *at = end;
    return line;
}

static char **
read_block(char **at, const char *word, int *count)
{
    char *line = next_line(at);
    size_t len = strlen(word);
    if (!line || strncmp(line, word, len) != 0 || line[len] != ' ')
        return NULL;
    long n = strtol(line + len + 1, NULL, 10);
    if (n < 1 || n > 100000)
        return NULL;
    char **list = calloc((size_t)n, sizeof *list);
    for (long i = 0; list && i < n; i++) {
        list[i] = next_line(at);
        if (!list[i]) {
            free(list);
            return NULL;
        }
    }
    *count = (int)n;
    return list;
}

bool
st_tokenizer_load(struct st_tokenizer *t, const char *path)
{
    *t = (struct st_tokenizer){0};
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    long size = -1;
    if (fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    if (size > 0 && size < 16 << 20 && fseek(f, 0, SEEK_SET) == 0)
        t->text = calloc((size_t)size + 1, 1);
    bool ok = t->text && fread(t->text, 1, (size_t)size, f) == (size_t)size;
    fclose(f);
    char *at = t->text;
    ok = ok && (t->token = read_block(&at, "tokens", &t->tokens)) &&
         (t->merge = read_block(&at, "merges", &t->merges));
    if (!ok)
        st_tokenizer_finish(t);
    return ok;
}

void
st_tokenizer_finish(struct st_tokenizer *t)
{
    free(t->text);
    free(t->token);
    free(t->merge);
    *t = (struct st_tokenizer){0};
}

bool
st_tokenizer_is_control(const char *token)
{
    size_t len = strlen(token);
    return len > 4 && strncmp(token, "<|", 2) == 0 && strcmp(token + len - 2, "|>") == 0;
}

int
st_tokenizer_find(const struct st_tokenizer *t, const char *token)
{
    for (int i = 0; i < t->tokens; i++)
        if (strcmp(t->token[i], token) == 0)
            return i;
    return -1;
}
