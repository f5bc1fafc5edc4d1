#include "output/puppet.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "util/mem.h"

/* A blink's phases, in seconds from its begin: closed, opening, open. */
#define BLINK_CLOSED_S 0.05F
#define BLINK_HELD_S   0.08F
#define BLINK_OPEN_S   0.16F

#define HEAD_OUT_S   1.0F
#define HEAD_TOTAL_S 2.0F

#define SNAP 0.001F

static float
random_between(struct pal_puppet *puppet, float low, float high)
{
    /* xorshift64: enough for a blink */
    puppet->random ^= puppet->random << 13;
    puppet->random ^= puppet->random >> 7;
    puppet->random ^= puppet->random << 17;
    return low + (high - low) * (float)(puppet->random >> 40) / (float)(1 << 24);
}

void
pal_puppet_init(struct pal_puppet *puppet, uint64_t seed)
{
    *puppet = (struct pal_puppet){
        .has_model = true,
        .speed = PAL_PUPPET_SPEED,
        .n_expressions = PAL_N_EXPRESSIONS,
        .blink_s = -1.0F,
        .auto_head = true,
        .head_interval_s = {3.0F, 7.0F},
        .head_angle_deg = 5.0F,
        .head_s = -1.0F,
        .random = seed != 0 ? seed : 1,
    };
    for (size_t i = 0; i < PAL_N_EXPRESSIONS; i++) {
        const char *name = pal_expression_vrm0((enum pal_expression)i);
        memcpy(puppet->expressions[i].name, name, strlen(name) + 1);
    }
    puppet->blink_wait_s = random_between(puppet, 2.0F, 5.0F);
    puppet->head_wait_s = random_between(puppet, 3.0F, 7.0F);
}

static struct pal_puppet_expression *
custom_expression(struct pal_puppet *puppet, const struct pal_avatar_command *command)
{
    for (size_t i = PAL_N_EXPRESSIONS; i < puppet->n_expressions; i++) {
        struct pal_puppet_expression *known = &puppet->expressions[i];
        if (strlen(known->name) == command->text_len &&
            strncasecmp(known->name, command->text, command->text_len) == 0) {
            return known;
        }
    }
    if (puppet->n_expressions == PAL_COUNT_OF(puppet->expressions)) {
        return NULL;
    }
    /* The originals' way with a name of the avatar's own: first letter upper-case, rest lower. */
    struct pal_puppet_expression *added = &puppet->expressions[puppet->n_expressions++];
    *added = (struct pal_puppet_expression){.value = 0.0F};
    for (size_t i = 0; i < command->text_len; i++) {
        unsigned char c = (unsigned char)command->text[i];
        added->name[i] = c >= 0x80 ? (char)c : (char)(i == 0 ? toupper(c) : tolower(c));
    }
    return added;
}

static enum pal_err
set_expression(struct pal_puppet *puppet, const struct pal_avatar_command *command)
{
    if (!puppet->has_model) {
        return PAL_ERR_NOT_FOUND;
    }
    struct pal_puppet_expression *expression = command->expression < PAL_N_EXPRESSIONS
                                                   ? &puppet->expressions[command->expression]
                                                   : custom_expression(puppet, command);
    if (expression == NULL) {
        return PAL_ERR_LIMIT;
    }
    expression->target = command->value;
    if (command->verb == PAL_AVATAR_SET_BLENDSHAPE) {
        expression->value = command->value; /* lip movement doesn't wait for the easing */
    }
    return PAL_OK;
}

static enum pal_err
reset_expressions(struct pal_puppet *puppet)
{
    if (!puppet->has_model) {
        return PAL_ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < PAL_N_MOOD_EXPRESSIONS; i++) {
        puppet->expressions[i].target = 0.0F;
    }
    return PAL_OK;
}

static void
set_auto_blink(struct pal_puppet *puppet, bool enabled)
{
    puppet->auto_blink = enabled;
    if (!enabled) {
        puppet->blink = 0.0F;
        puppet->blink_s = -1.0F;
    }
}

static void
set_auto_head(struct pal_puppet *puppet, const struct pal_avatar_command *command)
{
    puppet->auto_head = command->enabled;
    puppet->head_interval_s[0] = fminf(command->numbers[0], command->numbers[1]);
    puppet->head_interval_s[1] = fmaxf(command->numbers[0], command->numbers[1]);
    puppet->head_angle_deg = command->numbers[2];
    if (!command->enabled) {
        puppet->head_s = -1.0F;
    } else if (puppet->head_wait_s > puppet->head_interval_s[1]) {
        puppet->head_wait_s = puppet->head_interval_s[1];
    }
}

static void
drop_model(struct pal_puppet *puppet)
{
    for (size_t i = 0; i < puppet->n_expressions; i++) {
        puppet->expressions[i].value = 0.0F;
        puppet->expressions[i].target = 0.0F;
    }
    puppet->n_expressions = PAL_N_EXPRESSIONS;
    memset(puppet->head_base, 0, sizeof(puppet->head_base));
    memset(puppet->head_target, 0, sizeof(puppet->head_target));
    puppet->head_s = -1.0F;
    puppet->blink_s = -1.0F;
    puppet->blink = 0.0F;
}

