#include "config/option.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/near.h"
#include "util/mem.h"

const struct pal_option *
pal_option_by_key(const char *key)
{
    for (size_t i = 0; i < pal_n_options; i++) {
        if (strcmp(pal_options[i].key, key) == 0) {
            return &pal_options[i];
        }
    }
    return NULL;
}

const struct pal_option *
pal_option_by_flag(const char *flag)
{
    for (size_t i = 0; i < pal_n_options; i++) {
        char own[PAL_OPTION_NAME_MAX];
        pal_option_flag(&pal_options[i], own);
        if (strcmp(own, flag) == 0) {
            return &pal_options[i];
        }
    }
    return NULL;
}

const struct pal_option *
pal_option_by_letter(char letter)
{
    for (size_t i = 0; i < pal_n_options; i++) {
        if (letter != '\0' && pal_options[i].letter == letter) {
            return &pal_options[i];
        }
    }
    return NULL;
}

const struct pal_old_key *
pal_old_key_find(const char *key)
{
    for (size_t i = 0; i < pal_n_old_keys; i++) {
        const char *old = pal_old_keys[i].key;
        size_t len = strlen(old);
        bool open_ended = old[len - 1] == '*';
        bool is_its_section = len > 2 && strcmp(old + len - 2, ".*") == 0 &&
                              strlen(key) == len - 2 && strncmp(old, key, len - 2) == 0;
        if (is_its_section ||
            (open_ended ? strncmp(old, key, len - 1) == 0 : strcmp(old, key) == 0)) {
            return &pal_old_keys[i];
        }
    }
    return NULL;
}

static bool
is_below(const char *key, const char *section, size_t len)
{
    return strncmp(key, section, len) == 0 && key[len] == '.';
}

bool
pal_option_is_section(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < pal_n_options; i++) {
        if (is_below(pal_options[i].key, name, len)) {
            return true;
        }
    }
    for (size_t i = 0; i < pal_n_old_keys; i++) {
        const char *key = pal_old_keys[i].key;
        if (is_below(key, name, len) && strcmp(key + len, ".*") != 0) {
            return true;
        }
    }
    return false;
}

size_t
pal_option_section_index(const char *name)
{
    for (size_t i = 0; i < pal_n_option_sections; i++) {
        if (strcmp(pal_option_sections[i].name, name) == 0) {
            return i;
        }
    }
    return PAL_OPTION_SECTIONS_MAX;
}

size_t
pal_option_section_len(const char *key)
{
    const char *dot = strchr(key, '.');
    return dot == NULL ? 0 : (size_t)(dot - key);
}

bool
pal_option_is_text(const struct pal_option *option)
{
    return option->type == PAL_OPTION_TEXT || option->type == PAL_OPTION_PROSE ||
           option->type == PAL_OPTION_PATH || option->type == PAL_OPTION_SECRET;
}

size_t
pal_option_index(const struct pal_option *option)
{
    return (size_t)(option - pal_options);
}

static void
copy_mapped(char *out, const char *prefix, const char *name, char from, char to, bool upper)
{
    int len = snprintf(out, PAL_OPTION_NAME_MAX, "%s%s", prefix, name);
    PAL_ASSERT(len > 0 && len < PAL_OPTION_NAME_MAX);
    for (char *at = out; *at != '\0'; at++) {
        if (*at == '.' || *at == from) {
            *at = to;
        } else if (upper) {
            *at = (char)toupper((unsigned char)*at);
        }
    }
}

void
pal_option_flag(const struct pal_option *option, char *out)
{
    copy_mapped(out, "", option->flag != NULL ? option->flag : option->key, '_', '-', false);
}

void
pal_option_variable(const struct pal_option *option, char *out)
{
    if (option->variable != NULL) {
        copy_mapped(out, "", option->variable, '_', '_', true);
    } else {
        copy_mapped(out, "PALABRE_", option->key, '-', '_', true);
    }
}

const char *
pal_option_nearest_key(const char *key)
{
    struct pal_near best = {0};
    for (size_t i = 0; i < pal_n_options; i++) {
        if (!pal_options[i].hidden) {
            pal_near_offer_key(&best, key, pal_options[i].key);
        }
    }
    for (size_t i = 0; best.name == NULL && i < pal_n_option_sections; i++) {
        pal_near_offer(&best, key, pal_option_sections[i].name);
    }
    return best.name;
}

bool
pal_option_nearest_flag(const char *flag, unsigned groups, char *out)
{
    struct pal_near best = {0};
    for (size_t i = 0; i < pal_n_options; i++) {
        char name[PAL_OPTION_NAME_MAX];
        pal_option_flag(&pal_options[i], name);
        struct pal_near tried = best;
        pal_near_offer(&tried, flag, name);
        if (tried.name == name && !pal_options[i].hidden && (pal_options[i].group & groups) != 0) {
            (void)snprintf(out, PAL_OPTION_NAME_MAX, "%s", name);
            best = (struct pal_near){.name = out, .distance = tried.distance};
        }
    }
    return best.name != NULL;
}

bool
pal_option_nearest_variable(const char *variable, char *out)
{
    for (size_t i = 0; i < pal_n_options; i++) {
        pal_option_variable(&pal_options[i], out);
        if (pal_near_distance(variable, out) <= 2) {
            return true;
        }
    }
    return false;
}
