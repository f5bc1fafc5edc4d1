#include "engine/reading.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/mem.h"

/* Beside threads that spin it gets about a tenth of a core; alone, all of one. */
#define NICENESS 10

struct pal_reading {
    struct pal_reader *reader; /* borrowed */
    struct pal_reading *next;  /* lock; in the queue */
    struct pal_model model;    /* borrowed parts only; the template is the reader's */
    struct pal_replies *known; /* owned; those that the job holds */
    struct pal_job job;        /* owned; its messages and conversation alone */
    size_t n_reply_tokens;
    struct pal_prompt prompt; /* once it is done, */
    enum pal_err err;
    struct pal_error error;
    bool is_done;      /* lock */
    bool is_abandoned; /* lock */
};

struct pal_reader {
    const struct pal_model *model; /* borrowed */
    struct pal_template *tmpl;     /* owned; the model's own one is the compute thread's */
    pthread_t thread;
    bool has_thread;
    cpu_set_t cpus; /* of this process */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct pal_reading *queue; /* lock; owned */
    bool is_quitting;          /* lock */
};

static void
free_reading(struct pal_reading *reading)
{
    pal_prompt_finish(&reading->prompt);
    pal_job_finish(&reading->job);
    pal_replies_finish(reading->known);
    free(reading->known);
    free(reading);
}

/* ---- the reader's thread ---- */

static void
read_one(struct pal_reading *reading)
{
    reading->err = pal_prompt_make(&reading->model, reading->known, &reading->job,
                                   reading->n_reply_tokens, &reading->prompt, &reading->error);
}

static void *
run(void *data)
{
    struct pal_reader *reader = data;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS); /* of this thread alone */
    /* The compute thread may be bound to one core. */
    (void)sched_setaffinity(0, sizeof(reader->cpus), &reader->cpus);
    (void)pthread_mutex_lock(&reader->lock);
    while (!reader->is_quitting) {
        struct pal_reading *reading = reader->queue;
        if (reading == NULL) {
            (void)pthread_cond_wait(&reader->changed, &reader->lock);
            continue;
        }
        reader->queue = reading->next;
        (void)pthread_mutex_unlock(&reader->lock);
        read_one(reading);
        (void)pthread_mutex_lock(&reader->lock);
        reading->is_done = true;
        if (reading->is_abandoned) {
            free_reading(reading);
        }
    }
    (void)pthread_mutex_unlock(&reader->lock);
    return NULL;
}

/* ---- the compute thread ---- */

struct pal_reader *
pal_reader_create(const struct pal_model *model)
{
    struct pal_reader *reader = pal_calloc(1, sizeof(*reader));
    reader->model = model;
    (void)pthread_mutex_init(&reader->lock, NULL);
    (void)pthread_cond_init(&reader->changed, NULL);
    return reader;
}

void
pal_reader_destroy(struct pal_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->has_thread) {
        (void)pthread_mutex_lock(&reader->lock);
        reader->is_quitting = true;
        (void)pthread_cond_signal(&reader->changed);
        (void)pthread_mutex_unlock(&reader->lock);
        (void)pthread_join(reader->thread, NULL);
    }
    while (reader->queue != NULL) {
        struct pal_reading *reading = reader->queue;
        reader->queue = reading->next;
        free_reading(reading);
    }
    pal_template_destroy(reader->tmpl);
    (void)pthread_cond_destroy(&reader->changed);
    (void)pthread_mutex_destroy(&reader->lock);
    free(reader);
}

static bool
is_long(const struct pal_job *job)
{
    size_t n_bytes = 0;
    for (size_t i = 0; i < job->n_messages && n_bytes < PAL_READING_MIN_BYTES; i++) {
        n_bytes += strlen(job->messages[i].text);
    }
    return n_bytes >= PAL_READING_MIN_BYTES;
}

static bool
has_thread(struct pal_reader *reader)
{
    if (!reader->has_thread) {
        reader->cpus = reader->model->pools.cpus;
        reader->tmpl =
            reader->tmpl != NULL ? reader->tmpl : pal_template_create(reader->model->model);
        reader->has_thread = pthread_create(&reader->thread, NULL, run, reader) == 0;
    }
    return reader->has_thread;
}

/* Of the replies that are known by their tokens, those that come back in this job. */
static struct pal_replies *
copy_known(const struct pal_replies *replies, const struct pal_job *job)
{
    struct pal_replies *known = pal_calloc(1, sizeof(*known));
    pal_replies_init(known, replies->seed);
    for (size_t i = 0; i < job->n_messages; i++) {
        const char *text = job->messages[i].text;
        const struct pal_reply *reply = NULL;
        if (job->messages[i].role == PAL_ROLE_ASSISTANT) {
            reply = pal_replies_find(replies, job->conversation, text, strlen(text));
        }
        if (reply != NULL) {
            pal_replies_add(known, job->conversation, text, strlen(text), reply->tokens,
                            reply->n_tokens);
        }
    }
    return known;
}

struct pal_reading *
pal_reader_begin(struct pal_reader *reader, const struct pal_replies *replies, struct pal_job *job,
                 size_t n_reply_tokens)
{
    if (!is_long(job) || !has_thread(reader)) {
        return NULL;
    }
    struct pal_reading *reading = pal_calloc(1, sizeof(*reading));
    reading->reader = reader;
    reading->model = *reader->model;
    reading->model.tmpl = reader->tmpl;
    reading->known = copy_known(replies, job);
    reading->n_reply_tokens = n_reply_tokens;
    reading->job = (struct pal_job){
        .turn_id = job->turn_id,
        .conversation = pal_strdup(job->conversation),
        .messages = job->messages,
        .n_messages = job->n_messages,
    };
    job->messages = NULL;
    job->n_messages = 0;
    (void)pthread_mutex_lock(&reader->lock);
    struct pal_reading **at = &reader->queue;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = reading;
    (void)pthread_cond_signal(&reader->changed);
    (void)pthread_mutex_unlock(&reader->lock);
    return reading;
}

bool
pal_reading_take(struct pal_reading *reading, struct pal_prompt *prompt, enum pal_err *err,
                 struct pal_error *error)
{
    (void)pthread_mutex_lock(&reading->reader->lock);
    bool is_done = reading->is_done;
    (void)pthread_mutex_unlock(&reading->reader->lock);
    if (!is_done) {
        return false;
    }
    *prompt = reading->prompt;
    *err = reading->err;
    *error = reading->error;
    reading->prompt = (struct pal_prompt){0};
    free_reading(reading);
    return true;
}

void
pal_reading_abandon(struct pal_reading *reading)
{
    if (reading == NULL) {
        return;
    }
    struct pal_reader *reader = reading->reader;
    (void)pthread_mutex_lock(&reader->lock);
    struct pal_reading **at = &reader->queue;
    while (*at != NULL && *at != reading) {
        at = &(*at)->next;
    }
    /* Out of the queue at once, or whoever comes and goes would fill the memory. */
    bool is_ours = reading->is_done || *at != NULL;
    if (*at != NULL) {
        *at = reading->next;
    }
    reading->is_abandoned = true; /* just being read: the reader frees it */
    (void)pthread_mutex_unlock(&reader->lock);
    if (is_ours) {
        free_reading(reading);
    }
}
