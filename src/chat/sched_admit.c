/* Who may join the line: what is refused is refused at once, with the reason. */
#include <inttypes.h>
#include <stdlib.h>

#include "chat/feed.h"
#include "chat/metrics.h"
#include "chat/sched_state.h"
#include "util/mem.h"

#define RETRY_AFTER_MAX_S 60
/* So many times longer than a turn has left may the line before it be. */
#define LATE_TIMES 2

static enum pal_err
check_request(const struct pal_sched *sched, const struct pal_turn_request *request,
              struct pal_error *error)
{
    if (sched->is_closing) {
        return pal_error_set(error, PAL_ERR_CLOSED, "palabre is stopping");
    }
    if (sched->engine != NULL && pal_engine_state(sched->engine) == PAL_ENGINE_FAILED) {
        return pal_error_set(error, PAL_ERR_MODEL, "%s", pal_engine_failure(sched->engine)->text);
    }
    if (request->prepare == NULL) {
        return pal_job_check(&request->job, error);
    }
    return PAL_OK;
}

/*
 * A turn that can't have its place in time is refused at once: nobody waits in silence for nothing.
 * Fairness may let it in sooner than all who came before it, so only what is far too late counts.
 */
static enum pal_err
check_time(const struct pal_sched *sched, const struct pal_job *job, struct pal_error *error)
{
    if (job->deadline_us == 0 || !sched->is_service_known ||
        sched->n_running < sched->options.max_concurrent) {
        return PAL_OK;
    }
    int64_t left_us = job->deadline_us - pal_sched_now_us(sched);
    int64_t wait_us =
        sched->service_us * pal_queue_n_items(sched->queue) / sched->options.max_concurrent;
    if (wait_us <= LATE_TIMES * left_us) {
        return PAL_OK;
    }
    return pal_error_set(error, PAL_ERR_BUSY,
                         "no answer would come in time: the turns before it take about %" PRId64
                         " s, and it has %" PRId64 " s: try again later",
                         wait_us / PAL_US_PER_S, left_us > 0 ? left_us / PAL_US_PER_S : 0);
}

static enum pal_err
enqueue(struct pal_sched *sched, const char *user, struct pal_turn *turn, struct pal_error *error)
{
    /* Turns whose end() is still due count as well, or a loop of submit and cancel would have no
     * end. */
    uint32_t max_waiting = sched->options.max_waiting;
    enum pal_err err = PAL_ERR_BUSY;
    if (pal_queue_n_items(sched->queue) + sched->n_ending < max_waiting) {
        err = pal_queue_push(sched->queue, user, &turn->item);
    }
    if (err == PAL_ERR_LIMIT) {
        return pal_error_set(error, PAL_ERR_BUSY,
                             "too many turns of one user are waiting (%" PRIu32
                             "): try again later",
                             sched->options.max_waiting_per_user);
    }
    if (err != PAL_OK) {
        return pal_error_set(error, PAL_ERR_BUSY,
                             "too many turns are waiting (%" PRIu32 "): try again later",
                             max_waiting);
    }
    return PAL_OK;
}

enum pal_err
pal_sched_submit(struct pal_sched *sched, struct pal_turn_request *request, uint64_t *turn_id,
                 struct pal_error *error)
{
    request->job.turn_id = sched->last_turn_id + 1;
    enum pal_err err = check_request(sched, request, error);
    struct pal_turn *turn = NULL;
    if (err == PAL_OK) {
        err = check_time(sched, &request->job, error);
    }
    if (err == PAL_OK) {
        turn = pal_calloc(1, sizeof(*turn));
        turn->item.rank = request->rank;
        err = enqueue(sched, request->user, turn, error);
    }
    if (err != PAL_OK) {
        pal_metrics_turn_refused(sched->metrics, request->source, err);
        request->job.turn_id = 0;
        free(turn);
        return err;
    }
    turn->state = PAL_TURN_WAITING;
    turn->source = request->source;
    turn->sink = request->sink;
    turn->prepare = request->prepare;
    turn->job = request->job;
    request->job = (struct pal_job){0};
    if (turn->prepare != NULL) {
        turn->conversation = pal_strdup(turn->job.conversation);
    }
    sched->last_turn_id = turn->job.turn_id;
    turn->accepted_us = pal_sched_now_us(sched);
    if (turn->job.submitted_us == 0) {
        turn->job.submitted_us = turn->accepted_us;
    }
    pal_turn_append(&sched->turns, turn);
    pal_metrics_turn_accepted(sched->metrics, turn->source);
    pal_feed_accepted(sched->options.feed, turn->job.turn_id, turn->source, turn->job.conversation,
                      request->user, turn->accepted_us);
    if (turn->job.n_messages > 0) {
        pal_feed_line(sched->options.feed, turn->job.turn_id,
                      turn->job.messages[turn->job.n_messages - 1].text);
    }
    *turn_id = turn->job.turn_id;
    pal_sched_kick(sched);
    return PAL_OK;
}

uint32_t
pal_sched_retry_after_seconds(const struct pal_sched *sched)
{
    /* When half of the line will be gone: earlier, all who were refused meet a full line again. */
    int64_t n_ahead = (int64_t)pal_sched_n_waiting(sched) / 2 + 1;
    int64_t wait_us = sched->service_us * n_ahead / sched->options.max_concurrent;
    int64_t wait_s = (wait_us + PAL_US_PER_S - 1) / PAL_US_PER_S;
    wait_s = wait_s < 1 ? 1 : wait_s;
    return (uint32_t)(wait_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : wait_s);
}
