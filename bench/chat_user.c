/* One user's conversation: a closed loop with a window of messages, as a companion's user has it.
 */
#include "bench/chat.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

/* What a conversation costs in tokens, seen from outside: from each reply's usage. */
struct ledger {
    double prompt;     /* of the newest answered message */
    double completion; /* of its reply */
    double *pairs;     /* owned ring: tokens of each kept message with its reply */
    size_t n_pairs, first, room;
};

struct talk {
    struct chat_user *user;
    struct chat_client *client;
    json_t *messages; /* the persona first; it counts for nothing in the window */
    struct ledger ledger;
    double dropped; /* tokens that left the window since the newest answer */
};

/*
 * The persona carries a number. One number for all: the server may keep what it has computed. A new
 * one for each request: no prompt begins like another, and whatever the server keeps can't be used.
 */
static json_t *
persona(const struct chat_options *options, uint64_t number)
{
    char *text = pal_printf("[%06u] Tu es un compagnon de stream. Tu réponds en une ou deux "
                            "phrases, en français.",
                            options->kv_reuse ? 0u : (unsigned)(number % 1000000u));
    json_t *message = json_pack("{s:s, s:s}", "role", "system", "content", text);
    free(text);
    PAL_ASSERT(message != NULL);
    return message;
}

static void
say(json_t *messages, const char *role, const char *text)
{
    json_t *message = json_pack("{s:s, s:s}", "role", role, "content", text);
    int failed = json_array_append_new(messages, message);
    PAL_ASSERT(failed == 0);
}

static uint32_t
count_chinese(const char *text, size_t len)
{
    uint32_t n = 0;
    /* U+4E00 to U+9FFF: E4 B8 80 to E9 BF BF. */
    for (size_t i = 0; i + 2 < len; i++) {
        unsigned char a = (unsigned char)text[i];
        unsigned char b = (unsigned char)text[i + 1];
        n += (a == 0xE4 && b >= 0xB8 && b < 0xC0) || (a >= 0xE5 && a <= 0xE9 && (b & 0xC0) == 0x80);
    }
    return n;
}

/* ---- the window ---- */

/* Makes room for a message and its reply: whole exchanges go, so that a user's message stays first,
 * as chat templates want it. */
static void
make_room(struct talk *talk)
{
    struct ledger *ledger = &talk->ledger;
    while (json_array_size(talk->messages) - 1 + 2 > talk->user->options->max_stored &&
           json_array_size(talk->messages) > 2) {
        (void)json_array_remove(talk->messages, 1);
        (void)json_array_remove(talk->messages, 1);
        talk->dropped += ledger->pairs[ledger->first];
        ledger->first = (ledger->first + 1) % ledger->room;
        ledger->n_pairs--;
    }
}

/* How many tokens of this prompt were new: what an engine that forgets nothing would evaluate. */
static double
new_tokens(const struct talk *talk, const struct chat_answer *answer)
{
    const struct ledger *ledger = &talk->ledger;
    double base = talk->user->server->base_tokens;
    if (!answer->has_usage || base < 0) {
        return -1.0;
    }
    double known = ledger->prompt > 0 ? ledger->prompt + ledger->completion - talk->dropped : base;
    return answer->n_prompt > known ? answer->n_prompt - known : 0.0;
}

static void
keep(struct talk *talk, const struct chat_answer *answer, double n_new)
{
    struct ledger *ledger = &talk->ledger;
    struct chat_user *user = talk->user;
    say(talk->messages, "assistant", answer->text.data);
    PAL_ASSERT(ledger->n_pairs < ledger->room);
    ledger->pairs[(ledger->first + ledger->n_pairs++) % ledger->room] =
        (n_new > 0 ? n_new : 0) + answer->n_completion;
    ledger->prompt = answer->n_prompt;
    ledger->completion = answer->n_completion;
    talk->dropped = 0;
    user->n_stored = (uint32_t)json_array_size(talk->messages) - 1;
    user->n_stored_max = user->n_stored > user->n_stored_max ? user->n_stored : user->n_stored_max;
}

static void
exchange(struct talk *talk, uint32_t at)
{
    struct chat_user *user = talk->user;
    struct chat_sample *sample = &user->samples[at];
    struct chat_answer answer;
    make_room(talk);
    if (!user->options->kv_reuse) {
        (void)json_array_set_new(talk->messages, 0,
                                 persona(user->options, (uint64_t)pal_now_us() + user->index));
    }
    /* Each user begins elsewhere in the list: nobody says what another says at the same time. */
    say(talk->messages, "user", chat_message(at + user->index * 6));
    chat_client_ask(talk->client, user->name, talk->messages, &answer);
    *sample = (struct chat_sample){
        .outcome = answer.outcome,
        .total_ms = answer.total_ms,
        .first_ms = answer.first_ms,
        .has_usage = answer.has_usage,
        .n_prompt = answer.n_prompt,
        .n_cached = answer.n_cached,
        .n_new = new_tokens(talk, &answer),
        .n_completion = answer.n_completion,
        .n_chinese = count_chinese(answer.text.data, answer.text.len),
    };
    if (answer.outcome == CHAT_ANSWERED || answer.outcome == CHAT_LATE) {
        keep(talk, &answer, sample->n_new);
    } else {
        /* What got no reply is forgotten: it must not stand before the next message. */
        (void)json_array_remove(talk->messages, json_array_size(talk->messages) - 1);
        if (user->why[0] == '\0') {
            (void)memcpy(user->why, answer.why, sizeof(user->why));
        }
    }
    pal_buf_finish(&answer.text);
}

void *
chat_user_talk(void *userdata)
{
    struct chat_user *user = userdata;
    const struct chat_options *options = user->options;
    struct talk talk = {
        .user = user,
        .client = chat_client_create(user->server, options),
        .messages = json_array(),
        .ledger.room = options->max_stored / 2 + 1,
    };
    PAL_ASSERT(talk.messages != NULL);
    talk.ledger.pairs = pal_calloc(talk.ledger.room, sizeof(*talk.ledger.pairs));
    (void)json_array_append_new(talk.messages, persona(options, 0));
    for (uint32_t i = 0; i < options->n_messages; i++) {
        exchange(&talk, i);
    }
    json_decref(talk.messages);
    free(talk.ledger.pairs);
    chat_client_destroy(talk.client);
    return NULL;
}

void
chat_user_greet(struct chat_server *server, const struct chat_options *options)
{
    struct chat_client *client = chat_client_create(server, options);
    struct chat_answer one;
    json_t *messages = json_array();
    PAL_ASSERT(messages != NULL);
    (void)json_array_append_new(messages, persona(options, (uint64_t)pal_now_us()));
    say(messages, "user", "Salut !");
    server->base_tokens = -1.0;
    chat_client_ask(client, "nobody", messages, &one);
    if (one.outcome == CHAT_ANSWERED || one.outcome == CHAT_LATE) {
        struct chat_answer two;
        say(messages, "assistant", one.text.data);
        say(messages, "user", "Salut !");
        chat_client_ask(client, "nobody", messages, &two);
        if (one.has_usage && two.has_usage) {
            /* The second "Salut !" costs what the first did; the rest of the first is the head. */
            double message = two.n_prompt - one.n_prompt - one.n_completion;
            server->base_tokens = one.n_prompt > message ? one.n_prompt - message : 0.0;
        }
        pal_buf_finish(&two.text);
    }
    pal_buf_finish(&one.text);
    json_decref(messages);
    chat_client_destroy(client);
}
