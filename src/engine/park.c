#include "engine/park.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

#define LOG_TOPIC "park"
#include "util/log.h"

/* On their way to the disk, beside the budget. */
#define BUSY_MAX_BYTES (64u << 20)

struct pal_park *
pal_park_create(const struct pal_park_options *options)
{
    struct pal_park *park = pal_calloc(1, sizeof(*park));
    park->options = *options;
    park->options.dir = NULL; /* home has its own */
    park->round = 1;
    struct pal_error error;
    if (options->dir == NULL || options->disk_max_bytes == 0) {
        return park;
    }
    if (pal_park_home_open(&park->home, options->dir, &error) != PAL_OK) {
        pal_log_warn("cannot park on disk", "reason=" PAL_LOG_STR, error.text);
        return park;
    }
    park->disk = pal_disk_create();
    if (!options->is_for_others) {
        pal_park_adopt(park);
    }
    return park;
}

uint64_t
pal_parked_bytes(const struct pal_parked *parked)
{
    return parked->span.n_bytes + pal_span_head_bytes(&parked->span);
}

static bool
is_in_ram(const struct pal_parked *parked)
{
    return parked->place != PAL_PARKED_DISK;
}

static void
free_parked(struct pal_parked *parked)
{
    pal_span_finish(&parked->span);
    free(parked->path);
    free(parked);
}

/* ---- files ---- */

static void
give(struct pal_park *park, enum pal_disk_what what, struct pal_parked *parked, const char *path)
{
    struct pal_disk_job *job = pal_calloc(1, sizeof(*job));
    job->what = what;
    job->path = pal_strdup(path);
    job->key = park->options.key;
    job->tag = parked;
    if (what == PAL_DISK_WRITE) {
        job->span = parked->span;
    }
    pal_disk_give(park->disk, job);
}

static void
remove_file(struct pal_park *park, struct pal_parked *parked)
{
    if (parked->path == NULL) {
        return;
    }
    park->n_disk_bytes -= pal_parked_bytes(parked);
    give(park, PAL_DISK_REMOVE, NULL, parked->path);
    free(parked->path);
    parked->path = NULL;
}

void
pal_park_drop(struct pal_park *park, struct pal_parked *parked)
{
    for (size_t i = 0; i < park->n_items; i++) {
        if (park->items[i] == parked) {
            park->items[i] = park->items[--park->n_items];
            break;
        }
    }
    park->n_ram_bytes -= is_in_ram(parked) ? pal_parked_bytes(parked) : 0;
    if (parked->place == PAL_PARKED_WRITING || parked->place == PAL_PARKED_READING) {
        park->n_busy_bytes -= parked->place == PAL_PARKED_WRITING ? pal_parked_bytes(parked) : 0;
        parked->is_dropped = true; /* the disk's thread still uses it: freed by on_done() */
        return;
    }
    remove_file(park, parked);
    free_parked(parked);
}

static bool
is_wanted(const struct pal_park *park, const struct pal_parked *parked)
{
    return parked->wanted_round != 0 && parked->wanted_round + 1 >= park->round;
}

struct pal_parked *
pal_park_least_recent(struct pal_park *park, enum pal_parked_place place)
{
    struct pal_parked *oldest = NULL;
    for (size_t i = 0; i < park->n_items; i++) {
        struct pal_parked *parked = park->items[i];
        if (parked->place == place && !is_wanted(park, parked) &&
            (oldest == NULL || parked->used_at < oldest->used_at)) {
            oldest = parked;
        }
    }
    return oldest;
}

void
pal_park_forget(struct pal_park *park, struct pal_parked *parked)
{
    park->counts.n_forgotten++;
    pal_park_drop(park, parked);
}

/* Sends it to the disk, or forgets it. */
void
pal_park_push_out(struct pal_park *park, struct pal_parked *parked)
{
    uint64_t n = pal_parked_bytes(parked);
    struct pal_parked *oldest = NULL;
    bool can_write = park->disk != NULL && n <= park->options.disk_max_bytes;
    while (can_write && park->n_disk_bytes + n > park->options.disk_max_bytes &&
           (oldest = pal_park_least_recent(park, PAL_PARKED_DISK)) != NULL) {
        pal_park_forget(park, oldest);
    }
    if (!can_write || park->n_disk_bytes + n > park->options.disk_max_bytes) {
        pal_park_forget(park, parked);
        return;
    }
    parked->place = PAL_PARKED_WRITING;
    park->n_busy_bytes += n;
    park->n_disk_bytes += n;
    parked->path = pal_printf("%s/%" PRIu64 PAL_PARK_FILE_SUFFIX, park->home.dir, park->n_files++);
    give(park, PAL_DISK_WRITE, parked, parked->path);
}

