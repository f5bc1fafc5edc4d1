/*
 * The script as a worker (script.h): a turn is a text, a place in it, and the time of its next
 * token.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/hold.h"
#include "engine/script.h"
#include "engine/worker.h"
#include "util/clock.h"
#include "util/mem.h"

#define LOG_TOPIC "script"
#include "util/log.h"

/* Loading is played in steps, so that it can be given up. */
#define LOAD_STEP_US (20 * PAL_US_PER_MS)

struct turn {
    struct pal_job job; /* owned */
    const struct pal_script_rule *rule;
    const char *text; /* what it says; borrowed from the rule or the job */
    size_t at;
    int64_t began_us;
    int64_t next_us; /* when the next token is due */
    struct pal_hold hold;
    struct pal_usage usage;
};

struct script_worker {
    struct pal_host *host;
    const struct pal_settings *settings;
    struct pal_script script;
    struct turn *turns[PAL_ENGINE_SEQUENCES_MAX]; /* owned */
    size_t n_turns;
};

static void
die(int number)
{
    if (number == 0) {
        _exit(3);
    }
    /* Not a sanitizer's handler: it would make an exit of it. */
    (void)sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    (void)raise(number);
}

static enum pal_err
read_script(struct script_worker *w, struct pal_error *error)
{
    const char *path = w->settings->script_path;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return pal_error_set(error, PAL_ERR_IO, "cannot open the script '%s': %s", path,
                             strerror(errno));
    }
    char *text = pal_calloc(PAL_SCRIPT_BYTES_MAX + 1, 1);
    size_t len = fread(text, 1, PAL_SCRIPT_BYTES_MAX + 1, file);
    bool is_read = ferror(file) == 0;
    (void)fclose(file);
    struct pal_error reason = {0};
    enum pal_err err = is_read ? pal_script_parse(&w->script, text, len, &reason)
                               : pal_error_set(&reason, PAL_ERR_IO, "it cannot be read");
    free(text);
    return err == PAL_OK ? err : pal_error_set(error, err, "script '%s': %s", path, reason.text);
}

static enum pal_err
load(void *worker, struct pal_engine_facts *facts, struct pal_error *error)
{
    struct script_worker *w = worker;
    enum pal_err err = read_script(w, error);
    if (err != PAL_OK) {
        return err;
    }
    for (int64_t done_us = 0; done_us < w->script.load_us && !pal_host_is_quitting(w->host);
         done_us += LOAD_STEP_US) {
        struct timespec step = {.tv_nsec = (long)(LOAD_STEP_US * 1000)};
        (void)nanosleep(&step, NULL);
        pal_host_progress(w->host, (float)done_us / (float)w->script.load_us);
    }
    if (w->script.load_dies) {
        die(w->script.load_signal);
    }
    if (w->script.load_fail != NULL) {
        return pal_error_set(error, PAL_ERR_MODEL, "%s", w->script.load_fail);
    }
    *facts = (struct pal_engine_facts){
        .model_name = "script",
        .architecture = "script",
        .quantisation = "none",
        .variant = "none",
        .devices = "none",
        .n_ctx_tokens = w->settings->n_ctx_tokens,
        .n_ctx_train_tokens = w->settings->n_ctx_tokens,
        .n_sequences = w->settings->n_sequences,
        .n_threads = 1,
    };
    return PAL_OK;
}

static uint32_t
count_words(const char *text)
{
    uint32_t n = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        n += text[i] != ' ' && (i == 0 || text[i - 1] == ' ') ? 1 : 0;
    }
    return n;
}

static const char *
newest_user_text(const struct pal_job *job)
{
    for (size_t i = job->n_messages; i > 0; i--) {
        if (job->messages[i - 1].role == PAL_ROLE_USER) {
            return job->messages[i - 1].text;
        }
    }
    return job->messages[job->n_messages - 1].text;
}

static void
submit(void *worker, struct pal_job *job)
{
    struct script_worker *w = worker;
    if (w->n_turns == w->settings->n_sequences) {
        struct pal_event event = {.kind = PAL_EVENT_FAILED, .turn_id = job->turn_id};
        (void)pal_error_set(&event.error, PAL_ERR_BUSY, "all sequences are in use");
        pal_host_emit(w->host, &event);
        pal_job_finish(job);
        return;
    }
    struct turn *turn = pal_calloc(1, sizeof(*turn));
    turn->job = *job;
    *job = (struct pal_job){0};
    const char *heard = newest_user_text(&turn->job);
    turn->rule = pal_script_match(&w->script, heard);
    turn->text = turn->rule->is_echo ? heard : turn->rule->say != NULL ? turn->rule->say : "";
    turn->began_us = pal_now_us();
    turn->next_us = turn->began_us + turn->rule->after_us;
    turn->usage.queue_us = turn->began_us - turn->job.submitted_us;
    for (size_t i = 0; i < turn->job.n_messages; i++) {
        turn->usage.prompt_tokens += count_words(turn->job.messages[i].text);
    }
    pal_hold_init(&turn->hold, turn->job.sampling.stops, turn->job.sampling.n_stops);
    w->turns[w->n_turns++] = turn;
}

static void
free_turn(struct turn *turn)
{
    pal_hold_finish(&turn->hold);
    pal_job_finish(&turn->job);
    free(turn);
}

