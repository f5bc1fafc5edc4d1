#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/metrics.h"
#include "chat/sched.h"
#include "fake_engine.h"
#include "util/mem.h"

/* What a sink saw. */
struct seen {
    struct fixture *f;
    uint64_t turn_id;
    int n_started;
    int n_ends;
    struct pal_turn_end end;
    char text[64];
    uint64_t cancel_on_text; /* turn to cancel from inside text() */
    bool submits_again;      /* from inside end() */
};

struct fixture {
    uv_loop_t loop;
    struct pal_metrics *metrics;
    struct pal_engine *engine;
    struct pal_sched *sched;
    int64_t now_us;
    bool is_inside_call; /* no end() may come now */
    bool is_closed;
    struct seen seen[32];
    size_t n_seen;
};

static int64_t
fixture_now_us(void *userdata)
{
    return ((struct fixture *)userdata)->now_us;
}

static void
on_engine_event(const struct pal_event *event, void *userdata)
{
    pal_sched_on_event(event, ((struct fixture *)userdata)->sched);
}

static void
setup(struct fixture *f, const struct pal_sched_options *options)
{
    *f = (struct fixture){.now_us = 1000000};
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->metrics = pal_metrics_create();
    f->engine = fake_engine_create(on_engine_event, f);
    struct pal_sched_options o = *options;
    o.clock = (struct pal_clock){.now_us = fixture_now_us, .userdata = f};
    assert_int_equal(pal_sched_create(&f->loop, &o, f->metrics, &f->sched, NULL), PAL_OK);
    pal_sched_set_engine(f->sched, f->engine);
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

/* Closes in the order of the program: the engine's turns end first, then those that wait. */
static void
teardown(struct fixture *f)
{
    while (fake_engine_n_running(f->engine) > 0) {
        fake_engine_finish(f->engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    }
    pal_sched_set_engine(f->sched, NULL);
    pal_sched_close(f->sched, on_closed, f);
    assert_false(f->is_closed);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_true(f->is_closed);
    for (size_t i = 0; i < f->n_seen; i++) {
        assert_int_equal(f->seen[i].n_ends, 1);
    }
    fake_engine_destroy(f->engine);
    pal_metrics_destroy(f->metrics);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static enum pal_err submit(struct fixture *f, const char *user, int64_t deadline_us);

static void
seen_started(void *self, uint64_t turn_id)
{
    struct seen *seen = self;
    assert_int_equal(turn_id, seen->turn_id);
    assert_false(seen->f->is_inside_call);
    assert_int_equal(seen->n_ends, 0);
    seen->n_started++;
}

static void
seen_text(void *self, const char *text, size_t len)
{
    struct seen *seen = self;
    assert_int_equal(seen->n_started, 1);
    assert_int_equal(seen->n_ends, 0);
    size_t at = strlen(seen->text);
    (void)snprintf(seen->text + at, sizeof(seen->text) - at, "%.*s", (int)len, text);
    if (seen->cancel_on_text != 0) {
        seen->f->is_inside_call = true;
        pal_sched_cancel(seen->f->sched, seen->cancel_on_text);
        seen->f->is_inside_call = false;
    }
}

static void
seen_end(void *self, const struct pal_turn_end *ended)
{
    struct seen *seen = self;
    assert_false(seen->f->is_inside_call);
    assert_int_equal(ended->turn_id, seen->turn_id);
    seen->n_ends++;
    seen->end = *ended;
    if (seen->submits_again) {
        seen->submits_again = false;
        assert_int_equal(submit(seen->f, "again", 0), PAL_OK);
    }
}

static const struct pal_sink_ops seen_ops = {
    .started = seen_started, .text = seen_text, .end = seen_end};

static struct pal_job
one_line_job(const char *text)
{
    struct pal_job job = {.sampling = pal_sampling_default()};
    assert_int_equal(pal_job_add_message(&job, PAL_ROLE_USER, text, strlen(text)), PAL_OK);
    return job;
}

static enum pal_err
submit_request(struct fixture *f, struct pal_turn_request *request)
{
    assert_true(f->n_seen < PAL_COUNT_OF(f->seen));
    struct seen *seen = &f->seen[f->n_seen];
    *seen = (struct seen){.f = f};
    request->source = "test";
    request->sink = (struct pal_sink){.ops = &seen_ops, .self = seen};
    struct pal_error error = {0};
    f->is_inside_call = true;
    enum pal_err err = pal_sched_submit(f->sched, request, &seen->turn_id, &error);
    f->is_inside_call = false;
    if (err == PAL_OK) {
        assert_null(request->job.messages);
        f->n_seen++;
    } else {
        assert_int_equal(error.code, err);
        assert_true(error.text[0] != '\0');
        pal_job_finish(&request->job);
    }
    return err;
}

static enum pal_err
submit(struct fixture *f, const char *user, int64_t deadline_us)
{
    struct pal_turn_request request = {.user = user, .job = one_line_job("salut")};
    request.job.deadline_us = deadline_us;
    return submit_request(f, &request);
}

static void
cancel(struct fixture *f, uint64_t turn_id)
{
    f->is_inside_call = true;
    pal_sched_cancel(f->sched, turn_id);
    f->is_inside_call = false;
}

static void
test_turn_is_taken_spoken_and_done(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    assert_int_equal(submit(&f, "me", 0), PAL_OK);
    assert_int_equal(pal_sched_n_waiting(f.sched), 1);
    settle(&f);
    assert_int_equal(pal_sched_n_waiting(f.sched), 0);
    assert_int_equal(pal_sched_n_running(f.sched), 1);
    assert_int_equal(fake_engine_job(f.engine, 0)->submitted_us, 1000000);
    fake_engine_say(f.engine, 0, "bon");
    fake_engine_say(f.engine, 0, "jour");
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_LENGTH);
    assert_int_equal(f.seen[0].n_ends, 1);
    assert_string_equal(f.seen[0].text, "bonjour");
    assert_int_equal(f.seen[0].end.outcome, PAL_OUTCOME_DONE);
    assert_string_equal(f.seen[0].end.finish_reason, "length");
    assert_int_equal(f.seen[0].end.usage.completion_tokens, 3);
    assert_int_equal(pal_sched_n_running(f.sched), 0);
    teardown(&f);
}

static void
test_only_max_concurrent_run_and_the_rest_follow(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    for (int i = 0; i < 8; i++) {
        assert_int_equal(submit(&f, NULL, 0), PAL_OK);
    }
    settle(&f);
    int n_done = 0;
    while (fake_engine_n_running(f.engine) > 0) {
        assert_true(fake_engine_n_running(f.engine) <= 4);
        assert_int_equal(pal_sched_n_waiting(f.sched), n_done < 4 ? 4 - n_done : 0);
        fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
        n_done++;
        settle(&f);
    }
    assert_int_equal(n_done, 8);
    teardown(&f);
}

static void
test_one_who_sends_ten_lines_does_not_hold_up_another(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 1, .max_waiting_per_user = 10});
    for (int i = 0; i < 10; i++) {
        assert_int_equal(submit(&f, "chatty", 0), PAL_OK);
    }
    assert_int_equal(submit(&f, "shy", 0), PAL_OK);
    settle(&f);
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(&f);
    assert_int_equal(fake_engine_job(f.engine, 0)->turn_id, f.seen[10].turn_id);
    teardown(&f);
}

