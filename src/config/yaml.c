#include "config/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/option.h"
#include "config/value.h"
#include "util/mem.h"
#include "util/text.h"
#include "util/utf8.h"

struct reader {
    yaml_parser_t parser;
    const char *path;
    const char *text;
    size_t len;
    struct pal_config *config;
    struct pal_problems *problems;
    size_t *lines; /* owned: the line where each setting was met, 0 = not yet */
    size_t section_lines[PAL_OPTION_SECTIONS_MAX];
    size_t depth; /* mappings and sequences open at the last event */
    bool broken;  /* nothing behind here is read */
};

static void
report(struct reader *reader, enum pal_problem_kind kind, yaml_mark_t mark, const char *text)
{
    pal_problems_add(reader->problems, kind, reader->path, mark.line + 1, mark.column + 1, "%s",
                     text);
}

/* ---- events ---- */

/* libyaml's own words for a tab are no help, and a tab is the commonest fault of all. */
static bool
report_tab(struct reader *reader, size_t line)
{
    const char *at = reader->text;
    const char *end = reader->text + reader->len;
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
    report(reader, PAL_PROBLEM_ERROR, (yaml_mark_t){.line = line, .column = column},
           PAL_T("a tab indents this line; YAML takes spaces only: replace it, by two spaces say",
                 "une tabulation indente cette ligne ; YAML ne veut que des espaces : "
                 "remplacez-la, par deux espaces par exemple"));
    return true;
}

/* The line and column of a byte; UTF-8 has been checked. */
static yaml_mark_t
mark_at(const struct reader *reader, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t at = 0; at < offset && at < reader->len; at++) {
        bool goes_on = ((unsigned char)reader->text[at] & 0xC0) == 0x80;
        mark.column += goes_on ? 0 : 1;
        if (reader->text[at] == '\n') {
            mark = (yaml_mark_t){.line = mark.line + 1};
        }
    }
    return mark;
}

static void
report_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR) {
        mark = mark_at(reader, parser->problem_offset);
    }
    if (report_tab(reader, mark.line)) {
        return;
    }
    char text[512];
    (void)snprintf(text, sizeof(text), PAL_T("not valid YAML: %s%s%s", "YAML incorrect : %s%s%s"),
                   parser->problem != NULL ? parser->problem : "?",
                   parser->context != NULL ? ", " : "",
                   parser->context != NULL ? parser->context : "");
    report(reader, PAL_PROBLEM_ERROR, mark, text);
}

static bool
is_start(const yaml_event_t *event)
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
depth_is_allowed(struct reader *reader, const yaml_event_t *event)
{
    reader->depth += is_start(event) ? 1 : 0;
    reader->depth -= is_end(event) ? 1 : 0;
    if (reader->depth <= PAL_YAML_DEPTH_MAX) {
        return true;
    }
    report(reader, PAL_PROBLEM_ERROR, event->start_mark,
           PAL_T("nested too deeply: nothing here needs more than three levels",
                 "trop de niveaux : rien ici n'en demande plus de trois"));
    return false;
}

/* The next event, to be deleted by the caller; false when reading can't go on (reported). */
static bool
next_event(struct reader *reader, yaml_event_t *event)
{
    *event = (yaml_event_t){.type = YAML_NO_EVENT};
    if (reader->broken) {
        return false;
    }
    if (!yaml_parser_parse(&reader->parser, event)) {
        report_syntax(reader);
        reader->broken = true;
    } else if (!depth_is_allowed(reader, event)) {
        yaml_event_delete(event);
        reader->broken = true;
    }
    return !reader->broken;
}

/* Reads past the node that `event` began; the event itself stays the caller's. */
static void
skip_node(struct reader *reader, const yaml_event_t *event)
{
    size_t depth = is_start(event) ? 1 : 0;
    while (depth > 0) {
        yaml_event_t inner;
        if (!next_event(reader, &inner)) {
            return;
        }
        if (is_start(&inner)) {
            depth++;
        } else if (inner.type == YAML_MAPPING_END_EVENT || inner.type == YAML_SEQUENCE_END_EVENT) {
            depth--;
        }
        yaml_event_delete(&inner);
    }
}

