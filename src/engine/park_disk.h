#ifndef PAL_ENGINE_PARK_DISK_H
#define PAL_ENGINE_PARK_DISK_H
/*
 * A thread that reads, writes and removes span files, so that no step of the model waits for a
 * disk. Jobs are done in the order in which they are given. All functions: compute thread.
 */
#include "engine/park_file.h"

enum pal_disk_what {
    PAL_DISK_WRITE,
    PAL_DISK_READ,
    PAL_DISK_REMOVE,
};

struct pal_disk_job {
    enum pal_disk_what what;
    char *path;             /* owned */
    uint64_t key;           /* of the files */
    void *tag;              /* the giver's own */
    struct pal_span span;   /* WRITE: borrowed pointers, valid until it is done; READ: the result,
                             * owned by who takes the job back */
    struct pal_error error; /* code PAL_OK: done */
    struct pal_disk_job *next;
};

struct pal_disk;

/* NULL: no thread could be had. */
struct pal_disk *pal_disk_create(void);
/* Does all that was given, then ends the thread; results that nobody took are freed. */
void pal_disk_destroy(struct pal_disk *disk);

/* Takes the job (by pal_calloc). */
void pal_disk_give(struct pal_disk *disk, struct pal_disk_job *job);
/* A job that is done, the caller's now: pal_disk_job_destroy(). NULL: none is. Never waits. */
struct pal_disk_job *pal_disk_take(struct pal_disk *disk);
/* Waits until all that was given is done. */
void pal_disk_wait(struct pal_disk *disk);
void pal_disk_job_destroy(struct pal_disk_job *job);

#endif
