#ifndef PAL_TESTS_ENGINE_CASE_H
#define PAL_TESTS_ENGINE_CASE_H
/*
 * An engine under test: opens it on a loop of its own, collects what every turn got, and runs the
 * loop until something is so, with a guard against hanging. Process mode executes the test itself:
 * its main() calls engine_case_main() first.
 */
#include "engine/engine.h"
#include "util/buf.h"

#define ENGINE_CASE_TURNS_MAX 4096

struct engine_turn {
    uint64_t id;
    struct pal_buf text;
    unsigned n_pieces;
    unsigned n_finals;
    struct pal_event last; /* the final one */
};

struct engine_case {
    uv_loop_t loop;
    uv_timer_t guard;
    struct pal_engine *engine;
    struct engine_turn *turns[ENGINE_CASE_TURNS_MAX];
    size_t n_turns;
    unsigned n_states[PAL_ENGINE_STOPPED + 1];
    unsigned n_finals;
    bool is_closed;
    bool hung;
    /* Called after each event is noted; NULL mostly. */
    void (*on_event)(struct engine_case *c, const struct pal_event *event);
};

/* If this process is to be an engine, it is one and ends here. */
void engine_case_main(int argc, char **argv);
/* What to give as options.program for process mode. */
const char *engine_case_program(void);

void engine_case_open(struct engine_case *c, const struct pal_engine_options *options);
void engine_case_wait_state(struct engine_case *c, enum pal_engine_state state);
/* Until so many turns have ended since the case was opened. */
void engine_case_wait_finals(struct engine_case *c, unsigned n);
/* Until this turn has sent something. */
void engine_case_wait_piece(struct engine_case *c, uint64_t id);
void engine_case_run_ms(struct engine_case *c, uint64_t ms);
/* Closes the engine and the loop, and frees. */
void engine_case_close(struct engine_case *c);

struct engine_turn *engine_case_turn(struct engine_case *c, uint64_t id);

/* A job of alternating messages: "user text", "assistant text", "user text", ... ; a first text
 * that begins with "system:" is the system's. Greedy. NULL ends the list. */
struct pal_job engine_case_job(uint64_t id, const char *first, ...);
void engine_case_submit(struct engine_case *c, struct pal_job *job);
/* Submits, waits for the end, and returns what came. */
struct engine_turn *engine_case_ask(struct engine_case *c, struct pal_job *job);

#endif
