#include "engine/cascade.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/breaker.h"
#include "engine/engine_ops.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "cascade"
#include "util/log.h"

#define MEMBERS_MAX (PAL_CASCADE_UPSTREAMS_MAX + 1)
#define NO_MEMBER   SIZE_MAX

struct cascade;

struct member {
    struct cascade *cascade;
    size_t index;
    struct pal_engine *engine; /* owned */
    bool is_local;
    struct pal_breaker breaker;
    uint64_t n_turns;
    uint64_t n_failures;
    uint64_t n_timeouts;
};

struct turn {
    struct turn *next;
    struct pal_job job; /* a copy, until it has said something */
    uint64_t id;
    size_t member;  /* who has it now */
    uint32_t tried; /* bit for each member */
    bool has_text;
    bool is_cancelled;
    int64_t patience_us; /* when the next one is asked; 0 = never */
};

struct cascade {
    struct pal_engine base;
    uv_loop_t *loop;
    pal_engine_event_fn on_event;
    void *userdata;
    struct member members[MEMBERS_MAX];
    size_t n_members;
    size_t n_open; /* members whose engine is not closed yet */
    struct turn *turns;
    struct pal_engine_facts none; /* until somebody is ready */
    struct pal_error failure;
    uv_timer_t timer;
    bool is_closing;
    pal_engine_closed_fn on_closed;
    void *closed_userdata;
};

_Static_assert(MEMBERS_MAX <= 32, "turn.tried has a bit for each");

static void arm(struct cascade *cascade);

static const char *
name_of(const struct member *member)
{
    return member->is_local ? "local" : pal_upstream_name(member->engine);
}

/* ---- who may be asked ---- */

static bool
may_be_asked(struct member *member)
{
    return pal_engine_state(member->engine) == PAL_ENGINE_READY &&
           pal_breaker_allows(&member->breaker, pal_now_us());
}

static size_t
first_choice(struct cascade *cascade, uint32_t but_not)
{
    for (size_t i = 0; i < cascade->n_members; i++) {
        if ((but_not & (UINT32_C(1) << i)) == 0 && may_be_asked(&cascade->members[i])) {
            return i;
        }
    }
    return NO_MEMBER;
}

/* ---- turns ---- */

static struct turn *
find_turn(struct cascade *cascade, uint64_t id)
{
    struct turn *turn = cascade->turns;
    while (turn != NULL && turn->id != id) {
        turn = turn->next;
    }
    return turn;
}

static void
remove_turn(struct cascade *cascade, struct turn *turn)
{
    struct turn **at = &cascade->turns;
    while (*at != turn) {
        at = &(*at)->next;
    }
    *at = turn->next;
    pal_job_finish(&turn->job);
    free(turn);
}

static void
tell_state(struct cascade *cascade)
{
    struct pal_event event = {
        .kind = PAL_EVENT_STATE,
        .state = pal_engine_state(&cascade->base),
        .progress = pal_engine_progress(&cascade->base),
        .facts = *pal_engine_facts(&cascade->base),
        .error = cascade->failure,
    };
    cascade->on_event(&event, cascade->userdata);
}

/* Half of what is left, if somebody else could still answer in the other half. */
static int64_t
patience_for(struct cascade *cascade, const struct turn *turn)
{
    int64_t now_us = pal_now_us();
    int64_t left_us = turn->job.deadline_us - now_us;
    if (turn->job.deadline_us == 0 || left_us <= 0 ||
        first_choice(cascade, turn->tried) == NO_MEMBER) {
        return 0;
    }
    return now_us + left_us / 2;
}

