#include "output/avatar_encode.h"

#include <string.h>

#include "util/mem.h"

/* Ends a message: on failure the buffer is as it was. */
static enum pal_err
finish(struct pal_wire_out *out, size_t len_before)
{
    if (!out->failed && out->encoding == PAL_ENCODING_JSON &&
        pal_buf_append(out->buf, "\n", 1) != PAL_OK) {
        out->failed = true;
    }
    if (out->failed) {
        out->buf->len = len_before;
        if (out->buf->cap > 0) {
            out->buf->data[len_before] = '\0';
        }
        return PAL_ERR_LIMIT;
    }
    return PAL_OK;
}

static unsigned
n_arguments(enum pal_avatar_verb verb)
{
    switch (verb) {
    case PAL_AVATAR_SET_EXPRESSION:
    case PAL_AVATAR_SET_BLENDSHAPE:
        return 2;
    case PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT:
        return 4;
    case PAL_AVATAR_SET_HEAD:
        return 3;
    case PAL_AVATAR_SET_TRANSITION_SPEED:
    case PAL_AVATAR_SET_AUTO_BLINK:
    case PAL_AVATAR_LOAD_MODEL:
    case PAL_AVATAR_ANIMATION:
    case PAL_AVATAR_MOVE:
        return 1;
    default:
        return 0;
    }
}

static void
put_name(struct pal_wire_out *out, const struct pal_avatar_command *command)
{
    pal_wire_out_key(out, PAL_KEY_NAME);
    if (command->expression == PAL_EXPRESSION_CUSTOM) {
        pal_wire_out_text(out, command->text, command->text_len);
    } else if (out->is_short && out->encoding == PAL_ENCODING_MSGPACK) {
        pal_wire_out_integer(out, (int64_t)command->expression);
    } else {
        const char *name = pal_expression_wire(command->expression);
        pal_wire_out_text(out, name, strlen(name));
    }
}

static void
put_text(struct pal_wire_out *out, enum pal_avatar_key key,
         const struct pal_avatar_command *command)
{
    pal_wire_out_key(out, key);
    pal_wire_out_text(out, command->text, command->text_len);
}

static void
put_numbers(struct pal_wire_out *out, const enum pal_avatar_key keys[3],
            const struct pal_avatar_command *command)
{
    for (size_t i = 0; i < 3; i++) {
        pal_wire_out_key(out, keys[i]);
        pal_wire_out_float(out, command->numbers[i]);
    }
}

static void
put_arguments(struct pal_wire_out *out, const struct pal_avatar_command *command)
{
    static const enum pal_avatar_key auto_head[3] = {PAL_KEY_MIN_INTERVAL, PAL_KEY_MAX_INTERVAL,
                                                     PAL_KEY_MAX_ANGLE};
    static const enum pal_avatar_key head[3] = {PAL_KEY_YAW, PAL_KEY_PITCH, PAL_KEY_ROLL};
    switch (command->verb) {
    case PAL_AVATAR_SET_EXPRESSION:
    case PAL_AVATAR_SET_BLENDSHAPE:
        put_name(out, command);
        pal_wire_out_key(out, PAL_KEY_VALUE);
        pal_wire_out_float(out, command->value);
        return;
    case PAL_AVATAR_SET_TRANSITION_SPEED:
        pal_wire_out_key(out, PAL_KEY_SPEED);
        pal_wire_out_float(out, command->value);
        return;
    case PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT:
    case PAL_AVATAR_SET_AUTO_BLINK:
        pal_wire_out_key(out, PAL_KEY_ENABLED);
        pal_wire_out_bool(out, command->enabled);
        if (command->verb == PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT) {
            put_numbers(out, auto_head, command);
        }
        return;
    case PAL_AVATAR_SET_HEAD:
        put_numbers(out, head, command);
        return;
    case PAL_AVATAR_LOAD_MODEL:
        put_text(out, PAL_KEY_PATH, command);
        return;
    case PAL_AVATAR_ANIMATION:
        put_text(out, PAL_KEY_NAME, command);
        return;
    case PAL_AVATAR_MOVE:
        put_text(out, PAL_KEY_DIRECTION, command);
        return;
    default:
        return;
    }
}