static void
test_full_line_refuses_and_says_when_to_come_back(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){
                  .max_concurrent = 1, .max_waiting = 5, .max_waiting_per_user = 2});
    pal_sched_set_engine(f.sched, NULL);
    assert_int_equal(submit(&f, "me", 0), PAL_OK);
    assert_int_equal(submit(&f, "me", 0), PAL_OK);
    assert_int_equal(submit(&f, "me", 0), PAL_ERR_BUSY);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(&f, NULL, 0), PAL_OK);
    }
    assert_int_equal(submit(&f, "another", 0), PAL_ERR_BUSY);
    /* 5 wait at 2 s each (nothing has been measured yet), half of them gone: 3 turns. */
    assert_int_equal(pal_sched_retry_after_seconds(f.sched), 6);
    teardown(&f);
}

static void
test_a_line_far_too_long_for_a_deadline_refuses_at_once(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 1, .max_waiting_per_user = 20});
    /* What a turn takes is not known before one has ended: nobody is refused by a guess. */
    for (int i = 0; i < 6; i++) {
        assert_int_equal(submit(&f, "anna", 0), PAL_OK);
    }
    assert_int_equal(submit(&f, "ben", f.now_us + 1000), PAL_OK);
    settle(&f);
    f.now_us += 20000000;
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(&f);
    /* Four wait, and each takes some seconds. */
    assert_int_equal(pal_sched_n_waiting(f.sched), 4);
    assert_int_equal(submit(&f, "ben", f.now_us + 1000000), PAL_ERR_BUSY);
    assert_int_equal(submit(&f, "ben", f.now_us + 60000000), PAL_OK);
    assert_int_equal(submit(&f, "ben", 0), PAL_OK);
    teardown(&f);
}

