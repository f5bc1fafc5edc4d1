#include "output/puppet_view.h"

#include <string.h>

static void
write_expressions(struct pal_wire_out *out, const struct pal_puppet *puppet)
{
    unsigned n = 0;
    for (size_t i = 0; i < puppet->n_expressions; i++) {
        const struct pal_puppet_expression *expression = &puppet->expressions[i];
        n += expression->value != 0.0F || expression->target != 0.0F ? 1 : 0;
    }
    pal_wire_out_map(out, n);
    for (size_t i = 0; i < puppet->n_expressions; i++) {
        const struct pal_puppet_expression *expression = &puppet->expressions[i];
        if (expression->value == 0.0F && expression->target == 0.0F) {
            continue;
        }
        pal_wire_out_key_text(out, expression->name);
        pal_wire_out_map(out, 2);
        pal_wire_out_key(out, PAL_KEY_VALUE);
        pal_wire_out_float(out, expression->value);
        pal_wire_out_key_text(out, "target");
        pal_wire_out_float(out, expression->target);
        pal_wire_out_map_end(out);
    }
    pal_wire_out_map_end(out);
}

void
pal_puppet_write_state(struct pal_wire_out *out, const struct pal_puppet *puppet)
{
    static const enum pal_avatar_key angles[3] = {PAL_KEY_YAW, PAL_KEY_PITCH, PAL_KEY_ROLL};
    float degrees[3];
    pal_puppet_head(puppet, degrees);
    pal_wire_out_map(out, 7);
    pal_wire_out_key_text(out, "model");
    pal_wire_out_bool(out, puppet->has_model);
    pal_wire_out_key_text(out, "expressions");
    write_expressions(out, puppet);
    pal_wire_out_key_text(out, "blink");
    pal_wire_out_float(out, pal_puppet_blink(puppet));
    pal_wire_out_key_text(out, "auto_blink");
    pal_wire_out_bool(out, puppet->auto_blink);
    pal_wire_out_key_text(out, "head");
    pal_wire_out_map(out, 4);
    for (size_t i = 0; i < 3; i++) {
        pal_wire_out_key(out, angles[i]);
        pal_wire_out_float(out, degrees[i]);
    }
    pal_wire_out_key_text(out, "auto");
    pal_wire_out_bool(out, puppet->auto_head);
    pal_wire_out_map_end(out);
    pal_wire_out_key(out, PAL_KEY_SPEED);
    pal_wire_out_float(out, puppet->speed);
    pal_wire_out_key_text(out, "applied");
    pal_wire_out_integer(out, (int64_t)puppet->n_applied);
    pal_wire_out_map_end(out);
}

/* What the strongest mood looks like. */
struct look {
    const char *brows;
    const char *eyes;
    const char *mouth;
};

static struct look
look_of(const struct pal_puppet *puppet)
{
    static const struct look looks[PAL_N_MOOD_EXPRESSIONS + 1] = {
        [PAL_EXPRESSION_JOY] = {"  .-.     .-.  ", "   ^       ^   ", "   \\_______/   "},
        [PAL_EXPRESSION_ANGRY] = {"  \\__     __/  ", "   o       o   ", "    .-----.    "},
        [PAL_EXPRESSION_SORROW] = {"  __/     \\__  ", "   .       .   ", "    .~~~~~.    "},
        [PAL_EXPRESSION_FUN] = {"  ---     ---  ", "   >       <   ", "   \\_  D  _/   "},
        [PAL_EXPRESSION_SURPRISED] = {"  .^.     .^.  ", "   O       O   ", "       O       "},
        [PAL_N_MOOD_EXPRESSIONS] = {"  ---     ---  ", "   o       o   ", "    -------    "},
    };
    size_t strongest = PAL_N_MOOD_EXPRESSIONS;
    float most = 0.15F; /* weaker does not show in characters */
    for (size_t i = 0; i < PAL_N_MOOD_EXPRESSIONS; i++) {
        if (puppet->expressions[i].value > most) {
            most = puppet->expressions[i].value;
            strongest = i;
        }
    }
    struct look look = looks[strongest];
    if (pal_puppet_blink(puppet) > 0.5F) {
        look.eyes = "   -       -   ";
    }
    for (size_t i = PAL_EXPRESSION_A; i <= PAL_EXPRESSION_O; i++) {
        if (puppet->expressions[i].value > 0.3F) {
            look.mouth = "     (   )     ";
        }
    }
    return look;
}

enum pal_err
pal_puppet_draw(const struct pal_puppet *puppet, struct pal_buf *buf)
{
    if (!puppet->has_model) {
        return pal_buf_append_text(buf, "(no model is loaded)\n");
    }
    float degrees[3];
    pal_puppet_head(puppet, degrees);
    int shift = 8 + (int)(degrees[0] / 4.0F);
    shift = shift < 0 ? 0 : shift > 20 ? 20 : shift;
    struct look look = look_of(puppet);
    const char *const rows[] = {" .-------------. ", NULL, NULL,
                                "                 ", NULL, " '-------------' "};
    const char *const inner[] = {NULL, look.brows, look.eyes, NULL, look.mouth, NULL};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum pal_err err = rows[i] != NULL && i != 3
                               ? pal_buf_printf(buf, "%*s%s\n", shift, "", rows[i])
                               : pal_buf_printf(buf, "%*s|%s|\n", shift, "",
                                                inner[i] != NULL ? inner[i] : "               ");
        if (err != PAL_OK) {
            return err;
        }
    }
    for (size_t i = 0; i < PAL_N_MOOD_EXPRESSIONS; i++) {
        int n = (int)(puppet->expressions[i].value * 20.0F + 0.5F);
        enum pal_err err =
            pal_buf_printf(buf, "%-10s %4.2f %.*s\n", puppet->expressions[i].name,
                           (double)puppet->expressions[i].value, n, "####################");
        if (err != PAL_OK) {
            return err;
        }
    }
    return PAL_OK;
}
