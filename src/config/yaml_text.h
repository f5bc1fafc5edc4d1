#ifndef PAL_CONFIG_YAML_TEXT_H
#define PAL_CONFIG_YAML_TEXT_H
/*
 * The text of a config.yaml as libyaml's events, with what can be wrong with it as a text: no
 * UTF-8, no YAML, a tab, too deep, anchors and tags. What its keys mean is yaml.c's business.
 */
#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "config/problem.h"

#define PAL_YAML_DEPTH_MAX 16

struct pal_yaml_text {
    yaml_parser_t parser;
    const char *path; /* borrowed, as all here */
    const char *text;
    size_t len;
    struct pal_problems *problems;
    size_t depth; /* mappings and sequences open at the last event */
    bool broken;  /* nothing behind here is read */
};

/* The arguments must outlive it. False if the text is no UTF-8 (reported); close it in any case. */
bool pal_yaml_text_open(struct pal_yaml_text *yaml, const char *path, const char *text, size_t len,
                        struct pal_problems *problems);
void pal_yaml_text_close(struct pal_yaml_text *yaml);

/* The next event, to be deleted by the caller; false when reading can't go on (reported). */
bool pal_yaml_text_next(struct pal_yaml_text *yaml, yaml_event_t *event);
/* Reads past the node that `event` began; the event itself stays the caller's. */
void pal_yaml_text_skip(struct pal_yaml_text *yaml, const yaml_event_t *event);

/* False, and reported, for a node with an anchor, alias or tag: nobody needs them here, and an
 * alias can stand for a billion nodes. */
bool pal_yaml_text_accept(struct pal_yaml_text *yaml, const yaml_event_t *event);

/* A mapping or sequence begins. */
bool pal_yaml_is_start(const yaml_event_t *event);
/* "key:" with nothing behind it, or ~ or null: as if it weren't there. */
bool pal_yaml_is_null(const yaml_event_t *event);

void pal_yaml_text_report(struct pal_yaml_text *yaml, enum pal_problem_kind kind, yaml_mark_t mark,
                          const char *text);

#endif