static void
test_ended_turns_that_have_not_been_told_take_up_room(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_waiting = 3});
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(&f, "me", 0), PAL_OK);
        cancel(&f, f.seen[i].turn_id);
    }
    assert_int_equal(pal_sched_n_waiting(f.sched), 0);
    assert_int_equal(submit(&f, "me", 0), PAL_ERR_BUSY);
    settle(&f);
    assert_int_equal(submit(&f, "me", 0), PAL_OK);
    teardown(&f);
}

static void
test_cancel_of_waiting_turn_never_reaches_engine(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 1});
    assert_int_equal(submit(&f, "a", 0), PAL_OK);
    assert_int_equal(submit(&f, "b", 0), PAL_OK);
    settle(&f);
    cancel(&f, f.seen[1].turn_id);
    cancel(&f, f.seen[1].turn_id);
    cancel(&f, 12345);
    assert_int_equal(f.seen[1].n_ends, 0);
    settle(&f);
    assert_int_equal(f.seen[1].n_ends, 1);
    assert_int_equal(f.seen[1].n_started, 0);
    assert_int_equal(f.seen[1].end.outcome, PAL_OUTCOME_CANCELLED);
    assert_int_equal(f.seen[1].end.error.code, PAL_ERR_CANCELLED);
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(&f);
    assert_int_equal(fake_engine_n_taken(f.engine), 1);
    teardown(&f);
}

static void
test_cancelled_reply_ends_cancelled_and_silent_even_if_it_won_the_race(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    assert_int_equal(submit(&f, "a", 0), PAL_OK);
    settle(&f);
    fake_engine_say(f.engine, 0, "one");
    cancel(&f, f.seen[0].turn_id);
    assert_true(fake_engine_is_cancelled(f.engine, 0));
    fake_engine_say(f.engine, 0, "two");
    assert_int_equal(f.seen[0].n_ends, 0);
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    assert_string_equal(f.seen[0].text, "one");
    assert_int_equal(f.seen[0].end.outcome, PAL_OUTCOME_CANCELLED);
    assert_null(f.seen[0].end.finish_reason);
    assert_int_equal(f.seen[0].end.usage.completion_tokens, 3);
    teardown(&f);
}

static void
test_sink_may_cancel_itself_and_others_and_submit_again(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 2});
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(&f, "a", 0), PAL_OK);
    }
    settle(&f);
    f.seen[0].cancel_on_text = f.seen[2].turn_id; /* a waiting one */
    f.seen[1].cancel_on_text = f.seen[1].turn_id; /* itself */
    f.seen[2].submits_again = true;
    fake_engine_say(f.engine, 0, "x");
    fake_engine_say(f.engine, 1, "y");
    settle(&f);
    assert_int_equal(f.seen[2].end.outcome, PAL_OUTCOME_CANCELLED);
    assert_int_equal(f.n_seen, 4);
    fake_engine_finish(f.engine, 1, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    assert_int_equal(f.seen[1].end.outcome, PAL_OUTCOME_CANCELLED);
    settle(&f);
    assert_int_equal(fake_engine_job(f.engine, 1)->turn_id, f.seen[3].turn_id);
    teardown(&f);
}