static void
put_verb(struct pal_wire_out *out, enum pal_avatar_verb verb)
{
    pal_wire_out_key(out, PAL_KEY_COMMAND);
    if (out->is_short && out->encoding == PAL_ENCODING_MSGPACK) {
        pal_wire_out_integer(out, (int64_t)verb);
    } else {
        const char *name = pal_avatar_verb_name(verb);
        pal_wire_out_text(out, name, strlen(name));
    }
}

static unsigned
n_request_fields(struct pal_avatar_request request)
{
    return (request.id != 0 ? 1U : 0U) + (request.no_reply ? 1U : 0U);
}

static void
put_request(struct pal_wire_out *out, struct pal_avatar_request request)
{
    if (request.id != 0) {
        pal_wire_out_key(out, PAL_KEY_ID);
        pal_wire_out_integer(out, request.id);
    }
    if (request.no_reply) {
        pal_wire_out_key(out, PAL_KEY_ACK);
        pal_wire_out_bool(out, false);
    }
}

static void
put_command(struct pal_wire_out *out, const struct pal_avatar_command *command,
            struct pal_avatar_request request)
{
    unsigned n_args = n_arguments(command->verb);
    if (out->is_short && out->encoding == PAL_ENCODING_MSGPACK) {
        pal_wire_out_map(out, 1 + n_request_fields(request) + n_args);
        put_verb(out, command->verb);
        put_request(out, request);
        put_arguments(out, command);
        return;
    }
    pal_wire_out_map(out, 2 + n_request_fields(request));
    put_verb(out, command->verb);
    put_request(out, request);
    pal_wire_out_key(out, PAL_KEY_DATA);
    pal_wire_out_map(out, n_args);
    put_arguments(out, command);
    pal_wire_out_map_end(out);
    pal_wire_out_map_end(out);
}

enum pal_err
pal_avatar_encode(struct pal_buf *buf, struct pal_avatar_style style,
                  const struct pal_avatar_command *command, struct pal_avatar_request request)
{
    PAL_ASSERT(command->verb != PAL_AVATAR_BATCH && command->verb != PAL_AVATAR_UNKNOWN);
    struct pal_wire_out out = {.buf = buf, .encoding = style.encoding, .is_short = style.is_short};
    size_t len_before = buf->len;
    put_command(&out, command, request);
    return finish(&out, len_before);
}

enum pal_err
pal_avatar_encode_batch(struct pal_buf *buf, struct pal_avatar_style style,
                        const struct pal_avatar_command *commands, size_t n_commands,
                        struct pal_avatar_request request)
{
    PAL_ASSERT(n_commands <= PAL_AVATAR_BATCH_MAX);
    struct pal_wire_out out = {.buf = buf, .encoding = style.encoding, .is_short = style.is_short};
    size_t len_before = buf->len;
    pal_wire_out_map(&out, 2 + n_request_fields(request));
    put_verb(&out, PAL_AVATAR_BATCH);
    put_request(&out, request);
    pal_wire_out_key(&out, PAL_KEY_DATA);
    pal_wire_out_map(&out, 2);
    pal_wire_out_key(&out, PAL_KEY_COMMANDS);
    pal_wire_out_array(&out, (unsigned)n_commands);
    for (size_t i = 0; i < n_commands; i++) {
        put_command(&out, &commands[i], (struct pal_avatar_request){0});
    }
    pal_wire_out_array_end(&out);
    pal_wire_out_key(&out, PAL_KEY_COUNT);
    pal_wire_out_integer(&out, (int64_t)n_commands);
    pal_wire_out_map_end(&out);
    pal_wire_out_map_end(&out);
    return finish(&out, len_before);
}

static void
put_field(struct pal_wire_out *out, enum pal_avatar_key key, const char *text)
{
    pal_wire_out_key(out, key);
    pal_wire_out_text(out, text, strlen(text));
}

