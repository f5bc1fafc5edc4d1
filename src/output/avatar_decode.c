#include "output/avatar_decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/utf8.h"

/* One map's members, before anybody knows which command they are for. */
struct members {
    bool has[PAL_N_KEYS];
    bool is_odd[PAL_N_KEYS]; /* there, but of another type than any command wants */
    enum pal_avatar_verb verb;
    bool by_short_name; /* "expression": the weight may be left out */
    struct pal_slice command;
    struct pal_slice name;
    struct pal_slice text; /* path, or direction */
    double numbers[PAL_N_KEYS];
    bool enabled;
    bool ack;
    struct pal_avatar_id id;
};

void
pal_avatar_message_finish(struct pal_avatar_message *message)
{
    if (message != NULL) {
        free(message->commands);
        free(message->texts);
        *message = (struct pal_avatar_message){0};
    }
}

static bool
read_text(struct pal_wire *wire, struct members *members, enum pal_avatar_key key,
          struct pal_slice *text)
{
    if (pal_wire_peek(wire) != PAL_WIRE_STRING) {
        members->is_odd[key] = true;
        return pal_wire_skip(wire);
    }
    return pal_wire_string(wire, text);
}

static bool
read_number(struct pal_wire *wire, struct members *members, enum pal_avatar_key key)
{
    if (pal_wire_peek(wire) != PAL_WIRE_NUMBER) {
        members->is_odd[key] = true;
        return pal_wire_skip(wire);
    }
    return pal_wire_number(wire, &members->numbers[key], NULL);
}

static bool
read_flag(struct pal_wire *wire, struct members *members, enum pal_avatar_key key, bool *flag)
{
    if (pal_wire_peek(wire) != PAL_WIRE_BOOL) {
        members->is_odd[key] = true;
        return pal_wire_skip(wire);
    }
    return pal_wire_bool(wire, flag);
}

/* The short form has a number instead of a name. */
static bool
read_verb(struct pal_wire *wire, struct members *members)
{
    double number;
    if (wire->encoding == PAL_ENCODING_MSGPACK && pal_wire_peek(wire) == PAL_WIRE_NUMBER) {
        bool whole;
        if (!pal_wire_number(wire, &number, &whole)) {
            return false;
        }
        bool known = whole && number > 0 && number < PAL_N_AVATAR_VERBS;
        members->verb = known ? (enum pal_avatar_verb)(int)number : PAL_AVATAR_UNKNOWN;
        return true;
    }
    if (!read_text(wire, members, PAL_KEY_COMMAND, &members->command)) {
        return false;
    }
    if (!members->is_odd[PAL_KEY_COMMAND]) {
        members->verb = pal_avatar_verb_find(members->command);
        members->by_short_name = members->verb == PAL_AVATAR_SET_EXPRESSION &&
                                 members->command.len == strlen("expression");
    }
    return true;
}

static bool
read_name(struct pal_wire *wire, struct members *members)
{
    if (wire->encoding == PAL_ENCODING_MSGPACK && pal_wire_peek(wire) == PAL_WIRE_NUMBER) {
        double number;
        bool whole;
        if (!pal_wire_number(wire, &number, &whole)) {
            return false;
        }
        if (!whole || number < 0 || number > PAL_EXPRESSION_NEUTRAL) {
            members->is_odd[PAL_KEY_NAME] = true;
            return true;
        }
        const char *name = pal_expression_wire((enum pal_expression)(int)number);
        members->name = (struct pal_slice){name, strlen(name)};
        return true;
    }
    return read_text(wire, members, PAL_KEY_NAME, &members->name);
}

static bool
read_id(struct pal_wire *wire, struct pal_avatar_id *id)
{
    enum pal_wire_type type = pal_wire_peek(wire);
    if (type == PAL_WIRE_NUMBER) {
        double number;
        bool whole;
        if (!pal_wire_number(wire, &number, &whole)) {
            return false;
        }
        if (whole) {
            *id = (struct pal_avatar_id){.kind = PAL_ID_NUMBER, .number = (int64_t)number};
        }
        return true;
    }
    if (type != PAL_WIRE_STRING) {
        return pal_wire_skip(wire);
    }
    struct pal_slice text;
    if (!pal_wire_string(wire, &text)) {
        return false;
    }
    if (text.len < sizeof(id->text)) {
        *id = (struct pal_avatar_id){.kind = PAL_ID_TEXT};
        memcpy(id->text, text.at, text.len);
    }
    return true;
}

