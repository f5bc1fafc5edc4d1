#include "engine/breaker.h"

bool
pal_breaker_allows(struct pal_breaker *breaker, int64_t now_us)
{
    if (breaker->state == PAL_BREAKER_OPEN && now_us >= breaker->open_until_us) {
        pal_breaker_probed(breaker);
    }
    return breaker->state == PAL_BREAKER_CLOSED ||
           (breaker->state == PAL_BREAKER_HALF_OPEN && !breaker->is_trying);
}

void
pal_breaker_taken(struct pal_breaker *breaker)
{
    breaker->is_trying = breaker->state == PAL_BREAKER_HALF_OPEN;
}

void
pal_breaker_succeeded(struct pal_breaker *breaker)
{
    *breaker = (struct pal_breaker){.state = PAL_BREAKER_CLOSED};
}

void
pal_breaker_released(struct pal_breaker *breaker)
{
    breaker->is_trying = false;
}

void
pal_breaker_probed(struct pal_breaker *breaker)
{
    if (breaker->state == PAL_BREAKER_OPEN) {
        breaker->state = PAL_BREAKER_HALF_OPEN;
        breaker->is_trying = false;
    }
}

bool
pal_breaker_failed(struct pal_breaker *breaker, enum pal_breaker_verdict verdict, int64_t now_us)
{
    if (verdict == PAL_BREAKER_IGNORE) {
        pal_breaker_released(breaker);
        return false;
    }
    breaker->n_failures++;
    bool opens = breaker->state != PAL_BREAKER_OPEN &&
                 (verdict == PAL_BREAKER_TRIP || breaker->state == PAL_BREAKER_HALF_OPEN ||
                  breaker->n_failures >= PAL_BREAKER_FAILURES_MAX);
    if (!opens) {
        return false; /* turns that were under way when it opened say nothing new */
    }
    breaker->state = PAL_BREAKER_OPEN;
    breaker->is_trying = false;
    breaker->pause_us = breaker->pause_us == 0 ? PAL_BREAKER_PAUSE_FIRST_US : 2 * breaker->pause_us;
    if (breaker->pause_us > PAL_BREAKER_PAUSE_MAX_US) {
        breaker->pause_us = PAL_BREAKER_PAUSE_MAX_US;
    }
    breaker->open_until_us = now_us + breaker->pause_us;
    return true;
}

const char *
pal_breaker_name(enum pal_breaker_state state)
{
    switch (state) {
    case PAL_BREAKER_CLOSED:
        return "closed";
    case PAL_BREAKER_OPEN:
        return "open";
    case PAL_BREAKER_HALF_OPEN:
        return "half-open";
    }
    return "?";
}
