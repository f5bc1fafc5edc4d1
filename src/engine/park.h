#ifndef PAL_ENGINE_PARK_H
#define PAL_ENGINE_PARK_H
/*
 * Where timelines are while they have no cells: their bytes in host memory, then in files, then
 * forgotten, least recently used first; a budget of bytes for each. What is asked for again comes
 * back by a copy, which takes a thousandth of computing it again.
 *
 * Reading and writing files is another thread's work (park_disk.h): a turn whose span is on disk
 * waits, the others go on. A disk that is full or broken is no error: what doesn't fit is
 * forgotten.
 *
 * Compute thread only.
 */
#include "engine/park_disk.h"
#include "engine/park_home.h"

#define PAL_PARK_ITEMS_MAX 1024

enum pal_parked_place {
    PAL_PARKED_RAM,
    PAL_PARKED_WRITING, /* in RAM still, and on its way to the disk */
    PAL_PARKED_DISK,
    PAL_PARKED_READING,
};

struct pal_parked {
    struct pal_span span;
    enum pal_parked_place place;
    uint64_t used_at;      /* a count: greater = later */
    char *path;            /* owned; its file; NULL = it never had one */
    uint64_t wanted_round; /* a turn waited for it then; 0 = never */
    bool is_dropped;       /* gone, but for the job that still uses it */
};

struct pal_park_options {
    uint64_t ram_max_bytes;
    uint64_t disk_max_bytes; /* 0 = no files */
    const char *dir;         /* exists; each park has a folder of its own in it; NULL = no files */
    uint64_t key;            /* of the model and what else shapes the bytes */
    bool is_for_others;      /* it is to be handed over: takes nothing over itself */
};

struct pal_park_counts {
    uint64_t n_saved;    /* spans that came in */
    uint64_t n_restored; /* and went back into the KV */
    uint64_t n_written;
    uint64_t n_read;
    uint64_t n_forgotten; /* driven out for good */
};

struct pal_park {
    struct pal_park_options options;
    struct pal_park_home home;
    struct pal_disk *disk;                        /* owned; NULL = no files */
    struct pal_parked *items[PAL_PARK_ITEMS_MAX]; /* owned; no order */
    size_t n_items;
    uint64_t n_ram_bytes;  /* RAM, WRITING and READING */
    uint64_t n_busy_bytes; /* of these, WRITING */
    uint64_t n_disk_bytes; /* of files */
    uint64_t clock;
    uint64_t round;   /* counts polls: what a turn asked for in this one or the last stays in RAM */
    uint64_t n_files; /* for their names */
    struct pal_park_counts counts;
};

/* Without files, and a warning, if it can't make its folder. */
struct pal_park *pal_park_create(const struct pal_park_options *options);
/* Removes all files of what is parked; accepts NULL. */
void pal_park_destroy(struct pal_park *park);
/*
 * For another engine's park, in two steps: begins to write all to files; once nothing is being
 * written any more, leaves them for that park's _adopt() and frees this one (waiting for the disk,
 * if it must).
 */
void pal_park_write_all(struct pal_park *park);
bool pal_park_is_writing(const struct pal_park *park);
void pal_park_hand_over(struct pal_park *park);

/* Takes the span (emptied). It replaces what its owner, or the same base, had here. Too large for
 * every budget, it is forgotten at once. */
void pal_park_put(struct pal_park *park, struct pal_span *span);
/* The shared beginning that is exactly these tokens; NULL = not here. */
struct pal_parked *pal_park_base(struct pal_park *park, const int32_t *tokens, size_t n);

/*
 * Is its data in RAM? If not, it is read, and the next call after pal_park_poll() tells. A file
 * that can't be read is forgotten, and then the pointer is no longer valid: plan again.
 */
bool pal_park_fetch(struct pal_park *park, struct pal_parked *parked);
/* Takes what the disk has done. True: something has changed. */
bool pal_park_poll(struct pal_park *park);
/* Some file is being read for a turn. */
bool pal_park_is_reading(const struct pal_park *park);

/* There is a park, and what comes in next will not drive anything to the disk. */
bool pal_park_has_memory(const struct pal_park *park);
void pal_park_touch(struct pal_park *park, struct pal_parked *parked);
/* Forgets one; with its file. */
void pal_park_drop(struct pal_park *park, struct pal_parked *parked);
/* Forgets all conversations of this owner. */
void pal_park_drop_owner(struct pal_park *park, const char *owner);

/*
 * Makes what dead parks, and those that were handed over, left in options.dir its own; files that
 * are damaged or another model's are removed. A conversation's replaces what is here of it. Also
 * done at the beginning.
 */
void pal_park_adopt(struct pal_park *park);

/* ---- for park*.c only ---- */

#define PAL_PARK_FILE_SUFFIX ".kv"

/* In memory or in a file. */
uint64_t pal_parked_bytes(const struct pal_parked *parked);
/* Of those in that place that no turn waits for; NULL = there is none. */
struct pal_parked *pal_park_least_recent(struct pal_park *park, enum pal_parked_place place);
/* Takes the span (emptied). NULL: it is forgotten, because turns wait for all that is here. */
struct pal_parked *pal_park_add(struct pal_park *park, struct pal_span *span,
                                enum pal_parked_place place);
/* Sends what is in memory to the disk, or forgets it. */
void pal_park_push_out(struct pal_park *park, struct pal_parked *parked);
/* Drives it out for good. */
void pal_park_forget(struct pal_park *park, struct pal_parked *parked);
/* Waits until the disk's thread is done with everything. */
void pal_park_come_to_rest(struct pal_park *park);
/* Leaves the files where they are. */
void pal_park_free(struct pal_park *park);

#endif
