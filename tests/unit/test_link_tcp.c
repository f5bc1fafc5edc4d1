/* The companion's link against `palabre avatar`'s stage and against worse, on one loop. */
#include "test.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "output/fanout.h"
#include "output/link_tcp.h"
#include "output/stage.h"
#include "util/log.h"
#include "util/mem.h"

/* Nothing here takes longer unless it hangs. */
#define PATIENCE_MS 100000

struct scene {
    uv_loop_t loop;
    uv_timer_t guard;
    struct pal_stage *stage;
    unsigned port;
    struct pal_link_tcp *link;
    struct pal_fanout *fanout;
};

static void
on_guard(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("%s", "the loop waits for something that does not come");
}

static void
open_stage(struct scene *scene, unsigned port)
{
    struct pal_error error;
    struct pal_stage_options options = {.port = port, .seed = 1};
    if (pal_stage_create(&scene->loop, &options, &scene->stage, &error) != PAL_OK) {
        fail_msg("%s", error.text);
    }
    scene->port = pal_stage_port(scene->stage);
}

static void
open_link(struct scene *scene, unsigned port, bool plain)
{
    struct pal_error error;
    struct pal_link_tcp_options options = {.port = port, .plain = plain};
    assert_int_equal(pal_link_tcp_create(&scene->loop, &options, &scene->link, &error), PAL_OK);
    assert_true(pal_fanout_add(scene->fanout, pal_link_tcp_link(scene->link)));
}

static void
open_scene(struct scene *scene)
{
    *scene = (struct scene){.port = 0};
    pal_log_init(PAL_LOG_ERROR, 2);
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    (void)uv_timer_init(&scene->loop, &scene->guard);
    (void)uv_timer_start(&scene->guard, on_guard, PATIENCE_MS, 0);
    scene->fanout = pal_fanout_create(&scene->loop);
}

static void
close_scene(struct scene *scene)
{
    pal_fanout_close(scene->fanout);
    pal_stage_close(scene->stage);
    uv_close((uv_handle_t *)&scene->guard, NULL);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
}

static void
set_joy(struct scene *scene, float weight)
{
    struct pal_face face = *pal_fanout_face(scene->fanout);
    face.weights[PAL_EXPRESSION_JOY] = weight;
    pal_fanout_set(scene->fanout, &face);
}

static void
run_until_joy(struct scene *scene, float weight)
{
    while (pal_stage_puppet(scene->stage)->expressions[PAL_EXPRESSION_JOY].target != weight) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
}

static void
run_until_up(struct scene *scene)
{
    while (!pal_link_tcp_is_up(scene->link)) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
}

/* On a slow machine the answer to the hello may come after the link has settled without it. */
static void
run_until_modern(struct scene *scene)
{
    while (!pal_link_tcp_is_modern(scene->link)) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
}

static void
test_the_face_reaches_the_avatar_and_it_is_modern(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    open_stage(&scene, 0);
    open_link(&scene, scene.port, false);
    set_joy(&scene, 0.75F);
    run_until_joy(&scene, 0.75F);
    run_until_modern(&scene);
    assert_true(pal_link_tcp_is_up(scene.link));
    set_joy(&scene, 0.25F);
    run_until_joy(&scene, 0.25F);
    assert_int_equal(pal_stage_counts(scene.stage)->n_bad, 0);
    close_scene(&scene);
}

static void
test_an_avatar_that_comes_late_or_again_gets_the_whole_face(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    open_stage(&scene, 0);
    unsigned port = scene.port;
    open_link(&scene, port, false);
    set_joy(&scene, 0.5F);
    for (int i = 0; i < 5; i++) {
        run_until_joy(&scene, 0.5F);
        pal_stage_close(scene.stage);
        while (pal_link_tcp_is_up(scene.link)) {
            (void)uv_run(&scene.loop, UV_RUN_ONCE);
        }
        open_stage(&scene, port);
        assert_true(pal_stage_puppet(scene.stage)->expressions[0].target == 0.0F);
    }
    run_until_joy(&scene, 0.5F);
    run_until_up(&scene);
    assert_true(pal_link_tcp_n_connects(scene.link) >= 6);
    close_scene(&scene);
}

struct ended {
    int n;
    enum pal_err err;
    int64_t processed;
};

static void
on_reply(enum pal_err err, const struct pal_avatar_reply *reply, void *userdata)
{
    struct ended *ended = userdata;
    ended->n++;
    ended->err = err;
    ended->processed = reply != NULL ? reply->processed : -1;
}

static void
test_a_batch_is_one_message_and_its_answer_counts_it(void **state)
{
    (void)state;
    struct scene scene;
    struct ended ended = {0};
    struct pal_avatar_command commands[10];
    open_scene(&scene);
    open_stage(&scene, 0);
    open_link(&scene, scene.port, false);
    run_until_modern(&scene);
    set_joy(&scene, 0.5F);
    run_until_joy(&scene, 0.5F); /* nothing else is on its way */
    uint64_t messages = pal_stage_counts(scene.stage)->n_messages;
    for (size_t i = 0; i < 10; i++) {
        commands[i] = (struct pal_avatar_command){.verb = PAL_AVATAR_TEST};
    }
    assert_int_equal(pal_link_tcp_batch(scene.link, commands, 10, 5000000, on_reply, &ended),
                     PAL_OK);
    while (ended.n == 0) {
        (void)uv_run(&scene.loop, UV_RUN_ONCE);
    }
    assert_int_equal(ended.err, PAL_OK);
    assert_int_equal(ended.processed, 10);
    assert_int_equal(pal_stage_counts(scene.stage)->n_messages, messages + 1);
    close_scene(&scene);
}

