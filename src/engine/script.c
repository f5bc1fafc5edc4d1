#include "engine/script.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/utf8.h"

/* ---- words ---- */

struct cursor {
    const char *at;
    const char *end; /* of the line */
    unsigned line;
    struct pal_error *error;
    bool failed;
};

static void
fail(struct cursor *c, const char *what)
{
    if (!c->failed) {
        (void)pal_error_set(c->error, PAL_ERR_CONFIG, "line %u: %s", c->line, what);
    }
    c->failed = true;
}

static void
skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r')) {
        c->at++;
    }
    if (c->at < c->end && *c->at == '#') {
        c->at = c->end;
    }
}

static bool
at_end(struct cursor *c)
{
    skip_blanks(c);
    return c->at == c->end;
}

/* Takes `word` if it stands here as a whole word. */
static bool
take_word(struct cursor *c, const char *word)
{
    skip_blanks(c);
    size_t len = strlen(word);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0) {
        return false;
    }
    const char *after = c->at + len;
    if (after < c->end && (isalnum((unsigned char)*after) || *after == '_')) {
        return false;
    }
    c->at = after;
    return true;
}

static char *
take_quoted(struct cursor *c)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != '"') {
        fail(c, "a text in double quotes is missing here");
        return NULL;
    }
    char *text = pal_calloc((size_t)(c->end - c->at) + 1, 1);
    size_t len = 0;
    for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
        char byte = *c->at;
        if (byte == '\\' && c->at + 1 < c->end) {
            c->at++;
            byte = *c->at;
            if (byte == 'n') {
                byte = '\n';
            } else if (byte == 't') {
                byte = '\t';
            }
        }
        text[len++] = byte;
    }
    if (c->at == c->end) {
        fail(c, "the text has no closing quote");
    } else {
        c->at++;
    }
    if (memchr(text, '\0', len) != NULL || !pal_utf8_valid(text, len)) {
        fail(c, "the text is not valid UTF-8");
    }
    if (c->failed) {
        free(text);
        return NULL;
    }
    return text;
}

static double
take_number(struct cursor *c)
{
    skip_blanks(c);
    /* The line is not NUL-terminated, so strtod gets a copy of at most this many characters. */
    char digits[24];
    size_t n = 0;
    while (c->at < c->end && n + 1 < sizeof(digits) &&
           (isdigit((unsigned char)*c->at) || *c->at == '.')) {
        digits[n++] = *c->at++;
    }
    digits[n] = '\0';
    char *end = NULL;
    double value = strtod(digits, &end);
    if (n == 0 || *end != '\0' || value > 1e9) {
        fail(c, "a number is missing here");
        return 0;
    }
    return value;
}

static int64_t
take_duration_us(struct cursor *c)
{
    double value = take_number(c);
    if (take_word(c, "ms")) {
        return (int64_t)(value * (double)PAL_US_PER_MS);
    }
    if (!take_word(c, "s")) {
        fail(c, "a time needs its unit: 300ms or 2s");
    }
    return (int64_t)(value * (double)PAL_US_PER_S);
}

static int
take_signal(struct cursor *c)
{
    static const struct {
        const char *name;
        int signal;
    } signals[] = {
        {"abort", SIGABRT}, {"segv", SIGSEGV}, {"ill", SIGILL},   {"bus", SIGBUS},
        {"fpe", SIGFPE},    {"kill", SIGKILL}, {"stop", SIGSTOP}, {"exit", 0},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(signals); i++) {
        if (take_word(c, signals[i].name)) {
            return signals[i].signal;
        }
    }
    fail(c, "one of abort segv ill bus fpe kill stop exit is missing here");
    return 0;
}

/* ---- statements ---- */

static bool
take_action(struct cursor *c, struct pal_script_rule *rule)
{
    if (take_word(c, "fail")) {
        rule->action = PAL_SCRIPT_FAIL;
        rule->why = take_quoted(c);
    } else if (take_word(c, "die")) {
        rule->action = PAL_SCRIPT_DIE;
        rule->signal = take_signal(c);
    } else if (take_word(c, "stall")) {
        rule->action = PAL_SCRIPT_STALL;
    } else {
        return false;
    }
    return true;
}

