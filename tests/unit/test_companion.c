#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/companion.h"
#include "chat/heart.h"
#include "chat/metrics.h"
#include "fake_engine.h"
#include "util/mem.h"

#define S PAL_US_PER_S

struct heard {
    char text[600];
    int n_started;
    int n_ends;
    enum pal_outcome outcome;
    const char *say_next; /* from inside end() */
    struct fixture *f;
};

struct fixture {
    uv_loop_t loop;
    struct pal_metrics *metrics;
    struct pal_engine *engine;
    struct pal_sched *sched;
    struct pal_companion *companion;
    int64_t now_us;
    bool is_closed;
    uint64_t turn_id; /* of the last line */
    struct heard heard[16];
    size_t n_heard;
};

static int64_t
fixture_now_us(void *userdata)
{
    return ((struct fixture *)userdata)->now_us;
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    pal_sched_on_event(event, ((struct fixture *)userdata)->sched);
}

static void
setup(struct fixture *f, struct pal_companion_options options)
{
    *f = (struct fixture){.now_us = 1000 * S};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->metrics = pal_metrics_create();
    f->engine = fake_engine_create(on_event, f);
    struct pal_clock clock = {.now_us = fixture_now_us, .userdata = f};
    assert_int_equal(pal_sched_create(&f->loop, &(struct pal_sched_options){.clock = clock},
                                      f->metrics, &f->sched, NULL),
                     PAL_OK);
    pal_sched_set_engine(f->sched, f->engine);
    options.clock = clock;
    options.sampling = pal_sampling_default();
    options.sampling.max_tokens = 100;
    assert_int_equal(pal_companion_create(&f->loop, &options, f->sched, &f->companion, NULL),
                     PAL_OK);
}

static void
settle(struct fixture *f)
{
    for (int i = 0; i < 4; i++) {
        (void)uv_run(&f->loop, UV_RUN_NOWAIT);
    }
}

static void
on_closed(void *userdata)
{
    ((struct fixture *)userdata)->is_closed = true;
}

