#include "output/performance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/fanout.h"
#include "output/mood.h"
#include "output/stream.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/mem.h"

#define SPEED_DEFAULT 3.0F
#define HOLD_US       (5 * PAL_US_PER_S)
#define MOUTH_US      (160 * PAL_US_PER_MS) /* without text the mouth closes after this */

/* The thinking look. */
#define THINK_YAW_DEG   6.0F
#define THINK_PITCH_DEG 5.0F
#define THINK_LOOK_UP   0.4F

/* What the compatible mode keeps of a reply to judge it at its end, as the original did. */
#define REPLY_MAX_BYTES ((size_t)16 * 1024)

struct pal_performance {
    uv_timer_t timer;
    struct pal_performance_options options;
    struct pal_fanout *fanout;
    struct pal_face face; /* what the fan-out was given, plus changes in the making */
    unsigned n_thinking;  /* turns without a word yet */
    unsigned n_speaking;
    const struct act *voice; /* the reply whose words are said; NULL = nobody speaks */
    int64_t mouth_due_us;    /* when the mouth closes; INT64_MAX = it is closed */
    int64_t rest_due_us;     /* when the face goes back to rest; INT64_MAX = it is at rest */
    struct pal_moods moods;
};

/* One reply. */
struct act {
    struct pal_performance *performance; /* borrowed */
    struct pal_sink inner;
    struct pal_stream stream;
    uint64_t conversation; /* pal_moods_key() */
    bool is_observed;      /* the text goes on as it came, not as the stream cleans it */
    bool has_spoken;
    struct pal_buf reply; /* compatible mode */
};

static void on_timer(uv_timer_t *timer);

static void
arm_timer(struct pal_performance *performance)
{
    int64_t due_us = performance->mouth_due_us < performance->rest_due_us
                         ? performance->mouth_due_us
                         : performance->rest_due_us;
    if (due_us == INT64_MAX) {
        (void)uv_timer_stop(&performance->timer);
        return;
    }
    int64_t wait_us = due_us - pal_now_us();
    uv_update_time(performance->timer.loop);
    (void)uv_timer_start(&performance->timer, on_timer,
                         wait_us > 0 ? (uint64_t)(wait_us + 999) / 1000 : 0, 0);
}

static void
close_mouth(struct pal_performance *performance)
{
    for (size_t i = PAL_EXPRESSION_A; i <= PAL_EXPRESSION_O; i++) {
        performance->face.weights[i] = 0.0F;
    }
    performance->mouth_due_us = INT64_MAX;
}

static void
clear_moods(struct pal_performance *performance)
{
    for (size_t i = 0; i < PAL_N_MOOD_EXPRESSIONS; i++) {
        performance->face.weights[i] = 0.0F;
    }
}

static void
think(struct pal_performance *performance, bool thinks)
{
    performance->face.head_deg[0] = thinks ? THINK_YAW_DEG : 0.0F;
    performance->face.head_deg[1] = thinks ? THINK_PITCH_DEG : 0.0F;
    performance->face.weights[PAL_EXPRESSION_LOOK_UP] = thinks ? THINK_LOOK_UP : 0.0F;
    performance->face.thinking = thinks;
    performance->face.speaking = performance->n_speaking > 0;
}

static void
show(struct pal_performance *performance)
{
    pal_fanout_set(performance->fanout, &performance->face);
}

static void
on_timer(uv_timer_t *timer)
{
    struct pal_performance *performance = timer->data;
    int64_t now_us = pal_now_us();
    if (performance->mouth_due_us <= now_us) {
        close_mouth(performance);
    }
    if (performance->rest_due_us <= now_us) {
        performance->rest_due_us = INT64_MAX;
        clear_moods(performance);
    }
    show(performance);
    arm_timer(performance);
}

static void
hold(struct pal_performance *performance)
{
    if (performance->options.mode == PAL_EMOTION_DEFAULT) {
        performance->rest_due_us = pal_now_us() + performance->options.hold_us;
        arm_timer(performance);
    }
}