static void
take_option(struct cursor *c, struct pal_script_rule *rule)
{
    if (take_word(c, "after")) {
        rule->after_us = take_duration_us(c);
    } else if (take_word(c, "rate")) {
        rule->tokens_per_s = take_number(c);
        skip_blanks(c);
        if (c->end - c->at < 2 || memcmp(c->at, "/s", 2) != 0 || rule->tokens_per_s <= 0) {
            fail(c, "a rate is written as 20/s");
            return;
        }
        c->at += 2;
    } else if (take_word(c, "tokens")) {
        double n = take_number(c);
        if (!c->failed && (n < 1 || n > PAL_JOB_TOKENS_MAX)) {
            fail(c, "tokens must be at least 1");
        }
        rule->n_tokens = c->failed ? 0 : (uint32_t)n;
    } else if (take_word(c, "then")) {
        if (rule->action != PAL_SCRIPT_END || !take_action(c, rule)) {
            fail(c, "after 'then' comes one of fail, die, stall");
        }
    } else {
        fail(c, "expected after, rate, tokens or then");
    }
}

static void
finish_rule(struct pal_script_rule *rule)
{
    free(rule->on);
    free(rule->say);
    free(rule->why);
    *rule = (struct pal_script_rule){0};
}

static void
take_rule(struct cursor *c, struct pal_script *script)
{
    if (script->n_rules == PAL_SCRIPT_RULES_MAX - 1) {
        fail(c, "too many rules");
        return;
    }
    struct pal_script_rule *rule = &script->rules[script->n_rules++];
    skip_blanks(c);
    if (c->at < c->end && *c->at == '*') {
        c->at++;
    } else {
        rule->on = take_quoted(c);
    }
    if (c->failed) {
        return;
    }
    if (take_word(c, "say")) {
        rule->say = take_quoted(c);
    } else if (take_word(c, "echo")) {
        rule->is_echo = true;
    } else if (!take_action(c, rule)) {
        fail(c, "expected say, echo, fail, die or stall");
    }
    while (!c->failed && !at_end(c)) {
        take_option(c, rule);
    }
}

static void
take_load(struct cursor *c, struct pal_script *script)
{
    if (take_word(c, "fail")) {
        free(script->load_fail);
        script->load_fail = take_quoted(c);
    } else if (take_word(c, "die")) {
        script->load_dies = true;
        script->load_signal = take_signal(c);
    } else {
        script->load_us = take_duration_us(c);
    }
}

enum pal_err
pal_script_parse(struct pal_script *script, const char *text, size_t len, struct pal_error *error)
{
    *script = (struct pal_script){0};
    struct cursor c = {.error = error};
    if (len > PAL_SCRIPT_BYTES_MAX) {
        return pal_error_set(error, PAL_ERR_LIMIT, "the script is longer than %u bytes",
                             PAL_SCRIPT_BYTES_MAX);
    }
    const char *end = text + len;
    for (const char *at = text; at < end && !c.failed; at = c.end + 1) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        c.at = at;
        c.end = newline != NULL ? newline : end;
        c.line++;
        if (at_end(&c)) {
            continue;
        }
        if (take_word(&c, "on")) {
            take_rule(&c, script);
        } else if (take_word(&c, "load")) {
            take_load(&c, script);
        } else {
            fail(&c, "expected 'on' or 'load'");
        }
        if (!c.failed && !at_end(&c)) {
            fail(&c, "there is more on this line than was expected");
        }
    }
    script->rules[script->n_rules++] = (struct pal_script_rule){.is_echo = true};
    if (c.failed) {
        pal_script_finish(script);
        return PAL_ERR_CONFIG;
    }
    return PAL_OK;
}

void
pal_script_finish(struct pal_script *script)
{
    if (script == NULL) {
        return;
    }
    for (size_t i = 0; i < script->n_rules; i++) {
        finish_rule(&script->rules[i]);
    }
    free(script->load_fail);
    *script = (struct pal_script){0};
}

const struct pal_script_rule *
pal_script_match(const struct pal_script *script, const char *text)
{
    size_t i = 0;
    while (i + 1 < script->n_rules && script->rules[i].on != NULL &&
           strstr(text, script->rules[i].on) == NULL) {
        i++;
    }
    return &script->rules[i];
}

size_t
pal_script_piece_end(const struct pal_script_rule *rule, const char *text, size_t at)
{
    size_t len = strlen(text);
    size_t end = at;
    if (rule->n_tokens > 0) {
        size_t n = len / rule->n_tokens + (len % rule->n_tokens != 0 ? 1 : 0);
        end = len - at < n ? len : at + n;
    } else {
        while (end < len && text[end] == ' ') {
            end++;
        }
        while (end < len && text[end] != ' ') {
            end++;
        }
    }
    /* Not in the middle of a character. */
    while (end < len && ((unsigned char)text[end] & 0xc0) == 0x80) {
        end++;
    }
    return end;
}
