#include "commands/switch.h"

#include <stdlib.h>
#include <string.h>

#include "commands/engines.h"
#include "commands/planning.h"
#include "commands/switch_room.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "switch"
#include "util/log.h"

#define LOADING_MAX_US (600 * PAL_US_PER_S) /* a big model from a slow disk */
#define ENDING_MAX_US  (300 * PAL_US_PER_S) /* no reply is that long; one that is ends CANCELLED */
#define HANDING_MAX_US (10 * PAL_US_PER_S)  /* then the new one computes again what it lacks */
/* A staged start goes on when nobody has been answered for so long, or after so long at the latest.
 */
#define STAGE_IDLE_US (2 * PAL_US_PER_S)
#define STAGE_MAX_US  (20 * PAL_US_PER_S)
#define STAGE_LOOK_MS 250

/* One engine, and whose it is: its events name no engine. */
struct place {
    struct pal_switch *owner;
    struct pal_engine *engine; /* NULL until it is open */
};

struct pal_switch {
    uv_loop_t *loop;
    struct pal_switch_parts parts;
    struct place *present; /* NULL = it could not be opened */
    struct place *next;    /* LOADING, ROOM; else NULL */
    struct place *old;     /* ENDING, ROOM; else NULL */
    bool is_handing_over;  /* the one that is to go writes down what it knows */
    bool is_staged;        /* present is the quick beginning of what startup says */
    int64_t idle_since_us; /* is_staged: nobody is answered since then; 0 = not ready yet */
    int64_t stage_until_us;
    bool is_going_back;       /* next is the former engine again, because of told.error */
    struct pal_startup *plan; /* of next, if that has another one; borrows but for plan_json */
    struct pal_access_switch told;
    int64_t until_us;   /* of the stage */
    uv_timer_t look;    /* engines are changed and closed from here, never inside their events */
    unsigned n_open;    /* engines, and `look` */
    unsigned n_leaving; /* closed to make room, and not gone yet */
    bool stopping;
    void (*on_closed)(void *userdata);
    void *closed_userdata;
};

static const struct {
    const char *name;
    int64_t profile;
} profiles[] = {
    {"auto", PAL_CONFIG_PROFILE_AUTO},
    {"performance", PAL_CONFIG_PROFILE_PERFORMANCE},
    {"balanced", PAL_CONFIG_PROFILE_BALANCED},
    {"cpu", PAL_CONFIG_PROFILE_CPU},
};

/* ---- telling ---- */

static void
tell(struct pal_switch *self, enum pal_access_switch_stage stage, int64_t max_us)
{
    self->told.stage = stage;
    self->until_us = pal_now_us() + max_us;
    pal_access_show_switch(self->parts.access, &self->told);
}

/* ---- engines ---- */

static void on_look(uv_timer_t *timer);

static void
one_closed(struct pal_switch *self)
{
    if (--self->n_open == 0) {
        void (*on_closed)(void *userdata) = self->on_closed;
        void *userdata = self->closed_userdata;
        free(self);
        on_closed(userdata);
    }
}

static void
on_engine_closed(void *userdata)
{
    struct place *place = userdata;
    struct pal_switch *self = place->owner;
    free(place);
    if (self->n_leaving > 0 && --self->n_leaving == 0 && !self->stopping) {
        (void)uv_timer_start(&self->look, on_look, 0, 0);
    }
    one_closed(self);
}

static void
close_place(struct place **place)
{
    if (*place != NULL) {
        pal_engine_close((*place)->engine, on_engine_closed, *place);
        *place = NULL;
    }
}