static void
teardown(struct fixture *f)
{
    while (fake_engine_n_running(f->engine) > 0) {
        fake_engine_finish(f->engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    }
    pal_sched_set_engine(f->sched, NULL);
    pal_sched_close(f->sched, NULL, NULL);
    pal_companion_close(f->companion, on_closed, f);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_true(f->is_closed);
    for (size_t i = 0; i < f->n_heard; i++) {
        assert_int_equal(f->heard[i].n_ends, 1);
    }
    fake_engine_destroy(f->engine);
    pal_metrics_destroy(f->metrics);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void say(struct fixture *f, const char *key, const char *text);

static void
heard_started(void *self, uint64_t turn_id)
{
    (void)turn_id;
    ((struct heard *)self)->n_started++;
}

static void
heard_text(void *self, const char *text, size_t len)
{
    struct heard *heard = self;
    size_t at = strlen(heard->text);
    (void)snprintf(heard->text + at, sizeof(heard->text) - at, "%.*s", (int)len, text);
}

static void
heard_end(void *self, const struct pal_turn_end *ended)
{
    struct heard *heard = self;
    heard->n_ends++;
    heard->outcome = ended->outcome;
    if (heard->say_next != NULL) {
        say(heard->f, "me", heard->say_next);
    }
}

static const struct pal_sink_ops heard_ops = {
    .started = heard_started, .text = heard_text, .end = heard_end};

static enum pal_err
try_say(struct fixture *f, const char *key, const char *text)
{
    assert_true(f->n_heard < PAL_COUNT_OF(f->heard));
    struct heard *heard = &f->heard[f->n_heard];
    *heard = (struct heard){.f = f};
    struct pal_sink sink = {.ops = &heard_ops, .self = heard};
    struct pal_error error = {0};
    enum pal_err err =
        pal_companion_say(f->companion, "test", key, key, text, sink, &f->turn_id, &error);
    if (err == PAL_OK) {
        f->n_heard++;
    } else {
        assert_true(error.text[0] != '\0');
    }
    return err;
}

static void
say(struct fixture *f, const char *key, const char *text)
{
    assert_int_equal(try_say(f, key, text), PAL_OK);
}

/* A whole exchange. */
static void
exchange(struct fixture *f, const char *key, const char *line, const char *reply)
{
    say(f, key, line);
    settle(f);
    fake_engine_say(f->engine, 0, reply);
    fake_engine_finish(f->engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(f);
}

/* The messages of the job that runs, as "role:text|role:text". */
static void
expect_job(const struct fixture *f, const char *expected)
{
    const struct pal_job *job = fake_engine_job(f->engine, 0);
    char text[1024] = "";
    for (size_t i = 0; i < job->n_messages; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at, "%s%c:%s", i > 0 ? "|" : "",
                       pal_role_name(job->messages[i].role)[0], job->messages[i].text);
    }
    assert_string_equal(text, expected);
}

static void
test_line_goes_out_with_persona_and_history(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){.persona = "Be Pal."});
    say(&f, "me", "salut");
    settle(&f);
    expect_job(&f, "s:Be Pal.|u:salut");
    const struct pal_job *job = fake_engine_job(f.engine, 0);
    assert_string_equal(job->conversation, "me");
    assert_int_equal(job->sampling.max_tokens, 100);
    assert_int_equal(job->submitted_us, 1000 * S);
    assert_int_equal(job->deadline_us, 1010 * S); /* model_timeout, from the line's arrival */
    fake_engine_say(f.engine, 0, "bon");
    fake_engine_say(f.engine, 0, "jour");
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    assert_string_equal(f.heard[0].text, "bonjour");
    assert_int_equal(f.heard[0].n_started, 1);
    say(&f, "me", "ça va ?");
    say(&f, "you", "hi");
    settle(&f);
    expect_job(&f, "s:Be Pal.|u:salut|a:bonjour|u:ça va ?");
    fake_engine_finish(f.engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    expect_job(&f, "s:Be Pal.|u:hi");
    teardown(&f);
}

static void
test_twelve_messages_are_kept_and_the_new_line_comes_on_top(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){0});
    for (int i = 0; i < 10; i++) {
        char line[8];
        (void)snprintf(line, sizeof(line), "%d", i);
        exchange(&f, "me", line, "r");
    }
    say(&f, "me", "last");
    settle(&f);
    expect_job(&f, "u:4|a:r|u:5|a:r|u:6|a:r|u:7|a:r|u:8|a:r|u:9|a:r|u:last");
    teardown(&f);
}

static void
test_second_line_sees_the_reply_to_the_first(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){0});
    say(&f, "me", "one");
    say(&f, "me", "two");
    settle(&f);
    assert_int_equal(fake_engine_n_running(f.engine), 1);
    fake_engine_say(f.engine, 0, "reply");
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(&f);
    expect_job(&f, "u:one|a:reply|u:two");
    teardown(&f);
}

static void
test_line_said_from_inside_end_sees_that_reply(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){0});
    say(&f, "me", "one");
    f.heard[0].say_next = "two";
    settle(&f);
    fake_engine_say(f.engine, 0, "reply");
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(&f);
    expect_job(&f, "u:one|a:reply|u:two");
    teardown(&f);
}

static void
test_only_what_was_sent_is_remembered(void **state)
{
    (void)state;
    static const struct {
        const char *text; /* NULL = none came */
        bool is_cancelled;
        enum pal_event_kind final;
        const char *next_job;
    } rows[] = {
        {"reply", false, PAL_EVENT_DONE, "u:line|a:reply|u:next"},
        {NULL, false, PAL_EVENT_DONE, "u:next"},
        {"half", true, PAL_EVENT_CANCELLED, "u:line|a:half|u:next"},
        {"half", true, PAL_EVENT_DONE, "u:line|a:half|u:next"},
        {NULL, true, PAL_EVENT_CANCELLED, "u:next"},
        {"half", false, PAL_EVENT_FAILED, "u:next"},
        {NULL, false, PAL_EVENT_FAILED, "u:next"},
    };
    for (size_t i = 0; i < PAL_COUNT_OF(rows); i++) {
        struct fixture f;
        setup(&f, (struct pal_companion_options){0});
        say(&f, "me", "line");
        settle(&f);
        if (rows[i].text != NULL) {
            fake_engine_say(f.engine, 0, rows[i].text);
        }
        if (rows[i].is_cancelled) {
            pal_sched_cancel(f.sched, f.turn_id);
            fake_engine_say(f.engine, 0, "too late to be sent");
        }
        fake_engine_finish(f.engine, 0, rows[i].final, PAL_FINISH_STOP);
        say(&f, "me", "next");
        settle(&f);
        expect_job(&f, rows[i].next_job);
        teardown(&f);
    }
}