/* A mood becomes weights: the strongest whole, the next by half, the others off. One change. */
static void
wear(struct pal_performance *performance, const struct pal_mood *mood)
{
    float weights[PAL_N_MOOD_EXPRESSIONS];
    pal_mood_weights(mood, weights);
    memcpy(performance->face.weights, weights, sizeof(weights));
    show(performance);
    hold(performance);
}

static void
on_mood(void *userdata, const struct pal_mood *mood)
{
    struct act *act = userdata;
    if (act->performance->options.mode == PAL_EMOTION_DEFAULT) {
        struct pal_mood smooth =
            pal_moods_feel(&act->performance->moods, act->conversation, mood, pal_now_us());
        wear(act->performance, &smooth);
    }
}

static void
on_tag(void *userdata, const struct pal_tag *tag)
{
    struct act *act = userdata;
    struct pal_performance *performance = act->performance;
    if (tag->expression >= PAL_N_MOOD_EXPRESSIONS && tag->expression < PAL_N_EXPRESSIONS) {
        performance->face.weights[tag->expression] = tag->intensity;
    } else {
        clear_moods(performance);
        if (tag->expression < PAL_N_MOOD_EXPRESSIONS) {
            performance->face.weights[tag->expression] = tag->intensity;
        }
    }
    show(performance);
    hold(performance);
}

/* The last vowel of the piece shapes the mouth. */
static void
move_mouth(struct pal_performance *performance, const char *text, size_t len)
{
    static const char vowels[] = "aiueo"; /* in the order of the expressions A to O */
    for (size_t i = len; i > 0; i--) {
        char c = (char)(text[i - 1] | 0x20);
        const char *found = c != '\0' ? strchr(vowels, c) : NULL;
        if (found != NULL) {
            close_mouth(performance);
            performance->face.weights[PAL_EXPRESSION_A + (found - vowels)] = 0.6F;
            performance->mouth_due_us = pal_now_us() + MOUTH_US;
            arm_timer(performance);
            break;
        }
    }
}

static void
first_word(struct act *act)
{
    struct pal_performance *performance = act->performance;
    act->has_spoken = true;
    performance->n_thinking--;
    performance->n_speaking++;
    if (performance->voice == NULL) {
        performance->voice = act;
    }
    think(performance, false);
}

static void
on_text(void *userdata, const char *text, size_t len)
{
    struct act *act = userdata;
    struct pal_performance *performance = act->performance;
    if (!act->has_spoken) {
        first_word(act);
    }
    if (!performance->options.still_mouth) {
        move_mouth(performance, text, len);
    }
    show(performance);
    if (performance->voice == act) {
        pal_fanout_say(performance->fanout, text, len);
    }
    if (performance->options.mode == PAL_EMOTION_COMPATIBLE &&
        pal_buf_append(&act->reply, text, len) != PAL_OK) {
        act->reply.max_bytes = act->reply.len; /* judged by its beginning */
    }
    if (!act->is_observed) {
        act->inner.ops->text(act->inner.self, text, len);
    }
}

/* The original: once the reply is whole, and only inside its window. */
static void
wear_classic(struct act *act)
{
    struct pal_classic_history *history =
        pal_moods_classic(&act->performance->moods, act->conversation, pal_now_us());
    struct pal_classic result =
        pal_emotion_classic_read(act->reply.data, act->reply.len, 0.3, history);
    struct pal_classic_clip clip = pal_emotion_classic_clip(&result);
    if (clip.recommended && clip.emotion != PAL_EMOTION_NEUTRAL) {
        act->performance->face.weights[pal_emotion_expression(clip.emotion)] = (float)clip.value;
    }
}

static void
act_free(struct act *act)
{
    struct pal_performance *performance = act->performance;
    if (act->has_spoken) {
        performance->n_speaking--;
    } else {
        performance->n_thinking--;
    }
    think(performance, performance->n_thinking > 0 && performance->n_speaking == 0);
    show(performance);
    if (performance->voice == act) {
        performance->voice = NULL;
        pal_fanout_say(performance->fanout, "", 0);
    }
    pal_buf_finish(&act->reply);
    free(act);
}

