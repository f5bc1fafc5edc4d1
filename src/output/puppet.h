#ifndef PAL_OUTPUT_PUPPET_H
#define PAL_OUTPUT_PUPPET_H
/*
 * A face that moves: what the Unity avatar of the originals does with its commands, without the
 * drawing. `palabre avatar` holds one, and so does each link to a stage that can't ease by itself
 * (VMC). Time is handed in, so tests need no clock. Plain data; one owner, one thread.
 *
 * An expression goes to its target by the originals' easing: each frame a part dt * speed of what
 * is missing. Blinking and head movement come at random times; the seed makes them repeatable.
 */
#include "output/avatar_command.h"

#define PAL_PUPPET_CUSTOM_MAX 47 /* names of the avatar's own that it remembers */
#define PAL_PUPPET_SPEED      2.0F

struct pal_puppet_expression {
    char name[PAL_EXPRESSION_NAME_MAX + 1]; /* as shown: "Joy", "Smug" */
    float value;
    float target;
};

struct pal_puppet {
    bool has_model;
    float speed; /* 1/s */
    struct pal_puppet_expression expressions[PAL_N_EXPRESSIONS + PAL_PUPPET_CUSTOM_MAX];
    size_t n_expressions; /* the known ones are always there */

    bool auto_blink;
    float blink;        /* 0 to 1, beside what the Blink expression says */
    float blink_wait_s; /* until the next one begins */
    float blink_s;      /* since this one began; negative = not blinking */

    bool auto_head;
    float head_interval_s[2];
    float head_angle_deg;
    float head_wait_s;
    float head_s;         /* since this movement began; negative = at rest */
    float head_swing[2];  /* yaw, pitch of this movement's far point */
    float head_target[3]; /* what set_head asked for: yaw, pitch, roll */
    float head_base[3];   /* eased towards it */

    uint64_t random;
    uint64_t n_applied;
};

void pal_puppet_init(struct pal_puppet *puppet, uint64_t seed);

/*
 * PAL_OK: applied. PAL_ERR_NOT_FOUND: no model is loaded, so there is no face. PAL_ERR_LIMIT: more
 * custom names than it remembers. PAL_ERR_UNSUPPORTED: not a command for a face (hello, get_state).
 */
enum pal_err pal_puppet_apply(struct pal_puppet *puppet,
                              const struct pal_avatar_command *command) PAL_MUST_USE;

/* Moves on by dt seconds, one frame. */
void pal_puppet_step(struct pal_puppet *puppet, float dt_s);
/* By a longer time, in frames of 1/60 s; what is longer than 10 s counts as 10 s. */
void pal_puppet_advance(struct pal_puppet *puppet, float seconds);

/* True if nothing moves until a command comes or an automatic movement begins. */
bool pal_puppet_is_still(const struct pal_puppet *puppet);

/* Blink with both sources, 0 to 1; head angles in degrees: yaw, pitch, roll. */
float pal_puppet_blink(const struct pal_puppet *puppet);
void pal_puppet_head(const struct pal_puppet *puppet, float degrees[3]);

#endif