static void
on_event(const struct pal_event *event, void *userdata)
{
    struct place *place = userdata;
    struct pal_switch *self = place->owner;
    bool is_final = event->kind != PAL_EVENT_STATE && event->kind != PAL_EVENT_PIECE;
    if (is_final && place == self->old && self->present != NULL && !self->stopping) {
        /* What this turn computed lies ready: before its user can say the next thing. */
        pal_engine_adopt(self->present->engine);
    }
    if (event->kind != PAL_EVENT_STATE || place == self->present) {
        self->parts.on_event(event, self->parts.userdata);
    } else if (place == self->next && !self->stopping && event->state == PAL_ENGINE_LOADING) {
        self->told.progress = event->progress;
        pal_access_show_switch(self->parts.access, &self->told);
    }
    bool may_matter = place != self->present || self->is_handing_over ||
                      (self->is_staged && event->kind == PAL_EVENT_STATE);
    if (may_matter && !self->stopping && event->kind != PAL_EVENT_PIECE) {
        (void)uv_timer_start(&self->look, on_look, 0, 0);
    }
}

static enum pal_err
open_place(struct pal_switch *self, const struct pal_startup *startup, struct place **made,
           struct pal_error *error)
{
    struct place *place = pal_calloc(1, sizeof(*place));
    place->owner = self;
    enum pal_err err =
        pal_engines_open(self->loop, startup, on_event, place, &place->engine, error);
    if (err != PAL_OK) {
        free(place);
        return err;
    }
    self->n_open++;
    *made = place;
    return PAL_OK;
}

/* ---- a switch's steps ---- */

static void
drop_plan(struct pal_switch *self)
{
    if (self->plan != NULL) {
        free(self->plan->plan_json);
        free(self->plan);
        self->plan = NULL;
    }
}

/* The plan that the present engine goes by from now on. */
static void
take_plan(struct pal_switch *self)
{
    struct pal_startup *startup = self->parts.startup;
    startup->config.ai.gpu_profile = self->plan->config.ai.gpu_profile;
    startup->config.ai.n_gpu_layers = self->plan->config.ai.n_gpu_layers;
    startup->plan = self->plan->plan;
    free(startup->plan_json);
    startup->plan_json = self->plan->plan_json;
    self->plan->plan_json = NULL;
    pal_startup_use_plan(startup);
    pal_access_set_plan(self->parts.access, startup->plan_json,
                        pal_profile_name(startup->plan.profile), startup->plan.has_kv_on_gpu);
}

static void
answer_with_next(struct pal_switch *self)
{
    self->present = self->next;
    self->next = NULL;
    if (self->plan != NULL && !self->is_going_back) {
        take_plan(self);
    }
    drop_plan(self);
    pal_engine_adopt(self->present->engine);
    pal_access_set_engine(self->parts.access, self->present->engine);
    pal_sched_set_engine(self->parts.sched, self->present->engine);
}

/* The old one has nothing to say any more, or has handed over: the new one answers. */
static void
adopt(struct pal_switch *self)
{
    self->is_handing_over = false;
    self->old = self->present;
    answer_with_next(self);
    pal_log_info("another engine answers", "profile=%s turns_in_old=%u", self->told.profile,
                 pal_sched_n_running_in(self->parts.sched, self->old->engine));
    self->told.progress = 1.0F;
    tell(self, PAL_ACCESS_SWITCH_ENDING, ENDING_MAX_US);
}

static void
give_up(struct pal_switch *self, const struct pal_error *why)
{
    pal_log_warn("the engine stays", "profile=%s reason=" PAL_LOG_STR, self->told.profile,
                 why->text);
    close_place(&self->next);
    drop_plan(self);
    self->told.error = *why;
    tell(self, PAL_ACCESS_SWITCH_FAILED, 0);
}

static enum pal_err
open_next(struct pal_switch *self, const struct pal_startup *with, struct pal_error *error)
{
    struct pal_startup *startup = pal_calloc(1, sizeof(*startup));
    *startup = *with; /* borrows; the engine copies what it needs */
    if (self->present != NULL) {
        startup->engine.ways |= PAL_ENGINE_BESIDE;
    }
    if (startup->engine.persona != NULL) {
        /* It may have been changed on the page since. */
        startup->engine.persona = pal_companion_persona(self->parts.companion);
    }
    enum pal_err err = open_place(self, startup, &self->next, error);
    free(startup);
    return err;
}

