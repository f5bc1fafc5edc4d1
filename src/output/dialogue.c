#include "output/dialogue.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* Slots of the state: the known expressions, the avatar's own, then these. */
enum {
    SLOT_CUSTOM = PAL_N_EXPRESSIONS,
    SLOT_HEAD = SLOT_CUSTOM + PAL_DIALOGUE_CUSTOM_MAX,
    SLOT_SPEED,
    SLOT_BLINK,
    SLOT_AUTO_HEAD,
    N_SLOTS,
};

struct slot {
    bool is_set;
    bool is_sent; /* on this connection, and to this model */
    struct pal_avatar_command wanted;
    struct pal_avatar_command sent;
    char name[PAL_EXPRESSION_NAME_MAX + 1]; /* of a custom one; wanted.text points here */
};

struct waiting {
    int64_t id; /* 0 = free */
    int64_t deadline_us;
    pal_dialogue_reply_fn fn;
    void *userdata;
};

/* A plain avatar's answers carry no id: what was sent, in order, tells which is which. */
#define EXPECTED_MAX 256

struct expected {
    enum pal_avatar_verb verb;
    int64_t id; /* of the request that waits, or 0 */
};

enum hello_state {
    HELLO_NONE, /* not asked */
    HELLO_ASKED,
    HELLO_LATE, /* asked, and not waited for any more; an answer is still welcome */
    HELLO_ANSWERED,
};

struct pal_dialogue {
    bool is_plain;
    bool is_connected;
    bool is_greeted;
    enum hello_state hello;
    int64_t hello_until_us;
    int64_t heard_us;
    bool is_pinged;
    int64_t ping_id; /* of the ping whose answer has not come; 0 = none */
    int64_t pinged_us;
    int64_t next_id;
    struct pal_frames frames;
    struct pal_buf out;
    struct slot slots[N_SLOTS];
    size_t n_custom;
    struct waiting waiting[PAL_DIALOGUE_WAITING_MAX];
    struct expected expected[EXPECTED_MAX]; /* a ring */
    size_t expected_first;
    size_t n_expected;
    struct pal_dialogue_counts counts;
};

struct pal_dialogue *
pal_dialogue_create(bool plain)
{
    struct pal_dialogue *dialogue = pal_calloc(1, sizeof(*dialogue));
    dialogue->is_plain = plain;
    dialogue->next_id = 1;
    pal_frames_init(&dialogue->frames);
    pal_buf_init(&dialogue->out, PAL_DIALOGUE_OUT_MAX);
    return dialogue;
}

static void
end_waiting(struct waiting *waiting, enum pal_err err, const struct pal_avatar_reply *reply)
{
    struct waiting ended = *waiting;
    waiting->id = 0; /* free first: the callback may ask again */
    if (ended.fn != NULL) {
        ended.fn(err, reply, ended.userdata);
    }
}

static void
end_all(struct pal_dialogue *dialogue)
{
    for (size_t i = 0; i < PAL_DIALOGUE_WAITING_MAX; i++) {
        if (dialogue->waiting[i].id != 0) {
            end_waiting(&dialogue->waiting[i], PAL_ERR_CLOSED, NULL);
        }
    }
}

void
pal_dialogue_destroy(struct pal_dialogue *dialogue)
{
    if (dialogue == NULL) {
        return;
    }
    dialogue->is_connected = false;
    end_all(dialogue);
    pal_frames_finish(&dialogue->frames);
    pal_buf_finish(&dialogue->out);
    free(dialogue);
}

bool
pal_dialogue_is_connected(const struct pal_dialogue *dialogue)
{
    return dialogue->is_connected;
}

bool
pal_dialogue_is_modern(const struct pal_dialogue *dialogue)
{
    return dialogue->hello == HELLO_ANSWERED;
}

bool
pal_dialogue_is_settled(const struct pal_dialogue *dialogue)
{
    return dialogue->is_connected && dialogue->hello != HELLO_ASKED;
}

const struct pal_dialogue_counts *
pal_dialogue_counts(const struct pal_dialogue *dialogue)
{
    return &dialogue->counts;
}

