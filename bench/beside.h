#ifndef PAL_BENCH_BESIDE_H
#define PAL_BENCH_BESIDE_H
/*
 * palabre bench beside: the engine while other programs want the processors, and these programs
 * beside the engine. Its parts share this. Main thread only.
 */
#include "bench/sweep.h"
#include "util/clock.h"

#define BESIDE_VARIANTS_MAX    8
#define BESIDE_ROUNDS_MAX      20
#define BESIDE_OPEN_TIMEOUT_US (300 * PAL_US_PER_S)

/* --- beside_watch.c: a reply that never ends, watched --- */

/* Something that happens while a stream is watched. */
struct beside_act {
    int64_t at_us; /* since the watch began */
    void (*act)(void *userdata);
    void *userdata;
};

struct beside_piece {
    int64_t at_us;   /* since the watch began */
    double n_tokens; /* that came with it */
};

/* How many threads of the engine had work, by what the kernel says of each. */
struct beside_threads {
    int64_t at_us;
    uint32_t n;
};

struct beside_record {
    struct beside_piece *pieces; /* owned */
    size_t n_pieces;
    struct beside_threads *threads; /* owned; every TICK_US */
    size_t n_threads;
};

/* The acts in order of time. False: it failed, *error says why. *record is to be finished in every
 * case. */
bool beside_watch(struct pal_trial *trial, int64_t us, const struct beside_act *acts, size_t n_acts,
                  struct beside_record *record, struct pal_error *error);
void beside_record_finish(struct beside_record *record);

/* Tokens a second between two times; threads there, as most samples have it. */
double beside_rate(const struct beside_record *record, int64_t from_us, int64_t to_us);
uint32_t beside_threads_usual(const struct beside_record *record, int64_t from_us, int64_t to_us);
/*
 * Since `from_us`, until the stream runs as fast as it does at the end of the time to `to_us`, and
 * until as many threads work as do there; ms, < 0 = it never did.
 */
double beside_rate_settled_ms(const struct beside_record *record, int64_t from_us, int64_t to_us);
double beside_threads_settled_ms(const struct beside_record *record, int64_t from_us,
                                 int64_t to_us);

/* --- beside_rival.c: the other programs, each in a session of its own --- */

enum beside_rival_kind {
    BESIDE_NOTHING,
    BESIDE_LOOP,   /* wants a processor, always */
    BESIDE_BURSTS, /* works for 150 ms, sleeps for 350 */
    BESIDE_GAME,   /* 60 frames a second, 8 ms of work each */
};

/* What a game made of its frames. */
struct beside_frames {
    uint32_t n;
    uint32_t n_missed; /* were not ready when the next was due */
    double p95_ms;     /* from when it was due until it was ready */
    double max_ms;
};

#define BESIDE_RIVALS_MAX 16
struct beside_rivals {
    enum beside_rival_kind kind;
    unsigned n; /* of them, once started */
    int pids[BESIDE_RIVALS_MAX];
    int result_fd; /* a game's; -1 = none */
    bool failed;
};

/* A game plays for `us` and then waits to be stopped. Starting none at all is fine. */
void beside_rivals_start(struct beside_rivals *rivals, enum beside_rival_kind kind, unsigned n,
                         int64_t us);
/* `frames`: of a game that has played its time; may be NULL. False: they could not be had. */
bool beside_rivals_stop(struct beside_rivals *rivals, struct beside_frames *frames);

/* `program` with these arguments, NULL-terminated; its words are thrown away. False: no. */
bool beside_rival_run(struct beside_rivals *rivals, const char *program, char *const *argv);

enum beside_part {
    BESIDE_PART_QUIET,
    BESIDE_PART_LOOP,
    BESIDE_PART_BUSY,
    BESIDE_PART_SPIN,
    BESIDE_PART_GAME,
    BESIDE_PART_SPINNER, /* is the other engine of BESIDE_PART_SPIN; until it is killed */
    BESIDE_PARTS,
};
/* A way to run the engine: paced, or with a number of threads. */
struct beside_variant {
    char name[32];
    uint32_t n_threads; /* 0 = paced */
    bool sleeps;        /* threads wait for the next step without spinning */
};

struct beside_session {
    struct pal_bench bench;
    struct pal_sweep sweep;
    struct pal_trial trial;
    struct pal_engine_options planned;
    struct beside_variant variants[BESIDE_VARIANTS_MAX]; /* the first one is paced */
    size_t n_variants;
    char **spinner_argv; /* owned array, borrowed words */
    bool wants[BESIDE_PARTS];
    bool wants_sleep;
    uint32_t n_rounds;
    int64_t window_us;
};

/* --- beside_part.c: what is measured --- */

/* Few, but the fastest is among them on a quiet machine as on a busy one. */
void beside_choose_variants(struct beside_session *session);
struct pal_engine_options beside_options_of(const struct beside_session *session,
                                            const struct beside_variant *variant);
/* All variants by turns beside n rivals of a kind. `note`: what paced over the best is to be. */
void beside_measure(struct beside_session *session, const char *title, enum beside_rival_kind kind,
                    unsigned n, const char *note);
void beside_measure_spin(struct beside_session *session);
void beside_measure_loop(struct beside_session *session);
void beside_measure_game(struct beside_session *session);
/* Is the other engine of beside_measure_spin(), until it is killed. */
void beside_be_spinner(struct beside_session *session);

#endif
