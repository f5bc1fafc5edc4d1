#include "test.h"

#include <string.h>
#include <uv.h>

#include "output/fanout.h"
#include "output/performance.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/mem.h"

/* At most 60 faces a second. */
#define FRAME_US 16667

/* A link that notes what it is shown. */
struct shown {
    struct pal_face last;
    unsigned n;
    unsigned n_closed;
    char said[256];
    unsigned n_said_ends;
    uint64_t first_ms;
    uv_loop_t *loop;
};

static void
on_face(void *self, const struct pal_face *face)
{
    struct shown *shown = self;
    shown->last = *face;
    shown->n++;
}

static void
on_close(void *self)
{
    struct shown *shown = self;
    shown->n_closed++;
}

static void
on_say(void *self, const char *text, size_t len)
{
    struct shown *shown = self;
    shown->n_said_ends += len == 0 ? 1 : 0;
    size_t room = sizeof(shown->said) - 1 - strlen(shown->said);
    (void)strncat(shown->said, text, len < room ? len : room);
}

static const struct pal_link_ops link_ops = {"test", on_face, on_close, on_say, NULL};

/* The reader behind the performance. */
struct reader {
    struct pal_buf text;
    unsigned n_started;
    unsigned n_ended;
};

static void
on_started(void *self, uint64_t turn_id)
{
    struct reader *reader = self;
    reader->n_started += turn_id == 7 ? 1 : 0;
}

static void
on_text(void *self, const char *text, size_t len)
{
    struct reader *reader = self;
    assert_int_equal(pal_buf_append(&reader->text, text, len), PAL_OK);
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct reader *reader = self;
    reader->n_ended += ended->outcome == PAL_OUTCOME_DONE ? 1 : 0;
}

static const struct pal_sink_ops reader_ops = {on_started, on_text, on_end};

struct scene {
    uv_loop_t loop;
    struct pal_performance *performance;
    struct shown shown;
    struct reader reader;
};

static void
open_scene(struct scene *scene, enum pal_emotion_mode mode, int64_t hold_us)
{
    *scene = (struct scene){.shown = {.n = 0}};
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    struct pal_performance_options options = {.mode = mode, .hold_us = hold_us};
    scene->performance = pal_performance_create(&scene->loop, &options);
    assert_true(
        pal_performance_add_link(scene->performance, (struct pal_link){&link_ops, &scene->shown}));
    pal_buf_init(&scene->reader.text, 8192);
}

static void
close_scene(struct scene *scene)
{
    pal_performance_close(scene->performance);
    assert_int_equal(scene->shown.n_closed, 1);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    pal_buf_finish(&scene->reader.text);
}

static struct pal_sink
wrap(struct scene *scene, const char *key, const char *line)
{
    return pal_performance_wrap(scene->performance, key, line, strlen(line),
                                (struct pal_sink){&reader_ops, &scene->reader});
}

static void
say(struct pal_sink sink, const char *piece)
{
    sink.ops->text(sink.self, piece, strlen(piece));
}

static void
end(struct pal_sink sink)
{
    struct pal_turn_end ended = {
        .turn_id = 7, .outcome = PAL_OUTCOME_DONE, .finish_reason = "stop"};
    sink.ops->end(sink.self, &ended);
}

static void
on_pause_over(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void
pause_ms(struct scene *scene, uint64_t ms)
{
    uv_timer_t timer;
    (void)uv_timer_init(&scene->loop, &timer);
    uv_update_time(&scene->loop);
    (void)uv_timer_start(&timer, on_pause_over, ms, 0);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
}

static void
test_a_reply_moves_the_face_while_it_streams_and_reads_clean(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, PAL_EMOTION_DEFAULT, 0);
    struct pal_sink sink = wrap(&scene, "terminal:me", "salut");
    sink.ops->started(sink.self, 7);
    const struct pal_face *face = pal_performance_face(scene.performance);
    assert_true(face->head_deg[1] > 0.0F); /* it thinks */
    say(sink, "[jo");
    say(sink, "y] Salut");
    assert_true(face->weights[PAL_EXPRESSION_JOY] == 0.8F);
    assert_true(face->head_deg[1] == 0.0F);
    say(sink, ", mais c'est triste.");
    assert_true(face->weights[PAL_EXPRESSION_SORROW] > 0.5F);
    assert_true(face->weights[PAL_EXPRESSION_JOY] == 0.0F); /* the old one is let go */
    end(sink);
    assert_string_equal(scene.reader.text.data, "Salut, mais c'est triste.");
    assert_int_equal(scene.reader.n_started, 1);
    assert_int_equal(scene.reader.n_ended, 1);
    close_scene(&scene);
}