static void
sink_started(void *self, uint64_t turn_id)
{
    struct act *act = self;
    if (act->inner.ops->started != NULL) {
        act->inner.ops->started(act->inner.self, turn_id);
    }
}

static void
sink_text(void *self, const char *text, size_t len)
{
    struct act *act = self;
    if (act->is_observed) {
        act->inner.ops->text(act->inner.self, text, len);
    }
    pal_stream_feed(&act->stream, text, len);
}

static void
sink_end(void *self, const struct pal_turn_end *ended)
{
    struct act *act = self;
    pal_stream_end(&act->stream);
    if (act->performance->options.mode == PAL_EMOTION_COMPATIBLE &&
        ended->outcome == PAL_OUTCOME_DONE) {
        wear_classic(act);
    }
    act->inner.ops->end(act->inner.self, ended);
    act_free(act);
}

static const struct pal_sink_ops sink_ops = {sink_started, sink_text, sink_end};

struct pal_sink
pal_performance_wrap(struct pal_performance *performance, const char *key, const char *line,
                     size_t line_len, struct pal_sink inner)
{
    static const struct pal_stream_ops stream_ops = {on_text, on_tag, on_mood};
    struct act *act = pal_calloc(1, sizeof(*act));
    struct pal_mood theirs;
    act->performance = performance;
    act->inner = inner;
    act->conversation = pal_moods_key(key);
    pal_stream_init(&act->stream, &stream_ops, act);
    pal_buf_init(&act->reply, REPLY_MAX_BYTES);
    performance->n_thinking++;
    if (performance->n_speaking == 0) {
        think(performance, true);
    }
    if (performance->options.mode == PAL_EMOTION_DEFAULT && performance->n_speaking == 0 &&
        pal_emotion_read(line, line_len, &theirs)) {
        struct pal_mood felt = pal_mood_listening(&theirs);
        wear(performance, &felt);
    }
    show(performance);
    return (struct pal_sink){&sink_ops, act};
}

struct pal_sink
pal_performance_observe(struct pal_performance *performance, const char *key, const char *line,
                        size_t line_len, struct pal_sink inner)
{
    struct pal_sink sink = pal_performance_wrap(performance, key, line, line_len, inner);
    ((struct act *)sink.self)->is_observed = true;
    return sink;
}

void
pal_performance_unwrap(struct pal_sink sink)
{
    PAL_ASSERT(sink.ops == &sink_ops);
    act_free(sink.self);
}

struct pal_performance *
pal_performance_create(uv_loop_t *loop, const struct pal_performance_options *options)
{
    struct pal_performance *performance = pal_calloc(1, sizeof(*performance));
    performance->options = *options;
    if (!(options->speed > 0.0F)) {
        performance->options.speed = SPEED_DEFAULT;
    }
    if (options->hold_us <= 0) {
        performance->options.hold_us = HOLD_US;
    }
    performance->face.speed = performance->options.speed;
    performance->face.auto_blink = options->auto_blink;
    performance->face.auto_head = options->auto_head;
    performance->mouth_due_us = INT64_MAX;
    performance->rest_due_us = INT64_MAX;
    performance->fanout = pal_fanout_create(loop);
    (void)uv_timer_init(loop, &performance->timer);
    performance->timer.data = performance;
    show(performance);
    return performance;
}

static void
on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void
pal_performance_close(struct pal_performance *performance)
{
    if (performance == NULL) {
        return;
    }
    PAL_ASSERT(performance->n_thinking + performance->n_speaking == 0);
    pal_fanout_close(performance->fanout);
    uv_close((uv_handle_t *)&performance->timer, on_closed);
}

bool
pal_performance_add_link(struct pal_performance *performance, struct pal_link link)
{
    return pal_fanout_add(performance->fanout, link);
}

void
pal_performance_remove_link(struct pal_performance *performance, const void *self)
{
    pal_fanout_remove(performance->fanout, self);
}

const struct pal_face *
pal_performance_face(const struct pal_performance *performance)
{
    return &performance->face;
}

enum pal_err
pal_performance_render(const struct pal_performance *performance, struct pal_buf *out)
{
    return pal_fanout_render(performance->fanout, out);
}
