/* The boundary itself: each call goes on to the kind of engine that it is (engine_ops.h). */
#include "engine/engine_ops.h"
#include "util/mem.h"

enum pal_err
pal_engine_submit(struct pal_engine *engine, struct pal_job *job, struct pal_error *error)
{
    return engine->ops->submit(engine, job, error);
}

enum pal_err
pal_engine_retune(struct pal_engine *engine, const struct pal_engine_options *options,
                  struct pal_error *error)
{
    return engine->ops->retune != NULL
               ? engine->ops->retune(engine, options, error)
               : pal_error_set(error, PAL_ERR_UNSUPPORTED, "this engine is not ours to change");
}

enum pal_err
pal_engine_hand_over(struct pal_engine *engine, struct pal_error *error)
{
    return engine->ops->hand_over != NULL
               ? engine->ops->hand_over(engine, error)
               : pal_error_set(error, PAL_ERR_UNSUPPORTED, "this engine has nothing to hand over");
}

void
pal_engine_adopt(struct pal_engine *engine)
{
    if (engine->ops->adopt != NULL) {
        engine->ops->adopt(engine);
    }
}

void
pal_engine_cancel(struct pal_engine *engine, uint64_t turn_id)
{
    engine->ops->cancel(engine, turn_id);
}

enum pal_engine_state
pal_engine_state(const struct pal_engine *engine)
{
    return engine->ops->state(engine);
}

const struct pal_engine_facts *
pal_engine_facts(const struct pal_engine *engine)
{
    return engine->ops->facts(engine);
}

float
pal_engine_progress(const struct pal_engine *engine)
{
    return engine->ops->progress(engine);
}

const struct pal_error *
pal_engine_failure(const struct pal_engine *engine)
{
    return engine->ops->failure(engine);
}

uint32_t
pal_engine_n_restarts(const struct pal_engine *engine)
{
    return engine->ops->n_restarts != NULL ? engine->ops->n_restarts(engine) : 0;
}

struct pal_engine_pace
pal_engine_pace(const struct pal_engine *engine)
{
    struct pal_engine_pace none = {.n_threads = 0};
    return engine->ops->pace != NULL ? engine->ops->pace(engine) : none;
}

struct pal_engine_held
pal_engine_held(const struct pal_engine *engine)
{
    struct pal_engine_held none = {.n_cells = 0};
    return engine->ops->held != NULL ? engine->ops->held(engine) : none;
}

int
pal_engine_pid(const struct pal_engine *engine)
{
    return engine->ops->pid != NULL ? engine->ops->pid(engine) : 0;
}

size_t
pal_engine_n_parts(const struct pal_engine *engine)
{
    return engine->ops->n_parts != NULL ? engine->ops->n_parts(engine) : 0;
}

void
pal_engine_part(const struct pal_engine *engine, size_t i, struct pal_engine_part *part)
{
    PAL_ASSERT(i < pal_engine_n_parts(engine));
    engine->ops->part(engine, i, part);
}

void
pal_engine_close(struct pal_engine *engine, pal_engine_closed_fn on_closed, void *userdata)
{
    if (engine != NULL) {
        engine->ops->close(engine, on_closed, userdata);
    } else if (on_closed != NULL) {
        on_closed(userdata);
    }
}
