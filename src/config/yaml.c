#include "config/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option.h"
#include "config/value.h"
#include "config/yaml_text.h"
#include "util/mem.h"
#include "util/text.h"

struct reader {
    struct pal_yaml_text yaml;
    struct pal_config *config;
    size_t *lines; /* owned: the line where each setting was met, 0 = not yet */
    size_t section_lines[PAL_OPTION_SECTIONS_MAX];
};

/* ---- one setting ---- */

static void
note_origin(struct reader *reader, const struct pal_option *option, size_t line)
{
    pal_value_set_origin(reader->config, option, PAL_ORIGIN_FILE, reader->yaml.path, line);
}

static void
read_list(struct reader *reader, const struct pal_option *option, const yaml_event_t *start)
{
    pal_value_clear(reader->config, option);
    for (;;) {
        yaml_event_t event;
        struct pal_value_fault fault;
        if (!pal_yaml_text_next(&reader->yaml, &event)) {
            return;
        }
        bool at_end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!at_end && pal_yaml_text_accept(&reader->yaml, &event)) {
            if (event.type != YAML_SCALAR_EVENT) {
                pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, event.start_mark,
                                     PAL_T("an item of this list must be a word",
                                           "un élément de cette liste doit être un mot"));
            } else if (!pal_value_add_item(reader->config, option,
                                           (const char *)event.data.scalar.value,
                                           event.data.scalar.length, &fault)) {
                pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, event.start_mark,
                                     fault.text);
            }
        }
        pal_yaml_text_skip(&reader->yaml, &event);
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
    if (!pal_yaml_text_accept(&reader->yaml, event)) {
        pal_yaml_text_skip(&reader->yaml, event);
    } else if (pal_yaml_is_null(event)) {
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
        pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, event->start_mark, text);
        pal_yaml_text_skip(&reader->yaml, event);
    } else if (pal_value_set(reader->config, option, (const char *)event->data.scalar.value,
                             event->data.scalar.length, &fault)) {
        note_origin(reader, option, event->start_mark.line + 1);
    } else {
        pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, event->start_mark, fault.text);
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
    pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, mark, text);
    return false;
}

static void
report_unknown(struct reader *reader, const char *key, yaml_mark_t mark)
{
    /* Past the last error that is kept, looking for the nearest would be for nobody. */
    bool is_kept = reader->yaml.problems->n_errors < PAL_PROBLEMS_MAX;
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
    pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, mark, text);
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
        pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_WARNING, mark, text);
        pal_yaml_text_skip(&reader->yaml, value);
        return;
    }
    (void)snprintf(text, sizeof(text),
                   PAL_T("'%s' is called '%s' here; taken as that",
                         "« %s » s'appelle « %s » ici ; pris comme tel"),
                   key, old->instead);
    pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_WARNING, mark, text);
    const struct pal_option *option = pal_option_by_key(old->instead);
    PAL_ASSERT(option != NULL);
    if (is_first(reader, &reader->lines[pal_option_index(option)], option->key, mark)) {
        read_value(reader, option, value);
    } else {
        pal_yaml_text_skip(&reader->yaml, value);
    }
}

static void read_mapping(struct reader *reader, const char *section);

static void
read_section(struct reader *reader, const char *key, yaml_mark_t mark, const yaml_event_t *value)
{
    size_t index = pal_option_section_index(key);
    bool is_new = index == PAL_OPTION_SECTIONS_MAX ||
                  is_first(reader, &reader->section_lines[index], key, mark);
    if (!is_new || !pal_yaml_text_accept(&reader->yaml, value) || pal_yaml_is_null(value)) {
        pal_yaml_text_skip(&reader->yaml, value);
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
    pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, value->start_mark, text);
    pal_yaml_text_skip(&reader->yaml, value);
}

/* One "key: value"; the key's event is the caller's. */
static void
read_pair(struct reader *reader, const char *section, const yaml_event_t *key_event)
{
    yaml_mark_t mark = key_event->start_mark;
    bool is_plain = pal_yaml_text_accept(&reader->yaml, key_event);
    bool is_word =
        key_event->type == YAML_SCALAR_EVENT &&
        strlen((const char *)key_event->data.scalar.value) == key_event->data.scalar.length;
    if (is_plain && !is_word) {
        pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, mark,
                             PAL_T("a key must be a word", "une clé doit être un mot"));
    }
    pal_yaml_text_skip(&reader->yaml, key_event);
    yaml_event_t value;
    if (!pal_yaml_text_next(&reader->yaml, &value)) {
        return;
    }
    if (!is_plain || !is_word) {
        pal_yaml_text_skip(&reader->yaml, &value);
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
            pal_yaml_text_skip(&reader->yaml, &value);
        }
    } else if (old != NULL) {
        read_old_key(reader, old, key, mark, &value);
    } else if (pal_option_is_section(key)) {
        read_section(reader, key, mark, &value);
    } else {
        report_unknown(reader, key, mark);
        pal_yaml_text_skip(&reader->yaml, &value);
    }
    yaml_event_delete(&value);
}

/* Behind a mapping's start, to its end. */
static void
read_mapping(struct reader *reader, const char *section)
{
    for (;;) {
        yaml_event_t event;
        if (!pal_yaml_text_next(&reader->yaml, &event)) {
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
    if (!pal_yaml_text_accept(&reader->yaml, root) || pal_yaml_is_null(root)) {
        pal_yaml_text_skip(&reader->yaml, root);
    } else if (root->type == YAML_MAPPING_START_EVENT) {
        read_mapping(reader, "");
    } else {
        pal_yaml_text_report(
            &reader->yaml, PAL_PROBLEM_ERROR, root->start_mark,
            PAL_T("this must be 'key: value' lines, as in docs/configuration.md",
                  "il faut des lignes « clé: valeur », comme dans docs/configuration.md"));
        pal_yaml_text_skip(&reader->yaml, root);
    }
}

static void
read_stream(struct reader *reader)
{
    size_t n_documents = 0;
    for (bool at_end = false; !at_end;) {
        yaml_event_t event;
        if (!pal_yaml_text_next(&reader->yaml, &event)) {
            return;
        }
        at_end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT) {
            n_documents++;
        } else if (event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
                   pal_yaml_is_start(&event)) {
            if (n_documents == 1) {
                read_root(reader, &event);
            } else {
                pal_yaml_text_report(&reader->yaml, PAL_PROBLEM_ERROR, event.start_mark,
                                     PAL_T("only one document: take out the '---' above",
                                           "un seul document : enlevez le « --- » au-dessus"));
                at_end = true;
            }
        }
        yaml_event_delete(&event);
    }
}

void
pal_yaml_read(const char *path, const char *text, size_t len, struct pal_config *config,
              struct pal_problems *problems)
{
    struct reader reader = {.config = config};
    reader.lines = pal_calloc(pal_n_options, sizeof(reader.lines[0]));
    if (pal_yaml_text_open(&reader.yaml, path, text, len, problems)) {
        read_stream(&reader);
    }
    pal_yaml_text_close(&reader.yaml);
    free(reader.lines);
}
