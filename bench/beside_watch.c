/* A reply that never ends, watched: when its pieces come, and how many threads work on it. */
#include "bench/beside.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/clock.h"
#include "util/mem.h"

#define TICK_US       (100 * PAL_US_PER_MS)
#define TURN_LIMIT_US (120 * PAL_US_PER_S)
#define TASKS_MAX     64u
#define REPLY_TOKENS  400
/* A thread works if it had this share of a processor. */
#define WORKING_SHARE 0.1
/* Settled is what runs so fast, compared with the end, */
#define SETTLED_SHARE 0.85
/* for so long, or for so many tokens where that takes longer; */
#define SETTLED_US     (300 * PAL_US_PER_MS)
#define SETTLED_TOKENS 5
/* looked for in such steps. */
#define SETTLED_STEP_US (20 * PAL_US_PER_MS)
/* Threads are settled that stay so for so many samples. */
#define SETTLED_SAMPLES 5u

struct task {
    int tid;
    int64_t ran_us;
};

struct watching {
    struct pal_trial *trial;
    struct beside_record *record;
    const struct beside_act *acts;
    size_t n_acts;
    size_t n_done; /* of the acts */
    int64_t began_us;
    int64_t until_us; /* absolute */
    struct task tasks[TASKS_MAX];
    size_t n_tasks;
    int64_t ticked_us;
    bool is_over;
};

static void
on_piece(void *userdata)
{
    struct watching *w = userdata;
    struct beside_record *record = w->record;
    if ((record->n_pieces & (record->n_pieces - 1)) == 0) {
        size_t cap = record->n_pieces == 0 ? 1 : 2 * record->n_pieces;
        record->pieces = pal_realloc(record->pieces, cap, sizeof(*record->pieces));
    }
    record->pieces[record->n_pieces++] =
        (struct beside_piece){.at_us = pal_now_us() - w->began_us, .n_tokens = 1};
}

/* What the thread has run so far; < 0: it is gone. */
static int64_t
ran_us(int pid, int tid)
{
    char path[80];
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return -1;
    }
    uint64_t ns = 0;
    bool known = fscanf(file, "%" SCNu64, &ns) == 1;
    (void)fclose(file);
    return known ? (int64_t)(ns / 1000) : -1;
}

static struct task *
find_task(struct watching *w, int tid)
{
    for (size_t i = 0; i < w->n_tasks; i++) {
        if (w->tasks[i].tid == tid) {
            return &w->tasks[i];
        }
    }
    if (w->n_tasks == TASKS_MAX) {
        return NULL;
    }
    w->tasks[w->n_tasks] = (struct task){.tid = tid, .ran_us = -1};
    return &w->tasks[w->n_tasks++];
}

/* Threads that worked since the last call. */
static uint32_t
count_working(struct watching *w, int64_t now_us)
{
    char path[64];
    int pid = pal_engine_pid(w->trial->engine);
    uint32_t n = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        int tid = (int)strtol(entry->d_name, NULL, 10);
        struct task *task = tid > 0 ? find_task(w, tid) : NULL;
        int64_t us = task != NULL ? ran_us(pid, tid) : -1;
        if (us < 0) {
            continue;
        }
        double share = (double)(us - task->ran_us) / (double)(now_us - w->ticked_us);
        n += task->ran_us >= 0 && share > WORKING_SHARE;
        task->ran_us = us;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return n;
}

static void
note_threads(struct watching *w, int64_t now_us)
{
    struct beside_record *record = w->record;
    uint32_t n = count_working(w, now_us);
    if (w->ticked_us != 0) {
        record->threads =
            pal_realloc(record->threads, record->n_threads + 1, sizeof(*record->threads));
        record->threads[record->n_threads++] =
            (struct beside_threads){.at_us = now_us - w->began_us, .n = n};
    }
    w->ticked_us = now_us;
}

static void
on_tick(uv_timer_t *timer)
{
    struct watching *w = timer->data;
    int64_t now_us = pal_now_us();
    note_threads(w, now_us);
    while (w->n_done < w->n_acts && now_us - w->began_us >= w->acts[w->n_done].at_us) {
        const struct beside_act *act = &w->acts[w->n_done++];
        act->act(act->userdata);
    }
    if (now_us >= w->until_us && !w->is_over) {
        w->is_over = true;
        pal_engine_cancel(w->trial->engine, w->trial->last_id);
    }
}

/* One reply. What its pieces hold is known at its end: a model may say less than a letter at a
 * time. */
