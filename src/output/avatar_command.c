#include "output/avatar_command.h"

#include <string.h>

#include "util/mem.h"

static const char *const verb_names[PAL_N_AVATAR_VERBS] = {
    [PAL_AVATAR_UNKNOWN] = "unknown",
    [PAL_AVATAR_SET_EXPRESSION] = "set_expression",
    [PAL_AVATAR_RESET_EXPRESSIONS] = "reset_expressions",
    [PAL_AVATAR_SET_TRANSITION_SPEED] = "set_transition_speed",
    [PAL_AVATAR_SET_AUTO_BLINK] = "set_auto_blink",
    [PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT] = "set_auto_head_movement",
    [PAL_AVATAR_LOAD_MODEL] = "load_model",
    [PAL_AVATAR_UNLOAD_MODEL] = "unload_model",
    [PAL_AVATAR_SET_BLENDSHAPE] = "set_blendshape",
    [PAL_AVATAR_SET_HEAD] = "set_head",
    [PAL_AVATAR_TEST] = "test",
    [PAL_AVATAR_PING] = "ping",
    [PAL_AVATAR_ANIMATION] = "animation",
    [PAL_AVATAR_MOVE] = "move",
    [PAL_AVATAR_HELLO] = "hello",
    [PAL_AVATAR_GET_STATE] = "get_state",
    [PAL_AVATAR_BATCH] = "batch",
};

static const char *const key_names[PAL_N_KEYS] = {
    [PAL_KEY_COMMAND] = "command",
    [PAL_KEY_DATA] = "data",
    [PAL_KEY_NAME] = "name",
    [PAL_KEY_VALUE] = "value",
    [PAL_KEY_ID] = "id",
    [PAL_KEY_ACK] = "ack",
    [PAL_KEY_BATCH] = "batch",
    [PAL_KEY_COMMANDS] = "commands",
    [PAL_KEY_COUNT] = "count",
    [PAL_KEY_PATH] = "path",
    [PAL_KEY_SPEED] = "speed",
    [PAL_KEY_ENABLED] = "enabled",
    [PAL_KEY_MIN_INTERVAL] = "min_interval",
    [PAL_KEY_MAX_INTERVAL] = "max_interval",
    [PAL_KEY_MAX_ANGLE] = "max_angle",
    [PAL_KEY_DIRECTION] = "direction",
    [PAL_KEY_YAW] = "yaw",
    [PAL_KEY_PITCH] = "pitch",
    [PAL_KEY_ROLL] = "roll",
    [PAL_KEY_TYPE] = "type",
    [PAL_KEY_STATUS] = "status",
    [PAL_KEY_MESSAGE] = "message",
    [PAL_KEY_PROCESSED] = "processed",
    [PAL_KEY_IGNORED] = "ignored",
    [PAL_KEY_ENCODINGS] = "encodings",
    [PAL_KEY_BATCHES] = "batches",
    [PAL_KEY_MAX_BYTES] = "max_bytes",
    [PAL_KEY_STATE] = "state",
    [PAL_KEY_WEIGHT] = "weight",
};

const char *
pal_avatar_verb_name(enum pal_avatar_verb verb)
{
    PAL_ASSERT((size_t)verb < PAL_N_AVATAR_VERBS);
    return verb_names[verb];
}

const char *
pal_avatar_key_name(enum pal_avatar_key key)
{
    PAL_ASSERT((size_t)key < PAL_N_KEYS);
    return key_names[key];
}

static bool
is_word(struct pal_slice name, const char *word)
{
    return name.len == strlen(word) && memcmp(name.at, word, name.len) == 0;
}

enum pal_avatar_verb
pal_avatar_verb_find(struct pal_slice name)
{
    for (size_t i = PAL_AVATAR_SET_EXPRESSION; i < PAL_N_AVATAR_VERBS; i++) {
        if (is_word(name, verb_names[i])) {
            return (enum pal_avatar_verb)i;
        }
    }
    return is_word(name, "expression") ? PAL_AVATAR_SET_EXPRESSION : PAL_AVATAR_UNKNOWN;
}

enum pal_avatar_key
pal_avatar_key_find(struct pal_slice name)
{
    if (name.at == NULL) { /* the short form's number */
        return name.len < PAL_N_KEYS ? (enum pal_avatar_key)name.len : PAL_KEY_OTHER;
    }
    for (size_t i = 0; i < PAL_N_KEYS; i++) {
        if (is_word(name, key_names[i])) {
            return (enum pal_avatar_key)i;
        }
    }
    return PAL_KEY_OTHER;
}