/* One member that has a plain value. */
static bool
read_member(struct pal_wire *wire, enum pal_avatar_key key, struct members *members)
{
    if (key >= PAL_N_KEYS) {
        return pal_wire_skip(wire);
    }
    members->has[key] = true;
    members->is_odd[key] = false; /* of a key that comes twice, the last counts */
    switch (key) {
    case PAL_KEY_COMMAND:
        return read_verb(wire, members);
    case PAL_KEY_NAME:
        return read_name(wire, members);
    case PAL_KEY_PATH:
    case PAL_KEY_DIRECTION:
        return read_text(wire, members, key, &members->text);
    case PAL_KEY_ID:
        return read_id(wire, &members->id);
    case PAL_KEY_ACK:
        return read_flag(wire, members, key, &members->ack);
    case PAL_KEY_ENABLED:
        return read_flag(wire, members, key, &members->enabled);
    case PAL_KEY_VALUE:
    case PAL_KEY_WEIGHT:
    case PAL_KEY_SPEED:
    case PAL_KEY_MIN_INTERVAL:
    case PAL_KEY_MAX_INTERVAL:
    case PAL_KEY_MAX_ANGLE:
    case PAL_KEY_YAW:
    case PAL_KEY_PITCH:
    case PAL_KEY_ROLL:
        return read_number(wire, members, key);
    default:
        return pal_wire_skip(wire);
    }
}

/* A number of a command: in `key`, or missing. Never NaN or infinite. */
static enum pal_err
take_number(const struct members *members, enum pal_avatar_key key, float low, float high,
            float *value, struct pal_error *error)
{
    double number = members->numbers[key];
    if (members->is_odd[key] || !isfinite(number)) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "'%s' must be a finite number",
                             pal_avatar_key_name(key));
    }
    if (members->has[key]) {
        *value = (float)(number < (double)low    ? (double)low
                         : number > (double)high ? (double)high
                                                 : number);
    }
    return PAL_OK;
}

static enum pal_err
take_text(const struct members *members, enum pal_avatar_key key, struct pal_slice text,
          size_t max_bytes, struct pal_avatar_command *command, struct pal_error *error)
{
    if (!members->has[key] || members->is_odd[key] || text.len == 0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "'%s' needs a '%s', a text",
                             pal_avatar_verb_name(command->verb), pal_avatar_key_name(key));
    }
    if (text.len > max_bytes) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "'%s' is longer than %zu bytes",
                             pal_avatar_key_name(key), max_bytes);
    }
    command->text = text.at;
    command->text_len = text.len;
    return PAL_OK;
}

static enum pal_err
take_expression(const struct members *members, struct pal_avatar_command *command,
                struct pal_error *error)
{
    enum pal_err err =
        take_text(members, PAL_KEY_NAME, members->name, PAL_EXPRESSION_NAME_MAX, command, error);
    if (err != PAL_OK) {
        return err;
    }
    command->expression = pal_expression_find(command->text, command->text_len);
    if (command->expression != PAL_EXPRESSION_CUSTOM) {
        command->text = NULL;
        command->text_len = 0;
    }
    enum pal_avatar_key key = members->has[PAL_KEY_VALUE] ? PAL_KEY_VALUE : PAL_KEY_WEIGHT;
    if (!members->has[key] && !members->by_short_name &&
        command->expression != PAL_EXPRESSION_NEUTRAL) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "'%s' needs a 'value' from 0 to 1",
                             pal_avatar_verb_name(command->verb));
    }
    command->value = 1.0F;
    err = take_number(members, key, 0.0F, 1.0F, &command->value, error);
    if (err == PAL_OK && command->expression == PAL_EXPRESSION_NEUTRAL) {
        command->verb = PAL_AVATAR_RESET_EXPRESSIONS;
    }
    return err;
}

static enum pal_err
take_enabled(const struct members *members, struct pal_avatar_command *command,
             struct pal_error *error)
{
    if (!members->has[PAL_KEY_ENABLED] || members->is_odd[PAL_KEY_ENABLED]) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "'%s' needs 'enabled', true or false",
                             pal_avatar_verb_name(command->verb));
    }
    command->enabled = members->enabled;
    return PAL_OK;
}