static void
test_engine_that_dies_fails_its_turns_and_those_that_wait_run_later(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 1});
    assert_int_equal(submit(&f, "a", 0), PAL_OK);
    assert_int_equal(submit(&f, "b", 0), PAL_OK);
    settle(&f);
    fake_engine_say(f.engine, 0, "half an ans");
    fake_engine_die(f.engine);
    assert_int_equal(f.seen[0].end.outcome, PAL_OUTCOME_FAILED);
    assert_int_equal(f.seen[0].end.error.code, PAL_ERR_ENGINE);
    settle(&f);
    assert_int_equal(f.seen[1].n_ends, 0);
    assert_int_equal(submit(&f, "c", 0), PAL_OK); /* comes while it restarts: waits */
    settle(&f);
    assert_int_equal(fake_engine_n_running(f.engine), 0);
    fake_engine_set_state(f.engine, PAL_ENGINE_READY, NULL);
    settle(&f);
    assert_int_equal(fake_engine_job(f.engine, 0)->turn_id, f.seen[1].turn_id);
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(&f);
    assert_int_equal(fake_engine_job(f.engine, 0)->turn_id, f.seen[2].turn_id);
    teardown(&f);
}

static void
test_engine_that_failed_for_good_fails_the_line_with_its_reason(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    fake_engine_set_state(f.engine, PAL_ENGINE_LOADING, NULL);
    assert_int_equal(submit(&f, "a", 0), PAL_OK);
    assert_int_equal(submit(&f, "b", 0), PAL_OK);
    settle(&f);
    assert_int_equal(pal_sched_n_waiting(f.sched), 2);
    fake_engine_set_state(f.engine, PAL_ENGINE_FAILED, "cannot load 'x.gguf': it is a picture");
    settle(&f);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(f.seen[i].end.outcome, PAL_OUTCOME_FAILED);
        assert_int_equal(f.seen[i].end.error.code, PAL_ERR_MODEL);
        assert_string_equal(f.seen[i].end.error.text, "cannot load 'x.gguf': it is a picture");
    }
    assert_int_equal(submit(&f, "c", 0), PAL_ERR_MODEL);
    teardown(&f);
}

static void
test_turn_waits_for_an_engine_and_moves_to_its_successor(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 2});
    assert_int_equal(submit(&f, "a", 0), PAL_OK);
    settle(&f);
    pal_sched_set_engine(f.sched, NULL);
    assert_int_equal(submit(&f, "b", 0), PAL_OK);
    settle(&f);
    assert_int_equal(pal_sched_n_waiting(f.sched), 1);
    struct pal_engine *successor = fake_engine_create(on_engine_event, &f);
    pal_sched_set_engine(f.sched, successor);
    settle(&f);
    assert_int_equal(fake_engine_job(successor, 0)->turn_id, f.seen[1].turn_id);
    assert_int_equal(pal_sched_n_running_in(f.sched, f.engine), 1);
    assert_int_equal(pal_sched_n_running_in(f.sched, successor), 1);
    /* A cancel goes to the engine that has the turn. */
    cancel(&f, f.seen[0].turn_id);
    assert_true(fake_engine_is_cancelled(f.engine, 0));
    assert_false(fake_engine_is_cancelled(successor, 0));
    fake_engine_finish(f.engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    assert_int_equal(pal_sched_n_running_in(f.sched, f.engine), 0);
    assert_int_equal(pal_sched_n_running_in(f.sched, successor), 1);
    fake_engine_finish(successor, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    fake_engine_destroy(successor);
    pal_sched_set_engine(f.sched, NULL);
    teardown(&f);
}

static void
test_busy_engine_gets_the_turn_again_and_a_refused_job_fails(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    fake_engine_set_slots(f.engine, 1);
    assert_int_equal(submit(&f, "a", 0), PAL_OK);
    assert_int_equal(submit(&f, "b", 0), PAL_OK);
    settle(&f);
    assert_int_equal(pal_sched_n_running(f.sched), 1);
    assert_int_equal(pal_sched_n_waiting(f.sched), 1);
    fake_engine_refuse_next(f.engine, PAL_ERR_LIMIT);
    fake_engine_finish(f.engine, 0, PAL_EVENT_DONE, PAL_FINISH_STOP);
    settle(&f);
    assert_int_equal(f.seen[1].end.outcome, PAL_OUTCOME_FAILED);
    assert_int_equal(f.seen[1].end.error.code, PAL_ERR_LIMIT);
    assert_string_equal(f.seen[1].end.error.text, "refused by the fake engine");
    teardown(&f);
}

static void
test_bad_job_is_refused_at_the_door(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    struct pal_turn_request request = {.job = one_line_job("salut")};
    request.job.sampling.temperature = 9.0f;
    assert_int_equal(submit_request(&f, &request), PAL_ERR_ARGUMENT);
    assert_int_equal(pal_sched_n_waiting(f.sched), 0);
    teardown(&f);
}

static void
test_deadline_ends_a_waiting_turn_and_spares_the_others(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 1});
    assert_int_equal(submit(&f, "runs", f.now_us + 500), PAL_OK);
    settle(&f);
    assert_int_equal(submit(&f, "late", f.now_us + 1000), PAL_OK);
    assert_int_equal(submit(&f, "later", f.now_us + 2000), PAL_OK);
    assert_int_equal(submit(&f, "none", 0), PAL_OK);
    settle(&f);
    f.now_us += 1500;
    assert_int_equal(submit(&f, "last", 0), PAL_OK); /* any work looks at the deadlines */
    settle(&f);
    assert_int_equal(f.seen[0].n_ends, 0); /* running: the engine's business */
    assert_int_equal(f.seen[1].n_ends, 1);
    assert_int_equal(f.seen[1].end.outcome, PAL_OUTCOME_FAILED);
    assert_int_equal(f.seen[1].end.error.code, PAL_ERR_TIMEOUT);
    assert_int_equal(f.seen[2].n_ends, 0);
    assert_int_equal(f.seen[3].n_ends, 0);
    teardown(&f);
}