enum pal_err
pal_puppet_apply(struct pal_puppet *puppet, const struct pal_avatar_command *command)
{
    enum pal_err err = PAL_OK;
    switch (command->verb) {
    case PAL_AVATAR_SET_EXPRESSION:
    case PAL_AVATAR_SET_BLENDSHAPE:
        err = set_expression(puppet, command);
        break;
    case PAL_AVATAR_RESET_EXPRESSIONS:
        err = reset_expressions(puppet);
        break;
    case PAL_AVATAR_SET_TRANSITION_SPEED:
        puppet->speed = command->value;
        break;
    case PAL_AVATAR_SET_AUTO_BLINK:
        set_auto_blink(puppet, command->enabled);
        break;
    case PAL_AVATAR_SET_AUTO_HEAD_MOVEMENT:
        set_auto_head(puppet, command);
        break;
    case PAL_AVATAR_SET_HEAD:
        memcpy(puppet->head_target, command->numbers, sizeof(puppet->head_target));
        break;
    case PAL_AVATAR_LOAD_MODEL:
        drop_model(puppet);
        puppet->has_model = true;
        break;
    case PAL_AVATAR_UNLOAD_MODEL:
        drop_model(puppet);
        puppet->has_model = false;
        break;
    case PAL_AVATAR_TEST:
    case PAL_AVATAR_PING:
    case PAL_AVATAR_ANIMATION:
    case PAL_AVATAR_MOVE:
        break;
    default:
        return PAL_ERR_UNSUPPORTED;
    }
    puppet->n_applied += err == PAL_OK ? 1 : 0;
    return err;
}

static float
smooth(float t)
{
    t = t < 0.0F ? 0.0F : t > 1.0F ? 1.0F : t;
    return t * t * (3.0F - 2.0F * t);
}

static float
eased(float value, float target, float part)
{
    float moved = value + (target - value) * part;
    return fabsf(target - moved) < SNAP ? target : moved;
}

static void
step_blink(struct pal_puppet *puppet, float dt_s)
{
    if (!puppet->auto_blink) {
        return;
    }
    if (puppet->blink_s < 0.0F) {
        puppet->blink_wait_s -= dt_s;
        if (puppet->blink_wait_s > 0.0F) {
            return;
        }
        puppet->blink_s = 0.0F;
        puppet->blink_wait_s = random_between(puppet, 2.0F, 5.0F);
    } else {
        puppet->blink_s += dt_s;
    }
    if (puppet->blink_s < BLINK_CLOSED_S) {
        puppet->blink = smooth(puppet->blink_s / BLINK_CLOSED_S);
    } else if (puppet->blink_s < BLINK_HELD_S) {
        puppet->blink = 1.0F;
    } else if (puppet->blink_s < BLINK_OPEN_S) {
        puppet->blink =
            1.0F - smooth((puppet->blink_s - BLINK_HELD_S) / (BLINK_OPEN_S - BLINK_HELD_S));
    } else {
        puppet->blink = 0.0F;
        puppet->blink_s = -1.0F;
    }
}

static void
step_head(struct pal_puppet *puppet, float dt_s)
{
    if (!puppet->auto_head) {
        return;
    }
    if (puppet->head_s >= 0.0F) {
        puppet->head_s += dt_s;
        if (puppet->head_s >= HEAD_TOTAL_S) {
            puppet->head_s = -1.0F;
        }
        return;
    }
    puppet->head_wait_s -= dt_s;
    if (puppet->head_wait_s <= 0.0F) {
        float angle = puppet->head_angle_deg;
        float pitch = fminf(fmaxf(angle / 2.0F, 1.0F), 10.0F);
        puppet->head_s = 0.0F;
        puppet->head_swing[0] = random_between(puppet, -angle, angle);
        puppet->head_swing[1] = random_between(puppet, -pitch, pitch);
        puppet->head_wait_s =
            random_between(puppet, puppet->head_interval_s[0], puppet->head_interval_s[1]);
    }
}

void
pal_puppet_step(struct pal_puppet *puppet, float dt_s)
{
    float part = fminf(fmaxf(dt_s * puppet->speed, 0.0F), 1.0F);
    if (!puppet->has_model) {
        return;
    }
    for (size_t i = 0; i < puppet->n_expressions; i++) {
        struct pal_puppet_expression *expression = &puppet->expressions[i];
        expression->value = eased(expression->value, expression->target, part);
    }
    for (size_t i = 0; i < 3; i++) {
        puppet->head_base[i] = eased(puppet->head_base[i], puppet->head_target[i], part);
    }
    step_blink(puppet, dt_s);
    step_head(puppet, dt_s);
}

void
pal_puppet_advance(struct pal_puppet *puppet, float seconds)
{
    const float frame_s = 1.0F / 60.0F;
    float left_s = fminf(seconds, 10.0F);
    while (left_s > 0.0F) {
        pal_puppet_step(puppet, fminf(left_s, frame_s));
        left_s -= frame_s;
    }
}

bool
pal_puppet_is_still(const struct pal_puppet *puppet)
{
    for (size_t i = 0; i < puppet->n_expressions; i++) {
        if (puppet->expressions[i].value != puppet->expressions[i].target) {
            return false;
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (puppet->head_base[i] != puppet->head_target[i]) {
            return false;
        }
    }
    return puppet->blink_s < 0.0F && puppet->head_s < 0.0F;
}

float
pal_puppet_blink(const struct pal_puppet *puppet)
{
    return fmaxf(puppet->blink, puppet->expressions[PAL_EXPRESSION_BLINK].value);
}

void
pal_puppet_head(const struct pal_puppet *puppet, float degrees[3])
{
    float out = 0.0F;
    if (puppet->head_s >= 0.0F) {
        out = puppet->head_s < HEAD_OUT_S
                  ? smooth(puppet->head_s / HEAD_OUT_S)
                  : 1.0F - smooth((puppet->head_s - HEAD_OUT_S) / (HEAD_TOTAL_S - HEAD_OUT_S));
    }
    degrees[0] = puppet->head_base[0] + out * puppet->head_swing[0];
    degrees[1] = puppet->head_base[1] + out * puppet->head_swing[1];
    degrees[2] = puppet->head_base[2];
}