/* Gives the turn to somebody who has not had it. PAL_ERR_BUSY: nobody can take it now. */
static enum pal_err
hand_on(struct cascade *cascade, struct turn *turn, struct pal_error *error)
{
    uint32_t passed = turn->tried; /* and those who are full */
    size_t i;
    while ((i = first_choice(cascade, passed)) != NO_MEMBER) {
        struct member *member = &cascade->members[i];
        passed |= UINT32_C(1) << i;
        struct pal_job job;
        pal_job_copy(&job, &turn->job);
        enum pal_err err = pal_engine_submit(member->engine, &job, error);
        pal_job_finish(&job);
        if (err == PAL_OK) {
            turn->tried |= UINT32_C(1) << i;
            turn->member = i;
            turn->patience_us = patience_for(cascade, turn);
            member->n_turns++;
            pal_breaker_taken(&member->breaker);
            arm(cascade);
            return PAL_OK;
        }
        if (err == PAL_ERR_ARGUMENT || err == PAL_ERR_LIMIT) {
            return err; /* the job is wrong for everyone */
        }
    }
    return pal_error_set(error, PAL_ERR_BUSY, "no engine can take a turn now");
}

static enum pal_breaker_verdict
verdict_on(enum pal_err code)
{
    switch (code) {
    case PAL_ERR_ARGUMENT:
    case PAL_ERR_CONTEXT:
    case PAL_ERR_LIMIT:
    case PAL_ERR_UNSUPPORTED:
        return PAL_BREAKER_IGNORE;
    case PAL_ERR_IO:
    case PAL_ERR_DENIED:
    case PAL_ERR_NOT_FOUND:
    case PAL_ERR_BUSY:
        return PAL_BREAKER_TRIP;
    default:
        return PAL_BREAKER_COUNT;
    }
}

static void
note_failure(struct member *member, enum pal_err code)
{
    int64_t now_us = pal_now_us();
    member->n_failures++;
    member->n_timeouts += code == PAL_ERR_TIMEOUT;
    if (!pal_breaker_failed(&member->breaker, verdict_on(code), now_us)) {
        return;
    }
    int64_t pause_us = member->breaker.open_until_us - now_us;
    pal_log_warn("engine is left alone", "engine=" PAL_LOG_STR " reason=%s pause_ms=%" PRId64,
                 name_of(member), pal_err_name(code), pause_us / PAL_US_PER_MS);
    if (!member->is_local) {
        pal_upstream_suspect(member->engine, pause_us);
    }
    arm(member->cascade);
}

/* What the person is told: our own codes for a stranger's failures mean other things out there. */
static struct pal_error
outward(const struct pal_error *error)
{
    struct pal_error out = *error;
    switch (error->code) {
    case PAL_ERR_TIMEOUT:
    case PAL_ERR_CONTEXT:
    case PAL_ERR_ARGUMENT:
    case PAL_ERR_LIMIT:
        break;
    default:
        out.code = PAL_ERR_ENGINE;
    }
    return out;
}

static void
on_failed(struct cascade *cascade, struct turn *turn, struct member *member,
          const struct pal_event *event)
{
    struct pal_error ignored;
    struct pal_event final = *event;
    note_failure(member, event->error.code);
    if (!turn->has_text && !turn->is_cancelled && !cascade->is_closing &&
        hand_on(cascade, turn, &ignored) == PAL_OK) {
        pal_log_info("turn goes on",
                     "turn=%" PRIu64 " from=" PAL_LOG_STR " to=" PAL_LOG_STR " reason=%s", turn->id,
                     name_of(member), name_of(&cascade->members[turn->member]),
                     pal_err_name(event->error.code));
        return;
    }
    final.error = outward(&event->error);
    remove_turn(cascade, turn);
    cascade->on_event(&final, cascade->userdata);
}

static void
on_turn_event(struct cascade *cascade, struct member *member, const struct pal_event *event)
{
    struct turn *turn = find_turn(cascade, event->turn_id);
    if (turn == NULL || turn->member != member->index) {
        if (event->kind != PAL_EVENT_PIECE && !cascade->is_closing) {
            tell_state(cascade); /* a place has become free there */
        }
        return;
    }
    switch (event->kind) {
    case PAL_EVENT_PIECE:
        if (!turn->has_text && event->len > 0) {
            turn->has_text = true;
            turn->patience_us = 0;
            pal_job_finish(&turn->job);
        }
        cascade->on_event(event, cascade->userdata);
        return;
    case PAL_EVENT_FAILED:
        on_failed(cascade, turn, member, event);
        return;
    case PAL_EVENT_DONE:
        pal_breaker_succeeded(&member->breaker);
        break;
    default:
        pal_breaker_released(&member->breaker);
        break;
    }
    remove_turn(cascade, turn);
    cascade->on_event(event, cascade->userdata);
}