static enum pal_err
take_numbers(const struct members *members, const enum pal_avatar_key keys[3],
             const float ranges[3][2], struct pal_avatar_command *command, struct pal_error *error)
{
    for (size_t i = 0; i < 3; i++) {
        enum pal_err err =
            take_number(members, keys[i], ranges[i][0], ranges[i][1], &command->numbers[i], error);
        if (err != PAL_OK) {
            return err;
        }
    }
    return PAL_OK;
}

static enum pal_err
take_auto_head(const struct members *members, struct pal_avatar_command *command,
               struct pal_error *error)
{
    static const enum pal_avatar_key keys[3] = {PAL_KEY_MIN_INTERVAL, PAL_KEY_MAX_INTERVAL,
                                                PAL_KEY_MAX_ANGLE};
    static const float ranges[3][2] = {{2.0F, 10.0F}, {3.0F, 15.0F}, {2.0F, 15.0F}};
    command->numbers[0] = 3.0F;
    command->numbers[1] = 7.0F;
    command->numbers[2] = 5.0F;
    enum pal_err err = take_enabled(members, command, error);
    return err != PAL_OK ? err : take_numbers(members, keys, ranges, command, error);
}

static enum pal_err
take_head(const struct members *members, struct pal_avatar_command *command,
          struct pal_error *error)
{
    static const enum pal_avatar_key keys[3] = {PAL_KEY_YAW, PAL_KEY_PITCH, PAL_KEY_ROLL};
    static const float ranges[3][2] = {{-60.0F, 60.0F}, {-45.0F, 45.0F}, {-45.0F, 45.0F}};
    return take_numbers(members, keys, ranges, command, error);
}

/* What the members mean, now that the verb is known. */
static enum pal_err
take_command(const struct members *members, enum pal_avatar_verb verb,
             struct pal_avatar_command *command, struct pal_error *error)
{
    *command = (struct pal_avatar_command){.verb = verb, .expression = PAL_EXPRESSION_CUSTOM};
    switch (verb) {
    case PAL_AVATAR_SET_EXPRESSION:
    case PAL_AVATAR_SET_BLENDSHAPE:
        return take_expression(members, command, error);
    case PAL_AVATAR_SET_TRANSITION_SPEED:
        if (!members->has[PAL_KEY_SPEED]) {
            return pal_error_set(error, PAL_ERR_ARGUMENT, "'%s' needs a 'speed' from 0.1 to 10",
                                 pal_avatar_verb_name(verb));
        }
        return take_number(members, PAL_KEY_SPEED, 0.1F, 10.0F, &command->value, error);
    case PAL_AVATAR_SET_AUTO_BLINK:
        return take_enabled(members, command, error);
    case PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT:
        return take_auto_head(members, command, error);
    case PAL_AVATAR_SET_HEAD:
        return take_head(members, command, error);
    case PAL_AVATAR_LOAD_MODEL:
        return take_text(members, PAL_KEY_PATH, members->text, PAL_AVATAR_TEXT_MAX - 1, command,
                         error);
    case PAL_AVATAR_ANIMATION:
        return take_text(members, PAL_KEY_NAME, members->name, PAL_EXPRESSION_NAME_MAX, command,
                         error);
    case PAL_AVATAR_MOVE:
        return take_text(members, PAL_KEY_DIRECTION, members->text, PAL_EXPRESSION_NAME_MAX,
                         command, error);
    default:
        return PAL_OK;
    }
}

static enum pal_err
broken(const struct pal_wire *wire, struct pal_error *error)
{
    const char *encoding = wire->encoding == PAL_ENCODING_JSON ? "JSON" : "MessagePack";
    return pal_error_set(error, PAL_ERR_PROTO, "bad %s: %s", encoding,
                         wire->why != NULL ? wire->why : "no value");
}

static struct pal_avatar_command *
new_command(struct pal_avatar_message *message)
{
    if (message->n_commands == message->cap) {
        message->cap = message->cap == 0 ? 16 : message->cap * 2;
        message->commands =
            pal_realloc(message->commands, message->cap, sizeof(*message->commands));
    }
    return &message->commands[message->n_commands];
}

/* What reading a map found beside its plain members. */
struct parts {
    struct members top;
    struct members data;
    bool has_data;
    bool has_batch; /* "batch":[...] */
    bool has_list;  /* "commands":[...] inside data */
};