static void
test_a_critical_command_that_is_not_answered_ends_in_time(void **state)
{
    (void)state;
    struct scene scene;
    struct ended ended = {0};
    open_scene(&scene);
    open_stage(&scene, 0);
    open_link(&scene, scene.port, false);
    run_until_modern(&scene);
    struct pal_avatar_command load = {
        .verb = PAL_AVATAR_LOAD_MODEL, .text = "a.vrm", .text_len = 5};
    assert_int_equal(pal_link_tcp_request(scene.link, &load, 5000000, on_reply, &ended), PAL_OK);
    pal_stage_close(scene.stage); /* it dies before it reads */
    while (ended.n == 0) {
        (void)uv_run(&scene.loop, UV_RUN_ONCE);
    }
    assert_int_equal(ended.err, PAL_ERR_CLOSED);
    scene.stage = NULL;
    close_scene(&scene);
}

/* A peer that accepts and never reads. */
static int
open_deaf(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int small = 4096;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void
test_a_peer_that_never_reads_costs_the_others_nothing(void **state)
{
    (void)state;
    struct scene scene;
    unsigned deaf_port;
    int deaf = open_deaf(&deaf_port);
    open_scene(&scene);
    open_link(&scene, deaf_port, true);
    struct pal_link_tcp *stuck = scene.link;
    open_stage(&scene, 0);
    open_link(&scene, scene.port, false);
    run_until_up(&scene);
    while (!pal_link_tcp_is_up(stuck)) {
        (void)uv_run(&scene.loop, UV_RUN_ONCE);
    }
    char path[1000];
    memset(path, 'x', sizeof(path));
    struct pal_avatar_command move = {
        .verb = PAL_AVATAR_LOAD_MODEL, .text = path, .text_len = sizeof(path)};
    enum pal_err err = PAL_OK;
    for (int i = 0; i < 100000 && err == PAL_OK; i++) {
        err = pal_link_tcp_post(stuck, &move);
    }
    assert_int_equal(err, PAL_ERR_BUSY); /* bounded, and the caller hears of it */
    for (int i = 1; i <= 20; i++) {
        set_joy(&scene, (float)i / 20.0F);
        run_until_joy(&scene, (float)i / 20.0F);
    }
    close_scene(&scene);
    (void)close(deaf);
}

static void
test_metrics_say_who_is_connected_and_how_much_went_out(void **state)
{
    (void)state;
    struct scene scene;
    struct pal_buf out;
    open_scene(&scene);
    open_stage(&scene, 0);
    pal_buf_init(&out, 8192);
    assert_int_equal(pal_fanout_render(scene.fanout, &out), PAL_OK);
    assert_int_equal(out.len, 0);
    open_link(&scene, scene.port, false);
    assert_int_equal(pal_fanout_render(scene.fanout, &out), PAL_OK);
    assert_non_null(strstr(out.data, "\npalabre_avatar_connections{link=\"tcp\"} 0\n"));
    set_joy(&scene, 0.5F);
    run_until_joy(&scene, 0.5F);
    run_until_modern(&scene);
    while (pal_link_tcp_counts(scene.link)->n_round_trips == 0) {
        (void)uv_run(&scene.loop, UV_RUN_ONCE); /* it is silent, so it is pinged */
    }
    pal_buf_clear(&out);
    assert_int_equal(pal_fanout_render(scene.fanout, &out), PAL_OK);
    assert_non_null(strstr(out.data, "\npalabre_avatar_connections{link=\"tcp\"} 1\n"));
    assert_null(strstr(out.data, "palabre_avatar_commands_total{link=\"tcp\"} 0\n"));
    assert_non_null(strstr(out.data, "palabre_avatar_commands_refused_total{link=\"tcp\"} 0\n"));
    static const char series[] = "palabre_avatar_round_trip_seconds{quantile=\"0.95\"} ";
    const char *round_trip = strstr(out.data, series);
    assert_non_null(round_trip);
    assert_true(strtod(round_trip + sizeof(series) - 1, NULL) > 0);
    struct pal_buf short_of_room;
    pal_buf_init(&short_of_room, 600);
    assert_int_equal(pal_fanout_render(scene.fanout, &short_of_room), PAL_ERR_LIMIT);
    pal_buf_finish(&short_of_room);
    pal_buf_finish(&out);
    close_scene(&scene);
}

static void
test_an_address_that_is_none_is_said(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct pal_error error;
    struct pal_link_tcp *link = NULL;
    struct pal_link_tcp_options options = {.host = "not an address"};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(pal_link_tcp_create(&loop, &options, &link, &error), PAL_ERR_CONFIG);
    assert_non_null(strstr(error.text, "not an address"));
    assert_int_equal(uv_loop_close(&loop), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_face_reaches_the_avatar_and_it_is_modern),
        cmocka_unit_test(test_an_avatar_that_comes_late_or_again_gets_the_whole_face),
        cmocka_unit_test(test_a_batch_is_one_message_and_its_answer_counts_it),
        cmocka_unit_test(test_a_critical_command_that_is_not_answered_ends_in_time),
        cmocka_unit_test(test_a_peer_that_never_reads_costs_the_others_nothing),
        cmocka_unit_test(test_metrics_say_who_is_connected_and_how_much_went_out),
        cmocka_unit_test(test_an_address_that_is_none_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
