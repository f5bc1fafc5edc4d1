#include "output/tags.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "output/emotion.h"
#include "output/wire.h"
#include "util/mem.h"

#define INTENSITY_DEFAULT 0.8F

void
pal_tags_init(struct pal_tags *tags, const struct pal_tags_ops *ops, void *userdata)
{
    *tags = (struct pal_tags){.ops = ops, .userdata = userdata, .after_space = true};
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
emit(struct pal_tags *tags, const char *text, size_t len)
{
    if (tags->eats_space && len > 0) {
        tags->eats_space = false;
        if (*text == ' ') {
            text++;
            len--;
        }
    }
    if (len > 0) {
        tags->after_space = is_space(text[len - 1]);
        tags->ops->text(tags->userdata, text, len);
    }
}

static void
emit_held(struct pal_tags *tags)
{
    size_t n = tags->n_held;
    tags->n_held = 0;
    emit(tags, tags->held, n);
}

/* "joy", "Sad", "Blink_L": a mood in either language, or an expression's name. */
static bool
find_face(const char *word, size_t len, struct pal_tag *tag)
{
    int emotion = pal_emotion_find(word, len);
    if (emotion >= 0) {
        tag->expression = pal_emotion_expression((enum pal_emotion)emotion);
        return true;
    }
    tag->expression = pal_expression_find(word, len);
    return tag->expression != PAL_EXPRESSION_CUSTOM;
}

/* ":0.7", " 70%", "" behind the word. */
static bool
read_intensity(const char *text, float *intensity)
{
    if (*text == '\0') {
        return true;
    }
    char *end;
    double number = 0.0;
    text += strspn(text, ": ");
    const char *digits = text;
    for (end = (char *)(uintptr_t)text; *end >= '0' && *end <= '9'; end++) {
        number = number * 10.0 + (*end - '0');
    }
    if (*end == '.') {
        double scale = 0.1;
        for (end++; *end >= '0' && *end <= '9'; end++) {
            number += (*end - '0') * scale;
            scale /= 10.0;
        }
    }
    if (end == digits) {
        return false;
    }
    if (*end == '%') {
        number /= 100.0;
        end++;
    }
    *intensity = (float)fmin(number, 1.0);
    return *end == '\0';
}

/* What stands between the brackets; `content` is NUL-terminated. */
static bool
bracket_tag(const char *content, struct pal_tag *tag)
{
    static const char *const prefixes[] = {"face:", "emotion:", "mood:", "expression:"};
    bool has_prefix = false;
    for (size_t i = 0; i < PAL_COUNT_OF(prefixes); i++) {
        size_t len = strlen(prefixes[i]);
        if (!has_prefix && strncasecmp(content, prefixes[i], len) == 0) {
            content += len;
            content += strspn(content, " ");
            has_prefix = true;
        }
    }
    size_t word_len = strcspn(content, ": ");
    tag->intensity = INTENSITY_DEFAULT;
    bool found = find_face(content, word_len, tag);
    /* One letter in brackets is rather a list's than a mouth's: [A], [i]. */
    if (!found || (!has_prefix && word_len < 3)) {
        return false;
    }
    return read_intensity(content + word_len, &tag->intensity);
}

static bool act_emotion(struct pal_wire *wire, struct pal_tag *tag, bool *found);

/* The members of ACT's object, or of the emotion's own object inside it. */
static bool
act_member(struct pal_wire *wire, struct pal_slice key, struct pal_tag *tag, bool *found)
{
    double number;
    bool is_number = pal_wire_peek(wire) == PAL_WIRE_NUMBER;
    bool is_emotion = (key.len == 7 && memcmp(key.at, "emotion", 7) == 0) ||
                      (key.len == 4 && memcmp(key.at, "name", 4) == 0);
    if (is_number && key.len == 9 && memcmp(key.at, "intensity", 9) == 0) {
        if (!pal_wire_number(wire, &number, NULL)) {
            return false;
        }
        tag->intensity = (float)fmin(fmax(number, 0.0), 1.0);
        return true;
    }
    return is_emotion ? act_emotion(wire, tag, found) : pal_wire_skip(wire);
}

static bool
act_emotion(struct pal_wire *wire, struct pal_tag *tag, bool *found)
{
    struct pal_wire_level level;
    struct pal_slice text;
    if (pal_wire_peek(wire) == PAL_WIRE_STRING) {
        if (!pal_wire_string(wire, &text)) {
            return false;
        }
        *found = find_face(text.at, text.len, tag);
        return true;
    }
    if (pal_wire_peek(wire) != PAL_WIRE_MAP) {
        return pal_wire_skip(wire);
    }
    if (!pal_wire_enter(wire, &level)) {
        return false;
    }
    int more;
    while ((more = pal_wire_next(wire, &level)) > 0) {
        if (!pal_wire_key(wire, &text) || !act_member(wire, text, tag, found)) {
            return false;
        }
    }
    return more == 0;
}

/* `content` stands between <| and |>. True if it shows something. */
static bool
act_tag(const char *content, size_t len, struct pal_tag *tag)
{
    struct pal_wire wire;
    char texts[PAL_TAG_ACT_MAX];
    bool found = false;
    tag->intensity = INTENSITY_DEFAULT;
    if (len > 6 && strncasecmp(content, "EMOTE_", 6) == 0) {
        return find_face(content + 6, len - 6, tag);
    }
    const char *brace = memchr(content, '{', len);
    if (brace == NULL) {
        return false;
    }
    pal_wire_init(&wire, PAL_ENCODING_JSON, brace, len - (size_t)(brace - content), texts);
    return act_emotion(&wire, tag, &found) && pal_wire_done(&wire) && found;
}

static bool
is_act_word(const char *held, size_t n)
{
    static const char *const words[] = {"<|ACT", "<|DELAY", "<|EMOTE_"};
    for (size_t i = 0; i < PAL_COUNT_OF(words); i++) {
        size_t len = strlen(words[i]);
        if (strncasecmp(held, words[i], n < len ? n : len) == 0) {
            return true;
        }
    }
    return false;
}

static void
take_tag(struct pal_tags *tags, bool shows, const struct pal_tag *tag)
{
    tags->n_held = 0;
    tags->eats_space = tags->eats_space || tags->after_space;
    if (shows) {
        tags->ops->tag(tags->userdata, tag);
    }
}

static void
hold_bracket(struct pal_tags *tags, char c)
{
    struct pal_tag tag;
    tags->held[tags->n_held++] = c;
    if (c == ']') {
        char content[PAL_TAG_BRACKET_MAX];
        size_t len = tags->n_held - 2;
        memcpy(content, tags->held + 1, len);
        content[len] = '\0';
        if (bracket_tag(content, &tag)) {
            take_tag(tags, true, &tag);
        } else {
            emit_held(tags);
        }
    } else if (c == '\n' || tags->n_held == PAL_TAG_BRACKET_MAX) {
        emit_held(tags);
    }
}

static void
hold_act(struct pal_tags *tags, char c)
{
    struct pal_tag tag;
    tags->held[tags->n_held++] = c;
    if (!is_act_word(tags->held, tags->n_held)) {
        emit_held(tags);
    } else if (c == '>' && tags->n_held > 4 && tags->held[tags->n_held - 2] == '|') {
        bool shows = act_tag(tags->held + 2, tags->n_held - 4, &tag);
        take_tag(tags, shows, &tag);
    } else if (tags->n_held == PAL_TAG_ACT_MAX) {
        tags->n_held = 0;
        tags->is_dropping = true;
    }
}

void
pal_tags_feed(struct pal_tags *tags, const char *text, size_t len)
{
    size_t plain = 0; /* where the text that is not handed on yet begins */
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool opens = c == '[' || c == '<';
        if (tags->is_dropping) {
            tags->is_dropping = !(c == '>' && tags->last == '|');
            plain = i + 1;
        } else if (tags->n_held == 0 && !opens) {
            tags->last = c;
            continue;
        } else {
            if (i > plain) {
                emit(tags, text + plain, i - plain);
            }
            plain = i + 1;
            if (tags->n_held > 0 && tags->held[0] == '[' && opens) {
                emit_held(tags); /* "[see [joy]": the inner one may be a tag */
            }
            if (tags->n_held == 0) {
                tags->held[tags->n_held++] = c;
            } else if (tags->held[0] == '[') {
                hold_bracket(tags, c);
            } else {
                hold_act(tags, c);
            }
        }
        tags->last = c;
    }
    if (len > plain) {
        emit(tags, text + plain, len - plain);
    }
}

void
pal_tags_end(struct pal_tags *tags)
{
    bool is_act = tags->n_held > 2 && tags->held[0] == '<';
    if (!is_act) {
        emit_held(tags);
    }
    tags->n_held = 0;
    tags->is_dropping = false;
}
