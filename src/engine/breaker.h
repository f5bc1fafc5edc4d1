#ifndef PAL_ENGINE_BREAKER_H
#define PAL_ENGINE_BREAKER_H
/*
 * A circuit breaker: after failures in a row an engine is left alone for a while, then one turn may
 * try it, and so on with growing pauses until one succeeds. Plain data, pure; times are monotonic
 * microseconds.
 */
#include <stdbool.h>
#include <stdint.h>

#define PAL_BREAKER_FAILURES_MAX   3 /* in a row; the last of them opens it */
#define PAL_BREAKER_PAUSE_FIRST_US INT64_C(2000000)
#define PAL_BREAKER_PAUSE_MAX_US   INT64_C(60000000)

enum pal_breaker_state {
    PAL_BREAKER_CLOSED,    /* turns pass */
    PAL_BREAKER_OPEN,      /* none passes until open_until_us */
    PAL_BREAKER_HALF_OPEN, /* one passes, and decides */
};

struct pal_breaker { /* zeroed = closed */
    enum pal_breaker_state state;
    uint32_t n_failures; /* in a row */
    bool is_trying;      /* HALF_OPEN: the one turn is under way */
    int64_t pause_us;    /* of the last time it opened; 0 = never since it closed */
    int64_t open_until_us;
};

enum pal_breaker_verdict {
    PAL_BREAKER_IGNORE, /* the turn's own fault */
    PAL_BREAKER_COUNT,
    PAL_BREAKER_TRIP, /* there is no sense in asking again soon */
};

/* May a turn pass now? An open one whose pause is over becomes half open. */
bool pal_breaker_allows(struct pal_breaker *breaker, int64_t now_us);
/* A turn passes. */
void pal_breaker_taken(struct pal_breaker *breaker);
void pal_breaker_succeeded(struct pal_breaker *breaker);
/* The turn ended without saying anything about the engine: cancelled. */
void pal_breaker_released(struct pal_breaker *breaker);
/* True if it has opened by this; then it stays open until open_until_us. */
bool pal_breaker_failed(struct pal_breaker *breaker, enum pal_breaker_verdict verdict,
                        int64_t now_us);
/* A look at the engine went well: the pause is over. */
void pal_breaker_probed(struct pal_breaker *breaker);
/* "closed", "open", "half-open". */
const char *pal_breaker_name(enum pal_breaker_state state);

#endif