static void
test_the_first_change_goes_out_at_once_and_the_rest_as_one(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, PAL_EMOTION_DEFAULT, 0);
    pause_ms(&scene, 30);
    int64_t began_us = pal_now_us();
    struct pal_sink sink = wrap(&scene, "a", "bonjour");
    unsigned before = scene.shown.n;
    assert_true(scene.shown.last.head_deg[1] > 0.0F);
    for (int i = 0; i < 100; i++) {
        say(sink, i % 2 == 0 ? "triste. " : "heureux. ");
    }
    /* One for each frame that has passed: none, unless this machine is very busy. */
    int64_t n_frames = (pal_now_us() - began_us) / FRAME_US;
    assert_true(scene.shown.n - before <= n_frames);
    bool is_all_shown = memcmp(&scene.shown.last, pal_performance_face(scene.performance),
                               sizeof(scene.shown.last)) == 0;
    before = scene.shown.n;
    for (int i = 0; i < 60000 && !is_all_shown && scene.shown.n == before; i++) {
        pause_ms(&scene, 1);
    }
    assert_int_equal(scene.shown.n, before + (is_all_shown ? 0 : 1));
    assert_true(scene.shown.last.weights[PAL_EXPRESSION_JOY] > 0.5F);
    end(sink);
    close_scene(&scene);
}

static bool
is_at_rest(const struct pal_face *face)
{
    bool rests = true;
    for (size_t i = 0; i < PAL_N_EXPRESSIONS; i++) {
        rests = rests && face->weights[i] == 0.0F;
    }
    return rests;
}

static void
test_the_face_goes_back_to_rest_and_the_mouth_closes(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, PAL_EMOTION_DEFAULT, 250000);
    struct pal_sink sink = wrap(&scene, "a", "ok");
    say(sink, "heureux.");
    end(sink);
    assert_true(pal_performance_face(scene.performance)->weights[PAL_EXPRESSION_U] > 0.0F);
    for (int i = 0; i < 2000 && !is_at_rest(&scene.shown.last); i++) {
        pause_ms(&scene, 30);
    }
    assert_true(is_at_rest(&scene.shown.last));
    close_scene(&scene);
}

static void
test_a_turn_that_never_began_leaves_the_face_as_it_was(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, PAL_EMOTION_DEFAULT, 0);
    struct pal_sink sink = wrap(&scene, "a", "ok");
    assert_true(pal_performance_face(scene.performance)->head_deg[0] != 0.0F);
    pal_performance_unwrap(sink);
    assert_true(pal_performance_face(scene.performance)->head_deg[0] == 0.0F);
    assert_int_equal(scene.reader.n_ended, 0);
    close_scene(&scene);
}

static void
test_someone_who_speaks_is_not_made_to_think(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, PAL_EMOTION_DEFAULT, 0);
    struct pal_sink first = wrap(&scene, "a", "ok");
    say(first, "heureux.");
    struct pal_sink second = wrap(&scene, "b", "je suis triste");
    const struct pal_face *face = pal_performance_face(scene.performance);
    assert_true(face->head_deg[0] == 0.0F);
    assert_true(face->weights[PAL_EXPRESSION_JOY] > 0.5F);
    end(first);
    assert_true(face->head_deg[0] != 0.0F); /* the second one still waits for its words */
    end(second);
    assert_true(face->head_deg[0] == 0.0F);
    close_scene(&scene);
}

