// Reads the question file in one go and cuts it in place.
#include "questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
read_all(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *text = NULL;
    long size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    if (size >= 0 && size < 64 << 20 && fseek(f, 0, SEEK_SET) == 0)
        text = calloc((size_t)size + 1, 1);
    if (text && fread(text, 1, (size_t)size, f) != (size_t)size) {
        free(text);
        text = NULL;
    }
    fclose(f);
    return text;
}

static bool
add_line(struct questions *q, char *line)
{
    if (line[0] == 'I') {
        struct question *added = &q->list[q->count++];
        return sscanf(line, "I %15s %3s %15s", added->set, added->lang, added->kind) == 3;
    }
    if (q->count == 0 || line[1] != ' ')
        return false;
    struct question *now = &q->list[q->count - 1];
    if (line[0] == 'K') {
        now->words = line + 2;
    } else if (line[0] == 'R') {
        now->reference = line + 2;
    } else {
        const char *role = line[0] == 'S' ? "system" : line[0] == 'U' ? "user" : "assistant";
        if (now->messages == TALK_MESSAGES)
            return false;
        now->message[now->messages++] = (struct talk_message){role, line + 2};
    }
    return true;
}

bool
questions_load(struct questions *q, const char *path)
{
    *q = (struct questions){0};
    q->text = read_all(path);
    if (!q->text)
        return false;
    int blocks = 0;
    for (const char *p = q->text; (p = strstr(p, "I ")); p++)
        blocks += p == q->text || p[-1] == '\n';
    q->list = calloc((size_t)blocks + 1, sizeof *q->list);
    bool ok = q->list && blocks > 0;
    for (char *line = q->text; ok && line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        ok = *line == '\0' || add_line(q, line);
        line = end;
    }
    for (int i = 0; ok && i < q->count; i++)
        ok = q->list[i].messages > 0 && q->list[i].words && q->list[i].reference;
    if (!ok)
        questions_finish(q);
    return ok;
}

void
questions_finish(struct questions *q)
{
    free(q->text);
    free(q->list);
    *q = (struct questions){0};
}