/* Anchors, aliases and tags: nobody needs them here, and an alias can stand for a billion nodes. */
static bool
is_plain_node(struct reader *reader, const yaml_event_t *event)
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
        report(reader, PAL_PROBLEM_ERROR, event->start_mark,
               PAL_T("anchors and aliases (& and *) are not taken here: write the value out, or "
                     "in quotes",
                     "les ancres et alias (& et *) ne sont pas admis ici : écrivez la valeur, ou "
                     "mettez-la entre guillemets"));
    } else if (tag != NULL) {
        report(reader, PAL_PROBLEM_ERROR, event->start_mark,
               PAL_T("tags (!) are not taken here: leave it out, or put the value in quotes",
                     "les étiquettes (!) ne sont pas admises ici : enlevez-la, ou mettez la valeur "
                     "entre guillemets"));
    }
    return anchor == NULL && tag == NULL;
}

/* "key:" with nothing behind it, or ~ or null: as if it weren't there. */
static bool
is_null(const yaml_event_t *event)
{
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *value = (const char *)event->data.scalar.value;
    return value[0] == '\0' || strcmp(value, "~") == 0 || strcmp(value, "null") == 0;
}

/* ---- one setting ---- */

static void
note_origin(struct reader *reader, const struct pal_option *option, size_t line)
{
    pal_value_set_origin(reader->config, option, PAL_ORIGIN_FILE, reader->path, line);
}

static void
read_list(struct reader *reader, const struct pal_option *option, const yaml_event_t *start)
{
    pal_value_clear(reader->config, option);
    for (;;) {
        yaml_event_t event;
        struct pal_value_fault fault;
        if (!next_event(reader, &event)) {
            return;
        }
        bool at_end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!at_end && is_plain_node(reader, &event)) {
            if (event.type != YAML_SCALAR_EVENT) {
                report(reader, PAL_PROBLEM_ERROR, event.start_mark,
                       PAL_T("an item of this list must be a word",
                             "un élément de cette liste doit être un mot"));
            } else if (!pal_value_add_item(reader->config, option,
                                           (const char *)event.data.scalar.value,
                                           event.data.scalar.length, &fault)) {
                report(reader, PAL_PROBLEM_ERROR, event.start_mark, fault.text);
            }
        }
        skip_node(reader, &event);
        yaml_event_delete(&event);
        if (at_end) {
            note_origin(reader, option, start->start_mark.line + 1);
            return;
        }
    }
}

/* Reads the value that `event` begins, whatever it is. */
static void
read_value(struct reader *reader, const struct pal_option *option, const yaml_event_t *event)
{
    struct pal_value_fault fault;
    if (!is_plain_node(reader, event)) {
        skip_node(reader, event);
    } else if (is_null(event)) {
        return;
    } else if (event->type == YAML_SEQUENCE_START_EVENT && option->type == PAL_OPTION_LIST) {
        read_list(reader, option, event);
    } else if (event->type != YAML_SCALAR_EVENT) {
        char must[256];
        char text[512];
        pal_value_describe(option, must, sizeof(must));
        (void)snprintf(
            text, sizeof(text),
            PAL_T("'%s' takes one value, not a list or further keys: it must be %s",
                  "« %s » prend une valeur, pas une liste ni d'autres clés : il faut %s"),
            option->key, must);
        report(reader, PAL_PROBLEM_ERROR, event->start_mark, text);
        skip_node(reader, event);
    } else if (pal_value_set(reader->config, option, (const char *)event->data.scalar.value,
                             event->data.scalar.length, &fault)) {
        note_origin(reader, option, event->start_mark.line + 1);
    } else {
        report(reader, PAL_PROBLEM_ERROR, event->start_mark, fault.text);
    }
}

/* ---- keys ---- */