static void
on_member_event(const struct pal_event *event, void *userdata)
{
    struct member *member = userdata;
    struct cascade *cascade = member->cascade;
    if (event->kind != PAL_EVENT_STATE) {
        on_turn_event(cascade, member, event);
        return;
    }
    if (event->state == PAL_ENGINE_READY && !member->is_local) {
        pal_breaker_probed(&member->breaker); /* it answered again */
    }
    if (event->error.code != PAL_OK) {
        cascade->failure = event->error;
    }
    if (!cascade->is_closing) {
        tell_state(cascade);
    }
}

/* ---- time ---- */

/* The next one is asked before the slow one is told to stop, so that the turn is never nobody's. */
static void
lose_patience(struct cascade *cascade, struct turn *turn)
{
    struct member *slow = &cascade->members[turn->member];
    struct pal_error ignored;
    turn->patience_us = 0;
    if (hand_on(cascade, turn, &ignored) != PAL_OK) {
        return; /* then it may go on to the deadline */
    }
    pal_log_info("turn goes on",
                 "turn=%" PRIu64 " from=" PAL_LOG_STR " to=" PAL_LOG_STR " reason=slow", turn->id,
                 name_of(slow), name_of(&cascade->members[turn->member]));
    note_failure(slow, PAL_ERR_TIMEOUT);
    pal_engine_cancel(slow->engine, turn->id);
}

static void
on_timer(uv_timer_t *timer)
{
    struct cascade *cascade = timer->data;
    int64_t now_us = pal_now_us();
    for (struct turn *turn = cascade->turns; turn != NULL; turn = turn->next) {
        if (turn->patience_us != 0 && turn->patience_us <= now_us) {
            lose_patience(cascade, turn);
        }
    }
    bool has_opened = false;
    for (size_t i = 0; i < cascade->n_members; i++) {
        struct member *member = &cascade->members[i];
        bool was_open = member->is_local && member->breaker.state == PAL_BREAKER_OPEN;
        has_opened = (was_open && pal_breaker_allows(&member->breaker, now_us)) || has_opened;
    }
    if (has_opened) {
        tell_state(cascade);
    }
    arm(cascade);
}

/* Wakes when somebody's patience ends, or the pause of an engine that nobody looks at. */
static void
arm(struct cascade *cascade)
{
    int64_t at_us = INT64_MAX;
    for (const struct turn *turn = cascade->turns; turn != NULL; turn = turn->next) {
        at_us = turn->patience_us != 0 && turn->patience_us < at_us ? turn->patience_us : at_us;
    }
    for (size_t i = 0; i < cascade->n_members; i++) {
        const struct pal_breaker *breaker = &cascade->members[i].breaker;
        if (cascade->members[i].is_local && breaker->state == PAL_BREAKER_OPEN) {
            at_us = breaker->open_until_us < at_us ? breaker->open_until_us : at_us;
        }
    }
    if (at_us == INT64_MAX || cascade->is_closing) {
        (void)uv_timer_stop(&cascade->timer);
        return;
    }
    int64_t delay_us = at_us - pal_now_us();
    uint64_t delay_ms = delay_us > 0 ? (uint64_t)(delay_us / PAL_US_PER_MS) + 1 : 0;
    (void)uv_timer_start(&cascade->timer, on_timer, delay_ms, 0);
}

/* ---- the boundary ---- */

