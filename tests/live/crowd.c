#include "test.h"

#include "crowd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "live_model.h"
#include "util/mem.h"

#define AT_ONCE  6
#define GUARD_MS 120000

unsigned
crowd_count(const char *name, unsigned sample)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : sample;
}

uint32_t
crowd_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* ---- turns ---- */

static void
on_started(void *self, uint64_t turn_id)
{
    struct crowd_turn *turn = self;
    turn->id = turn_id;
    turn->left_for_us = turn->crowd->place_left_us;
    turn->crowd->place_left_us = 0;
}

static void
on_text(void *self, const char *text, size_t len)
{
    struct crowd_turn *turn = self;
    assert_true(text != NULL && len > 0);
    turn->first_us = turn->first_us == 0 ? pal_now_us() : turn->first_us;
    assert_int_equal(pal_buf_append(&turn->text, text, len), PAL_OK);
}

static void
on_end(void *self, const struct pal_turn_end *ended)
{
    struct crowd_turn *turn = self;
    struct crowd *c = turn->crowd;
    struct crowd_turn **at = &c->turns;
    while (*at != NULL && *at != turn) {
        at = &(*at)->next;
    }
    assert_ptr_equal(*at, turn); /* none ends twice */
    *at = turn->next;
    c->n_in_flight--;
    c->n_done += ended->outcome == PAL_OUTCOME_DONE;
    c->n_failed += ended->outcome == PAL_OUTCOME_FAILED;
    c->n_cancelled += ended->outcome == PAL_OUTCOME_CANCELLED;
    if (ended->outcome == PAL_OUTCOME_FAILED) {
        assert_true(ended->error.text[0] != '\0'); /* they are told why */
    }
    c->talking = ended->turn_id == c->talking ? 0 : c->talking;
    if (c->on_end != NULL) {
        c->on_end(c, turn, ended);
    }
    pal_buf_finish(&turn->text);
    free(turn);
}

static const struct pal_sink_ops sink_ops = {
    .started = on_started,
    .text = on_text,
    .end = on_end,
};

uint64_t
crowd_ask(struct crowd *c, const char *text)
{
    struct crowd_turn *turn = pal_calloc(1, sizeof(*turn));
    struct pal_turn_request request = {.source = "api", .sink = {.ops = &sink_ops, .self = turn}};
    struct pal_error error;
    turn->crowd = c;
    turn->asked_us = pal_now_us();
    pal_buf_init(&turn->text, 1u << 20);
    request.job.submitted_us = turn->asked_us;
    request.job.deadline_us = c->patience_us != 0 ? turn->asked_us + c->patience_us : 0;
    request.job.sampling = pal_sampling_default();
    request.job.sampling.temperature = c->temperature;
    request.job.sampling.max_tokens = c->max_tokens;
    request.job.sampling.ignore_eos = !c->may_stop;
    assert_int_equal(pal_job_add_message(&request.job, PAL_ROLE_USER, text, strlen(text)), PAL_OK);
    c->n_asked++;
    if (pal_sched_submit(c->sched, &request, &turn->id, &error) != PAL_OK) {
        c->n_refused++;
        pal_job_finish(&request.job);
        pal_buf_finish(&turn->text);
        free(turn);
        return 0;
    }
    c->n_in_flight++;
    turn->next = c->turns;
    c->turns = turn;
    return turn->id;
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    struct crowd *c = userdata;
    if (event->kind == PAL_EVENT_STATE && event->state == PAL_ENGINE_READY) {
        c->n_ready++;
        c->ready_us = pal_now_us();
    } else if (event->kind == PAL_EVENT_PIECE) {
        c->talking = event->turn_id;
    }
    if (c->sched != NULL) {
        pal_sched_on_event(event, c->sched);
    }
}

/* ---- time ---- */

static void
on_guard(uv_timer_t *timer)
{
    ((struct crowd *)timer->data)->is_hung = true;
}

void
crowd_is_alive(struct crowd *c)
{
    (void)uv_timer_start(&c->guard, on_guard, GUARD_MS, 0);
}

void
crowd_go_on(struct crowd *c)
{
    for (unsigned i = c->n_in_flight; c->is_open && i < c->n_at_once; i++) {
        (void)crowd_ask(c, c->ask);
    }
    (void)uv_run(&c->loop, UV_RUN_ONCE);
    if (c->is_hung) {
        fail_msg("hung: %u turns have no end", c->n_in_flight);
    }
}

/* Only to wake the loop. */
static void
on_tick(uv_timer_t *timer)
{
    (void)timer;
}

void
crowd_wait_ms(struct crowd *c, uint64_t ms)
{
    int64_t until_us = pal_now_us() + (int64_t)ms * PAL_US_PER_MS;
    (void)uv_timer_start(&c->tick, on_tick, 1, 1);
    while (pal_now_us() < until_us) {
        crowd_go_on(c);
    }
    (void)uv_timer_stop(&c->tick);
}