/* Back within the budget. What is being written still has its bytes here; a disk that can't keep up
 * costs what would have been written next. */
static void
settle(struct pal_park *park)
{
    uint64_t max = park->options.ram_max_bytes;
    while (park->n_ram_bytes - park->n_busy_bytes > max) {
        struct pal_parked *oldest = pal_park_least_recent(park, PAL_PARKED_RAM);
        if (oldest == NULL) {
            return; /* turns wait for all of it */
        }
        if (park->n_busy_bytes > BUSY_MAX_BYTES) {
            pal_park_forget(park, oldest);
        } else {
            pal_park_push_out(park, oldest);
        }
    }
}

static void
on_written(struct pal_park *park, struct pal_parked *parked, const struct pal_error *error)
{
    uint64_t n = pal_parked_bytes(parked);
    parked->place = PAL_PARKED_RAM;
    park->n_busy_bytes -= n;
    if (error->code != PAL_OK) {
        park->n_disk_bytes -= n;
        free(parked->path);
        parked->path = NULL;
        /* What fits is what there is. */
        park->options.disk_max_bytes = park->n_disk_bytes;
        pal_log_warn("cannot park on disk: what doesn't fit in memory is computed again",
                     "reason=" PAL_LOG_STR, error->text);
        settle(park);
        return;
    }
    park->counts.n_written++;
    if (is_wanted(park, parked)) {
        remove_file(park, parked);
        return;
    }
    parked->place = PAL_PARKED_DISK;
    park->n_ram_bytes -= n;
    free(parked->span.data);
    parked->span.data = NULL;
    parked->span.n_room = 0;
}

static bool
is_same(const struct pal_span *a, const struct pal_span *b)
{
    return a->n_tokens == b->n_tokens && a->n_base == b->n_base && a->n_bytes == b->n_bytes &&
           memcmp(a->tokens, b->tokens, a->n_tokens * sizeof(*a->tokens)) == 0 &&
           memcmp(a->positions, b->positions, a->n_tokens * sizeof(*a->positions)) == 0;
}

static void
on_read(struct pal_park *park, struct pal_parked *parked, struct pal_disk_job *job)
{
    if (job->error.code == PAL_OK && !is_same(&parked->span, &job->span)) {
        (void)pal_error_set(&job->error, PAL_ERR_PROTO, "'%s' is not what was written", job->path);
    }
    parked->place = PAL_PARKED_RAM;
    if (job->error.code != PAL_OK) {
        pal_log_warn("a parked timeline can't be read: it is computed again", "reason=" PAL_LOG_STR,
                     job->error.text);
        pal_park_forget(park, parked);
        return;
    }
    parked->span.data = job->span.data;
    job->span.data = NULL;
    park->counts.n_read++;
    remove_file(park, parked);
}

static void
on_done(struct pal_park *park, struct pal_disk_job *job)
{
    struct pal_parked *parked = job->tag;
    if (parked == NULL) {
        return;
    }
    if (parked->is_dropped) {
        if (job->what == PAL_DISK_READ || job->error.code == PAL_OK) {
            remove_file(park, parked);
        } else {
            park->n_disk_bytes -= pal_parked_bytes(parked);
        }
        free_parked(parked);
    } else if (job->what == PAL_DISK_WRITE) {
        on_written(park, parked, &job->error);
    } else {
        on_read(park, parked, job);
    }
}

bool
pal_park_poll(struct pal_park *park)
{
    bool has_changed = false;
    struct pal_disk_job *job;
    park->round++;
    while (park->disk != NULL && (job = pal_disk_take(park->disk)) != NULL) {
        has_changed = has_changed || job->tag != NULL;
        on_done(park, job);
        pal_disk_job_destroy(job);
    }
    return has_changed;
}

bool
pal_park_is_reading(const struct pal_park *park)
{
    for (size_t i = 0; i < park->n_items; i++) {
        if (park->items[i]->place == PAL_PARKED_READING) {
            return true;
        }
    }
    return false;
}

