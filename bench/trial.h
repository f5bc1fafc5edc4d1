#ifndef PAL_BENCH_TRIAL_H
#define PAL_BENCH_TRIAL_H
/*
 * One engine, opened in a given way, and turns run on it one after the other or at once: what
 * `tune` and the sweeps measure with. The real engine in its own process, by the same calls as
 * `palabre run`. Synchronous; main thread only.
 */
#include "engine/engine.h"
#include "util/buf.h"

#define PAL_TRIAL_PARALLEL_MAX 16

struct pal_trial {
    uv_loop_t *loop; /* owned */
    struct pal_engine *engine;
    uv_timer_t guard;
    bool is_timed_out;
    bool is_closed;
    bool is_dead; /* the engine died or refused the model */
    uint32_t n_running;
    uint64_t last_id;
    const char *persona; /* borrowed; every turn's system message; NULL = none, as at first */
    struct pal_usage usages[PAL_TRIAL_PARALLEL_MAX];
    uint64_t first_id;
    struct pal_error failure;
    bool was_cancelled;               /* the last turn that ended */
    int64_t cancelled_us;             /* when pal_trial_cancel() asked for it */
    struct pal_buf *text;             /* collects what is said; NULL = nobody wants it */
    void (*on_piece)(void *userdata); /* each time that something is said; NULL = nobody asks */
    void *on_piece_userdata;
    pal_engine_event_fn on_turn; /* is told of every turn's events; NULL = nobody wants them */
    void *on_turn_userdata;
    int listener_fds[2]; /* with a listener: a pipe, read end first; else 0 */
    uv_thread_t listener;
    bool has_listener;
};

/* One turn of a set. */
struct pal_trial_line {
    uint64_t conversation; /* its number; one that goes on finds its KV again */
    uint64_t prompt;       /* another number, other words from the first on */
    uint32_t n_words;
};

/* What turns cost. Times in microseconds, of the whole set. */
struct pal_trial_turns {
    int64_t wall_us;
    int64_t first_token_us;   /* mean over the turns */
    double prompt_us_token;   /* prefill, for each token that was computed; 0 = none was */
    double step_us;           /* one decode step of all turns together */
    uint64_t n_prompt_tokens; /* computed, not taken from KV */
    uint64_t n_reply_tokens;
    double cpu_share;  /* processors that the engine kept busy; 2.0 = two */
    double wait_share; /* processors that it was kept waiting for, because others had them */
};

/*
 * Opens and waits until it is ready. PAL_ERR_TIMEOUT, PAL_ERR_ENGINE (it died), or why it refuses:
 * nothing is left to close then.
 */
enum pal_err pal_trial_open(struct pal_trial *trial, const struct pal_engine_options *options,
                            int64_t timeout_us, struct pal_error *error) PAL_MUST_USE;
/*
 * The same engine with other options and the weights that it has read (pal_engine_retune()). On an
 * error the trial is still to be closed.
 */
enum pal_err pal_trial_retune(struct pal_trial *trial, const struct pal_engine_options *options,
                              int64_t timeout_us, struct pal_error *error) PAL_MUST_USE;
/*
 * Runs n turns at once, each with a prompt of about n_prompt words that no earlier turn had, and a
 * reply of exactly n_reply tokens.
 */
enum pal_err pal_trial_run(struct pal_trial *trial, uint32_t n, uint32_t n_prompt, uint32_t n_reply,
                           int64_t timeout_us, struct pal_trial_turns *turns,
                           struct pal_error *error) PAL_MUST_USE;
/* The same with lines of the caller's own; one turn each, at once. */
enum pal_err pal_trial_say(struct pal_trial *trial, const struct pal_trial_line *lines, uint32_t n,
                           uint32_t n_reply, int64_t timeout_us, struct pal_trial_turns *turns,
                           struct pal_error *error) PAL_MUST_USE;
/*
 * From now on every piece is also handed to a thread that reads it and throws it away: replies have
 * readers, who want the processors, too. False: there can be none.
 */
bool pal_trial_listen(struct pal_trial *trial);
/* Waits until the engine's threads have stopped spinning; at most half a second. */
void pal_trial_settle(struct pal_trial *trial);
/* One turn of the caller's own, whose turn_id is given here; *job is emptied. */
enum pal_err pal_trial_ask(struct pal_trial *trial, struct pal_job *job, int64_t timeout_us,
                           struct pal_usage *usage, struct pal_error *error) PAL_MUST_USE;
/*
 * A turn with a prompt of about n_prompt words that is cancelled after so long; *latency_us: until
 * the engine says that it has ended. < 0: it was over before.
 */
enum pal_err pal_trial_cancel(struct pal_trial *trial, uint32_t n_prompt, int64_t after_us,
                              int64_t timeout_us, int64_t *latency_us,
                              struct pal_error *error) PAL_MUST_USE;
/*
 * A turn of about n_prompt words, as in pal_trial_run(), that runs on its own: *id is its turn_id,
 * `on_turn` hears of it, and somebody ends it (pal_engine_cancel()).
 */
enum pal_err pal_trial_begin(struct pal_trial *trial, uint32_t n_prompt, uint32_t n_reply,
                             uint64_t *id, struct pal_error *error) PAL_MUST_USE;
/* The same with a job of the caller's own; *job is emptied. */
enum pal_err pal_trial_submit(struct pal_trial *trial, struct pal_job *job, uint64_t *id,
                              struct pal_error *error) PAL_MUST_USE;
/* Until is_over(userdata), which is asked after everything that happens; or PAL_ERR_TIMEOUT. */
enum pal_err pal_trial_await(struct pal_trial *trial, bool (*is_over)(const void *userdata),
                             const void *userdata, int64_t timeout_us,
                             struct pal_error *error) PAL_MUST_USE;
/* Resident memory of the engine's process; 0 = not known. */
uint64_t pal_trial_rss_bytes(const struct pal_trial *trial);
/* Lets the engine do what it does unasked, for so long. */
void pal_trial_idle(struct pal_trial *trial, int64_t us);
/* Accepts a zeroed trial. */
void pal_trial_close(struct pal_trial *trial);

#endif