/* True the first time; else says where the first one stands. */
static bool
is_first(struct reader *reader, size_t *line, const char *key, yaml_mark_t mark)
{
    if (*line == 0) {
        *line = mark.line + 1;
        return true;
    }
    char text[256];
    (void)snprintf(text, sizeof(text),
                   PAL_T("'%s' stands here a second time; the first is on line %zu",
                         "« %s » est là une deuxième fois ; la première est à la ligne %zu"),
                   key, *line);
    report(reader, PAL_PROBLEM_ERROR, mark, text);
    return false;
}

static void
report_unknown(struct reader *reader, const char *key, yaml_mark_t mark)
{
    /* Past the last error that is kept, looking for the nearest would be for nobody. */
    bool is_kept = reader->problems->n_errors < PAL_PROBLEMS_MAX;
    const char *near = is_kept ? pal_option_nearest_key(key) : NULL;
    char text[512];
    if (near != NULL) {
        (void)snprintf(text, sizeof(text),
                       PAL_T("unknown key '%s'; did you mean '%s'?",
                             "clé inconnue « %s » ; vouliez-vous dire « %s » ?"),
                       key, near);
    } else {
        (void)snprintf(text, sizeof(text),
                       PAL_T("unknown key '%s'; 'palabre config show' lists those that there are",
                             "clé inconnue « %s » ; « palabre config show » donne la liste"),
                       key);
    }
    report(reader, PAL_PROBLEM_ERROR, mark, text);
}

static void
read_old_key(struct reader *reader, const struct pal_old_key *old, const char *key,
             yaml_mark_t mark, const yaml_event_t *value)
{
    char text[512];
    if (old->instead == NULL) {
        (void)snprintf(
            text, sizeof(text),
            PAL_T("'%s' has no effect in this version", "« %s » est sans effet dans cette version"),
            key);
        report(reader, PAL_PROBLEM_WARNING, mark, text);
        skip_node(reader, value);
        return;
    }
    (void)snprintf(text, sizeof(text),
                   PAL_T("'%s' is called '%s' here; taken as that",
                         "« %s » s'appelle « %s » ici ; pris comme tel"),
                   key, old->instead);
    report(reader, PAL_PROBLEM_WARNING, mark, text);
    const struct pal_option *option = pal_option_by_key(old->instead);
    PAL_ASSERT(option != NULL);
    if (is_first(reader, &reader->lines[pal_option_index(option)], option->key, mark)) {
        read_value(reader, option, value);
    } else {
        skip_node(reader, value);
    }
}

static void read_mapping(struct reader *reader, const char *section);

static void
read_section(struct reader *reader, const char *key, yaml_mark_t mark, const yaml_event_t *value)
{
    size_t index = pal_option_section_index(key);
    bool is_new = index == PAL_OPTION_SECTIONS_MAX ||
                  is_first(reader, &reader->section_lines[index], key, mark);
    if (!is_new || !is_plain_node(reader, value) || is_null(value)) {
        skip_node(reader, value);
        return;
    }
    if (value->type == YAML_MAPPING_START_EVENT) {
        read_mapping(reader, key);
        return;
    }
    char text[256];
    (void)snprintf(text, sizeof(text),
                   PAL_T("'%s' is a section: its keys stand below it, indented",
                         "« %s » est une section : ses clés vont dessous, en retrait"),
                   key);
    report(reader, PAL_PROBLEM_ERROR, value->start_mark, text);
    skip_node(reader, value);
}