static void
test_the_words_of_one_reply_at_a_time_are_said(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, PAL_EMOTION_DEFAULT, 0);
    struct pal_sink first = wrap(&scene, "a", "ok");
    struct pal_sink second = wrap(&scene, "b", "ok");
    assert_true(pal_performance_face(scene.performance)->thinking);
    assert_false(pal_performance_face(scene.performance)->speaking);
    say(first, "[joy] Un. ");
    assert_false(pal_performance_face(scene.performance)->thinking);
    assert_true(pal_performance_face(scene.performance)->speaking);
    say(second, "Deux. ");
    say(first, "Trois.");
    end(first);
    assert_int_equal(scene.shown.n_said_ends, 1);
    say(second, "Quatre."); /* its beginning was not said: nor is its end */
    end(second);
    assert_string_equal(scene.shown.said, "Un. Trois.");
    assert_int_equal(scene.shown.n_said_ends, 1);
    assert_false(pal_performance_face(scene.performance)->speaking);
    struct pal_sink third = wrap(&scene, "b", "ok");
    say(third, " Cinq.");
    end(third);
    assert_string_equal(scene.shown.said, "Un. Trois. Cinq.");
    assert_int_equal(scene.shown.n_said_ends, 2);
    close_scene(&scene);
}

static void
test_the_compatible_mode_shows_once_and_keeps(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene, PAL_EMOTION_COMPATIBLE, 100000);
    const struct pal_face *face = pal_performance_face(scene.performance);
    struct pal_sink sink = wrap(&scene, "a", "ok");
    say(sink, "Je suis content et ravi.");
    assert_true(face->weights[PAL_EXPRESSION_JOY] == 0.0F);
    end(sink);
    assert_true(face->weights[PAL_EXPRESSION_JOY] > 0.65F); /* 4 x 15 x 1.1 = 66 */
    sink = wrap(&scene, "a", "ok");
    say(sink, "Quelle tristesse, je suis triste et désolé.");
    end(sink);
    assert_true(face->weights[PAL_EXPRESSION_SORROW] > 0.5F);
    assert_true(face->weights[PAL_EXPRESSION_JOY] > 0.65F);
    pause_ms(&scene, 250);
    assert_true(face->weights[PAL_EXPRESSION_JOY] > 0.65F);
    close_scene(&scene);
}

static void
test_links_come_and_go_and_there_is_a_limit(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct shown shown[PAL_FANOUT_LINKS_MAX + 1] = {{.n = 0}};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct pal_fanout *fanout = pal_fanout_create(&loop);
    for (size_t i = 0; i <= PAL_FANOUT_LINKS_MAX; i++) {
        bool added = pal_fanout_add(fanout, (struct pal_link){&link_ops, &shown[i]});
        assert_int_equal(added, i < PAL_FANOUT_LINKS_MAX);
        assert_int_equal(shown[i].n, added ? 1 : 0);
    }
    pal_fanout_remove(fanout, &shown[3]);
    assert_int_equal(shown[3].n_closed, 1);
    struct pal_face face = *pal_fanout_face(fanout);
    face.weights[0] = 1.0F;
    pal_fanout_set(fanout, &face);
    assert_int_equal(shown[3].n, 1);
    assert_int_equal(shown[15].n, 2);
    pal_fanout_close(fanout);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_moves_the_face_while_it_streams_and_reads_clean),
        cmocka_unit_test(test_the_first_change_goes_out_at_once_and_the_rest_as_one),
        cmocka_unit_test(test_the_face_goes_back_to_rest_and_the_mouth_closes),
        cmocka_unit_test(test_a_turn_that_never_began_leaves_the_face_as_it_was),
        cmocka_unit_test(test_someone_who_speaks_is_not_made_to_think),
        cmocka_unit_test(test_the_words_of_one_reply_at_a_time_are_said),
        cmocka_unit_test(test_the_compatible_mode_shows_once_and_keeps),
        cmocka_unit_test(test_links_come_and_go_and_there_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
