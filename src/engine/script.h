#ifndef PAL_ENGINE_SCRIPT_H
#define PAL_ENGINE_SCRIPT_H
/*
 * A script that plays the engine: what it answers, how fast, and how it dies. For tests of
 * everything in front of the engine, without a model.
 *
 * A text file, one statement a line; '#' begins a comment; texts stand in double quotes with \n,
 * \t, \" and \\. Before the rules:
 *
 *     load 200ms                 time that loading takes; default 0
 *     load fail "why"            loading fails with this text
 *     load die SIGNAL            the process dies while loading
 *
 * Then rules; the first whose text stands in the newest user message answers ('*' fits all; there
 * is an `on * echo` at the end of every script):
 *
 *     on "salut" say "Bonjour toi" [after 300ms] [rate 20/s] [tokens 5] [then ACTION]
 *     on "bis" echo [after ...] [rate ...]            says the newest user message
 *     on "oups" fail "why" [after ...]                FAILED with PAL_ERR_ENGINE
 *     on "crash" die SIGNAL [after ...]               abort segv ill bus fpe kill stop exit
 *     on "mur" stall [after ...]                      says nothing more, until cancel or deadline
 *
 * `after`: time before the first token; default 0. `rate`: tokens a second; default as fast as the
 * front reads. `tokens N`: the text is cut into N pieces of about the same length (default: words).
 * ACTION: fail "why", die SIGNAL, stall: what happens after the text.
 *
 * As an engine does, it stops at max_tokens (one piece is one token), at stop texts, on cancel and
 * at the deadline. Pure parser; any thread.
 */
#include "engine/job.h"

#define PAL_SCRIPT_RULES_MAX 256
#define PAL_SCRIPT_BYTES_MAX (256u << 10)

enum pal_script_action {
    PAL_SCRIPT_END, /* the reply is complete */
    PAL_SCRIPT_FAIL,
    PAL_SCRIPT_DIE,
    PAL_SCRIPT_STALL,
};

struct pal_script_rule {
    char *on;  /* owned; NULL = every message */
    char *say; /* owned; NULL = echo, if is_echo */
    bool is_echo;
    int64_t after_us;
    double tokens_per_s; /* 0 = at once */
    uint32_t n_tokens;   /* 0 = words */
    enum pal_script_action action;
    char *why;  /* owned; FAIL */
    int signal; /* DIE; 0 = exit(3) */
};

struct pal_script {
    int64_t load_us;
    char *load_fail; /* owned; NULL = loads */
    bool load_dies;
    int load_signal;
    struct pal_script_rule rules[PAL_SCRIPT_RULES_MAX];
    size_t n_rules;
};

/* On an error nothing is kept; the text begins with "line N: ". The script is large: on the heap.
 */
enum pal_err pal_script_parse(struct pal_script *script, const char *text, size_t len,
                              struct pal_error *error) PAL_MUST_USE;
void pal_script_finish(struct pal_script *script);

/* The rule that answers this message. Never NULL. */
const struct pal_script_rule *pal_script_match(const struct pal_script *script, const char *text);

/* Where the next piece of text[at..] ends, for a rule that cuts `text` into its tokens. */
size_t pal_script_piece_end(const struct pal_script_rule *rule, const char *text, size_t at);

#endif