static void
on_hang(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing happened for 100 s");
}

static void
test_deadline_comes_by_itself_while_nothing_else_happens(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_int_equal(uv_loop_init(&f.loop), 0);
    f.metrics = pal_metrics_create();
    f.engine = fake_engine_create(on_engine_event, &f);
    /* The system's clock; no engine, as while it restarts. */
    assert_int_equal(
        pal_sched_create(&f.loop, &(struct pal_sched_options){0}, f.metrics, &f.sched, NULL),
        PAL_OK);
    uv_timer_t hang;
    assert_int_equal(uv_timer_init(&f.loop, &hang), 0);
    assert_int_equal(uv_timer_start(&hang, on_hang, 100000, 0), 0);
    assert_int_equal(submit(&f, "me", pal_now_us() + 20 * PAL_US_PER_MS), PAL_OK);
    while (f.seen[0].n_ends == 0) {
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    }
    assert_int_equal(f.seen[0].end.error.code, PAL_ERR_TIMEOUT);
    uv_close((uv_handle_t *)&hang, NULL);
    teardown(&f);
}

struct preparation {
    struct seen seen; /* first: sink.self is both */
    const char *text;
    int n_calls;
    enum pal_err err;
};

static enum pal_err
prepare(void *self, struct pal_job *job, struct pal_error *error)
{
    struct preparation *preparation = self;
    assert_false(preparation->seen.f->is_inside_call);
    assert_int_equal(job->n_messages, 0);
    preparation->n_calls++;
    if (preparation->err != PAL_OK) {
        return pal_error_set(error, preparation->err, "not prepared");
    }
    return pal_job_add_message(job, PAL_ROLE_USER, preparation->text, strlen(preparation->text));
}

static void
submit_prepared(struct fixture *f, struct preparation *preparation, const char *conversation)
{
    preparation->seen.f = f;
    struct pal_turn_request request = {
        .source = "test",
        .user = "me",
        .job = {.conversation = pal_strdup(conversation), .sampling = pal_sampling_default()},
        .sink = {.ops = &seen_ops, .self = preparation},
        .prepare = prepare,
    };
    f->is_inside_call = true;
    assert_int_equal(pal_sched_submit(f->sched, &request, &preparation->seen.turn_id, NULL),
                     PAL_OK);
    f->is_inside_call = false;
}

