#include "config/yaml_text.h"

#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

void
pal_yaml_text_report(struct pal_yaml_text *yaml, enum pal_problem_kind kind, yaml_mark_t mark,
                     const char *text)
{
    pal_problems_add(yaml->problems, kind, yaml->path, mark.line + 1, mark.column + 1, "%s", text);
}

/* libyaml's own words for a tab are no help, and a tab is the commonest fault of all. */
static bool
report_tab(struct pal_yaml_text *yaml, size_t line)
{
    const char *at = yaml->text;
    const char *end = yaml->text + yaml->len;
    for (size_t i = 0; i < line && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline == NULL ? end : newline + 1;
    }
    size_t column = 0;
    for (; at + column < end && at[column] == ' '; column++) {
    }
    if (at + column == end || at[column] != '\t') {
        return false;
    }
    pal_yaml_text_report(
        yaml, PAL_PROBLEM_ERROR, (yaml_mark_t){.line = line, .column = column},
        PAL_T("a tab indents this line; YAML takes spaces only: replace it, by two spaces say",
              "une tabulation indente cette ligne ; YAML ne veut que des espaces : "
              "remplacez-la, par deux espaces par exemple"));
    return true;
}

/* The line and column of a byte; UTF-8 has been checked. */
static yaml_mark_t
mark_at(const struct pal_yaml_text *yaml, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t at = 0; at < offset && at < yaml->len; at++) {
        bool goes_on = ((unsigned char)yaml->text[at] & 0xC0) == 0x80;
        mark.column += goes_on ? 0 : 1;
        if (yaml->text[at] == '\n') {
            mark = (yaml_mark_t){.line = mark.line + 1};
        }
    }
    return mark;
}

static void
report_syntax(struct pal_yaml_text *yaml)
{
    const yaml_parser_t *parser = &yaml->parser;
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR) {
        mark = mark_at(yaml, parser->problem_offset);
    }
    if (report_tab(yaml, mark.line)) {
        return;
    }
    char text[512];
    (void)snprintf(text, sizeof(text), PAL_T("not valid YAML: %s%s%s", "YAML incorrect : %s%s%s"),
                   parser->problem != NULL ? parser->problem : "?",
                   parser->context != NULL ? ", " : "",
                   parser->context != NULL ? parser->context : "");
    pal_yaml_text_report(yaml, PAL_PROBLEM_ERROR, mark, text);
}

bool
pal_yaml_is_start(const yaml_event_t *event)
{
    return event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT;
}

static bool
is_end(const yaml_event_t *event)
{
    return event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT;
}

/* libyaml takes a time that grows with the square of the depth, so deep text ends the reading. */
static bool
depth_is_allowed(struct pal_yaml_text *yaml, const yaml_event_t *event)
{
    yaml->depth += pal_yaml_is_start(event) ? 1 : 0;
    yaml->depth -= is_end(event) ? 1 : 0;
    if (yaml->depth <= PAL_YAML_DEPTH_MAX) {
        return true;
    }
    pal_yaml_text_report(yaml, PAL_PROBLEM_ERROR, event->start_mark,
                         PAL_T("nested too deeply: nothing here needs more than three levels",
                               "trop de niveaux : rien ici n'en demande plus de trois"));
    return false;
}

bool
pal_yaml_text_next(struct pal_yaml_text *yaml, yaml_event_t *event)
{
    *event = (yaml_event_t){.type = YAML_NO_EVENT};
    if (yaml->broken) {
        return false;
    }
    if (!yaml_parser_parse(&yaml->parser, event)) {
        report_syntax(yaml);
        yaml->broken = true;
    } else if (!depth_is_allowed(yaml, event)) {
        yaml_event_delete(event);
        yaml->broken = true;
    }
    return !yaml->broken;
}

void
pal_yaml_text_skip(struct pal_yaml_text *yaml, const yaml_event_t *event)
{
    size_t depth = pal_yaml_is_start(event) ? 1 : 0;
    while (depth > 0) {
        yaml_event_t inner;
        if (!pal_yaml_text_next(yaml, &inner)) {
            return;
        }
        if (pal_yaml_is_start(&inner)) {
            depth++;
        } else if (is_end(&inner)) {
            depth--;
        }
        yaml_event_delete(&inner);
    }
}

bool
pal_yaml_text_accept(struct pal_yaml_text *yaml, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_ALIAS_EVENT:
        anchor = event->data.alias.anchor;
        break;
    default:
        break;
    }
    if (anchor != NULL) {
        pal_yaml_text_report(
            yaml, PAL_PROBLEM_ERROR, event->start_mark,
            PAL_T("anchors and aliases (& and *) are not taken here: write the value out, or "
                  "in quotes",
                  "les ancres et alias (& et *) ne sont pas admis ici : écrivez la valeur, ou "
                  "mettez-la entre guillemets"));
    } else if (tag != NULL) {
        pal_yaml_text_report(
            yaml, PAL_PROBLEM_ERROR, event->start_mark,
            PAL_T("tags (!) are not taken here: leave it out, or put the value in quotes",
                  "les étiquettes (!) ne sont pas admises ici : enlevez-la, ou mettez la valeur "
                  "entre guillemets"));
    }
    return anchor == NULL && tag == NULL;
}

bool
pal_yaml_is_null(const yaml_event_t *event)
{
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *value = (const char *)event->data.scalar.value;
    return value[0] == '\0' || strcmp(value, "~") == 0 || strcmp(value, "null") == 0;
}

/* True if all of it is UTF-8; else names the first place that isn't. */
static bool
check_utf8(struct pal_yaml_text *yaml)
{
    yaml_mark_t mark = {0};
    for (size_t at = 0; at < yaml->len;) {
        uint32_t code_point = 0;
        int n = pal_utf8_step(yaml->text + at, yaml->len - at, &code_point);
        if (n <= 0) {
            pal_yaml_text_report(
                yaml, PAL_PROBLEM_ERROR, mark,
                PAL_T("this is no UTF-8: save the file as UTF-8 (it may be Latin-1 or UTF-16)",
                      "ce n'est pas de l'UTF-8 : enregistrez le fichier en UTF-8 (il est "
                      "peut-être en Latin-1 ou UTF-16)"));
            return false;
        }
        mark.column++;
        if (code_point == '\n') {
            mark = (yaml_mark_t){.line = mark.line + 1};
        }
        at += (size_t)n;
    }
    return true;
}

bool
pal_yaml_text_open(struct pal_yaml_text *yaml, const char *path, const char *text, size_t len,
                   struct pal_problems *problems)
{
    *yaml = (struct pal_yaml_text){.path = path, .text = text, .len = len, .problems = problems};
    int initialised = yaml_parser_initialize(&yaml->parser);
    PAL_ASSERT(initialised == 1); /* fails for want of memory only */
    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser, (const unsigned char *)text, len);
    return check_utf8(yaml);
}

void
pal_yaml_text_close(struct pal_yaml_text *yaml)
{
    yaml_parser_delete(&yaml->parser);
}
