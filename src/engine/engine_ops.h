#ifndef PAL_ENGINE_ENGINE_OPS_H
#define PAL_ENGINE_ENGINE_OPS_H
/*
 * What a kind of engine is made of: engine.h is spoken to a child process (local.c), to another
 * server (upstream.h), and to several of these in turn (cascade.h). Each kind's struct begins with
 * a struct pal_engine; engine.c hands every call on. For those files only.
 */
#include "engine/engine.h"

/* Each as the function of the same name in engine.h; none is NULL except where it says so. */
struct pal_engine_ops {
    enum pal_err (*submit)(struct pal_engine *engine, struct pal_job *job, struct pal_error *error);
    enum pal_err (*retune)(struct pal_engine *engine, const struct pal_engine_options *options,
                           struct pal_error *error); /* NULL = PAL_ERR_UNSUPPORTED */
    enum pal_err (*hand_over)(struct pal_engine *engine,
                              struct pal_error *error); /* NULL = PAL_ERR_UNSUPPORTED */
    void (*adopt)(struct pal_engine *engine);           /* NULL = there is nothing to adopt */
    void (*cancel)(struct pal_engine *engine, uint64_t turn_id);
    enum pal_engine_state (*state)(const struct pal_engine *engine);
    const struct pal_engine_facts *(*facts)(const struct pal_engine *engine);
    float (*progress)(const struct pal_engine *engine);
    const struct pal_error *(*failure)(const struct pal_engine *engine);
    uint32_t (*n_restarts)(const struct pal_engine *engine);         /* NULL = 0 */
    struct pal_engine_pace (*pace)(const struct pal_engine *engine); /* NULL = not known */
    struct pal_engine_held (*held)(const struct pal_engine *engine); /* NULL = not known */
    int (*pid)(const struct pal_engine *engine);                     /* NULL = 0 */
    size_t (*n_parts)(const struct pal_engine *engine);              /* NULL = 0 */
    void (*part)(const struct pal_engine *engine, size_t i, struct pal_engine_part *part);
    void (*close)(struct pal_engine *engine, pal_engine_closed_fn on_closed, void *userdata);
};

struct pal_engine {
    const struct pal_engine_ops *ops;
};

#endif