static void
test_forgotten_conversation_does_not_remember_the_turn_that_was_running(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){0});
    exchange(&f, "me", "old", "reply");
    say(&f, "me", "running");
    settle(&f);
    pal_companion_forget(f.companion, "me");
    assert_int_equal(pal_companion_n_conversations(f.companion), 0);
    say(&f, "me", "fresh");
    fake_engine_say(f.engine, 0, "of before");
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    assert_string_equal(f.heard[1].text, "of before");
    settle(&f);
    expect_job(&f, "u:fresh");
    teardown(&f);
}

static void
on_alive(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing was swept");
}

static void
test_idle_conversation_is_swept_by_the_timer(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){.max_idle_us = S / 10});
    exchange(&f, "me", "line", "reply");
    assert_int_equal(pal_companion_n_conversations(f.companion), 1);
    f.now_us += S;
    uv_timer_t alive; /* the sweep alone does not keep the loop running */
    assert_int_equal(uv_timer_init(&f.loop, &alive), 0);
    assert_int_equal(uv_timer_start(&alive, on_alive, 20000, 0), 0);
    while (pal_companion_n_conversations(f.companion) > 0) {
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&alive, NULL);
    teardown(&f);
}

static void
test_bad_lines_are_refused_and_leave_no_trace(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){0});
    static char long_line[PAL_COMPANION_LINE_BYTES_MAX + 2];
    memset(long_line, 'a', sizeof(long_line) - 1);
    assert_int_equal(try_say(&f, "me", ""), PAL_ERR_ARGUMENT);
    assert_int_equal(try_say(&f, "me", " \t "), PAL_ERR_ARGUMENT);
    assert_int_equal(try_say(&f, "me", "caf\xc3"), PAL_ERR_ARGUMENT);
    assert_int_equal(try_say(&f, "me", long_line), PAL_ERR_LIMIT);
    assert_int_equal(pal_companion_n_conversations(f.companion), 0);
    long_line[PAL_COMPANION_LINE_BYTES_MAX] = '\0';
    assert_int_equal(try_say(&f, "me", long_line), PAL_OK);
    fake_engine_set_state(f.engine, PAL_ENGINE_FAILED, "no model");
    assert_int_equal(try_say(&f, "you", "salut"), PAL_ERR_MODEL);
    assert_int_equal(pal_companion_n_conversations(f.companion), 1);
    teardown(&f);
}

static void
test_persona_can_change_and_a_deadline_can_be_off(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){.persona = "", .model_timeout_us = -1});
    say(&f, "me", "one");
    settle(&f);
    expect_job(&f, "u:one");
    assert_int_equal(fake_engine_job(f.engine, 0)->deadline_us, 0);
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    pal_companion_set_persona(f.companion, "Be brief.");
    say(&f, "me", "two");
    settle(&f);
    expect_job(&f, "s:Be brief.|u:two");
    teardown(&f);
}

static void
test_endless_reply_is_sent_whole_and_remembered_in_part(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){0});
    say(&f, "me", "line");
    settle(&f);
    static char piece[60 * 1024];
    memset(piece, 'x', sizeof(piece) - 1);
    for (int i = 0; i < 6; i++) {
        fake_engine_say(f.engine, 0, piece);
    }
    fake_engine_say(f.engine, 0, "would fit, but behind a hole");
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_LENGTH);
    say(&f, "me", "next");
    settle(&f);
    const struct pal_job *job = fake_engine_job(f.engine, 0);
    assert_int_equal(job->n_messages, 3);
    assert_int_equal(strlen(job->messages[1].text), 4 * (sizeof(piece) - 1));
    teardown(&f);
}