/* One "key: value"; the key's event is the caller's. */
static void
read_pair(struct reader *reader, const char *section, const yaml_event_t *key_event)
{
    yaml_mark_t mark = key_event->start_mark;
    bool is_plain = is_plain_node(reader, key_event);
    bool is_word =
        key_event->type == YAML_SCALAR_EVENT &&
        strlen((const char *)key_event->data.scalar.value) == key_event->data.scalar.length;
    if (is_plain && !is_word) {
        report(reader, PAL_PROBLEM_ERROR, mark,
               PAL_T("a key must be a word", "une clé doit être un mot"));
    }
    skip_node(reader, key_event);
    yaml_event_t value;
    if (!next_event(reader, &value)) {
        return;
    }
    if (!is_plain || !is_word) {
        skip_node(reader, &value);
        yaml_event_delete(&value);
        return;
    }
    char key[2 * PAL_OPTION_NAME_MAX];
    (void)snprintf(key, sizeof(key), "%s%s%.*s", section, section[0] != '\0' ? "." : "",
                   PAL_OPTION_NAME_MAX, (const char *)key_event->data.scalar.value);
    const struct pal_option *option = pal_option_by_key(key);
    const struct pal_old_key *old = pal_old_key_find(key);
    if (option != NULL) {
        if (is_first(reader, &reader->lines[pal_option_index(option)], key, mark)) {
            read_value(reader, option, &value);
        } else {
            skip_node(reader, &value);
        }
    } else if (old != NULL) {
        read_old_key(reader, old, key, mark, &value);
    } else if (pal_option_is_section(key)) {
        read_section(reader, key, mark, &value);
    } else {
        report_unknown(reader, key, mark);
        skip_node(reader, &value);
    }
    yaml_event_delete(&value);
}

/* Behind a mapping's start, to its end. */
static void
read_mapping(struct reader *reader, const char *section)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event)) {
            return;
        }
        bool at_end = event.type == YAML_MAPPING_END_EVENT;
        if (!at_end) {
            read_pair(reader, section, &event);
        }
        yaml_event_delete(&event);
        if (at_end) {
            return;
        }
    }
}

/* ---- the whole text ---- */

static void
read_root(struct reader *reader, const yaml_event_t *root)
{
    if (!is_plain_node(reader, root) || is_null(root)) {
        skip_node(reader, root);
    } else if (root->type == YAML_MAPPING_START_EVENT) {
        read_mapping(reader, "");
    } else {
        report(reader, PAL_PROBLEM_ERROR, root->start_mark,
               PAL_T("this must be 'key: value' lines, as in docs/configuration.md",
                     "il faut des lignes « clé: valeur », comme dans docs/configuration.md"));
        skip_node(reader, root);
    }
}

static void
read_stream(struct reader *reader)
{
    size_t n_documents = 0;
    for (bool at_end = false; !at_end;) {
        yaml_event_t event;
        if (!next_event(reader, &event)) {
            return;
        }
        at_end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT) {
            n_documents++;
        } else if (event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
                   is_start(&event)) {
            if (n_documents == 1) {
                read_root(reader, &event);
            } else {
                report(reader, PAL_PROBLEM_ERROR, event.start_mark,
                       PAL_T("only one document: take out the '---' above",
                             "un seul document : enlevez le « --- » au-dessus"));
                at_end = true;
            }
        }
        yaml_event_delete(&event);
    }
}

/* True if all of it is UTF-8; else names the first place that isn't. */
static bool
check_utf8(struct reader *reader)
{
    yaml_mark_t mark = {0};
    for (size_t at = 0; at < reader->len;) {
        uint32_t code_point = 0;
        int n = pal_utf8_step(reader->text + at, reader->len - at, &code_point);
        if (n <= 0) {
            report(reader, PAL_PROBLEM_ERROR, mark,
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

void
pal_yaml_read(const char *path, const char *text, size_t len, struct pal_config *config,
              struct pal_problems *problems)
{
    struct reader reader = {
        .path = path,
        .text = text,
        .len = len,
        .config = config,
        .problems = problems,
    };
    if (!check_utf8(&reader)) {
        return;
    }
    PAL_ASSERT(yaml_parser_initialize(&reader.parser) == 1);
    reader.lines = pal_calloc(pal_n_options, sizeof(reader.lines[0]));
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, len);
    read_stream(&reader);
    yaml_parser_delete(&reader.parser);
    free(reader.lines);
}