bool
crowd_wait_ready(struct crowd *c, unsigned n_ready)
{
    while (c->n_ready < n_ready && pal_engine_state(c->engine) != PAL_ENGINE_FAILED) {
        crowd_go_on(c);
    }
    return c->n_ready >= n_ready;
}

void
crowd_finish_turns(struct crowd *c)
{
    bool was_open = c->is_open;
    c->is_open = false;
    crowd_is_alive(c);
    while (c->n_in_flight > 0) {
        crowd_go_on(c);
    }
    c->is_open = was_open;
}

/* ---- from beginning to end ---- */

void
crowd_open(struct crowd *c, const struct pal_engine_options *options)
{
    struct pal_error error;
    struct pal_sched_options sched = {
        .max_concurrent = options->n_sequences,
        .max_waiting = c->n_waiting_max,
    };
    c->n_at_once = c->n_at_once != 0 ? c->n_at_once : AT_ONCE;
    assert_int_equal(uv_loop_init(&c->loop), 0);
    (void)uv_timer_init(&c->loop, &c->guard);
    (void)uv_timer_init(&c->loop, &c->tick);
    c->guard.data = c;
    crowd_is_alive(c);
    c->metrics = pal_metrics_create();
    assert_int_equal(pal_sched_create(&c->loop, &sched, c->metrics, &c->sched, &error), PAL_OK);
    assert_int_equal(pal_engine_open(&c->loop, options, on_event, c, &c->engine, &error), PAL_OK);
    pal_sched_set_engine(c->sched, c->engine);
}

static void
on_closed(void *userdata)
{
    *(bool *)userdata = true;
}

/* The sum of all samples whose line begins like this, and holds `label` ("" = any). */
static uint64_t
metric_sum(const char *page, const char *name, const char *label)
{
    uint64_t sum = 0;
    for (const char *at = strstr(page, name); at != NULL; at = strstr(at + 1, name)) {
        if (at != page && at[-1] != '\n') {
            continue;
        }
        const char *value = strchr(at, ' ');
        const char *found = strstr(at, label);
        bool counts = value != NULL && found != NULL && found < value;
        sum += counts ? strtoull(value, NULL, 10) : 0;
    }
    return sum;
}

static void
check_books(struct crowd *c)
{
    struct pal_buf page;
    pal_buf_init(&page, 1u << 20);
    struct pal_metrics_now now = {.engine = c->engine};
    assert_int_equal(pal_metrics_render(c->metrics, &now, &page), PAL_OK);
    static const char ended[] = "palabre_turns_ended_total";
    assert_int_equal(metric_sum(page.data, "palabre_turns_accepted_total", ""),
                     c->n_asked - c->n_refused);
    assert_int_equal(metric_sum(page.data, ended, "\"done\""), c->n_done);
    assert_int_equal(metric_sum(page.data, ended, "\"failed\""), c->n_failed);
    assert_int_equal(metric_sum(page.data, ended, "\"cancelled\""), c->n_cancelled);
    assert_int_equal(metric_sum(page.data, "palabre_turns_refused_total", ""), c->n_refused);
    pal_buf_finish(&page);
    assert_int_equal(c->n_asked, c->n_done + c->n_failed + c->n_cancelled + c->n_refused);
    assert_null(c->turns);
}

void
crowd_close(struct crowd *c, const char *what)
{
    c->is_open = false;
    crowd_finish_turns(c);
    c->n_restarts = pal_engine_n_restarts(c->engine);
    if (what != NULL) {
        print_message("%s: asked %" PRIu64 " = answered %" PRIu64 " + failed %" PRIu64
                      " + cancelled %" PRIu64 " + refused %" PRIu64 "; restarts %u\n",
                      what, c->n_asked, c->n_done, c->n_failed, c->n_cancelled, c->n_refused,
                      c->n_restarts);
    }
    check_books(c);
    bool is_sched_closed = false;
    bool is_engine_closed = false;
    struct pal_sched *sched = c->sched;
    c->sched = NULL;
    pal_sched_close(sched, on_closed, &is_sched_closed);
    pal_engine_close(c->engine, on_closed, &is_engine_closed);
    uv_close((uv_handle_t *)&c->guard, NULL);
    uv_close((uv_handle_t *)&c->tick, NULL);
    (void)uv_run(&c->loop, UV_RUN_DEFAULT);
    assert_true(is_sched_closed && is_engine_closed);
    assert_int_equal(uv_loop_close(&c->loop), 0);
    pal_metrics_destroy(c->metrics);
}

struct pal_engine_options
crowd_model(void)
{
    const char *starter = live_model_starter();
    return (struct pal_engine_options){
        .program = "/proc/self/exe",
        .model_path = starter != NULL ? starter : live_model_tiny(),
        .n_ctx_tokens = 1024,
        .n_sequences = 4,
        .n_threads = 1, /* beside other tests, two that spin are many times slower */
    };
}
