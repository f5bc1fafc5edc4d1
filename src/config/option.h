#ifndef PAL_CONFIG_OPTION_H
#define PAL_CONFIG_OPTION_H
/*
 * The rows of the table of settings (options.c), and looking things up in it. Constant data; any
 * thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pal_option_type {
    PAL_OPTION_BOOL,     /* bool */
    PAL_OPTION_INTEGER,  /* int64_t; a word of `words` stands for a number */
    PAL_OPTION_WORD,     /* int64_t; only a word of `words` */
    PAL_OPTION_NUMBER,   /* double */
    PAL_OPTION_DURATION, /* double, seconds; written 10, 10s, 500ms, 2m or 1h */
    PAL_OPTION_TEXT,     /* char *, one line of at most `max` bytes */
    PAL_OPTION_PROSE,    /* char *, may have several lines */
    PAL_OPTION_PATH,     /* char *, a leading ~/ is the home folder */
    PAL_OPTION_SECRET,   /* char *, never shown */
    PAL_OPTION_LIST,     /* struct pal_text_list; commas between the items outside YAML */
};

struct pal_option_word {
    const char *word; /* NULL ends the array */
    int64_t value;
};

struct pal_option {
    const char *key; /* in config.yaml, with its section: "server.port" */
    enum pal_option_type type;
    size_t offset;                       /* of the field in struct pal_config */
    unsigned group;                      /* enum pal_config_group */
    const char *initial;                 /* the default, as one would write it; "" = not set */
    double min, max;                     /* numbers: both allowed; texts: max bytes */
    const struct pal_option_word *words; /* NULL = none */
    const char *flag;                    /* "port"; NULL = the key with dashes */
    char letter;                         /* 'p' for -p; 0 = none */
    const char *variable;                /* NULL = PALABRE_ and the key in capitals */
    bool hidden;                         /* for the tests: not in help, show and docs */
    const char *initial_en, *initial_fr; /* what "" means, for help and docs; NULL = nothing */
    const char *en, *fr;                 /* help, one or two sentences */
};

/*
 * A key that files written for other companions have. `instead` names the setting which takes its
 * value; NULL: the key is accepted, has no effect, and a warning says so. A '*' at the end stands
 * for any rest; "window.*" is the section "window" itself as well.
 */
struct pal_old_key {
    const char *key;
    const char *instead;
};

/* The settings of one section stand together in the table, in the order of the sections. */
struct pal_option_section {
    const char *name; /* "" = settings without a section */
    const char *en, *fr;
};

#define PAL_OPTION_SECTIONS_MAX 16

extern const struct pal_option_section pal_option_sections[];
extern const size_t pal_n_option_sections;
extern const struct pal_option pal_options[];
extern const size_t pal_n_options;
extern const struct pal_old_key pal_old_keys[];
extern const size_t pal_n_old_keys;

/* Longest key, flag or variable that a lookup builds, with its NUL; a longer word is unknown. */
#define PAL_OPTION_NAME_MAX 96

/* NULL if there is none. */
const struct pal_option *pal_option_by_key(const char *key);
const struct pal_option *pal_option_by_flag(const char *flag); /* without dashes, without "no-" */
const struct pal_option *pal_option_by_letter(char letter);
const struct pal_old_key *pal_old_key_find(const char *key);
/* True if some key, old or new, stands in this section ("server", "bot"). */
bool pal_option_is_section(const char *name);
/* Its place in pal_option_sections; PAL_OPTION_SECTIONS_MAX if it has none. */
size_t pal_option_section_index(const char *name);
/* The section's name of a key: its first `len` bytes, 0 for a key without one. */
size_t pal_option_section_len(const char *key);
/* The field is a char *. */
bool pal_option_is_text(const struct pal_option *option);
size_t pal_option_index(const struct pal_option *option);

/* Write the NUL-terminated name; `out` has PAL_OPTION_NAME_MAX bytes. */
void pal_option_flag(const struct pal_option *option, char *out);
void pal_option_variable(const struct pal_option *option, char *out);

/* The nearest to a mistyped one, or NULL. */
const char *pal_option_nearest_key(const char *key);
/* Among the flags of these groups; writes it without dashes. False if none is near. */
bool pal_option_nearest_flag(const char *flag, unsigned groups, char *out);
/* Stricter, because other programs' variables are none of our business. */
bool pal_option_nearest_variable(const char *variable, char *out);

#endif