static void
test_lines_of_one_conversation_run_one_after_the_other(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    struct preparation first = {.text = "1"}, second = {.text = "2"}, other = {.text = "3"};
    submit_prepared(&f, &first, "a");
    submit_prepared(&f, &second, "a");
    settle(&f);
    assert_int_equal(fake_engine_n_running(f.engine), 1);
    assert_int_equal(second.n_calls, 0);
    pal_sched_cancel(f.sched, first.seen.turn_id); /* being stopped is still running */
    settle(&f);
    assert_int_equal(fake_engine_n_running(f.engine), 1);
    fake_engine_finish(f.engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    settle(&f);
    assert_int_equal(second.n_calls, 1);
    assert_string_equal(fake_engine_job(f.engine, 0)->messages[0].text, "2");
    submit_prepared(&f, &other, "b");
    settle(&f);
    assert_int_equal(fake_engine_n_running(f.engine), 2);
    teardown(&f);
}

static void
test_preparation_is_made_anew_when_the_engine_was_busy_and_may_fail(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    struct preparation p = {.text = "1"}, bad = {.err = PAL_ERR_LIMIT};
    fake_engine_refuse_next(f.engine, PAL_ERR_BUSY);
    submit_prepared(&f, &p, "a");
    settle(&f);
    assert_int_equal(p.n_calls, 1);
    assert_int_equal(fake_engine_n_running(f.engine), 0);
    fake_engine_set_state(f.engine, PAL_ENGINE_READY, NULL);
    settle(&f);
    assert_int_equal(p.n_calls, 2);
    assert_int_equal(fake_engine_job(f.engine, 0)->n_messages, 1);
    submit_prepared(&f, &bad, "b");
    settle(&f);
    assert_int_equal(bad.seen.n_ends, 1);
    assert_int_equal(bad.seen.end.error.code, PAL_ERR_LIMIT);
    assert_string_equal(bad.seen.end.error.text, "not prepared");
    teardown(&f);
}

static void
test_event_of_an_unknown_turn_is_ignored(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){0});
    assert_int_equal(submit(&f, "a", 0), PAL_OK); /* waiting: the engine does not know it yet */
    struct pal_event done = {.kind = PAL_EVENT_DONE, .turn_id = f.seen[0].turn_id};
    pal_sched_on_event(&done, f.sched);
    done.turn_id = 999;
    pal_sched_on_event(&done, f.sched);
    assert_int_equal(f.seen[0].n_ends, 0);
    teardown(&f);
}

