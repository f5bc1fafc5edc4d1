#include "chat/heart_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "chat/heart.h"
#include "util/mem.h"
#include "util/path.h"

static enum pal_err
broken(struct pal_error *error, const char *path, size_t line, const char *what)
{
    return pal_error_set(error, PAL_ERR_CONFIG,
                         "cannot read the answers in '%s': line %zu: %s; it must be a list of "
                         "\"question\": \"answer\"",
                         path, line + 1, what);
}

/* The mapping's inside: one scalar for the question, one for the answer. */
static enum pal_err
read_pairs(yaml_parser_t *parser, const char *path, pal_heart_pair_fn on_pair, void *userdata,
           struct pal_error *error)
{
    char *question = NULL;
    enum pal_err err = PAL_OK;
    for (bool is_over = false; err == PAL_OK && !is_over;) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            err = broken(error, path, parser->problem_mark.line,
                         parser->problem != NULL ? parser->problem : "this is no YAML");
            break;
        }
        const char *scalar =
            event.type == YAML_SCALAR_EVENT ? (const char *)event.data.scalar.value : NULL;
        if (event.type == YAML_MAPPING_END_EVENT) {
            is_over = true;
        } else if (scalar == NULL || strlen(scalar) != event.data.scalar.length) {
            err = broken(error, path, event.start_mark.line, "this is neither question nor answer");
        } else if (question == NULL) {
            question = pal_strdup(scalar);
        } else {
            struct pal_error why = {.code = PAL_OK};
            struct pal_heart_pair pair = {.question = question, .answer = scalar};
            if (on_pair(&pair, userdata, &why) != PAL_OK) {
                err = broken(error, path, event.start_mark.line, why.text);
            }
            free(question);
            question = NULL;
        }
        yaml_event_delete(&event);
    }
    free(question);
    return err;
}

enum pal_err
pal_heart_text_read(const char *path, const char *text, size_t len, pal_heart_pair_fn on_pair,
                    void *userdata, struct pal_error *error)
{
    yaml_parser_t parser;
    PAL_ASSERT(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    enum pal_err err = PAL_OK;
    for (bool is_over = false; err == PAL_OK && !is_over;) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            err = broken(error, path, parser.problem_mark.line,
                         parser.problem != NULL ? parser.problem : "this is no YAML");
            break;
        }
        bool is_empty = event.type == YAML_SCALAR_EVENT && event.data.scalar.length == 0;
        if (event.type == YAML_MAPPING_START_EVENT) {
            err = read_pairs(&parser, path, on_pair, userdata, error);
        } else if (event.type == YAML_STREAM_END_EVENT) {
            is_over = true;
        } else if (!is_empty &&
                   (event.type == YAML_SCALAR_EVENT || event.type == YAML_SEQUENCE_START_EVENT ||
                    event.type == YAML_ALIAS_EVENT)) {
            err = broken(error, path, event.start_mark.line, "here is something else");
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return err;
}

enum pal_err
pal_heart_file_read(const char *path, pal_heart_pair_fn on_pair, void *userdata,
                    struct pal_error *error)
{
    char *text = NULL;
    size_t len = 0;
    enum pal_err err = pal_path_read(path, PAL_HEART_FILE_BYTES_MAX, &text, &len, error);
    if (err == PAL_OK) {
        err = pal_heart_text_read(path, text, len, on_pair, userdata, error);
    }
    free(text);
    return err;
}

/* A double-quoted scalar of YAML; the texts hold no control characters. */
static void
put_quoted(FILE *file, const char *text)
{
    (void)fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)fputc('\\', file);
        }
        (void)fputc(*text, file);
    }
    (void)fputc('"', file);
}

enum pal_err
pal_heart_file_write(const char *path, const struct pal_heart_pair *pairs, size_t n_pairs,
                     struct pal_error *error)
{
    char *folder = pal_path_parent(path);
    enum pal_err err = pal_path_make_dirs(folder, error);
    free(folder);
    if (err != PAL_OK) {
        return err;
    }
    char *temporary = pal_printf("%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_written = false;
    if (file != NULL) {
        (void)fputs(
            "# Written by palabre: answers added in the chat. Yours go into answers.yaml.\n", file);
        for (size_t i = 0; i < n_pairs; i++) {
            put_quoted(file, pairs[i].question);
            (void)fputs(": ", file);
            put_quoted(file, pairs[i].answer);
            (void)fputc('\n', file);
        }
        is_written = ferror(file) == 0 && fflush(file) == 0;
        is_written = fclose(file) == 0 && is_written && rename(temporary, path) == 0;
    }
    if (!is_written) {
        err = pal_error_set(error, PAL_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
        (void)unlink(temporary);
    }
    free(temporary);
    return err;
}

char *
pal_heart_file_beside(const char *path)
{
    size_t len = strlen(path);
    const char *dot = strrchr(path, '.');
    if (dot != NULL && strchr(dot, '/') == NULL) {
        len = (size_t)(dot - path);
    }
    return pal_printf("%.*s.added.yaml", (int)len, path);
}

void
pal_heart_file_set_aside(const char *path)
{
    char *aside = pal_printf("%s.bad", path);
    (void)rename(path, aside);
    free(aside);
}