/* Where the old one had to go first: another of its kind is loaded. */
static void
go_back(struct pal_switch *self, const struct pal_error *why)
{
    struct pal_error error;
    pal_log_warn("the former engine is loaded again", "reason=" PAL_LOG_STR, why->text);
    close_place(&self->next);
    self->told.error = *why;
    self->is_going_back = true;
    tell(self, PAL_ACCESS_SWITCH_ROOM, LOADING_MAX_US);
    if (open_next(self, self->parts.startup, &error) != PAL_OK) {
        pal_log_error("no engine can be opened", "reason=" PAL_LOG_STR, error.text);
        tell(self, PAL_ACCESS_SWITCH_FAILED, 0);
    }
    pal_access_set_engine(self->parts.access, self->next != NULL ? self->next->engine : NULL);
}

static void
on_next_ready(struct pal_switch *self)
{
    struct pal_error error;
    if (self->present == NULL) {
        answer_with_next(self);
        pal_log_info("another engine answers", "profile=%s", self->told.profile);
        tell(self, self->is_going_back ? PAL_ACCESS_SWITCH_FAILED : PAL_ACCESS_SWITCH_IDLE, 0);
    } else if (pal_engine_hand_over(self->present->engine, &error) == PAL_OK) {
        self->is_handing_over = true;
        tell(self, PAL_ACCESS_SWITCH_LOADING, HANDING_MAX_US);
    } else {
        adopt(self);
    }
}

static void
look_at_next(struct pal_switch *self)
{
    struct pal_error why;
    enum pal_engine_state state = pal_engine_state(self->next->engine);
    if (self->is_handing_over) {
        PAL_ASSERT(self->present != NULL);
        if (pal_engine_state(self->present->engine) != PAL_ENGINE_READY ||
            pal_now_us() >= self->until_us) {
            adopt(self);
        }
        return;
    }
    if (state == PAL_ENGINE_READY) {
        on_next_ready(self);
        return;
    }
    if (state == PAL_ENGINE_FAILED || state == PAL_ENGINE_STOPPED) {
        why = *pal_engine_failure(self->next->engine);
    } else if (pal_now_us() >= self->until_us) {
        (void)pal_error_set(&why, PAL_ERR_TIMEOUT, "the new engine was not ready in time");
    } else {
        return;
    }
    if (self->present != NULL) {
        give_up(self, &why);
    } else if (!self->is_going_back) {
        go_back(self, &why);
    } else {
        answer_with_next(self); /* it says why it can't to everybody who asks */
        tell(self, PAL_ACCESS_SWITCH_FAILED, 0);
    }
}

static void
look_at_old(struct pal_switch *self)
{
    bool is_late = pal_now_us() >= self->until_us;
    if (self->is_handing_over && !is_late &&
        pal_engine_state(self->old->engine) == PAL_ENGINE_READY) {
        return;
    }
    self->is_handing_over = false;
    if (pal_sched_n_running_in(self->parts.sched, self->old->engine) > 0 && !is_late) {
        return;
    }
    if (self->told.stage == PAL_ACCESS_SWITCH_ROOM) {
        pal_access_set_engine(self->parts.access, NULL);
        self->n_leaving = 1;
    } else {
        tell(self, PAL_ACCESS_SWITCH_IDLE, 0);
    }
    close_place(&self->old);
}

/* The old one is gone, with all that it held. */
static void
fill_room(struct pal_switch *self)
{
    struct pal_error error;
    tell(self, PAL_ACCESS_SWITCH_ROOM, LOADING_MAX_US);
    if (open_next(self, self->plan != NULL ? self->plan : self->parts.startup, &error) != PAL_OK) {
        go_back(self, &error);
    } else {
        pal_access_set_engine(self->parts.access, self->next->engine);
    }
}

static enum pal_err begin(struct pal_switch *self, const struct pal_startup *with,
                          const char *profile, struct pal_error *error);

/* The first engine has mapped its weights and answers; another that rearranges them takes longer to
 * load and is faster then. It is loaded when that disturbs nobody. */
