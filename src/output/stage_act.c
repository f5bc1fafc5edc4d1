#include "output/stage_act.h"

#include <stdio.h>
#include <string.h>

#include "output/puppet_view.h"
#include "util/mem.h"
#include "util/utf8.h"

enum pal_err
pal_stage_greet(struct pal_buf *buf)
{
    struct pal_avatar_answer answer = {.shape = PAL_SHAPE_ENVELOPE,
                                       .is_ok = true,
                                       .is_greeting = true,
                                       .message = "Unity server ready",
                                       .n_processed = -1,
                                       .offers = true};
    return pal_avatar_encode_answer(buf, &answer);
}

enum pal_err
pal_stage_refuse(struct pal_buf *buf, enum pal_encoding encoding, const char *why)
{
    struct pal_avatar_answer answer = {
        .encoding = encoding, .shape = PAL_SHAPE_ENVELOPE, .message = why, .n_processed = -1};
    return pal_avatar_encode_answer(buf, &answer);
}

/* The words of the originals, in their language; our own commands have English ones. */
static void
envelope_words(const struct pal_avatar_command *command, char *text, size_t size)
{
    const char *name = command->expression == PAL_EXPRESSION_CUSTOM
                           ? command->text
                           : pal_expression_wire(command->expression);
    int name_len =
        command->expression == PAL_EXPRESSION_CUSTOM ? (int)command->text_len : (int)strlen(name);
    switch (command->verb) {
    case PAL_AVATAR_SET_EXPRESSION:
        (void)snprintf(text, size, "Expression '%.*s' appliquée à %.2f", name_len, name,
                       (double)command->value);
        return;
    case PAL_AVATAR_RESET_EXPRESSIONS:
        (void)snprintf(text, size, "Toutes les expressions réinitialisées");
        return;
    case PAL_AVATAR_SET_TRANSITION_SPEED:
        (void)snprintf(text, size, "Vitesse de transition définie à %.2f", (double)command->value);
        return;
    case PAL_AVATAR_SET_AUTO_BLINK:
        (void)snprintf(text, size, "Clignement automatique %s",
                       command->enabled ? "activé" : "désactivé");
        return;
    case PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT:
        (void)snprintf(text, size, "Mouvements de tête %s",
                       command->enabled ? "activés" : "désactivés");
        return;
    case PAL_AVATAR_LOAD_MODEL:
        (void)snprintf(text, size, "Modèle en cours de chargement : %.*s", name_len, name);
        return;
    case PAL_AVATAR_UNLOAD_MODEL:
        (void)snprintf(text, size, "Modèle déchargé avec succès");
        return;
    default:
        (void)snprintf(text, size, "%s", pal_avatar_verb_name(command->verb));
        return;
    }
}

static const char *
flat_words(enum pal_avatar_verb verb)
{
    switch (verb) {
    case PAL_AVATAR_SET_EXPRESSION:
        return "Expression applied";
    case PAL_AVATAR_RESET_EXPRESSIONS:
        return "Expressions reset";
    case PAL_AVATAR_PING:
        return "pong";
    default:
        return pal_avatar_verb_name(verb);
    }
}

static const char *
why_not(enum pal_err err)
{
    return err == PAL_ERR_LIMIT ? "too many expressions of the avatar's own" : "no model is loaded";
}

static void
write_state(struct pal_wire_out *out, void *userdata)
{
    pal_puppet_write_state(out, userdata);
}

static enum pal_err
act_on_one(struct pal_puppet *puppet, const struct pal_avatar_message *message,
           struct pal_avatar_answer *answer, struct pal_buf *buf)
{
    const struct pal_avatar_command *command = &message->commands[0];
    char words[PAL_AVATAR_TEXT_MAX + 64];
    answer->verb = command->verb;
    if (command->verb == PAL_AVATAR_GET_STATE) {
        answer->write_state = write_state;
        answer->userdata = puppet;
        return pal_avatar_encode_answer(buf, answer);
    }
    if (command->verb == PAL_AVATAR_HELLO) {
        answer->offers = true;
        answer->message = "palabre " PALABRE_VERSION;
        return pal_avatar_encode_answer(buf, answer);
    }
    enum pal_err err = pal_puppet_apply(puppet, command);
    answer->is_ok = err == PAL_OK;
    if (answer->is_ok && !message->wants_reply) {
        return PAL_OK;
    }
    if (!answer->is_ok) {
        answer->message = why_not(err);
    } else if (message->shape == PAL_SHAPE_FLAT) {
        answer->message = flat_words(command->verb);
    } else {
        envelope_words(command, words, sizeof(words));
        words[pal_utf8_whole(words, strlen(words))] = '\0';
        answer->message = words;
    }
    return pal_avatar_encode_answer(buf, answer);
}

static enum pal_err
act_on_batch(struct pal_puppet *puppet, const struct pal_avatar_message *message,
             struct pal_avatar_answer *answer, struct pal_buf *buf)
{
    enum pal_err first = PAL_OK;
    int64_t n_processed = 0;
    for (size_t i = 0; i < message->n_commands; i++) {
        enum pal_err err = pal_puppet_apply(puppet, &message->commands[i]);
        if (err == PAL_OK) {
            n_processed++;
        } else if (first == PAL_OK) {
            first = err;
        }
    }
    answer->is_ok = first == PAL_OK;
    answer->n_processed = n_processed;
    answer->n_ignored = (int64_t)message->n_ignored;
    answer->message = answer->is_ok ? NULL : why_not(first);
    if (answer->is_ok && !message->wants_reply) {
        return PAL_OK;
    }
    return pal_avatar_encode_answer(buf, answer);
}

enum pal_err
pal_stage_act(struct pal_puppet *puppet, const struct pal_avatar_message *message,
              enum pal_err refused, const struct pal_error *error, struct pal_buf *buf)
{
    struct pal_avatar_answer answer = {.encoding = message->encoding,
                                       .shape = message->shape,
                                       .verb = message->verb,
                                       .is_ok = true,
                                       .id = message->id,
                                       .n_processed = -1};
    if (refused != PAL_OK) {
        answer.is_ok = false;
        answer.message = error->text;
        return pal_avatar_encode_answer(buf, &answer);
    }
    if (message->verb == PAL_AVATAR_BATCH) {
        return act_on_batch(puppet, message, &answer, buf);
    }
    return act_on_one(puppet, message, &answer, buf);
}
