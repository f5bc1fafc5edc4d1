#include "util/recent.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"

void
pal_recent_add(struct pal_recent *recent, int64_t duration_us)
{
    recent->values_us[recent->next] = duration_us > 0 ? duration_us : 0;
    recent->next = (recent->next + 1) % PAL_RECENT_MAX;
    recent->n += recent->n < PAL_RECENT_MAX;
}

static int
compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

int64_t
pal_recent_quantile(const struct pal_recent *recent, unsigned percent)
{
    int64_t sorted[PAL_RECENT_MAX];
    if (recent->n == 0) {
        return 0;
    }
    memcpy(sorted, recent->values_us, recent->n * sizeof(*sorted));
    qsort(sorted, recent->n, sizeof(*sorted), compare);
    size_t rank = (recent->n * percent + 99) / 100;
    return sorted[rank > 0 ? rank - 1 : 0];
}

enum pal_err
pal_recent_render(const struct pal_recent *recent, const char *name, const char *help,
                  struct pal_buf *out)
{
    static const struct {
        unsigned percent;
        const char *label;
    } quantiles[] = {{50, "0.5"}, {95, "0.95"}};
    enum pal_err err = pal_buf_printf(out, "# HELP %s %s\n# TYPE %s summary\n", name, help, name);
    for (size_t i = 0; i < PAL_COUNT_OF(quantiles) && recent->n > 0 && err == PAL_OK; i++) {
        int64_t value_us = pal_recent_quantile(recent, quantiles[i].percent);
        err = pal_buf_printf(out, "%s{quantile=\"%s\"} %" PRId64 ".%06" PRId64 "\n", name,
                             quantiles[i].label, value_us / PAL_US_PER_S, value_us % PAL_US_PER_S);
    }
    return err;
}