bool
pal_park_fetch(struct pal_park *park, struct pal_parked *parked)
{
    pal_park_touch(park, parked);
    parked->wanted_round = park->round;
    if (parked->place == PAL_PARKED_DISK) {
        parked->place = PAL_PARKED_READING;
        park->n_ram_bytes += pal_parked_bytes(parked);
        give(park, PAL_DISK_READ, parked, parked->path);
    }
    return parked->span.data != NULL;
}

/* ---- what is where ---- */

bool
pal_park_has_memory(const struct pal_park *park)
{
    /* A span's size is known only once it is made. */
    return park != NULL && park->n_ram_bytes < park->options.ram_max_bytes / 2;
}

void
pal_park_touch(struct pal_park *park, struct pal_parked *parked)
{
    parked->used_at = ++park->clock;
}

struct pal_parked *
pal_park_base(struct pal_park *park, const int32_t *tokens, size_t n)
{
    for (size_t i = 0; i < park->n_items; i++) {
        const struct pal_span *span = &park->items[i]->span;
        if (span->is_base && span->n_tokens == n &&
            memcmp(span->tokens, tokens, n * sizeof(*tokens)) == 0) {
            return park->items[i];
        }
    }
    return NULL;
}

void
pal_park_drop_owner(struct pal_park *park, const char *owner)
{
    for (size_t i = park->n_items; i > 0; i--) {
        struct pal_parked *parked = park->items[i - 1];
        if (parked->span.owner != NULL && strcmp(parked->span.owner, owner) == 0) {
            pal_park_drop(park, parked);
        }
    }
}

struct pal_parked *
pal_park_add(struct pal_park *park, struct pal_span *span, enum pal_parked_place place)
{
    struct pal_parked *parked = NULL;
    while (park->n_items == PAL_PARK_ITEMS_MAX &&
           ((parked = pal_park_least_recent(park, PAL_PARKED_DISK)) != NULL ||
            (parked = pal_park_least_recent(park, PAL_PARKED_RAM)) != NULL)) {
        pal_park_forget(park, parked);
    }
    if (park->n_items == PAL_PARK_ITEMS_MAX) {
        pal_span_finish(span);
        return NULL;
    }
    parked = pal_calloc(1, sizeof(*parked));
    parked->span = *span;
    parked->place = place;
    *span = (struct pal_span){0};
    park->items[park->n_items++] = parked;
    pal_park_touch(park, parked);
    return parked;
}

void
pal_park_put(struct pal_park *park, struct pal_span *span)
{
    if (span->owner != NULL) {
        pal_park_drop_owner(park, span->owner);
    }
    struct pal_parked *same =
        span->is_base ? pal_park_base(park, span->tokens, span->n_tokens) : NULL;
    if (same != NULL) {
        pal_park_touch(park, same);
        pal_span_finish(span);
        return;
    }
    struct pal_parked *parked = pal_park_add(park, span, PAL_PARKED_RAM);
    if (parked == NULL) {
        return;
    }
    park->counts.n_saved++;
    park->n_ram_bytes += pal_parked_bytes(parked);
    settle(park);
}

void
pal_park_free(struct pal_park *park)
{
    pal_disk_destroy(park->disk);
    for (size_t i = 0; i < park->n_items; i++) {
        free_parked(park->items[i]);
    }
    pal_park_home_close(&park->home);
    free(park);
}

/* The disk's thread is done with everything. */
void
pal_park_come_to_rest(struct pal_park *park)
{
    if (park->disk != NULL) {
        pal_disk_wait(park->disk);
        (void)pal_park_poll(park);
    }
}

void
pal_park_destroy(struct pal_park *park)
{
    if (park == NULL) {
        return;
    }
    pal_log_debug("what was parked",
                  "saved=%" PRIu64 " restored=%" PRIu64 " written=%" PRIu64 " read=%" PRIu64
                  " forgotten=%" PRIu64,
                  park->counts.n_saved, park->counts.n_restored, park->counts.n_written,
                  park->counts.n_read, park->counts.n_forgotten);
    pal_park_come_to_rest(park);
    for (size_t i = 0; i < park->n_items; i++) {
        remove_file(park, park->items[i]);
    }
    pal_park_free(park);
}
