#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/near.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/text.h"
#include "util/utf8.h"

#define LIST_ITEMS_MAX 64
#define SHOWN_BYTES    60 /* of a wrong value in a message */

static void *
field(struct pal_config *config, const struct pal_option *option)
{
    return (char *)config + option->offset;
}

static bool
same_word(const char *text, size_t len, const char *word)
{
    char own[32];
    if (len >= sizeof(own)) {
        return false;
    }
    memcpy(own, text, len);
    own[len] = '\0';
    return strlen(own) == len && strcmp(own, word) == 0;
}

static const struct pal_option_word *
find_word(const struct pal_option *option, const char *text, size_t len)
{
    for (const struct pal_option_word *at = option->words; at != NULL && at->word != NULL; at++) {
        if (same_word(text, len, at->word)) {
            return at;
        }
    }
    return NULL;
}

/* Digits, and at most one point among them, into *value; returns the bytes read, 0 if it is no
 * number. Up to 15 digits in all, so that the division gives the nearest double, as strtod() would
 * in the C locale. */
static size_t
read_decimal(const char *text, size_t len, double *value)
{
    size_t at = len > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    int64_t digits = 0;
    int64_t divisor = 1;
    int n_digits = 0;
    bool fraction = false;
    for (; at < len; at++) {
        if (text[at] == '.' && !fraction) {
            fraction = true;
        } else if (text[at] >= '0' && text[at] <= '9' && n_digits < 15) {
            digits = digits * 10 + (text[at] - '0');
            divisor *= fraction ? 10 : 1;
            n_digits++;
        } else {
            break;
        }
    }
    double sign = len > 0 && text[0] == '-' ? -1 : 1;
    *value = sign * (double)digits / (double)divisor;
    return n_digits > 0 ? at : 0;
}

static bool
parse_integer(const struct pal_option *option, const char *text, size_t len, int64_t *value)
{
    double number = 0;
    if (len == 0 || memchr(text, '.', len) != NULL || read_decimal(text, len, &number) != len ||
        number < option->min || number > option->max) {
        return false;
    }
    *value = (int64_t)number; /* 15 digits: exact */
    return true;
}

static bool
parse_number(const struct pal_option *option, const char *text, size_t len, double *value)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 0.001}, {"m", 60}, {"min", 60}, {"h", 3600}};
    double number = 0;
    size_t used = read_decimal(text, len, &number);
    size_t n_units = option->type == PAL_OPTION_DURATION ? PAL_COUNT_OF(units) : 1;
    for (size_t i = 0; used > 0 && i < n_units; i++) {
        if (same_word(text + used, len - used, units[i].unit)) {
            number *= units[i].seconds;
            *value = number;
            return number >= option->min && number <= option->max;
        }
    }
    return false;
}

static bool
parse_bool(const char *text, size_t len, bool *value)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < PAL_COUNT_OF(yes); i++) {
        if (same_word(text, len, yes[i]) || same_word(text, len, no[i])) {
            *value = same_word(text, len, yes[i]);
            return true;
        }
    }
    return false;
}

/* Whole UTF-8 without control characters; prose may hold line ends and tabs. */
static bool
text_is_clean(const struct pal_option *option, const char *text, size_t len)
{
    if (len > (size_t)option->max || !pal_utf8_valid(text, len)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool line_end = text[i] == '\n' || text[i] == '\t' || text[i] == '\r';
        if (((unsigned char)text[i] < 0x20 || text[i] == 0x7F) &&
            !(line_end && option->type == PAL_OPTION_PROSE)) {
            return false;
        }
    }
    return true;
}

static void
describe_fault(const struct pal_option *option, const char *text, size_t len,
               struct pal_value_fault *fault)
{
    char must[256];
    pal_value_describe(option, must, sizeof(must));
    char shown[SHOWN_BYTES + 8];
    size_t n_shown = len < SHOWN_BYTES ? len : pal_utf8_whole(text, SHOWN_BYTES);
    (void)snprintf(shown, sizeof(shown), "%.*s%s", (int)n_shown, text,
                   n_shown < len ? "\xE2\x80\xA6" : "");
    struct pal_near best = {0};
    for (const struct pal_option_word *at = option->words; at != NULL && at->word != NULL; at++) {
        pal_near_offer(&best, shown, at->word);
    }
    if (option->type == PAL_OPTION_SECRET) {
        (void)snprintf(fault->text, sizeof(fault->text),
                       PAL_T("'%s' must be %s", "« %s » doit être %s"), option->key, must);
    } else if (best.name != NULL) {
        (void)snprintf(
            fault->text, sizeof(fault->text),
            PAL_T("'%s' can't be '%s': it must be %s; did you mean '%s'?",
                  "« %s » ne peut pas être « %s » : il faut %s ; vouliez-vous dire « %s » ?"),
            option->key, shown, must, best.name);
    } else {
        (void)snprintf(fault->text, sizeof(fault->text),
                       PAL_T("'%s' can't be '%s': it must be %s",
                             "« %s » ne peut pas être « %s » : il faut %s"),
                       option->key, shown, must);
    }
}

