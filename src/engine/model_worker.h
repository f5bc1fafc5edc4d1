#ifndef PAL_ENGINE_MODEL_WORKER_H
#define PAL_ENGINE_MODEL_WORKER_H
/*
 * The model as a worker: continuous batching over timelines. For its own files only:
 *
 *     model_worker.c   what the host asks: load, submit, cancel, step; how turns end
 *     model_admit.c    when a waiting turn gets a timeline and cells
 *     model_batch.c    which rows a step computes
 *     model_step.c     the step itself, and what comes of it
 *     model_park.c     timelines without cells
 *     model_warm.c     the persona, ahead of the first turn
 *     model_measure.c  what steps cost, ahead of it, too
 *     model_known.c    system messages of clients, for the next start
 *
 * Compute thread.
 */
#include "engine/cost.h"
#include "engine/fault.h"
#include "engine/model_measure.h"
#include "engine/model_turn.h"
#include "engine/model_warm.h"
#include "engine/pace.h"
#include "engine/rest.h"
#include "engine/worker.h"

/* A turn that is over, whose end is told once what it held lies where the next engine finds it. */
struct pal_departure {
    struct pal_event event;
    struct pal_timeline *line;
    uint64_t used_at;      /* the line's; if that changes, there is nothing left to hand over */
    struct pal_park *park; /* owned; for this one alone */
};

struct pal_model_worker {
    struct pal_host *host;
    const struct pal_settings *settings;
    struct pal_model model;
    struct pal_timelines lines;
    struct pal_park *park; /* owned; NULL = nothing is parked */
    enum {
        PAL_MODEL_STAYS,
        PAL_MODEL_HANDS_OVER, /* idle timelines are being written */
        PAL_MODEL_LEAVES,     /* they are, and the others follow as their turns end */
    } leaving;
    struct pal_departure *departures[PAL_ENGINE_SEQUENCES_MAX]; /* owned; oldest first */
    size_t n_departures;
    struct pal_warm warm;
    struct pal_measuring measuring;
    int64_t quiet_since_us; /* when something was computed for somebody last */
    struct pal_known known;
    struct pal_replies *replies; /* owned */
    struct pal_reader *reader;   /* owned */
    struct llama_batch batch;
    struct pal_model_turn *turns[PAL_ENGINE_SEQUENCES_MAX]; /* owned; oldest first */
    size_t n_turns;
    const struct pal_model_turn *lonely; /* the only turn of the running step, else NULL */
    struct pal_cost_rows decode_rows;    /* of the running step, */
    struct pal_cost_rows prefill_rows;   /* and the rest of it */
    unsigned n_failed_steps;             /* one after the other */
    struct pal_cost cost;
    int64_t computed_us; /* when the last step's computing ended; 0 = nobody waited since */
    double between_us;   /* from there to the next one's beginning, where no prompt came in */
    struct pal_rest rest;
    struct pal_drafts drafts;
    bool has_drafts; /* in the running step */
    bool is_held_up; /* something between two steps took so long that streams go before prompts */
    struct pal_pace pace;
    uint32_t n_threads_now; /* what the context was told last */
    int64_t give_up_us; /* when the running step is to be made again with one thread; 0 = never */
    struct pal_fault fault;
    bool needs_wiping; /* a step gave NaN, which the KV still holds */
};

/* Emit the final event, give the timeline back, forget the turn. */
void pal_model_end_done(struct pal_model_worker *w, struct pal_model_turn *turn,
                        enum pal_finish finish);
void pal_model_end_failed(struct pal_model_worker *w, struct pal_model_turn *turn,
                          const struct pal_error *error);

/* Cells that running turns may still take of what they were promised. */
size_t pal_model_n_promised(const struct pal_model_worker *w);
/* Opens the place for timelines without cells, or keeps the one that there is. */
void pal_model_open_park(struct pal_model_worker *w);
/* Between two steps: a piece of what is to leave its cells, because others speak or another engine
 * comes; none that those who speak would notice. */
void pal_model_save_some(struct pal_model_worker *w, int64_t now_us);
/* Begins to write all that is idle for another engine. */
void pal_model_hand_over(struct pal_model_worker *w);
/* The turn on it is over: hands it over as well, if the worker leaves. True: and emits the event
 * after that. */
bool pal_model_hand_on(struct pal_model_worker *w, struct pal_timeline *line,
                       const struct pal_event *event);
/* Forgets those whose end has not been told. */
void pal_model_drop_departures(struct pal_model_worker *w);
/* Takes what another engine has handed over. */
void pal_model_adopt(struct pal_model_worker *w);
/* Something is still to be saved or written for the next engine. */
bool pal_model_waits_to_leave(struct pal_model_worker *w);
/* Takes what the disk has read and written meanwhile. */
void pal_model_poll_park(struct pal_model_worker *w);
/* No row can be computed as long as the disk reads. */
bool pal_model_waits_for_disk(const struct pal_model_worker *w);
/* Begins to warm the persona of the settings: from its file at once, else to be computed. */
void pal_model_warm_begin(struct pal_model_worker *w);
/* Computes a piece of it, which gives way to whatever comes in. False: nothing is left to do. */
bool pal_model_warm_step(struct pal_model_worker *w);
/* Computes a step that nobody asked for, to see what it costs. False: nothing is left to do. */
bool pal_model_measure_step(struct pal_model_worker *w);
/* Writes the first span->n_tokens of the line, which have no gaps, into the file of that name in
 * warm_dir. */
void pal_model_warm_write(struct pal_model_worker *w, const struct pal_timeline *line,
                          struct pal_span *span, uint64_t name);
/* Parks what files hold of former runs. */
void pal_model_known_begin(struct pal_model_worker *w);
/* A prompt begins with these tokens, which others may as well. */
void pal_model_known_note(struct pal_model_worker *w, const int32_t *tokens, size_t n);
/* Writes one of them that has no file yet. False: there is none. */
bool pal_model_known_step(struct pal_model_worker *w);
/* Gives waiting turns their timelines, as far as there are some. */
void pal_model_admit(struct pal_model_worker *w, int64_t now_us);

/* Fills w->batch and, in the turns, what the step's rows are. Turns that can't go on end here. */
void pal_model_batch(struct pal_model_worker *w, int64_t now_us);

/*
 * Between steps, and from time to time while there are none: leaves the cores to whoever else wants
 * them, and takes them back (pace.h). A number of threads that a person has set is kept.
 */
void pal_model_keep_pace(struct pal_model_worker *w, int64_t now_us);
/* Before and after loading: the first steps already leave the CPUs to whom they belong. NULL:
 * nothing was seen. */
bool pal_model_look_around(struct pal_pace_sample *sample);
void pal_model_begin_pace(struct pal_model_worker *w, const struct pal_pace_sample *before);
/* Computes w->batch, which is not empty. */
void pal_model_step(struct pal_model_worker *w);
/*
 * A step gave NaN, for this turn (NULL = for the persona): asks for wiping, and until then nothing
 * is parked. What was parked before stays, since numbers came of it when it was computed; but for
 * the beginning that this turn had, which may have come from a turn that ended before it gave any,
 * and would be brought back to everybody.
 */
void pal_model_distrust(struct pal_model_worker *w, const struct pal_model_turn *turn);
/* After needs_wiping: forgets all timelines, and zeroes what they held, if no turn is on one. */
void pal_model_wipe(struct pal_model_worker *w);

#endif