static enum pal_engine_state
cascade_state(const struct pal_engine *base)
{
    const struct cascade *cascade = (const struct cascade *)base;
    enum pal_engine_state state = PAL_ENGINE_FAILED;
    if (cascade->is_closing) {
        return PAL_ENGINE_STOPPED;
    }
    for (size_t i = 0; i < cascade->n_members; i++) {
        const struct member *member = &cascade->members[i];
        enum pal_engine_state one = pal_engine_state(member->engine);
        if (one == PAL_ENGINE_READY && member->breaker.state != PAL_BREAKER_OPEN) {
            return PAL_ENGINE_READY;
        }
        if (one == PAL_ENGINE_LOADING) {
            state = PAL_ENGINE_LOADING;
        } else if (one != PAL_ENGINE_FAILED && state == PAL_ENGINE_FAILED) {
            state = PAL_ENGINE_STARTING;
        }
    }
    return state;
}

static enum pal_err
cascade_submit(struct pal_engine *base, struct pal_job *job, struct pal_error *error)
{
    struct cascade *cascade = (struct cascade *)base;
    if (cascade_state(base) == PAL_ENGINE_FAILED) {
        return pal_error_set(error, PAL_ERR_MODEL, "%s", cascade->failure.text);
    }
    if (find_turn(cascade, job->turn_id) != NULL) {
        return pal_error_set(error, PAL_ERR_ARGUMENT, "turn %" PRIu64 " is running already",
                             job->turn_id);
    }
    struct turn *turn = pal_calloc(1, sizeof(*turn));
    turn->id = job->turn_id;
    turn->job = *job; /* lent, so that nothing is lost if nobody takes it */
    enum pal_err err = hand_on(cascade, turn, error);
    if (err != PAL_OK) {
        free(turn);
        return err;
    }
    *job = (struct pal_job){0};
    turn->next = cascade->turns;
    cascade->turns = turn;
    arm(cascade);
    return PAL_OK;
}

static void
cascade_cancel(struct pal_engine *base, uint64_t turn_id)
{
    struct cascade *cascade = (struct cascade *)base;
    struct turn *turn = find_turn(cascade, turn_id);
    if (turn != NULL) {
        turn->is_cancelled = true;
        turn->patience_us = 0;
        pal_engine_cancel(cascade->members[turn->member].engine, turn_id);
    }
}

/* Of the one that is asked first now; while there is none, of the one that was. */
static const struct pal_engine_facts *
cascade_facts(const struct pal_engine *base)
{
    const struct cascade *cascade = (const struct cascade *)base;
    const struct pal_engine_facts *known = &cascade->none;
    for (size_t i = cascade->n_members; i > 0; i--) {
        const struct member *member = &cascade->members[i - 1];
        const struct pal_engine_facts *facts = pal_engine_facts(member->engine);
        bool is_ready = pal_engine_state(member->engine) == PAL_ENGINE_READY;
        if (is_ready || (known == &cascade->none && facts->model_name[0] != '\0')) {
            known = facts;
        }
    }
    return known;
}

static float
cascade_progress(const struct pal_engine *base)
{
    const struct cascade *cascade = (const struct cascade *)base;
    return pal_engine_progress(cascade->members[0].engine);
}

static const struct pal_error *
cascade_failure(const struct pal_engine *base)
{
    return &((const struct cascade *)base)->failure;
}

static uint32_t
cascade_n_restarts(const struct pal_engine *base)
{
    return pal_engine_n_restarts(((const struct cascade *)base)->members[0].engine);
}

static struct pal_engine_held
cascade_held(const struct pal_engine *base)
{
    return pal_engine_held(((const struct cascade *)base)->members[0].engine);
}

static struct pal_engine_pace
cascade_pace(const struct pal_engine *base)
{
    return pal_engine_pace(((const struct cascade *)base)->members[0].engine);
}

static int
cascade_pid(const struct pal_engine *base)
{
    return pal_engine_pid(((const struct cascade *)base)->members[0].engine);
}

static size_t
cascade_n_parts(const struct pal_engine *base)
{
    return ((const struct cascade *)base)->n_members;
}

static void
cascade_part(const struct pal_engine *base, size_t i, struct pal_engine_part *part)
{
    const struct member *member = &((const struct cascade *)base)->members[i];
    *part = (struct pal_engine_part){
        .state = pal_engine_state(member->engine),
        .breaker = pal_breaker_name(member->breaker.state),
        .n_turns = member->n_turns,
        .n_failures = member->n_failures,
        .n_timeouts = member->n_timeouts,
    };
    (void)snprintf(part->name, sizeof(part->name), "%s", name_of(member));
}