static struct pal_avatar_style
style_of(const struct pal_dialogue *dialogue)
{
    bool modern = pal_dialogue_is_modern(dialogue);
    return (struct pal_avatar_style){modern ? PAL_ENCODING_MSGPACK : PAL_ENCODING_JSON, modern};
}

/* A real Unity looks for words anywhere in the line and decodes no escape. */
static bool
fits_plain(const struct pal_avatar_command *command)
{
    if (command->text == NULL) {
        return true;
    }
    for (size_t i = 0; i < command->text_len; i++) {
        unsigned char c = (unsigned char)command->text[i];
        if (c < 0x20 || c > 0x7E || c == '"' || c == '\\') {
            return false;
        }
    }
    for (size_t verb = PAL_AVATAR_SET_EXPRESSION; verb <= PAL_AVATAR_SET_BLENDSHAPE; verb++) {
        const char *name = pal_avatar_verb_name((enum pal_avatar_verb)verb);
        if (memmem(command->text, command->text_len, name, strlen(name)) != NULL) {
            return false;
        }
    }
    return true;
}

static bool
plain_knows(enum pal_avatar_verb verb)
{
    return verb >= PAL_AVATAR_SET_EXPRESSION && verb <= PAL_AVATAR_UNLOAD_MODEL;
}

static bool
same_state(const struct pal_avatar_command *a, const struct pal_avatar_command *b)
{
    return a->verb == b->verb && a->value == b->value && a->enabled == b->enabled &&
           memcmp(a->numbers, b->numbers, sizeof(a->numbers)) == 0;
}

static bool
is_due(const struct pal_dialogue *dialogue, const struct slot *slot)
{
    if (!slot->is_set || (slot->is_sent && same_state(&slot->wanted, &slot->sent))) {
        return false;
    }
    return pal_dialogue_is_modern(dialogue) ||
           (plain_knows(slot->wanted.verb) && fits_plain(&slot->wanted));
}

static void
expect(struct pal_dialogue *dialogue, enum pal_avatar_verb verb, int64_t id)
{
    if (pal_dialogue_is_modern(dialogue) || !plain_knows(verb)) {
        return;
    }
    if (dialogue->n_expected == EXPECTED_MAX) {
        dialogue->expected_first = (dialogue->expected_first + 1) % EXPECTED_MAX;
        dialogue->n_expected--;
    }
    size_t at = (dialogue->expected_first + dialogue->n_expected++) % EXPECTED_MAX;
    dialogue->expected[at] = (struct expected){verb, id};
}

