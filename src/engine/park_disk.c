#include "engine/park_disk.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/mem.h"

struct queue {
    struct pal_disk_job *first;
    struct pal_disk_job *last;
};

struct pal_disk {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct queue given; /* lock */
    struct queue done;  /* lock */
    bool is_working;    /* lock */
    bool is_ending;     /* lock */
};

static void
push(struct queue *queue, struct pal_disk_job *job)
{
    job->next = NULL;
    if (queue->last != NULL) {
        queue->last->next = job;
    } else {
        queue->first = job;
    }
    queue->last = job;
}

static struct pal_disk_job *
pop(struct queue *queue)
{
    struct pal_disk_job *job = queue->first;
    if (job != NULL) {
        queue->first = job->next;
        queue->last = queue->first != NULL ? queue->last : NULL;
        job->next = NULL;
    }
    return job;
}

static void
work(struct pal_disk_job *job)
{
    job->error = (struct pal_error){0};
    switch (job->what) {
    case PAL_DISK_WRITE:
        (void)!pal_park_file_write(job->path, job->key, &job->span, &job->error);
        job->span = (struct pal_span){0}; /* was borrowed */
        break;
    case PAL_DISK_READ:
        (void)!pal_park_file_read(job->path, job->key, true, &job->span, &job->error);
        break;
    case PAL_DISK_REMOVE:
        (void)unlink(job->path);
        break;
    }
}

static void *
run(void *data)
{
    struct pal_disk *disk = data;
    (void)pthread_mutex_lock(&disk->lock);
    for (;;) {
        struct pal_disk_job *job = pop(&disk->given);
        if (job == NULL && disk->is_ending) {
            break;
        }
        if (job == NULL) {
            (void)pthread_cond_wait(&disk->changed, &disk->lock);
            continue;
        }
        disk->is_working = true;
        (void)pthread_mutex_unlock(&disk->lock);
        work(job);
        (void)pthread_mutex_lock(&disk->lock);
        disk->is_working = false;
        push(&disk->done, job);
        (void)pthread_cond_broadcast(&disk->changed);
    }
    (void)pthread_mutex_unlock(&disk->lock);
    return NULL;
}

struct pal_disk *
pal_disk_create(void)
{
    struct pal_disk *disk = pal_calloc(1, sizeof(*disk));
    (void)pthread_mutex_init(&disk->lock, NULL);
    (void)pthread_cond_init(&disk->changed, NULL);
    if (pthread_create(&disk->thread, NULL, run, disk) != 0) {
        (void)pthread_cond_destroy(&disk->changed);
        (void)pthread_mutex_destroy(&disk->lock);
        free(disk);
        return NULL;
    }
    return disk;
}

void
pal_disk_job_destroy(struct pal_disk_job *job)
{
    if (job == NULL) {
        return;
    }
    pal_span_finish(&job->span);
    free(job->path);
    free(job);
}

void
pal_disk_destroy(struct pal_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&disk->lock);
    disk->is_ending = true;
    (void)pthread_cond_broadcast(&disk->changed);
    (void)pthread_mutex_unlock(&disk->lock);
    (void)pthread_join(disk->thread, NULL);
    for (struct pal_disk_job *job; (job = pop(&disk->done)) != NULL;) {
        pal_disk_job_destroy(job);
    }
    (void)pthread_cond_destroy(&disk->changed);
    (void)pthread_mutex_destroy(&disk->lock);
    free(disk);
}

void
pal_disk_give(struct pal_disk *disk, struct pal_disk_job *job)
{
    (void)pthread_mutex_lock(&disk->lock);
    push(&disk->given, job);
    (void)pthread_cond_broadcast(&disk->changed);
    (void)pthread_mutex_unlock(&disk->lock);
}

struct pal_disk_job *
pal_disk_take(struct pal_disk *disk)
{
    (void)pthread_mutex_lock(&disk->lock);
    struct pal_disk_job *job = pop(&disk->done);
    (void)pthread_mutex_unlock(&disk->lock);
    return job;
}

void
pal_disk_wait(struct pal_disk *disk)
{
    (void)pthread_mutex_lock(&disk->lock);
    while (disk->given.first != NULL || disk->is_working) {
        (void)pthread_cond_wait(&disk->changed, &disk->lock);
    }
    (void)pthread_mutex_unlock(&disk->lock);
}
