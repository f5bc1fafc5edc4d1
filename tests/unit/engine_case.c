#include "test.h"

#include "engine_case.h"

#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "util/clock.h"
#include "util/mem.h"

#define GUARD_MS 120000

void
engine_case_main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "engine") == 0) {
        exit(pal_command_engine(argc - 1, argv + 1));
    }
}

const char *
engine_case_program(void)
{
    return "/proc/self/exe";
}

struct engine_turn *
engine_case_turn(struct engine_case *c, uint64_t id)
{
    for (size_t i = 0; i < c->n_turns; i++) {
        if (c->turns[i]->id == id) {
            return c->turns[i];
        }
    }
    return NULL;
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    struct engine_case *c = userdata;
    if (event->kind == PAL_EVENT_STATE) {
        c->n_states[event->state]++;
    } else {
        struct engine_turn *turn = engine_case_turn(c, event->turn_id);
        assert_non_null(turn);
        assert_int_equal(turn->n_finals, 0); /* nothing comes after the end */
        if (event->kind == PAL_EVENT_PIECE) {
            assert_int_equal(pal_buf_append(&turn->text, event->text, event->len), PAL_OK);
            turn->n_pieces++;
        } else {
            turn->last = *event;
            turn->n_finals++;
            c->n_finals++;
        }
    }
    if (c->on_event != NULL) {
        c->on_event(c, event);
    }
}

static void
on_guard(uv_timer_t *timer)
{
    struct engine_case *c = timer->data;
    c->hung = true;
}

void
engine_case_open(struct engine_case *c, const struct pal_engine_options *options)
{
    *c = (struct engine_case){.on_event = c->on_event};
    assert_int_equal(uv_loop_init(&c->loop), 0);
    assert_int_equal(uv_timer_init(&c->loop, &c->guard), 0);
    c->guard.data = c;
    struct pal_error error = {0};
    enum pal_err err = pal_engine_open(&c->loop, options, on_event, c, &c->engine, &error);
    if (err != PAL_OK) {
        fail_msg("pal_engine_open: %s", error.text);
    }
}

static void
run_once(struct engine_case *c)
{
    (void)uv_timer_start(&c->guard, on_guard, GUARD_MS, 0);
    (void)uv_run(&c->loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&c->guard);
    if (c->hung) {
        fail_msg("nothing happened for %d s", GUARD_MS / 1000);
    }
}

void
engine_case_wait_state(struct engine_case *c, enum pal_engine_state state)
{
    while (pal_engine_state(c->engine) != state) {
        if (pal_engine_state(c->engine) == PAL_ENGINE_FAILED) {
            fail_msg("engine failed: %s", pal_engine_failure(c->engine)->text);
        }
        run_once(c);
    }
}

void
engine_case_wait_finals(struct engine_case *c, unsigned n)
{
    while (c->n_finals < n) {
        run_once(c);
    }
}

void
engine_case_wait_piece(struct engine_case *c, uint64_t id)
{
    while (engine_case_turn(c, id)->n_pieces == 0) {
        assert_int_equal(engine_case_turn(c, id)->n_finals, 0);
        run_once(c);
    }
}

void
engine_case_run_ms(struct engine_case *c, uint64_t ms)
{
    c->hung = false;
    (void)uv_timer_start(&c->guard, on_guard, ms, 0);
    while (!c->hung) {
        (void)uv_run(&c->loop, UV_RUN_ONCE);
    }
    c->hung = false;
}

static void
on_closed(void *userdata)
{
    struct engine_case *c = userdata;
    c->is_closed = true;
}

void
engine_case_close(struct engine_case *c)
{
    pal_engine_close(c->engine, on_closed, c);
    while (!c->is_closed) {
        run_once(c);
    }
    uv_close((uv_handle_t *)&c->guard, NULL);
    assert_int_equal(uv_run(&c->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&c->loop), 0);
    for (size_t i = 0; i < c->n_turns; i++) {
        pal_buf_finish(&c->turns[i]->text);
        free(c->turns[i]);
    }
    c->n_turns = 0;
}

struct pal_job
engine_case_job(uint64_t id, const char *first, ...)
{
    struct pal_job job = {
        .turn_id = id,
        .sampling = pal_sampling_default(),
        .submitted_us = pal_now_us(),
    };
    job.sampling.temperature = 0;
    va_list texts;
    va_start(texts, first);
    enum pal_role next = PAL_ROLE_USER;
    for (const char *text = first; text != NULL; text = va_arg(texts, const char *)) {
        enum pal_role role = next;
        if (strncmp(text, "system:", 7) == 0) {
            role = PAL_ROLE_SYSTEM;
            text += 7;
        } else {
            next = role == PAL_ROLE_USER ? PAL_ROLE_ASSISTANT : PAL_ROLE_USER;
        }
        assert_int_equal(pal_job_add_message(&job, role, text, strlen(text)), PAL_OK);
    }
    va_end(texts);
    return job;
}

void
engine_case_submit(struct engine_case *c, struct pal_job *job)
{
    assert_true(c->n_turns < ENGINE_CASE_TURNS_MAX);
    struct engine_turn *turn = pal_calloc(1, sizeof(*turn));
    turn->id = job->turn_id;
    pal_buf_init(&turn->text, 8u << 20);
    c->turns[c->n_turns++] = turn;
    struct pal_error error = {0};
    if (pal_engine_submit(c->engine, job, &error) != PAL_OK) {
        fail_msg("pal_engine_submit: %s", error.text);
    }
    assert_null(job->messages); /* emptied */
}

struct engine_turn *
engine_case_ask(struct engine_case *c, struct pal_job *job)
{
    uint64_t id = job->turn_id;
    engine_case_submit(c, job);
    struct engine_turn *turn = engine_case_turn(c, id);
    while (turn->n_finals == 0) {
        run_once(c);
    }
    return turn;
}