static enum pal_err read_list(struct pal_wire *wire, struct pal_avatar_message *message,
                              struct pal_error *error);

/* `message` is NULL inside a batch's element, where a list is not looked for. */
static enum pal_err
read_data(struct pal_wire *wire, struct pal_avatar_message *message, struct parts *parts,
          struct pal_error *error)
{
    struct pal_wire_level level;
    struct pal_slice key_text;
    if (pal_wire_peek(wire) != PAL_WIRE_MAP) {
        return pal_wire_skip(wire) ? PAL_OK : broken(wire, error);
    }
    parts->has_data = true;
    if (!pal_wire_enter(wire, &level)) {
        return broken(wire, error);
    }
    int more;
    while ((more = pal_wire_next(wire, &level)) > 0) {
        if (!pal_wire_key(wire, &key_text)) {
            break;
        }
        enum pal_avatar_key key = pal_avatar_key_find(key_text);
        if (key == PAL_KEY_COMMANDS && message != NULL && pal_wire_peek(wire) == PAL_WIRE_ARRAY) {
            parts->has_list = true;
            enum pal_err err = read_list(wire, message, error);
            if (err != PAL_OK) {
                return err;
            }
        } else if (!read_member(wire, key, &parts->data)) {
            break;
        }
    }
    return more == 0 ? PAL_OK : broken(wire, error);
}

static enum pal_err
read_map(struct pal_wire *wire, struct pal_avatar_message *message, struct parts *parts,
         struct pal_error *error)
{
    struct pal_wire_level level;
    struct pal_slice key_text;
    if (!pal_wire_enter(wire, &level) || !level.is_map) {
        return broken(wire, error);
    }
    int more;
    while ((more = pal_wire_next(wire, &level)) > 0) {
        if (!pal_wire_key(wire, &key_text)) {
            break;
        }
        enum pal_avatar_key key = pal_avatar_key_find(key_text);
        enum pal_err err = PAL_OK;
        if (key == PAL_KEY_DATA) {
            err = read_data(wire, message, parts, error);
        } else if (key == PAL_KEY_BATCH && message != NULL &&
                   pal_wire_peek(wire) == PAL_WIRE_ARRAY) {
            parts->has_batch = true;
            err = read_list(wire, message, error);
        } else if (!read_member(wire, key, &parts->top)) {
            break;
        }
        if (err != PAL_OK) {
            return err;
        }
    }
    return more == 0 ? PAL_OK : broken(wire, error);
}

static const struct members *
arguments(const struct parts *parts)
{
    return parts->has_data ? &parts->data : &parts->top;
}

static void
parts_init(struct parts *parts)
{
    /* The texts and numbers are only looked at where has[] says so. */
    memset(parts->top.has, 0, sizeof(parts->top.has));
    memset(parts->top.is_odd, 0, sizeof(parts->top.is_odd));
    memset(parts->data.has, 0, sizeof(parts->data.has));
    memset(parts->data.is_odd, 0, sizeof(parts->data.is_odd));
    memset(parts->top.numbers, 0, sizeof(parts->top.numbers));
    memset(parts->data.numbers, 0, sizeof(parts->data.numbers));
    parts->top.verb = PAL_AVATAR_UNKNOWN;
    parts->top.command = (struct pal_slice){NULL, 0};
    parts->top.by_short_name = false;
    parts->data.by_short_name = false;
    parts->top.id.kind = PAL_ID_NONE;
    parts->data.id.kind = PAL_ID_NONE;
    parts->has_data = false;
    parts->has_batch = false;
    parts->has_list = false;
}