static void
test_close_ends_every_turn_whatever_it_was_doing(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_concurrent = 2});
    for (int i = 0; i < 5; i++) {
        assert_int_equal(submit(&f, "a", 0), PAL_OK);
    }
    settle(&f);
    cancel(&f, f.seen[0].turn_id); /* stopping */
    cancel(&f, f.seen[4].turn_id); /* ended, not told yet */
    pal_sched_close(f.sched, on_closed, &f);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(f.seen[i].n_ends, 1);
        assert_int_equal(f.seen[i].end.outcome, PAL_OUTCOME_CANCELLED);
    }
    assert_true(fake_engine_is_cancelled(f.engine, 1));
    /* The engine's last words come until the scheduler is gone, and change nothing. */
    while (fake_engine_n_running(f.engine) > 0) {
        fake_engine_say(f.engine, 0, "late");
        fake_engine_finish(f.engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    }
    assert_int_equal(f.seen[1].n_ends, 1);
    (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_true(f.is_closed);
    pal_sched_close(NULL, on_closed, &f);
    fake_engine_destroy(f.engine);
    pal_metrics_destroy(f.metrics);
    assert_int_equal(uv_loop_close(&f.loop), 0);
}

/*
 * accepted = done + failed + cancelled, each exactly once, over 10,000 random operations. The
 * counters are those that /metrics shows, so its arithmetic is checked as well.
 */
struct tally {
    struct fixture *f;
    uint64_t n_accepted;
    uint64_t n_refused;
    uint64_t n_ended[3];
};

struct tallied {
    struct tally *tally;
    uint64_t turn_id;
    bool is_started;
};

static void
tallied_started(void *self, uint64_t turn_id)
{
    struct tallied *turn = self;
    assert_false(turn->is_started);
    assert_int_equal(turn->turn_id, turn_id);
    turn->is_started = true;
}

static void
tallied_text(void *self, const char *text, size_t len)
{
    (void)text;
    assert_true(((struct tallied *)self)->is_started);
    assert_true(len > 0);
}

static void
tallied_end(void *self, const struct pal_turn_end *ended)
{
    struct tallied *turn = self;
    assert_false(turn->tally->f->is_inside_call);
    assert_int_equal(turn->turn_id, ended->turn_id);
    turn->tally->n_ended[ended->outcome]++;
    free(turn); /* a second end() would be a use after free, which ASan shows */
}

static const struct pal_sink_ops tallied_ops = {
    .started = tallied_started, .text = tallied_text, .end = tallied_end};

static enum pal_err
prepare_tallied(void *self, struct pal_job *job, struct pal_error *error)
{
    const struct tallied *turn = self;
    assert_false(turn->is_started);
    if (turn->turn_id % 16 == 0) {
        return pal_error_set(error, PAL_ERR_LIMIT, "not prepared");
    }
    return pal_job_add_message(job, PAL_ROLE_USER, "salut", 5);
}

static void
submit_tallied(struct tally *tally, uint32_t dice)
{
    static const char *const users[] = {"a", "b", "c", NULL};
    static const char *const conversations[] = {"x", "y", "z"};
    struct fixture *f = tally->f;
    struct tallied *turn = pal_calloc(1, sizeof(*turn));
    turn->tally = tally;
    struct pal_turn_request request = {
        .source = "test",
        .user = users[dice % 4],
        .job = one_line_job("salut"),
        .sink = {.ops = &tallied_ops, .self = turn},
    };
    request.job.deadline_us = dice % 3 == 0 ? f->now_us + (dice / 16) % 3000 : 0;
    if (dice % 5 < 2) {
        pal_job_finish(&request.job);
        request.job.sampling = pal_sampling_default();
        request.job.conversation = pal_strdup(conversations[dice / 32 % 3]);
        request.prepare = prepare_tallied;
    }
    f->is_inside_call = true;
    enum pal_err err = pal_sched_submit(f->sched, &request, &turn->turn_id, NULL);
    f->is_inside_call = false;
    if (err == PAL_OK) {
        tally->n_accepted++;
    } else {
        tally->n_refused++;
        pal_job_finish(&request.job);
        free(turn);
    }
}

static void
expect_one_turn_of_a_conversation(const struct fixture *f)
{
    int n_of[3] = {0};
    for (size_t i = 0; i < fake_engine_n_running(f->engine); i++) {
        const char *conversation = fake_engine_job(f->engine, i)->conversation;
        if (conversation != NULL) {
            n_of[conversation[0] - 'x']++;
        }
    }
    assert_true(n_of[0] <= 1 && n_of[1] <= 1 && n_of[2] <= 1);
}

static void
random_operation(struct tally *tally, uint32_t dice)
{
    struct fixture *f = tally->f;
    size_t n_running = fake_engine_n_running(f->engine);
    uint32_t what = dice % 100;
    uint32_t which = dice / 128;
    static const enum pal_event_kind finals[] = {PAL_EVENT_DONE, PAL_EVENT_DONE, PAL_EVENT_FAILED,
                                                 PAL_EVENT_CANCELLED};
    if (what < 45) {
        submit_tallied(tally, which);
    } else if (what < 60) {
        /* Ids near the newest: some wait, some run, some are long gone. */
        cancel(f, tally->n_accepted > 20 ? tally->n_accepted - which % 20 : which % 20);
    } else if (what < 80 && n_running > 0) {
        fake_engine_finish(f->engine, which % n_running, finals[which / 8 % 4],
                           (enum pal_finish)(which / 32 % 3));
    } else if (what < 88 && n_running > 0) {
        fake_engine_say(f->engine, which % n_running, "mot ");
    } else if (what < 90) {
        fake_engine_die(f->engine);
    } else if (what < 91) {
        fake_engine_set_state(f->engine, PAL_ENGINE_FAILED, "no model");
    } else if (what < 94) {
        fake_engine_set_state(f->engine, PAL_ENGINE_READY, NULL);
    } else if (what < 95) {
        fake_engine_refuse_next(f->engine, which % 2 == 0 ? PAL_ERR_BUSY : PAL_ERR_LIMIT);
    } else if (what < 96) {
        pal_sched_set_engine(f->sched, which % 4 == 0 ? NULL : f->engine);
    } else {
        f->now_us += which % 1000;
    }
}

static uint64_t
metric(const struct pal_buf *page, const char *name)
{
    const char *at = strstr(page->data, name);
    assert_non_null(at);
    return strtoull(at + strlen(name), NULL, 10);
}

static void
test_accepted_is_done_plus_failed_plus_cancelled(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, &(struct pal_sched_options){.max_waiting = 16, .max_waiting_per_user = 6});
    struct tally tally = {.f = &f};
    uint32_t seed = 20261122;
    for (int i = 0; i < 10000; i++) {
        seed = seed * 1664525u + 1013904223u;
        random_operation(&tally, seed >> 4);
        if (seed >> 30 != 0) {
            (void)uv_run(&f.loop, UV_RUN_NOWAIT);
        }
        assert_true(pal_sched_n_running(f.sched) <= 4);
        assert_int_equal(pal_sched_n_running(f.sched), fake_engine_n_running(f.engine));
        assert_true(pal_sched_n_waiting(f.sched) <= 16);
        expect_one_turn_of_a_conversation(&f);
    }
    while (fake_engine_n_running(f.engine) > 0) {
        fake_engine_finish(f.engine, 0, PAL_EVENT_CANCELLED, PAL_FINISH_STOP);
    }
    struct pal_metrics *metrics = f.metrics;
    f.metrics = NULL;
    teardown(&f);

    uint64_t n_ended = tally.n_ended[0] + tally.n_ended[1] + tally.n_ended[2];
    assert_int_equal(n_ended, tally.n_accepted);
    for (int outcome = PAL_OUTCOME_DONE; outcome <= PAL_OUTCOME_CANCELLED; outcome++) {
        assert_true(tally.n_ended[outcome] > 100);
    }
    assert_true(tally.n_refused > 100);
    struct pal_buf page;
    pal_buf_init(&page, 65536);
    assert_int_equal(pal_metrics_render(metrics, &(struct pal_metrics_now){0}, &page), PAL_OK);
    assert_int_equal(metric(&page, "accepted_total{source=\"test\"} "), tally.n_accepted);
    assert_int_equal(metric(&page, "source=\"test\",outcome=\"done\"} "), tally.n_ended[0]);
    assert_int_equal(metric(&page, "source=\"test\",outcome=\"failed\"} "), tally.n_ended[1]);
    assert_int_equal(metric(&page, "source=\"test\",outcome=\"cancelled\"} "), tally.n_ended[2]);
    pal_buf_finish(&page);
    pal_metrics_destroy(metrics);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn_is_taken_spoken_and_done),
        cmocka_unit_test(test_only_max_concurrent_run_and_the_rest_follow),
        cmocka_unit_test(test_one_who_sends_ten_lines_does_not_hold_up_another),
        cmocka_unit_test(test_full_line_refuses_and_says_when_to_come_back),
        cmocka_unit_test(test_a_line_far_too_long_for_a_deadline_refuses_at_once),
        cmocka_unit_test(test_ended_turns_that_have_not_been_told_take_up_room),
        cmocka_unit_test(test_cancel_of_waiting_turn_never_reaches_engine),
        cmocka_unit_test(test_cancelled_reply_ends_cancelled_and_silent_even_if_it_won_the_race),
        cmocka_unit_test(test_sink_may_cancel_itself_and_others_and_submit_again),
        cmocka_unit_test(test_engine_that_dies_fails_its_turns_and_those_that_wait_run_later),
        cmocka_unit_test(test_engine_that_failed_for_good_fails_the_line_with_its_reason),
        cmocka_unit_test(test_turn_waits_for_an_engine_and_moves_to_its_successor),
        cmocka_unit_test(test_busy_engine_gets_the_turn_again_and_a_refused_job_fails),
        cmocka_unit_test(test_bad_job_is_refused_at_the_door),
        cmocka_unit_test(test_deadline_ends_a_waiting_turn_and_spares_the_others),
        cmocka_unit_test(test_deadline_comes_by_itself_while_nothing_else_happens),
        cmocka_unit_test(test_lines_of_one_conversation_run_one_after_the_other),
        cmocka_unit_test(test_preparation_is_made_anew_when_the_engine_was_busy_and_may_fail),
        cmocka_unit_test(test_event_of_an_unknown_turn_is_ignored),
        cmocka_unit_test(test_close_ends_every_turn_whatever_it_was_doing),
        cmocka_unit_test(test_accepted_is_done_plus_failed_plus_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
