#ifndef PAL_UTIL_USAGE_H
#define PAL_UTIL_USAGE_H
/*
 * What a turn cost, counted by the engine and carried unchanged to whoever reports it (the API's
 * `usage` and `timings`, the metrics, the benches). Plain data, by value.
 */
#include <stdint.h>

struct pal_usage {
    uint32_t prompt_tokens;     /* length of the whole prompt, template included */
    uint32_t cached_tokens;     /* of these, taken from KV that was already there */
    uint32_t completion_tokens; /* sampled, the end-of-turn token not counted */
    uint32_t draft_tokens;      /* guessed by self-speculation; 0 where it is off */
    uint32_t draft_accepted;    /* of these, right */
    int64_t queue_us;           /* submitted -> first work in the engine */
    int64_t prompt_us;          /* first work -> prompt complete */
    int64_t predict_us;         /* prompt complete -> last token */
    int64_t first_token_us;     /* submitted -> first text; 0 if there was none */
};

#endif