static void
send_ready(struct script_worker *w, struct turn *turn)
{
    if (turn->hold.n_ready > 0) {
        if (turn->usage.first_token_us == 0) {
            turn->usage.first_token_us = pal_now_us() - turn->job.submitted_us;
        }
        struct pal_event event = {
            .kind = PAL_EVENT_PIECE,
            .turn_id = turn->job.turn_id,
            .text = turn->hold.bytes.data,
            .len = turn->hold.n_ready,
            .left_us = pal_now_us(),
        };
        pal_host_emit(w->host, &event);
        pal_hold_sent(&turn->hold, turn->hold.n_ready);
    }
}

/* Emits the final event and forgets the turn. */
static void
end_turn(struct script_worker *w, size_t i, struct pal_event *event)
{
    struct turn *turn = w->turns[i];
    if (event->kind == PAL_EVENT_DONE && !turn->hold.is_stopped) {
        pal_hold_end(&turn->hold);
    }
    if (event->kind == PAL_EVENT_DONE) {
        send_ready(w, turn);
    }
    event->turn_id = turn->job.turn_id;
    event->usage = turn->usage;
    event->usage.predict_us = pal_now_us() - turn->began_us;
    pal_host_emit(w->host, event);
    free_turn(turn);
    w->turns[i] = w->turns[--w->n_turns];
}

static void
cancel(void *worker, uint64_t turn_id)
{
    struct script_worker *w = worker;
    for (size_t i = 0; i < w->n_turns; i++) {
        if (w->turns[i]->job.turn_id == turn_id) {
            end_turn(w, i, &(struct pal_event){.kind = PAL_EVENT_CANCELLED});
            return;
        }
    }
}

static void
end_done(struct script_worker *w, size_t i, enum pal_finish finish)
{
    end_turn(w, i, &(struct pal_event){.kind = PAL_EVENT_DONE, .finish = finish});
}

static void
end_failed(struct script_worker *w, size_t i, enum pal_err code, const char *why)
{
    struct pal_event event = {.kind = PAL_EVENT_FAILED};
    (void)pal_error_set(&event.error, code, "%s", why);
    end_turn(w, i, &event);
}

static void
act(struct script_worker *w, size_t i)
{
    struct turn *turn = w->turns[i];
    switch (turn->rule->action) {
    case PAL_SCRIPT_END:
        end_done(w, i, PAL_FINISH_STOP);
        break;
    case PAL_SCRIPT_FAIL:
        end_failed(w, i, PAL_ERR_ENGINE, turn->rule->why);
        break;
    case PAL_SCRIPT_DIE:
        die(turn->rule->signal);
        break;
    case PAL_SCRIPT_STALL:
        turn->next_us = INT64_MAX;
        break;
    }
}

/* Says one token, or does what comes after the last. */
static void
advance(struct script_worker *w, size_t i, int64_t now_us)
{
    struct turn *turn = w->turns[i];
    if (turn->text[turn->at] == '\0') {
        act(w, i);
        return;
    }
    size_t end = pal_script_piece_end(turn->rule, turn->text, turn->at);
    bool is_stopped = pal_hold_add(&turn->hold, turn->text + turn->at, end - turn->at);
    turn->at = end;
    turn->usage.completion_tokens++;
    send_ready(w, turn);
    int32_t max = turn->job.sampling.max_tokens;
    if (is_stopped) {
        end_done(w, i, PAL_FINISH_STOP);
    } else if (max > 0 && turn->usage.completion_tokens >= (uint32_t)max) {
        end_done(w, i, PAL_FINISH_LENGTH);
    } else if (turn->rule->tokens_per_s > 0) {
        /* From when it was due, so that late wake-ups don't add up. */
        turn->next_us += (int64_t)((double)PAL_US_PER_S / turn->rule->tokens_per_s);
    } else {
        turn->next_us = now_us;
    }
}

static void
miss_deadline(struct script_worker *w, size_t i)
{
    if (w->turns[i]->hold.n_sent > 0) {
        end_done(w, i, PAL_FINISH_DEADLINE);
    } else {
        end_failed(w, i, PAL_ERR_TIMEOUT, "the deadline passed before there was any text");
    }
}

static int64_t
step(void *worker)
{
    struct script_worker *w = worker;
    int64_t now_us = pal_now_us();
    int64_t wake_us = INT64_MAX;
    for (size_t i = w->n_turns; i > 0; i--) {
        struct turn *turn = w->turns[i - 1];
        int64_t deadline_us = turn->job.deadline_us;
        if (deadline_us != 0 && now_us >= deadline_us) {
            miss_deadline(w, i - 1);
            continue;
        }
        if (turn->next_us <= now_us) {
            wake_us = now_us; /* there may be more for it to do at once */
            advance(w, i - 1, now_us);
            continue;
        }
        int64_t next_us = turn->next_us;
        if (deadline_us != 0 && deadline_us < next_us) {
            next_us = deadline_us;
        }
        wake_us = next_us < wake_us ? next_us : wake_us;
    }
    return wake_us == INT64_MAX ? -1 : wake_us - now_us;
}

static void
destroy(void *worker)
{
    struct script_worker *w = worker;
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->n_turns; i++) {
        free_turn(w->turns[i]);
    }
    pal_script_finish(&w->script);
    free(w);
}

struct pal_worker
pal_script_worker_create(struct pal_host *host, const struct pal_settings *settings)
{
    static const struct pal_worker_ops ops = {
        .load = load,
        .submit = submit,
        .cancel = cancel,
        .step = step,
        .destroy = destroy,
    };
    struct script_worker *w = pal_calloc(1, sizeof(*w));
    w->host = host;
    w->settings = settings;
    return (struct pal_worker){.ops = &ops, .self = w};
}