static bool
set_text(struct pal_config *config, const struct pal_option *option, const char *text, size_t len)
{
    if (!text_is_clean(option, text, len)) {
        return false;
    }
    char *copy = pal_strndup(text, len);
    if (option->type == PAL_OPTION_PATH) {
        char *expanded = pal_path_expand(copy);
        free(copy);
        copy = expanded;
    }
    char **slot = field(config, option);
    free(*slot);
    *slot = copy;
    return true;
}

/* "a, b" outside YAML. */
static bool
set_list(struct pal_config *config, const struct pal_option *option, const char *text, size_t len,
         struct pal_value_fault *fault)
{
    struct pal_text_list *list = field(config, option);
    struct pal_text_list before = *list;
    *list = (struct pal_text_list){0};
    bool ok = true;
    for (size_t at = 0; ok && at < len;) {
        const char *comma = memchr(text + at, ',', len - at);
        size_t end = comma == NULL ? len : (size_t)(comma - text);
        size_t next = end + 1;
        for (; at < end && text[at] == ' '; at++) {
        }
        for (; end > at && text[end - 1] == ' '; end--) {
        }
        ok = pal_value_add_item(config, option, text + at, end - at, fault);
        at = next;
    }
    struct pal_text_list after = *list;
    if (!ok) {
        *list = after;
        pal_value_clear(config, option);
        *list = before;
        return false;
    }
    *list = before;
    pal_value_clear(config, option);
    *list = after;
    return true;
}

bool
pal_value_set(struct pal_config *config, const struct pal_option *option, const char *text,
              size_t len, struct pal_value_fault *fault)
{
    const struct pal_option_word *word = find_word(option, text, len);
    bool ok = false;
    switch (option->type) {
    case PAL_OPTION_BOOL:
        ok = parse_bool(text, len, field(config, option));
        break;
    case PAL_OPTION_INTEGER:
    case PAL_OPTION_WORD:
        if (word != NULL) {
            *(int64_t *)field(config, option) = word->value;
            return true;
        }
        ok = option->type == PAL_OPTION_INTEGER &&
             parse_integer(option, text, len, field(config, option));
        break;
    case PAL_OPTION_NUMBER:
    case PAL_OPTION_DURATION: {
        double number = 0;
        ok = parse_number(option, text, len, &number);
        if (ok) {
            *(double *)field(config, option) = number;
        }
        break;
    }
    case PAL_OPTION_TEXT:
    case PAL_OPTION_PROSE:
    case PAL_OPTION_PATH:
    case PAL_OPTION_SECRET:
        ok = set_text(config, option, text, len);
        break;
    case PAL_OPTION_LIST:
        return set_list(config, option, text, len, fault);
    }
    if (!ok) {
        describe_fault(option, text, len, fault);
    }
    return ok;
}

bool
pal_value_add_item(struct pal_config *config, const struct pal_option *option, const char *text,
                   size_t len, struct pal_value_fault *fault)
{
    struct pal_text_list *list = field(config, option);
    if (list->n >= LIST_ITEMS_MAX) {
        (void)snprintf(
            fault->text, sizeof(fault->text),
            PAL_T("'%s' has too many items: %d at most", "« %s » a trop d'éléments : %d au plus"),
            option->key, LIST_ITEMS_MAX);
        return false;
    }
    /* A comma would come apart when the list is written in one line. */
    if (len == 0 || memchr(text, ',', len) != NULL || !text_is_clean(option, text, len)) {
        describe_fault(option, text, len, fault);
        return false;
    }
    list->items = pal_realloc(list->items, list->n + 2, sizeof(list->items[0]));
    list->items[list->n++] = pal_strndup(text, len);
    list->items[list->n] = NULL;
    return true;
}

void
pal_value_set_origin(struct pal_config *config, const struct pal_option *option,
                     enum pal_origin_kind kind, const char *name, size_t line)
{
    struct pal_origin *origin = &config->origins[pal_option_index(option)];
    free(origin->name);
    *origin = (struct pal_origin){.kind = kind, .name = pal_strdup(name), .line = line};
}

void
pal_value_finish(struct pal_config *config, const struct pal_option *option)
{
    if (pal_option_is_text(option)) {
        char **slot = field(config, option);
        free(*slot);
        *slot = NULL;
    } else if (option->type == PAL_OPTION_LIST) {
        struct pal_text_list *list = field(config, option);
        for (size_t i = 0; i < list->n; i++) {
            free(list->items[i]);
        }
        free(list->items);
        *list = (struct pal_text_list){0};
    }
}

void
pal_value_clear(struct pal_config *config, const struct pal_option *option)
{
    pal_value_finish(config, option);
    if (pal_option_is_text(option)) {
        *(char **)field(config, option) = pal_strdup("");
    }
}