/* ---- closing ---- */

static void
on_timer_closed(uv_handle_t *handle)
{
    struct cascade *cascade = handle->data;
    pal_engine_closed_fn on_closed = cascade->on_closed;
    void *userdata = cascade->closed_userdata;
    free(cascade);
    if (on_closed != NULL) {
        on_closed(userdata);
    }
}

static void
on_member_closed(void *userdata)
{
    struct cascade *cascade = userdata;
    if (--cascade->n_open == 0) {
        uv_close((uv_handle_t *)&cascade->timer, on_timer_closed);
    }
}

static void
cascade_close(struct pal_engine *base, pal_engine_closed_fn on_closed, void *userdata)
{
    struct cascade *cascade = (struct cascade *)base;
    PAL_ASSERT(!cascade->is_closing);
    cascade->is_closing = true;
    cascade->on_closed = on_closed;
    cascade->closed_userdata = userdata;
    (void)uv_timer_stop(&cascade->timer);
    cascade->n_open = cascade->n_members + 1; /* ours, so that it ends but once */
    for (size_t i = 0; i < cascade->n_members; i++) {
        struct pal_engine *engine = cascade->members[i].engine;
        pal_engine_close(engine, on_member_closed, cascade);
    }
    on_member_closed(cascade);
}

static const struct pal_engine_ops cascade_ops = {
    .submit = cascade_submit,
    .cancel = cascade_cancel,
    .state = cascade_state,
    .facts = cascade_facts,
    .progress = cascade_progress,
    .failure = cascade_failure,
    .n_restarts = cascade_n_restarts,
    .pace = cascade_pace,
    .held = cascade_held,
    .pid = cascade_pid,
    .n_parts = cascade_n_parts,
    .part = cascade_part,
    .close = cascade_close,
};

/* ---- opening ---- */

static enum pal_err
open_members(struct cascade *cascade, const struct pal_cascade_options *options,
             struct pal_error *error)
{
    enum pal_err err = PAL_OK;
    bool has_local = options->local != NULL;
    for (size_t i = 0; err == PAL_OK && i < options->n_upstreams + has_local; i++) {
        struct member *member = &cascade->members[i];
        member->cascade = cascade;
        member->index = i;
        member->is_local = has_local && i == 0;
        if (member->is_local) {
            err = pal_engine_open(cascade->loop, options->local, on_member_event, member,
                                  &member->engine, error);
        } else {
            err = pal_upstream_open(cascade->loop, &options->upstreams[i - has_local],
                                    on_member_event, member, &member->engine, error);
        }
        cascade->n_members += err == PAL_OK;
    }
    return err;
}

enum pal_err
pal_cascade_open(uv_loop_t *loop, const struct pal_cascade_options *options,
                 pal_engine_event_fn on_event, void *userdata, struct pal_engine **out,
                 struct pal_error *error)
{
    *out = NULL;
    if (options->local == NULL && options->n_upstreams == 0) {
        return pal_error_set(error, PAL_ERR_CONFIG, "there is no engine: no model, no upstream");
    }
    if (options->n_upstreams > PAL_CASCADE_UPSTREAMS_MAX) {
        return pal_error_set(error, PAL_ERR_CONFIG, "more than %d upstreams",
                             PAL_CASCADE_UPSTREAMS_MAX);
    }
    struct cascade *cascade = pal_calloc(1, sizeof(*cascade));
    cascade->base.ops = &cascade_ops;
    cascade->loop = loop;
    cascade->on_event = on_event;
    cascade->userdata = userdata;
    (void)uv_timer_init(loop, &cascade->timer);
    cascade->timer.data = cascade;
    enum pal_err err = open_members(cascade, options, error);
    if (err != PAL_OK) {
        cascade_close(&cascade->base, NULL, NULL);
        return err;
    }
    *out = &cascade->base;
    return PAL_OK;
}