static void
test_care_and_what_is_known_by_heart_need_no_engine(void **state)
{
    (void)state;
    struct fixture f;
    struct pal_heart *heart = NULL;
    assert_int_equal(pal_heart_create(NULL, &heart, NULL), PAL_OK);
    setup(&f, (struct pal_companion_options){.heart = heart, .cares = true});
    say(&f, "me", "c'est quoi python ?");
    assert_int_equal(f.heard[0].n_ends, 0); /* never from inside the call */
    settle(&f);
    assert_int_equal(f.heard[0].outcome, PAL_OUTCOME_DONE);
    assert_string_equal(f.heard[0].text, "Python ? Le langage qui me permet d'exister ! 🐍");
    say(&f, "me", "je veux mourir");
    settle(&f);
    assert_non_null(strstr(f.heard[1].text, "Merci de l'avoir dit"));
    assert_int_equal(fake_engine_n_taken(f.engine), 0);
    say(&f, "me", "et toi ?");
    settle(&f);
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 5); /* they are part of the talk */
    teardown(&f);
    pal_heart_destroy(heart);
}

static void
test_a_line_that_waits_can_be_replaced(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, (struct pal_companion_options){0});
    fake_engine_set_slots(f.engine, 0);
    say(&f, "me", "first");
    settle(&f);
    assert_true(pal_companion_is_waiting(f.companion, f.turn_id));
    assert_true(pal_companion_amend(f.companion, f.turn_id, "second", NULL));
    assert_false(pal_companion_amend(f.companion, f.turn_id, "", NULL));
    fake_engine_set_slots(f.engine, 4);
    say(&f, "you", "hop");
    settle(&f);
    expect_job(&f, "u:second");
    assert_false(pal_companion_is_waiting(f.companion, f.turn_id - 1));
    assert_false(pal_companion_amend(f.companion, f.turn_id - 1, "third", NULL));
    teardown(&f);
}

static void
wait_for_end(struct fixture *f, uv_loop_t *loop)
{
    for (int i = 0; i < 60000 && f->heard[0].n_ends == 0; i++) {
        (void)uv_run(loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    assert_int_equal(f->heard[0].n_ends, 1);
}

static void
test_a_conversation_goes_on_after_a_restart(void **state)
{
    (void)state;
    char folder[] = "/tmp/palabre-companion-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = pal_printf("%s/memory.db", folder);
    for (int round = 0; round < 3; round++) {
        struct fixture f;
        uv_loop_t loop; /* the store's: it outlives the companion */
        assert_int_equal(uv_loop_init(&loop), 0);
        struct pal_store *store = NULL;
        const struct pal_store_options options = {.path = path};
        assert_int_equal(pal_store_open(&loop, &options, &store, NULL), PAL_OK);
        setup(&f, (struct pal_companion_options){.store = store});
        say(&f, "me", round == 0 ? "one" : "two");
        settle(&f);
        expect_job(&f, round == 0 ? "u:one" : round == 1 ? "u:one|a:yes|u:two" : "u:two");
        fake_engine_say(f.engine, 0, "yes");
        fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
        wait_for_end(&f, &loop);
        if (round == 1) {
            pal_companion_forget(f.companion, "me");
        }
        teardown(&f);
        pal_store_close(store, NULL, NULL);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < PAL_COUNT_OF(endings); i++) {
        char *file = pal_printf("%s%s", path, endings[i]);
        (void)unlink(file);
        free(file);
    }
    (void)rmdir(folder);
    free(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_goes_out_with_persona_and_history),
        cmocka_unit_test(test_twelve_messages_are_kept_and_the_new_line_comes_on_top),
        cmocka_unit_test(test_second_line_sees_the_reply_to_the_first),
        cmocka_unit_test(test_line_said_from_inside_end_sees_that_reply),
        cmocka_unit_test(test_only_what_was_sent_is_remembered),
        cmocka_unit_test(test_forgotten_conversation_does_not_remember_the_turn_that_was_running),
        cmocka_unit_test(test_idle_conversation_is_swept_by_the_timer),
        cmocka_unit_test(test_bad_lines_are_refused_and_leave_no_trace),
        cmocka_unit_test(test_persona_can_change_and_a_deadline_can_be_off),
        cmocka_unit_test(test_endless_reply_is_sent_whole_and_remembered_in_part),
        cmocka_unit_test(test_care_and_what_is_known_by_heart_need_no_engine),
        cmocka_unit_test(test_a_line_that_waits_can_be_replaced),
        cmocka_unit_test(test_a_conversation_goes_on_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