/* Writes the states that are due; what does not fit stays due. */
static void
flush_states(struct pal_dialogue *dialogue)
{
    struct pal_avatar_command due[N_SLOTS];
    struct slot *slots[N_SLOTS];
    size_t n = 0;
    for (size_t i = 0; i < N_SLOTS; i++) {
        if (is_due(dialogue, &dialogue->slots[i])) {
            slots[n] = &dialogue->slots[i];
            due[n++] = dialogue->slots[i].wanted;
        }
    }
    struct pal_avatar_style style = style_of(dialogue);
    bool modern = pal_dialogue_is_modern(dialogue);
    struct pal_avatar_request request = {.no_reply = modern};
    if (modern && n > 1) {
        if (pal_avatar_encode_batch(&dialogue->out, style, due, n, request) != PAL_OK) {
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if ((!modern || n == 1) &&
            pal_avatar_encode(&dialogue->out, style, &due[i], request) != PAL_OK) {
            return;
        }
        expect(dialogue, due[i].verb, 0);
        slots[i]->is_sent = true;
        slots[i]->sent = due[i];
        dialogue->counts.n_commands++;
    }
}

static void
forget_sent(struct pal_dialogue *dialogue)
{
    for (size_t i = 0; i < N_SLOTS; i++) {
        dialogue->slots[i].is_sent = false;
    }
}

void
pal_dialogue_connected(struct pal_dialogue *dialogue, int64_t now_us)
{
    static const struct pal_avatar_command hello = {.verb = PAL_AVATAR_HELLO};
    dialogue->is_connected = true;
    dialogue->is_greeted = false;
    dialogue->hello = HELLO_NONE;
    dialogue->is_pinged = false;
    dialogue->ping_id = 0;
    dialogue->heard_us = now_us;
    dialogue->n_expected = 0;
    pal_frames_clear(&dialogue->frames);
    pal_buf_clear(&dialogue->out);
    forget_sent(dialogue);
    if (!dialogue->is_plain && pal_avatar_encode(&dialogue->out, style_of(dialogue), &hello,
                                                 (struct pal_avatar_request){0}) == PAL_OK) {
        dialogue->hello = HELLO_ASKED;
        dialogue->hello_until_us = now_us + PAL_DIALOGUE_HELLO_US;
    }
}

void
pal_dialogue_disconnected(struct pal_dialogue *dialogue)
{
    dialogue->is_connected = false;
    dialogue->hello = HELLO_NONE;
    pal_buf_clear(&dialogue->out);
    forget_sent(dialogue);
    end_all(dialogue);
}

static struct slot *
custom_slot(struct pal_dialogue *dialogue, const struct pal_avatar_command *command)
{
    for (size_t i = 0; i < dialogue->n_custom; i++) {
        struct slot *slot = &dialogue->slots[SLOT_CUSTOM + i];
        if (strlen(slot->name) == command->text_len &&
            memcmp(slot->name, command->text, command->text_len) == 0) {
            return slot;
        }
    }
    if (dialogue->n_custom == PAL_DIALOGUE_CUSTOM_MAX) {
        return NULL;
    }
    struct slot *slot = &dialogue->slots[SLOT_CUSTOM + dialogue->n_custom++];
    memcpy(slot->name, command->text, command->text_len);
    return slot;
}

static struct slot *
slot_of(struct pal_dialogue *dialogue, const struct pal_avatar_command *command)
{
    switch (command->verb) {
    case PAL_AVATAR_SET_EXPRESSION:
    case PAL_AVATAR_SET_BLENDSHAPE:
        return command->expression == PAL_EXPRESSION_CUSTOM ? custom_slot(dialogue, command)
                                                            : &dialogue->slots[command->expression];
    case PAL_AVATAR_SET_HEAD:
        return &dialogue->slots[SLOT_HEAD];
    case PAL_AVATAR_SET_TRANSITION_SPEED:
        return &dialogue->slots[SLOT_SPEED];
    case PAL_AVATAR_SET_AUTO_BLINK:
        return &dialogue->slots[SLOT_BLINK];
    case PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT:
        return &dialogue->slots[SLOT_AUTO_HEAD];
    default:
        return NULL;
    }
}

static void
want(struct pal_dialogue *dialogue, struct slot *slot, const struct pal_avatar_command *command)
{
    if (slot->is_set && is_due(dialogue, slot)) {
        dialogue->counts.n_merged++;
    }
    slot->is_set = true;
    slot->wanted = *command;
    if (command->text != NULL) {
        slot->wanted.text = slot->name;
    }
}

static void
want_reset(struct pal_dialogue *dialogue)
{
    for (size_t i = 0; i < PAL_N_MOOD_EXPRESSIONS; i++) {
        struct pal_avatar_command off = {.verb = PAL_AVATAR_SET_EXPRESSION,
                                         .expression = (enum pal_expression)i};
        want(dialogue, &dialogue->slots[i], &off);
    }
}

/* Appends a command that is no state, behind the states that came before it. */
static enum pal_err
put_in_order(struct pal_dialogue *dialogue, const struct pal_avatar_command *command, int64_t id)
{
    if (!dialogue->is_connected) {
        return PAL_ERR_CLOSED;
    }
    bool modern = pal_dialogue_is_modern(dialogue);
    if (!modern && !fits_plain(command)) {
        return PAL_ERR_ARGUMENT;
    }
    flush_states(dialogue);
    struct pal_avatar_request request = {.id = id, .no_reply = id == 0 && modern};
    if (pal_avatar_encode(&dialogue->out, style_of(dialogue), command, request) != PAL_OK) {
        dialogue->counts.n_overflows++;
        return PAL_ERR_BUSY;
    }
    expect(dialogue, command->verb, id);
    dialogue->counts.n_commands++;
    if (command->verb == PAL_AVATAR_LOAD_MODEL) {
        forget_sent(dialogue); /* a new model has a face at rest */
    }
    return PAL_OK;
}

enum pal_err
pal_dialogue_post(struct pal_dialogue *dialogue, const struct pal_avatar_command *command)
{
    PAL_ASSERT(dialogue != NULL);
    if (command->verb == PAL_AVATAR_RESET_EXPRESSIONS) {
        want_reset(dialogue);
        return PAL_OK;
    }
    struct slot *slot = slot_of(dialogue, command);
    if (slot != NULL) {
        want(dialogue, slot, command);
        return PAL_OK;
    }
    if (command->verb == PAL_AVATAR_SET_EXPRESSION || command->verb == PAL_AVATAR_SET_BLENDSHAPE) {
        dialogue->counts.n_overflows++; /* more custom names than are kept */
        return PAL_ERR_BUSY;
    }
    return put_in_order(dialogue, command, 0);
}

static struct waiting *
free_waiting(struct pal_dialogue *dialogue)
{
    for (size_t i = 0; i < PAL_DIALOGUE_WAITING_MAX; i++) {
        if (dialogue->waiting[i].id == 0) {
            return &dialogue->waiting[i];
        }
    }
    return NULL;
}

/* A batch's states are states too: they are what a new connection must replay. */
static void
remember(struct pal_dialogue *dialogue, const struct pal_avatar_command *command)
{
    if (command->verb == PAL_AVATAR_RESET_EXPRESSIONS) {
        want_reset(dialogue);
    }
    struct slot *slot = slot_of(dialogue, command);
    if (slot != NULL) {
        want(dialogue, slot, command);
        slot->is_sent = true;
        slot->sent = slot->wanted;
    }
}

static enum pal_err
put_batch(struct pal_dialogue *dialogue, const struct pal_avatar_command *commands,
          size_t n_commands, int64_t id)
{
    flush_states(dialogue);
    if (pal_dialogue_is_modern(dialogue)) {
        struct pal_avatar_request request = {.id = id, .no_reply = id == 0};
        return pal_avatar_encode_batch(&dialogue->out, style_of(dialogue), commands, n_commands,
                                       request);
    }
    size_t len_before = dialogue->out.len;
    for (size_t i = 0; i < n_commands; i++) {
        enum pal_err err = fits_plain(&commands[i])
                               ? pal_avatar_encode(&dialogue->out, style_of(dialogue), &commands[i],
                                                   (struct pal_avatar_request){0})
                               : PAL_ERR_ARGUMENT;
        if (err != PAL_OK) {
            dialogue->out.len = len_before;
            return err;
        }
    }
    for (size_t i = 0; i < n_commands; i++) {
        expect(dialogue, commands[i].verb, i + 1 == n_commands ? id : 0);
    }
    return PAL_OK;
}

/* Before a request is written: room to wait for it, and an avatar that will answer. */
static enum pal_err
can_wait(const struct pal_dialogue *dialogue, enum pal_avatar_verb verb)
{
    if (!dialogue->is_connected) {
        return PAL_ERR_CLOSED;
    }
    if (dialogue->hello == HELLO_ASKED) {
        return PAL_ERR_AGAIN;
    }
    return pal_dialogue_is_modern(dialogue) || plain_knows(verb) ? PAL_OK : PAL_ERR_UNSUPPORTED;
}

enum pal_err
pal_dialogue_batch(struct pal_dialogue *dialogue, const struct pal_avatar_command *commands,
                   size_t n_commands, int64_t deadline_us, pal_dialogue_reply_fn reply_fn,
                   void *userdata)
{
    struct waiting *waiting = reply_fn != NULL ? free_waiting(dialogue) : NULL;
    if (!dialogue->is_connected) {
        return PAL_ERR_CLOSED;
    }
    if (n_commands == 0 || n_commands > PAL_AVATAR_BATCH_MAX) {
        return PAL_ERR_ARGUMENT;
    }
    if (reply_fn != NULL) {
        enum pal_err err = can_wait(dialogue, commands[n_commands - 1].verb);
        if (err != PAL_OK || waiting == NULL) {
            return err != PAL_OK ? err : PAL_ERR_BUSY;
        }
    }
    int64_t id = waiting != NULL ? dialogue->next_id++ : 0;
    enum pal_err err = put_batch(dialogue, commands, n_commands, id);
    if (err != PAL_OK) {
        dialogue->counts.n_overflows += err == PAL_ERR_LIMIT ? 1 : 0;
        return err == PAL_ERR_LIMIT ? PAL_ERR_BUSY : err;
    }
    for (size_t i = 0; i < n_commands; i++) {
        remember(dialogue, &commands[i]);
    }
    dialogue->counts.n_commands += n_commands;
    if (waiting != NULL) {
        *waiting = (struct waiting){id, deadline_us, reply_fn, userdata};
    }
    return PAL_OK;
}

enum pal_err
pal_dialogue_request(struct pal_dialogue *dialogue, const struct pal_avatar_command *command,
                     int64_t deadline_us, pal_dialogue_reply_fn reply_fn, void *userdata)
{
    enum pal_err err = can_wait(dialogue, command->verb);
    if (err != PAL_OK) {
        return err;
    }
    struct waiting *waiting = free_waiting(dialogue);
    if (waiting == NULL) {
        dialogue->counts.n_overflows++;
        return PAL_ERR_BUSY;
    }
    int64_t id = dialogue->next_id++;
    err = put_in_order(dialogue, command, id);
    if (err != PAL_OK) {
        return err;
    }
    remember(dialogue, command);
    *waiting = (struct waiting){id, deadline_us, reply_fn, userdata};
    return PAL_OK;
}

bool
pal_dialogue_has_output(const struct pal_dialogue *dialogue)
{
    if (!dialogue->is_connected) {
        return false;
    }
    if (dialogue->out.len > 0) {
        return true;
    }
    for (size_t i = 0; i < N_SLOTS; i++) {
        if (is_due(dialogue, &dialogue->slots[i])) {
            return true;
        }
    }
    return false;
}

void
pal_dialogue_output(struct pal_dialogue *dialogue, struct pal_buf *buf)
{
    PAL_ASSERT(buf->len == 0);
    if (!dialogue->is_connected) {
        return;
    }
    flush_states(dialogue);
    struct pal_buf swap = *buf;
    *buf = dialogue->out;
    dialogue->out = swap;
    dialogue->out.max_bytes = PAL_DIALOGUE_OUT_MAX;
    dialogue->counts.n_writes += buf->len > 0 ? 1 : 0;
}

void
pal_dialogue_room(struct pal_dialogue *dialogue, unsigned char **bytes, size_t *len)
{
    pal_frames_room(&dialogue->frames, bytes, len);
}

static void
end_by_id(struct pal_dialogue *dialogue, int64_t id, const struct pal_avatar_reply *reply)
{
    for (size_t i = 0; i < PAL_DIALOGUE_WAITING_MAX; i++) {
        if (id != 0 && dialogue->waiting[i].id == id) {
            end_waiting(&dialogue->waiting[i], PAL_OK, reply);
            return;
        }
    }
}

/* Takes the n-th of what is expected out of the ring; returns the id that waits for it. */
static int64_t
take_expected(struct pal_dialogue *dialogue, size_t n)
{
    size_t at = (dialogue->expected_first + n) % EXPECTED_MAX;
    int64_t id = dialogue->expected[at].id;
    for (size_t i = n; i > 0; i--) {
        size_t to = (dialogue->expected_first + i) % EXPECTED_MAX;
        size_t from = (dialogue->expected_first + i - 1) % EXPECTED_MAX;
        dialogue->expected[to] = dialogue->expected[from];
    }
    dialogue->expected_first = (dialogue->expected_first + 1) % EXPECTED_MAX;
    dialogue->n_expected--;
    return id;
}

static void
match_plain(struct pal_dialogue *dialogue, const struct pal_avatar_reply *reply)
{
    for (size_t i = 0; i < dialogue->n_expected; i++) {
        size_t at = (dialogue->expected_first + i) % EXPECTED_MAX;
        if (reply->is_bare || dialogue->expected[at].verb == reply->verb) {
            end_by_id(dialogue, take_expected(dialogue, i), reply);
            return;
        }
    }
}

static void
on_reply(struct pal_dialogue *dialogue, const struct pal_avatar_reply *reply)
{
    dialogue->counts.n_replies++;
    if (!dialogue->is_greeted && (reply->is_greeting || reply->is_bare) &&
        reply->id.kind == PAL_ID_NONE) {
        dialogue->is_greeted = true;
        return;
    }
    if (reply->verb == PAL_AVATAR_HELLO) {
        bool is_asked = dialogue->hello == HELLO_ASKED || dialogue->hello == HELLO_LATE;
        if (is_asked && reply->is_ok && reply->offers_msgpack && reply->offers_batches) {
            dialogue->hello = HELLO_ANSWERED;
            dialogue->n_expected = 0;
        }
        return;
    }
    if (reply->id.kind == PAL_ID_NUMBER) {
        if (dialogue->ping_id != 0 && reply->id.number == dialogue->ping_id) {
            dialogue->ping_id = 0;
            dialogue->counts.n_round_trips++;
            dialogue->counts.round_trip_us = dialogue->heard_us - dialogue->pinged_us;
        }
        end_by_id(dialogue, reply->id.number, reply);
    } else if (!pal_dialogue_is_modern(dialogue)) {
        match_plain(dialogue, reply);
    }
}

enum pal_err
pal_dialogue_input(struct pal_dialogue *dialogue, size_t n, int64_t now_us)
{
    struct pal_frame frame;
    enum pal_err err;
    pal_frames_filled(&dialogue->frames, n);
    dialogue->heard_us = now_us;
    dialogue->is_pinged = false;
    while ((err = pal_frames_next(&dialogue->frames, &frame)) == PAL_OK) {
        struct pal_avatar_reply reply;
        /* Two of a real Unity's threads may mix their lines: a broken one is passed over. */
        if (pal_avatar_reply_decode(&frame, &reply) == PAL_OK) {
            on_reply(dialogue, &reply);
        }
    }
    return err == PAL_ERR_AGAIN ? PAL_OK : PAL_ERR_PROTO;
}

int64_t
pal_dialogue_tick_due_us(const struct pal_dialogue *dialogue)
{
    int64_t due_us = INT64_MAX;
    if (!dialogue->is_connected) {
        return due_us;
    }
    if (dialogue->hello == HELLO_ASKED) {
        due_us = dialogue->hello_until_us + 1;
    } else if (dialogue->hello == HELLO_ANSWERED) {
        due_us = dialogue->heard_us +
                 (dialogue->is_pinged ? PAL_DIALOGUE_DEAD_US : PAL_DIALOGUE_PING_US);
    }
    for (size_t i = 0; i < PAL_DIALOGUE_WAITING_MAX; i++) {
        const struct waiting *waiting = &dialogue->waiting[i];
        if (waiting->id != 0 && waiting->deadline_us < due_us) {
            due_us = waiting->deadline_us;
        }
    }
    return due_us;
}

enum pal_err
pal_dialogue_tick(struct pal_dialogue *dialogue, int64_t now_us)
{
    static const struct pal_avatar_command ping = {.verb = PAL_AVATAR_PING};
    for (size_t i = 0; i < PAL_DIALOGUE_WAITING_MAX; i++) {
        if (dialogue->waiting[i].id != 0 && dialogue->waiting[i].deadline_us <= now_us) {
            dialogue->counts.n_timeouts++;
            end_waiting(&dialogue->waiting[i], PAL_ERR_TIMEOUT, NULL);
        }
    }
    if (dialogue->hello == HELLO_ASKED && now_us > dialogue->hello_until_us) {
        dialogue->hello = HELLO_LATE;
    }
    if (dialogue->hello != HELLO_ANSWERED) {
        return PAL_OK;
    }
    if (now_us - dialogue->heard_us >= PAL_DIALOGUE_DEAD_US) {
        return PAL_ERR_CLOSED;
    }
    if (!dialogue->is_pinged && now_us - dialogue->heard_us >= PAL_DIALOGUE_PING_US) {
        dialogue->is_pinged = true;
        int64_t id = dialogue->next_id++;
        bool is_sent = put_in_order(dialogue, &ping, id) == PAL_OK;
        dialogue->ping_id = is_sent ? id : 0;
        dialogue->pinged_us = now_us;
    }
    return PAL_OK;
}
