// A conversation with a GGUF model through stock libllama.
#ifndef STARTER_TALK_H
#define STARTER_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TALK_MESSAGES = 40, TALK_TEXT = 2048 };

struct talk_message {
    const char *role; // "system", "user" or "assistant"
    const char *text; // borrowed
};

struct talk_result {
    char text[TALK_TEXT];
    int tokens;
    bool ended; // by the model's own end of turn, not by the limit
};

struct talk;

// `libraries`: where ggml's backends lie; NULL for the loader's own search. NULL on failure.
struct talk *talk_open(const char *model, const char *libraries, int threads);

void talk_close(struct talk *t);

// Answers the last user message. temperature 0 is greedy. False when the prompt does not fit.
bool talk_answer(struct talk *t, const struct talk_message *messages, int count, float temperature,
                 uint32_t seed, int limit, struct talk_result *result);

// Adds the negative log likelihood and the token count of `reference` as the answer.
bool talk_score(struct talk *t, const struct talk_message *messages, int count,
                const char *reference, double *nll, long *tokens);

// Tokens of a plain text, no special ones. Returns their number, at most `max`.
int talk_tokenize(struct talk *t, const char *text, int *tokens, int max);

// Tokens decoded since opening and the seconds that it took, without prompts.
void talk_speed(const struct talk *t, long *tokens, double *seconds);

#endif