static void
look_at_stage(struct pal_switch *self)
{
    const struct pal_startup *startup = self->parts.startup;
    int64_t now_us = pal_now_us();
    if (pal_engine_state(self->present->engine) != PAL_ENGINE_READY) {
        return; /* its next state comes with an event */
    }
    if (self->stage_until_us == 0) {
        self->stage_until_us = now_us + STAGE_MAX_US;
    }
    if (self->idle_since_us == 0 ||
        pal_sched_n_running_in(self->parts.sched, self->present->engine) > 0) {
        self->idle_since_us = now_us;
    }
    if (now_us - self->idle_since_us < STAGE_IDLE_US && now_us < self->stage_until_us) {
        (void)uv_timer_start(&self->look, on_look, STAGE_LOOK_MS, 0);
        return;
    }
    struct pal_error error;
    if (begin(self, startup, pal_profile_name(startup->plan.profile), &error) != PAL_OK) {
        pal_log_warn("weights stay as they are", "reason=" PAL_LOG_STR, error.text);
    }
}

/* After every event that may end a stage, and at the stage's deadline. */
static void
on_look(uv_timer_t *timer)
{
    struct pal_switch *self = timer->data;
    if (self->is_staged && self->present != NULL) {
        look_at_stage(self);
        return;
    }
    bool has_room = self->told.stage == PAL_ACCESS_SWITCH_ROOM && self->next == NULL &&
                    self->old == NULL && self->n_leaving == 0;
    if (has_room) {
        fill_room(self);
    }
    if (self->next != NULL) {
        look_at_next(self);
    }
    if (self->old != NULL) {
        look_at_old(self);
    }
    if (self->next != NULL || self->old != NULL) {
        int64_t left_us = self->until_us - pal_now_us();
        uint64_t left_ms = left_us > 0 ? (uint64_t)(left_us / PAL_US_PER_MS) + 1 : 0;
        (void)uv_timer_start(&self->look, on_look, left_ms, 0);
    }
}

/* ---- asking for one ---- */

static enum pal_err
check_free(const struct pal_switch *self, struct pal_error *error)
{
    if (!self->stopping &&
        (self->next != NULL || self->old != NULL || self->told.stage == PAL_ACCESS_SWITCH_ROOM)) {
        return pal_error_set(error, PAL_ERR_BUSY,
                             "a switch is under way: try again when it is over");
    }
    if (self->stopping || self->present == NULL) {
        return pal_error_set(error, PAL_ERR_CLOSED, "palabre is stopping");
    }
    enum pal_engine_state state = pal_engine_state(self->present->engine);
    if (state != PAL_ENGINE_READY && state != PAL_ENGINE_FAILED) {
        return pal_error_set(error, PAL_ERR_BUSY,
                             "the model is still loading: try again when it is ready");
    }
    return PAL_OK;
}

static enum pal_err
begin(struct pal_switch *self, const struct pal_startup *with, const char *profile,
      struct pal_error *error)
{
    self->is_going_back = false;
    self->is_staged = false; /* what is loaded now is whole */
    if (pal_room_for_two(self->parts.startup, &with->plan)) {
        enum pal_err err = open_next(self, with, error);
        if (err != PAL_OK) {
            return err;
        }
        pal_log_info("another engine is loaded", "profile=%s", profile);
        self->told = (struct pal_access_switch){.profile = profile};
        tell(self, PAL_ACCESS_SWITCH_LOADING, LOADING_MAX_US);
    } else {
        pal_log_info("the engine ends, then another is loaded", "profile=%s", profile);
        self->old = self->present;
        self->present = NULL;
        self->told = (struct pal_access_switch){.profile = profile};
        tell(self, PAL_ACCESS_SWITCH_ROOM, ENDING_MAX_US);
        struct pal_error why; /* one that can't hand over is followed all the same */
        self->is_handing_over = pal_engine_hand_over(self->old->engine, &why) == PAL_OK;
        pal_sched_set_engine(self->parts.sched, NULL);
    }
    (void)uv_timer_start(&self->look, on_look, 0, 0);
    return PAL_OK;
}

