/*
 * What is parked, passed from one engine to the next: written to files by the one that leaves, and
 * made its own by the one that comes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/park.h"
#include "util/mem.h"

#define LOG_TOPIC "park"
#include "util/log.h"

/* ---- who comes ---- */

static bool
has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name);
    size_t m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

static void
adopt_file(const char *path, void *userdata)
{
    struct pal_park *park = userdata;
    struct pal_span span;
    struct pal_error error;
    if (!has_suffix(path, PAL_PARK_FILE_SUFFIX)) {
        (void)unlink(path); /* its writer died over it */
        return;
    }
    if (pal_park_file_read(path, park->options.key, false, &span, &error) != PAL_OK) {
        pal_log_warn("a parked timeline is not used, and removed", "reason=" PAL_LOG_STR,
                     error.text);
        (void)unlink(path);
        return;
    }
    if (span.owner != NULL) {
        pal_park_drop_owner(park, span.owner);
    } else if (span.is_base && pal_park_base(park, span.tokens, span.n_tokens) != NULL) {
        pal_span_finish(&span);
        (void)unlink(path);
        return;
    }
    char *own = pal_printf("%s/%" PRIu64 PAL_PARK_FILE_SUFFIX, park->home.dir, park->n_files++);
    struct pal_parked *parked =
        rename(path, own) == 0 ? pal_park_add(park, &span, PAL_PARKED_DISK) : NULL;
    if (parked == NULL) {
        pal_span_finish(&span);
        (void)unlink(path);
        free(own);
        return;
    }
    parked->path = own;
    park->n_disk_bytes += pal_parked_bytes(parked);
    struct pal_parked *oldest;
    while (park->n_disk_bytes > park->options.disk_max_bytes &&
           (oldest = pal_park_least_recent(park, PAL_PARKED_DISK)) != NULL) {
        pal_park_forget(park, oldest);
    }
}

void
pal_park_adopt(struct pal_park *park)
{
    if (park->disk == NULL) {
        return;
    }
    size_t n_before = park->n_items;
    pal_park_home_adopt(&park->home, adopt_file, park);
    if (park->n_items > n_before) {
        pal_log_info("timelines taken over", "n=%zu", park->n_items - n_before);
    }
}

/* ---- who leaves ---- */

void
pal_park_write_all(struct pal_park *park)
{
    for (size_t i = park->n_items; i > 0 && park->disk != NULL; i--) {
        if (park->items[i - 1]->place == PAL_PARKED_RAM) {
            pal_park_push_out(park, park->items[i - 1]);
        }
    }
}

bool
pal_park_is_writing(const struct pal_park *park)
{
    return park->n_busy_bytes > 0 || pal_park_is_reading(park);
}

void
pal_park_hand_over(struct pal_park *park)
{
    pal_park_come_to_rest(park);
    pal_park_write_all(park); /* what was being read */
    if (park->disk != NULL) {
        pal_disk_wait(park->disk);
    }
    pal_park_free(park);
}
