#include "engine/hold.h"

#include <stdint.h>
#include <string.h>

#include "util/mem.h"
#include "util/utf8.h"

/* One piece of a token is a few bytes; this is only a bound on a broken vocabulary. */
#define HOLD_MAX_BYTES (1u << 20)

void
pal_hold_init(struct pal_hold *hold, char *const *stops, size_t n_stops)
{
    *hold = (struct pal_hold){.stops = stops, .n_stops = n_stops};
    pal_buf_init(&hold->bytes, HOLD_MAX_BYTES);
}

void
pal_hold_finish(struct pal_hold *hold)
{
    pal_buf_finish(&hold->bytes);
    *hold = (struct pal_hold){0};
}

/* Where the first stop text begins in the bytes from `from` on; `none` if there is none. */
static size_t
find_stop(const struct pal_hold *hold, size_t from, size_t none)
{
    size_t first = none;
    for (size_t i = 0; i < hold->n_stops; i++) {
        size_t len = strlen(hold->stops[i]);
        size_t back = from + 1 > len ? from + 1 - len : 0;
        const char *found =
            memmem(hold->bytes.data + back, hold->bytes.len - back, hold->stops[i], len);
        if (found != NULL && (size_t)(found - hold->bytes.data) < first) {
            first = (size_t)(found - hold->bytes.data);
        }
    }
    return first;
}

/* How many bytes at the end may be the beginning of a stop text. */
static size_t
maybe_stop(const struct pal_hold *hold)
{
    size_t most = 0;
    for (size_t i = 0; i < hold->n_stops; i++) {
        size_t n = strlen(hold->stops[i]) - 1;
        n = n > hold->bytes.len ? hold->bytes.len : n;
        while (n > most && memcmp(hold->bytes.data + hold->bytes.len - n, hold->stops[i], n) != 0) {
            n--;
        }
        most = n > most ? n : most;
    }
    return most;
}

static void
make_ready(struct pal_hold *hold, size_t n)
{
    if (n > hold->n_ready) {
        pal_utf8_scrub(hold->bytes.data + hold->n_ready, n - hold->n_ready);
        hold->n_ready = n;
    }
}

bool
pal_hold_add(struct pal_hold *hold, const char *bytes, size_t len)
{
    PAL_ASSERT(!hold->is_stopped);
    size_t from = hold->bytes.len;
    if (pal_buf_append(&hold->bytes, bytes, len) != PAL_OK) {
        return false;
    }
    size_t at = find_stop(hold, from, SIZE_MAX);
    if (at != SIZE_MAX) {
        hold->bytes.len = at;
        hold->is_stopped = true;
        make_ready(hold, at);
        return true;
    }
    size_t whole = pal_utf8_whole(hold->bytes.data, hold->bytes.len);
    size_t safe = hold->bytes.len - maybe_stop(hold);
    make_ready(hold, whole < safe ? whole : safe);
    return false;
}

void
pal_hold_end(struct pal_hold *hold)
{
    make_ready(hold, hold->bytes.len);
}

void
pal_hold_sent(struct pal_hold *hold, size_t n)
{
    PAL_ASSERT(n <= hold->n_ready);
    hold->n_sent += n;
    pal_buf_consume(&hold->bytes, n);
    hold->n_ready -= n;
}

void
pal_hold_drop(struct pal_hold *hold)
{
    pal_buf_consume(&hold->bytes, hold->bytes.len);
    hold->n_ready = 0;
    hold->is_stopped = true;
}