enum pal_err
pal_switch_reload(struct pal_switch *self, struct pal_error *error)
{
    const struct pal_startup *startup = self->parts.startup;
    enum pal_err err = check_free(self, error);
    return err != PAL_OK
               ? err
               : begin(self, startup,
                       startup->plan_json != NULL ? pal_profile_name(startup->plan.profile) : "",
                       error);
}

static enum pal_err
find_profile(const char *name, int64_t *profile, struct pal_error *error)
{
    for (size_t i = 0; i < PAL_COUNT_OF(profiles); i++) {
        if (strcmp(name, profiles[i].name) == 0) {
            *profile = profiles[i].profile;
            return PAL_OK;
        }
    }
    return pal_error_set(error, PAL_ERR_ARGUMENT,
                         "there is no such profile: it is one of performance, balanced, cpu, auto");
}

enum pal_err
pal_switch_profile(struct pal_switch *self, const char *profile, struct pal_error *error)
{
    int64_t wanted = 0;
    enum pal_err err = find_profile(profile, &wanted, error);
    if (err == PAL_OK) {
        err = check_free(self, error);
    }
    if (err == PAL_OK && self->parts.startup->plan_json == NULL) {
        err = pal_error_set(error, PAL_ERR_UNSUPPORTED,
                            "no model is run here, so there is no profile to choose");
    }
    if (err != PAL_OK) {
        return err;
    }
    self->plan = pal_calloc(1, sizeof(*self->plan));
    *self->plan = *self->parts.startup;
    self->plan->plan_json = NULL;
    self->plan->config.ai.gpu_profile = wanted;
    self->plan->config.ai.n_gpu_layers = PAL_CONFIG_GPU_AUTO;
    err = pal_startup_plan(self->plan, error);
    if (err == PAL_OK && self->plan->plan.profile == PAL_PROFILE_CPU &&
        wanted != PAL_CONFIG_PROFILE_CPU && wanted != PAL_CONFIG_PROFILE_AUTO) {
        err = pal_error_set(error, PAL_ERR_UNSUPPORTED,
                            "the profile '%s' needs a graphics card with room for this model: see "
                            "palabre plan",
                            profile);
    }
    if (err == PAL_OK) {
        err = begin(self, self->plan, pal_profile_name(self->plan->plan.profile), error);
    }
    if (err != PAL_OK) {
        drop_plan(self);
    }
    return err;
}

/* ---- life ---- */

enum pal_err
pal_switch_open(uv_loop_t *loop, const struct pal_switch_parts *parts, struct pal_switch **made,
                struct pal_error *error)
{
    struct pal_switch *self = pal_calloc(1, sizeof(*self));
    *self = (struct pal_switch){.loop = loop, .parts = *parts, .n_open = 1};
    self->told.profile = "";
    (void)uv_timer_init(loop, &self->look);
    self->look.data = self;
    *made = self;
    struct pal_startup *startup = pal_calloc(1, sizeof(*startup));
    *startup = *parts->startup; /* borrows; the engine copies what it needs */
    self->is_staged = pal_room_first_engine(parts->startup, &startup->engine);
    enum pal_err err = open_place(self, startup, &self->present, error);
    free(startup);
    if (err == PAL_OK) {
        pal_sched_set_engine(parts->sched, self->present->engine);
        pal_access_set_engine(parts->access, self->present->engine);
    }
    return err;
}

void
pal_switch_stop(struct pal_switch *self)
{
    if (self != NULL) {
        self->stopping = true;
        (void)uv_timer_stop(&self->look);
    }
}

static void
on_look_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

void
pal_switch_close(struct pal_switch *self, void (*on_closed)(void *userdata), void *userdata)
{
    if (self == NULL) {
        on_closed(userdata);
        return;
    }
    pal_switch_stop(self);
    drop_plan(self);
    self->on_closed = on_closed;
    self->closed_userdata = userdata;
    close_place(&self->next);
    close_place(&self->old);
    close_place(&self->present);
    uv_close((uv_handle_t *)&self->look, on_look_closed);
}