static bool
talk(struct watching *w, struct pal_error *error)
{
    struct pal_usage usage = {0};
    struct pal_job job = {.sampling = pal_sampling_default()};
    char text[64];
    size_t first = w->record->n_pieces;
    int len = snprintf(text, sizeof(text), "%zu once upon a time", first);
    job.sampling.ignore_eos = true;
    job.sampling.max_tokens = REPLY_TOKENS;
    enum pal_err err = pal_job_add_message(&job, PAL_ROLE_USER, text, (size_t)len);
    if (err == PAL_OK) {
        err = pal_trial_ask(w->trial, &job, TURN_LIMIT_US, &usage, error);
    }
    pal_job_finish(&job);
    size_t n = w->record->n_pieces - first;
    for (size_t i = 0; i < n; i++) {
        w->record->pieces[first + i].n_tokens = (double)usage.completion_tokens / (double)n;
    }
    return err == PAL_OK;
}

bool
beside_watch(struct pal_trial *trial, int64_t us, const struct beside_act *acts, size_t n_acts,
             struct beside_record *record, struct pal_error *error)
{
    struct watching *w = pal_calloc(1, sizeof(*w));
    uv_timer_t timer;
    *record = (struct beside_record){0};
    *w = (struct watching){.trial = trial, .record = record, .acts = acts, .n_acts = n_acts};
    w->began_us = pal_now_us();
    w->until_us = w->began_us + us;
    (void)uv_timer_init(trial->loop, &timer);
    timer.data = w;
    uint64_t tick_ms = (uint64_t)(TICK_US / PAL_US_PER_MS);
    (void)uv_timer_start(&timer, on_tick, tick_ms, tick_ms);
    trial->on_piece = on_piece;
    trial->on_piece_userdata = w;
    bool ok = true;
    while (ok && !w->is_over) {
        ok = talk(w, error);
    }
    for (; w->n_done < n_acts; w->n_done++) {
        acts[w->n_done].act(acts[w->n_done].userdata);
    }
    trial->on_piece = NULL;
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(trial->loop, UV_RUN_NOWAIT);
    free(w);
    return ok;
}

void
beside_record_finish(struct beside_record *record)
{
    free(record->pieces);
    free(record->threads);
    *record = (struct beside_record){0};
}

/* ---- what it says ---- */

double
beside_rate(const struct beside_record *record, int64_t from_us, int64_t to_us)
{
    double n = 0;
    for (size_t i = 0; i < record->n_pieces; i++) {
        const struct beside_piece *piece = &record->pieces[i];
        n += piece->at_us >= from_us && piece->at_us < to_us ? piece->n_tokens : 0;
    }
    return to_us > from_us ? n * (double)PAL_US_PER_S / (double)(to_us - from_us) : 0;
}

uint32_t
beside_threads_usual(const struct beside_record *record, int64_t from_us, int64_t to_us)
{
    uint32_t counts[TASKS_MAX + 1] = {0};
    uint32_t usual = 0;
    for (size_t i = 0; i < record->n_threads; i++) {
        const struct beside_threads *sample = &record->threads[i];
        if (sample->at_us >= from_us && sample->at_us < to_us) {
            counts[sample->n]++;
        }
    }
    for (uint32_t n = 0; n <= TASKS_MAX; n++) {
        usual = counts[n] > counts[usual] ? n : usual;
    }
    return usual;
}

double
beside_rate_settled_ms(const struct beside_record *record, int64_t from_us, int64_t to_us)
{
    double steady = beside_rate(record, (from_us + to_us) / 2, to_us);
    if (steady <= 0) {
        return -1;
    }
    int64_t by_tokens_us = (int64_t)(SETTLED_TOKENS * (double)PAL_US_PER_S / steady);
    int64_t span_us = by_tokens_us > SETTLED_US ? by_tokens_us : SETTLED_US;
    for (int64_t at = from_us; at + span_us <= to_us; at += SETTLED_STEP_US) {
        if (beside_rate(record, at, at + span_us) >= SETTLED_SHARE * steady) {
            return (double)(at - from_us) / (double)PAL_US_PER_MS;
        }
    }
    return -1;
}

double
beside_threads_settled_ms(const struct beside_record *record, int64_t from_us, int64_t to_us)
{
    uint32_t usual = beside_threads_usual(record, (from_us + to_us) / 2, to_us);
    uint32_t n_same = 0;
    for (size_t i = 0; i < record->n_threads; i++) {
        const struct beside_threads *sample = &record->threads[i];
        if (sample->at_us - TICK_US < from_us || sample->at_us >= to_us) {
            continue;
        }
        n_same = sample->n == usual ? n_same + 1 : 0;
        if (n_same == SETTLED_SAMPLES) {
            int64_t at_us = record->threads[i + 1 - SETTLED_SAMPLES].at_us;
            return (double)(at_us - from_us) / (double)PAL_US_PER_MS;
        }
    }
    return -1;
}