static enum pal_err
read_list(struct pal_wire *wire, struct pal_avatar_message *message, struct pal_error *error)
{
    struct pal_wire_level level;
    if (message->n_commands > 0 || message->n_ignored > 0) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "two lists of commands in one message");
    }
    if (!pal_wire_enter(wire, &level)) {
        return broken(wire, error);
    }
    int more;
    while ((more = pal_wire_next(wire, &level)) > 0) {
        struct parts parts;
        parts_init(&parts);
        if (message->n_commands + message->n_ignored == PAL_AVATAR_BATCH_MAX) {
            return pal_error_set(error, PAL_ERR_LIMIT, "more than %d commands in a batch",
                                 PAL_AVATAR_BATCH_MAX);
        }
        if (pal_wire_peek(wire) != PAL_WIRE_MAP) {
            return wire->why != NULL
                       ? broken(wire, error)
                       : pal_error_set(error, PAL_ERR_ARGUMENT, "a batch holds commands only");
        }
        enum pal_err err = read_map(wire, NULL, &parts, error);
        enum pal_avatar_verb verb = parts.top.verb;
        if (err == PAL_OK && (verb == PAL_AVATAR_UNKNOWN || verb >= PAL_AVATAR_HELLO)) {
            message->n_ignored++;
            continue;
        }
        if (err == PAL_OK) {
            struct members *given = parts.has_data ? &parts.data : &parts.top;
            given->by_short_name = parts.top.by_short_name;
            err = take_command(given, verb, new_command(message), error);
        }
        if (err != PAL_OK) {
            return err;
        }
        message->n_commands++;
    }
    return more == 0 ? PAL_OK : broken(wire, error);
}

static enum pal_err
take_message(struct parts *parts, struct pal_avatar_message *message, struct pal_error *error)
{
    enum pal_avatar_verb verb = parts->top.verb;
    if (parts->has_batch || verb == PAL_AVATAR_BATCH) {
        if (!parts->has_batch && !parts->has_list) {
            return pal_error_set(error, PAL_ERR_ARGUMENT, "'batch' needs a list of 'commands'");
        }
        return PAL_OK;
    }
    if (parts->has_list) { /* a list for a command that takes none: as if it were not there */
        message->n_commands = 0;
        message->n_ignored = 0;
    }
    if (!parts->top.has[PAL_KEY_COMMAND] || parts->top.is_odd[PAL_KEY_COMMAND]) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "no 'command'");
    }
    if (verb == PAL_AVATAR_UNKNOWN) {
        struct pal_slice name = parts->top.command;
        return pal_error_set(error, PAL_ERR_UNSUPPORTED, "unknown command '%.*s'",
                             name.len < 64 ? (int)name.len : 64, name.at != NULL ? name.at : "");
    }
    struct members *given = parts->has_data ? &parts->data : &parts->top;
    given->by_short_name = parts->top.by_short_name;
    enum pal_err err = take_command(given, verb, new_command(message), error);
    message->n_commands = err == PAL_OK ? 1 : 0;
    return err;
}

/* Where the reply goes and how: known even if the rest is refused. */
static void
take_frame_facts(const struct parts *parts, struct pal_avatar_message *message)
{
    message->verb = parts->has_batch ? PAL_AVATAR_BATCH : parts->top.verb;
    if (parts->has_batch) {
        message->shape = PAL_SHAPE_BATCH_FLAT;
    } else if (parts->top.verb == PAL_AVATAR_BATCH) {
        message->shape = PAL_SHAPE_BATCH_ENVELOPE;
    } else {
        message->shape = parts->has_data ? PAL_SHAPE_ENVELOPE : PAL_SHAPE_FLAT;
    }
    message->id = parts->top.id.kind != PAL_ID_NONE ? parts->top.id : arguments(parts)->id;
    const struct members *acks = parts->top.has[PAL_KEY_ACK] ? &parts->top : arguments(parts);
    message->wants_reply = !acks->has[PAL_KEY_ACK] || acks->is_odd[PAL_KEY_ACK] || acks->ack;
}

enum pal_err
pal_avatar_decode(const struct pal_frame *frame, struct pal_avatar_message *message,
                  struct pal_error *error)
{
    if (message->texts_cap < frame->len) {
        message->texts_cap = frame->len;
        message->texts = pal_realloc(message->texts, message->texts_cap, 1);
    }
    message->encoding = frame->encoding;
    message->n_commands = 0;
    message->n_ignored = 0;
    struct pal_wire wire;
    pal_wire_init(&wire, frame->encoding, frame->at, frame->len, message->texts);
    struct parts parts;
    parts_init(&parts);
    enum pal_err err = read_map(&wire, message, &parts, error);
    take_frame_facts(&parts, message);
    if (err == PAL_OK && !pal_wire_done(&wire)) {
        err = broken(&wire, error);
    }
    if (err == PAL_OK) {
        err = take_message(&parts, message, error);
    }
    if (err != PAL_OK) {
        message->n_commands = 0;
    }
    return err;
}