static void
put_offers(struct pal_wire_out *out)
{
    pal_wire_out_key(out, PAL_KEY_ENCODINGS);
    pal_wire_out_array(out, 2);
    pal_wire_out_text(out, "json", 4);
    pal_wire_out_text(out, "msgpack", 7);
    pal_wire_out_array_end(out);
    pal_wire_out_key(out, PAL_KEY_BATCHES);
    pal_wire_out_bool(out, true);
    pal_wire_out_key(out, PAL_KEY_MAX_BYTES);
    pal_wire_out_integer(out, (int64_t)PAL_FRAME_MAX_BYTES);
}

static void
put_id(struct pal_wire_out *out, const struct pal_avatar_id *id)
{
    pal_wire_out_key(out, PAL_KEY_ID);
    if (id->kind == PAL_ID_NUMBER) {
        pal_wire_out_integer(out, id->number);
    } else {
        pal_wire_out_text(out, id->text, strlen(id->text));
    }
}

static void
put_count(struct pal_wire_out *out, enum pal_avatar_key key, int64_t count)
{
    pal_wire_out_key(out, key);
    pal_wire_out_integer(out, count);
}

/* What the answer has in it, so that a map's size can be told before its entries. */
struct answer_fields {
    bool is_envelope;
    bool has_command;
    bool has_counts;
    bool has_ignored;
    unsigned n;
};

static struct answer_fields
fields_of(const struct pal_avatar_answer *answer)
{
    struct answer_fields fields = {
        .is_envelope =
            answer->shape == PAL_SHAPE_ENVELOPE || answer->shape == PAL_SHAPE_BATCH_ENVELOPE,
        .has_counts = answer->n_processed >= 0,
        .has_ignored = answer->n_ignored > 0,
    };
    fields.has_command =
        fields.is_envelope && !answer->is_greeting && answer->verb != PAL_AVATAR_UNKNOWN;
    fields.n = 1U + (fields.is_envelope ? 1U : 0U) + (fields.has_command ? 1U : 0U) +
               (answer->message != NULL ? 1U : 0U) +
               (fields.has_counts ? (fields.is_envelope ? 2U : 1U) : 0U) +
               (fields.has_ignored ? 1U : 0U) + (answer->id.kind != PAL_ID_NONE ? 1U : 0U) +
               (answer->offers ? 3U : 0U) + (answer->write_state != NULL ? 1U : 0U);
    return fields;
}

static const char *
status_word(const struct pal_avatar_answer *answer, bool is_envelope)
{
    if (answer->is_greeting) {
        return "connected";
    }
    if (!answer->is_ok) {
        return "error";
    }
    return is_envelope ? "success" : "ok";
}

enum pal_err
pal_avatar_encode_answer(struct pal_buf *buf, const struct pal_avatar_answer *answer)
{
    struct answer_fields fields = fields_of(answer);
    struct pal_wire_out out = {.buf = buf, .encoding = answer->encoding};
    size_t len_before = buf->len;
    pal_wire_out_map(&out, fields.n);
    if (fields.is_envelope) {
        put_field(&out, PAL_KEY_TYPE, "response");
    }
    if (fields.has_command) {
        put_field(&out, PAL_KEY_COMMAND, pal_avatar_verb_name(answer->verb));
    }
    put_field(&out, PAL_KEY_STATUS, status_word(answer, fields.is_envelope));
    if (fields.has_counts && fields.is_envelope) {
        put_count(&out, PAL_KEY_COUNT, answer->n_processed);
    }
    if (fields.has_counts) {
        put_count(&out, PAL_KEY_PROCESSED, answer->n_processed);
    }
    if (fields.has_ignored) {
        put_count(&out, PAL_KEY_IGNORED, answer->n_ignored);
    }
    if (answer->message != NULL) {
        put_field(&out, PAL_KEY_MESSAGE, answer->message);
    }
    if (answer->offers) {
        put_offers(&out);
    }
    if (answer->write_state != NULL) {
        pal_wire_out_key(&out, PAL_KEY_STATE);
        answer->write_state(&out, answer->userdata);
    }
    if (answer->id.kind != PAL_ID_NONE) {
        put_id(&out, &answer->id);
    }
    pal_wire_out_map_end(&out);
    return finish(&out, len_before);
}
