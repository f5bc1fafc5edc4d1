#ifndef PAL_TESTS_CROWD_H
#define PAL_TESTS_CROWD_H
/*
 * People who keep on asking while things break, and the books of what became of it: a real engine's
 * process behind the real scheduler. Every test ends with crowd_close(), which demands that
 *
 *     asked = answered + failed, told so + cancelled + refused
 *
 * here, turn by turn, and in the counters that /metrics shows. Of a turn that failed, chat makes a
 * fallback line and the API an error.
 */
#include <uv.h>

#include "chat/metrics.h"
#include "chat/sched.h"
#include "util/buf.h"

struct crowd;

/* One turn, seen by who asked for it. */
struct crowd_turn {
    struct crowd *crowd;
    struct crowd_turn *next;
    uint64_t id;
    int64_t asked_us;
    int64_t first_us;    /* its first text; 0 = none yet */
    int64_t left_for_us; /* it was taken into the place that was left then; 0 = nobody's */
    struct pal_buf text;
};

struct crowd {
    const char *ask; /* what all ask */
    int32_t max_tokens;
    float temperature;
    bool may_stop;          /* the model may end a reply itself */
    int64_t patience_us;    /* each turn's deadline; 0 = none */
    unsigned n_at_once;     /* of them, some wait; default 6 */
    uint32_t n_waiting_max; /* beyond that, turns are refused; 0 = the scheduler's default */
    bool is_open;           /* new turns come as long as this is so */
    void (*on_end)(struct crowd *crowd, const struct crowd_turn *turn,
                   const struct pal_turn_end *ended); /* may be NULL */
    void *data;                                       /* for on_end */

    uv_loop_t loop;
    uv_timer_t guard;
    uv_timer_t tick;
    struct pal_engine *engine;
    struct pal_sched *sched;
    struct pal_metrics *metrics;
    struct crowd_turn *turns; /* owned; those without an end */
    unsigned n_in_flight;
    unsigned n_ready; /* how often the engine was, */
    int64_t ready_us; /* and when the last time */
    uint64_t n_asked, n_refused, n_done, n_failed, n_cancelled;
    uint64_t talking;      /* a turn that has sent something just now; 0 = none */
    int64_t place_left_us; /* whoever is taken next has that place; 0 = nobody left one */
    uint32_t n_restarts;   /* of the engine, once it is closed */
    bool is_hung;
};

/* How many: the environment's number of that name, else the sample's. */
unsigned crowd_count(const char *name, unsigned sample);
/* A number below 2^24; the same for the same seed. */
uint32_t crowd_random(uint32_t *seed);

/* Fields above the gap are the caller's. Does not wait for the engine. */
void crowd_open(struct crowd *crowd, const struct pal_engine_options *options);
/* Until it is ready so many times, or has failed for good: then false. */
bool crowd_wait_ready(struct crowd *crowd, unsigned n_ready);
/* One more turn; returns its id, 0 = refused. The text is not copied by then. */
uint64_t crowd_ask(struct crowd *crowd, const char *text);
/* One round of the loop; keeps the crowd at its size. Fails the test when nothing happens for two
 * minutes. */
void crowd_go_on(struct crowd *crowd);
void crowd_wait_ms(struct crowd *crowd, uint64_t ms);
/* Until all turns have had their end. */
void crowd_finish_turns(struct crowd *crowd);
/* Something has happened: the two minutes begin again. */
void crowd_is_alive(struct crowd *crowd);
/* Ends everything, keeps the books (see above), and prints them if `what` is not NULL. */
void crowd_close(struct crowd *crowd, const char *what);

/* An engine of this very program with the starter model, else with the tiny one. */
struct pal_engine_options crowd_model(void);

#endif
